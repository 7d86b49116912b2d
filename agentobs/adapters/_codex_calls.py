"""Codex's tool calls: which tool is which kind of event, and what people look for in its input.

apply_patch, also inside a shell command      file_write | file_create | file_delete, one event a file; the first is
                                              the call
shell, shell_command, exec_command, ...       what its command does (agentobs.adapters._shell)
read_file, view_image                         file_read
grep_files, list_dir, web_search, tool_search search_performed
any other, MCP tools included                 tool_invocation
"""

import shlex
from typing import NamedTuple

from agentobs.adapters._codex_origin import CALLS, Call, Memory, begun
from agentobs.adapters._lenient import loads, too_deep
from agentobs.adapters._memory import remember
from agentobs.adapters._objects import Fields, inner, named, text
from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.events import Event, EventType

COMMAND = EventType.COMMAND_EXECUTE.value
INVOCATION = EventType.TOOL_INVOCATION.value
SEARCH = EventType.SEARCH_PERFORMED.value
WRITE = EventType.FILE_WRITE.value
CREATE = EventType.FILE_CREATE.value
DELETE = EventType.FILE_DELETE.value
EDITS = frozenset((WRITE, CREATE, DELETE))
SHELL_TOOLS = frozenset(
    "shell shell_command exec_command local_shell local_shell_call container.exec run_shell_command".split()
)
MOST_FILES = 200

_KINDS = {
    **dict.fromkeys(("read_file", "view_image"), EventType.FILE_READ.value),
    **dict.fromkeys(("grep_files", "list_dir", "web_search", "tool_search"), SEARCH),
}
_SHELLS = frozenset(("bash", "sh", "zsh", "dash", "fish", "powershell", "pwsh", "cmd"))
_OPERATIONS = {"*** Add File: ": CREATE, "*** Update File: ": WRITE, "*** Delete File: ": DELETE}
_PATCH = "*** Begin Patch"
_LONGEST_COMMAND = 2000


class Edit(NamedTuple):
    """What a patch does to one file; None: it does not say how many lines."""

    type: str
    path: str
    added: int | None
    removed: int | None


def call(head: Event, payload: Fields, memory: Memory) -> list[Event]:
    """Return the events of a call: itself, and one for each further file of a patch."""
    kind = text(payload, "type") or ""
    name = named(payload, "name") or named(inner(payload, "function"), "name") or _NAMES.get(kind)
    space = named(payload, "namespace")
    given = payload.get("input") if kind == "custom_tool_call" else payload.get("arguments")
    asked = inner(payload, "action") if kind in ("local_shell_call", "web_search_call") else arguments(given)
    command = command_of(asked) if name in SHELL_TOOLS else None
    patch = given if name == "apply_patch" and isinstance(given, str) and not asked else text(asked, "input", "patch")
    if command is not None and _PATCH in command and "apply_patch" in command[: command.index(_PATCH)]:
        patch = command
    edits = edits_of(patch) if patch is not None and _PATCH in patch else []
    path = edits[0].path if edits else text(asked, "file_path", "path") if name in _KINDS else None
    event = begun(head, 0, _kind(name, command, edits), f"response_item/{kind}")
    event.role, event.tool_name, event.file_path = "assistant", f"{space}__{name}" if space else name, clip(path, 4096)
    event.model = memory.model
    event.summary = one_line(_summary(name, asked, command, edits, path))
    event.data = _data(asked, command, edits)
    event.tool_call_id = _call_id(payload, event, memory)
    known = Call(event.type, event.tool_name, event.file_path, total(edits, 2), total(edits, 3))
    remember(memory.calls, event.tool_call_id, known, CALLS)
    return [event, *further_files(event, edits, f"response_item/{kind}/file")]


_NAMES = {
    "local_shell_call": "local_shell",
    "web_search_call": "web_search",
    "tool_search_call": "tool_search",
    "image_generation_call": "image_generation",
}


