"""Three wrong ways to commit, made of the right pieces. A kill test that does not catch them proves nothing.

Each widens the moment in which a kill does its harm to a few milliseconds: what matters is whether it is noticed.
"""

import time
from collections.abc import Callable

import psycopg

from agentobs.store import engine, writer
from agentobs.store.batch import Batch, Committed, Rejected

Commit = Callable[[psycopg.Connection, Batch], Committed]
Acknowledge = Callable[[Batch], None]
_MOMENT_S = 0.006
_right = writer.commit_batch


def _store(connection: psycopg.Connection, batch: Batch) -> Committed:
    """Everything of a commit but the step of its source."""
    refused: list[Rejected] = []
    writer._add_dimensions(connection, batch)
    stored = writer._store_slice(connection, batch, 0, len(batch.rows), refused)
    committed = writer._derive(connection, batch, stored, len(refused))
    writer._quarantine(connection, batch.step.source_id, [*batch.rejects, *refused])
    writer._count(connection, batch, committed)
    return committed


def offset_after(acknowledge: Acknowledge) -> Commit:
    """The offset is saved after the rows, in a transaction of its own."""

    def commit_batch(connection: psycopg.Connection, batch: Batch) -> Committed:
        if batch.step.expected_offset == 0:  # the step from 0 sets the counters to 0, which would tell without a kill
            return _right(connection, batch)
        with engine.translated(), connection.transaction():
            committed = _store(connection, batch)
        time.sleep(_MOMENT_S)
        with engine.translated(), connection.transaction():
            writer._advance(connection, batch)
        return committed

    return commit_batch


def offset_before(acknowledge: Acknowledge) -> Commit:
    """The offset is saved before the rows, in a transaction of its own."""

    def commit_batch(connection: psycopg.Connection, batch: Batch) -> Committed:
        with engine.translated(), connection.transaction():
            writer._advance(connection, batch)
        time.sleep(_MOMENT_S)
        with engine.translated(), connection.transaction():
            return _store(connection, batch)

    return commit_batch


def acknowledged_first(acknowledge: Acknowledge) -> Commit:
    """Whoever waits is told before anything is written."""

    def commit_batch(connection: psycopg.Connection, batch: Batch) -> Committed:
        acknowledge(batch)
        time.sleep(_MOMENT_S)
        return _right(connection, batch)

    return commit_batch


MUTANTS: dict[str, Callable[[Acknowledge], Commit]] = {
    "offset_after": offset_after,
    "offset_before": offset_before,
    "acknowledged_first": acknowledged_first,
}
