"""Bodies that are nearly right: a decoder takes them or refuses them, and what it takes can be read by the drain.

Hypothesis cuts, turns and joins the bodies of a small kept corpus; what it ever found broken is put in there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentobs.adapters import native, otlp
from agentobs.adapters._otel_batch import read_batch
from agentobs.errors import RequestRefused
from agentobs.events import Reject
from agentobs.ingest._segments import Damage, Frame, Header, encode, frames, new_segment, payload_of
from agentobs.ingest.backfill import adapters
from agentobs.redaction import Redactor
from agentobs.server import bodies, otlp_json, otlp_protobuf
from agentobs.server.intake import Asked, Intake
from agentobs.server.otlp_lines import Export, Signal
from tests.server.accepting import KEY
from tests.server.test_otlp import MESSAGES, protobuf_of

T = TypeVar("T")
CORPUS = Path(__file__).parent / "corpus"
JSON = [path.read_bytes() for path in sorted(CORPUS.glob("*.json"))]
PROTOBUF = [protobuf_of(name) for name in MESSAGES]
SIGNALS = st.sampled_from(list(Signal))
KNOWN = adapters()
INTAKE = Intake(KNOWN, Redactor(KEY))


@st.composite
def nearly(draw: st.DrawFn, whole: list[bytes]) -> bytes:
    """A body of the corpus with some of its bytes turned, left out, doubled, or joined to those of another."""
    body = bytearray(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(body)))
        match draw(st.integers(0, 3)):
            case 0 if body:
                body[min(place, len(body) - 1)] = draw(st.integers(0, 255))
            case 1:
                del body[place : place + draw(st.integers(1, 40))]
            case 2:
                body[place:place] = draw(st.binary(max_size=8))
            case _:
                body[place:] = draw(st.sampled_from(whole))[place:]
    return bytes(body)


def taken_or_refused(take: Callable[[], T]) -> T | None:
    """Return what is taken; None where it is refused with a reason. Any other error is a defect."""
    try:
        return take()
    except RequestRefused as refused:
        if refused.status not in {400, 413}:
            raise
        return None


def check(export: Export, signal: Signal) -> None:
    """What was taken is in the lines, item for item, and the adapter reads them."""
    items = 0
    for line in export.lines:
        assert b"\n" not in line
        batch = read_batch(line, line)
        assert not isinstance(batch, str), batch
        items += len(batch.spans) + len(batch.logs)
        for item in otlp.ADAPTER.parse([(0, line, line)], otlp.Memory()):
            assert not isinstance(item, Reject), item.reason
    if signal is not Signal.METRICS:
        assert items == export.accepted
    assert (export.reason is None) == (export.rejected == 0)


@settings(max_examples=300, deadline=None)
@given(nearly(PROTOBUF), SIGNALS)
def test_protobuf_that_is_nearly_right_is_taken_or_refused(body: bytes, signal: Signal) -> None:
    export = taken_or_refused(lambda: otlp_protobuf.read(body, signal))
    if export is not None:
        check(export, signal)


@settings(max_examples=400, deadline=None)
@given(nearly(JSON), SIGNALS)
def test_json_that_is_nearly_right_is_taken_or_refused(body: bytes, signal: Signal) -> None:
    export = taken_or_refused(lambda: otlp_json.read(body, signal))
    if export is not None:
        check(export, signal)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("traces_*.json")), ids=lambda path: path.stem)
def test_the_corpus_itself_is_taken_or_refused(path: Path) -> None:
    export = taken_or_refused(lambda: otlp_json.read(path.read_bytes(), Signal.TRACES))
    assert (export is None) == (path.stem == "traces_group_is_null")
    if export is not None:
        check(export, Signal.TRACES)


def items_of(payload: bytes) -> list[bytes]:
    """What a payload holds: a document, or lines."""
    header, _, held = payload.partition(b"\n")
    adapter = KNOWN[msgspec.json.decode(header, type=Header).adapter]
    return [held] if adapter.whole else held.split(b"\n")


@settings(max_examples=300, deadline=None)
@given(nearly([*JSON, *(path.read_bytes() for path in sorted(CORPUS.glob("*.ndjson")))]), st.booleans())
def test_events_that_are_nearly_right_are_taken_or_refused_and_nothing_is_both(body: bytes, named: bool) -> None:
    taken = taken_or_refused(lambda: INTAKE.take(body, Asked(adapter=native.NAME if named else None)))
    if taken is None:
        return
    lines = [line for payload in taken.payloads for line in items_of(payload)]
    assert len(lines) == taken.accepted
    assert len({one.index for one in taken.rejected}) == len(taken.rejected)
    if named:
        for line in lines:
            assert not [item for item in native.parse([(0, line, line)], native.Memory()) if isinstance(item, Reject)]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["gzip", "zstd", "x-gzip"]))
@example(b"\x1f\x8b\x08", "gzip")
@example(b"\x28\xb5\x2f\xfd", "zstd")
def test_what_is_said_to_be_compressed_is_decompressed_or_refused(body: bytes, encoding: str) -> None:
    found = taken_or_refused(lambda: bodies.decompressed(body, encoding, 1000))
    assert found is None or len(found) <= 1000


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5), st.data())
def test_a_damaged_segment_gives_whole_frames_or_damage_and_loses_no_byte(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], data: st.DataObject
) -> None:
    segment = new_segment(tmp_path_factory.mktemp("segment"), 0, 0)
    header = Header(adapter="native")
    whole = [b"".join(encode(segment.marker, i, payload_of(header, line))) for i, line in enumerate(lines)]
    content = bytearray(b"".join(whole))
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    segment.path.write_bytes(content)
    with segment.path.open("rb") as file:
        parts = list(frames(file.fileno(), segment, 0, sealed=True))
    place = 0
    for part in parts:
        assert part.start == place
        place = part.end
        assert isinstance(part, Damage) or part.lines() == lines[part.number]
    assert place == len(content)
    untouched, at = set(), 0
    for number, one in enumerate(whole):
        if content[at : at + len(one)] == one:
            untouched.add(number)
        at += len(one)
    assert {part.number for part in parts if isinstance(part, Frame)} >= untouched
