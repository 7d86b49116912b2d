"""sessions, usage: questions to the workbench, answered as a table, JSON or CSV."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from agentobs.cli import opening, output
from agentobs.cli.output import count, money
from agentobs.cli.tables import print_table
from agentobs.errors import SettingsError

if TYPE_CHECKING:
    from agentobs.workbench import Workbench

Target = Annotated[
    str | None, Parameter(help="A postgresql:// URL or a folder of session files; default: our database.")
]
Since = Annotated[str | None, Parameter(help="First moment that counts, such as 2026-03-09 or 2026-03-09T14:00.")]
Until = Annotated[str | None, Parameter(help="First moment that no longer counts.")]
Zone = Annotated[str | None, Parameter(name="--tz", help="Time zone of days and times, such as Europe/Zurich.")]
AsJson = Annotated[bool, Parameter(name="--json", help="Print JSON.")]
AsCsv = Annotated[bool, Parameter(name="--csv", help="Print CSV.")]
Limit = Annotated[int | None, Parameter(help="At most so many rows; 0: all.")]
Group = Literal["day", "hour", "model", "project", "agent", "session"]
_LANES = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")
_NOTHING = "no sessions here yet; `agentobs ingest` reads those on this machine"


def sessions(
    *, project: str | None = None, agent: str | None = None, since: Since = None, until: Until = None,
    limit: Limit = None, tz: Zone = None, target: Target = None, json: AsJson = False, csv: AsCsv = False,
) -> None:  # fmt: skip
    """List sessions, the newest first, with what they cost (20, or all as JSON and CSV)."""
    one_form(json, csv)
    with opening.workbench(target, tz) as wb:
        found = wb.sessions(since=since, until=until, project=project, agent=agent).iloc[::-1]
        zone = wb.tz
    limit = limit if limit is not None else 0 if json or csv else 20
    rows = output.records(found.head(limit) if limit else found)
    if printed(rows, list(found.columns), json=json, csv=csv):
        return
    if not rows:
        print(_NOTHING)
        return
    columns = {"session": "left", "started": "left", "agent": "left", "project": "left", "task": "wide",
               "took": "right", "turns": "right", "tools": "right", "failed": "right", "tokens": "right",
               "cost": "right"}  # fmt: skip
    cells = [_session_line(row, zone) for row in rows]
    title = f"{len(rows)} of {len(found)} sessions, times in {zone}"
    print_table(title, columns, cells, optional=("agent", "turns", "failed", "project", "tools", "took"))


def usage(
    *, by: Group = "day", project: str | None = None, agent: str | None = None, model: str | None = None,
    since: Since = None, until: Until = None, tz: Zone = None, target: Target = None, json: AsJson = False,
    csv: AsCsv = False,
    physical: Annotated[bool, Parameter(help="Show what the files say, repeats included.")] = False,
) -> None:  # fmt: skip
    """Count tokens and cost by day, model, project, agent or session; each response once."""
    one_form(json, csv)
    filters = {"project": project, "agent": agent, "model": model, "since": since, "until": until}
    if physical and (csv or any(filters.values())):
        raise SettingsError("--physical is of all files: it goes with no filter, and as a table or JSON")
    with opening.workbench(target, tz) as wb:
        found = wb.usage(by, **filters)
        zone, beside = wb.tz, _physical(wb) if physical else None
    rows = output.records(found)
    if json and beside is not None:
        output.print_json({"usage": rows, "physical": beside})
    if (json and beside is not None) or printed(rows, list(found.columns), json=json, csv=csv):
        return
    if not rows:
        print(_NOTHING)
        return
    _usage_table(rows, by, zone)
    if beside is not None:
        _physical_table(rows, beside)


def one_form(json: bool, csv: bool) -> None:
    """Raise SettingsError when both forms are asked for."""
    if json and csv:
        raise SettingsError("choose one of --json and --csv")


def printed(rows: list[dict[str, Any]], columns: list[str], *, json: bool, csv: bool) -> bool:
    """Print the rows as JSON or CSV, where that was asked for; tell whether it was."""
    if json:
        output.print_json(rows)
    elif csv:
        output.print_csv(rows, columns)
    return json or csv


def _session_line(row: dict[str, Any], zone: str) -> tuple[str, ...]:
    numbers = (row["human_turns"], row["tool_calls"], row["tool_errors"], row["total_tokens"])
    return (
        row["session_id"][:8],
        output.moment(row["started_at"], zone),
        row["agent"],
        _tail(row["project"]),
        row["title"] or row["objective"] or "",
        output.duration(row["duration_s"]),
        *map(count, numbers),
        money(row["cost_usd"], row["unpriced_calls"]),
    )


def _tail(path: str | None) -> str:
    return "" if path is None else path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path


def _usage_table(rows: list[dict[str, Any]], by: str, zone: str) -> None:
    columns = {by: "left", "calls": "right", "input": "right", "output": "right", "cache read": "right",
               "cache write": "right", "all tokens": "right", "cost": "right"}  # fmt: skip

    def line(name: str, row: dict[str, Any]) -> tuple[str, ...]:
        writes = _sum([row["cache_write_5m_tokens"], row["cache_write_1h_tokens"]])
        numbers = (row["model_calls"], row["input_tokens"], row["output_tokens"], row["cache_read_tokens"], writes,
                   row["total_tokens"])  # fmt: skip
        return (name, *map(count, numbers), money(row["cost_usd"], row["unpriced_calls"]))

    total = {name: _sum([row[name] for row in rows]) for name in rows[0] if name != by}
    where = f", days of {zone}" if by == "day" else ""
    lines = [line(f"{row[by]:%Y-%m-%d %H:%M}" if by == "hour" else row[by] or "unknown", row) for row in rows]
    print_table(f"Usage by {by}{where}; each response once", columns, lines, last=line("all", total),
                       optional=("input", "output", "cache write", "cache read"))  # fmt: skip


def _sum(values: list[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _physical(wb: "Workbench") -> dict[str, int]:
    found = wb.physical()
    totals = found[["records", *_LANES]].sum()
    return {str(name): int(total) for name, total in totals.items()}


def _physical_table(rows: list[dict[str, Any]], physical: dict[str, int]) -> None:
    names = {"model_calls": "records", **{lane: lane for lane in _LANES}}
    lines = [
        (name.replace("_", " "), count(_sum([row[name] for row in rows])), count(physical[there]))
        for name, there in names.items()
    ]
    print_table("What counts, and what the files say", {"": "left", "once": "right", "as written": "right"}, lines)
