"""R20: a thousand sessions, in bursts above what the spool may hold: taken or answered 503, in bounded memory."""

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.faults.oracle import Oracle, check_twice
from tests.server.test_serve import _PATIENCE_S, Served, beside, served, until

pytestmark = pytest.mark.faults
SESSIONS, BATCH, BATCHES, EVERY_S = 1_000, 250, 160, 0.01
MOST_BYTES = 300 << 20


def _line(number: int) -> bytes:
    told = {
        "id": f"e{number}",
        "timestamp": "2026-03-09T14:00:00Z",
        "type": "command_execute",
        "agentId": "a",
        "sessionId": f"s{number % SESSIONS}",
        "data": {"text": "x" * 500},
    }
    return json.dumps(told).encode()


def _send(server: Served, due: float, lines: list[bytes]) -> int:
    """Post a batch when it is due, whether or not those before it were answered; return the status."""
    time.sleep(max(due - time.monotonic(), 0))
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE_S)) as connection:
        connection.request("POST", "/v1/events", b"\n".join(lines))
        answer = connection.getresponse()
        answer.read()
        if answer.status == 503:
            assert int(answer.headers["retry-after"]) > 0
        return answer.status


def test_bursts_of_a_thousand_sessions_are_taken_or_told_to_come_again(database_url: str, tmp_path: Path) -> None:
    """40,000 events in 1.6 seconds; the spool may hold about a third of them."""
    oracle = Oracle()
    batches = [[_line(place * BATCH + i) for i in range(BATCH)] for place in range(BATCHES)]
    for one in batches:
        for line in one:
            oracle.issue(line)
    peak, done = [0], threading.Event()

    def watch(process: psutil.Process) -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], process.memory_info().rss)

    with served(tmp_path, database_url, "--spool-cap", "8MB") as server:
        watching = threading.Thread(target=watch, args=(psutil.Process(server.process.pid),))
        watching.start()
        drain = beside(server, "draining")
        drain.suspend()  # the database takes nothing, however fast the machine is
        begin = time.monotonic() + 0.1
        with ThreadPoolExecutor(32) as clients:
            asked = [clients.submit(_send, server, begin + place * EVERY_S, one) for place, one in enumerate(batches)]
            statuses = [one.result() for one in asked]
        drain.resume()
        assert set(statuses) == {200, 503}, "more came than the spool may hold"
        for status, one in zip(statuses, batches, strict=True):
            if status == 200:
                oracle.accept(*(json.loads(line)["id"] for line in one))
        until(lambda: server.post(_line(-1)) == 200)  # it drains by itself
        oracle.issue(_line(-1))
        oracle.accept("e-1")
        server.process.terminate()
        assert server.process.wait(_PATIENCE_S) == 0
        done.set()
        watching.join()
    assert peak[0] < MOST_BYTES
    with psycopg.connect(database_url, autocommit=True) as connection:
        oracle.check_lost(connection)
        check_twice(connection)
        oracle.check_altered(connection)
