"""GET /v1/stream: every event once, in the order of the commits; a slow client loses events, ingest nothing."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus

from agentobs.errors import RequestRefused
from agentobs.server.access import OWNER, Principal, Scope
from tests.server.following import Following, Told, by_events, by_socket, following

Follow = Callable[..., AbstractContextManager[Told]]


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Following]:
    with following(database_url, tmp_path / "spool") as running:
        yield running


@pytest.fixture
def embedded(embedded_url: str, tmp_path: Path) -> Iterator[Following]:
    with following(embedded_url, tmp_path / "spool") as running:
        yield running


@pytest.fixture(params=[by_events, by_socket])
def follow(request: pytest.FixtureRequest) -> Follow:
    return request.param


def event(name: str, session: str = "s1", second: int = 0, **fields: Any) -> dict[str, Any]:
    context = {"summary": name, **fields.pop("context", {})}
    known = {"id": name, "timestamp": f"2026-03-09T14:00:{second:02}Z", "type": "command_execute", "agentId": "mine",
             "sessionId": session, "context": context}  # fmt: skip
    return {**known, **fields}


def test_events_come_as_they_are_committed(server: Following, follow: Follow) -> None:
    server.store(event("before"))
    with follow(server) as told:
        server.store(event("b", second=2), event("a", second=1))
        server.store(event("c"))
        told.until(lambda one: len(one.events) == 3)
    assert told.summaries == ["a", "b", "c"], "within a batch by time"
    assert told.gaps == []


def test_an_event_travels_as_it_was_sent(embedded: Following, follow: Follow) -> None:
    sent = event(
        "a",
        projectId="/srv/shop",
        agentVersion="1.2",
        severity="warning",
        tags=["x", "y"],
        data={"query": "ü\n\u2028", "n": [1, {}]},
        metrics={"durationMs": 1.5, "exitCode": 0, "usage": {"inputTokens": 3, "outputTokens": 4}, "usageKey": "m1"},
        context={"status": "ok", "subagent": "t1", "toolName": "Bash", "toolCallId": "c1", "branch": "main"},
    )
    with follow(embedded) as told:
        embedded.store(sent)
        told.until(lambda one: len(one.events) == 1)
    got = told.events[0]
    assert got["metrics"] == {**sent["metrics"], "basis": "measured", "usageKey": "s1:m1"}, (
        "a short key is its session's"
    )
    assert got["data"] == sent["data"]
    for name in ("projectId", "agentId", "agentVersion", "sessionId", "severity", "tags", "type"):
        assert got[name] == sent[name]
    assert got["timestamp"] == "2026-03-09T14:00:00.000000Z"
    assert sent["context"].items() <= got["context"].items()
    assert "raw" not in json.dumps(got)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?session=s2", ["b"]),
        ("?session=s1&session=s2", ["a", "b"]),
        ("?agent=other", ["c"]),
        ("?type=test_run", ["d"]),
        ("?project=/srv/shop", ["c", "d"]),
        ("?project=/srv/shop&type=test_run&session=s3", ["d"]),
        ("?session=nobody", []),
    ],
)
def test_filters(query: str, names: list[str], embedded: Following, follow: Follow) -> None:
    with follow(embedded, query) as told, by_events(embedded) as everything:
        embedded.store(
            event("a", "s1"),
            event("b", "s2", 1),
            event("c", "s3", 2, agentId="other", projectId="/srv/shop"),
            event("d", "s3", 3, type="test_run", projectId="/srv/shop"),
        )
        everything.until(lambda one: len(one.events) == 4)
        told.until(lambda one: len(one.events) == len(names))
    assert told.summaries == names


def test_a_client_goes_on_where_it_stopped(server: Following, follow: Follow) -> None:
    with follow(server) as told:
        server.store(event("a"))
        told.until(lambda one: len(one.events) == 1)
    server.store(event("b"))
    server.store(event("c"), event("d", second=1))
    with follow(server, f"?cursor={told.cursor}") as again:
        again.until(lambda one: len(one.events) == 3)
        server.store(event("e"))
        again.until(lambda one: len(one.events) == 4)
    assert again.summaries == ["b", "c", "d", "e"]


def test_a_cursor_in_the_middle_of_a_batch_gives_its_rest(embedded: Following, follow: Follow) -> None:
    embedded.store(*(event(name, second=second) for second, name in enumerate("abcd")))
    with by_events(embedded, "?cursor=0") as told:
        told.until(lambda one: len(one.events) == 4)
    middle = told.items[1][0]
    with follow(embedded, f"?cursor={middle}") as again:
        again.until(lambda one: len(one.events) == 2)
        embedded.store(event("e"))
        again.until(lambda one: len(one.events) == 3)
    assert again.summaries == ["c", "d", "e"]


def test_a_browser_that_reconnects_says_its_last_event(embedded: Following) -> None:
    embedded.store(event("a"), event("b", second=1))
    with by_events(embedded, "?cursor=0") as told:
        told.until(lambda one: len(one.events) == 2)
    with by_events(embedded, "?cursor=0", last=told.items[0][0]) as again:
        again.until(lambda one: len(one.events) == 1)
    assert again.summaries == ["b"]


def test_the_whole_past_comes_while_more_is_committed(embedded: Following, follow: Follow) -> None:
    for batch in range(12):
        embedded.store(*(event(f"{batch}-{number}", f"s{number}", number) for number in range(5)))
    with follow(embedded, "?cursor=0") as told:
        for batch in range(12, 15):
            embedded.store(*(event(f"{batch}-{number}", f"s{number}", number) for number in range(5)))
        told.until(lambda one: len(one.events) >= 75)
    assert told.summaries == [f"{batch}-{number}" for batch in range(15) for number in range(5)]


def test_a_cursor_of_another_database_gives_a_gap_and_then_what_comes(embedded: Following, follow: Follow) -> None:
    embedded.store(event("a"))
    with follow(embedded, "?cursor=987654") as told:
        told.until(lambda one: len(one.gaps) == 1)
        embedded.store(event("b"))
        told.until(lambda one: len(one.events) == 1)
    assert told.gaps == [{"from": "987654", "to": "1", "missed": None}]
    assert told.summaries == ["b"]


def test_events_that_are_copies_do_not_come_twice(embedded: Following, follow: Follow) -> None:
    with follow(embedded) as told:
        embedded.store(event("a"))
        embedded.store(event("a"), event("b", second=1))
        told.until(lambda one: len(one.events) == 2)
    assert told.summaries == ["a", "b"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("?cursor=yesterday", 404, "not one of this stream's"),
        ("?cursor=-1", 404, "not one of this stream's"),
        ("?cursor=1.", 404, "not one of this stream's"),
        ("?sesion=s1", 400, "no parameter 'sesion'"),
    ],
)
def test_what_cannot_be_followed_is_refused(query: str, status: int, words: str, embedded: Following) -> None:
    answer = embedded.client.get(f"/v1/stream{query}")
    assert answer.status_code == status
    assert words in answer.json()["error"]
    with pytest.raises(InvalidStatus) as refused, by_socket(embedded, query):
        pass
    assert refused.value.response.status_code == status


def test_a_page_of_another_origin_cannot_follow(embedded: Following) -> None:
    """Browsers let any page open a WebSocket; the server must look."""
    from websockets.sync.client import connect

    url = f"{embedded.url.replace('http', 'ws')}/v1/stream"
    with pytest.raises(InvalidStatus) as refused:
        connect(url, origin="https://evil.example", proxy=None)  # pyright: ignore[reportArgumentType]
    assert refused.value.response.status_code == 403
    with connect(url, origin=embedded.url, proxy=None) as client:  # pyright: ignore[reportArgumentType]
        assert "cursor" in json.loads(client.recv(10))


def test_the_end_of_the_server_ends_a_stream_properly(embedded_url: str, tmp_path: Path, follow: Follow) -> None:
    with following(embedded_url, tmp_path / "spool") as server, follow(server) as told:
        server.service.end_streams()
        told.until(lambda one: one.ended)
    assert told.gaps == []


def test_a_key_that_is_revoked_sees_nothing_more(
    embedded_url: str, tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentobs.server.stream.ASKED_AGAIN_S", 0.0)
    revoked = threading.Event()

    async def access(request: Any, route: Any) -> Principal:
        if revoked.is_set() and route.scope is Scope.READ:
            raise RequestRefused("this key was revoked", 401)
        return OWNER

    with following(embedded_url, tmp_path / "spool", access=access) as server, follow(server) as told:
        server.store(event("a"))
        told.until(lambda one: len(one.events) == 1)
        revoked.set()
        server.store(event("b"))
        told.until(lambda one: one.ended)
    assert told.summaries == ["a"]


@pytest.mark.parametrize("way", [by_events, by_socket])
def test_a_key_follows_its_project_only(way: Follow, embedded_url: str, tmp_path: Path) -> None:
    async def access(request: Any, route: Any) -> Principal:
        return Principal(project="/srv/shop", scopes=frozenset({Scope.READ})) if route.scope is Scope.READ else OWNER

    with following(embedded_url, tmp_path / "spool", access=access) as server:
        server.store(event("a", projectId="/srv/bank"), event("b", projectId="/srv/shop"))
        with way(server, "?cursor=0") as told:
            server.store(event("c", projectId="/srv/bank"), event("d", second=1, projectId="/srv/shop"))
            told.until(lambda one: len(one.events) == 2)
    assert told.summaries == ["b", "d"]


def large(name: str, second: int = 0) -> dict[str, Any]:
    return event(name, second=second % 60, data={"text": "x" * 8000})


def _stuck(server: Following, query: str = "") -> socket.socket:
    """A client that asks for the stream and never reads it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", urlsplit(server.url).port))
    client.sendall(f"GET /v1/stream{query} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
    return client


def test_a_slow_client_gets_a_gap_and_then_what_comes_and_can_ask_for_what_it_missed(
    embedded: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R25."""
    monkeypatch.setattr("agentobs.server.live.QUEUE_BYTES", 700_000)
    live = embedded.service.live
    assert live is not None
    client = _stuck(embedded)
    _until(lambda: live.position == 0 and bool(live._clients))
    names = [f"e{number}" for number in range(1200)]
    with by_events(embedded) as quick:
        for first in range(0, 1200, 40):
            embedded.store(*(large(name, number) for number, name in enumerate(names[first : first + 40])))
            quick.until(lambda one, upto=first + 40: len(one.events) == upto)
    assert live.gaps == 1, "the one who reads has none"
    assert live.queued_bytes < 700_000
    told = _read(client, lambda one: len(one.gaps) == 1)
    embedded.store(event("after"))
    told = _read(client, lambda one: bool(one.events) and one.summaries[-1] == "after", told)
    (gap,) = told.gaps
    seen = told.summaries[:-1]
    assert seen == names[: len(seen)], "what it was sent came in order"
    assert gap["missed"] == 1200 - len(seen)
    client.close()
    with by_events(embedded, f"?cursor={gap['from']}") as again:
        again.until(lambda one: len(one.events) == gap["missed"] + 1)
    assert again.summaries == [*names[len(seen) :], "after"]


def test_a_client_that_is_stuck_or_gone_does_not_hold_up_others_or_ingest(
    embedded: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R25."""
    monkeypatch.setattr("agentobs.server.live.QUEUE_BYTES", 700_000)
    live = embedded.service.live
    assert live is not None
    stuck = [_stuck(embedded) for _ in range(3)]
    _until(lambda: live.clients == 3)
    with by_events(embedded) as told:
        for first in range(0, 800, 40):
            embedded.store(*(large(f"e{number}", number % 60) for number in range(first, first + 40)))
            told.until(lambda one, upto=first + 40: len(one.events) == upto)
    assert sorted(told.summaries) == sorted(f"e{number}" for number in range(800))
    assert told.gaps == []
    for client in stuck:
        client.close()
    _until(lambda: live.clients == 0)
    assert live.queued_bytes == 0
    embedded.store(event("alive"))


def test_a_batch_that_is_too_widely_spread_is_told_as_a_gap_and_found_by_session(
    embedded: Following, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import of history among millions of events must not make the reader look through all of them."""
    monkeypatch.setattr("agentobs.store.live._MOST_BETWEEN", 50)
    embedded.store(*(event(f"e{number}", "s1", number % 60) for number in range(100)))
    with follow(embedded) as told, follow(embedded, "?session=s2") as chosen:
        wide = [
            event("old", "s2", timestamp="2026-03-09T13:00:00Z"),
            event("new", "s2", timestamp="2026-03-09T15:00:00Z"),
        ]
        embedded.store(*wide)
        embedded.store(event("after", "s2", 59))
        told.until(lambda one: len(one.events) == 1)
        chosen.until(lambda one: len(one.events) + len(one.gaps) == 2)
    assert told.summaries == chosen.summaries == ["after"]
    assert told.gaps == [{"from": "1", "to": "2", "missed": 2}]
    with follow(embedded, f"?session=s2&cursor={chosen.gaps[0]['from']}") as again:
        again.until(lambda one: len(one.events) == 3)
    assert again.summaries == ["old", "new", "after"]


def test_nobody_reads_the_stream_while_nobody_follows(embedded: Following) -> None:
    live = embedded.service.live
    assert live is not None
    with by_events(embedded):
        assert live._feed is not None
    _until(lambda: live._feed is None)


def test_the_database_goes_away_and_comes_back(embedded: Following, follow: Follow) -> None:
    """R4."""
    import psycopg

    with follow(embedded) as told:
        embedded.store(event("a"))
        told.until(lambda one: len(one.events) == 1)
        with psycopg.connect(embedded.database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        embedded.store(event("b"))
        told.until(lambda one: len(one.events) == 2)
    assert told.summaries == ["a", "b"]


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.01)


def _read(client: socket.socket, holds: Callable[[Told], bool], told: Told | None = None) -> Told:
    """Read the raw answer until it holds; chunks of HTTP are taken off."""
    told = told or Told()
    held: bytearray = told.__dict__.setdefault("held", bytearray())
    client.settimeout(30)
    while not holds(told):
        held += client.recv(65536)
        if not told.__dict__.get("head") and b"\r\n\r\n" in held:
            del held[: held.index(b"\r\n\r\n") + 4]
            told.__dict__["head"] = True
        while (line := held.find(b"\r\n")) >= 0 and told.__dict__.get("head"):
            size = int(bytes(held[:line]), 16)
            if len(held) < line + 2 + size + 2:
                break
            _take(bytes(held[line + 2 : line + 2 + size]), told)
            del held[: line + 2 + size + 2]
    return told


def _take(chunk: bytes, told: Told) -> None:
    for block in chunk.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line)
        if "data" in fields:
            told.add(fields.get("id"), fields.get("event", "event"), json.loads(fields["data"]))
