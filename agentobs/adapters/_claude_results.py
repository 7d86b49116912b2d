"""Claude Code's tool results: how a call ended, how long it took, what it changed."""

import re
from typing import Annotated

import msgspec
from msgspec import Raw

from agentobs.adapters._claude_calls import SHELL_TOOLS
from agentobs.adapters._claude_origin import Memory, begun
from agentobs.adapters._claude_records import Block, Count, Flag, Name, Part, Path, Record, Text, decoded, opens_with
from agentobs.adapters._text import one_line
from agentobs.events import Event, EventType

Code = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**32)]

_RESULT = EventType.TOOL_RESULT.value
_EXIT_CODE = re.compile(r"(?:Error: )?Exit code (-?\d{1,10})\b")
_DENIED = re.compile(
    r"(?:Error: )?(?:The user doesn't want to (?:proceed|take this action)|User rejected tool use"
    r"|Permission (?:to use|for this) .{0,400}has been denied|Claude requested permissions .{0,400}haven't granted)",
    re.DOTALL,
)
_PREAMBLE = re.compile(r"(?:\s*(?:<tool_use_error>|(?:Error: )?Exit code -?\d{1,10}[ \t]*\n))*\s*")
_INTERRUPTED = ("[Request interrupted by user", "<tool_use_error>Sibling tool call errored")  # never ran
_SEVERITIES = {"ok": "info", "error": "error", "denied": "warning", "interrupted": "warning"}


class Hunk(msgspec.Struct, gc=False):
    """A hunk of a patch."""

    lines: list[str] = []


class Diff(msgspec.Struct):
    """What git says of an edit."""

    additions: Count | None = None
    deletions: Count | None = None


class FileRead(msgspec.Struct, rename="camel", gc=False):
    """What a Read returned."""

    file_path: Text = None
    original_size: Count | None = None


class Result(msgspec.Struct, rename="camel", gc=False):
    """`toolUseResult` as an object: the union of what the tools return, as far as we read it."""

    type: Text = None
    status: Name = None
    file_path: Path = None
    file: FileRead | None = None
    structured_patch: list[Hunk] | None = None
    git_diff: Diff | None = None
    content: Raw = Raw()
    stdout: Raw = Raw()
    error: Text = None
    failed: Flag = msgspec.field(name="is_error", default=None)
    interrupted: Flag = None
    exit_code: Code | None = None
    code: Code | None = None
    background_task_id: Name = None
    return_code_interpretation: Text = None
    agent_id: Name = None
    is_async: Flag = None
    duration_ms: float | None = None
    total_duration_ms: float | None = None
    duration_seconds: float | None = None
    total_tokens: Count | None = None
    total_tool_use_count: Count | None = None
    num_files: Count | None = None


class Facts(msgspec.Struct, omit_defaults=True, gc=False):
    """What people query of a result; as JSON it is the event's `data`."""

    operation: Text = None  # create | update
    agent_id: Text = None  # the subagent that a Task started
    status: Text = None
    background_task_id: Text = None
    is_async: Flag = None
    total_tokens: int | None = None  # as the Task itself summed them
    tool_uses: int | None = None
    files: int | None = None
    http_status: int | None = None


_ERROR_LENGTH = 200
_LONGEST_LOOKED_AT = 1000
_NO_FACTS = Facts()
_encode = msgspec.json.Encoder().encode
_payload = msgspec.json.Decoder(Result | str | list[Raw]).decode
_text = msgspec.json.Decoder(str).decode


def result(head: Event, part: int, block: Block, record: Record, memory: Memory, alone: bool) -> Event:
    """Return the event of a tool_result block; `toolUseResult` belongs to it where it is the record's only one."""
    event = begun(head, part, _RESULT, "user/tool_result")
    event.role = "tool"
    event.tool_call_id = block.tool_use_id or None
    call = memory.calls.pop(event.tool_call_id, None) if event.tool_call_id else None
    if call is not None:
        event.call_type, event.tool_name, event.file_path = call[0], call[1] or None, call[2]
    payload = decoded(_payload, Result, record.tool_use_result) if alone else None
    known = payload if isinstance(payload, Result) else None
    stated = payload if isinstance(payload, str) else ""
    text = block_text(block.content)
    if text is None:
        text = stated
    status = _status(block, known, text, stated, record)
    event.status, event.severity = status, _SEVERITIES[status]
    if event.tool_name is not None and event.tool_name.lower() in SHELL_TOOLS:
        event.exit_code = _exit_code(block, known, text, status)
    if known is not None:
        _measures(event, known)
    if status != "ok":
        event.summary = _first_line(text)
    return event


