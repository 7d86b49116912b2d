"""A worker: reads a source to its end, committing piece by piece; parsing runs ahead of the commit."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec
import psycopg

from agentobs.adapters._base import Adapter
from agentobs.errors import AgentobsError, FenceError, SourceError
from agentobs.ingest import tail
from agentobs.ingest.commit import BatchBuilder
from agentobs.ingest.contexts import Contexts
from agentobs.ingest.projects import Projects
from agentobs.ingest.reading import Reader
from agentobs.redaction import Redactor
from agentobs.store import engine, migrate, sources, writer
from agentobs.store.batch import Batch, Committed
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
        retry_s: float = 60.0,
        watch: Callable[[Progress], None] = ignore,
    ) -> None:
        self._url = url
        self._redactor = redactor
        self._project = project
        self._machine = machine
        self._retry_s = retry_s
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
            self._connection = engine.connect(self._url)
            with engine.translated():
                migrate.migrate(self._connection)
                writer.prepare(self._connection)
                self._numbers = writer.batch_numbers(self._connection)
        return self._connection

    def ingest(self, path: Path, adapter: Adapter, *, final: bool = True) -> Outcome:
        """Read a file from where it was left to its end. Errors of the file are in the outcome; the database's raise.

        When a fence fails or the database goes away, it loads the source again and goes on, until `retry_s` is over.
        """
        outcome = Outcome(str(path))
        deadline, pause = time.monotonic() + self._retry_s, 0.05
        while True:
            try:
                self._open_and_read(path, adapter, outcome, final=final)
            except AgentobsError as error:
                if not error.retryable or time.monotonic() > deadline or self.stop:
                    raise
                if not isinstance(error, FenceError):
                    self._drop_connection()
                    time.sleep(pause)
                    pause = min(pause * 2, 2.0)
            else:
                return outcome

    def _open_and_read(self, path: Path, adapter: Adapter, outcome: Outcome, *, final: bool) -> None:
        try:
            with tail.open_regular(path) as file:
                self._read(file, path, adapter, outcome, final=final)
        except (SourceError, OSError) as error:
            outcome.error = str(error)

    def _read(self, file: tail.OpenFile, path: Path, adapter: Adapter, outcome: Outcome, *, final: bool) -> None:
        with engine.translated():
            source = identify(self.connection, file, path, adapter)
        reader = Reader(adapter, self._redactor, source.memory)
        contexts = Contexts(Projects(reader.memory.directories, self._project), self._machine)
        builder = BatchBuilder(source, self._encoder, self._numbers, contexts)
        pending: tuple[Future[Committed], Batch] | None = None
        try:
            for piece in reader.read(file.fd, source.position, final=final):
                batch = builder.build(piece, file.fd, file.size_bytes)
                if pending:
                    self._settle(pending, path, outcome)
                pending = (self._pool.submit(writer.commit_batch, self.connection, batch), batch)
                if self.stop:
                    break
            if pending:
                last, pending = pending, None
                self._settle(last, path, outcome)
        finally:
            if pending:  # an error while parsing: the commit in hand ends before anything else uses the connection
                with suppress(AgentobsError):
                    pending[0].result()

    def _settle(self, pending: tuple[Future[Committed], Batch], path: Path, outcome: Outcome) -> None:
        future, batch = pending
        committed = future.result()
        rejected = len(batch.rejects) + committed.conflicts + committed.refused
        outcome.records += batch.counts.records
        outcome.events += len(batch.rows)
        outcome.stored += committed.stored
        outcome.copies += committed.copies
        outcome.conflicts += committed.conflicts
        outcome.rejected += rejected
        outcome.redactions += batch.counts.redactions.total()
        step = batch.step
        self._watch(
            Progress(str(path), step.new_offset - step.expected_offset, len(batch.rows), committed.stored, rejected)
        )

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def identify(connection: psycopg.Connection, file: tail.OpenFile, path: Path, adapter: Adapter) -> Source:
    """Return the source that an open file is, as a new generation when it is not what was read before.

    A file is the same while its device and inode are, its first line, and the 4 KiB before what was read.
    """
    source = sources.find(connection, _signed(file.device), _signed(file.inode))
    if source is not None and _unchanged(source, file):
        if source.path != str(path):
            sources.rename(connection, source.source_id, str(path))
        if source.adapter == adapter.name:
            return source
    return sources.add(
        connection,
        adapter=adapter.name,
        adapter_version=adapter.version,
        path=str(path),
        device=_signed(file.device),
        inode=_signed(file.inode),
        generation=0 if source is None else source.generation + 1,
    )


def _unchanged(source: Source, file: tail.OpenFile) -> bool:
    size = os.fstat(file.fd).st_size
    if size < source.position:
        return False
    if source.head_hash is not None and tail.head_hash(file.fd) != source.head_hash and source.position > 0:
        return False
    return source.tail_hash is None or tail.tail_hash(file.fd, source.position) == source.tail_hash


def _signed(number: int) -> int:
    """Inode numbers may use all 64 bits; the column is signed."""
    return number - (1 << 64) if number >= 1 << 63 else number
