"""The API for those who read: sessions, the timeline of one, usage, findings; in pages that inserts do not shift."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from agentobs.errors import FrameError, RequestRefused, SettingsError
from agentobs.events import clean_text, parse_timestamp
from agentobs.server.answers import answer
from agentobs.server.call import Call
from agentobs.server.read_api_pool import Desk, Reading
from agentobs.server.read_api_query import (
    Names,
    Paged,
    Ranged,
    cursor_of,
    decode,
    moment,
    names,
    place_of,
    projects,
    zone_of,
)  # fmt: skip
from agentobs.store.filters import Filters

if TYPE_CHECKING:
    import pandas as pd

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OBJECT = "application/json"
Group = Annotated[str, Meta(extra_json_schema={"enum": ["day", "hour", "model", "project", "agent", "session"]})]


class SessionsQuery(Ranged):
    """Sessions that started in [since, until)."""

    session: Names | None = None
    model: Names | None = None
    tool: Names | None = None
    type: Names | None = None


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing."""


class TimelineQuery(Paged):
    """Events of one session."""

    type: Names | None = None


class UsageQuery(Ranged):
    """Calls, tokens and cost in [since, until)."""

    by: Annotated[list[Group], Meta(description="repeat it to group by several; day, unless said")] | None = None
    tz: Annotated[str, Meta(description="the zone in which days are cut")] | None = None
    session: Names | None = None
    model: Names | None = None


class FindingsQuery(Ranged):
    """Findings that began in [since, until)."""

    session: Names | None = None
    detector: Names | None = None
    severity: Names | None = None


class SearchQuery(Ranged, kw_only=True):
    """Events in [since, until) whose words answer a query."""

    q: Annotated[str, Meta(description='words; "in quotes" together, -word not there, `or` between alternatives')]
    session: Names | None = None
    tool: Names | None = None
    type: Names | None = None
    errors: Annotated[bool, Meta(description="only what failed")] = False


def reading_of(call: Call) -> Reading:
    """Return what reads the database; raise RequestRefused where there is none."""
    if call.service.reading is None:
        raise RequestRefused("this server only accepts: it was started without a database to read", 503)
    return call.service.reading


async def get_sessions(call: Call) -> Response:
    """List sessions, the newest first."""
    query = decode(call.request.query_params, SessionsQuery)
    filters = Filters(
        since=moment(query.since), until=moment(query.until), project=projects(call.principal, query.project),
        **names(query, "agent", "session", "model", "tool", "type"),
    )  # fmt: skip
    place = place_of(query.cursor, tuple[datetime | None, str])

    def read(desk: Desk) -> tuple[list[dict[str, Any]], str | None]:
        found = desk.follower.sessions(filters, place, query.limit + 1)
        page = found[: query.limit]
        following = cursor_of((page[-1][1], page[-1][0])) if len(found) > query.limit else None
        return _sessions(desk, [session for session, _ in page]), following

    rows, following = await reading_of(call).run(read)
    return answer({"sessions": rows, "next": following})


async def get_session(call: Call) -> Response:
    """Return one session."""
    decode(call.request.query_params, NoQuery)
    session, allowed = _session(call), projects(call.principal, None)

    def read(desk: Desk) -> list[dict[str, Any]]:
        visible = desk.follower.sessions(Filters(session=session, project=allowed), None, 1)
        return _sessions(desk, [name for name, _ in visible])

    rows = await reading_of(call).run(read)
    if not rows:
        raise _no_session(session)
    return answer(rows[0])


async def get_timeline(call: Call) -> Response:
    """List the events of one session in the order in which it went, as they travel."""
    query = decode(call.request.query_params, TimelineQuery)
    session, allowed = _session(call), projects(call.principal, None)
    place = place_of(query.cursor, tuple[datetime, int, str])

    def read(desk: Desk) -> tuple[list[msgspec.Raw], str | None]:
        found = desk.follower.timeline(session, place, query.limit + 1, type=query.type, project=allowed)
        page = found[: query.limit]
        if not found and place is None and not desk.follower.timeline(session, None, 1, project=allowed):
            raise _no_session(session)
        last = page[-1] if len(found) > query.limit else None
        following = last and cursor_of((_EPOCH + timedelta(microseconds=last.ts), last.seq, last.id))
        return [msgspec.Raw(one.body) for one in page], following

    events, following = await reading_of(call).run(read)
    return answer({"events": events, "next": following})


