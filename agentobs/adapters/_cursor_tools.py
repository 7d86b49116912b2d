"""Cursor's tools, by what they do. Its database and its transcripts name the same tool differently.

read_file(_v2), Read                                     file_read
edit_file(_v2), search_replace, StrReplace, Write, ...   file_write
delete_file, Delete                                      file_delete
grep, ripgrep, codebase_search, list_dir, Glob, ...      search_performed
run_terminal_cmd, run_terminal_command(_v2), Shell       what the command does (agentobs.adapters._shell)
any other, MCP too                                       tool_invocation
"""

from typing import Any

import msgspec

from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.adapters._whole_document import text
from agentobs.events import Event, EventType

PATH_LENGTH = 4096
_VALUE_LENGTH, _COMMAND_LENGTH = 300, 2000
_INVOCATION = EventType.TOOL_INVOCATION.value
_SHELL = frozenset(("runterminalcmd", "runterminalcommand", "shell", "bash"))
_KINDS = {
    **dict.fromkeys(("readfile", "read"), EventType.FILE_READ.value),
    **dict.fromkeys(
        (
            "editfile",
            "searchreplace",
            "strreplace",
            "write",
            "multiedit",
            "multistrreplace",
            "applypatch",
            "editnotebook",
        ),
        EventType.FILE_WRITE.value,
    ),
    **dict.fromkeys(("deletefile", "delete"), EventType.FILE_DELETE.value),
    **dict.fromkeys(
        "grep grepsearch ripgrepsearch ripgreprawsearch rg glob globfilesearch filesearch codebasesearch "
        "semanticsearch semanticsearchfull semsearch readsemsearchfiles searchsymbols listdir ls websearch".split(),
        EventType.SEARCH_PERFORMED.value,
    ),
}
_FILES = ("target_file", "targetFile", "file_path", "filePath", "relativeWorkspacePath", "path", "target_notebook")
_SOUGHT = tuple(
    "pattern query glob_pattern globPattern search_term searchTerm target_directory targetDirectory path".split()
)
_ASKED = ("description", *_SOUGHT, "url", "explanation", "instructions", "subagent_type", "prompt")


class Call(msgspec.Struct):
    """What a call is, and what people look for in it."""

    kind: str
    file_path: str | None
    summary: str | None
    data: bytes | None

    def fill(self, event: Event) -> None:
        """Write it into the event of the call."""
        event.file_path, event.summary, event.data = self.file_path, self.summary, self.data


def call_of(name: str | None, asked: dict[str, Any]) -> Call:
    """Return what a tool was called for, by its name and its arguments."""
    plain = (name or "").lower().removesuffix("_v2").replace("_", "")
    command = text(asked.get("command")) if plain in _SHELL else None
    kind = _KINDS.get(plain, _INVOCATION)
    if plain in _SHELL:
        kind = classify(command) if command else EventType.COMMAND_EXECUTE.value
    file_path = _first(asked, _FILES) if kind.startswith("file_") else None
    shown = command or file_path or _first(asked, _SOUGHT if kind != _INVOCATION else _ASKED)
    if kind == _INVOCATION:
        shown = f"{name}: {shown}" if shown and name else shown
    facts = {key: clip(text(asked.get(key)), _VALUE_LENGTH) for key in _ASKED}
    facts["command"] = clip(command, _COMMAND_LENGTH)
    return Call(kind, clip(file_path, PATH_LENGTH), one_line(shown or name), small_json(facts))


def _first(asked: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((asked[name] for name in names if text(asked.get(name))), None)
