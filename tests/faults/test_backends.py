"""R4: the server's process behind a worker is killed, so that the server restarts: the worker goes on by itself."""

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import psycopg
import pytest

from agentobs.ingest import reading
from agentobs.ingest.worker import Progress, Worker
from agentobs.store import embedded
from tests.faults import simple
from tests.faults.oracle import Oracle
from tests.servers import timescaledb

pytestmark = pytest.mark.faults
KILLS = 8
FAST = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "128MB", "min_wal_size": "80MB"}


@pytest.fixture(params=["embedded", "timescaledb"])
def own_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server of this test's own: others would not like what happens to it."""
    home = Path(tempfile.mkdtemp(prefix="agentobs-backends-"))
    home.chmod(0o711)
    try:
        if request.param == "embedded":
            with embedded.start(home / "server", idle_seconds=5, settings=FAST) as server:
                yield server.url
            embedded.stop(home / "server")
        else:
            try:
                running = timescaledb.start(timescaledb.ensure(), home / "server", idle_seconds=5, settings=FAST)
            except timescaledb.Unavailable as error:
                pytest.skip(f"no TimescaleDB: {error}")
            yield running.url
            running.close()
            timescaledb.stop(home / "server")
    finally:
        shutil.rmtree(home)


def test_a_worker_is_back_by_itself_when_its_backend_is_killed(
    own_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: a killed backend makes the server end all connections and recover; 0 lost, 0 twice."""
    monkeypatch.setattr(reading, "MOST_EVENTS", 10)
    oracle, path = Oracle(), tmp_path / "session.jsonl"
    steps: SimpleQueue[Progress] = SimpleQueue()
    failed: list[BaseException] = []
    enough = threading.Event()

    def follow() -> None:
        try:
            with Worker(own_server, None, retry_s=60, watch=steps.put) as worker:
                while not enough.is_set():
                    worker.ingest(path, simple.ADAPTER, final=False)
                    time.sleep(0.002)
                worker.ingest(path, simple.ADAPTER)
        except BaseException as error:  # noqa: BLE001 the test's own thread shows it
            failed.append(error)

    path.touch()
    thread = threading.Thread(target=follow)
    thread.start()
    caught_at_work = 0
    try:
        for number in range(KILLS):
            _drain(steps)
            _append(path, oracle, number, 300)
            _next(steps, failed)  # it is at work: 29 more pieces lie before it
            caught_at_work += _kill_backend(own_server)
            _next(steps, failed)  # it is back
    finally:
        enough.set()
        thread.join(60)
    assert failed == []
    assert not thread.is_alive()
    assert caught_at_work >= KILLS // 2, f"only {caught_at_work} backends were in a transaction"
    oracle.accept(*oracle.issued)
    oracle.check(own_server, tmp_path)


def _append(path: Path, oracle: Oracle, number: int, count: int) -> None:
    lines = [simple.line(f"e{number}-{i:04}", n=i) for i in range(count)]
    for line in lines:
        oracle.issue(line)
    with path.open("ab") as file:
        file.write(b"\n".join(lines) + b"\n")


def _kill_backend(url: str) -> bool:
    """Kill the process that serves the worker; tell whether it was in a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pid, state FROM pg_stat_activity WHERE application_name = 'agentobs' AND pid <> pg_backend_pid()"
        ).fetchone()
        assert row is not None, "the worker has no connection"
        try:
            os.kill(row[0], signal.SIGKILL)
        except PermissionError:
            pytest.skip(f"the server runs as another user: process {row[0]} is not ours to kill")
    return row[1] in {"active", "idle in transaction"}


def _next(steps: SimpleQueue[Progress], failed: list[BaseException]) -> None:
    """Wait for a commit that comes after what was seen."""
    _drain(steps)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not failed:
        try:
            steps.get(timeout=0.1)
        except Empty:
            continue
        return
    pytest.fail(f"the worker commits no more: {failed}")


def _drain(steps: SimpleQueue[Progress]) -> None:
    while not steps.empty():
        steps.get()
