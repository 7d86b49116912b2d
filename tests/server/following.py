"""A server that is read from, in a thread of the test; clients that follow its stream by either way."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from agentobs.ingest.backfill import adapters
from agentobs.ingest.spool import Spool
from agentobs.redaction import Redactor
from agentobs.server.app import create_app
from agentobs.server.read_api_pool import Reading
from agentobs.server.service import Service
from tests.server.accepting import KEY, Accepting, drain

PATIENCE_S = 30.0


class Following(Accepting):
    """A running server on a database."""

    database: str

    def store(self, *events: dict[str, Any]) -> None:
        """Send events and drain: one batch of the stream."""
        answer = self.post(b"\n".join(json.dumps(one).encode() for one in events))
        assert answer.json()["accepted"] == len(events), answer.text
        drain(self.database, self.folder)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def following(database: str, folder: Path, **options: Any) -> Iterator[Following]:
    """Serve until the block ends; streams end first."""
    service = Service(Spool(folder), adapters(), Redactor(KEY), reading=Reading(database), **options)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(service), loop="uvloop", http="httptools", ws="websockets-sansio", log_level="warning",
        access_log=False, ws_per_message_deflate=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    running = Following(f"http://127.0.0.1:{listening.getsockname()[1]}", service, folder)
    running.database = database
    try:
        while not server.started:
            assert thread.is_alive(), "the server does not start"
            time.sleep(0.005)
        yield running
    finally:
        running.client.close()
        service.end_streams()
        server.should_exit = True
        thread.join(PATIENCE_S)
        listening.close()


class Told:
    """What a client was told: events and gaps in order, and the cursor after each."""

    def __init__(self) -> None:
        self.items: list[tuple[str | None, str, Any]] = []
        self.cursor: str | None = None
        self.ended = False
        self._more = threading.Condition()

    def add(self, cursor: str | None, kind: str, value: Any) -> None:
        with self._more:
            self.cursor = cursor or self.cursor
            if kind != "beat":
                self.items.append((cursor, kind, value))
            self._more.notify_all()

    def end(self) -> None:
        with self._more:
            self.ended = True
            self._more.notify_all()

    def until(self, holds: Callable[["Told"], bool]) -> None:
        with self._more:
            assert self._more.wait_for(lambda: holds(self), PATIENCE_S), f"it does not come true: {self.items[-3:]}"

    @property
    def events(self) -> list[Any]:
        return [value for _, kind, value in self.items if kind == "event"]

    @property
    def gaps(self) -> list[Any]:
        return [value for _, kind, value in self.items if kind == "gap"]

    @property
    def summaries(self) -> list[str]:
        return [event["context"]["summary"] for event in self.events]


@contextmanager
def by_events(server: Following, query: str = "", last: str | None = None) -> Iterator[Told]:
    """Follow by server-sent events; the block begins when the stream has begun."""
    told = Told()
    headers = {} if last is None else {"last-event-id": last}
    with (
        httpx.Client(base_url=server.url, timeout=None, trust_env=False) as client,
        client.stream("GET", f"/v1/stream{query}", headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        thread = threading.Thread(target=_listen, args=(answer, told))
        thread.start()
        told.until(lambda one: one.cursor is not None)
        yield told
        _cut(answer)
        thread.join(PATIENCE_S)


def _cut(answer: httpx.Response) -> None:
    """Close the connection under who reads it."""
    found = answer.extensions["network_stream"].get_extra_info("socket")
    try:
        found.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _lines(answer: httpx.Response) -> Iterator[str]:
    """Lines as server-sent events have them: httpx's own end at U+2028 too."""
    held = b""
    for piece in answer.iter_bytes():
        *lines, held = (held + piece).split(b"\n")
        yield from (line.decode() for line in lines)


def _listen(answer: httpx.Response, told: Told) -> None:
    cursor, kind, data = None, "event", None
    try:
        for line in _lines(answer):
            if line.startswith("id: "):
                cursor = line[4:]
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif not line:
                told.add(cursor, kind if data is not None else "beat", data)
                cursor, kind, data = None, "event", None
    except (httpx.HTTPError, OSError):
        pass
    finally:
        told.end()


@contextmanager
def by_socket(server: Following, query: str = "") -> Iterator[Told]:
    """Follow by WebSocket."""
    told = Told()
    with connect(f"{server.url.replace('http', 'ws')}/v1/stream{query}", compression=None, proxy=None) as client:
        thread = threading.Thread(target=_hear, args=(client, told))
        thread.start()
        told.until(lambda one: one.cursor is not None)
        yield told
        client.close()
        thread.join(PATIENCE_S)


def _hear(client: ClientConnection, told: Told) -> None:
    try:
        for text in client:
            said = json.loads(text)
            for event in said.get("events", ()):
                told.add(said["cursor"], "event", event)
            if "gap" in said:
                told.add(said["cursor"], "gap", said["gap"])
            if len(said) == 1:
                told.add(said["cursor"], "beat", None)
    except ConnectionClosedError:  # the server closed it with another code than that of an end
        pass
    finally:
        told.end()
