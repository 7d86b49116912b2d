"""R25 by WebSocket: a client that stops reading gets a gap, asks for what it missed, and holds up nobody."""

import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.faults.oracle import Oracle, check_twice
from tests.server.following import PATIENCE_S, Following, by_events, by_socket, following
from tests.server.test_serve import until
from tests.server.test_stream import large

pytestmark = pytest.mark.faults
EVENTS, BATCH = 1200, 40
QUEUE = 700_000


def _deaf(server: Following) -> ClientConnection:
    """A client that takes a little of the stream and then reads no more."""
    parts = urlsplit(server.url)
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    own.connect((parts.hostname, parts.port))
    url = f"{server.url.replace('http', 'ws')}/v1/stream"
    return connect(url, sock=own, compression=None, proxy=None, max_queue=1, ping_interval=None, close_timeout=1)


def _store(server: Following, oracle: Oracle, first: int) -> None:
    """A batch: all of it is stored when this returns, whoever listens."""
    made = [large(f"e{number}", number) for number in range(first, first + BATCH)]
    for one in made:
        oracle.issue(json.dumps(one).encode())
        oracle.accept(one["id"])
    server.store(*made)


def _told(client: ClientConnection) -> tuple[list[str], list[dict[str, Any]]]:
    """Read until the first gap: what came before it, and the gap."""
    names: list[str] = []
    while True:
        said = json.loads(client.recv(timeout=PATIENCE_S))
        names += [event["context"]["summary"] for event in said.get("events", ())]
        if "gap" in said:
            return names, [said["gap"]]


def test_a_deaf_client_gets_a_gap_and_goes_on_by_its_cursor_while_all_is_stored(
    embedded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R25; one more such client vanishes without a word."""
    monkeypatch.setattr("agentobs.server.live.QUEUE_BYTES", QUEUE)
    oracle = Oracle()
    with (
        following(embedded_url, tmp_path / "spool") as server,
        _deaf(server) as deaf,
        _deaf(server) as vanishing,
    ):
        live = server.service.live
        assert live is not None
        until(lambda: live.clients == 2)
        with by_events(server) as quick:
            for first in range(0, EVENTS, BATCH):
                _store(server, oracle, first)
                quick.until(lambda one, upto=first + BATCH: len(one.events) == upto)
        assert quick.gaps == []
        assert live.queued_bytes <= 2 * QUEUE
        vanishing.socket.close()
        seen, (gap,) = _told(deaf)
        deaf.close()
        names = [f"e{number}" for number in range(EVENTS)]
        assert seen == quick.summaries[: len(seen)], "in order, to the gap"
        assert gap["missed"] == EVENTS - len(seen)
        with by_socket(server, f"?cursor={gap['from']}") as again:
            again.until(lambda one: len(one.events) == gap["missed"])
        assert sorted(seen + again.summaries) == sorted(names)
        until(lambda: live.clients == 0)
        assert live.queued_bytes == 0
    with psycopg.connect(embedded_url, autocommit=True) as connection:
        oracle.check_lost(connection)
        check_twice(connection)
        oracle.check_altered(connection)
