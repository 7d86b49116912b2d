"""What holds for every adapter, over all of its fixtures: a new adapter is in here without being listed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as examples
from hypothesis import strategies as st

from agentobs.adapters._base import Adapter
from agentobs.events import (
    BASES,
    EARLIEST,
    LATEST,
    QUALITIES,
    ROLES,
    SEVERITIES,
    STATUSES,
    Event,
    EventType,
    Item,
    Reject,
    Skip,
)
from tests.adapters.golden import (
    ADAPTERS,
    below_fixtures,
    fixtures,
    given,
    golden_path,
    golden_text,
    lines_of,
    memory_restored,
    parse,
    rows_of,
)

PAIRS = [(adapter, path) for name, adapter in ADAPTERS.items() for path in fixtures(name)]


def each(pairs: list[tuple[Adapter, Path]]) -> pytest.MarkDecorator:
    ids = [f"{adapter.name}/{path.name}" for adapter, path in pairs]
    return pytest.mark.parametrize(("adapter", "path"), pairs, ids=ids)


each_fixture = each(PAIRS)
each_file_of_lines = each([pair for pair in PAIRS if not pair[0].whole])
each_document = each([pair for pair in PAIRS if pair[0].whole])
each_packed_file = each([pair for pair in PAIRS if pair[0].unpack is not None])
each_database = each([pair for pair in PAIRS if pair[0].tables is not None])
TYPES = {kind.value for kind in EventType}
BIGGEST = 2**63


def events(items: list[Item]) -> list[Event]:
    return [item for item in items if isinstance(item, Event)]


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_adapter_has_fixtures(name):
    assert fixtures(name)


@each_fixture
def test_the_golden_file_says_what_the_adapter_makes_of_its_fixture(adapter: Adapter, path: Path):
    assert golden_path(path).read_text("utf-8") == golden_text(adapter, path)


@each_fixture
def test_the_same_bytes_give_the_same_events(adapter: Adapter, path: Path):
    source, place = path.read_bytes(), below_fixtures(path)
    assert parse(adapter, source, place) == parse(adapter, source, place)


@each_fixture
def test_every_record_is_events_or_one_skip_or_one_reject(adapter: Adapter, path: Path):
    source = path.read_bytes()
    kinds: dict[int, list[type]] = {}
    for item in parse(adapter, source, below_fixtures(path)):
        kinds.setdefault(item.offset, []).append(type(item))
    records = range(len(kinds)) if adapter.whole else [offset for offset, _, _ in lines_of(source)]
    assert list(kinds) == list(records)
    assert all(set(found) == {Event} or len(found) == 1 for found in kinds.values())


@each_file_of_lines
def test_reading_on_from_any_line_gives_the_events_of_reading_through(adapter: Adapter, path: Path):
    lines = list(lines_of(path.read_bytes()))
    through = list(adapter.parse(lines, adapter.memory()))
    memory = adapter.memory()
    stepwise: list[Item] = []
    for line in lines:
        stepwise += adapter.parse([line], memory)
        memory = memory_restored(adapter, memory)
    assert stepwise == through


@each_file_of_lines
def test_a_beginning_of_the_source_gives_a_beginning_of_the_events(adapter: Adapter, path: Path):
    lines = list(lines_of(path.read_bytes()))
    through = list(adapter.parse(lines, adapter.memory()))
    for length in range(len(lines)):
        head = list(adapter.parse(lines[:length], adapter.memory()))
        assert head == through[: len(head)]


@each_document
def test_a_document_read_again_gives_the_same_ids(adapter: Adapter, path: Path):
    source = path.read_bytes()
    memory = adapter.memory()
    first = list(adapter.parse(given(adapter, source, below_fixtures(path)), memory))
    again = list(adapter.parse(given(adapter, source, below_fixtures(path)), memory_restored(adapter, memory)))
    assert [(event.id, event.digest) for event in events(again)] == [
        (event.id, event.digest) for event in events(first)
    ]


@each_document
def test_a_truncated_document_never_stops_an_adapter(adapter: Adapter, path: Path):
    ((_, document, _),) = given(adapter, path.read_bytes(), below_fixtures(path))
    for length in range(0, len(document), max(1, len(document) // 60)):
        parse_lines(adapter, document[:length])


@each_packed_file
def test_a_truncated_file_is_unpacked_or_refused_with_a_reason(adapter: Adapter, path: Path):
    assert adapter.unpack is not None
    source = path.read_bytes()
    for length in range(0, len(source), max(1, len(source) // 60)):
        reason = "read"
        try:
            parse_lines(adapter, adapter.unpack(source[:length]))
        except ValueError as error:
            reason = str(error)
        assert reason


@each_database
def test_a_truncated_database_is_read_or_refused_with_a_reason(adapter: Adapter, path: Path):
    source = path.read_bytes()
    for length in range(0, len(source), max(1, len(source) // 60)):
        reason = "read"
        try:
            parse_lines(adapter, rows_of(adapter, source[:length]))
        except (ValueError, sqlite3.Error) as error:
            reason = str(error)
        assert reason


@each_fixture
def test_an_id_comes_twice_only_for_copies_with_the_same_payload(adapter: Adapter, path: Path):
    payloads: dict[bytes, tuple[int, int]] = {}
    for event in events(parse(adapter, path.read_bytes(), below_fixtures(path))):
        assert payloads.setdefault(event.id, (event.ts, event.digest)) == (event.ts, event.digest)


@each_fixture
def test_what_is_redacted_changes_neither_ids_nor_digests(adapter: Adapter, path: Path):
    lines = given(adapter, path.read_bytes(), below_fixtures(path))
    marked = [(offset, line.replace(b"cart", b"\xc2\xabredacted\xc2\xbb"), line) for offset, line, _ in lines]
    assert any(line != original for _, line, original in marked) == any(b"cart" in line for _, line, _ in lines)
    plain, redacted = events(list(adapter.parse(lines, adapter.memory()))), []
    for event in events(list(adapter.parse(marked, adapter.memory()))):
        redacted.append((event.id, event.digest))
        assert b"cart" not in msgspec.json.encode(event)
        assert b"cart" not in (event.raw or b"")
    assert redacted == [(event.id, event.digest) for event in plain]


@each_fixture
def test_events_are_what_the_database_takes(adapter: Adapter, path: Path):
    check(adapter, parse(adapter, path.read_bytes(), below_fixtures(path)))


@each_fixture
def test_the_adapter_claims_its_fixture_more_than_any_other_does(adapter: Adapter, path: Path):
    head = path.read_bytes()[:65_536]
    scores = {name: other.detect(head) for name, other in ADAPTERS.items()}
    assert all(0 <= score <= 1 for score in scores.values())
    assert scores.pop(adapter.name) > max(scores.values(), default=0)


@each_fixture
def test_an_adapter_never_claims_the_fixture_of_another(adapter: Adapter, path: Path):
    head = path.read_bytes()[:65_536]
    assert [name for name, other in ADAPTERS.items() if name != adapter.name and other.detect(head)] == []


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("head", [b"", b"\n\n", b"\x00" * 999, b"hello", b"{", b"[" * 5000, b'{"a":1}\n', b'"a"\n1\n'])
def test_bytes_of_nobody_are_claimed_by_nobody(name: str, head: bytes):
    assert ADAPTERS[name].detect(head) == 0


def check(adapter: Adapter, items: list[Item]) -> None:
    """Assert what must hold for whatever an adapter yields."""
    for item in items:
        if isinstance(item, Skip):
            assert item.reason
            assert len(item.reason) < 300
        elif isinstance(item, Reject):
            assert item.reason
            assert isinstance(item.raw, bytes)
        else:
            check_event(adapter, item)


def check_event(adapter: Adapter, event: Event) -> None:
    assert event.agent
    assert adapter.names_agents or event.agent == (adapter.agent or adapter.name)
    assert len(event.id) == 16
    assert EARLIEST <= event.ts < LATEST
    assert event.id[:6] == (event.ts // 1000).to_bytes(6, "big")
    assert event.ts_quality in QUALITIES
    assert event.type in TYPES
    assert event.severity in SEVERITIES
    assert event.status is None or event.status in STATUSES
    assert event.role is None or event.role in ROLES
    assert event.session_id
    assert 0 <= event.part < 32_768
    assert (event.usage is None) == (event.usage_key is None) == (event.basis is None)
    assert event.basis is None or event.basis in BASES
    assert event.usage is None or event.usage.total_tokens >= 0
    assert len(event.summary or "") <= 300
    assert len(event.session_id + (event.usage_key or "") + (event.tool_call_id or "")) < 1200
    assert (event.raw is None) == (event.part != 0)
    if event.data is not None:
        assert isinstance(json.loads(event.data), dict)
        assert b"\\u0000" not in event.data
    check_values(event)
    if event.usage is not None:
        check_values(event.usage)
    if event.raw is not None:
        event.raw.decode("utf-8")
        assert isinstance(adapter.content(event.raw, 0), (str, type(None)))
        assert adapter.content(event.raw, 31_000) is None


def check_values(struct: msgspec.Struct) -> None:
    for value in msgspec.structs.asdict(struct).values():
        if isinstance(value, str):
            assert "\0" not in value
            value.encode("utf-8")
        elif isinstance(value, int):
            assert -BIGGEST <= value < BIGGEST


LINES = [
    (adapter, line)
    for name, adapter in ADAPTERS.items()
    for path in fixtures(name)
    for _, line, _ in given(adapter, path.read_bytes(), below_fixtures(path))
]
ODD = [
    None,
    True,
    -1,
    1.5,
    2**64,
    "",
    "x" * 5000,
    "\0\ud800",
    [],
    {},
    [[]],
    {"a": None},
    ["text"],
    "1970-01-01T00:00:00Z",
]
thorough = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def parse_lines(adapter: Adapter, *lines: bytes) -> None:
    """Parse what stands in lines one after the other, or each as a document of its own."""
    memory = adapter.memory()
    items: list[Item] = []
    for number, line in enumerate(lines):
        memory = adapter.memory() if adapter.whole else memory
        found = list(adapter.parse([(0 if adapter.whole else number, line, line)], memory))
        assert found or (adapter.whole and not line.strip())
        items += found
    memory_restored(adapter, memory)
    check(adapter, items)
    adapter.detect(b"\n".join(lines))


@thorough
@examples(st.sampled_from(LINES), st.data())
def test_damaged_bytes_never_stop_an_adapter(case, data):
    adapter, line = case
    damaged = bytearray(line)
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    parse_lines(adapter, line, bytes(damaged), bytes(damaged[:cut]), bytes(damaged[cut:]))


def places(value, path=()):
    """Yield the path of every value inside a record."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


