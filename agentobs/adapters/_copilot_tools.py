"""Copilot CLI's tool calls: what each tool does, what it was asked for, and how it ended."""

import re

import msgspec

from agentobs.adapters._lenient import dumps, loads
from agentobs.adapters._objects import Fields, count, inner, number, text
from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.events import Event, EventType, clean_text

SHELLS = frozenset(("bash", "shell", "powershell"))
_KINDS = {
    **dict.fromkeys(("view", "read", "read_file", "show_file"), EventType.FILE_READ.value),
    **dict.fromkeys(("create", "create_file"), EventType.FILE_CREATE.value),
    **dict.fromkeys(("edit", "write", "apply_patch", "str_replace_editor"), EventType.FILE_WRITE.value),
    **dict.fromkeys(("grep", "rg", "glob", "search", "web_search", "search_code"), EventType.SEARCH_PERFORMED.value),
}
_EDITORS = {  # what the commands of `str_replace_editor` do
    "view": EventType.FILE_READ.value,
    "create": EventType.FILE_CREATE.value,
}
_WRITES = (EventType.FILE_CREATE, EventType.FILE_WRITE)
_ASKED = ("command", "description", "pattern", "glob", "query", "url", "intent", "agent_type", "skill", "name")
_PATHS = ("path", "file_path", "filePath")
_TARGETS = ("command", *_PATHS, "pattern", "query", "url", "intent", "description", "skill", "summary", "name")
_SEVERITIES = {"ok": "info", "error": "error", "denied": "warning", "interrupted": "warning"}
_EXIT_CODE = re.compile(r"<exited with exit code (-?\d{1,9})>\s*$")
_DENIED = re.compile(r"denied|rejected|not permitted", re.IGNORECASE)
_INTERRUPTED = re.compile(r"abort|cancel|interrupt", re.IGNORECASE)
_DEEPEST_TEXT = 100_000
_ERROR_LENGTH = 200

Call = tuple[str, str, str | None]
"""An open tool call: its event type, its tool, its file."""


def arguments(call: Fields) -> Fields:
    """Return what a call asks for; some versions write the arguments as a JSON text."""
    asked = call.get("arguments")
    if isinstance(asked, str) and len(asked) <= _DEEPEST_TEXT:
        try:
            asked = loads(asked.encode())
        except (ValueError, RecursionError):
            return {}
    return asked if isinstance(asked, dict) else {}


def call_of(name: str, asked: Fields) -> Call:
    """Return what is remembered of a call until it is answered."""
    return _kind(name, asked), name, clip(text(asked, *_PATHS), 4096)


def add_call(event: Event, data: Fields, call: Call) -> None:
    """Say in an event what its call asks for."""
    asked = arguments(data)
    kind, name, path = call
    event.type, event.role, event.tool_name = kind, "assistant", name or None
    event.file_path = path if kind in (*_WRITES, EventType.FILE_READ) else None
    shown = text(asked, *_TARGETS)
    event.summary = one_line(shown if kind != EventType.TOOL_INVOCATION else f"{name}: {shown}" if shown else name)
    event.data = small_json(
        {name: clip(text(asked, name), 2000 if name == "command" else 300) for name in _ASKED}
        | {"mcp_server": clip(text(data, "mcpServerName"), 200)}
    )


def add_result(event: Event, data: Fields, call: Call | None) -> None:
    """Say in an event how its call ended."""
    event.type, event.role = EventType.TOOL_RESULT.value, "tool"
    if call is not None:
        event.call_type, event.tool_name = call[0], call[1] or None
        event.file_path = call[2] if call[0] in (*_WRITES, EventType.FILE_READ) else None
    said = answer(data)
    event.status = _status(data)
    if event.tool_name in SHELLS and said:
        code = _EXIT_CODE.search(said)
        event.exit_code = int(code[1]) if code is not None else None
        if event.exit_code and event.status == "ok":
            event.status = "error"  # the tool ran, the command failed
    event.severity = _SEVERITIES.get(event.status or "ok", "info")
    metrics = inner(data, "toolTelemetry", "metrics")
    event.duration_ms = number(metrics, "durationMs")
    if event.status == "ok" and event.call_type in _WRITES:
        _add_changes(event, data, metrics)
    if event.status not in (None, "ok"):
        event.summary = one_line(text(inner(data, "error"), "message") or said, _ERROR_LENGTH)


def answer(data: Fields) -> str | None:
    """Return what a tool answered."""
    result = data.get("result")
    if isinstance(result, str):
        return result or None
    return text(inner(data, "result"), "content") or text(inner(data, "error"), "message")


def asked_text(data: Fields) -> str | None:
    """Return what a call asks for in full: the command, or its arguments."""
    asked = arguments(data)
    command = text(asked, "command")
    if command:
        return clean_text(command)
    return clean_text(msgspec.json.format(dumps(asked), indent=2).decode()) if asked else None


def _kind(name: str, asked: Fields) -> str:
    command = text(asked, "command")
    if name in SHELLS:
        return classify(command) if command else EventType.COMMAND_EXECUTE.value
    if name == "str_replace_editor" and command in _EDITORS:
        return _EDITORS[command]
    return _KINDS.get(name, EventType.TOOL_INVOCATION.value)


def _status(data: Fields) -> str | None:
    success = data.get("success")
    if success is True:
        return "ok"
    if success is not False:
        return None
    error = inner(data, "error")
    why = f"{text(error, 'code') or ''} {text(error, 'message') or ''}"[:400]
    return "denied" if _DENIED.search(why) else "interrupted" if _INTERRUPTED.search(why) else "error"


def _add_changes(event: Event, data: Fields, metrics: Fields) -> None:
    event.lines_added, event.lines_removed = count(metrics, "linesAdded"), count(metrics, "linesRemoved")
    diff = text(inner(data, "result"), "detailedContent")
    if event.lines_added is None and event.lines_removed is None and diff is not None and "\n@@" in diff:
        marks = [line[:1] for line in diff.partition("\n@@")[2].split("\n")[1:]]
        event.lines_added, event.lines_removed = marks.count("+"), marks.count("-")
