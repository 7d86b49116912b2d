"""Tool calls of any agent, typed by the tool's name and what is asked of it.

read, view, cat, open ...               file_read
write, edit, replace, patch ...         file_write (a patch or an editor that only adds, deletes or shows says so)
create                                  file_create
delete, remove                          file_delete
grep, glob, find, list, *search         search_performed
bash, shell, terminal, exec ...         what the command does (agentobs.adapters._shell)
any other                               tool_invocation
"""

import re
from typing import Any, NamedTuple

from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.events import EventType

INVOCATION = EventType.TOOL_INVOCATION.value
COMMAND = EventType.COMMAND_EXECUTE.value
_READ, _WRITE = EventType.FILE_READ.value, EventType.FILE_WRITE.value
_CREATE, _DELETE = EventType.FILE_CREATE.value, EventType.FILE_DELETE.value
_SEARCH = EventType.SEARCH_PERFORMED.value

_NAMES = {
    _READ: "read readfile fileread readmanyfiles view viewfile openfile open cat notebookread viewimage getfile",
    _WRITE: "write writefile filewrite savefile edit editfile fileedit multiedit multieditfile replace strreplace "
    "searchreplace applypatch patch applydiff notebookedit insertedit inserttext replaceinfile writetofile "
    "strreplaceeditor strreplacebasededittool texteditor fileeditor fsedit fswrite update",
    _CREATE: "create createfile newfile filecreate",
    _DELETE: "delete deletefile removefile filedelete remove rm",
    _SEARCH: "grep glob ls list listdir listdirectory listfiles find findfiles search searchfiles searchtext "
    "searchfilecontent searchcode codesearch codebasesearch semanticsearch ripgrep rg websearch googlewebsearch "
    "toolsearch filesearch grepsearch",
    COMMAND: "bash shell sh exec execute executebash runbash bashcommand bashtool shelltool terminal runterminal "
    "runterminalcmd runterminalcommand runcommand executecommand runshellcommand execcommand localshell localshellcall "
    "command powershell pwsh runinterminal runscript cmd",
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_EDITORS = {"view": _READ, "create": _CREATE, "str_replace": _WRITE, "insert": _WRITE, "undo_edit": _WRITE}
_COMMANDS = ("command", "cmd", "script", "keystrokes", "code", "input", "commands")
_PATHS = ("file_path", "filePath", "path", "filename", "file", "notebook_path", "target_file", "absolute_path", "uri")
_ASKED = ("pattern", "query", "url", "description", "prompt", "name", "glob", "path", "regex", "question", "title")
_PATCHED = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+)$", re.MULTILINE)
_PATCHES = {"Add": _CREATE, "Update": _WRITE, "Delete": _DELETE}
_LONGEST_COMMAND, _LONGEST_VALUE, _PATH_LENGTH = 2000, 300, 4096


class Asked(NamedTuple):
    """What a call does, and what of its arguments people look for."""

    type: str
    file_path: str | None
    summary: str | None
    data: bytes | None


def asked_of(name: str | None, arguments: dict[str, Any]) -> Asked:
    """Return what a call of a tool asks for."""
    kind = kind_of(name)
    command = _command(arguments) if kind == COMMAND else None
    path = next((value for key in _PATHS if isinstance(value := arguments.get(key), str) and value), None)
    if kind == COMMAND:
        kind = classify(command) if command and arguments.get("is_input") is not True else COMMAND
        path = None
    elif kind == _WRITE:
        editor = arguments.get("command")
        kind = _EDITORS.get(editor, kind) if isinstance(editor, str) else kind
        patched = _PATCHED.findall(_patch(arguments))
        if patched:
            path = patched[0][1].strip()
            hows = {how for how, _ in patched}
            kind = _PATCHES[hows.pop()] if len(hows) == 1 else _WRITE
    elif kind in (INVOCATION, _SEARCH):
        path = None
    shown = next((value for key in _ASKED if isinstance(value := arguments.get(key), str) and value), None)
    if kind == INVOCATION and name:
        shown = f"{name}: {shown}" if shown else name
    facts = {key: clip(value, _LONGEST_VALUE) for key in _ASKED if isinstance(value := arguments.get(key), str)}
    return Asked(
        kind,
        clip(path, _PATH_LENGTH),
        one_line(command or path or shown or name),
        small_json({**facts, "command": clip(command, _LONGEST_COMMAND)}),
    )


def kind_of(name: str | None) -> str:
    """Return the type that a tool's name stands for; a command is still to be looked at."""
    plain = re.sub(r"[^a-z]", "", (name or "").lower()[:100])
    return _KINDS.get(plain.removesuffix("tool"), _KINDS.get(plain, INVOCATION))


def command_of(arguments: dict[str, Any]) -> str | None:
    """Return the command line that a call runs."""
    return _command(arguments)


def _command(arguments: dict[str, Any]) -> str | None:
    for key in _COMMANDS:
        value = arguments.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            shell = value[0].rsplit("/", 1)[-1] in ("bash", "sh", "zsh") and len(value) > 2
            return value[-1] if shell else " ".join(value)
    return None


def _patch(arguments: dict[str, Any]) -> str:
    return next((text for key in ("patch", "input", "diff") if isinstance(text := arguments.get(key), str)), "")
