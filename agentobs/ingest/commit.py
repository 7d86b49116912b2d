"""From a piece of events to the batch that the store commits: contexts, prices, encoded rows."""

from collections.abc import Iterator

import msgspec

from agentobs import pricing
from agentobs.events import SENTINEL, Event, Usage, source_key
from agentobs.ingest import tail
from agentobs.ingest.projects import Projects
from agentobs.ingest.reading import Piece
from agentobs.store.batch import Batch, ContextRow, Step
from agentobs.store.rows import UNPRICED, Price, RowEncoder
from agentobs.store.sources import Source


def price(event: Event, usage: Usage) -> Price:
    """Return what a usage costs by the prices of its day; UNPRICED where no price is known."""
    cost = pricing.cost_pico_usd(event.model, event.ts, usage, event.provider)
    return UNPRICED if cost is None else Price(cost, pricing.PRICES_VERSION)


class BatchBuilder:
    """Makes the batches of one source; remembers the contexts that its connection has already stored."""

    def __init__(self, source: Source, encoder: RowEncoder, numbers: Iterator[int], machine: str | None) -> None:
        self._source = source
        self._encoder = encoder
        self._numbers = numbers
        self._machine = machine
        self._contexts: dict[tuple[object, ...], ContextRow] = {}

    def build(self, piece: Piece, fd: int, size_bytes: int, project: str | None) -> Batch:
        """Return the batch of a piece: its rows are encoded, its step leads to the piece's end."""
        memory = piece.memory
        projects = Projects(memory.directories, project)
        batch_id = next(self._numbers)
        contexts: dict[int, ContextRow] = {}
        owner = SENTINEL if memory.first_ts is None else memory.first_ts
        rows, source_id, encode = [], self._source.source_id, self._encoder.row
        for order, event in enumerate(piece.events):
            context = self._context(event, projects)
            contexts[context[0]] = context
            cost = UNPRICED if event.usage is None else price(event, event.usage)
            rows.append(encode(event, context[0], source_id, batch_id, order, owner, cost))
        times = [event.ts for event in piece.events]
        return Batch(
            step=self._step(piece, fd, size_bytes),
            batch_id=batch_id,
            rows=rows,
            events=piece.events,
            contexts=contexts,
            rejects=piece.rejects,
            counts=piece.counts,
            first_ts=memory.first_ts,
            min_ts=min(times, default=None),
            max_ts=max(times, default=None),
        )

    def _context(self, event: Event, projects: Projects) -> ContextRow:
        key = (
            event.session_id, event.working_directory, event.thread_id, event.branch, event.agent_version,
            event.is_sidechain, event.root_session_id, event.repository, event.machine, event.workspace,
        )  # fmt: skip
        context = self._contexts.get(key)
        if context is None:
            project, repository = projects.resolve(event.session_id, event.working_directory)
            columns = (
                event.agent, event.agent_version, project, event.root_session_id or event.session_id, event.thread_id,
                event.is_sidechain, event.working_directory, event.branch, event.repository or repository,
                event.machine or self._machine, event.workspace,
            )  # fmt: skip
            clean = tuple(column.replace("\0", "\ufffd") if isinstance(column, str) else column for column in columns)
            context = self._contexts[key] = (source_key(repr(clean)), *clean)
        return context

    def _step(self, piece: Piece, fd: int, size_bytes: int) -> Step:
        return Step(
            source_id=self._source.source_id,
            generation=self._source.generation,
            content_version=self._source.content_version,
            expected_offset=piece.start,
            new_offset=piece.end,
            size_bytes=size_bytes,
            memory=msgspec.json.encode(piece.memory),
            head_hash=tail.head_hash(fd) if piece.start == 0 else None,
            tail_hash=tail.tail_hash(fd, piece.end),
        )