def further_files(event: Event, edits: list[Edit], native_type: str) -> list[Event]:
    """Return an event for each file but the first; the first one's lines stand in the event of the call itself."""
    if not edits:
        return []
    events = []
    for part, edit in enumerate(edits[1:MOST_FILES], 1):
        other = begun(event, part, edit.type, native_type)
        other.file_path, other.summary = clip(edit.path, 4096), one_line(edit.path)
        other.lines_added, other.lines_removed = edit.added, edit.removed
        other.tool_call_id = other.data = None
        events.append(other)
    event.lines_added, event.lines_removed = edits[0].added, edits[0].removed
    return events


def edits_of(patch: str) -> list[Edit]:
    """Return what an apply_patch text does to each of its files."""
    edits: list[Edit] = []
    for line in patch[patch.find(_PATCH) :].splitlines():
        operation = next((mark for mark in _OPERATIONS if line.startswith(mark)), None)
        if operation is not None:
            kind = _OPERATIONS[operation]
            edits.append(Edit(kind, line[len(operation) :].strip(), 0, None if kind == DELETE else 0))
        elif line.startswith("*** End Patch"):
            break
        elif edits and edits[-1].type != DELETE and line[:1] in ("+", "-"):
            last = edits[-1]
            added, removed = (last.added or 0) + (line[0] == "+"), (last.removed or 0) + (line[0] == "-")
            edits[-1] = last._replace(added=added, removed=removed)
    return edits


def arguments(value: object) -> Fields:
    """Return a call's arguments, which stand as an object or as JSON in a text; empty when they are neither."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        encoded = value.encode("utf-8", "replace")
        try:
            value = None if too_deep(encoded) else loads(encoded)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def command_of(asked: Fields) -> str | None:
    """Return the command line of a shell call: the script of `bash -lc`, else the words."""
    given = asked.get("command", asked.get("cmd"))
    if not isinstance(given, list):
        return given if isinstance(given, str) else None
    words = [word for word in given if isinstance(word, str)]
    program = words[0].replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".exe") if words else ""
    if program in _SHELLS and len(words) > 2 and words[1][:1] in "-/":
        return words[-1]
    if words[:1] == ["apply_patch"]:
        return " ".join(words)
    return shlex.join(words) or None


def _kind(name: str | None, command: str | None, edits: list[Edit]) -> str:
    if edits:
        return edits[0].type
    if name in SHELL_TOOLS:
        return classify(command) if command else COMMAND
    return WRITE if name == "apply_patch" else _KINDS.get(name or "", INVOCATION)


def _summary(name: str | None, asked: Fields, command: str | None, edits: list[Edit], path: str | None) -> str | None:
    if edits:
        return edits[0].path if len(edits) == 1 else f"{edits[0].path} and {len(edits) - 1} more"
    shown = command or path or text(asked, "query", "pattern", "url", "path", "explanation", "message", "title")
    if command or (name in _KINDS and shown):
        return shown
    return f"{name}: {shown}" if shown else name


def _data(asked: Fields, command: str | None, edits: list[Edit]) -> bytes | None:
    if edits:
        return small_json({"files": [clip(edit.path, 300) for edit in edits[:20]] if len(edits) > 1 else None})
    names = ("query", "pattern", "path", "url", "workdir", "session_id", "sandbox_permissions", "justification")
    found = {name: clip(text(asked, name), 300) for name in names}
    return small_json({"command": clip(command, _LONGEST_COMMAND), **found})


def _call_id(payload: Fields, event: Event, memory: Memory) -> str:
    given = named(payload, "call_id")
    if given is None and payload.get("type") == "web_search_call":
        given = memory.searches.pop(search_key(payload), None)
    return given or named(payload, "id") or f"event-{event.id.hex()}"


def search_key(payload: Fields) -> str:
    """Return what a web search and its end have in common: the text that was looked for."""
    action = inner(payload, "action")
    return (text(action, "query", "url", "pattern") or text(payload, "query") or "")[:500]


def total(edits: list[Edit], place: int) -> int | None:
    """Return the lines of all edits, added (2) or removed (3); None where one of them does not say."""
    known = [value for edit in edits if isinstance(value := edit[place], int)]
    return sum(known) if edits and len(known) == len(edits) else None
