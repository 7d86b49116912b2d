"""Live delivery, from the sending of a request to the client's socket, beside a bare echo of the same bytes.

`python -m tests.benchmarks.bench_live`. Requests leave at fixed times (open loop), and a latency counts from the time
its request was due: accepting, fsync, draining, committing and delivering are all in it. First an idle server with
single events, then 5,000 events a second with one client that sees all and 100 that see one session each. The first
seconds are cut. Every client must have got exactly its events, each once and without a gap, or the run is a failure.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from agentobs.store import embedded
from tests.benchmarks.bench_server import start

_NUMBER = re.compile(rb'"summary":"n(\d+)"')
_ECHO = """
import asyncio, sys
async def echo(reader, writer):
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


class Client:
    """One who follows: when each event was there."""

    def __init__(self, port: int, query: str) -> None:
        self._port = port
        self._query = query
        self.seen: dict[int, float] = {}
        self.twice = 0
        self.gaps = 0
        self.begun = asyncio.Event()

    async def run(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24)
        writer.write(f"GET /v1/stream{self._query} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        held = b""
        try:
            while data := await reader.read(1 << 18):
                now = time.perf_counter()
                self.begun.set()
                whole, cut, held = (held + data).rpartition(b"\n\n")
                self.gaps += whole.count(b"event: gap")
                for found in _NUMBER.findall(whole + cut):
                    number = int(found)
                    self.twice += number in self.seen
                    self.seen.setdefault(number, now)
        finally:
            writer.close()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--idle", type=int, default=100, help="single events, ten a second")
    arguments.add_argument("--rate", type=int, default=5000, help="events a second under load")
    arguments.add_argument("--seconds", type=float, default=8.0)
    arguments.add_argument("--cut", type=float, default=2.0, help="seconds of warm-up that do not count")
    arguments.add_argument("--batch", type=int, default=50, help="events of a request under load")
    arguments.add_argument("--sessions", type=int, default=100, help="clients that follow one session each")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="agentobs-bench-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        with embedded.start(home / "database"):
            server, port = start(home)
            try:
                asyncio.run(_measure(options, server, port))
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(30)


async def _measure(options: argparse.Namespace, server: "subprocess.Popen[bytes]", port: int) -> None:
    with subprocess.Popen([sys.executable, "-c", _ECHO], stdout=subprocess.PIPE) as echo:
        assert echo.stdout is not None
        echoed = await _echo(int(echo.stdout.readline()), _body(0, 1, 1), options.idle)
        echo.kill()
    _print("bare echo of one event", echoed)
    everything = Client(port, "")
    alone = await _run(port, [everything], options.idle, 1, 10.0, options.sessions, 0)
    idle = [everything.seen[n] - alone[n] for n in alone if n >= 10 and n in everything.seen]
    _print("idle, single events", idle)
    clients = [Client(port, "")] + [Client(port, f"?session=live-{n}") for n in range(options.sessions)]
    before, sent = _cpu(server.pid), len(alone)
    count = int(options.rate * options.seconds / options.batch)
    due = await _run(port, clients, count, options.batch, options.rate / options.batch, options.sessions, sent)
    used = _cpu(server.pid) - before
    first = min(due.values())
    counted = [n for n in due if due[n] - first >= options.cut]
    _print(
        f"{options.rate}/s, the one who sees all",
        [clients[0].seen[n] - due[n] for n in counted if n in clients[0].seen],
    )
    _print(
        f"{options.rate}/s, {options.sessions} of one session each",
        [client.seen[n] - due[n] for client in clients[1:] for n in client.seen if due[n] - first >= options.cut],
    )
    sys.stdout.write(
        f"CPU of its processes under load: {used / (options.seconds + 0.5):.2f} cores; PSS of all its processes "
        f"{_pss(server.pid) / 1e6:.0f} MB; load of the machine {os.getloadavg()[0]:.1f}\n"
    )
    _check([everything], list(alone), options.sessions)
    _check(clients, list(due), options.sessions)


async def _run(
    port: int, clients: list[Client], requests: int, batch: int, requests_per_s: float, sessions: int, first: int
) -> dict[int, float]:
    """Send requests at their times while clients follow; return when each event was due."""
    following = [asyncio.create_task(client.run()) for client in clients]
    await asyncio.gather(*(client.begun.wait() for client in clients))
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    senders = [asyncio.create_task(_send(port, queue)) for _ in range(8)]
    due: dict[int, float] = {}
    begin = time.perf_counter() + 0.2
    for number in range(requests):
        at = begin + number / requests_per_s
        body = _body(first + number * batch, batch, sessions)
        await asyncio.sleep(max(at - time.perf_counter(), 0))
        due.update(dict.fromkeys(range(first + number * batch, first + (number + 1) * batch), at))
        queue.put_nowait(body)
    deadline = time.perf_counter() + 30
    while time.perf_counter() < deadline and len(clients[0].seen) < len(due):
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    for task in (*senders, *following):
        task.cancel()
    await asyncio.gather(*senders, *following, return_exceptions=True)
    return due


async def _send(port: int, queue: "asyncio.Queue[bytes]") -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        body = await queue.get()
        writer.write(b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        if b" 200 " not in head:
            raise SystemExit(f"a request was refused: {head!r}")


def _body(first: int, batch: int, sessions: int) -> bytes:
    text = "The total of the cart was wrong because the discount came twice; fixed and tested. " * 9
    lines = []
    for number in range(first, first + batch):
        event = {
            "id": f"live-{number}",
            "timestamp": f"2026-03-09T14:{number // 60000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}Z",
            "type": "command_execute",
            "agentId": "bench",
            "sessionId": f"live-{number % sessions}",
            "context": {"summary": f"n{number}", "toolName": "Bash", "toolCallId": f"call-{number}"},
            "data": {"command": "pytest -q", "output": text},
        }
        lines.append(json.dumps(event).encode())
    return b"\n".join(lines)


async def _echo(port: int, body: bytes, count: int) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    for _ in range(count):
        at = time.perf_counter()
        writer.write(body)
        await reader.readexactly(len(body))
        took.append(time.perf_counter() - at)
        await asyncio.sleep(0.01)
    writer.close()
    return took


def _check(clients: list[Client], due: list[int], sessions: int) -> None:
    """The oracle: exactly what each was to see."""
    wanted = [set(due)] + [{n for n in due if n % sessions == session} for session in range(len(clients) - 1)]
    for client, numbers in zip(clients, wanted, strict=True):
        if set(client.seen) != numbers or client.twice or client.gaps:
            raise SystemExit(
                f"a client got {len(client.seen)} of {len(numbers)} events, {client.twice} twice, {client.gaps} gaps"
            )
    sys.stdout.write(f"{len(clients)} clients got exactly their events of {len(due)}, each once, no gap\n")


def _print(what: str, latencies_s: list[float]) -> None:
    ordered = sorted(latencies_s)
    at = [ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1e3 for share in (0.5, 0.95, 0.99)]
    sys.stdout.write(
        f"{what}: p50 {at[0]:.1f} ms  p95 {at[1]:.1f}  p99 {at[2]:.1f}  max {ordered[-1] * 1e3:.1f}  ({len(ordered)})\n"
    )
    sys.stdout.flush()


def _cpu(pid: int) -> float:
    processes = [psutil.Process(pid), *psutil.Process(pid).children()]
    return sum(sum(one.cpu_times()[:2]) for one in processes)


def _pss(pid: int) -> int:
    processes = [psutil.Process(pid), *psutil.Process(pid).children()]
    return sum(one.memory_full_info().pss for one in processes)


if __name__ == "__main__":
    main()
