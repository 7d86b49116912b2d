"""`commit_batch`: the only way in. One transaction stores a batch, moves what is derived from it, and its source."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from agentobs.errors import FenceError, MigrationError
from agentobs.store import engine, migrate, raw, rows
from agentobs.store.batch import Batch, Committed, Part, Rejected
from agentobs.store.queries import function, load

_STREAM_LOCK = 0x6167_656E_7473
_COPY_SLICE = 1 << 20
STAGING = (
    "staged", "refolded", "moved", "call_parts", "call_again", "call_changes", "usage_parts", "usage_again",
    "usage_changes",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSERTED = [name for name in rows.COLUMNS if name not in {"ord", "owner_ts"}]
_INSERT = (
    f"INSERT INTO agent_events ({', '.join(_INSERTED)}) "  # noqa: S608 our own names
    f"SELECT DISTINCT ON (ts, id) {', '.join(_INSERTED)} FROM staged "
    "WHERE ord >= %s AND ord < %s AND ts >= (SELECT horizon FROM retention) "
    "ORDER BY ts, id, owner_ts, session_id, seq, source_offset, ord ON CONFLICT DO NOTHING"
)
# What it reads is newer than what it waited for: each statement of such a function sees what was committed before it.
_BEGIN = """CREATE OR REPLACE FUNCTION pg_temp.is_schema_known() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared({lock});
    RETURN NOT EXISTS (SELECT FROM schema_migrations WHERE version > {newest});
END $$"""


def prepare(connection: psycopg.Connection) -> None:
    """Make the connection's temporary tables and functions; a connection that writes needs them once."""
    connection.execute(load("staging").encode())
    newest = max(migration.version for migration in migrate.available())
    connection.execute(_BEGIN.format(lock=migrate.LOCK, newest=newest).encode())
    calls = ["merge_tool_calls", "merge_model_calls", "merge_told"]
    for statement in (
        function("settle_copies", ["merge_copies"], columns=", ".join(_INSERTED)),
        function("merge_calls", calls, events="staged_events"),
        function("merge_calls_again", calls, events="refolded_events"),
        function("merge_sessions", ["merge_sessions", "merge_rollups"], events="staged_events"),
        function("merge_sessions_again", ["recount_sessions", "merge_sessions", "merge_rollups"], events="recount"),
    ):
        connection.execute(statement.encode())


def batch_numbers(connection: psycopg.Connection) -> Iterator[int]:
    """Yield numbers for batches, which their rows carry; no two connections yield the same."""
    row = connection.execute("SELECT nextval('batch_ids')").fetchone()
    assert row is not None
    return count(row[0] << 24)


def commit_batch(connection: psycopg.Connection, batch: Batch) -> dict[int, Committed]:
    """Store the batch and move each of its sources to its new offset, all or nothing; return what happened by source.

    Raises FenceError when a source is not where its part began: another worker was there. Rows that the server refuses
    go to the quarantine, one by one, in the same transaction. Waits while the schema is changed, and raises
    MigrationError when it is newer than this agentobs.
    """
    with engine.translated(), connection.transaction():
        _begin(connection)
        _advance(connection, batch.parts)
        _add_dimensions(connection, batch)
        refused: dict[int, list[Rejected]] = defaultdict(list)
        stored = _store_slice(connection, batch, 0, len(batch.rows), refused) if batch.rows else 0
        committed = {part.step.source_id: Committed(stored=part.events) for part in batch.parts}
        for source_id, rejected in refused.items():
            _took(committed[source_id], "refused", len(rejected))
        _derive(connection, batch, stored, committed)
        _quarantine(connection, batch.parts, refused)
        _count(connection, batch.parts, committed)
    return committed


def _begin(connection: psycopg.Connection) -> None:
    """Keep others from changing the schema or dropping events until the batch is stored; empty the staging tables."""
    row = connection.execute("SELECT pg_temp.is_schema_known(), pg_temp.empty_staging()").fetchone()
    if row is not None and not row[0]:
        raise MigrationError("the database was migrated by a newer agentobs meanwhile; upgrade agentobs")


def _took(committed: Committed, what: str, events: int) -> None:
    """Some of the events that were thought stored were something else."""
    committed.stored -= events
    setattr(committed, what, getattr(committed, what) + events)


def _advance(connection: psycopg.Connection, parts: Sequence[Part]) -> None:
    """The fence: each source must be exactly where its part began. At offset 0 its counters start anew."""
    with connection.cursor() as cursor:
        cursor.executemany(load("advance_source").encode(), [_step(part) for part in _by_source(parts)])
        if cursor.rowcount != len(parts):
            places = ", ".join(f"{part.step.source_id} at {part.step.expected_offset}" for part in parts[:5])
            raise FenceError(f"of the sources {places}, ... one was moved by another worker")


def _step(part: Part) -> dict[str, Any]:
    step = part.step
    return {
        "source_id": step.source_id,
        "generation": step.generation,
        "content_version": step.content_version,
        "expected": step.expected_offset,
        "position": step.new_offset,
        "size_bytes": step.size_bytes,
        "memory": step.memory,
        "head_hash": step.head_hash,
        "tail_hash": step.tail_hash,
        "first_ts": None if part.first_ts is None else moment(part.first_ts),
    }


def _by_source(parts: Sequence[Part]) -> list[Part]:
    """In the order in which every worker locks sources."""
    return sorted(parts, key=lambda part: part.step.source_id)


def _add_dimensions(connection: psycopg.Connection, batch: Batch) -> None:
    for name, rows_by_key in (("contexts", batch.contexts), ("kinds", batch.kinds)):
        if rows_by_key:
            marks = ", ".join(["%s"] * len(next(iter(rows_by_key.values()))))
            with connection.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {name} VALUES ({marks}) ON CONFLICT DO NOTHING".encode(),  # noqa: S608 our names, placeholders
                    [rows_by_key[key] for key in sorted(rows_by_key)],
                )


