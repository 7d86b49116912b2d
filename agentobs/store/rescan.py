"""Redact anew what is stored: the present rules on events, raw records, the quarantine, and all that was kept of them.

Each step reads some rows, redacts them outside any transaction, and writes what changed together with how far it came:
an interrupted rescan goes on there. Ids and digests stay, so that a replay still finds its copies. The dictionaries of
raw records are made of our own samples and hold nobody's secrets.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from agentobs.errors import DatabaseError
from agentobs.redaction import Redactor
from agentobs.settings import Content
from agentobs.store import engine, raw, search, writer
from agentobs.store.queries import load
from agentobs.store.rescan_texts import Lost, lost_in, without

_LOCK = 0x6167_656E_7472
_STEP = 1000
_MOST_LOST = 50_000
Row = dict[str, Any]


class Texts(msgspec.Struct, frozen=True):
    """Text columns of a table that keeps something of events: redacted row by row, in the order of its key."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    joined: str = ""  # what leads from its rows `t` to their context `c`, and so to their project
    documents: tuple[str, ...] = ()  # further columns, of jsonb


_CONTEXT = "JOIN contexts c USING (context_id)"
_SESSION = f"JOIN agent_sessions s ON s.session_id = t.session_id {_CONTEXT}"
TABLES = (
    Texts("quarantine", ("source_id", "source_offset", "part", "reason"), ("detail", "raw")),
    Texts("tool_calls", ("call_key",), ("target", "file_path", "result_path"), _CONTEXT),
    Texts("agent_sessions", ("session_id",), ("objective", "title"), _CONTEXT),
    Texts("session_files", ("session_id", "file_path"), ("file_path",), _SESSION),
    Texts("findings", ("session_id", "finding_id"), ("explanation",), _SESSION, ("parameters",)),
    Texts("session_scores", ("session_id", "variant"), (), _SESSION, ("score",)),
    Texts("annotations", ("annotation_id",), ("note",)),
    Texts("sources", ("source_id",), ("memory",)),
    Texts(
        "contexts",
        ("context_id",),
        ("project", "working_directory", "branch", "repository", "workspace"),
        _CONTEXT,
    ),
)
PLACES = ("agent_events", *(table.name for table in TABLES))


class Progress(msgspec.Struct):
    """How far a rescan has come."""

    place: str
    rows: int = 0
    of: int = 0


class Found(msgspec.Struct):
    """What a rescan looked at, changed and replaced."""

    rows: Counter[str] = msgspec.field(default_factory=Counter)  # by place
    changed: Counter[str] = msgspec.field(default_factory=Counter)
    redactions: Counter[str] = msgspec.field(default_factory=Counter)  # by rule


def ignore(_: Progress) -> None:
    """Watch nothing."""


def older(connection: psycopg.Connection, rules_version: str) -> int:
    """Return how many events were stored under other rules than these."""
    row = connection.execute(
        "SELECT coalesce(sum(events), 0)::bigint FROM batches WHERE rules_version IS DISTINCT FROM %s", (rules_version,)
    ).fetchone()
    return row[0] if row else 0


def rescan(
    connection: psycopg.Connection,
    redactor: Redactor,
    rules_version: str,
    content: Content,
    *,
    is_dry: bool = False,
    watch: Callable[[Progress], None] = ignore,
    step: int = _STEP,
) -> Found:
    """Apply the rules to everything stored, except what its project keeps in full; return what was found.

    A dry run changes nothing. Raises DatabaseError while another rescan runs.
    """
    with engine.translated(), _alone(connection):
        run = _Run(connection, redactor, rules_version, content, is_dry=is_dry, watch=watch, step=step)
        run.begin()
        run.events()
        for table in TABLES:
            run.table(table)
        run.end()
        return run.found


def erase(connection: psycopg.Connection, places: Iterable[str]) -> None:
    """Write the tables anew, so that their files hold nothing of rows that were replaced; each is locked meanwhile.

    The server's write-ahead log and copies of the database are not reached.
    """
    with engine.translated():
        for place in places:
            if place in PLACES:
                connection.execute(f"VACUUM (FULL) {place}".encode())


@contextmanager
def _alone(connection: psycopg.Connection) -> Iterator[None]:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    if row != (True,):
        raise DatabaseError("another rescan of this database runs; wait until it is done")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


