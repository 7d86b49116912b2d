"""What agents left on this machine: said to the person who runs `ingest` without arguments, and asked about."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentobs.cli.tables import print_table
from agentobs.errors import SettingsError, SourceError

if TYPE_CHECKING:
    from agentobs.adapters._base import Adapter
    from agentobs.ingest.backfill import Plan
    from agentobs.ingest.places import Machine


def machine() -> "Machine":
    """Return this machine as places are found by: home folder, system, environment."""
    from agentobs.ingest.places import Machine

    return Machine(Path.home(), sys.platform, os.environ)


def roots(known: "Mapping[str, Adapter]") -> list[Path]:
    """Return the folders in which the agents of this machine keep their files; raise SourceError if there is none."""
    from agentobs.ingest import places

    found = places.roots_of(known, machine())
    if not found:
        raise SourceError(
            f"no agent's sessions found below {Path.home()}; `agentobs agents` says where they are looked for; "
            "or name a folder: agentobs ingest PATH"
        )
    return list(found)


def print_found(plan: "Plan", looked: Sequence[Path]) -> None:
    """Print a table of what is to be read: agent, folder, files, size."""
    if not plan.found:
        print(f"no session logs yet below {', '.join(map(shortened, looked))}")
        return
    folders = {root.resolve(): root for root in reversed(looked)}
    sums: dict[tuple[str, Path], list[int]] = {}
    for item in plan.found:
        inside = next(parent for parent in (item.path, *item.path.parents) if parent in folders)
        sums.setdefault((item.adapter.name, folders[inside]), []).append(item.size_bytes)
    rows = [
        (agent, shortened(folder), f"{len(sizes):,}", megabytes(sum(sizes)))
        for (agent, folder), sizes in sorted(sums.items())
    ]
    total = ("", "", f"{len(plan.found):,}", megabytes(plan.size_bytes))
    columns = {"agent": "left", "folder": "wide", "files": "right", "size": "right"}
    print_table("Found", columns, rows, last=total if len(rows) > 1 else ())


def agreed() -> bool:
    """Ask on the terminal whether to read what was found; raise SettingsError where there is none."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise SettingsError(
            "nobody can be asked: standard input is no terminal; add --yes to read what was found, or name a folder: "
            "agentobs ingest PATH"
        )
    while True:
        print("Read it into the database? [Y/n] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if answer.strip().lower() in {"y", "yes"} or answer == "\n":
            return True
        if answer.strip().lower() in {"n", "no"} or not answer:
            return False


def shortened(path: Path | str) -> str:
    """Return a path with `~` for the home folder."""
    whole, home = Path(path), Path.home()
    return f"~/{whole.relative_to(home).as_posix()}" if whole.is_relative_to(home) else str(whole)


def megabytes(size_bytes: int) -> str:
    """Return a size as people read it."""
    return f"{size_bytes / 1e6:,.1f} MB" if size_bytes >= 100_000 else f"{size_bytes / 1e3:,.1f} kB"
