"""The spool's frames and segments: damage costs the frames it hits and no other; what is told to be durable is."""

import errno
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.errors import SpoolError, SpoolFull
from agentobs.ingest import spool as spool_module
from agentobs.ingest._segments import (
    Damage,
    Frame,
    Segment,
    encode,
    frames,
    new_segment,
    payload_of,
    segments_in,
)
from agentobs.ingest.spool import Limits, Spool, spool_id
from tests.ingest.spooled import HEADER, contents_of, put

payloads = st.lists(
    st.binary(max_size=200).map(lambda lines: payload_of(HEADER, lines)), min_size=1, max_size=8
)  # fmt: skip


@contextmanager
def written(data: bytes, segment: Segment) -> Iterator[int]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file.fileno()


def segment_of(contents: list[bytes]) -> tuple[Segment, bytes, list[tuple[int, int]]]:
    """A segment, its bytes, and where each frame begins and ends."""
    segment = new_segment(Path(), 0, 5)
    data, places = b"", []
    for number, payload in enumerate(contents, 5):
        start = len(data)
        data += b"".join(encode(segment.marker, number, payload))
        places.append((start, len(data)))
    return segment, data, places


def read(data: bytes, segment: Segment, *, sealed: bool = True) -> tuple[list[Frame], list[Damage]]:
    with written(data, segment) as fd:
        parts = list(frames(fd, segment, 0, sealed=sealed))
    return [p for p in parts if isinstance(p, Frame)], [p for p in parts if isinstance(p, Damage)]


@given(payloads)
def test_whole_frames_come_back_as_they_were_written(contents: list[bytes]) -> None:
    segment, data, _ = segment_of(contents)
    for sealed in (True, False):
        found, damage = read(data, segment, sealed=sealed)
        assert [frame.payload for frame in found] == contents
        assert [frame.number for frame in found] == list(range(5, 5 + len(contents)))
        assert damage == []


@given(payloads, st.data())
def test_a_cut_loses_only_the_frame_it_hits(contents: list[bytes], data: st.DataObject) -> None:
    segment, whole, places = segment_of(contents)
    cut = data.draw(st.integers(0, len(whole)))
    left = [payload for payload, (_, end) in zip(contents, places, strict=True) if end <= cut]
    found, damage = read(whole[:cut], segment, sealed=False)
    assert ([frame.payload for frame in found], damage) == (left, []), "the rest may still be in the writing"
    found, damage = read(whole[:cut], segment, sealed=True)
    end = found[-1].end if found else 0
    assert [frame.payload for frame in found] == left
    assert damage == ([Damage(end, cut)] if cut > end else [])


@given(payloads, st.data())
def test_damage_loses_only_the_frames_it_hits(contents: list[bytes], data: st.DataObject) -> None:
    segment, whole, places = segment_of(contents)
    at = data.draw(st.integers(0, len(whole) - 1))
    wrong = bytearray(whole)
    for place in range(at, min(at + data.draw(st.integers(1, 40)), len(whole))):
        wrong[place] ^= data.draw(st.integers(1, 255))
    hit = [wrong[start:end] != whole[start:end] for start, end in places]
    found, damage = read(bytes(wrong), segment)
    assert [frame.payload for frame in found] == [p for p, is_hit in zip(contents, hit, strict=True) if not is_hit]
    assert sum(part.end - part.start for part in damage) == sum(
        end - start for (start, end), is_hit in zip(places, hit, strict=True) if is_hit
    )


def test_a_payload_cannot_pretend_to_hold_a_frame() -> None:
    forged = b"".join(encode(b"\0" * 8, 6, payload_of(HEADER, b"forged")))
    segment, whole, places = segment_of([payload_of(HEADER, forged), payload_of(HEADER, b"next")])
    wrong = bytearray(whole)
    wrong[30] ^= 1  # the frame around it is broken
    found, damage = read(bytes(wrong), segment)
    assert [frame.lines() for frame in found] == [b"next"]
    assert damage == [Damage(*places[0])]


@given(st.binary(max_size=300))
def test_bytes_that_are_no_segment_give_no_frame(data: bytes) -> None:
    found, damage = read(data, new_segment(Path(), 0, 0))
    assert found == []
    assert damage == ([Damage(0, len(data))] if data else [])


def test_what_is_appended_by_many_threads_is_there_once_with_numbers_without_gaps(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(segment_bytes=2000))
    names = [b"%d" % number for number in range(300)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: put(spool, name), names))
    spool.close()
    found = contents_of(tmp_path)
    assert [number for number, _ in found] == list(range(300))
    assert sorted(lines for _, lines in found) == sorted(names)
    assert len(segments_in(tmp_path)) > 3


def test_a_new_process_goes_on_with_the_numbers_in_a_segment_of_its_own(tmp_path: Path) -> None:
    for round_ in range(3):
        spool = Spool(tmp_path)
        put(spool, b"a%d" % round_, b"b%d" % round_)
        spool.close()
    assert [number for number, _ in contents_of(tmp_path)] == list(range(6))
    bases = [segment.base for segment in segments_in(tmp_path)]
    assert len(set(bases)) == 3


