"""The stream of what is stored, in the order of the commits, each event in the form in which it travels.

Row sequences commit out of order; the number of a batch is taken under a lock that is held until its commit, so who
has seen a number has seen all that came before it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from agentobs.events import Event, Usage, wire
from agentobs.store import engine
from agentobs.store.filters import Filters
from agentobs.store.queries import LANES, load

CHANNEL = "agentobs_batches"
COLUMNS = (
    "batch_id", "context_id", "kind_id", "id", "ts", "seq", "session_id", "digest", "source_offset", "part",
    "tool_call_id", "usage_key", "request_id", "parent_event_id", "reported_cost_usd", "duration_ms", "exit_code",
    "lines_added", "lines_removed", "file_size_bytes", "commit", "file_path", "summary", "data", "tags", *LANES,
)  # fmt: skip
_AS_TEXT = {"data", "tags"}  # JSON that passes through, as the server writes it
_SELECTED = ", ".join(f'e."{name}"::text' if name in _AS_TEXT else f'e."{name}"' for name in COLUMNS)
_CONTEXT = (
    "agent", "agent_version", "project", "root_session_id", "thread_id", "is_sidechain", "working_directory", "branch",
    "repository", "machine", "workspace",
)  # fmt: skip
_KIND = (
    "type", "severity", "status", "role", "native_type", "ts_quality", "is_copy", "is_forked", "sanitised",
    "tool_name", "call_type", "model", "provider", "basis",
)  # fmt: skip
_BILLING = ("service_tier", "speed", "inference_geo")
_MOST_BATCHES = 64
_WIDE = timedelta(minutes=1)  # a batch of a longer time is looked at before it is looked for
_MOST_BETWEEN = 200_000  # events that are read to find those of one batch
_MOST_KEPT = 50_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_tags = msgspec.json.Decoder(list[str]).decode


class Batch(NamedTuple):
    """What one transaction stored."""

    position: int
    batch_id: int
    events: int
    since: datetime | None
    until: datetime | None


class Streamed(NamedTuple):
    """A stored event: what readers choose by, and its JSON."""

    position: int
    ts: int
    seq: int
    id: str
    session: str
    agent: str
    project: str | None
    type: str
    body: bytes


class Piece(NamedTuple):
    """What was read of the stream: events in order, all of them up to and with `position`, but for `left_out`."""

    events: list[Streamed]
    position: int
    left_out: int = 0  # events of batches that are too widely spread over time to be found in reasonable time


class Totals(NamedTuple):
    """What the database holds, and what came with it."""

    stored: int
    copies: int
    quarantined: int
    expired: int
    batches: int
    last_batch_at: datetime | None
    unindexed: int  # events that a search does not find yet


class Follower:
    """Reads the stream with a connection of its own; keeps what many events share."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._contexts: dict[int, dict[str, Any]] = {}
        self._kinds: dict[int, dict[str, Any]] = {}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def listen(self) -> None:
        """Be woken by commits: `wait` then returns at once."""
        with engine.translated():
            self._connection.execute(f"LISTEN {CHANNEL}")

    def wait(self, seconds: float) -> None:
        """Return when something was committed, or after some seconds."""
        with engine.translated():
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass

    def head(self) -> int:
        """Return the number of the last batch, 0 before the first."""
        with engine.translated():
            row = self._connection.execute("SELECT coalesce(max(position), 0) FROM batches").fetchone()
        assert row is not None
        return row[0]

    def totals(self) -> Totals:
        """Return what all sources brought so far."""
        with engine.translated():
            row = self._connection.execute(load("live_totals").encode()).fetchone()
        assert row is not None
        return Totals(*row)

    def behind(self, after: int) -> tuple[int, int]:
        """Return the number of the last batch, and how many events came with those after a position."""
        with engine.translated():
            row = self._connection.execute(
                "SELECT coalesce(max(position), %(after)s), coalesce(sum(events), 0)::bigint FROM batches "
                "WHERE position > %(after)s",
                {"after": after},
            ).fetchone()
        assert row is not None
        return row[0], row[1]

    def batches(self, after: int, upto: int | None = None, limit: int = _MOST_BATCHES) -> list[Batch]:
        """Return the batches after a position, in order."""
        with engine.translated(), self._connection.cursor(binary=True) as cursor:
            cursor.execute(load("live_batches").encode(), {"after": after, "upto": upto, "n": limit})
            return [Batch(*row) for row in cursor.fetchall()]

    def read(
        self, after: int, upto: int | None = None, *, most: int = 5_000, session: Sequence[str] | None = None
    ) -> Piece:
        """Return the next events after a position, of whole batches: at most `most`, but for the first batch."""
        events: list[Streamed] = []
        position, left_out, taken = after, 0, 0
        near: list[Batch] = []
        for batch in self.batches(after, upto):
            if taken and taken + batch.events > most:
                break
            position, taken = batch.position, taken + batch.events
            if batch.since is None or batch.until is None:
                continue
            if session is None and self._is_lost(batch):
                left_out += batch.events
            elif near and not _is_near(near, batch):
                events.extend(self._events(near, session))
                near = [batch]
            else:
                near.append(batch)
        if near:
            events.extend(self._events(near, session))
        return Piece(events, position, left_out)

    def timeline(
        self, session: str, after: tuple[datetime, int, str] | None, n: int,
        *, type: Sequence[str] | None = None, project: Sequence[str] | None = None,  # noqa: A002 the column's name
    ) -> list[Streamed]:  # fmt: skip
        """Return the next events of one session in the order in which it went, after (ts, seq, id)."""
        ts, seq, identity = after or (None, None, None)
        values = {"session": session, "type": type, "project": project, "ts": ts, "seq": seq, "id": identity, "n": n}
        return self._streamed("page_timeline", values, {})

    def sessions(self, filters: Filters, after: tuple[datetime | None, str] | None, n: int) -> list[tuple[str, Any]]:
        """Return the next (session_id, started_at), the newest first, after the one given."""
        started_at, identity = after or (None, None)
        values = {**filters, "started_at": started_at, "id": identity, "n": n}
        with engine.translated(), self._connection.cursor(binary=True) as cursor:
            cursor.execute(load("page_sessions").encode(), values)
            return cursor.fetchall()

    def _is_lost(self, batch: Batch) -> bool:
        """Tell whether a batch lies among so many others' events that looking for it would take seconds."""
        assert batch.since is not None
        assert batch.until is not None
        span = batch.until - batch.since
        if span <= _WIDE:
            return False
        with engine.translated():
            row = self._connection.execute(
                load("live_crowd").encode(), {"since": batch.since, "until": batch.until}
            ).fetchone()
        assert row is not None
        share = min(1.0, span / (timedelta(minutes=15) * max(row[1], 1)))
        return row[0] * share > max(_MOST_BETWEEN, 20 * batch.events)

    def _events(self, batches: Sequence[Batch], session: Sequence[str] | None) -> list[Streamed]:
        values = {
            "since": min(batch.since for batch in batches if batch.since is not None),
            "until": max(batch.until for batch in batches if batch.until is not None),
            "batches": [batch.batch_id for batch in batches],
            "session": None if session is None else list(session),
        }
        found = self._streamed("live_events", values, {batch.batch_id: batch.position for batch in batches})
        found.sort(key=lambda one: one[:4])
        return found

    def _streamed(self, name: str, values: Mapping[str, Any], positions: Mapping[int, int]) -> list[Streamed]:
        query = load(name).replace("{columns}", _SELECTED)
        with engine.translated(), self._connection.cursor(binary=True) as cursor:
            cursor.execute(query.encode(), values)
            rows = cursor.fetchall()
        self._learn("contexts", "context_id", _CONTEXT, self._contexts, {row[1] for row in rows})
        self._learn("kinds", "kind_id", (*_KIND, *_BILLING), self._kinds, {row[2] for row in rows})
        return [_streamed(row, positions.get(row[0], 0), self._contexts[row[1]], self._kinds[row[2]]) for row in rows]

    def _learn(
        self, table: str, key: str, columns: tuple[str, ...], known: dict[int, dict[str, Any]], wanted: set[int]
    ) -> None:
        if len(known) > _MOST_KEPT:
            known.clear()
        missing = [one for one in wanted if one not in known]
        if missing:
            query = f"SELECT {key}, {', '.join(columns)} FROM {table} WHERE {key} = ANY(%s)"  # noqa: S608 our own names
            with engine.translated():
                rows = self._connection.execute(query.encode(), (missing,)).fetchall()
            known.update((row[0], dict(zip(columns, row[1:], strict=True))) for row in rows)


