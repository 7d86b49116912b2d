"""Session files as columns: each file read, redacted and parsed once, its raw records kept compressed."""

from collections import Counter
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import zstandard

from agentobs import pricing
from agentobs.analysis.derive import RECORDS
from agentobs.errors import SourceError
from agentobs.events import SENTINEL, Event, clean_text
from agentobs.ingest import tail
from agentobs.ingest.commit import price
from agentobs.ingest.contexts import CONTEXT, Contexts
from agentobs.ingest.discover import Found
from agentobs.ingest.projects import Projects
from agentobs.ingest.reading import Piece, Reader
from agentobs.redaction import Redactor

_TYPES = {
    "time": pa.timestamp("us"),
    "str": pa.large_string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
}
SCHEMA = pa.schema([(column.name, _TYPES[column.kind]) for column in RECORDS.columns])

_PLAIN = tuple(
    "ts ts_quality type severity status role session_id is_copy seq native_type tool_name tool_call_id call_type model "
    "usage_key duration_ms exit_code lines_added lines_removed file_size_bytes file_path commit sanitised summary part "
    "digest provider".split()
)  # columns that are fields of the event
_USAGE = tuple(
    "input_tokens output_tokens cache_read_tokens cache_write_5m_tokens cache_write_1h_tokens reasoning_tokens "
    "web_search_requests service_tier speed inference_geo".split()
)
_PRICED = (*_USAGE, "basis", "reported_cost_usd", "cost_pico_usd", "price_version")
_plain = attrgetter(*_PLAIN)
_usage = attrgetter(*_USAGE)
_BLOCK = 256 * 1024
_UUID_TEXT = np.array([i for i in range(36) if i not in {8, 13, 18, 23}])  # where a uuid's text has digits


class RawRecords:
    """The redacted records of one file, in compressed blocks; looked up by their offset."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._open: list[bytes] = []
        self._open_bytes = 0
        self._places: dict[int, tuple[int, int, int]] = {}
        self._compress = zstandard.ZstdCompressor(level=1).compress

    def add(self, offset: int, raw: bytes) -> None:
        """Keep a record."""
        self._places[offset] = (len(self._blocks), self._open_bytes, len(raw))
        self._open.append(raw)
        self._open_bytes += len(raw)
        if self._open_bytes >= _BLOCK:
            self.close()

    def close(self) -> None:
        """Compress what is still open."""
        if self._open:
            self._blocks.append(self._compress(b"".join(self._open)))
            self._open, self._open_bytes = [], 0

    def find(self, offsets: list[int]) -> Iterator[bytes | None]:
        """Yield the record at each offset, None where none is; offsets in order open each block once."""
        decompress = zstandard.ZstdDecompressor().decompress
        current, text = -1, b""
        for offset in offsets:
            place = self._places.get(offset)
            if place is None:
                yield None
                continue
            block, start, length = place
            if block != current:
                current, text = block, decompress(self._blocks[block], max_output_size=1 << 30)
            yield text[start : start + length]


class FileRows(msgspec.Struct):
    """What one file holds: rows of RECORDS (source_id is given when files come together), and what was counted."""

    path: str
    agent: str
    rows: pa.Table
    raw: RawRecords
    records: int = 0
    event_records: int = 0
    rejects: Counter[str] = msgspec.field(default_factory=Counter)
    skips: Counter[str] = msgspec.field(default_factory=Counter)
    unknowns: Counter[str] = msgspec.field(default_factory=Counter)
    redactions: Counter[str] = msgspec.field(default_factory=Counter)
    physical: Counter[str] = msgspec.field(default_factory=Counter)
    error: str | None = None


def read(found: Found, redactor: Redactor, project: str | None, watch: Callable[[int], object]) -> FileRows:
    """Return everything of one file; `watch` hears of the bytes that were read. An unreadable file has an error."""
    made = FileRows(str(found.path), found.adapter.name, SCHEMA.empty_table(), RawRecords())
    reader, batches = Reader(found.adapter, redactor, None), []
    columns = _Columns(Contexts(Projects(reader.memory.directories, project), None))
    try:
        with tail.open_regular(found.path) as file:
            for piece in reader.read(file.fd, 0, final=True):
                _count(made, piece)
                if piece.events:
                    batches.append(columns.table(piece, made.raw))
                watch(piece.end - piece.start)
    except (SourceError, OSError) as error:
        made.error = str(error)
    made.raw.close()
    if batches:
        made.rows = pa.concat_tables(batches)
    return made


def _count(made: FileRows, piece: Piece) -> None:
    counts = piece.counts
    made.records += counts.records
    made.event_records += counts.event_records
    made.rejects.update(reject.reason for reject in piece.rejects)
    for name in ("skips", "unknowns", "redactions", "physical"):
        getattr(made, name).update(getattr(counts, name))


class _Columns:
    """Turns the pieces of one file into columns."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._context_rows: list[list[Any]] = []
        self._places: dict[int, int] = {}

    def table(self, piece: Piece, raw: RawRecords) -> pa.Table:
        events = piece.events
        columns = dict(zip(_PLAIN, zip(*map(_plain, events), strict=True), strict=True))
        columns["source_offset"] = [event.offset for event in events]
        first_ts = SENTINEL if piece.memory.first_ts is None else piece.memory.first_ts
        arrays = {name: _array(name, values) for name, values in columns.items()}
        arrays |= self._usage_arrays(events) | self._context_arrays(events) | _title_arrays(events)
        arrays["event_id"] = _ids([event.id for event in events])
        arrays["parent_event_id"] = _ids([event.parent_event_id for event in events])
        arrays["owner_ts"] = pa.array(np.full(len(events), first_ts, "datetime64[us]"))
        arrays["source_id"] = pa.nulls(len(events), pa.int64())
        for event in events:
            if event.raw is not None:
                raw.add(event.offset, event.raw)
        return pa.table([arrays[name] for name in SCHEMA.names], schema=SCHEMA)

    def _context_arrays(self, events: list[Event]) -> dict[str, pa.Array]:
        places = pa.array([self._context(event) for event in events], pa.int64())
        columns = zip(*self._context_rows, strict=True)
        return {name: _array(name, values).take(places) for name, values in zip(CONTEXT, columns, strict=True)}

    def _context(self, event: Event) -> int:
        key, *row = self._contexts.row(event)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._context_rows)
            self._context_rows.append(row)
        return place

    def _usage_arrays(self, events: list[Event]) -> dict[str, pa.Array]:
        rows, places = [], []
        for event in events:
            usage = event.usage
            if usage is None:
                places.append(None)
                continue
            cost = price(event)
            places.append(len(rows))
            rows.append((
                *_usage(usage), event.basis, event.reported_cost_usd, cost,
                None if cost is None else pricing.PRICES_VERSION,
            ))  # fmt: skip
        index = pa.array(places, pa.int64())
        columns = zip(*rows, strict=True) if rows else [()] * len(_PRICED)
        return {name: _array(name, values).take(index) for name, values in zip(_PRICED, columns, strict=True)}


