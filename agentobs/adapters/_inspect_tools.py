"""What a tool call of an Inspect log does, and how it ended."""

import re
from typing import Any

import msgspec

from agentobs.adapters._shell import classify
from agentobs.adapters._text import small_json
from agentobs.adapters._whole_document import encode, inside, text
from agentobs.events import EventType, clean_text

_SHELL = frozenset(("bash", "bash_session", "shell", "execute_bash", "terminal", "exec"))
_EDITORS = frozenset(("text_editor", "str_replace_editor", "str_replace_based_edit_tool", "memory"))
_EDITS = {
    "view": EventType.FILE_READ,
    "create": EventType.FILE_CREATE,
    "str_replace": EventType.FILE_WRITE,
    "insert": EventType.FILE_WRITE,
    "undo_edit": EventType.FILE_WRITE,
    "delete": EventType.FILE_DELETE,
}
_OTHERS = {
    "python": EventType.COMMAND_EXECUTE,
    "ipython": EventType.COMMAND_EXECUTE,
    "read_file": EventType.FILE_READ,
    "write_file": EventType.FILE_WRITE,
    "list_files": EventType.SEARCH_PERFORMED,
    "grep": EventType.SEARCH_PERFORMED,
    "web_search": EventType.SEARCH_PERFORMED,
}
_TARGETS = ("cmd", "command", "code", "path", "file_path", "file", "query", "url", "answer", "input", "thought")
_ENDS = {"approval": "denied", "cancelled": "interrupted"}
_NAME = re.compile(r"[\w.-]+[/:]([\w.-]+)").fullmatch  # mcp and package prefixes


class Call(msgspec.Struct):
    """A call: its type, tool, file and what it is about."""

    type: str
    name: str | None
    path: str | None
    target: str | None


def call_of(event: dict[str, Any]) -> Call:
    """Return what a tool event calls."""
    name, asked = text(event.get("function")), event.get("arguments")
    prefixed = _NAME(name or "")
    bare = (prefixed[1] if prefixed is not None else name or "").lower()
    target = next((found for key in _TARGETS if (found := text(inside(asked, key))) is not None), None)
    path = None
    if bare in _SHELL:
        kind = classify((target or "").strip())
    elif bare in _EDITORS:
        kind = _EDITS.get(text(inside(asked, "command")) or "", EventType.TOOL_INVOCATION)
        path = _path(asked)
        target = path or target
    else:
        kind = _OTHERS.get(bare, EventType.TOOL_INVOCATION)
        if kind in (EventType.FILE_READ, EventType.FILE_WRITE):
            path = _path(asked)
    if target is None and isinstance(asked, dict) and asked:
        target = encode(asked).decode()
    return Call(str(kind), clean_text(name)[:200] if name else None, path, target)


def status_of(event: dict[str, Any]) -> str:
    """Return how a finished call ended."""
    error = event.get("error")
    if error:
        return _ENDS.get(text(inside(error, "type")) or "", "error")
    return "error" if event.get("failed") is True else "ok"


def result_data(event: dict[str, Any]) -> bytes | None:
    """Return what else people query of a result."""
    return small_json({"error_type": text(inside(event.get("error"), "type"))})


def _path(asked: object) -> str | None:
    for key in ("path", "file_path", "file"):
        found = text(inside(asked, key))
        if found is not None and len(found) <= 4096:
            return clean_text(found)
    return None
