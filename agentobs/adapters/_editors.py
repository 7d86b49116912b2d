"""Where VS Code and the editors made from it keep what their extensions write, on each system."""

_EDITORS = ("Code*", "Cursor*", "VSCodium*", "Windsurf*")  # Code*: its Insiders and its open source build, too
_FOLDERS = (".config", "Library/Application Support", "AppData/Roaming")
_SERVERS = ".*-server*/data"  # .vscode-server, .cursor-server, ...: the far end of an editor that works remotely


def in_editors(path: str) -> tuple[str, ...]:
    """Return the globs, below home, of a path in an editor's user folder."""
    local = tuple(f"{folder}/{editor}/User/{path}" for folder in _FOLDERS for editor in _EDITORS)
    return (*local, f"{_SERVERS}/User/{path}")