def _store_slice(
    connection: psycopg.Connection, batch: Batch, low: int, high: int, refused: dict[int, list[Rejected]]
) -> int:
    """Copy and insert rows [low, high) and return how many are new; what the server refuses is found by halving."""
    try:
        with connection.transaction():
            _copy(connection, batch.rows[low:high])
            return connection.execute(_INSERT.encode(), (low, high)).rowcount
    except psycopg.Error as error:
        if not engine.is_permanent(error):
            raise
        if high - low == 1:
            event = batch.events[low]
            reason = f"refused by the database ({error.sqlstate}): {error.diag.message_primary}"
            rejected = Rejected(event.offset, reason, event.raw or b"", len(event.raw or b""), part=event.part)
            refused[batch.sources[low]].append(rejected)
            return 0
        middle = (low + high) // 2
        return _store_slice(connection, batch, low, middle, refused) + _store_slice(
            connection, batch, middle, high, refused
        )


def _copy(connection: psycopg.Connection, encoded: Sequence[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(rows.COPY) as copy:
        copy.write(rows.HEADER)
        block, size = [], 0
        for row in encoded:
            block.append(row)
            size += len(row)
            if size >= _COPY_SLICE:
                copy.write(b"".join(block))
                block, size = [], 0
        copy.write(b"".join(block) + rows.TRAILER)


def _derive(connection: psycopg.Connection, batch: Batch, stored: int, committed: dict[int, Committed]) -> None:
    """Settle copies, fold what is new, and give the batch its place in the stream, under the stream's lock."""
    left = len(batch.rows) - sum(one.refused for one in committed.values())
    if not left:
        return
    _hold_stream(connection)
    gone = connection.execute(
        "DELETE FROM staged WHERE ts < (SELECT horizon FROM retention) AND (SELECT horizon FROM retention) > %s "
        "RETURNING source_id",
        (moment(batch.min_ts or 0),),
    ).fetchall()
    for (source_id,) in gone:
        _took(committed[source_id], "expired", 1)
    copies = left - len(gone) - stored
    if copies:
        for source_id, conflicts, known in merge_copies(connection):
            _took(committed[source_id], "conflicts", conflicts)
            _took(committed[source_id], "copies", known - conflicts)
    moved = copies > 0 and connection.execute("SELECT FROM moved LIMIT 1").rowcount > 0
    if not stored and not moved:
        return
    merge(connection, moved=copies > 0)
    connection.execute(
        load("append_batch").encode(),
        {
            "batch_id": batch.batch_id,
            "events": stored,
            "min_ts": moment(batch.min_ts or 0),
            "max_ts": moment(batch.max_ts or 0),
            "rules_version": batch.rules_version,
        },
    )


def lock_stream(connection: psycopg.Connection) -> None:
    """Hold the stream until the transaction ends, once no batch is in hand: none is stored meanwhile."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (migrate.LOCK,))
    _hold_stream(connection)


def _hold_stream(connection: psycopg.Connection) -> None:
    """What is derived moves one batch after the other."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_STREAM_LOCK,))


def empty_staging(connection: psycopg.Connection) -> None:
    """Forget what the batch before left in the temporary tables."""
    connection.execute("SELECT pg_temp.empty_staging()")


def merge_copies(connection: psycopg.Connection) -> list[tuple[int, int, int]]:
    """Settle staged rows that were there before; return (source, conflicts, conflicts and copies) of each source."""
    connection.execute("SELECT pg_temp.settle_copies()")
    return connection.execute(
        "SELECT source_id, count(*) FILTER (WHERE conflict), count(*) FROM known GROUP BY source_id"
    ).fetchall()


def merge(connection: psycopg.Connection, *, moved: bool) -> None:
    """Fold what `staged` (and `moved`) holds into tool calls, model calls, sessions and rollups."""
    again = "_again" if moved else ""
    connection.execute(f"SELECT pg_temp.merge_calls{again}(), pg_temp.merge_sessions{again}()".encode())


def _quarantine(connection: psycopg.Connection, parts: Sequence[Part], refused: dict[int, list[Rejected]]) -> None:
    rows = [
        (source_id, r.offset, r.part, r.reason, raw.compress(r.raw), r.size_bytes, r.sha256)
        for source_id, rejected in [*((part.step.source_id, part.rejects) for part in parts), *refused.items()]
        for r in rejected
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO quarantine (source_id, source_offset, part, reason, raw, size_bytes, sha256) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                rows,
            )


def _count(connection: psycopg.Connection, parts: Sequence[Part], committed: dict[int, Committed]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            load("count_source").encode(),
            [_counters(part, committed[part.step.source_id]) for part in _by_source(parts)],
        )


def _counters(part: Part, committed: Committed) -> dict[str, Any]:
    counts = part.counts
    return {
        "source_id": part.step.source_id,
        "records": counts.records,
        "event_records": counts.event_records,
        "skipped": counts.skips.total(),
        "rejected": len(part.rejects),
        "events": part.events,
        "stored": committed.stored,
        "copies": committed.copies,
        "conflicts": committed.conflicts,
        "refused": committed.refused,
        "expired": committed.expired,
        "skips": Jsonb(counts.skips),
        "unknowns": Jsonb(counts.unknowns),
        "redactions": Jsonb(counts.redactions),
        "physical": Jsonb(counts.physical),
    }


def moment(ts: int) -> datetime:
    """Return microseconds since 1970 as an aware datetime."""
    return _EPOCH + timedelta(microseconds=ts)
