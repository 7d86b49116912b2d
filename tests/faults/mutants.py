"""Three wrong ways to commit, made of the right pieces. A kill test that does not catch them proves nothing.

Each widens the moment in which a kill does its harm to a few milliseconds: what matters is whether it is noticed.
"""

import time
from collections import defaultdict
from collections.abc import Callable

import psycopg

from agentobs.store import engine, writer
from agentobs.store.batch import Batch, Committed, Rejected

Commit = Callable[[psycopg.Connection, Batch], dict[int, Committed]]
Acknowledge = Callable[[Batch], None]
_MOMENT_S = 0.006
_right = writer.commit_batch


def _store(connection: psycopg.Connection, batch: Batch) -> dict[int, Committed]:
    """Everything of a commit but the step of its sources."""
    refused: dict[int, list[Rejected]] = defaultdict(list)
    writer._add_dimensions(connection, batch)
    stored = writer._store_slice(connection, batch, 0, len(batch.rows), refused)
    committed = {part.step.source_id: Committed(stored=part.events) for part in batch.parts}
    writer._derive(connection, batch, stored, committed)
    writer._quarantine(connection, batch.parts, refused)
    writer._count(connection, batch.parts, committed)
    return committed


def offset_after(acknowledge: Acknowledge) -> Commit:
    """The offset is saved after the rows, in a transaction of its own."""

    def commit_batch(connection: psycopg.Connection, batch: Batch) -> dict[int, Committed]:
        if (
            batch.parts[0].step.expected_offset == 0
        ):  # the step from 0 sets the counters to 0, which would tell without a kill
            return _right(connection, batch)
        with engine.translated(), connection.transaction():
            committed = _store(connection, batch)
        time.sleep(_MOMENT_S)
        with engine.translated(), connection.transaction():
            writer._advance(connection, batch.parts)
        return committed

    return commit_batch


def offset_before(acknowledge: Acknowledge) -> Commit:
    """The offset is saved before the rows, in a transaction of its own."""

    def commit_batch(connection: psycopg.Connection, batch: Batch) -> dict[int, Committed]:
        with engine.translated(), connection.transaction():
            writer._advance(connection, batch.parts)
        time.sleep(_MOMENT_S)
        with engine.translated(), connection.transaction():
            return _store(connection, batch)

    return commit_batch


def acknowledged_first(acknowledge: Acknowledge) -> Commit:
    """Whoever waits is told before anything is written."""

    def commit_batch(connection: psycopg.Connection, batch: Batch) -> dict[int, Committed]:
        acknowledge(batch)
        time.sleep(_MOMENT_S)
        return _right(connection, batch)

    return commit_batch


MUTANTS: dict[str, Callable[[Acknowledge], Commit]] = {
    "offset_after": offset_after,
    "offset_before": offset_before,
    "acknowledged_first": acknowledged_first,
}
