"""doctor: does everything add up, and what was found, skipped, rejected, unknown."""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from agentobs.cli import opening
from agentobs.cli.output import count, one_line, print_json
from agentobs.cli.tables import print_table

if TYPE_CHECKING:
    from agentobs.settings import Content

_SUMMED = ("size_bytes", "position", "records", "events", "skipped", "rejected")
_UNSOUND = "it does not add up; `agentobs rebuild` derives sums anew from the events"


def doctor(*, json: Annotated[bool, Parameter(help="Print JSON.")] = False) -> int:
    """Reconcile everything that was read with everything that is stored; exit code 1 when it does not add up."""
    from agentobs.store import checkup

    chosen = opening.settings()
    with opening.connection(chosen, read_only=True) as connection:
        found = checkup.examine(connection, opening.rules(chosen)[1])
    found.notes += _modes(chosen.content)
    if json:
        print_json(checkup.plain(found))
    else:
        _print(checkup.plain(found))
    return 0 if found.sound else 1


def _print(found: dict[str, Any]) -> None:
    total = found["totals"]
    if not total["sources"]:
        print("nothing was ingested yet; `agentobs ingest` reads the sessions on this machine")
        return
    print(f"{total['sources']:,} sources, {total['position'] / 1e6:,.1f} of {total['size_bytes'] / 1e6:,.1f} MB read, "
          f"{found['stored']['events']:,} events in {found['stored']['sessions']:,} sessions")  # fmt: skip
    print(f"records  {total['records']:,} = {total['event_records']:,} with events + {total['skipped']:,} skipped "
          f"+ {total['rejected']:,} rejected")  # fmt: skip
    print(f"events   {total['events']:,} = {total['stored']:,} new + {total['copies']:,} copies "
          f"+ {total['conflicts']:,} conflicts + {total['refused']:,} refused "
          f"+ {total['expired']:,} expired")  # fmt: skip
    _list("Found and read", _by_agent(found["sources"]),
          ("agent", "sources", "found_kB", "read_kB", "records", "events", "skipped", "rejected"))  # fmt: skip
    _list("Sessions and their numbers, by agent and version", found["agents"],
          ("agent", "agent_version", "sessions", "model_calls", "estimated", "without_usage", "unpriced"))  # fmt: skip
    _list("Skipped records", found["skips"], ("agent", "reason", "records"))
    _list("Rejected, in the quarantine", found["rejects"], ("reason", "records", "path", "source_offset"))
    _list("Record types that we do not know", found["unknowns"],
          ("agent", "agent_version", "native_type", "records"))  # fmt: skip
    _list("Sessions without an end in their records", found["endless"],
          ("agent", "sessions", "without_end", "without_time"))  # fmt: skip
    _list("Models without a price", found["unpriced"], ("agent", "model", "model_calls", "total_tokens"))
    _list("Times that are not exact", found["times"], ("agent", "ts_quality", "events"))
    _list("Secrets replaced", found["redactions"], ("rule", "secrets"))
    _list("Indexes", found["lags"], ("name", "batches", "events"))
    for note in found["notes"]:
        print(one_line(f"note: {note}"))
    for check in found["checks"]:
        _say(check["sound"], "ok   " if check["sound"] else "FAIL ", f"{check['what']}: {check['detail']}")
    end = "everything adds up" if found["sound"] else _UNSOUND
    _say(found["sound"], end, "")


def _modes(content: "Content") -> list[str]:
    """What is stored of what was said, where it is not the usual."""
    if content.modes == {"redacted"}:
        return []
    others = "".join(f"; of {project}: {mode}" for project, mode in sorted(content.projects.items()))
    return [f"content that is stored: {content.default}{others}; of what names no project: {content.of(None)}"]


def _say(is_sound: bool, word: str, text: str) -> None:
    """Print a line, its word in green or red on a terminal."""
    from rich.console import Console
    from rich.text import Text

    style = "green" if is_sound else "bold red"
    Console(highlight=False, soft_wrap=True).print(Text.assemble((word, style), " " if text else "", one_line(text)))


def _by_agent(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sources by agent: how many, how much of them was read, and what came of it."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for source in sources:
        sums[source["agent"]].update({name: source[name] for name in _SUMMED} | {"sources": 1})
    return [
        {"agent": agent, **one, "found_kB": round(one["size_bytes"] / 1e3), "read_kB": round(one["position"] / 1e3)}
        for agent, one in sorted(sums.items())
    ]


def _list(title: str, rows: list[dict[str, Any]], names: tuple[str, ...]) -> None:
    if not rows:
        return
    numbers = {name for name in names if isinstance(rows[0][name], int)}
    columns = {name.replace("_", " "): "right" if name in numbers else "left" for name in names}
    cells = [[count(r[n]) if n in numbers else str("–" if r[n] is None else r[n]) for n in names] for r in rows]
    print_table(title, columns, cells)
