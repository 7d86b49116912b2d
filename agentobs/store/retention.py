"""Retention: drop old events, by whole chunks where there is a hypertable. What is derived from them stays."""

from datetime import datetime

import psycopg

from agentobs.store import capabilities, engine, writer


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
    return row[0] if row else 0
