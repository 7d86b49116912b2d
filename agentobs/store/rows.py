"""Rows of `staged` in PostgreSQL's binary COPY format: the hot path between an event and the wire.

Most values of a batch repeat (types, models, sessions), so their encoded form is remembered; the rest is packed.
"""

import re
from struct import Struct

import msgspec
import zstandard

from agentobs.events import Event, Usage

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
_EPOCH_2000 = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01

COLUMNS = (
    "ts id seq context_id source_id source_offset batch_id digest part is_copy sanitised ord owner_ts "
    "session_id ts_quality type severity status role native_type tool_name call_type model provider "
    "tool_call_id usage_key parent_event_id file_path summary data raw "
    "basis service_tier speed inference_geo price_version request_id "
    "input_tokens output_tokens cache_read_tokens cache_write_5m_tokens cache_write_1h_tokens reasoning_tokens "
    "web_search_requests cost_pico_usd reported_cost_usd "
    "duration_ms exit_code lines_added lines_removed file_size_bytes commit tags"
).split()
COPY = f"COPY staged ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"

_FIXED = Struct("!h iq i16s iq iq iq iq iq iq ih ic ic ii iq".replace(" ", ""))
_SURROGATES = re.compile("[\ud800-\udfff]")
_LENGTH = Struct("!i").pack
_INT = Struct("!iq").pack
_FLOAT = Struct("!id").pack
_TRUE, _FALSE = b"\x01", b"\x00"
_NO_USAGE = NULL * 15
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
        value = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text).encode()
    if b"\0" in value:
        value = value.replace(b"\0", "\N{REPLACEMENT CHARACTER}".encode())
    return _LENGTH(len(value)) + value


def _int(number: int | None) -> bytes:
    return NULL if number is None else _INT(8, number)


def _float(number: float | None) -> bytes:
    return NULL if number is None else _FLOAT(8, number)


class RowEncoder:
    """Encodes events as rows of `staged`; keeps what it has encoded before."""

    def __init__(self) -> None:
        self._texts = _Texts()
        self._compress = zstandard.ZstdCompressor(level=3, write_content_size=True).compress

    def row(
        self, event: Event, context_id: int, source_id: int, batch_id: int, ord_: int, owner_ts: int, price: "Price"
    ) -> bytes:
        """Return one row; `owner_ts` is the first time of the event's source, `price` what its usage costs."""
        texts = self._texts
        fixed = _FIXED.pack(
            _COLUMN_COUNT, 8, event.ts - _EPOCH_2000, 16, event.id, 8, event.seq, 8, context_id, 8, source_id,
            8, event.offset, 8, batch_id, 8, event.digest, 2, event.part,
            1, _TRUE if event.is_copy else _FALSE, 1, _TRUE if event.sanitised else _FALSE,
            4, ord_, 8, owner_ts - _EPOCH_2000,
        )  # fmt: skip
        parent, data, raw = event.parent_event_id, event.data, event.raw
        if raw is not None:
            raw = self._compress(raw)
        return b"".join((
            fixed, texts[event.session_id], texts[event.ts_quality], texts[event.type], texts[event.severity],
            texts[event.status], texts[event.role], texts[event.native_type], texts[event.tool_name],
            texts[event.call_type], texts[event.model], texts[event.provider],
            NULL if event.tool_call_id is None else encode_text(event.tool_call_id),
            NULL if event.usage_key is None else encode_text(event.usage_key),
            NULL if parent is None else b"\0\0\0\x10" + parent,
            texts[event.file_path],
            NULL if event.summary is None else encode_text(event.summary),
            NULL if data is None else _LENGTH(len(data) + 1) + b"\x01" + data,
            NULL if raw is None else _LENGTH(len(raw)) + raw,
            _NO_USAGE if event.usage is None else self._usage(event, event.usage, price),
            self._outcome(event),
        ))  # fmt: skip

    def _usage(self, event: Event, usage: Usage, price: "Price") -> bytes:
        texts = self._texts
        return b"".join((
            texts[event.basis], texts[usage.service_tier], texts[usage.speed], texts[usage.inference_geo],
            texts[price.version], encode_text(event.request_id),
            _int(usage.input_tokens), _int(usage.output_tokens), _int(usage.cache_read_tokens),
            _int(usage.cache_write_5m_tokens), _int(usage.cache_write_1h_tokens), _int(usage.reasoning_tokens),
            _int(usage.web_search_requests), _int(price.pico_usd), _float(event.reported_cost_usd),
        ))  # fmt: skip

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


class Price(msgspec.Struct, frozen=True):
    """What a usage costs in 1e-12 USD, and by which prices; None: no known price."""

    pico_usd: int | None = None
    version: str | None = None


UNPRICED = Price()
