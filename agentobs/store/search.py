"""The full-text index: filled behind the stream of what is stored, batch after batch, and asked.

Whoever fills it holds the row of its position until the commit, so two of them never index the same batch twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg

from agentobs.errors import SettingsError
from agentobs.store import engine, raw
from agentobs.store.queries import load

SEPARATOR = "\n"  # between the marks of a document
_MOST_BATCHES = 2_000
_ROWS = 1_000
_LOOK = 3_000  # newest documents that are looked through before the index is asked
_RANGE = (
    "(%(since)s::timestamptz IS NULL OR d.at >= %(since)s) "
    "AND (%(until)s::timestamptz IS NULL OR (d.at < %(until)s AND d.at > '-infinity')) "
    "AND (%(at)s::text IS NULL OR (d.at, d.event_id) < (%(at)s::timestamptz, %(id)s::uuid))"
)
_OWN = (
    "(d.told_session IS NULL OR NOT EXISTS "
    "(SELECT FROM agent_sessions a WHERE a.session_id = d.told_session AND a.has_files))"
)


class Pending(NamedTuple):
    """An event that is stored and not yet indexed; `record` is its raw record."""

    id: Any
    at: str
    told_session: str | None
    session: str
    agent: str
    project: str | None
    type: str
    tool: str | None
    status: str | None
    severity: str
    role: str | None
    is_call: bool
    summary: str | None
    file_path: str | None
    adapter: str
    record: bytes | None
    part: int


class Document(NamedTuple):
    """What is indexed of an event: its words with blanks between, and the marks by which it is chosen."""

    id: Any
    at: str
    told_session: str | None
    words: str
    marks: str


class Lag(NamedTuple):
    """How far the index is behind what is stored."""

    batches: int
    events: int


class Work(msgspec.Struct):
    """Some batches in hand: what they stored; `add` indexes documents, and all is kept when the block ends."""

    connection: psycopg.Connection
    position: int
    events: int
    batches: list[int]
    since: datetime | None
    until: datetime | None

    def pending(self) -> Iterator[list[Pending]]:
        """Yield what the batches stored, a thousand events at a time."""
        if self.since is None:
            return
        values = {"since": self.since, "until": self.until, "batches": self.batches}
        with self.connection.cursor("pending_documents", binary=True) as cursor:
            cursor.execute(load("search_pending").encode(), values)
            while rows := cursor.fetchmany(_ROWS):
                yield [_pending(row) for row in rows]

    def add(self, documents: Sequence[Document]) -> None:
        """Index documents; those that are indexed stay as they are."""
        if documents:
            ids, at, told, texts, marks = map(list, zip(*documents, strict=True))
            values = {"ids": ids, "at": at, "told": told, "texts": texts, "marks": marks}
            self.connection.execute(load("search_add").encode(), values)


def waits(connection: psycopg.Connection) -> bool:
    """Tell whether anything is stored that is not indexed."""
    with engine.translated():
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM batches WHERE position > (SELECT position FROM search_state))"
        ).fetchone()
    return row == (True,)


def lag(connection: psycopg.Connection) -> Lag:
    """Return how much is stored and waits to be indexed."""
    with engine.translated():
        row = connection.execute("SELECT batches, events FROM index_lags WHERE name = 'search'").fetchone()
    assert row is not None
    return Lag(*row)


@contextmanager
def work(connection: psycopg.Connection, most_events: int) -> Iterator[Work | None]:
    """Give the next batches to index, or None; what is added is kept, together with the position, at the end."""
    with engine.translated(), connection.transaction():
        # A large piece takes seconds between two statements of this transaction.
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = '120s'")
        row = connection.execute("SELECT position FROM search_state FOR UPDATE").fetchone()
        assert row is not None
        rows = connection.execute(
            "SELECT position, batch_id, events, min_ts, max_ts FROM batches "
            "WHERE position > %s ORDER BY position LIMIT %s",
            (row[0], _MOST_BATCHES),
        ).fetchall()
        taken = _upto(rows, most_events)
        if not taken:
            yield None
            return
        times = [moment for one in taken for moment in one[3:] if moment is not None]
        since, until = (min(times), max(times)) if times else (None, None)
        events = sum(one[2] for one in taken)
        yield Work(connection, taken[-1][0], events, [one[1] for one in taken], since, until)
        connection.execute("UPDATE search_state SET position = %s", (taken[-1][0],))


def empty(connection: psycopg.Connection) -> None:
    """Forget all that is indexed, so that it is indexed anew from what is stored now; its files are gone too."""
    connection.execute("TRUNCATE search_documents")
    connection.execute("UPDATE search_state SET position = 0")


def forget(connection: psycopg.Connection) -> None:
    """Take out of the index what lies before the horizon; an event without a time is known by its id."""
    connection.execute(
        "DELETE FROM search_documents WHERE time_of(event_id) + INTERVAL '1 ms' <= (SELECT horizon FROM retention)"
    )


def hits(
    connection: psycopg.Connection, words: str, marks: Mapping[str, Sequence[str] | None], values: Mapping[str, Any],
    n: int, *, timeout_ms: int,
) -> list[tuple[str, str]]:  # fmt: skip
    """Return (event id, time) of the next n hits, the newest first; what has no time comes last, as '-infinity'.

    words: a query for websearch_to_tsquery. marks: what a document is chosen by, any of the values. values: since,
    until, and at, id of the hit after which to go on. Raises SettingsError when it takes longer than the timeout.
    """
    bound = {**values, "words": words, "marks": _tsquery(marks), "n": n, "look": _LOOK}
    with engine.translated(), connection.transaction():
        connection.execute(f"SET LOCAL statement_timeout = {timeout_ms:d}".encode())
        try:
            found = connection.execute(_query("search_newest"), bound, prepare=False).fetchall()
            if len(found) < n:
                found = connection.execute(_query("search_index"), bound, prepare=False).fetchall()
        except psycopg.errors.QueryCanceled as error:
            raise SettingsError(
                f"the search took longer than {timeout_ms / 1000:g} s; add a rarer word or a time range"
            ) from error
    return [(str(identity), at) for identity, at in found]


def shown(connection: psycopg.Connection, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the rows of read_hits of some events, records decompressed, in no order."""
    with engine.translated(), connection.cursor(binary=True) as cursor:
        cursor.execute(load("read_hits").encode(), {"ids": list(ids)})
        rows = cursor.fetchall()
    return [(*row[:13], None if row[13] is None else raw.decompress(row[13]), *row[14:]) for row in rows]


def _query(name: str) -> bytes:
    return load(name).replace("{range}", _RANGE).replace("{own}", _OWN).encode()


def _tsquery(marks: Mapping[str, Sequence[str] | None]) -> str:
    """The query for documents that have one mark of each kind, as text of a tsquery."""
    groups = [" | ".join(_quoted(mark(name, one)) for one in wanted) for name, wanted in marks.items() if wanted]
    nothing = any(wanted is not None and not wanted for wanted in marks.values())
    return "'=nothing'" if nothing else " & ".join(f"({group})" for group in groups)


def mark(name: str, value: str) -> str:
    """Return the mark of a document: no word of a text has an equals sign in it."""
    return f"{name}={value}".replace(SEPARATOR, " ")[:200]


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _upto(rows: Sequence[tuple[Any, ...]], most_events: int) -> list[tuple[Any, ...]]:
    """The first batches with at most so many events, and one at least."""
    taken, events = [], 0
    for row in rows:
        if taken and events + row[2] > most_events:
            break
        taken.append(row)
        events += row[2]
    return taken


def _pending(row: tuple[Any, ...]) -> Pending:
    made = Pending._make(row)
    return made if made.record is None else made._replace(record=raw.decompress(made.record))
