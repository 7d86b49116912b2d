"""The drain: from the spool into the database, frame after frame, as any worker does from a file.

The whole spool is one source, its position an address; the compare-and-set of every commit fences a second drain. A
segment is removed when what is committed lies behind it; the last one stays, its name says where addresses go on.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Self

import msgspec

from agentobs.adapters._base import Adapter
from agentobs.errors import AgentobsError, FenceError
from agentobs.ingest._segments import segments_in
from agentobs.ingest._spool_reader import SpoolReader
from agentobs.ingest._tenants import SpoolContexts
from agentobs.ingest.backfill import Job, adapters, keeper_of
from agentobs.ingest.commit import BatchBuilder, Origin
from agentobs.ingest.durations import Durations
from agentobs.ingest.spool import spool_id
from agentobs.ingest.worker import Committer, Outcome, Progress, Worker, ignore
from agentobs.store import engine, sources
from agentobs.store.batch import Batch, Committed, Part
from agentobs.store.sources import Source

NAME = "spool"
_LOOK_S = 0.01
_MOST_PAUSE_S = 2.0
_TURN_S = 0.0005


class Reached(msgspec.Struct):
    """Where a drain stands, as it tells those who ask: by addresses of the spool."""

    position: int
    end: int
    waiting: str | None = None  # why the database keeps it waiting
    batches: Durations | None = None  # of its transactions, since the process began


class _Reading(msgspec.Struct):
    """The spool as it is being read: kept from pass to pass, made anew after an error."""

    reader: SpoolReader
    origin: Origin
    contexts: SpoolContexts
    position: int


class Drainer(Worker):
    """A worker whose source is a spool. `stop` ends it after the piece in hand, `finish` when nothing is left."""

    def __init__(
        self,
        job: Job,
        folder: Path,
        *,
        known: Mapping[str, Adapter] | None = None,
        silence_s: float = engine.SILENCE_S,
        watch: Callable[[Progress], None] = ignore,
    ) -> None:
        keeper = keeper_of(job)
        redactor = keeper.redactor
        super().__init__(
            job.url, redactor, project=job.project, machine=job.machine, keeper=keeper, silence_s=silence_s, watch=watch
        )
        self._folder = folder
        self._known = adapters(job.mappings) if known is None else known
        self._own_redactor = redactor
        self._builder_keeper = keeper
        self._reading: _Reading | None = None
        self._committed = 0  # address up to which all is committed
        self._took = Durations()
        self._reached: Callable[[Reached], None] = _nobody
        self.finish = False

    def __enter__(self) -> Self:
        return self

    def run(self, waiting: Callable[[AgentobsError], None], reached: Callable[[Reached], None]) -> bool:
        """Drain until stopped, or finished; tell which: finished is True, and then nothing is left.

        The database's absence is waited for. Raises what waiting cannot cure.
        """
        self._reached = reached
        with _short_turns():
            return self._run(waiting, reached)

    def _run(self, waiting: Callable[[AgentobsError], None], reached: Callable[[Reached], None]) -> bool:
        pause = 0.05
        while not self.stop:
            finishing = self.finish  # asked before: what was accepted by then is drained
            try:
                outcome = self.drain()
            except AgentobsError as error:
                if not error.retryable:
                    raise
                self._reading = None
                if isinstance(error, FenceError):
                    continue
                self._drop_connection()
                waiting(error)
                reached(self._stand(str(error)))
                time.sleep(pause)
                pause = min(pause * 2, _MOST_PAUSE_S)
                continue
            pause = 0.05
            reached(self._stand())
            if outcome.records == 0:
                if finishing:
                    return True
                time.sleep(_LOOK_S)
        return False

    def drain(self) -> Outcome:
        """Read what is there to its end, commit it, and remove what is done; return what was read.

        Raises FenceError when another drain was here, DatabaseUnavailable when the database is away.
        """
        try:
            outcome = self._drain()
        except BaseException:
            self._reading = None
            raise
        self._remove()
        return outcome

    def _drain(self) -> Outcome:
        connection = self.connection
        reading = self._reading or self._resume()
        outcome = Outcome(str(self._folder))
        with Committer(connection, self._pool, self._settled, self._took.add) as committer:
            committer.outcomes[reading.origin.source.source_id] = outcome
            builder = BatchBuilder(self._encoder, self._numbers, self._builder_keeper)
            began = None
            while reading.position != began:  # what came during a commit is parsed during it
                began, reading.origin.size_bytes = reading.position, self._end()
                for piece in reading.reader.read(began):
                    self._hand_over(committer, builder.take())
                    reading.contexts.take(reading.reader.projects)
                    builder.add(reading.origin, piece)
                    reading.position = piece.end
                    if self.stop:
                        break
                self._hand_over(committer, builder.take())
                if self.stop:
                    break
        self._reading = reading
        return outcome

    def _hand_over(self, committer: Committer, batch: Batch | None) -> None:
        """Commit a batch while the next is parsed; what the one before stored is told and removed meanwhile."""
        before = self._committed
        committer.commit(batch)
        if self._committed != before:
            self._reached(self._stand())
            self._remove()

    def _resume(self) -> _Reading:
        with engine.translated():
            source = self._source()
        self._committed = source.position
        reader = SpoolReader(self._folder, self._known, self._own_redactor, source.memory)
        contexts = SpoolContexts(reader.memory.directories, self._project, None)
        return _Reading(reader, Origin(source, source.size_bytes, contexts), contexts, source.position)

    def _source(self) -> Source:
        key, path = (0, spool_id(self._folder)), str(self._folder)
        found = sources.find(self.connection, [key])
        if key not in found:
            sources.add(self.connection, [sources.New(NAME, 1, path, *key, 0)])
            found = sources.find(self.connection, [key])
        source = found[key]
        if source.path != path:
            sources.rename(self.connection, source.source_id, path)
        return source

    def _settled(self, part: Part, committed: Committed, outcome: Outcome) -> None:
        super()._settled(part, committed, outcome)
        self._committed = part.step.new_offset

    def _stand(self, waiting: str | None = None) -> Reached:
        return Reached(self._committed, self._end(), waiting, self._took)

    def _end(self) -> int:
        """The address where the spool ends now."""
        segments = segments_in(self._folder)
        return segments[-1].base + segments[-1].path.stat().st_size if segments else 0

    def _remove(self) -> None:
        """Remove the segments that are committed as a whole, but for the last."""
        segments = segments_in(self._folder)
        for segment, following in pairwise(segments):
            if self._committed < following.base and self._committed < segment.base + segment.path.stat().st_size:
                return
            segment.path.unlink(missing_ok=True)


def _nobody(_: Reached) -> None:
    """Tell nobody."""


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let threads change often: a commit is many short questions, and after each it would wait for the parser."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
