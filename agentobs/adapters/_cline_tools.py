"""What Cline's and Roo Code's tools do, by the names in their windows and by those that models call."""

from typing import Any

from agentobs.adapters import _shell
from agentobs.adapters._whole_document import inside, text
from agentobs.events import EventType

_KINDS = {
    EventType.FILE_READ: ("readFile", "read_file", "read_files", "viewed", "lineCountTruncated"),
    EventType.FILE_CREATE: ("newFileCreated",),
    EventType.FILE_WRITE: (
        "editedExistingFile", "appliedDiff", "insertContent", "searchAndReplace", "write_to_file", "replace_in_file",
        "apply_diff", "apply_patch", "insert_content", "search_and_replace", "editor", "edit_file",
    ),
    EventType.FILE_DELETE: ("fileDeleted", "deleteFile", "delete_file"),
    EventType.SEARCH_PERFORMED: (
        "searchFiles", "codebaseSearch", "listFilesTopLevel", "listFilesRecursive", "listCodeDefinitionNames",
        "search_files", "search_codebase", "codebase_search", "list_files", "list_code_definition_names", "webSearch",
    ),
}  # fmt: skip
_BY_NAME = {name: kind.value for kind, names in _KINDS.items() for name in names}
_SHELLS = ("execute_command", "run_commands", "run_command", "bash", "shell")


def kind_of(name: str | None, given: dict[str, Any]) -> str:
    """Return the event type of a call."""
    if name in _SHELLS:
        command = command_of(given)
        return EventType.COMMAND_EXECUTE.value if command is None else _shell.classify(command)
    if name == "editor" and not text(given.get("old_text")) and "insert_line" not in given:
        return EventType.FILE_CREATE.value
    return _BY_NAME.get(name or "", EventType.TOOL_INVOCATION.value)


def command_of(given: dict[str, Any]) -> str | None:
    """Return the command of a shell call; several become one line."""
    found = text(given.get("command"))
    several = given.get("commands")
    if found is None and isinstance(several, list):
        lines = [one if isinstance(one, str) else text(inside(one, "command")) for one in several]
        found = " && ".join([line for line in lines if line]) or None
    return found or text(several)


def path_of(given: dict[str, Any]) -> str | None:
    """Return the file that a call is about; of several the first."""
    own = text(given.get("path")) or text(given.get("file_path")) or text(given.get("absolutePath"))
    for name in ("files", "batchFiles", "paths", "file_paths"):
        several = given.get(name)
        if own is None and isinstance(several, list) and several:
            own = text(several[0]) or text(inside(several[0], "path"))
    return own


def target_of(given: dict[str, Any]) -> str | None:
    """Return what a call is about in one text."""
    found = command_of(given) or text(given.get("regex")) or text(given.get("query"))
    return found or path_of(given) or text(given.get("url")) or text(given.get("question"))
