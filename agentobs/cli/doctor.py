"""doctor: does everything add up, and what was found, skipped, rejected, unknown."""

from typing import Annotated, Any

from cyclopts import Parameter

from agentobs.cli import opening
from agentobs.cli.output import count, one_line, print_json
from agentobs.cli.tables import print_table


def doctor(*, json: Annotated[bool, Parameter(help="Print JSON.")] = False) -> int:
    """Reconcile everything that was read with everything that is stored; exit code 1 when it does not add up."""
    from agentobs.store import checkup

    with opening.connection(opening.settings(), read_only=True) as connection:
        found = checkup.examine(connection)
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
    _list("Read, by agent and version", found["agents"],
          ("agent", "agent_version", "sessions", "model_calls", "estimated", "without_usage", "unpriced"))  # fmt: skip
    _list("Skipped records", found["skips"], ("agent", "reason", "records"))
    _list("Rejected, in the quarantine", found["rejects"], ("reason", "records", "path", "source_offset"))
    _list("Record types that we do not know", found["unknowns"], ("agent", "what", "records"))
    _list("Models without a price", found["unpriced"], ("agent", "model", "model_calls", "total_tokens"))
    _list("Times that are not exact", found["times"], ("agent", "ts_quality", "events"))
    _list("Secrets replaced", found["redactions"], ("rule", "secrets"))
    for note in found["notes"]:
        print(one_line(f"note: {note}"))
    for check in found["checks"]:
        print("ok   " if check["sound"] else "FAIL ", one_line(f"{check['what']}: {check['detail']}"))
    print(
        "everything adds up"
        if found["sound"]
        else "it does not add up; `agentobs rebuild` derives sums anew from the events"
    )


def _list(title: str, rows: list[dict[str, Any]], names: tuple[str, ...]) -> None:
    if not rows:
        return
    numbers = {name for name in names if isinstance(rows[0][name], int)}
    columns = {name.replace("_", " "): "right" if name in numbers else "left" for name in names}
    cells = [[count(r[n]) if n in numbers else str("–" if r[n] is None else r[n]) for n in names] for r in rows]
    print_table(title, columns, cells)