def block_text(content: str | list[Part] | None) -> str | None:
    """Return the text of a result's content, images as a word; None when it has none."""
    if isinstance(content, list):
        return "\n".join(part.text if part.text is not None else f"[{part.type or 'unknown'}]" for part in content)
    return content


def _first_line(text: str) -> str | None:
    """Return what went wrong in a line; the exit code stands in a column."""
    start = _PREAMBLE.match(text)
    line = text[start.end() if start is not None else 0 :][:_LONGEST_LOOKED_AT].partition("\n")[0]
    return one_line(line.partition("</tool_use_error>")[0], _ERROR_LENGTH) or one_line(text, _ERROR_LENGTH)


def _status(block: Block, known: Result | None, text: str, stated: str, record: Record) -> str:
    if text.startswith(_INTERRUPTED) or (known is not None and known.interrupted):
        return "interrupted"
    failed = block.is_error or (known is not None and bool(known.failed or known.error))
    if block.is_error is None:  # what a tool printed may begin like this too, so only where nobody says
        failed = failed or text.startswith("<tool_use_error>") or stated.startswith("Error: ")
    if record.tool_denial_kind or (failed and (_DENIED.match(text) or _DENIED.match(stated))):
        return "denied"
    return "error" if failed else "ok"


def _exit_code(block: Block, known: Result | None, text: str, status: str) -> int | None:
    if known is not None and known.exit_code is not None:
        return known.exit_code
    if status == "error":
        stated = _EXIT_CODE.match(text)
        return int(stated[1]) if stated else None
    if status != "ok" or (known is not None and (known.background_task_id or known.return_code_interpretation)):
        return None  # `grep` without a hit is no error to Claude Code, though it exits with 1
    return 0 if block.is_error is False or (known is not None and known.stdout) else None


def _measures(event: Event, known: Result) -> None:
    event.duration_ms = _duration(known)
    path = known.file_path or (known.file.file_path if known.file is not None else None)
    if path and event.file_path is None:
        event.file_path = path
    if event.status == "ok":
        _changes(event, known)
    if known.stdout and known.background_task_id is None:
        return  # a command that ended: all there is stands in columns
    if known.structured_patch is not None and known.type is None:
        return  # an edit: likewise
    facts = Facts(
        known.type if known.type in ("create", "update") else None,
        known.agent_id,
        known.status,
        known.background_task_id,
        known.is_async,
        known.total_tokens,
        known.total_tool_use_count,
        known.num_files,
        known.code,
    )
    if facts != _NO_FACTS:
        event.data = _encode(facts)


def _changes(event: Event, known: Result) -> None:
    created = known.type == "create"
    content = _text(known.content) if known.type in ("create", "update") and opens_with(known.content, '"') else None
    if content is not None:
        event.file_size_bytes = len(content.encode())
    elif known.file is not None:
        event.file_size_bytes = known.file.original_size
    if created and content is not None and not known.structured_patch:
        event.lines_added, event.lines_removed = _line_count(content), 0
    elif known.structured_patch is not None:
        lines = [line[:1] for hunk in known.structured_patch for line in hunk.lines]
        event.lines_added, event.lines_removed = lines.count("+"), lines.count("-")
    elif known.git_diff is not None:
        event.lines_added, event.lines_removed = known.git_diff.additions, known.git_diff.deletions


def _duration(known: Result) -> float | None:
    if known.duration_seconds is not None:
        return known.duration_seconds * 1000 if 0 <= known.duration_seconds < 1e9 else None
    duration = known.duration_ms if known.duration_ms is not None else known.total_duration_ms
    return duration if duration is not None and 0 <= duration < 1e12 else None


def _line_count(content: str) -> int:
    return content.count("\n") + (1 if content and not content.endswith("\n") else 0)
