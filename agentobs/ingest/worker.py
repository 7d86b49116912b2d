"""A worker: reads a source to its end, committing piece by piece; parsing runs ahead of the commit."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec
import psycopg

from agentobs.adapters._base import Adapter
from agentobs.errors import AgentobsError, FenceError, SourceError
from agentobs.ingest import documents, tail
from agentobs.ingest.commit import BatchBuilder, Origin
from agentobs.ingest.content import Keeper
from agentobs.ingest.contexts import Contexts
from agentobs.ingest.projects import Projects
from agentobs.ingest.reading import Reader
from agentobs.redaction import Redactor
from agentobs.store import engine, migrate, sources, writer
from agentobs.store.batch import Batch, Committed, Part
from agentobs.store.rows import RowEncoder
from agentobs.store.sources import Source


class Progress(msgspec.Struct):
    """What one commit moved; given to whoever watches."""

    path: str
    bytes_read: int
    events: int
    stored: int
    rejected: int


class Outcome(msgspec.Struct):
    """What reading one source to its end did."""

    path: str
    records: int = 0
    events: int = 0
    stored: int = 0
    copies: int = 0
    conflicts: int = 0
    rejected: int = 0
    redactions: int = 0
    error: str | None = None


def ignore(_: Progress) -> None:
    """Watch nothing."""


class Worker:
    """One connection that writes. Not for two threads at once."""

    def __init__(
        self,
        url: str,
        redactor: Redactor | None,
        *,
        project: str | None = None,
        machine: str | None = None,
        keeper: Keeper | None = None,
        retry_s: float = 60.0,
        silence_s: float = engine.SILENCE_S,
        watch: Callable[[Progress], None] = ignore,
    ) -> None:
        self._url = url
        self._redactor = redactor
        self._project = project
        self._machine = machine
        self._keeper = keeper
        self._retry_s = retry_s
        self._silence_s = silence_s  # of the database, before it is asked whether it is at work
        self._watch = watch
        self._encoder = RowEncoder()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="agentobs-commit")
        self._connection: psycopg.Connection | None = None
        self.stop = False  # set by a signal's handler: the worker ends after the piece in hand

    def close(self) -> None:
        """Close the connection; what is committed stays."""
        self._pool.shutdown(cancel_futures=True)
        self._drop_connection()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connection(self) -> psycopg.Connection:
        """The worker's connection, opened and prepared when it is first needed."""
        if self._connection is None or self._connection.closed:
            self._connection = engine.connect(self._url, silence_s=self._silence_s)
            with engine.translated():
                migrate.migrate(self._connection)
                writer.prepare(self._connection)
                self._numbers = writer.batch_numbers(self._connection)
        return self._connection

    def ingest(self, path: Path, adapter: Adapter, *, final: bool = True) -> Outcome:
        """Read one file from where it was left to its end."""
        return self.ingest_all([(path, adapter)], final=final)[0]

    def ingest_all(self, files: Sequence[tuple[Path, Adapter]], *, final: bool = True) -> list[Outcome]:
        """Read files from where they were left to their ends; small ones share transactions.

        Errors of a file are in its outcome; the database's raise. When a fence fails or the database goes away, all are
        looked up again and read on from where they are by then, until that has failed for `retry_s`.
        """
        outcomes = [Outcome(str(path)) for path, _ in files]
        stood, deadline, pause = -1, 0.0, 0.05
        while True:
            try:
                self._pass(files, outcomes, final=final)
            except AgentobsError as error:
                if stood != (records := sum(outcome.records for outcome in outcomes)):  # it went on meanwhile
                    stood, deadline, pause = records, time.monotonic() + self._retry_s, 0.05
                if not error.retryable or time.monotonic() >= deadline or self.stop:
                    raise
                if not isinstance(error, FenceError):
                    self._drop_connection()
                    time.sleep(pause)
                    pause = min(pause * 2, 2.0)
            else:
                return outcomes

    def _pass(self, files: Sequence[tuple[Path, Adapter]], outcomes: Sequence[Outcome], *, final: bool) -> None:
        with ExitStack() as stack:
            opened: dict[sources.Key, Opened] = {}
            for (path, adapter), outcome in zip(files, outcomes, strict=True):
                outcome.error = None
                try:
                    one = Opened(stack.enter_context(tail.open_regular(path)), path, adapter, outcome)
                except (SourceError, OSError) as error:
                    outcome.error = str(error)
                else:
                    if opened.setdefault(one.key, one) is not one:
                        outcome.error = f"another name of {opened[one.key].path}"
            with engine.translated():
                found = identify(self.connection, list(opened.values()))
            with Committer(self.connection, self._pool, self._settled) as committer:
                builder = BatchBuilder(self._encoder, self._numbers, self._keeper)
                for one, source in zip(opened.values(), found, strict=True):
                    if one.outcome.error is None:
                        try:
                            self._read(one, source, builder, committer, final=final)
                        except SourceError as error:  # what could be read of it is kept
                            one.outcome.error = str(error)
                    if self.stop:
                        break
                committer.commit(builder.take())

    def _read(
        self, one: "Opened", source: Source, builder: BatchBuilder, committer: "Committer", *, final: bool
    ) -> None:
        redactor = self._redactor
        if self._keeper is not None:
            redactor = self._keeper.redactor_for(one.adapter, one.file.fd, one.path, source.memory, self._project)
        reader = Reader(one.adapter, redactor, source.memory, one.path)
        contexts = Contexts(Projects(reader.memory.directories, self._project), self._machine)
        origin = Origin(source, one.file.size_bytes, contexts, is_redacted=redactor is not None)
        committer.outcomes[source.source_id] = one.outcome
        for piece in reader.read(one.file.fd, source.position, final=final, found=one.found):
            if not builder.fits(origin, piece):
                committer.commit(builder.take())
            builder.add(origin, piece)
            if self.stop:
                return

    def _settled(self, part: Part, committed: Committed, outcome: Outcome) -> None:
        rejected = len(part.rejects) + committed.conflicts + committed.refused
        outcome.records += part.counts.records
        outcome.events += part.events
        outcome.stored += committed.stored
        outcome.copies += committed.copies
        outcome.conflicts += committed.conflicts
        outcome.rejected += rejected
        outcome.redactions += part.counts.redactions.total()
        size = part.step.new_offset - part.step.expected_offset
        self._watch(Progress(outcome.path, size, part.events, committed.stored, rejected))

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Opened(msgspec.Struct):
    """A file of a pass over many."""

    file: tail.OpenFile
    path: Path
    adapter: Adapter
    outcome: Outcome
    found: documents.Content | None = None  # in a database that has changed: it is dear to take twice

    @property
    def key(self) -> sources.Key:
        """Who the file is, as the store keeps it."""
        return _signed(self.file.device), _signed(self.file.inode)


