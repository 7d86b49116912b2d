"""Session files as columns: each file read, redacted and parsed once, its raw records kept compressed."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import zstandard

from agentobs import pricing
from agentobs.analysis.derive import RECORDS
from agentobs.errors import SourceError
from agentobs.events import SENTINEL, Event, Usage, clean_text
from agentobs.ingest import tail
from agentobs.ingest.commit import price
from agentobs.ingest.content import Keeper
from agentobs.ingest.contexts import CONTEXT, PROJECT, Contexts, DimensionRow
from agentobs.ingest.discover import Found
from agentobs.ingest.projects import Projects
from agentobs.ingest.reading import Piece, Reader

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
    "digest provider request_id is_telemetry id parent_event_id offset".split()
)  # fields of the event that are columns, three of them by another name
_USAGE = tuple(
    "input_tokens output_tokens cache_read_tokens cache_write_5m_tokens cache_write_1h_tokens reasoning_tokens "
    "web_search_requests service_tier speed inference_geo".split()
)
_CONTEXT = CONTEXT[: CONTEXT.index("reader")]  # that is its file's adapter
_PRICED = (*_USAGE, "basis", "reported_cost_usd", "cost_pico_usd", "price_version")
_plain = attrgetter(*_PLAIN)
_usage = attrgetter(*_USAGE)
_BLOCK = 256 * 1024  # bytes
_ENOUGH = 4096  # events
_UUID_TEXT = np.array([i for i in range(36) if i not in {8, 13, 18, 23}])  # where a uuid's text has digits


class RawRecords:
    """The redacted records of one file, in compressed blocks; looked up by their offset."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._open: list[bytes] = []
        self._open_bytes = 0
        self._places: dict[int, tuple[int, int, int]] = {}

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
            self._blocks.append(zstandard.compress(b"".join(self._open), 1))
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
    tables: list[pa.Table] = msgspec.field(default_factory=list)
    raw: RawRecords = msgspec.field(default_factory=RawRecords)
    records: int = 0
    event_records: int = 0
    rejects: Counter[str] = msgspec.field(default_factory=Counter)
    skips: Counter[str] = msgspec.field(default_factory=Counter)
    unknowns: Counter[str] = msgspec.field(default_factory=Counter)
    redactions: Counter[str] = msgspec.field(default_factory=Counter)
    physical: Counter[str] = msgspec.field(default_factory=Counter)
    error: str | None = None


def read(found: Sequence[Found], keeper: Keeper, project: str | None, watch: Callable[[int], object]) -> list[FileRows]:
    """Return everything of these files; `watch` hears of the bytes that were read. An unreadable file has an error."""
    columns = _Columns()
    files = [_read_one(item, keeper, project, columns, watch) for item in found]
    columns.flush()
    return files


def _read_one(
    found: Found, keeper: Keeper, project: str | None, columns: "_Columns", watch: Callable[[int], object]
) -> FileRows:
    made = FileRows(str(found.path), found.adapter.name)
    try:
        with tail.open_regular(found.path) as file:
            redactor = keeper.redactor_for(found.adapter, file.fd, found.path, None, project)
            reader = Reader(found.adapter, redactor, None, found.path)
            contexts = Contexts(Projects(reader.memory.directories, project), None)
            for piece in reader.read(file.fd, 0, final=True):
                keeping = keeper.piece(piece, contexts.projects, is_redacted=redactor is not None)
                if keeping is not None:
                    for event in piece.events:
                        keeping.event(event, contexts.row(event)[PROJECT])
                _count(made, piece)
                columns.add(made, piece, contexts)
                watch(piece.end - piece.start)
    except (SourceError, OSError) as error:
        made.error = str(error)
    made.raw.close()
    return made


def _count(made: FileRows, piece: Piece) -> None:
    counts = piece.counts
    made.records += counts.records
    made.event_records += counts.event_records
    made.rejects.update(reject.reason for reject in piece.rejects)
    for name in ("skips", "unknowns", "redactions", "physical"):
        getattr(made, name).update(getattr(counts, name))


