"""R8: the disk of the database is full: accepted all the same, and stored by itself once there is room again."""

import json
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

import psycopg
import pytest

from agentobs.ingest.backfill import Job
from agentobs.server.draining import FINISH, Plan, drain, reached_by
from agentobs.store import embedded
from tests.faults.oracle import EQUATIONS, Oracle, check_alive, check_twice
from tests.server.accepting import KEY, Accepting, accepting
from tests.server.test_serve import until

pytestmark = pytest.mark.faults
SIZE = "200m"
SMALL = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "32MB", "min_wal_size": "32MB"}


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small file system, with a server of this test's own below it."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root mounts a tmpfs")
    folder = Path(tempfile.mkdtemp(prefix="agentobs-full-"))
    folder.chmod(0o711)
    options = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(folder)]
    done = subprocess.run(options, capture_output=True, check=False)
    try:
        if done.returncode:
            pytest.skip(f"a tmpfs cannot be mounted: {done.stderr.decode().strip()}")
        yield folder
        embedded.stop(folder / "server")
    finally:
        if not done.returncode:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@contextmanager
def draining(home: Path, spool: Path) -> Iterator[None]:
    """The drain of `agentobs serve`, in a thread; it is told to end when nothing is left."""
    reading, writing = os.pipe()
    orders, said = FileIO(reading), FileIO(writing, "w")
    plan = Plan(job=Job(url="", redaction_key=KEY), folder=spool, database_home=home)
    done: list[bool] = []
    thread = threading.Thread(target=lambda: done.append(drain(plan, orders)))
    thread.start()
    try:
        yield
        said.write(FINISH)
        thread.join(60)
    finally:
        said.close()  # ends it in any case
        thread.join(60)
        orders.close()
    assert done == [True], "all is stored"


def waits_for(spool: Path) -> str:
    """What the drain says that it waits for."""
    reached = reached_by(spool)
    return (reached.waiting if reached else None) or ""


def fill(disk: Path) -> Path:
    """Take all that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    return ballast


def post(server: Accepting, oracle: Oracle, number: int) -> None:
    names = [f"e{number}-{place}" for place in range(50)]
    lines = [_line(name) for name in names]
    for one in lines:
        oracle.issue(one)
    assert server.post(b"\n".join(lines)).status_code == 200
    oracle.accept(*names)


def _line(name: str) -> bytes:
    """It cannot be made smaller, so that the database needs its bytes."""
    told = {
        "id": name,
        "timestamp": "2026-03-09T14:00:00Z",
        "type": "command_execute",
        "agentId": "a",
        "sessionId": "s",
        "data": {"text": secrets.token_hex(1500)},
    }
    return json.dumps(told).encode()


@pytest.mark.parametrize("full", ["tables", "log"])
def test_what_is_accepted_while_the_databases_disk_is_full_is_stored_when_there_is_room(
    full: str, disk: Path, tmp_path: Path
) -> None:
    """R8. Without room for tables a transaction fails; without room for its log the server itself ends."""
    oracle, spool, home = Oracle(), tmp_path / "spool", disk / "server"
    with embedded.start(home, idle_seconds=60, settings=SMALL) as database:
        url = database.url
        with accepting(spool, drained=lambda: reached_by(spool)) as server, draining(home, spool):
            post(server, oracle, 0)
            until(lambda: _count(url) == 50)
            ballast = fill(disk)
            if full == "log":
                _exhaust_log(url)
            number = 1
            while not waits_for(spool):
                assert number < 1000, "the disk is not full"
                post(server, oracle, number)
                number += 1
            for more in range(number, number + 5):
                post(server, oracle, more)
            assert server.client.get("/readyz").json()["drain_waits_for"] == waits_for(spool)
            ballast.unlink()
            until(lambda: not waits_for(spool))
    with embedded.start(home, idle_seconds=60, settings=SMALL), psycopg.connect(url, autocommit=True) as connection:
        oracle.check_lost(connection)
        check_twice(connection)
        oracle.check_altered(connection)
        oracle.check_counters(connection)
        assert connection.execute(EQUATIONS.encode()).fetchone() == (0,)
        check_alive(url, tmp_path)


def _count(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('agent_events')").fetchone() == (None,):
            return 0
        row = connection.execute("SELECT count(*) FROM agent_events").fetchone()
    return row[0] if row else 0


def _exhaust_log(url: str) -> None:
    """Use up the segments of the log that were there before the disk was full; the server ends at the next one."""
    segment = "SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000)), pg_switch_wal()"
    with psycopg.connect(url, autocommit=True) as connection, suppress(psycopg.OperationalError):
        for _ in range(1000):
            connection.execute(segment.encode())
    assert connection.closed, "the server ended"