def _array(name: str, values: Any) -> pa.Array:
    kind = SCHEMA.field(name).type
    if kind == pa.timestamp("us"):
        return pa.array(np.array(values, dtype="int64").view("datetime64[us]"))
    if kind != pa.large_string():
        return pa.array(values, kind)
    try:
        array = pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([text if text is None else clean_text(text) for text in values], kind)
    data = array.buffers()[2]
    if data is not None and data.size and not np.frombuffer(data, "uint8").all():
        return pa.array([text if text is None else clean_text(text) for text in values], kind)
    return array


def _title_arrays(events: list[Event]) -> dict[str, pa.Array]:
    titled = [False] * len(events)
    titles: list[str | None] = [None] * len(events)
    for place, event in enumerate(events):
        if event.type == "context_switch" and event.data is not None and b'"title"' in event.data:
            data = msgspec.json.decode(event.data)
            if "title" in data:
                title = data["title"]
                titled[place] = True
                titles[place] = (
                    title if title is None or isinstance(title, str) else msgspec.json.encode(title).decode()
                )
    return {"titled": pa.array(titled), "title": _array("title", titles)}


def _ids(ids: list[bytes | None]) -> pa.Array:
    """Ids as uuid texts, all at once."""
    known = [value for value in ids if value is not None]
    digits = np.frombuffer(b"".join(known).hex().encode(), "uint8").reshape(len(known), 32)
    texts = np.full((len(known), 36), ord("-"), "uint8")
    texts[:, _UUID_TEXT] = digits
    offsets = np.arange(0, 36 * (len(known) + 1), 36, dtype="int64")
    array = pa.LargeStringArray.from_buffers(len(known), pa.py_buffer(offsets), pa.py_buffer(texts.tobytes()))
    if len(known) == len(ids):
        return array
    present = np.array([value is not None for value in ids])
    return array.take(pa.array(np.cumsum(present) - 1, pa.int64(), mask=~present))
