"""Where agents keep their files on a machine: the locations of the adapters, for its system and its environment.

An adapter's locations are globs below the home folder. `Library/...` counts on macOS only, `AppData/...` on Windows
only; `.config/...` everywhere, because many programs take it on every system. A folder that a variable of the
environment names (XDG_CONFIG_HOME, CODEX_HOME, ...) is looked at beside the usual one: what was written before the
variable was set still lies there.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from agentobs.adapters._base import Adapter

MOVED_BY = {
    ".config": "XDG_CONFIG_HOME",
    ".local/share": "XDG_DATA_HOME",
    ".local/state": "XDG_STATE_HOME",
    "AppData/Roaming": "APPDATA",
    "AppData/Local": "LOCALAPPDATA",
    ".claude": "CLAUDE_CONFIG_DIR",
    ".codex": "CODEX_HOME",
    ".copilot": "COPILOT_HOME",
    ".gemini": "GEMINI_CLI_HOME/.gemini",
    ".cline": "CLINE_DIR",
    ".cline/data": "CLINE_DATA_DIR",
    ".config/mini-swe-agent": "MSWEA_GLOBAL_CONFIG_DIR",
}
"""A folder below home: the variable whose folder programs take instead, and what follows it there."""

_ONLY = {"Library": "darwin", "AppData": "win32"}
_WILD = frozenset("*?[")


class Machine(NamedTuple):
    """What decides where files lie: the home folder, `sys.platform`, the variables of the environment."""

    home: Path
    system: str
    environ: Mapping[str, str]


class Place(NamedTuple):
    """Files of an agent: a glob below a folder; neither need be there."""

    agent: str
    base: Path
    glob: str

    def roots(self) -> list[Path]:
        """Return what is looked through and is there: the folders, or the one file, before the first `*` or `**`."""
        root, _ = _split(self.glob)
        plain, wild = _plain(root)
        folder = self.base.joinpath(*plain)
        found = sorted(folder.glob("/".join(wild))) if wild else [folder]
        return [path for path in found if os.path.exists(path)]  # noqa: PTH110 never raises

    def files(self) -> Iterator[Path]:
        """Yield the files that the glob names, as their folders list them; no link below a root is followed."""
        _, rest = _split(self.glob)
        for root in self.roots():
            if rest:
                yield from _below(root, rest)
            elif root.is_file():
                yield root


def places_of(adapter: Adapter, machine: Machine) -> list[Place]:
    """Return where an agent keeps its files on a machine of this system."""
    found: dict[Path, Place] = {}
    for location in adapter.locations:
        names = PurePosixPath(location).parts
        if _ONLY.get(names[0], machine.system) == machine.system:
            for base, glob in _bases(names, machine):
                found.setdefault(base / glob, Place(adapter.name, base, glob))
    return list(found.values())


def roots_of(known: Mapping[str, Adapter], machine: Machine) -> dict[Path, str]:
    """Return what is looked through on a machine and is there, each with its agent's name."""
    found: dict[Path, str] = {}
    for adapter in known.values():
        for place in places_of(adapter, machine):
            for root in place.roots():
                found.setdefault(root, adapter.name)
    return found


def root_of(glob: str) -> str:
    """Return what is looked through for a glob: all before the first `*` or `**`; `Code*` names folders."""
    return "/".join(_split(glob)[0])


def _bases(names: Sequence[str], machine: Machine) -> Iterator[tuple[Path, str]]:
    for folder, moved in MOVED_BY.items():
        inside = tuple(folder.split("/"))
        variable, _, below = moved.partition("/")
        base = Path(machine.environ.get(variable, ""))
        if names[: len(inside)] == inside and base.is_absolute():
            yield base / below, "/".join(names[len(inside) :])
    yield machine.home, "/".join(names)


def _split(glob: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a glob in two: what is looked through, and the names of the files below it."""
    parts = PurePosixPath(glob).parts
    last = len(parts) - bool(_WILD & set(parts[-1]))
    wild = next((place for place, part in enumerate(parts) if part in {"*", "**"}), last)
    return parts[:wild], parts[wild:]


def _plain(parts: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    first = next((place for place, part in enumerate(parts) if _WILD & set(part)), len(parts))
    return parts[:first], parts[first:]


def _below(folder: Path, parts: Sequence[str]) -> Iterator[Path]:
    first, rest = parts[0], parts[1:]
    if first == "**" and rest:
        yield from _below(folder, rest)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:  # gone, or not ours to read: it holds no file that we could read; ingest says why
        return
    for entry in entries:
        if entry.is_symlink():
            continue
        is_folder = entry.is_dir(follow_symlinks=False)
        if first == "**":
            if is_folder:
                yield from _below(folder / entry.name, parts)
        elif fnmatchcase(entry.name, first):
            if rest and is_folder:
                yield from _below(folder / entry.name, rest)
            elif not rest and entry.is_file(follow_symlinks=False):
                yield folder / entry.name