class _Columns:
    """Collects the events of many files, and turns them into columns when they are enough to be worth it."""

    def __init__(self) -> None:
        self._spans: list[tuple[FileRows, int]] = []
        self._plain: list[tuple[Any, ...]] = []
        self._usage: list[tuple[Any, ...]] = []
        self._usage_places: list[int | None] = []
        self._contexts: list[tuple[Any, ...]] = []
        self._context_places: list[int] = []
        self._known: dict[int, int] = {}
        self._titles: list[tuple[bool, str | None]] = []
        self._owners: list[int] = []

    def add(self, made: FileRows, piece: Piece, contexts: Contexts) -> None:
        """Take the events of a piece; its objects are free afterwards."""
        events = piece.events
        self._spans.append((made, len(events)))
        self._plain.extend(map(_plain, events))
        first_ts = SENTINEL if piece.memory.first_ts is None else piece.memory.first_ts
        self._owners.extend(first_ts + event.is_forked for event in events)
        keep = made.raw.add
        for event in events:
            if event.raw is not None:
                keep(event.offset, event.raw)
            self._context_places.append(self._context(contexts.row(event)))
            self._usage_places.append(None if event.usage is None else self._priced(event, event.usage))
            self._titles.append(_title(event) if event.type == "context_switch" else (False, None))
        if len(self._plain) >= _ENOUGH:
            self.flush()

    def flush(self) -> None:
        """Give each file its rows."""
        if self._plain:
            table, start = self._table(), 0
            for made, count in self._spans:
                made.tables.append(table.slice(start, count))
                start += count
        self.__init__()

    def _context(self, row: DimensionRow) -> int:
        place = self._known.get(row[0])
        if place is None:
            place = self._known[row[0]] = len(self._contexts)
            self._contexts.append(row[1 : 1 + len(_CONTEXT)])
        return place

    def _priced(self, event: Event, usage: Usage) -> int:
        cost = price(event)
        version = None if cost is None else pricing.PRICES_VERSION
        self._usage.append((*_usage(usage), event.basis, event.reported_cost_usd, cost, version))
        return len(self._usage) - 1

    def _table(self) -> pa.Table:
        count = len(self._plain)
        columns: dict[str, Sequence[Any]] = dict(zip(_PLAIN, zip(*self._plain, strict=True), strict=True))
        ids, parents = columns.pop("id"), columns.pop("parent_event_id")
        columns["source_offset"] = columns.pop("offset")
        columns["titled"], columns["title"] = zip(*self._titles, strict=True)
        columns["owner_ts"] = self._owners
        arrays = {name: _array(name, values) for name, values in columns.items()}
        arrays |= _spread(_CONTEXT, self._contexts, self._context_places)
        arrays |= _spread(_PRICED, self._usage, self._usage_places)
        arrays |= {"event_id": _ids(ids), "parent_event_id": _ids(parents), "source_id": pa.nulls(count, pa.int64())}
        return pa.table([arrays[name] for name in SCHEMA.names], schema=SCHEMA)


def _spread(names: Sequence[str], rows: Sequence[Sequence[Any]], places: list[Any]) -> dict[str, pa.Array]:
    """Columns in which every event has the row of its place."""
    taken = pa.array(places, pa.int64())
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return {name: _array(name, values).take(taken) for name, values in zip(names, columns, strict=True)}


def _title(event: Event) -> tuple[bool, str | None]:
    if event.data is None or b'"title"' not in event.data:
        return False, None
    data = msgspec.json.decode(event.data)
    title = data.get("title")
    text = title if title is None or isinstance(title, str) else msgspec.json.encode(title).decode()
    return "title" in data, text


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


def _ids(ids: Sequence[bytes | None]) -> pa.Array:
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
