"""Retention: drop old events, by whole chunks where there is a hypertable. What is derived from them stays."""

from datetime import datetime

import msgspec
import psycopg

from agentobs.store import capabilities, engine, search, writer


class Outlook(msgspec.Struct, frozen=True):
    """What dropping events would do."""

    going: int  # events that would go
    events: int  # all that are stored now
    sessions: int  # all of them stay


def outlook(connection: psycopg.Connection, before: datetime) -> Outlook:
    """Return how many events `prune` would drop now, and how many there are."""
    with engine.translated():
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE ts < %s), count(*), (SELECT count(*) FROM agent_sessions) FROM agent_events",
            (before,),
        ).fetchone()
    assert row is not None
    return Outlook(*row)


def prune(connection: psycopg.Connection, before: datetime) -> int:
    """Drop the events before a time, for good, and return how many; sessions, calls and rollups stay.

    The horizon only moves forward, and ingest drops what is older: a replay does not bring events back. Times that were
    clamped lie at the end of our range and are never dropped.
    """
    with engine.translated(), connection.transaction():
        writer.lock_stream(connection)
        connection.execute("UPDATE retention SET horizon = greatest(horizon, %s)", (before,))
        row = connection.execute(
            "SELECT count(*) FROM agent_events WHERE ts < (SELECT horizon FROM retention)"
        ).fetchone()
        if capabilities.find(connection).timescale != "none":
            connection.execute("SELECT drop_chunks('agent_events', older_than => %s)", (before,))
        connection.execute("DELETE FROM agent_events WHERE ts < (SELECT horizon FROM retention)")
        search.forget(connection)
    return row[0] if row else 0
