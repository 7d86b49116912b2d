"""R17: a worker is stopped in the middle of a batch, another one finishes the file, the first wakes up."""

import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg
import pytest

from agentobs.errors import FenceError
from agentobs.ingest import reading
from agentobs.ingest.worker import Outcome, Worker
from agentobs.store import writer
from agentobs.store.batch import Batch, Committed
from tests.faults import simple
from tests.faults.oracle import Oracle

pytestmark = pytest.mark.faults
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.preload"])
EVENTS, PIECE = 200, 20


def sleepwalk(url: str, path: str, moment: str, reports: Connection) -> None:
    """Ingest the file, and stop like a suspended process at the third batch: before its commit, or in the middle."""
    reading.MOST_EVENTS = PIECE
    right, middle = writer.commit_batch, writer._quarantine
    seen: dict[str, int] = {"batches": 0, "fenced": 0}

    def stop() -> None:
        seen["batches"] += 1
        if seen["batches"] == 3:
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(0.2)  # the signal may stop another thread first, and this one a moment later

    def commit_batch(connection: psycopg.Connection, batch: Batch) -> dict[int, Committed]:
        if moment == "before the commit":
            stop()
        try:
            return right(connection, batch)
        except FenceError:
            seen["fenced"] += 1
            raise

    def in_the_middle(*arguments: object) -> None:
        stop()
        middle(*arguments)  # pyright: ignore[reportArgumentType]

    writer.commit_batch = commit_batch
    if moment != "before the commit":
        writer._quarantine = in_the_middle
    with Worker(url, None) as worker:
        worker.connection.execute("SET idle_in_transaction_session_timeout = '300ms'")
        outcome = worker.ingest(Path(path), simple.ADAPTER)
    reports.send((outcome, seen["fenced"]))


@pytest.mark.parametrize("moment", ["before the commit", "in the middle of it"])
def test_a_zombie_that_wakes_up_starts_over_and_stores_nothing_twice(
    moment: str, database_url: str, tmp_path: Path
) -> None:
    """R17. A stopped transaction holds its locks until the server ends it: see the test below."""
    oracle, path = Oracle(), tmp_path / "session.jsonl"
    lines = [simple.line(f"e{i:04}", n=i) for i in range(EVENTS)]
    for line in lines:
        oracle.issue(line)
    path.write_bytes(b"\n".join(lines) + b"\n")
    reports, theirs = _CONTEXT.Pipe(duplex=False)
    zombie = _CONTEXT.Process(target=sleepwalk, args=(database_url, str(path), moment, theirs), daemon=True)
    zombie.start()
    assert zombie.pid is not None
    try:
        _wait_until_stopped(zombie.pid)
        with Worker(database_url, None) as second:
            outcome = second.ingest(path, simple.ADAPTER)
        assert (outcome.error, outcome.stored) == (None, EVENTS - 2 * PIECE)
        os.kill(zombie.pid, signal.SIGCONT)
        assert reports.poll(60), "the zombie does not come back"
        waked, fenced = reports.recv()
    finally:
        zombie.kill()
        zombie.join()
        reports.close()
        theirs.close()
    assert isinstance(waked, Outcome)
    assert (waked.error, waked.stored) == (None, 2 * PIECE)
    assert fenced == (1 if moment == "before the commit" else 0)
    oracle.accept(*oracle.issued)
    oracle.check(database_url, tmp_path)


def test_the_server_ends_a_stopped_transaction_of_a_worker(database_url: str) -> None:
    """R17: a suspended worker must not hold the stream's lock for ever, so its connection has a limit for idling."""
    with Worker(database_url, None) as worker:
        row = worker.connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
    assert row != ("0",)


def _wait_until_stopped(pid: int) -> None:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < deadline, "the worker does not stop"
        time.sleep(0.01)
