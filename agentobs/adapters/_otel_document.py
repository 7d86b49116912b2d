"""A document of spans: each span is a record of its own, beside its own JSON, in the order of their start."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from agentobs.adapters._otel_logs import log_pieces
from agentobs.adapters._otel_records import Log, Span
from agentobs.adapters._otel_spans import Piece, span_pieces
from agentobs.adapters._otel_state import Memory
from agentobs.adapters._whole_document import encode, read_value
from agentobs.events import Item, Skip, clean_text

Fields = dict[str, Any]


class Found(NamedTuple):
    """A span or a log record of a document, and its own JSON."""

    record: Span | Log
    fields: Fields


def document_items(found: list[Found], originals: list[Found], *, sanitised: bool) -> Iterator[Item]:
    """Yield the events of a document's spans and log records; digests come from the document as it stands."""
    if len(originals) == len(found):
        for (record, _), (other, _) in zip(found, originals, strict=True):
            record.digest = other.digest
    memory = Memory()
    ordered = sorted(found, key=lambda each: _start(each.record))
    spans = [record for record, _ in ordered if isinstance(record, Span)]
    of_spans = iter(span_pieces(spans, memory))
    for place, (record, fields) in enumerate(ordered):
        reason, pieces = next(of_spans) if isinstance(record, Span) else log_pieces([record], memory)[0]
        if not pieces:
            yield Skip(place, reason)
        for event, _ in pieces:
            event.offset, event.sanitised = place, sanitised
            event.raw = encode(fields) if event.part == 0 else None
            yield event


def _start(record: Span | Log) -> int:
    return (record.start if isinstance(record, Span) else record.time) or 2**63


def content_of(raw: bytes, part: int, read: Callable[[Fields], Span | Log]) -> str | None:
    """Return the text of an event of a record, which `read` makes of its JSON."""
    found = read_value(raw)
    if isinstance(found, str) or not isinstance(found[0], dict):
        return None
    record = read(found[0])
    pieces: list[Piece]
    if isinstance(record, Span):
        record.trace_id = record.trace_id or "0"
        ((_, pieces),) = span_pieces([record], Memory())
    else:
        record.trace_id = record.trace_id or "0"
        ((_, pieces),) = log_pieces([record], Memory())
    text = next((piece.text for piece in pieces if piece.event.part == part), None)
    return clean_text(text) if text else None
