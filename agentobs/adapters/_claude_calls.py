"""Claude Code's tool calls: which tool is which kind of event, and what people look for in its input.

Read                                   file_read
Write, Edit, MultiEdit, NotebookEdit   file_write (the result of a Write says whether it created the file)
Grep, Glob, LS, WebSearch, ToolSearch  search_performed
Bash                                   what its command does (agentobs.adapters._shell)
any other, mcp__* included             tool_invocation
"""

import msgspec

from agentobs.adapters._claude_origin import CALLS, Memory, begun
from agentobs.adapters._claude_records import Block, Text, decoded
from agentobs.adapters._memory import remember
from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line
from agentobs.events import Event, EventType

SEARCH = EventType.SEARCH_PERFORMED.value
COMMAND = EventType.COMMAND_EXECUTE.value
INVOCATION = EventType.TOOL_INVOCATION.value
SHELL_TOOLS = frozenset(("bash", "powershell"))

_KINDS = {
    "read": EventType.FILE_READ.value,
    "notebookread": EventType.FILE_READ.value,
    **dict.fromkeys(("write", "edit", "multiedit", "notebookedit"), EventType.FILE_WRITE.value),
    **dict.fromkeys(("grep", "glob", "ls", "websearch", "web_search", "toolsearch"), SEARCH),
}
_LONGEST_COMMAND = 2000
_LONGEST_VALUE = 300


class Input(msgspec.Struct, omit_defaults=True, gc=False):
    """What people query of a tool's input; as JSON it is the event's `data`."""

    command: Text = None
    description: Text = None
    pattern: Text = None
    path: Text = None
    glob: Text = None
    query: Text = None
    url: Text = None
    subagent_type: Text = None
    skill: Text = None
    run_in_background: bool | None = None
    file_path: Text = None
    notebook_path: Text = None


_decode = msgspec.json.Decoder(Input).decode
_encode = msgspec.json.Encoder().encode


def call(head: Event, part: int, block: Block, memory: Memory) -> Event:
    """Return the event of a tool_use block."""
    name = block.name or ""
    tool = name.lower()
    asked = decoded(_decode, Input, block.input) or Input()
    path = asked.file_path or asked.notebook_path
    if path is not None:
        asked.file_path = asked.notebook_path = None
        path = clip(path, 4096)
    kind = _KINDS.get(tool)
    if kind is None:
        shell = tool in SHELL_TOOLS
        kind = classify(asked.command) if shell and asked.command else COMMAND if shell else INVOCATION
    event = begun(head, part, kind, "assistant/tool_use")
    event.role = "assistant"
    event.tool_name = block.name
    event.file_path = path
    event.summary = one_line(path if path is not None and kind != INVOCATION else _summary(tool, name, asked, path))
    data = _encode(asked)
    if len(data) > 2:
        event.data = data if len(data) <= _LONGEST_VALUE else _clipped(asked)
    if block.id:
        event.tool_call_id = block.id
        remember(memory.calls, block.id, (kind, name, path), CALLS)
    else:  # a call all the same, though no result can name it
        event.tool_call_id = f"event-{event.id.hex()}"
    return event


def _summary(tool: str, name: str, asked: Input, path: str | None) -> str | None:
    if tool in SHELL_TOOLS:
        return asked.command
    shown = path or asked.pattern or asked.query or asked.url or asked.description or asked.skill or asked.path
    return shown if shown and tool in _KINDS else f"{name}: {shown}" if shown else name


def _clipped(asked: Input) -> bytes:
    asked.command = clip(asked.command, _LONGEST_COMMAND)
    for field in ("description", "pattern", "path", "glob", "query", "url", "subagent_type", "skill"):
        setattr(asked, field, clip(getattr(asked, field), _LONGEST_VALUE))
    return _encode(asked)
