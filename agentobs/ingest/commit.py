"""From a piece of events to the batch that the store commits: contexts, prices, encoded rows."""

from collections.abc import Iterator

import msgspec

from agentobs import pricing
from agentobs.events import SENTINEL, Event, source_key
from agentobs.ingest import tail
from agentobs.ingest.projects import Projects
from agentobs.ingest.reading import Piece
from agentobs.store.batch import Batch, DimensionRow, Step
from agentobs.store.rows import Place, RowEncoder, encode_text
from agentobs.store.sources import Source


def price(event: Event) -> int | None:
    """Return what an event's usage costs in 1e-12 USD by the prices of its day; None: no usage, or no known price."""
    return None if event.usage is None else pricing.cost_pico_usd(event.model, event.ts, event.usage, event.provider)


def kind_of(event: Event, *, priced: bool) -> tuple[object, ...]:
    """Return the columns of `kinds` in their order."""
    usage = event.usage
    return (
        event.type, event.severity, event.status, event.role, event.native_type, event.ts_quality, event.is_copy,
        event.sanitised, event.tool_name, event.call_type, event.model, event.provider, event.basis,
        None if usage is None else usage.service_tier, None if usage is None else usage.speed,
        None if usage is None else usage.inference_geo, pricing.PRICES_VERSION if priced else None,
    )  # fmt: skip


class BatchBuilder:
    """Makes the batches of one source; remembers the contexts that its connection has already stored."""

    def __init__(self, source: Source, encoder: RowEncoder, numbers: Iterator[int], machine: str | None) -> None:
        self._source = source
        self._encoder = encoder
        self._numbers = numbers
        self._machine = machine
        self._contexts: dict[tuple[object, ...], DimensionRow] = {}
        self._kinds: dict[tuple[object, ...], DimensionRow] = {}

    def build(self, piece: Piece, fd: int, size_bytes: int, project: str | None) -> Batch:
        """Return the batch of a piece: its rows are encoded, its step leads to the piece's end."""
        memory = piece.memory
        projects = Projects(memory.directories, project)
        batch_id = next(self._numbers)
        contexts: dict[int, DimensionRow] = {}
        kinds: dict[int, DimensionRow] = {}
        place = Place(self._source.source_id, batch_id, SENTINEL if memory.first_ts is None else memory.first_ts)
        rows, encode = [], self._encoder.row
        for order, event in enumerate(piece.events):
            cost = place.cost_pico_usd = price(event)
            context, kind = self._context(event, projects), self._kind(event, cost)
            place.context_id, place.kind_id = context[0], kind[0]
            contexts[context[0]], kinds[kind[0]] = context, kind
            rows.append(encode(event, place, order))
        times = [event.ts for event in piece.events]
        return Batch(
            step=self._step(piece, fd, size_bytes),
            batch_id=batch_id,
            rows=rows,
            events=piece.events,
            contexts=contexts,
            kinds=kinds,
            rejects=piece.rejects,
            counts=piece.counts,
            first_ts=memory.first_ts,
            min_ts=min(times, default=None),
            max_ts=max(times, default=None),
        )

    def _kind(self, event: Event, cost: int | None) -> DimensionRow:
        columns = kind_of(event, priced=cost is not None)
        kind = self._kinds.get(columns)
        if kind is None:
            kind = self._kinds[columns] = _dimension(columns)
        return kind

    def _context(self, event: Event, projects: Projects) -> DimensionRow:
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
            context = self._contexts[key] = _dimension(columns)
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


def _dimension(columns: tuple[object, ...]) -> DimensionRow:
    """The row of a dimension: its key is a hash of what it holds; what the database refuses in texts is replaced."""
    clean = tuple(encode_text(column)[4:].decode() if isinstance(column, str) else column for column in columns)
    return (source_key(repr(clean)), *clean)