class _Run:
    def __init__(
        self,
        connection: psycopg.Connection,
        redactor: Redactor,
        rules_version: str,
        content: Content,
        *,
        is_dry: bool,
        watch: Callable[[Progress], None],
        step: int,
    ) -> None:
        self._connection = connection
        self._redactor = redactor
        self._rules = rules_version
        self._content = content
        self._is_dry = is_dry
        self._watch = watch
        self._step = step
        self._state: dict[str, tuple[Any, bool]] = {}  # place -> (key of the last row, whether it is done)
        self._lost: dict[tuple[int, int], list[Lost]] = {}  # by record: parts of it may stand at later times
        self.found = Found()

    def begin(self) -> None:
        """Take up what an interrupted run left, or begin anew; a dry run always does."""
        rows = self._connection.execute(
            "SELECT place, after, ended_at IS NOT NULL, rows, changed, redactions FROM redaction_rescans "
            "WHERE rules_version = %s",
            (self._rules,),
        ).fetchall()
        if self._is_dry or all(row[2] for row in rows):
            rows = []
        if not rows and not self._is_dry:
            with self._connection.transaction():
                self._connection.execute("DELETE FROM redaction_rescans WHERE rules_version = %s", (self._rules,))
                self._connection.execute(
                    "INSERT INTO redaction_rescans (rules_version, place, upto) SELECT %s, place, "
                    "coalesce((SELECT max(position) FROM batches), 0) FROM unnest(%s::text[]) place",
                    (self._rules, list(PLACES)),
                )
        for place, after, is_done, looked, changed, redactions in rows:
            self._state[place] = (after, is_done)
            self.found.rows[place], self.found.changed[place] = looked, changed
            self.found.redactions.update(redactions)

    def end(self) -> None:
        """What came before this run began is redacted by these rules now."""
        if self._is_dry:
            return
        with self._connection.transaction():
            self._connection.execute(
                "UPDATE batches SET rules_version = %(rules)s WHERE rules_version IS DISTINCT FROM %(rules)s AND "
                "position <= (SELECT min(upto) FROM redaction_rescans WHERE rules_version = %(rules)s)",
                {"rules": self._rules},
            )
            if self.found.changed["agent_events"] or self.found.changed["contexts"]:
                search.empty(self._connection)  # its words are those of before
            self._connection.execute(
                "UPDATE redaction_rescans SET ended_at = coalesce(ended_at, now()) WHERE rules_version = %s",
                (self._rules,),
            )

    def events(self) -> None:
        """Redact events and their raw records."""
        after, is_done = self._state.get("agent_events", (None, False))
        total = older(self._connection, self._rules)
        names = ("ts", "id", "batch_id", "project", "agent", "source_id", "source_offset", "summary", "file_path",
                 "data", "tags", "raw")  # fmt: skip
        while not is_done:
            fetched = self._connection.execute(
                load("rescan_events").encode(), {"after": after, "rules": self._rules, "n": self._step}
            ).fetchall()
            rows: list[Row] = [dict(zip(names, row, strict=True)) for row in fetched]
            counts: Counter[str] = Counter()
            changed = list(self._clean_events(rows, counts))
            is_done = not rows
            after = after if is_done else rows[-1]["ts"].isoformat()
            self._write(load("rescan_event"), changed, "agent_events", after, len(rows), counts, is_done=is_done)
            self._watch(Progress("agent_events", self.found.rows["agent_events"], total))

    def _clean_events(self, rows: list[Row], counts: Counter[str]) -> Iterator[Row]:
        """Yield the rows that change. What a raw record lost, its events lose even where they hold a cut part of it."""
        lost = self._lost
        if len(lost) > _MOST_LOST:
            lost.clear()
        rows = [row for row in rows if self._content.of(row["project"]) != "full"]
        cleaned: dict[int, bytes] = {}
        for place, row in enumerate(rows):
            if row["raw"] is not None:
                record = raw.decompress(row["raw"])
                clean = self._redactor.text(record, counts)
                if clean is not record:
                    cleaned[place] = raw.compressor(row["agent"])(clean)
                    lost.setdefault((row["source_id"], row["source_offset"]), []).extend(lost_in(record, clean))
        for place, row in enumerate(rows):
            gone = lost.get((row["source_id"], row["source_offset"]), [])
            texts = Counter[str]() if gone else counts  # what the record lost is counted once
            new: Row = {name: without(self._redactor, row[name], gone, texts) for name in ("summary", "file_path")}
            for name in ("data", "tags"):
                new[name] = without(self._redactor, row[name], gone, texts, is_json=True)
            new["raw"] = cleaned.get(place, row["raw"])
            if any(value != row[name] for name, value in new.items()):
                yield row | new

    def table(self, table: Texts) -> None:
        """Redact the texts of a table."""
        after, is_done = self._state.get(table.name, (None, False))
        if self._connection.execute("SELECT to_regclass(%s)", (table.name,)).fetchone() == (None,):
            return
        total = self._one(f"SELECT count(*) FROM {table.name}")  # noqa: S608 our own names
        while not is_done:
            rows = self._fetch(table, after)
            counts: Counter[str] = Counter()
            changed = [new for row in rows if (new := self._clean(table, row, counts)) is not None]
            is_done = not rows
            after = after if is_done else [rows[-1][f"old_{name}"] for name in table.key]
            self._write(_update(table), changed, table.name, after, len(rows), counts, is_done=is_done)
            self._watch(Progress(table.name, self.found.rows[table.name], total))

    def _fetch(self, table: Texts, after: list[Any] | None) -> list[Row]:
        key = ", ".join(f"t.{name}" for name in table.key)
        columns = ", ".join([f"t.{name}" for name in table.columns] + [f"t.{name}::text" for name in table.documents])
        project = "c.project" if table.joined else "NULL::text"
        where = f"WHERE ({key}) > ({', '.join(['%s'] * len(table.key))})" if after is not None else ""
        rows = f"{table.name} t {table.joined} {where} ORDER BY {key} LIMIT %s"
        query = f"SELECT {key}, {project}, {columns} FROM {rows}"  # noqa: S608 our own names
        names = [f"old_{name}" for name in table.key] + ["of_project", *table.columns, *table.documents]
        found = self._connection.execute(query.encode(), [*(after or []), self._step]).fetchall()
        return [dict(zip(names, row, strict=True)) for row in found]

    def _clean(self, table: Texts, row: Row, counts: Counter[str]) -> Row | None:
        if self._content.of(row["of_project"]) == "full":
            return None
        # Texts of calls and sessions are those of events, which are counted.
        own = counts if table.name == "quarantine" else Counter[str]()
        new = dict(row)
        for name in (*table.columns, *table.documents):
            value = row[name]
            if name == "raw" and value is not None:
                record = raw.decompress(value)
                clean = self._redactor.text(record, own)
                new[name] = value if clean is record else raw.compress(clean)
            elif value is not None:
                new[name] = self._redactor.text(value, own)
        return new if new != row else None

    def _write(
        self, query: str, changed: list[Row], place: str, after: Any, rows: int, counts: Counter[str], *, is_done: bool
    ) -> None:
        """Write what changed and how far this is, together."""
        self.found.rows[place] += rows
        self.found.changed[place] += len(changed)
        self.found.redactions.update(counts)
        if self._is_dry:
            return
        with self._connection.transaction(), self._connection.cursor() as cursor:
            if changed:
                writer.lock_stream(self._connection)  # what is derived moves one batch after the other
                cursor.executemany(query.encode(), changed)
            cursor.execute(
                "UPDATE redaction_rescans SET after = %s, rows = rows + %s, changed = changed + %s, "
                "redactions = add_counts(redactions, %s), ended_at = CASE WHEN %s THEN now() END "
                "WHERE rules_version = %s AND place = %s",
                (Jsonb(after), rows, len(changed), Jsonb(counts), is_done, self._rules, place),
            )

    def _one(self, query: str) -> int:
        row = self._connection.execute(query.encode()).fetchone()
        return row[0] if row else 0


def _update(table: Texts) -> str:
    """The statement that writes a row back."""
    if table.name == "session_files":
        return load("rescan_session_file")
    if table.name == "contexts":
        return load("rescan_context")
    sets = ", ".join(
        [f"{name} = %({name})s" for name in table.columns] + [f"{name} = %({name})s::jsonb" for name in table.documents]
    )
    where = " AND ".join(f"{name} = %(old_{name})s" for name in table.key)
    return f"UPDATE {table.name} SET {sets} WHERE {where}"  # noqa: S608 our own names
