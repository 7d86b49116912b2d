"""prune: drop old events for good, after saying how many go and what stays."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from agentobs.cli import opening
from agentobs.cli.output import moment
from agentobs.errors import SettingsError


def prune(
    *,
    before: Annotated[datetime, Parameter(help="First moment that stays, such as 2026-01-01.")],
    yes: Annotated[bool, Parameter(help="Don't ask.")] = False,
) -> int:
    """Drop the events before a day, for good; what was counted from them stays."""
    from agentobs.store import retention

    chosen = opening.settings()
    since = before if before.tzinfo else before.replace(tzinfo=ZoneInfo(chosen.timezone))
    shown = f"{moment(since, chosen.timezone)} {chosen.timezone}"
    if since > datetime.now(UTC):
        raise SettingsError(f"--before {shown} is in the future: what comes until then would be refused")
    with opening.connection(chosen) as connection:
        found = retention.outlook(connection, since)
        if not found.going:
            print(f"no event is older than {shown}; nothing was dropped")
            return 0
        print(f"before {shown}: {found.going:,} of {found.events:,} events, with their raw records, go for good")
        stays = f"{found.events - found.going:,} events, all {found.sessions:,} sessions with their calls and sums"
        print(f"what stays: {stays}")
        print("afterwards old files bring nothing back, and `agentobs rebuild` refuses")
        if not yes and not _agreed():
            print("nothing was dropped")
            return 1
        dropped = retention.prune(connection, since)
    print(f"{dropped:,} events dropped")
    return 0


def _agreed() -> bool:
    try:
        return input("Drop them? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        raise SettingsError("nobody is here to answer; say --yes") from None
