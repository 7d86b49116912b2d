"""From a piece of events to the batch that the store commits: contexts, prices, encoded rows."""

from collections.abc import Iterator

import msgspec

from agentobs import pricing
from agentobs.events import SENTINEL, Event
from agentobs.ingest.content import Keeper, Keeping
from agentobs.ingest.contexts import PROJECT, Contexts, Kinds
from agentobs.ingest.reading import MOST_EVENTS, MOST_WEEKS, Piece
from agentobs.store.batch import Batch, Part, Step
from agentobs.store.rows import Place, RowEncoder
from agentobs.store.sources import Source

MOST_PARTS = 500
_MOST_PICO_USD = 10**18  # a million dollars: no response costs that, its numbers are wrong


def price(event: Event) -> int | None:
    """Return what an event's usage costs in 1e-12 USD by the prices of its day; None: no usage, or no known price."""
    if event.usage is None:
        return None
    cost = pricing.cost_pico_usd(event.model, event.ts, event.usage, event.provider)
    return cost if cost is None or cost < _MOST_PICO_USD else None


class Origin(msgspec.Struct):
    """A source while it is read: what is known of it, and what its events share."""

    source: Source
    size_bytes: int
    contexts: Contexts
    is_redacted: bool = True  # its pieces come without secrets


class BatchBuilder:
    """Gathers pieces of sources into a batch: a large piece alone, small ones of many sources together."""

    def __init__(self, encoder: RowEncoder, numbers: Iterator[int], keeper: Keeper | None = None) -> None:
        self._encode = encoder.row
        self._keeper = keeper
        self._numbers = numbers
        self._kinds = Kinds()
        self._weeks: set[int] = set()
        self._batch = self._empty()

    def fits(self, origin: Origin, piece: Piece) -> bool:
        """Tell whether a piece may join what is gathered: each source once, not too many rows, sources and weeks."""
        batch = self._batch
        if not batch.parts:
            return True
        return (
            batch.parts[-1].step.source_id != origin.source.source_id
            and len(batch.parts) < MOST_PARTS
            and len(batch.rows) + len(piece.events) <= MOST_EVENTS
            and len(self._weeks | piece.weeks) <= MOST_WEEKS
        )

    def add(self, origin: Origin, piece: Piece) -> None:
        """Encode a piece and gather it; its reader's memory is saved as it is now."""
        batch, memory, source_id = self._batch, piece.memory, origin.source.source_id
        owner_ts = SENTINEL if memory.first_ts is None else memory.first_ts
        place = Place(source_id, batch.batch_id, owner_ts)
        keeping = self._keeping(origin, piece)
        records = {event.offset: event for event in piece.events if event.raw is not None}
        for event in piece.events:
            cost = place.cost_pico_usd = price(event)
            context, kind = origin.contexts.row(event), self._kinds.row(event, priced=cost is not None)
            place.context_id, place.kind_id = context[0], kind[0]
            place.owner_ts = owner_ts + event.is_forked
            place.record_event_id = _elsewhere(event, records) if event.raw is None else None
            if keeping is not None:
                keeping.event(event, context[PROJECT])
            batch.contexts[context[0]], batch.kinds[kind[0]] = context, kind
            batch.rows.append(self._encode(event, place, len(batch.rows)))
        batch.events.extend(piece.events)
        batch.sources.extend([source_id] * len(piece.events))
        self._weeks |= piece.weeks
        batch.parts.append(
            Part(
                step=_step(origin, piece),
                rejects=piece.rejects if keeping is None else keeping.rejects(piece.rejects),
                counts=piece.counts,
                events=len(piece.events),
                first_ts=memory.first_ts,
            )
        )

    def take(self) -> Batch | None:
        """Return what is gathered, and begin anew; None when there is nothing."""
        batch = self._batch
        if not batch.parts:
            return None
        times = [event.ts for event in batch.events]
        batch.min_ts, batch.max_ts = min(times, default=None), max(times, default=None)
        self._batch, self._weeks = self._empty(), set()
        return batch

    def _keeping(self, origin: Origin, piece: Piece) -> Keeping | None:
        if self._keeper is None:
            return None
        return self._keeper.piece(piece, origin.contexts.projects, is_redacted=origin.is_redacted)

    def _empty(self) -> Batch:
        return Batch(
            batch_id=next(self._numbers), parts=[], rows=[], events=[], sources=[], contexts={}, kinds={},
            min_ts=None, max_ts=None,
            rules_version=None if self._keeper is None else self._keeper.rules_version,
        )  # fmt: skip


def _elsewhere(event: Event, records: dict[int, Event]) -> bytes | None:
    """Return the id of the event that has the record of this one, unless its session and time tell where it is."""
    first = records.get(event.offset)
    if first is None or (first.ts == event.ts and first.session_id == event.session_id):
        return None
    return first.id


def _step(origin: Origin, piece: Piece) -> Step:
    return Step(
        source_id=origin.source.source_id,
        generation=origin.source.generation,
        content_version=origin.source.content_version,
        expected_offset=piece.start,
        new_offset=piece.end,
        size_bytes=origin.size_bytes,
        memory=msgspec.json.encode(piece.memory),
        head_hash=piece.head_hash,
        tail_hash=piece.tail_hash,
    )
