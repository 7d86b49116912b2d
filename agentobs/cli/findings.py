"""findings: what detectors found, the worst first."""

from typing import Any

from agentobs.cli import opening, output
from agentobs.cli.output import money
from agentobs.cli.reading import AsCsv, AsJson, Limit, Since, Target, Until, Zone, one_form, printed
from agentobs.cli.tables import print_table

_COLUMNS = {"severity": "left", "detector": "left", "session": "left", "at": "left", "what": "wide", "wasted": "right"}
_RANK = {name: rank for rank, name in enumerate(("critical", "high", "medium", "low", "info"))}


def findings(
    *, session: str | None = None, detector: str | None = None, project: str | None = None, agent: str | None = None,
    since: Since = None, until: Until = None, limit: Limit = None, tz: Zone = None, target: Target = None,
    json: AsJson = False, csv: AsCsv = False,
) -> None:  # fmt: skip
    """List what went wrong, the worst first, with its evidence (20, or all as JSON and CSV)."""
    one_form(json, csv)
    with opening.workbench(target, tz) as wb:
        found = wb.findings(session=session, detector=detector, project=project, agent=agent, since=since, until=until)
        zone, waiting = wb.tz, found.attrs.get("unanalyzed_sessions", 0)
    order = found["severity"].map(_RANK)
    found = (
        found.assign(_rank=order).sort_values(["_rank", "started_at"], ascending=[True, False]).drop(columns="_rank")
    )
    limit = limit if limit is not None else 0 if json or csv else 20
    rows = output.records(found.head(limit) if limit else found)
    if printed(rows, list(found.columns), json=json, csv=csv):
        return
    if rows:
        title = f"{len(rows)} of {len(found)} findings, times in {zone}"
        print_table(title, _COLUMNS, [_line(row, zone) for row in rows], optional=("wasted", "at"))
    else:
        print("no findings")
    if waiting:
        print(f"{waiting:,} sessions are new or have changed: `agentobs analyze` looks at them")


def _line(row: dict[str, Any], zone: str) -> tuple[str, ...]:
    wasted = "" if row["wasted_cost_usd"] is None else money(row["wasted_cost_usd"], 0)
    return (row["severity"], row["detector"], row["session_id"][:8], output.moment(row["started_at"], zone),
            row["explanation"], wasted)  # fmt: skip
