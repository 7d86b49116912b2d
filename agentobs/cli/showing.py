"""show: one session, step by step."""

from typing import TYPE_CHECKING, Any

from agentobs.cli import opening, output
from agentobs.cli.output import count, money, one_line
from agentobs.cli.reading import AsCsv, AsJson, Limit, Target, Zone, one_form, printed
from agentobs.cli.tables import print_table
from agentobs.errors import FrameError

if TYPE_CHECKING:
    from agentobs.workbench import Workbench

_COLUMNS = {
    "time": "left",
    "who": "left",
    "what": "left",
    "tool": "left",
    "status": "left",
    "took": "right",
    "": "wide",
}


def show(
    session: str,
    *,
    limit: Limit = None,
    tz: Zone = None,
    target: Target = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Show what happened in a session, step by step.

    Parameters
    ----------
    session
        Its id, or the beginning of it.
    """
    one_form(json, csv)
    with opening.workbench(target, tz) as wb:
        about = _session(wb, session)
        events = wb.timeline(about["session_id"])
        zone = wb.tz
    shown = output.records(events.head(limit) if limit else events)
    if printed(shown, list(events.columns), json=json, csv=csv):
        return
    for line in _heading(about):
        print(one_line(line))
    title = f"{len(shown)} of {len(events)} events from {output.moment(about['started_at'], zone)} {zone}"
    print_table(title, _COLUMNS, [_step(event, zone) for event in shown], optional=("took", "status"))


def _heading(about: dict[str, Any]) -> list[str]:
    agent = f"{about['agent']} {about['agent_version'] or ''}".strip()
    calls = f"{count(about['tool_calls'])} tool calls ({count(about['tool_errors'])} failed)"
    cost = money(about["cost_usd"], about["unpriced_calls"])
    return [
        about["title"] or about["objective"] or "(no prompt)",
        f"session {about['session_id']} of {agent} in {about['project'] or 'no project'}",
        f"{output.duration(about['duration_s'])}, {count(about['total_tokens'])} tokens, {cost}, {calls}",
    ]


def _step(event: dict[str, Any], zone: str) -> tuple[str, ...]:
    state = event["status"] or ("" if event["severity"] == "info" else event["severity"])
    took = "" if event["duration_ms"] is None else output.duration(event["duration_ms"] / 1000)
    return (
        output.moment(event["ts"], zone, "%H:%M:%S"),
        event["thread_id"][:8] if event["thread_id"] else event["role"] or "",
        event["type"],
        event["tool_name"] or "",
        state,
        took,
        event["summary"] or event["file_path"] or "",
    )


def _session(wb: "Workbench", wanted: str) -> dict[str, Any]:
    """The one session of this id, or whose id begins so."""
    found = output.records(wb.sessions(session=wanted))
    if not found:
        every = wb.sessions()
        found = output.records(every[every["session_id"].str.startswith(wanted)])
    if len(found) != 1:
        what = f"no session {wanted!r} here" if not found else f"{len(found)} sessions begin with {wanted!r}"
        raise FrameError(f"{what}; `agentobs sessions --limit 0` lists them")
    return found[0]
