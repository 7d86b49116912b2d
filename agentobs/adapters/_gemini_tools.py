"""Gemini CLI's tool calls: what each tool does, what it was asked for, and how it ended."""

import re

import msgspec

from agentobs.adapters._lenient import dumps
from agentobs.adapters._objects import Fields, count, inner, items, text
from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.events import Event, EventType, clean_text

SHELL = "run_shell_command"
_KINDS = {
    **dict.fromkeys(("read_file", "read_many_files"), EventType.FILE_READ.value),
    **dict.fromkeys(("write_file", "replace", "edit", "smart_edit"), EventType.FILE_WRITE.value),
    **dict.fromkeys(
        ("grep_search", "search_file_content", "glob", "list_directory", "google_web_search", "codebase_investigator"),
        EventType.SEARCH_PERFORMED.value,
    ),
}
_PATHS = ("file_path", "absolute_path")
_TARGETS = ("pattern", "query", "dir_path", "path", "url", "prompt", "fact", "name", "title")
_ASKED = ("command", "description", "dir_path", "path", "pattern", "include_pattern", "include", "query", "url", "name")
_STATUSES = {"success": "ok", "error": "error", "cancelled": "interrupted"}
_SEVERITIES = {"ok": "info", "error": "error", "denied": "warning", "interrupted": "warning"}
_DENIED = re.compile(r"did not allow|denied|rejected", re.IGNORECASE)
_EXIT_CODE = re.compile(r"^Exit Code: (-?\d{1,9})\s*$", re.MULTILINE)
_ERROR_LENGTH = 200


def kind_of(call: Fields) -> str:
    """Return the event type of a call."""
    name, command = text(call, "name") or "", text(inner(call, "args"), "command")
    if name == SHELL:
        return classify(command) if command else EventType.COMMAND_EXECUTE.value
    return _KINDS.get(name, EventType.TOOL_INVOCATION.value)


def add_call(event: Event, call: Fields) -> None:
    """Say in an event what its call asks for."""
    asked = inner(call, "args")
    event.role, event.tool_name = "assistant", clip(text(call, "name"), 200)
    event.file_path = clip(text(asked, *_PATHS), 4096)
    event.summary = one_line(_target(call, asked, event.type))
    event.data = small_json({name: clip(text(asked, name), 2000 if name == "command" else 300) for name in _ASKED})


def add_result(event: Event, call: Fields) -> None:
    """Say in an event how its call ended, and what it changed."""
    event.role, event.call_type, event.tool_name = "tool", kind_of(call), clip(text(call, "name"), 200)
    shown = inner(call, "resultDisplay")
    event.file_path = clip(text(shown, "filePath") or text(inner(call, "args"), *_PATHS), 4096)
    said, failed = answer(call)
    event.status = _status(call, said or "", failed)
    if event.tool_name == SHELL and said:
        codes = _EXIT_CODE.findall(said)
        event.exit_code = int(codes[-1]) if codes else None
        if event.exit_code and event.status == "ok":
            event.status = "error"  # the tool ran, the command failed
    event.severity = _SEVERITIES.get(event.status or "ok", "info")
    if event.status == "ok" and shown.get("diffStat"):
        event.lines_added = count(inner(shown, "diffStat"), "model_added_lines")
        event.lines_removed = count(inner(shown, "diffStat"), "model_removed_lines")
        event.data = small_json({"operation": "create" if shown.get("isNewFile") is True else "update"})
    if event.status not in (None, "ok"):
        event.summary = one_line(said, _ERROR_LENGTH)


def answer(call: Fields) -> tuple[str | None, bool]:
    """Return what a call answered, and whether that is an error."""
    parts, failed = [], False
    for part in items(call, "result"):
        response = inner(part, "functionResponse", "response") if isinstance(part, dict) else {}
        error = text(response, "error")
        failed = failed or error is not None
        parts.append(error or text(response, "output", "content"))
    told = "\n".join(part for part in parts if part)
    return told or text(call, "resultDisplay"), failed


def asked_text(call: Fields) -> str | None:
    """Return what a call asks for in full: the command, or its arguments."""
    asked = inner(call, "args")
    command = text(asked, "command")
    if command:
        return clean_text(command)
    return msgspec.json.format(dumps(asked), indent=2).decode() if asked else None


def _status(call: Fields, said: str, failed: bool) -> str | None:
    status = _STATUSES.get(str(call.get("status")), "error" if failed else None)
    return "denied" if status == "interrupted" and _DENIED.search(said[:400]) else status


def _target(call: Fields, asked: Fields, kind: str) -> str | None:
    name = text(call, "name")
    paths = [path for path in items(asked, "paths") if isinstance(path, str)]
    shown = text(asked, "command", *_PATHS, *_TARGETS) or ", ".join(paths[:5]) or text(call, "description")
    return shown if shown and kind != EventType.TOOL_INVOCATION else f"{name}: {shown}" if name and shown else name