def _is_near(batches: Sequence[Batch], batch: Batch) -> bool:
    """Tell whether looking for a batch together with others makes the looked-at time not much longer."""
    times = [moment for one in (*batches, batch) for moment in (one.since, one.until) if moment is not None]
    return max(times) - min(times) <= _WIDE


def _streamed(row: tuple[Any, ...], position: int, context: Mapping[str, Any], kind: Mapping[str, Any]) -> Streamed:
    (_, _, _, identity, ts, seq, session, digest, offset, part, call, usage_key, request_id, parent, reported, duration,
     exit_code, added, removed, size, commit, path, summary, data, tags, *lanes) = row  # fmt: skip
    described, shared = dict(kind), dict(context)
    project = shared.pop("project")
    billing = [described.pop(name) for name in _BILLING]
    micros = (ts - _EPOCH) // _MICROSECOND
    event = Event(
        id=identity.bytes, ts=micros, seq=seq, session_id=session, digest=digest, offset=offset, part=part,
        tool_call_id=call, usage_key=usage_key, request_id=request_id,
        parent_event_id=None if parent is None else parent.bytes,
        reported_cost_usd=reported, duration_ms=duration, exit_code=exit_code, lines_added=added, lines_removed=removed,
        file_size_bytes=size, commit=commit, file_path=path, summary=summary,
        data=None if data is None else data.encode(), tags=() if tags is None else tuple(_tags(tags)),
        usage=None if all(lane is None for lane in lanes) else Usage(*lanes, *billing),
        **shared, **described,
    )  # fmt: skip
    return Streamed(
        position, micros, seq, str(identity), session, event.agent, project, event.type, wire.encode(event, project)
    )


def id_of(text: str) -> UUID | None:
    """Return an event's id, or None when the text is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