def test_a_torn_frame_at_the_end_is_cut_and_its_number_used_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    put(spool, b"whole")
    put(spool, b"torn")
    spool.close()
    path = segments_in(tmp_path)[0].path
    os.truncate(path, path.stat().st_size - 1)
    spool = Spool(tmp_path)
    put(spool, b"next")
    spool.close()
    assert contents_of(tmp_path) == [(0, b"whole"), (1, b"next")]
    with path.open("rb") as file:
        parts = list(frames(file.fileno(), segments_in(tmp_path)[0], 0, sealed=True))
    assert not any(isinstance(part, Damage) for part in parts)


def test_numbers_and_addresses_go_on_when_all_but_an_empty_last_segment_is_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(segment_bytes=1))
    put(spool, b"one")
    put(spool, b"two")
    spool.close()
    first, *_, last = segments_in(tmp_path)
    for segment in segments_in(tmp_path)[:-1]:
        segment.path.unlink()
    os.truncate(last.path, 0)
    spool = Spool(tmp_path)
    put(spool, b"three")
    spool.close()
    assert contents_of(tmp_path) == [(last.first, b"three")]
    assert segments_in(tmp_path)[-1].base > last.base > first.base


def test_above_the_cap_of_bytes_the_spool_refuses_until_something_is_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(cap_bytes=5000))
    for _ in range(10):
        put(spool, b"x" * 300)
    with pytest.raises(SpoolFull, match="of 5000 bytes") as full:
        put(spool, *[b"x" * 300] * 5)  # five more do not fit
    assert full.value.retryable
    assert full.value.retry_after_s > 0
    assert spool.usage().held_bytes <= 5000
    for segment in segments_in(tmp_path)[:-1]:
        segment.path.unlink()
    spool._looked = float("-inf")  # otherwise a quarter of a second later
    put(spool, b"x" * 300)
    spool.close()


def test_below_the_floor_of_free_space_the_spool_refuses(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(free_bytes=1 << 60))
    with pytest.raises(SpoolFull, match="the disk of the spool has"):
        put(spool, b"x")
    spool.close()
    assert contents_of(tmp_path) == []


@pytest.mark.parametrize(("code", "kind"), [(errno.EIO, SpoolError), (errno.ENOSPC, SpoolFull)])
def test_a_failed_sync_fails_its_requests_and_its_segment_is_never_synced_again(
    code: int, kind: type[SpoolError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7."""
    real, synced, failing = os.fdatasync, [], []

    def fdatasync(fd: int) -> None:
        path = str(Path(f"/proc/self/fd/{fd}").readlink())
        synced.append(path)
        if len(synced) == 2:
            failing.append(path)
            raise OSError(code, os.strerror(code))
        real(fd)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    spool = Spool(tmp_path)
    put(spool, b"one")
    with pytest.raises(kind, match="nothing of this is kept") as refused:
        put(spool, b"two")
    assert type(refused.value) is kind
    put(spool, b"three")
    put(spool, b"four")
    spool.close()
    assert synced.count(failing[0]) == 2
    assert contents_of(tmp_path) == [(0, b"one"), (1, b"three"), (2, b"four")]


def test_a_spool_that_cannot_make_a_segment_refuses_and_goes_on_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.fsync, []

    def fsync(fd: int) -> None:
        calls.append(fd)
        if len(calls) <= 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(fd)

    spool = Spool(tmp_path)
    monkeypatch.setattr(os, "fsync", fsync)
    for _ in range(2):
        with pytest.raises(SpoolError):
            put(spool, b"x")
    put(spool, b"y")
    spool.close()
    assert contents_of(tmp_path) == [(0, b"y")]


def test_two_processes_cannot_write_to_one_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(SpoolError, match="another process writes to the spool"):
        Spool(tmp_path)
    spool.close()
    Spool(tmp_path).close()


def test_nothing_of_the_spool_can_be_read_by_others(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o755)
    spool = Spool(folder)
    put(spool, b"x")
    spool.close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_closed_spool_takes_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.close()
    with pytest.raises(SpoolError, match="closed"):
        put(spool, b"x")


def test_closing_makes_durable_what_waits(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    futures = [spool.append([payload_of(HEADER, b"%d" % number)]) for number in range(50)]
    spool.close()
    assert all(future.result(0) is None for future in futures)
    assert len(contents_of(tmp_path)) == 50


def test_an_old_segment_is_closed_so_that_it_can_be_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(segment_s=0.0))
    put(spool, b"x")
    spool.append([payload_of(HEADER, b"y")]).result(10)
    spool.close()
    assert segments_in(tmp_path)[0].path.stat().st_size > 0
    assert len(segments_in(tmp_path)) >= 2


def test_a_spool_keeps_its_number(tmp_path: Path) -> None:
    assert spool_id(tmp_path) == spool_id(tmp_path) > 0
    (tmp_path / "spool.id").write_text("nonsense")
    with pytest.raises(SpoolError, match="holds b'nonsense'"):
        spool_id(tmp_path)


def test_a_segment_never_outgrows_its_addresses() -> None:
    assert Limits(segment_bytes=1 << 40, cap_bytes=1 << 50).rotate_bytes <= spool_module.SPAN // 2
