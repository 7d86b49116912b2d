"""Sends OTLP batches to a server, and remembers which were answered 2xx."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tests.benchmarks.bench_otlp import BATCH, request

if TYPE_CHECKING:
    from tests.benchmarks._rivals import Rival

_WARM = 20
_PAUSE_S = 0.2  # after a refusal
_TIMEOUT_S = 60


class Batches:
    """Bodies made before the clock runs, the same ones for every program, each given out once."""

    def __init__(self, count: int) -> None:
        self._bodies = [(number, request(number * BATCH)) for number in range(1, count + 1)]
        self._guard = threading.Lock()
        self.rewind()

    def rewind(self) -> None:
        self._next: Iterator[tuple[int, bytes]] = iter(self._bodies)

    def take(self) -> tuple[int, bytes] | None:
        with self._guard:
            return next(self._next, None)


class Sending:
    """One load: clients that send at fixed times, or each as soon as it has an answer."""

    def __init__(self, port: int, rival: Rival, batches: Batches) -> None:
        self._port = port
        self._rival = rival
        self._batches = batches
        self._guard = threading.Lock()
        self._began = self._until = 0.0
        self._sent = 0
        self._latencies_s: list[float] = []
        self.accepted: list[int] = []
        self.refused = 0

    def warm_up(self) -> set[int]:
        """Send one small request, so that the first one's imports and tables are not in the clock; return its spans."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        status = self._status(connection, request(0, _WARM))
        connection.close()
        assert status == 200, f"{self._rival.name} answers {status}"
        return set(range(_WARM))

    def run(self, seconds: float, fault: Callable[[], None] | None = None) -> float:
        """Send for so long, and return how long it took; a fault comes at the end, while clients are sending on."""
        self._began = time.perf_counter()
        self._until = self._began + seconds + (1 if fault else 0)
        clients = [threading.Thread(target=self._client) for _ in range(self._rival.clients)]
        for client in clients:
            client.start()
        if fault:
            time.sleep(seconds)
            fault()
        for client in clients:
            client.join()
        if not fault:
            time.sleep(max(self._until - time.perf_counter(), 0))
        return time.perf_counter() - self._began

    def spans(self) -> set[int]:
        """Return the numbers of the spans that were answered 2xx."""
        return {number for batch in self.accepted for number in range(batch * BATCH, (batch + 1) * BATCH)}

    def latency_ms(self, share: float) -> float:
        """Return a quantile of the time from when a request was due to its 2xx."""
        ordered = sorted(self._latencies_s)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1e3 if ordered else float("nan")

    def _client(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        while (due := self._due()) < self._until and (taken := self._batches.take()):
            time.sleep(max(due - time.perf_counter(), 0))
            batch, body = taken
            try:
                status = self._status(connection, body)
            except (OSError, http.client.HTTPException):
                status = 0  # the server is gone: nothing was promised
                connection.close()
            took = time.perf_counter() - due
            with self._guard:
                if 200 <= status < 300:
                    self.accepted.append(batch)
                    self._latencies_s.append(took)
                else:
                    self.refused += 1
            if not 200 <= status < 300:
                time.sleep(_PAUSE_S)
        connection.close()

    def _due(self) -> float:
        if not self._rival.rate:
            return time.perf_counter()
        with self._guard:
            self._sent += 1
            return self._began + (self._sent - 1) * BATCH / self._rival.rate

    def _status(self, connection: http.client.HTTPConnection, body: bytes) -> int:
        headers = {"content-type": "application/x-protobuf", **self._rival.headers}
        connection.request("POST", "/v1/traces", body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
