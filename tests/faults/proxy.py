"""A network between two programs that slows, hangs, resets, and loses answers: a proxy of our own, in a thread.

What becomes of a connection is decided when it is made: `plan` is asked with its number. The proxy listens on TCP,
whatever it leads to, so that a reset is one.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Literal, NamedTuple, Self
from urllib.parse import quote

from psycopg import conninfo

Kind = Literal["clean", "slow", "hang", "reset", "lose"]
COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"  # what PostgreSQL answers to COMMIT
ACCEPTED = b"HTTP/1.1 200 OK"
_PIECE, _PAUSE_S = 512, 0.001
_HANG_S = 0.3
_PATIENCE_S = 30.0


class Fault(NamedTuple):
    """What happens to one connection. `lose`: an answer never comes, though its question had its effect."""

    kind: Kind
    after: int = 0  # bytes of the client; of `lose`: answers that come before the one that is lost


CLEAN = Fault("clean")
Plan = Callable[[int], Fault]


class Proxy:
    """Leads to one server while its block lasts. `answer` is what `lose` looks for in what the server says."""

    def __init__(self, host: str, port: int, plan: Plan, answer: bytes) -> None:
        self.plan = plan
        self.answer = answer
        self.port = 0
        self.connections = 0
        self.faults = 0  # that happened, not only were planned
        self.held = 0  # connections that something came over since they are silent
        self._age = 0
        self._is_silent = False
        self._target = host, port
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE_S)
        self._loop.close()

    def silence(self) -> None:
        """Pass nothing on any more, of no connection: those that are open stay so, and new ones are taken."""
        self._age += 1
        self._is_silent = True

    def serve(self) -> None:
        """Pass on what new connections bring; the others stay open and silent for ever."""
        self._is_silent = False

    async def _run(self) -> None:
        listening = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.port = listening.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        listening.close()
        leading = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in leading:
            task.cancel()
        await asyncio.gather(*leading, return_exceptions=True)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        fault = self.plan(self.connections)
        if self._is_silent:
            with closing(writer), suppress(asyncio.CancelledError):  # the proxy ends
                await self._hold()
            return
        age = self._age
        host, port = self._target
        try:
            if host.startswith("/"):
                there = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
            else:
                there = await asyncio.open_connection(host, port)
        except OSError:
            _reset(writer)
            return
        ways = [
            asyncio.create_task(self._forth(fault, age, reader, there[1])),
            asyncio.create_task(self._back(fault, age, there[0], writer)),
        ]
        try:
            with suppress(asyncio.CancelledError):  # the proxy ends
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            ended = await asyncio.gather(*ways, return_exceptions=True)
            if any(isinstance(one, _Cut) for one in ended):
                self.faults += 1
                _reset(writer)
            writer.close()
            there[1].close()

    async def _forth(self, fault: Fault, age: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the client to the server."""
        left = fault.after
        while data := await self._read(fault, age, reader):
            if fault.kind == "reset" and len(data) > left:
                await _send(writer, data[:left])
                raise _Cut
            if fault.kind == "hang" and len(data) > left:
                await _send(writer, data[:left])
                self.faults += 1
                await asyncio.sleep(_HANG_S)
                data, left = data[left:], fault.after + len(data)  # and again after as many bytes
            await _send(writer, data)
            left -= len(data)

    async def _back(self, fault: Fault, age: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the server to the client."""
        answers, kept = 0, b""
        while data := await self._read(fault, age, reader):
            kept += data
            answers += kept.count(self.answer)
            if fault.kind == "lose" and answers > fault.after:
                raise _Cut
            await _send(writer, data)
            kept = kept[kept.rfind(self.answer) + len(self.answer) :] if self.answer in kept else kept
            kept = kept[-len(self.answer) + 1 :]

    async def _read(self, fault: Fault, age: int, reader: asyncio.StreamReader) -> bytes:
        if fault.kind == "slow":
            self.faults = max(self.faults, self.connections)
            await asyncio.sleep(_PAUSE_S)
        data = await reader.read(_PIECE if fault.kind == "slow" else 65536)
        if age != self._age:
            await self._hold()
            return b""
        return data

    async def _hold(self) -> None:
        """Stay silent until the proxy ends."""
        self.held += 1
        await self._stop.wait()


class _Cut(Exception):
    """The connection ends here."""


def before_database(url: str, plan: Plan) -> tuple[Proxy, Callable[[], str]]:
    """Return a proxy before the server of a database, and what gives the database's address behind it."""
    parts = conninfo.conninfo_to_dict(url)
    proxy = Proxy(str(parts.get("host") or "localhost"), int(parts.get("port") or 5432), plan, COMMITTED)
    password = f":{quote(str(parts['password']))}" if parts.get("password") else ""
    who = f"{quote(str(parts['user']))}{password}"
    return proxy, lambda: f"postgresql://{who}@127.0.0.1:{proxy.port}/{parts['dbname']}?sslmode=disable"


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    try:
        writer.write(data)
        await writer.drain()
    except ConnectionError:
        raise _Gone from None


class _Gone(Exception):
    """Nobody takes what is sent."""


def _reset(writer: asyncio.StreamWriter) -> None:
    """Not an end but a reset: what was not taken yet is gone."""
    found = writer.get_extra_info("socket")
    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
