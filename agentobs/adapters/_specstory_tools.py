"""The use of a tool as SpecStory shows it: what kind it is, what it was asked, what came back.

A command stands in the summary, on a line of its own in backticks, or in a fenced block for a shell; a path in the
summary or in backticks. What came back is the last fenced block that is not what was asked.
"""

import re
from typing import NamedTuple

from agentobs.adapters._shell import classify
from agentobs.adapters._specstory_blocks import Piece
from agentobs.events import EventType

_COMMAND = EventType.COMMAND_EXECUTE.value
_READ, _WRITE, _CREATE = EventType.FILE_READ.value, EventType.FILE_WRITE.value, EventType.FILE_CREATE.value
_SEARCH, _INVOCATION = EventType.SEARCH_PERFORMED.value, EventType.TOOL_INVOCATION.value

_TYPES = {"shell": _COMMAND, "bash": _COMMAND, "read": _READ, "write": _WRITE, "search": _SEARCH}
_NAMES = {
    **dict.fromkeys(("LS", "list_directory", "list_dir", "Glob", "Grep", "glob", "grep", "ls"), _SEARCH),
    **dict.fromkeys(
        ("grep_search", "codebase_search", "file_search", "glob_file_search", "web_search", "WebSearch"), _SEARCH
    ),
    **dict.fromkeys(("TaskOutput", "KillShell", "BashOutput"), _INVOCATION),
    "create_file": _CREATE,
    **dict.fromkeys(
        (
            "Write",
            "write_file",
            "Edit",
            "MultiEdit",
            "NotebookEdit",
            "edit_file",
            "code_edit",
            "search_replace",
            "write",
        ),
        _WRITE,
    ),
    **dict.fromkeys(("apply_patch", "replace"), _WRITE),
    **dict.fromkeys(("Read", "read_file", "read_many_files"), _READ),
    **dict.fromkeys(
        ("Bash", "run_terminal_cmd", "run_terminal_command", "exec_command", "run_shell_command", "shell_command"),
        _COMMAND,
    ),
}
_FILES = frozenset((_READ, _WRITE, _CREATE))

_SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.DOTALL)
_AFTER_NAME = re.compile(r"(?:Tool use: )?\*\*[^*\n]*\*\*(.*)", re.DOTALL)
_FENCE = re.compile(r"^(`{3,})([\w+-]*)[^\n]*\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_ALONE = re.compile(r"^[ \t]*`([^`\n]+)`[ \t]*$", re.MULTILINE)
_QUOTED = re.compile(r"`([^`\n]+)`")
_NAMED = re.compile(r"(?:Read|Edit|Write|Create|Delete) file: *([^\n<]+)")
_DONE = re.compile(r"(?:The file|File created successfully at:) (\S.*?)(?: has been updated.*)?$", re.MULTILINE)
_LINES = re.compile(r"Lines added: (\d{1,9}), lines removed: (\d{1,9})")
_EXIT = re.compile(r"\s*(?:Error: )?Exit code:? (\d{1,5})\b")
_SHELLS = frozenset(("bash", "sh", "shell", "zsh"))


class Use(NamedTuple):
    """A call and what is known of its end."""

    kind: str
    target: str | None
    file_path: str | None
    output: str | None
    status: str | None
    exit_code: int | None
    lines_added: int | None
    lines_removed: int | None


def use_of(piece: Piece) -> Use:
    """Return what the use of a tool was."""
    summary = _SUMMARY.search(piece.text)
    about = _AFTER_NAME.fullmatch(summary[1]) if summary is not None else None
    told = about[1].strip(" \u2022") if about is not None else ""
    body = _SUMMARY.sub("", piece.text, count=1).replace("<details>", "").replace("</details>", "")
    kind = _NAMES.get(piece.tool) or _TYPES.get(piece.tool_type, _INVOCATION)
    fences = [(match[2], match[3].rstrip("\n")) for match in _FENCE.finditer(body)]
    prose = _FENCE.sub("", body)
    output = piece.result if piece.result is not None else _output(kind, fences, prose)
    kind = _CREATE if kind == _WRITE and (output or "").startswith("File created successfully") else kind
    command = _command(told, prose, fences) if kind == _COMMAND else None
    path = _path(told, prose, output) if kind in _FILES else None
    quoted = _QUOTED.search(told) or _QUOTED.search(prose)
    status, exit_code = _end(body, output)
    changed = _LINES.findall(body)
    return Use(
        kind=classify(command) if command else kind,
        target=command or path or (quoted[1] if quoted is not None else None) or told or None,
        file_path=path,
        output=output,
        status=status,
        exit_code=exit_code,
        lines_added=sum(int(added) for added, _ in changed) if changed else None,
        lines_removed=sum(int(removed) for _, removed in changed) if changed else None,
    )


def _command(told: str, prose: str, fences: list[tuple[str, str]]) -> str | None:
    in_summary, alone = _QUOTED.search(told), _ALONE.search(prose)
    if in_summary is not None:
        return in_summary[1]
    if alone is not None:
        return alone[1]
    return next((text for language, text in fences if language in _SHELLS), None)


def _path(told: str, prose: str, output: str | None) -> str | None:
    named = _NAMED.search(told) or _QUOTED.search(told) or _QUOTED.search(prose) or _DONE.search(output or "")
    return named[1].strip() if named is not None else None


def _output(kind: str, fences: list[tuple[str, str]], prose: str) -> str | None:
    """Return what came back: the last block, unless it is what was asked."""
    if not fences or fences[-1][0] in {"diff", *(_SHELLS if kind == _COMMAND else ())}:
        return None
    asked_only = kind in {_WRITE, _CREATE} and len(fences) == 1 and fences[0][0] not in {"", "text"}
    inputs_only = "**Input:**" in prose and "**Result:**" not in prose and "**Error:**" not in prose
    return None if asked_only or inputs_only else fences[-1][1]


def _end(body: str, output: str | None) -> tuple[str | None, int | None]:
    said = output or ""
    code = _EXIT.match(said)
    if "The user doesn't want to proceed with this tool use" in said[:400]:
        return "denied", None
    if "[Request interrupted by user" in said[:400]:
        return "interrupted", None
    if "**Error:**" in body or "<tool_use_error>" in said[:400]:
        return "error", int(code[1]) if code is not None else None
    if code is not None:
        return ("ok" if int(code[1]) == 0 else "error"), int(code[1])
    return ("ok" if "**Result:**" in body else None), None