def changed(value, path, new, rename):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rename and len(path) == 1 and isinstance(copy, dict):
        copy[f"{path[0]}_"] = copy.pop(path[0])
    else:
        copy[path[0]] = changed(value[path[0]], path[1:], new, rename)
    return copy


def records_of(line: bytes) -> list:
    """Return what a line says, or the lines of a document that is no JSON itself; nothing for what cannot be read."""
    try:
        return [json.loads(line)]
    except (ValueError, RecursionError):
        return [record for part in line.splitlines() if part != line for record in records_of(part)]


RECORDS = [(adapter, record) for adapter, line in LINES for record in records_of(line)]


@thorough
@examples(st.sampled_from(RECORDS), st.data())
def test_wrong_types_and_unknown_names_never_stop_an_adapter(case, data):
    adapter, record = case
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(record))))
        record = changed(record, path, data.draw(st.sampled_from(ODD)), data.draw(st.booleans()))
    line = json.dumps(record).encode()
    parse_lines(adapter, line, line)


@thorough
@examples(st.sampled_from(RECORDS), st.integers(1, 400), st.data())
def test_deep_nesting_never_stops_an_adapter(case, depth, data):
    adapter, record = case
    path = data.draw(st.sampled_from(list(places(record))))
    nested: object = 1
    for _ in range(depth):
        nested = [nested] if depth % 2 else {"a": nested}
    parse_lines(adapter, json.dumps(changed(record, path, nested, False)).encode())
