"""`agentobs serve` as a process: what it accepts is stored, a dead drain is replaced, SIGTERM ends it with 0."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agentobs.ingest.backfill import Job
from agentobs.ingest.drain import Drainer
from tests.faults.oracle import Oracle, check_alive, check_twice
from tests.server.accepting import rows

pytestmark = pytest.mark.faults
ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60.0


class Served:
    """A running `agentobs serve`."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, home: Path) -> None:
        self.process = process
        self.port = port
        self.spool = home / "spool"
        self.said: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def post(self, body: bytes) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/v1/events", body)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.decode())


@contextmanager
def served(home: Path, url: str, *arguments: str) -> Iterator[Served]:
    environment = {**os.environ, "AGENTOBS_HOME": str(home), "AGENTOBS_DATABASE_URL": url}
    command = [sys.executable, "-m", "agentobs.cli", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            first = process.stderr.readline().decode()
            assert "serving on http://127.0.0.1:" in first, first
            yield Served(process, int(first.split("http://127.0.0.1:")[1].split(";")[0]), home)
        finally:
            process.kill()


def line(name: str) -> bytes:
    wire = {
        "id": name,
        "timestamp": "2026-03-09T14:00:00Z",
        "type": "command_execute",
        "agentId": "a",
        "sessionId": "s",
        "context": {"summary": name},
    }
    return json.dumps(wire).encode()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.02)


def children(server: Served, what: str) -> list[psutil.Process]:
    """The processes of a kind beside the accepting one."""
    found = []
    for one in psutil.Process(server.process.pid).children():
        try:
            if f"agentobs.server.{what}" in one.cmdline():
                found.append(one)
        except psutil.Error:
            continue  # it ended just now
    return found


def beside(server: Served, what: str) -> psutil.Process:
    until(lambda: len(children(server, what)) == 1)
    return children(server, what)[0]


def _indexed(url: str) -> int:
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('search_documents')").fetchone() == (None,):
            return 0
        row = connection.execute("SELECT count(*) FROM search_documents").fetchone()
    assert row is not None
    return row[0]


def _scraped(server: Served) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {one.name: one.value for family in families for one in family.samples if not one.labels}


def test_how_long_the_transactions_of_the_drain_took_can_be_scraped(database_url: str, tmp_path: Path) -> None:
    with served(tmp_path, database_url) as server:
        for batch in range(3):
            assert server.post(line(f"e{batch}")) == 200
            until(lambda stored=batch + 1: _scraped(server).get("agentobs_stored_total") == stored)
        until(lambda: _scraped(server).get("agentobs_batch_seconds_count") == 3)
        found = _scraped(server)
        assert 0 < found["agentobs_batch_seconds_sum"] < _PATIENCE_S
        assert found["agentobs_drain_lag_bytes"] == 0


def test_sigterm_under_load_ends_it_with_0_and_all_that_was_accepted_is_stored(
    database_url: str, tmp_path: Path
) -> None:
    """R22."""
    oracle, guard, stop = Oracle(), threading.Lock(), threading.Event()

    def send(client: int) -> None:
        batch = 0
        while not stop.is_set():
            names = [f"c{client}-{batch}-{i}" for i in range(20)]
            lines = [line(name) for name in names]
            with guard:
                for one in lines:
                    oracle.issue(one)
            try:
                status = server.post(b"\n".join(lines))
            except (OSError, http.client.HTTPException):
                return  # it is going down
            if status == 200:
                with guard:
                    oracle.accept(*names)
            batch += 1

    with served(tmp_path, database_url) as server:
        clients = [threading.Thread(target=send, args=(number,)) for number in range(4)]
        for client in clients:
            client.start()
        until(lambda: len(oracle.accepted) > 500)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(_PATIENCE_S) == 0
        stop.set()
        for client in clients:
            client.join(_PATIENCE_S)
        until(lambda: any("stopped" in text for text in server.said))
    assert "all that was accepted is stored" in server.said[-1]
    with psycopg.connect(database_url, autocommit=True) as connection:
        oracle.check_lost(connection)
        check_twice(connection)
        oracle.check_altered(connection)
    check_alive(database_url, tmp_path)


def test_a_drain_that_dies_is_started_again(embedded_url: str, tmp_path: Path) -> None:
    with served(tmp_path, embedded_url) as server:
        for number in range(3):
            assert server.post(line(f"e{number}")) == 200
            until(lambda number=number: _count(embedded_url) == 2 * number + 1)
            drain = beside(server, "draining")
            drain.kill()
            assert server.post(line(f"f{number}")) == 200
            until(lambda dead=drain.pid: [one.pid for one in children(server, "draining")] not in ([], [dead]))
        until(lambda: _count(embedded_url) == 6)
        assert sum("draining process ended" in text for text in server.said) == 3


def test_the_processes_beside_it_end_when_the_server_is_killed(embedded_url: str, tmp_path: Path) -> None:
    with served(tmp_path, embedded_url) as server:
        assert server.post(line("e")) == 200
        ones = [beside(server, "draining"), beside(server, "indexing")]
        server.process.kill()
        for one in ones:
            one.wait(_PATIENCE_S)


def test_what_is_stored_is_indexed_also_after_the_index_process_died(embedded_url: str, tmp_path: Path) -> None:
    with served(tmp_path, embedded_url) as server:
        for number in range(2):
            beside(server, "indexing").kill()
            assert server.post(line(f"e{number}")) == 200
            until(lambda number=number: _indexed(embedded_url) == number + 1)
    assert not any("waiting" in text for text in server.said)


def test_without_a_database_it_accepts_and_keeps_and_a_later_run_stores(embedded_url: str, tmp_path: Path) -> None:
    """R5, from the very start."""
    with served(tmp_path, "postgresql://nobody@127.0.0.1:9/nothing") as server:
        assert server.post(line("e")) == 200
        until(lambda: any("waiting for the database" in text for text in server.said))
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(_PATIENCE_S) == 0
        until(lambda: any("waits in the spool" in text for text in server.said))
    with Drainer(Job(url=embedded_url, redaction_key=b"k" * 32), tmp_path / "spool") as drainer:
        assert drainer.drain().stored == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "can be reached from other machines"),
        (["--spool-cap", "many"], "is no size"),
    ],
)
def test_it_does_not_begin_where_it_may_not(arguments: list[str], words: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "AGENTOBS_HOME": str(tmp_path),
        "AGENTOBS_DATABASE_URL": "postgresql://x@127.0.0.1:9/x",
    }
    command = [sys.executable, "-m", "agentobs.cli", "serve", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert words in done.stderr.decode()


def test_two_servers_cannot_share_a_spool(tmp_path: Path, embedded_url: str) -> None:
    with (
        served(tmp_path, embedded_url),
        pytest.raises(AssertionError, match="another process writes to the spool"),
        served(tmp_path, embedded_url),
    ):
        pass


def _count(url: str) -> int:
    if rows(url, "SELECT to_regclass('agent_events')") == [(None,)]:
        return 0
    return rows(url, "SELECT count(*) FROM agent_events")[0][0]
