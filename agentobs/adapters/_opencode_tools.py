"""opencode's tool calls: one part holds the call and, once it has ended, its result.

read                              file_read
write, edit, patch, apply_patch   file_write; file_create, file_delete where that is all it did
grep, glob, list, *search         search_performed
bash                              what its command does (agentobs.adapters._shell)
any other, webfetch and MCP too   tool_invocation
"""

import re
from typing import Any

from agentobs.adapters._milliseconds import elapsed_ms, moment
from agentobs.adapters._opencode_origin import PATH_LENGTH, Subject, begun
from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import count, inside, text
from agentobs.events import Event, EventType

_SHELL = "bash"
_SEARCH = EventType.SEARCH_PERFORMED.value
_INVOCATION = EventType.TOOL_INVOCATION.value
_KINDS = {
    "read": EventType.FILE_READ.value,
    **dict.fromkeys(("write", "edit", "multiedit", "patch", "apply_patch"), EventType.FILE_WRITE.value),
    **dict.fromkeys(("grep", "glob", "list", "websearch", "codesearch"), _SEARCH),
}
_WHOLE = {
    frozenset(("add",)): EventType.FILE_CREATE.value,
    frozenset(("delete",)): EventType.FILE_DELETE.value,
}
_PATCHED = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+)$", re.MULTILINE)
_ASKED = ("description", "pattern", "path", "include", "query", "url", "subagent_type", "name")
_VALUE_LENGTH, _COMMAND_LENGTH, _ERROR_LENGTH = 300, 2000, 200
_MOST_FILES = 50
_LONG_ENOUGH = 20  # shorter ids of calls come again in their own session
_DENIED = re.compile(r"The user (?:rejected permission|has specified a rule which prevents|dismissed this question)")
_ABORTED = "Tool execution aborted"
_SEVERITIES = {"ok": "info", "error": "error", "denied": "warning", "interrupted": "warning"}
_ENDED = frozenset(("completed", "error"))


def tool(subject: Subject) -> list[Event]:
    """Return the call of a tool part, and its result once there is one."""
    part = subject.record.value
    state = part.get("state")
    state = state if isinstance(state, dict) else {}
    asked = state.get("input")
    asked = asked if isinstance(asked, dict) else {}
    name = short_id(text(part.get("tool")))
    call = _call(subject, name, state, asked)
    native = text(part.get("callID"))
    own = native if native is not None and len(native) >= _LONG_ENOUGH else subject.native_id
    call.tool_call_id = short_id(own) or f"event-{call.id.hex()}"
    if text(state.get("status")) not in _ENDED:
        return [call]
    return [call, _result(subject, call, state, asked)]


def _call(subject: Subject, name: str | None, state: dict[str, Any], asked: dict[str, Any]) -> Event:
    command = text(asked.get("command"))
    files = _files(name, state, asked)
    kind = _KINDS.get(name or "", _INVOCATION)
    if name == _SHELL:
        kind = classify(command) if command else EventType.COMMAND_EXECUTE.value
    elif kind == EventType.FILE_WRITE:
        kind = _WHOLE.get(frozenset(how for _, how in files), kind)
    event = begun(subject, 0, kind, "assistant/tool", moment(inside(state, "time", "start")))
    event.role, event.tool_name = "assistant", name
    event.file_path = clip(files[0][0], PATH_LENGTH) if files else None
    shown = next((asked[key] for key in ("pattern", "query", "url", *_ASKED) if text(asked.get(key))), None)
    if name == _SHELL and command:
        shown = command
    elif kind == _INVOCATION:
        shown = f"{name}: {shown or event.file_path}" if shown or event.file_path else name
    event.summary = one_line(event.file_path if files and kind != _INVOCATION else shown or name)
    facts = {key: clip(text(asked.get(key)), _VALUE_LENGTH) for key in _ASKED}
    facts["command"] = clip(command, _COMMAND_LENGTH)
    paths = [clip(path, _VALUE_LENGTH) for path, _ in files[:_MOST_FILES]]
    event.data = small_json({**facts, "files": paths if len(paths) > 1 else None})
    return event


def _files(name: str | None, state: dict[str, Any], asked: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the files that a call is about, each with what was done to it: add | update | delete | unknown."""
    patched = inside(state, "metadata", "files")
    if isinstance(patched, list):
        found = [(text(inside(file, "filePath")), text(inside(file, "type"))) for file in patched]
        return [(path, how or "unknown") for path, how in found if path]
    patch = text(asked.get("patchText"))
    if patch:
        return [(match[2].strip(), match[1].lower()) for match in _PATCHED.finditer(patch) if match[2].strip()]
    path = text(asked.get("filePath"))
    new = name == "write" and inside(state, "metadata", "exists") is False
    return [(path, "add" if new else "unknown")] if path else []


def _result(subject: Subject, call: Event, state: dict[str, Any], asked: dict[str, Any]) -> Event:
    times = state.get("time")
    event = begun(subject, 1, EventType.TOOL_RESULT.value, "assistant/tool", moment(inside(times, "end")))
    event.role = "tool"
    event.parent_event_id = call.id
    event.tool_call_id, event.tool_name, event.call_type = call.tool_call_id, call.tool_name, call.type
    event.file_path = call.file_path
    event.duration_ms = elapsed_ms(inside(times, "start"), inside(times, "end"))
    code = inside(state, "metadata", "exit")
    event.exit_code = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31 else None
    said = text(state.get("error")) or text(state.get("output")) or ""
    event.status = status = _status(event, state, said)
    event.severity = _SEVERITIES[status]
    if status == "ok":
        _changes(event, state, asked)
    else:
        event.summary = one_line(said.strip()[:1000].partition("\n")[0], _ERROR_LENGTH)
    event.data = small_json(
        {
            "child_session_id": clip(text(inside(state, "metadata", "sessionId")), _VALUE_LENGTH),
            "truncated": inside(state, "metadata", "truncated") is True or None,
        }
    )
    return event


def _status(event: Event, state: dict[str, Any], said: str) -> str:
    if inside(state, "metadata", "interrupted") is True or said.startswith(_ABORTED):
        return "interrupted"
    if state.get("status") == "error":
        return "denied" if _DENIED.match(said) else "error"
    return "error" if event.exit_code or event.tool_name == "invalid" else "ok"


def _changes(event: Event, state: dict[str, Any], asked: dict[str, Any]) -> None:
    files = inside(state, "metadata", "files")
    edits = [inside(state, "metadata", "filediff")]
    if isinstance(files, list):
        edits = files
    added = [count(inside(edit, "additions")) for edit in edits]
    removed = [count(inside(edit, "deletions")) for edit in edits]
    if edits and None not in added and None not in removed:
        event.lines_added = sum(number for number in added if number is not None)
        event.lines_removed = sum(number for number in removed if number is not None)
    content = asked.get("content")
    if event.tool_name != "write" or not isinstance(content, str):
        return
    event.file_size_bytes = len(content.encode())
    if event.call_type == EventType.FILE_CREATE:
        lines = content.count("\n") + (1 if content and not content.endswith("\n") else 0)
        event.lines_added, event.lines_removed = lines, 0