async def get_usage(call: Call) -> Response:
    """Count calls, tokens and cost by group, sorted by the groups."""
    query = decode(call.request.query_params, UsageQuery)
    groups, zone = list(dict.fromkeys(query.by or ["day"])), query.tz and zone_of(query.tz)
    filters: dict[str, Any] = {
        "since": moment(query.since), "until": moment(query.until),
        "project": projects(call.principal, query.project), **names(query, "agent", "session", "model"),
    }  # fmt: skip

    def read(desk: Desk) -> "pd.DataFrame":
        return desk.workbench.usage(groups, tz=zone, **filters)

    return answer(await _page(call, query, "usage", groups, read))


async def get_findings(call: Call) -> Response:
    """List findings of sessions that have not changed since they were analyzed, by session and start."""
    query = decode(call.request.query_params, FindingsQuery)
    filters: dict[str, Any] = {
        "since": moment(query.since), "until": moment(query.until),
        "project": projects(call.principal, query.project),
        **names(query, "agent", "session", "detector", "severity"),
    }  # fmt: skip

    def read(desk: Desk) -> "pd.DataFrame":
        return desk.workbench.findings(**filters)

    return answer(await _page(call, query, "findings", ["session_id", "started_at", "finding_id"], read))


async def get_search(call: Call) -> Response:
    """Find events by their words, the newest first; `unindexed_events` are stored and not searched yet."""
    query = decode(call.request.query_params, SearchQuery)
    filters: dict[str, Any] = {
        "since": moment(query.since), "until": moment(query.until),
        "project": projects(call.principal, query.project), **names(query, "agent", "session", "tool", "type"),
    }  # fmt: skip
    after = place_of(query.cursor, tuple[str, UUID])
    if after is not None and after[0] != "-infinity" and parse_timestamp(after[0]) is None:
        raise RequestRefused("cursor is not one of this list's; begin without one", 404)

    def read(desk: Desk) -> dict[str, Any]:
        from agentobs.server.read_api_rows import rows_of

        place = after and (after[0], str(after[1]))
        try:
            found = desk.workbench.search(query.q, errors=query.errors, limit=query.limit, after=place, **filters)
        except SettingsError as error:
            raise RequestRefused(str(error), 400) from error
        following = found.attrs["next"] and cursor_of(found.attrs["next"])
        return {"hits": rows_of(found), "next": following, "unindexed_events": found.attrs["unindexed_events"]}

    return answer(await reading_of(call).run(read))


async def _page(call: Call, query: Paged, name: str, key: list[str], read: Any) -> dict[str, Any]:
    """One page of a frame in the order of its key: what follows the key of the last row before."""
    place = place_of(query.cursor, list[str | None])
    if place is not None and len(place) != len(key):
        raise RequestRefused("cursor is not one of this list's; begin without one", 404)

    def run(desk: Desk) -> list[tuple[list[str | None], dict[str, Any]]]:
        from agentobs.server.read_api_rows import rows_of

        try:
            rows = rows_of(read(desk))
        except (SettingsError, FrameError) as error:
            raise RequestRefused(str(error), 400) from error
        keyed = [([row[column] for column in key], row) for row in rows]
        keyed.sort(key=lambda one: _order(one[0]))
        return [one for one in keyed if place is None or _order(one[0]) > _order(place)][: query.limit + 1]

    found = await reading_of(call).run(run)
    page = found[: query.limit]
    following = cursor_of(page[-1][0]) if len(found) > query.limit else None
    return {name: [row for _, row in page], "next": following}


def _order(key: list[str | None]) -> list[tuple[bool, str]]:
    """Unknown values come last."""
    return [(value is None, value or "") for value in key]


def _sessions(desk: Desk, wanted: list[str]) -> list[dict[str, Any]]:
    """The rows of some sessions, in the order in which they are named."""
    if not wanted:
        return []
    from agentobs.server.read_api_rows import rows_of

    rows = {row["session_id"]: row for row in rows_of(desk.workbench.sessions(session=wanted))}
    return [rows[session] for session in wanted if session in rows]


def _session(call: Call) -> str:
    return clean_text(call.request.path_params["session"])


def _no_session(session: str) -> RequestRefused:
    return RequestRefused(f"no session {session[:80]!r}; /v1/sessions lists them", 404)
