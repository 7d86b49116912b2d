"""Servers and drains that are killed while clients send and retry: forked from one that has imported everything."""

import http.client
import json
import multiprocessing
import os
import random
import signal
import socket
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from zlib import crc32

import psycopg

from agentobs.adapters import native
from agentobs.ingest.backfill import Job
from agentobs.ingest.drain import Drainer
from agentobs.ingest.spool import Limits, Spool
from agentobs.redaction import Redactor
from agentobs.server.service import Service
from agentobs.server.serving import run_server
from tests.faults.oracle import COUNTERS, EQUATIONS, Broken, Oracle, check_alive, check_twice

KEY = b"k" * 32
KNOWN = {"native": native.ADAPTER}
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.serving_preload"])
_PATIENCE_S = 60.0
_LATE_S = 0.006  # how long the mutant has told before it writes


class EarlySpool(Spool):
    """The mutant: tells that all is durable, and writes a moment later."""

    def append(self, payloads: Any) -> "Future[None]":
        future: Future[None] = Future()
        future.set_result(None)
        threading.Timer(_LATE_S, super().append, [payloads]).start()
        return future


def accept(listening: socket.socket, folder: str, early: bool) -> None:
    """Accept until somebody kills us."""
    limits = Limits(segment_bytes=50_000)
    spool = (EarlySpool if early else Spool)(Path(folder), limits)
    run_server(Service(spool, KNOWN, Redactor(KEY)), [listening])


def drain(url: str, folder: str) -> None:
    """Drain until somebody kills us."""
    with Drainer(Job(url=url, redaction_key=KEY), Path(folder), known=KNOWN) as drainer:
        drainer.run(lambda error: None, lambda reached: None)


def warm() -> None:
    """What the fork server does once: the patterns are compiled there."""
    Redactor(KEY)


class Client(threading.Thread):
    """Sends batches one after the other, each until it is accepted."""

    def __init__(self, number: int, port: int, oracle: Oracle, guard: threading.Lock) -> None:
        super().__init__()
        self.number = number
        self.waiting = False  # for an answer
        self.failed: BaseException | None = None
        self.accepted = 0
        self.stop = False
        self._port = port
        self._oracle = oracle
        self._guard = guard
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        try:
            batch = 0
            while not self.stop:
                self._send_one(batch)
                batch += 1
        except BaseException as error:  # noqa: BLE001 the test's own thread shows it
            self.failed = error
        finally:
            if self._connection is not None:
                self._connection.close()

    def _send_one(self, batch: int) -> None:
        names = [f"c{self.number}-{batch}-{i}" for i in range(1 + batch % 7)]
        lines = [_line(name, i) for i, name in enumerate(names)]
        with self._guard:
            for line in lines:
                self._oracle.issue(line)
        body = b"\n".join(lines)
        while not self._is_accepted(body):
            if self.stop:
                return
            time.sleep(0.002)
        with self._guard:
            self._oracle.accept(*names)
        self.accepted += 1

    def _is_accepted(self, body: bytes) -> bool:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
            self.waiting = True
            self._connection.request("POST", "/v1/events", body)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return False
        finally:
            self.waiting = False
        assert answer.status in {200, 503}, answer.status
        return answer.status == 200


class Crashing:
    """Clients, a server, a drain, and somebody who kills the latter two at random moments."""

    def __init__(self, url: str, folder: Path, *, seed: int, clients: int = 8, early: bool = False) -> None:
        self.oracle = Oracle()
        self.caught = 0  # kills while somebody waited for an answer
        self._url = url
        self._folder = folder
        self._spool = folder / "spool"
        self._early = early
        self._random = random.Random(seed)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        port = self._listening.getsockname()[1]
        guard = threading.Lock()
        self._clients = [Client(number, port, self.oracle, guard) for number in range(clients)]

    def run(self, kills: int, *, longest_s: float = 0.03) -> None:
        """Kill so many servers, and now and then the drain."""
        server, drainer = self._serve(), self._drain()
        for client in self._clients:
            client.start()
        try:
            for number in range(kills):
                self._wait_for_acceptance()
                time.sleep(self._random.uniform(0, longest_s))
                self.caught += any(client.waiting for client in self._clients)
                _kill(server)
                server = self._serve()
                if number % 3 == 0:
                    _kill(drainer)
                    drainer = self._drain()
            self._wait_for_acceptance()
        finally:
            for client in self._clients:
                client.stop = True
            for client in self._clients:
                client.join(_PATIENCE_S)
            _kill(server)
            _kill(drainer)
            self._listening.close()
        assert [client.failed for client in self._clients if client.failed] == []

    def finish(self) -> None:
        """Start once more, drain what is left, then check all promises. Raises Broken."""
        Spool(self._spool).close()
        with Drainer(Job(url=self._url, redaction_key=KEY), self._spool, known=KNOWN) as drainer:
            drainer.drain()
        with psycopg.connect(self._url, autocommit=True) as connection:
            self.oracle.check_lost(connection)
            check_twice(connection)
            self.oracle.check_altered(connection)
            damage = connection.execute("SELECT reason FROM quarantine").fetchall()
            assert damage == [], "a kill leaves nothing that looks like damage"
            row = connection.execute(EQUATIONS.encode()).fetchone()
            if row != (0,):
                raise Broken(COUNTERS, f"{row} sources do not add up")
        check_alive(self._url, self._folder)

    def _wait_for_acceptance(self) -> None:
        before, deadline = sum(client.accepted for client in self._clients), time.monotonic() + _PATIENCE_S
        while sum(client.accepted for client in self._clients) <= before:
            assert time.monotonic() < deadline, "nothing is accepted any more"
            time.sleep(0.001)

    def _serve(self) -> Any:
        return _started(accept, self._listening, str(self._spool), self._early)

    def _drain(self) -> Any:
        while not self._spool.is_dir():
            time.sleep(0.01)
        return _started(drain, self._url, str(self._spool))


def _started(target: Any, *arguments: Any) -> Any:
    process = _CONTEXT.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def _kill(process: Any) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"it had ended by itself: {process.exitcode}"
    process.close()


def _line(name: str, number: int) -> bytes:
    """An AgentEvent of a kind that moves the derived tables."""
    wire: dict[str, Any] = {
        "id": name,
        "timestamp": f"2026-03-09T14:{number % 60:02}:00.{crc32(name.encode()) % 1000:03}Z",
        "type": "llm_response" if number % 2 else "command_execute",
        "agentId": "mine",
        "sessionId": f"s{number % 3}",
    }
    if number % 2:
        wire["metrics"] = {"usage": {"inputTokens": 5, "outputTokens": number}, "usageKey": f"m{number % 5}"}
    else:
        wire["context"] = {"toolName": "Bash", "toolCallId": f"call-{name}"}
    return json.dumps(wire).encode()
