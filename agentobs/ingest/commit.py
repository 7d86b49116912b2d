"""From a piece of events to the batch that the store commits: contexts, prices, encoded rows."""

from collections.abc import Iterator

import msgspec

from agentobs import pricing
from agentobs.events import SENTINEL, Event
from agentobs.ingest import tail
from agentobs.ingest.contexts import Contexts, DimensionRow, Kinds
from agentobs.ingest.reading import Piece
from agentobs.store.batch import Batch, Step
from agentobs.store.rows import Place, RowEncoder
from agentobs.store.sources import Source


def price(event: Event) -> int | None:
    """Return what an event's usage costs in 1e-12 USD by the prices of its day; None: no usage, or no known price."""
    return None if event.usage is None else pricing.cost_pico_usd(event.model, event.ts, event.usage, event.provider)


class BatchBuilder:
    """Makes the batches of one source."""

    def __init__(self, source: Source, encoder: RowEncoder, numbers: Iterator[int], contexts: Contexts) -> None:
        self._source = source
        self._encoder = encoder
        self._numbers = numbers
        self._contexts = contexts
        self._kinds = Kinds()

    def build(self, piece: Piece, fd: int, size_bytes: int) -> Batch:
        """Return the batch of a piece: its rows are encoded, its step leads to the piece's end."""
        memory = piece.memory
        batch_id = next(self._numbers)
        contexts: dict[int, DimensionRow] = {}
        kinds: dict[int, DimensionRow] = {}
        place = Place(self._source.source_id, batch_id, SENTINEL if memory.first_ts is None else memory.first_ts)
        rows, encode = [], self._encoder.row
        for order, event in enumerate(piece.events):
            cost = place.cost_pico_usd = price(event)
            context, kind = self._contexts.row(event), self._kinds.row(event, priced=cost is not None)
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
