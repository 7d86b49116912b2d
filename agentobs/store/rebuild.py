"""Rebuild everything derived from the events, by the same statements that keep it."""

from collections.abc import Callable

import psycopg

from agentobs.errors import DatabaseError
from agentobs.store import engine, writer
from agentobs.store.queries import load

_DERIVED = (
    "tool_calls, model_calls, agent_sessions, session_files, session_usage, rollup_events, rollup_usage, rollup_tools"
)


def ignore(_: int, __: int) -> None:
    """Watch nothing."""


def rebuild(
    connection: psycopg.Connection, watch: Callable[[int, int], None] = ignore, slice_rows: int = 50_000
) -> int:
    """Empty the derived tables and fold all events into them again, in one transaction; return how many events.

    Readers see the old state until the end; writers wait. Lineage is not derived (copies are not stored) and stays.
    `watch` is called with (events folded, of how many). Raises DatabaseError when events were dropped by retention:
    what is kept of them could not come back.
    """
    with engine.translated():
        writer.prepare(connection)
        with connection.transaction():
            writer.lock_stream(connection)
            writer.empty_staging(connection)
            _refuse_below_horizon(connection)
            connection.execute(f"TRUNCATE {_DERIVED}")  # pyright: ignore[reportArgumentType]
            total = _count(connection)
            done = 0
            after: tuple[object, object] = ("-infinity", "00000000-0000-0000-0000-000000000000")
            while True:
                rows = connection.execute(
                    load("stage_events").encode(), {"ts": after[0], "id": after[1], "n": slice_rows}
                )
                if not rows.rowcount:
                    return done
                done += rows.rowcount
                row = connection.execute("SELECT ts, id FROM staged ORDER BY ts DESC, id DESC LIMIT 1").fetchone()
                assert row is not None
                after = (row[0], row[1])
                writer.merge(connection, moved=False)
                for name in writer.STAGING:
                    connection.execute(f"TRUNCATE {name}")  # pyright: ignore[reportArgumentType]
                watch(done, total)


def _count(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM agent_events").fetchone()
    return row[0] if row else 0


def _refuse_below_horizon(connection: psycopg.Connection) -> None:
    row = connection.execute("SELECT horizon::text FROM retention WHERE horizon > '-infinity'").fetchone()
    if row:
        raise DatabaseError(f"events before {row[0]} were dropped; a rebuild would lose what is still known of them")
