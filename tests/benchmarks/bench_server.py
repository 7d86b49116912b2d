"""HTTP bulk, open loop, beside a bare write of the same bytes: `python -m tests.benchmarks.bench_server`.

Requests leave at fixed times, whether or not earlier ones were answered; a latency counts from the time its request was
due. The first seconds are cut. At the end the drain has stored exactly what was accepted, or the run is a failure.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg

from agentobs.store import embedded

ROOT = Path(__file__).parents[2]
_MARK = b"@request@"


class Sent(NamedTuple):
    """One request: when it was due, how long after that its answer was there, its status."""

    due: float
    latency_s: float
    status: int


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rate", type=int, default=50_000, help="events a second")
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--cut", type=float, default=2.0, help="seconds of warm-up that do not count")
    arguments.add_argument("--batch", type=int, default=1000)
    arguments.add_argument("--connections", type=int, default=16)
    options = arguments.parse_args()
    body = template(options.batch)
    with tempfile.TemporaryDirectory(prefix="agentobs-bench-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        with embedded.start(home / "database") as database:
            server, port = start(home)
            try:
                _measure(options, body, home, database.url, server, port)
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(30)


def _measure(
    options: argparse.Namespace, body: bytes, home: Path, url: str, server: "subprocess.Popen[bytes]", port: int
) -> None:
    sent = asyncio.run(load(port, body, options.rate / options.batch, options.seconds, options.connections))
    accepted = sum(one.status == 200 for one in sent) * options.batch
    memory, accepting = _memory(server.pid), _cpu_s(server.pid)
    (drain,) = [one for one in psutil.Process(server.pid).children() if "agentobs.server.draining" in one.cmdline()]
    waited = time.perf_counter()
    stored = _drained(url, accepted)
    waited = time.perf_counter() - waited
    first = min(one.due for one in sent)
    counted = sorted(one.latency_s for one in sent if one.due - first >= options.cut)
    wall = max(one.due + one.latency_s for one in sent) - first
    bare, draining = _bare(home, body, len(sent)), _cpu_s(drain.pid)
    sys.stdout.write(
        f"{len(sent)} requests of {options.batch} events, {len(body)} bytes: offered {options.rate}/s, "
        f"accepted {accepted / wall:.0f}/s, refused {len(sent) * options.batch - accepted} events, "
        f"statuses {_statuses(sent)}\n"
        f"latency ms p50 {_at(counted, 0.50):.1f} p95 {_at(counted, 0.95):.1f} p99 {_at(counted, 0.99):.1f} "
        f"max {counted[-1] * 1e3:.1f}\n"
        f"bare write + fdatasync of each body: {options.batch / bare:.0f} events/s\n"
        f"stored {stored} of {accepted}, all {waited:.1f} s after the last answer "
        f"({stored / (wall + waited):.0f}/s over all); PSS of all its processes {memory / 1e6:.0f} MB\n"
        f"CPU an event: accepting {accepting / accepted * 1e6:.1f} us, draining {draining / stored * 1e6:.1f} us "
        f"(without PostgreSQL's; start of both included); load of the machine {os.getloadavg()[0]:.1f}\n"
    )
    if stored != accepted:
        raise SystemExit("what was accepted is not what is stored")


def template(batch: int) -> bytes:
    """Return NDJSON of so many events of about 1.2 KB, whose ids hold a mark in place of the request's number."""
    text = "The total of the cart was wrong because the discount came twice; fixed and tested. " * 9
    lines = []
    for number in range(batch):
        event = {
            "id": f"bench-{_MARK.decode()}-{number}",
            "timestamp": f"2026-03-09T14:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z",
            "type": "command_execute",
            "agentId": "bench",
            "sessionId": f"bench-{number % 20}",
            "context": {"workingDirectory": "/srv/shop", "toolName": "Bash", "toolCallId": f"call-{number}"},
            "data": {"command": "pytest -q", "output": text},
        }
        lines.append(json.dumps(event).encode())
    return b"\n".join(lines)


async def load(port: int, body: bytes, requests_per_s: float, seconds: float, connections: int) -> list[Sent]:
    """Send requests at their times over some connections; a request that finds none free waits, and its clock runs."""
    due: asyncio.Queue[tuple[int, float]] = asyncio.Queue()
    results: list[Sent] = []
    workers = [asyncio.create_task(_connection(port, body, due, results)) for _ in range(connections)]
    begin = time.perf_counter() + 0.2
    count = int(requests_per_s * seconds)
    for number in range(count):
        at = begin + number / requests_per_s
        await asyncio.sleep(max(at - time.perf_counter(), 0))
        due.put_nowait((number, at))
    while len(results) < count:
        await asyncio.sleep(0.01)
        for worker in workers:
            if worker.done():
                worker.result()
    for worker in workers:
        worker.cancel()
    return results


async def _connection(port: int, body: bytes, due: "asyncio.Queue[tuple[int, float]]", results: list[Sent]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        number, at = await due.get()
        own = body.replace(_MARK, b"%09d" % number)
        writer.write(b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(own))
        writer.write(own)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(size)
        results.append(Sent(at, time.perf_counter() - at, int(head.split(b" ", 2)[1])))


def start(home: Path) -> "tuple[subprocess.Popen[bytes], int]":
    """Start `agentobs serve` on a free port; return it and the port."""
    environment = {**os.environ, "AGENTOBS_HOME": str(home)}
    command = [sys.executable, "-m", "agentobs.cli", "serve", "--port", "0", "--keep-free", "100MB"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    assert server.stderr is not None
    line = server.stderr.readline().decode()
    return server, int(line.split("http://127.0.0.1:")[1].split(";")[0])


def _drained(url: str, accepted: int) -> int:
    """Wait until as many events are stored; return how many are, once nothing moves any more, each counted once."""
    last, since = -1, time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        while last != accepted and time.monotonic() - since <= 20:
            row = connection.execute("SELECT coalesce(sum(stored), 0)::bigint FROM sources").fetchone()
            assert row is not None
            if row[0] != last:
                last, since = row[0], time.monotonic()
            time.sleep(0.1)
        row = connection.execute("SELECT count(*), count(DISTINCT id) FROM agent_events").fetchone()
    assert row is not None
    assert row[0] == row[1], "an event is there twice"
    return row[0]


def _memory(pid: int) -> int:
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(one.memory_full_info().pss for one in processes if "postgres" not in one.name())


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _bare(folder: Path, body: bytes, times: int) -> float:
    """Seconds that a body takes to be written and synced."""
    with (folder / "bare").open("wb", buffering=0) as file:
        begin = time.perf_counter()
        for _ in range(min(times, 100)):
            file.write(body)
            os.fdatasync(file.fileno())
        return (time.perf_counter() - begin) / min(times, 100)


def _at(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] * 1e3


def _statuses(sent: list[Sent]) -> dict[int, int]:
    return {status: sum(one.status == status for one in sent) for status in sorted({one.status for one in sent})}


if __name__ == "__main__":
    main()