class Committer:
    """Commits one batch in a thread while the next is parsed; what one source read and stored goes to its outcome."""

    def __init__(
        self,
        connection: psycopg.Connection,
        pool: ThreadPoolExecutor,
        settled: Callable[[Part, Committed, Outcome], None],
        took: Callable[[float], object] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._pool = pool
        self._settled = settled
        self._took = took  # seconds of a batch that was committed
        self._pending: tuple[Future[dict[int, Committed]], Batch] | None = None
        self.outcomes: dict[int, Outcome] = {}

    def commit(self, batch: Batch | None) -> None:
        """Wait for the batch before, then hand this one over."""
        self._settle()
        if batch is not None:
            self._pending = (self._pool.submit(self._commit, batch), batch)

    def _commit(self, batch: Batch) -> dict[int, Committed]:
        began = time.perf_counter()
        committed = writer.commit_batch(self._connection, batch)
        self._took(time.perf_counter() - began)
        return committed

    def _settle(self) -> None:
        if self._pending is not None:
            (future, batch), self._pending = self._pending, None
            committed = future.result()
            for part in batch.parts:
                source_id = part.step.source_id
                self._settled(part, committed[source_id], self.outcomes[source_id])

    def __enter__(self) -> "Committer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the commit in hand before anything else uses the connection; an error on the way here comes first."""
        if kind is None:
            self._settle()
        elif self._pending is not None:
            with suppress(AgentobsError):
                self._pending[0].result()


def identify(connection: psycopg.Connection, opened: Sequence[Opened]) -> list[Source]:
    """Return the source that each open file is, as a new generation where it is not what was read before.

    A file is the same while its device and inode are, its first line, and the 4 KiB before what was read.
    """
    keys = [one.key for one in opened]
    known = sources.find(connection, keys)
    new: list[sources.New] = []
    for key, one in zip(keys, opened, strict=True):
        source = known.get(key)
        if source is None or source.adapter != one.adapter.name or not _unchanged_or_later(source, one):
            generation = 0 if source is None else source.generation + 1
            new.append(sources.New(one.adapter.name, one.adapter.version, str(one.path), *key, generation))
        elif source.path != str(one.path):
            sources.rename(connection, source.source_id, str(one.path))
    if new:
        sources.add(connection, new)
        known |= sources.find(connection, [(one.device, one.inode) for one in new])
    return [known[key] for key in keys]


def _unchanged_or_later(source: Source, one: Opened) -> bool:
    """Tell whether a source is what was read before; one that cannot be read now is left as it is, and says why."""
    try:
        return _unchanged(source, one)
    except SourceError as error:
        one.outcome.error = str(error)
        return True


def _unchanged(source: Source, one: Opened) -> bool:
    file = one.file
    if one.adapter.whole and source.position > 0:  # rewritten whole: the head's hash is that of all of it
        now = documents.content(one.adapter, file.fd, one.path)
        is_same = source.head_hash == tail.hash_head(now.data, whole=True)
        one.found = now if one.adapter.tables is not None and not is_same else None
        return is_same
    size = os.fstat(file.fd).st_size
    if size < source.position:
        return False
    if source.head_hash is not None and tail.head_hash(file.fd) != source.head_hash and source.position > 0:
        return False
    return source.tail_hash is None or tail.hash_bytes(tail.last_bytes(file.fd, source.position)) == source.tail_hash


def _signed(number: int) -> int:
    """Inode numbers may use all 64 bits; the column is signed."""
    return number - (1 << 64) if number >= 1 << 63 else number
