"""Servers that take OTLP spans, each as it comes from its package: how it starts, where its spans are, how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import LiteralString, NamedTuple

import psutil
import psycopg

from agentobs.store import embedded

ROOT = Path(__file__).parents[2]
_START_S = 180
_COUNT = "SELECT count(*) FROM tool_calls UNION ALL SELECT count(*) FROM model_calls"
_SPANS = """
SELECT right(call_key, 30)::bigint FROM tool_calls UNION ALL SELECT right(usage_key, 30)::bigint FROM model_calls
"""


@dataclass(frozen=True)
class Stored:
    """What a database holds, asked anew each time."""

    count: Callable[[], int]
    spans: Callable[[], set[int]]  # their numbers; one that is there twice is an error


class Rival(NamedTuple):
    """A program and how it is fed."""

    name: str
    version: str
    rate: float  # spans a second; 0: without a pause
    clients: int
    headers: dict[str, str]
    ready: str
    start: Callable[[Path, int], tuple[list[str], dict[str, str]]]
    read: Callable[[Path], AbstractContextManager[Stored]]  # its database


def agentobs(rate: float) -> Rival:
    def start(home: Path, port: int) -> tuple[list[str], dict[str, str]]:
        command = [sys.executable, "-m", "agentobs.cli", "serve", "--port", str(port), "--keep-free", "100MB"]
        return command, {"AGENTOBS_HOME": str(home)}

    return Rival("agentobs", metadata.version("agentobs"), rate, 8, {}, "/healthz", start, _ours)


def phoenix(program: Path, rate: float) -> Rival:
    def start(home: Path, port: int) -> tuple[list[str], dict[str, str]]:
        environment = {
            "PHOENIX_WORKING_DIR": str(home),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_TELEMETRY_ENABLED": "false",
            "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        }
        return [str(program.absolute()), "serve"], environment

    def read(home: Path) -> AbstractContextManager[Stored]:
        return _in_sqlite(home / "phoenix.db")

    return Rival("phoenix", _version(program, "arize-phoenix"), rate, 4, {}, "/healthz", start, read)


def mlflow(program: Path, rate: float, clients: int) -> Rival:
    def start(home: Path, port: int) -> tuple[list[str], dict[str, str]]:
        address = ["--host", "127.0.0.1", "--port", str(port)]
        store = ["--backend-store-uri", f"sqlite:///{home}/mlflow.db"]
        # Four workers of its own accord: each imports for a minute on two cores, and SQLite has one writer.
        command = [str(program.absolute()), "server", *address, *store, "--workers", "1"]
        return command, {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

    def read(home: Path) -> AbstractContextManager[Stored]:
        return _in_sqlite(home / "mlflow.db")

    headers = {"x-mlflow-experiment-id": "0"}
    return Rival("mlflow", _version(program, "mlflow"), rate, clients, headers, "/health", start, read)


class NotStartedError(Exception):
    """A program does not start; the text is the end of what it said."""


class Running:
    """A started program."""

    def __init__(self, process: subprocess.Popen[bytes], home: Path, port: int) -> None:
        self._process = process
        self._home = home
        self._at = 0.0
        self.port = port

    def kill(self) -> None:
        """Kill -9 all its processes, at once, its database's too."""
        for one in (doomed := self._all()):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(doomed, 10)
        self._process.wait(10)

    def terminate(self) -> None:
        self._at = time.perf_counter()
        self._process.send_signal(signal.SIGTERM)

    def ended(self, patience_s: float) -> float | None:
        """Wait for the end after a SIGTERM; return its seconds. One that does not end is killed: None."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
            return time.perf_counter() - self._at
        self.kill()
        return None

    def _all(self) -> list[psutil.Process]:
        found = {}
        with contextlib.suppress(psutil.NoSuchProcess):
            own = psutil.Process(self._process.pid)
            found = {one.pid: one for one in [own, *own.children(recursive=True)]}
        for one in psutil.process_iter(["cmdline"]):
            if any(str(self._home) in word for word in one.info["cmdline"] or ()):
                found.update({member.pid: member for member in [one, *_children(one)]})
        return list(found.values())


def start(rival: Rival, home: Path) -> Running:
    """Start a program in its folder and wait until it answers."""
    port = free_port()
    command, own = rival.start(home, port)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AGENTOBS_")} | own
    with (home / "output.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT if rival.name == "agentobs" else home,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    running = Running(process, home, port)
    until = time.monotonic() + _START_S
    while not _answers(f"http://127.0.0.1:{port}{rival.ready}"):
        if process.poll() is not None or time.monotonic() > until:
            running.kill()
            raise NotStartedError(f"{rival.name} does not start:\n{(home / 'output.log').read_text()[-2000:]}")
        time.sleep(0.1)
    return running


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@contextmanager
def _ours(home: Path) -> Iterator[Stored]:
    with embedded.start(home / "database") as server, psycopg.connect(server.url, autocommit=True) as connection:

        def numbers(query: LiteralString) -> list[int]:
            try:
                return [number for (number,) in connection.execute(query)]
            except psycopg.errors.UndefinedTable:  # its drain has not come to that yet
                return []

        yield Stored(lambda: sum(numbers(_COUNT)), lambda: _once(numbers(_SPANS)))


@contextmanager
def _in_sqlite(file: Path) -> Iterator[Stored]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=60)) as connection:
        yield Stored(
            lambda: connection.execute("SELECT count(*) FROM spans").fetchone()[0],
            lambda: _once([int(name, 16) - 1 for (name,) in connection.execute("SELECT span_id FROM spans")]),
        )


def _once(numbers: list[int]) -> set[int]:
    found = set(numbers)
    assert len(found) == len(numbers), "a span is stored twice"
    return found


def _version(program: Path, package: str) -> str:
    """The version that the program's own environment says."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    python = program.absolute().parent / "python"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
