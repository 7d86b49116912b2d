"""R2 and R7 for the spool: killed before each of its system calls; syncs that fail; a disk that is full."""

import multiprocessing
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from agentobs.errors import SpoolError, SpoolFull
from agentobs.ingest._segments import payload_of, segments_in
from agentobs.ingest.spool import Limits, Spool
from tests.faults.tracing import injected
from tests.ingest.spooled import HEADER, contents_of, put

pytestmark = pytest.mark.faults
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.test_spool_calls"])
CALLS = ("openat", "writev", "fdatasync", "fsync", "write", "link", "unlink", "mkdir", "fchmodat", "chmod", "flock")
APPENDS = 6
MET = {"openat": 5, "writev": APPENDS, "fdatasync": APPENDS, "fsync": 2, "write": APPENDS}


class EarlySpool(Spool):
    """The mutant: tells that all is durable before it is written."""

    def append(self, payloads: Any) -> "Future[None]":
        future: Future[None] = Future()
        future.set_result(None)
        super().append(payloads)
        return future


def append_all(folder: str, early: bool, gate: Connection) -> None:
    """Wait for a word, then append texts one after the other and say of each whether it was accepted."""
    gate.send("ready")
    gate.recv()
    limits = Limits(segment_bytes=150)  # two frames or three
    spool = (EarlySpool if early else Spool)(Path(folder), limits)
    for number in range(APPENDS):
        try:
            spool.append([payload_of(HEADER, b"%d" % number)]).result(10)
        except SpoolError as error:
            gate.send((number, str(error)))
        else:
            gate.send((number, None))
    spool.close()


def run(folder: Path, call: str, fault: str, *, early: bool = False) -> tuple[list[int], list[str], int | None]:
    """Return what was accepted, why others were refused, and how the process ended."""
    gate, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=append_all, args=(str(folder), early, theirs), daemon=True)
    process.start()
    theirs.close()
    assert gate.recv() == "ready"
    assert process.pid is not None
    accepted, refused = [], []
    with gate, injected(process.pid, call, fault):
        gate.send("go")
        while True:
            try:
                number, error = gate.recv()
            except EOFError:
                break
            if error is None:
                accepted.append(number)
            else:
                refused.append(error)
        process.join()
    code = process.exitcode
    process.close()
    return accepted, refused, code


def recovered(folder: Path) -> list[int]:
    """Start once more, append a probe, and return what the spool holds before it; numbers must have no gap."""
    spool = Spool(folder)
    put(spool, b"999")
    spool.close()
    found = contents_of(folder)
    assert [number for number, _ in found] == list(range(len(found)))
    assert found[-1][1] == b"999", "alive"
    return [int(lines) for _, lines in found[:-1]]


@pytest.mark.parametrize("call", CALLS)
def test_killed_before_any_system_call_the_spool_keeps_what_it_accepted(call: str, tmp_path: Path) -> None:
    """R2: before the first, the second, ... until a run ends untouched."""
    for number in range(1, 100):
        folder = tmp_path / str(number)
        accepted, _, code = run(folder, call, f"signal=KILL:when={number}")
        kept = recovered(folder)
        assert kept == list(range(len(kept)))
        assert kept[: len(accepted)] == accepted
        assert len(kept) <= len(accepted) + 1, "one at a time was in hand"
        if code == 0:
            assert accepted == list(range(APPENDS))
            assert number > MET.get(call, 0), f"only {number - 1} kills"
            return
    pytest.fail(f"the process still meets {call} after 100 of them")


def test_a_kill_at_each_call_catches_a_spool_that_acknowledges_before_the_write(tmp_path: Path) -> None:
    """R2: the mutant."""
    lost = []
    for number in range(1, 6):
        folder = tmp_path / str(number)
        accepted, _, code = run(folder, "writev", f"signal=KILL:when={number}", early=True)
        lost.append(code != 0 and not set(accepted) <= set(recovered(folder)))
    assert any(lost)


@pytest.mark.parametrize("call", ["fdatasync", "writev", "fsync"])
@pytest.mark.parametrize("fault", ["EIO", "ENOSPC"])
def test_a_call_that_fails_never_accepts_what_is_not_durable(call: str, fault: str, tmp_path: Path) -> None:
    """R7: every third call of the writing thread fails, from the second on."""
    folder = tmp_path / "spool"
    Spool(folder).close()  # its own files are there: what follows are calls of the writing thread
    accepted, refused, code = run(folder, call, f"error={fault}:when=2+3")
    assert code == 0
    assert all("nothing of this is kept" in text for text in refused)
    assert recovered(folder) == accepted
    if call != "fsync":  # a folder that cannot be synced when a segment ends is tried again by the next append
        assert refused


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    with _mounted(tmp_path / "disk") as folder:
        yield folder


@contextmanager
def _mounted(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root mounts a tmpfs")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_refuses_and_accepts_again_when_there_is_room(small_disk: Path) -> None:
    """R7: the cap lies above what the disk holds, so that writes really fail."""
    folder = small_disk / "spool"
    spool = Spool(folder, Limits(free_bytes=-(1 << 40), segment_bytes=200_000))
    accepted, refused = [], []

    def fill(start: int) -> None:
        for number in range(start, start + 40):
            try:
                spool.append([payload_of(HEADER, b"%d " % number + b"x" * 50_000)]).result(10)
            except SpoolError as error:
                refused.append(error)
            else:
                accepted.append(number)

    fill(0)
    assert len(refused) > 10
    assert all(isinstance(error, SpoolFull) for error in refused)
    assert [int(lines.split()[0]) for _, lines in contents_of(folder)] == accepted
    first = segments_in(folder)[0]
    removed = {int(lines.split()[0]) for number, lines in contents_of(folder) if number < segments_in(folder)[1].first}
    first.path.unlink()  # as the drain does
    fill(100)
    spool.close()
    assert max(accepted) >= 100
    assert [int(lines.split()[0]) for _, lines in contents_of(folder)] == [n for n in accepted if n not in removed]
