"""Rows of `staged` in PostgreSQL's binary COPY format: the hot path between an event and the wire.

Most values of a batch repeat (types, models, sessions), so their encoded form is remembered; the rest is packed.
"""

from collections.abc import Callable
from struct import Struct

import msgspec

from agentobs.events import Event, Usage, clean_text
from agentobs.store import raw

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
_EPOCH_2000 = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01

COLUMNS = (
    "ts id seq context_id kind_id source_id source_offset batch_id digest part ord owner_ts session_id "
    "tool_call_id usage_key parent_event_id record_event_id file_path summary data raw "
    "input_tokens output_tokens cache_read_tokens cache_write_5m_tokens cache_write_1h_tokens reasoning_tokens "
    "web_search_requests cost_pico_usd reported_cost_usd request_id "
    "duration_ms exit_code lines_added lines_removed file_size_bytes commit tags"
).split()
COPY = f"COPY staged ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"

_FIXED = Struct("!h iq i16s iq iq iq iq iq iq iq ih ii iq".replace(" ", ""))
_LENGTH = Struct("!i").pack
_INT = Struct("!iq").pack
_FLOAT = Struct("!id").pack
_NO_USAGE = NULL * 10
_NO_OUTCOME = NULL * 7
_COLUMN_COUNT = len(COLUMNS)


class _Texts(dict[str | None, bytes]):
    """Encoded forms of texts that repeat."""

    def __missing__(self, text: str | None) -> bytes:
        if len(self) > 50_000:
            self.clear()
        value = self[text] = encode_text(text)
        return value


def encode_text(text: str | None) -> bytes:
    """Return a text field: its length, then UTF-8; what PostgreSQL refuses (NUL, lone surrogates) becomes U+FFFD."""
    if text is None:
        return NULL
    try:
        value = text.encode()
    except UnicodeEncodeError:
        value = clean_text(text).encode()
    if b"\0" in value:
        value = clean_text(text).encode()
    return _LENGTH(len(value)) + value


def _int(number: int | None) -> bytes:
    return NULL if number is None else _INT(8, number)


def _float(number: float | None) -> bytes:
    return NULL if number is None else _FLOAT(8, number)


class RowEncoder:
    """Encodes events as rows of `staged`; keeps what it has encoded before. For one thread at a time."""

    def __init__(self) -> None:
        self._texts = _Texts()
        self._compressors: dict[str, Callable[[bytes], bytes]] = {}

    def row(self, event: Event, place: "Place", order: int) -> bytes:
        """Return the row of one event; `order` is its number in the batch."""
        texts = self._texts
        fixed = _FIXED.pack(
            _COLUMN_COUNT, 8, event.ts - _EPOCH_2000, 16, event.id, 8, event.seq, 8, place.context_id, 8, place.kind_id,
            8, place.source_id, 8, event.offset, 8, place.batch_id, 8, event.digest, 2, event.part, 4, order,
            8, place.owner_ts - _EPOCH_2000,
        )  # fmt: skip
        parent, data, record, whole = event.parent_event_id, event.data, event.raw, place.record_event_id
        if record is not None:
            record = self._compressor(event.agent)(record)
        return b"".join((
            fixed, texts[event.session_id],
            NULL if event.tool_call_id is None else encode_text(event.tool_call_id),
            NULL if event.usage_key is None else encode_text(event.usage_key),
            NULL if parent is None else b"\0\0\0\x10" + parent,
            NULL if whole is None else b"\0\0\0\x10" + whole,
            texts[event.file_path],
            NULL if event.summary is None else encode_text(event.summary),
            NULL if data is None else _LENGTH(len(data) + 1) + b"\x01" + data,
            NULL if record is None else _LENGTH(len(record)) + record,
            _NO_USAGE if event.usage is None else _usage(event.usage, event, place.cost_pico_usd),
            self._outcome(event),
        ))  # fmt: skip

    def _compressor(self, agent: str) -> Callable[[bytes], bytes]:
        compress = self._compressors.get(agent)
        if compress is None:
            compress = self._compressors[agent] = raw.compressor(agent)
        return compress

    def _outcome(self, event: Event) -> bytes:
        if (
            event.duration_ms is None and event.exit_code is None and event.lines_added is None
            and event.lines_removed is None and event.file_size_bytes is None and event.commit is None
            and not event.tags
        ):  # fmt: skip
            return _NO_OUTCOME
        tags = b"\x01" + msgspec.json.encode(event.tags) if event.tags else None
        return b"".join((
            _float(event.duration_ms), _int(event.exit_code), _int(event.lines_added), _int(event.lines_removed),
            _int(event.file_size_bytes), encode_text(event.commit),
            NULL if tags is None else _LENGTH(len(tags)) + tags,
        ))  # fmt: skip


class Place(msgspec.Struct):
    """Where an event goes: the keys of its row. One object serves a whole batch; the encoder only reads it."""

    source_id: int
    batch_id: int
    owner_ts: int  # the first time of the source; a microsecond later for a stamped copy, which yields to its original
    context_id: int = 0
    kind_id: int = 0
    cost_pico_usd: int | None = None
    record_event_id: bytes | None = None  # the event that has the raw record, where its time or session is another


def _usage(usage: Usage, event: Event, cost_pico_usd: int | None) -> bytes:
    return b"".join((
        _int(usage.input_tokens), _int(usage.output_tokens), _int(usage.cache_read_tokens),
        _int(usage.cache_write_5m_tokens), _int(usage.cache_write_1h_tokens), _int(usage.reasoning_tokens),
        _int(usage.web_search_requests), _int(cost_pico_usd), _float(event.reported_cost_usd),
        NULL if event.request_id is None else encode_text(event.request_id),
    ))  # fmt: skip
