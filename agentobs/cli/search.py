"""search: find words in what was asked, answered, run and printed."""

from typing import Annotated, Any

from cyclopts import Parameter

from agentobs.cli import opening, output
from agentobs.cli.reading import AsCsv, AsJson, Since, Target, Until, Zone, one_form, printed
from agentobs.cli.tables import print_table

_COLUMNS = {"at": "left", "agent": "left", "session": "left", "what": "left", "text": "wide"}


def search(
    *words: str,
    agent: str | None = None,
    project: str | None = None,
    session: str | None = None,
    tool: str | None = None,
    type: Annotated[str | None, Parameter(help="Of event, such as user_interaction or command_execute.")] = None,  # noqa: A002
    errors: Annotated[bool, Parameter(help="Only what failed.")] = False,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, Parameter(help="At most so many hits.")] = 20,
    tz: Zone = None,
    target: Target = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Find words in prompts, answers, commands, files and the head of what tools printed, the newest first.

    Parameters
    ----------
    words
        All of them must be there; "in quotes" they stand together, -word must not be there, `or` separates
        alternatives.
    """
    one_form(json, csv)
    with opening.workbench(target, tz) as wb:
        found = wb.search(
            " ".join(words), agent=agent, project=project, session=session, tool=tool, type=type, errors=errors,
            since=since, until=until, limit=limit,
        )  # fmt: skip
        zone, waiting = wb.tz, found.attrs["unindexed_events"]
    rows = output.records(found)
    if not printed(rows, list(found.columns), json=json, csv=csv):
        if rows:
            more = ", and there are more" if found.attrs["next"] else ""
            title = f"{len(rows)} hits{more}, times in {zone}"
            print_table(title, _COLUMNS, [_line(row, zone) for row in rows], optional=("agent", "at"))
        else:
            print("no hits")
        if waiting:
            print(f"{waiting:,} stored events are not searched yet: `agentobs ingest` or `agentobs serve` indexes them")


def _line(row: dict[str, Any], zone: str) -> tuple[str, ...]:
    what = row["tool_name"] or row["role"] or row["type"]
    return (output.moment(row["ts"], zone), row["agent"], row["session_id"][:8], what, row["snippet"])
