"""What an action of SWE-agent does: its own file commands, or a shell command."""

import posixpath
import re
import shlex

import msgspec

from agentobs.adapters._shell import classify
from agentobs.events import EventType, clean_text

SHELL = "bash"

_OWN = {
    "open": EventType.FILE_READ,
    "goto": EventType.FILE_READ,
    "scroll_up": EventType.FILE_READ,
    "scroll_down": EventType.FILE_READ,
    "view_image": EventType.FILE_READ,
    "filemap": EventType.FILE_READ,
    "create": EventType.FILE_CREATE,
    "edit": EventType.FILE_WRITE,
    "insert": EventType.FILE_WRITE,
    "append": EventType.FILE_WRITE,
    "search_file": EventType.SEARCH_PERFORMED,
    "search_dir": EventType.SEARCH_PERFORMED,
    "find_file": EventType.SEARCH_PERFORMED,
    "submit": EventType.TOOL_INVOCATION,
    "set_cursors": EventType.TOOL_INVOCATION,
}
_EDITOR = {
    "view": EventType.FILE_READ,
    "create": EventType.FILE_CREATE,
    "str_replace": EventType.FILE_WRITE,
    "insert": EventType.FILE_WRITE,
    "undo_edit": EventType.FILE_WRITE,
}
_IN_OPEN_FILE = frozenset(("edit", "insert", "append", "goto", "scroll_up", "scroll_down"))
_NAMES_A_FILE = frozenset(("open", "create", "view_image", "filemap"))
_EXIT = re.compile(r"exit_[a-z_]+").fullmatch
_RANGE = re.compile(r"edit (\d{1,7}):(\d{1,7})[ \t]*\n(.*?)\n?(?:end_of_edit\s*)?$", re.DOTALL)
_FAILED = re.compile(
    r"\s*(?:Your proposed edit has introduced new syntax error|EXECUTION TIMED OUT|COMMAND FAILED TO EXECUTE"
    r"|Traceback \(most recent call last\)|Usage: (?:edit|open|goto|create|search_file|search_dir|find_file|insert)\b"
    r"|Error: |ERROR: |File .{1,200} not found|No file open|bash: |/bin/bash: |ls: cannot access|cat: .{1,300}: No such"
    r"|python3?: can't open file)"
)
_REFUSED = re.compile(r"\s*(?:Interactive )?[Oo]peration '.{0,300}' is not supported by this environment", re.DOTALL)
_EDITED = re.compile(r"File updated|has been edited|Text replaced")


class Action(msgspec.Struct):
    """One action: its type and tool, the file or what else it is about, and whether it only ends the run."""

    type: str
    name: str
    target: str
    command: str
    path: str | None = None
    is_exit: bool = False


def action_of(command: str, directory: str | None, open_file: str | None) -> Action:
    """Return what an action does, in a working directory, with a file open."""
    stripped = command.strip()
    first, *rest = words(stripped.partition("\n")[0]) or [""]
    if _EXIT(stripped):
        return Action(EventType.ERROR_ENCOUNTERED, stripped, stripped, command, is_exit=True)
    if first == "str_replace_editor" and rest:
        path = clean_text(rest[1]) if len(rest) > 1 else None
        kind = _EDITOR.get(rest[0], EventType.TOOL_INVOCATION)
        return Action(kind, first, path or stripped, command, path)
    if first in _OWN and stripped[len(first) : len(first) + 1] in ("", " ", "\n", "\t"):
        path = open_file if first in _IN_OPEN_FILE else None
        if first in _NAMES_A_FILE and rest:
            path = _joined(directory, rest[0])
        searched = first in _IN_OPEN_FILE or path is None
        return Action(_OWN[first], first, stripped if searched else path or stripped, command, path)
    return Action(classify(stripped), SHELL, stripped, command)


def status_of(action: Action, observation: str) -> str | None:
    """Return how an action ended, where its observation says so: there are no exit codes."""
    if _REFUSED.match(observation):
        return "denied"
    if action.type == EventType.FILE_WRITE and _EDITED.search(observation):
        return "ok"
    return "error" if _FAILED.match(observation) else None


def changed_lines(action: Action, observation: str) -> tuple[int | None, int | None]:
    """Return the lines that an edit of a range added and removed, once SWE-agent said that it was made."""
    found = _RANGE.match(action.command.lstrip()) if action.name == "edit" else None
    if found is None or not _EDITED.search(observation):
        return None, None
    text, removed = found[3], int(found[2]) - int(found[1]) + 1
    return (text.count("\n") + 1 if text else 0), max(removed, 0)


def words(line: str) -> list[str]:
    """Return the words of a command line; one with a quote left open is split at blanks."""
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _joined(directory: str | None, path: str) -> str:
    return clean_text(path if directory is None else posixpath.join(directory, path))[:4096]
