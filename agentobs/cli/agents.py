"""agents: which agents can be read, where their files lie on this machine, and what each source can know."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from agentobs.cli.output import print_json
from agentobs.cli.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agentobs.adapters._base import Adapter

_ELSEWHERE = ("Library/", "AppData/")  # the README shows the places of Linux
KNOWS = ("times", "model", "tokens", "cost", "outcomes", "threads", "subagents", "edits", "version")
"""The columns of a fidelity record: what a source gives for each event, response or call."""


def agents(
    *,
    json: Annotated[bool, Parameter(help="Print JSON.")] = False,
    markdown: Annotated[bool, Parameter(help="Print the table of the README.")] = False,
) -> None:
    """List the agents whose sessions can be read, where they lie here, and what their files say."""
    from pathlib import Path

    from agentobs.ingest import backfill

    known = backfill.adapters()
    if markdown:
        print(markdown_of(known))
        return
    found = files_of(known, Path.home())
    if json:
        print_json([_described(adapter, found[adapter.name]) for adapter in known.values()])
        return
    rows = [
        (adapter.name, adapter.title, place, str(found[adapter.name]))
        for adapter in known.values()
        for place in [f"~/{location}" for location in adapter.locations] or ["any folder"]
    ]
    print_table("Agents", {"name": "left", "agent": "left", "locations": "left", "files here": "right"}, rows)
    marks = [(a.name, *_marks(a)) for a in known.values()]
    print_table("What their files say", {"name": "left", **dict.fromkeys(KNOWS, "left")}, marks)


def _described(adapter: "Adapter", files: int) -> dict[str, object]:
    fidelity = adapter.fidelity and {name: getattr(adapter.fidelity, name) for name in (*KNOWS, "basis")}
    return {
        "name": adapter.name,
        "title": adapter.title,
        "version": adapter.version,
        "locations": list(adapter.locations),
        "files": files,
        "fidelity": fidelity,
    }


def files_of(known: "Mapping[str, Adapter]", home: "Path") -> dict[str, int]:
    """Return how many files lie where each agent keeps its own; whether they are its own, ingest finds out."""
    return {
        adapter.name: sum(1 for place in adapter.locations for path in home.glob(place) if path.is_file())
        for adapter in known.values()
    }


def markdown_of(known: "Mapping[str, Adapter]") -> str:
    """Return the table as the README has it."""
    head = ["agent", "read from", *KNOWS]
    from agentobs.ingest.watch import root_of

    lines = [head, ["---"] * len(head)]
    for adapter in known.values():
        roots = dict.fromkeys(root_of(location) for location in adapter.locations)
        places = [f"`~/{root}`" for root in roots if not root.startswith(_ELSEWHERE)]
        lines.append([adapter.title, ", ".join(places) or "any folder", *_marks(adapter)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _marks(adapter: "Adapter") -> list[str]:
    return ["–" if adapter.fidelity is None else "yes" if getattr(adapter.fidelity, name) else "no" for name in KNOWS]
