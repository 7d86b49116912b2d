"""agents: which agents can be read, where their files lie on this machine, and what each source can know."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from cyclopts import Parameter

from agentobs.cli import found, opening
from agentobs.cli.output import UNKNOWN, count, print_json
from agentobs.cli.tables import print_table

if TYPE_CHECKING:
    from agentobs.adapters._base import Adapter
    from agentobs.ingest.places import Machine, Place

KNOWS = ("times", "model", "tokens", "cost", "outcomes", "threads", "subagents", "edits", "version")
"""The columns of a fidelity record: what a source gives for each event, response or call."""


class Here(NamedTuple):
    """A place of an agent on this machine, and how many files of that name lie there; None: it may not be read."""

    location: str
    files: int | None


def agents(
    *,
    json: Annotated[bool, Parameter(help="Print JSON.")] = False,
    markdown: Annotated[bool, Parameter(help="Print the table of the README.")] = False,
) -> None:
    """List the agents whose sessions can be read, where they lie here, and what their files say."""
    from agentobs.ingest import backfill, mappings

    if markdown:
        print(markdown_of(backfill.adapters()))
        return
    known = backfill.adapters(mappings.paths_of(opening.settings().home))
    here = files_of(known, found.machine())
    if json:
        print_json([_described(adapter, here[adapter.name]) for adapter in known.values()])
        return
    rows = [
        (adapter.name, adapter.title, place.location, count(place.files))
        for adapter in known.values()
        for place in here[adapter.name] or [Here("any folder", None)]
    ]
    columns = {"name": "left", "agent": "left", "locations": "wide", "files here": "right"}
    print_table("Agents", columns, rows, optional=["agent"])
    marks = [(a.name, *_marks(a)) for a in known.values()]
    print_table("What their files say", {"name": "left", **dict.fromkeys(KNOWS, "left")}, marks)


def _described(adapter: "Adapter", here: list[Here]) -> dict[str, object]:
    fidelity = adapter.fidelity and {name: getattr(adapter.fidelity, name) for name in (*KNOWS, "basis")}
    known = [place.files for place in here if place.files is not None]
    return {
        "name": adapter.name,
        "title": adapter.title,
        "version": adapter.version,
        "locations": [{"location": place.location, "files": place.files} for place in here],
        "files": sum(known) if known else None,
        "fidelity": fidelity,
    }


def files_of(known: "Mapping[str, Adapter]", machine: "Machine") -> dict[str, list[Here]]:
    """Return where each agent keeps its files and how many lie there; whether they are its own, ingest finds out."""
    from agentobs.ingest.places import places_of

    result = {}
    for adapter in known.values():
        places = {found.shortened(place.base / place.glob): place for place in places_of(adapter, machine)}
        result[adapter.name] = [
            Here(shown, _files(places[each] for each in meant)) for shown, meant in merged(places).items()
        ]
    return result


def _files(places: "Iterable[Place]") -> int | None:
    number = 0
    for place in places:
        if not all(os.access(root, os.R_OK) for root in place.roots()):
            return None
        number += sum(1 for _ in place.files())
    return number


def merged(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return paths that differ in one part below `~/folder` as one, `~/a/{b,c}/d`, with those that it stands for."""
    shown = {tuple(path.split("/")): [path] for path in paths}
    for place in range(2, max(map(len, shown), default=0)):
        alike: dict[tuple[object, ...], list[tuple[str, ...]]] = {}
        for parts in shown:
            alike.setdefault((len(parts), parts[:place], parts[place + 1 :]), []).append(parts)
        joined = {}
        for group in alike.values():
            first, meant = group[0], [path for parts in group for path in shown[parts]]
            some = (
                f"{{{','.join(parts[place] for parts in group)}}}"
                if len(group) > 1
                else "".join(first[place : place + 1])
            )
            joined[(*first[:place], some, *first[place + 1 :]) if place < len(first) else first] = meant
        shown = joined
    return {"/".join(parts): meant for parts, meant in shown.items()}


def markdown_of(known: "Mapping[str, Adapter]") -> str:
    """Return the table as the README has it: with the places of Linux."""
    from agentobs.ingest.places import Machine, places_of, root_of

    head = ["agent", "read from", *KNOWS]
    lines = [head, ["---"] * len(head)]
    for adapter in known.values():
        roots = dict.fromkeys(f"~/{root_of(place.glob)}" for place in places_of(adapter, Machine(Path(), "linux", {})))
        places = [f"`{root}`" for root in merged(roots)]
        lines.append([adapter.title, ", ".join(places) or "any folder", *_marks(adapter)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _marks(adapter: "Adapter") -> list[str]:
    return [
        UNKNOWN if adapter.fidelity is None else "yes" if getattr(adapter.fidelity, name) else "no" for name in KNOWS
    ]
