"""Who may do what: every route of the table, with every kind of key. A new route is in here by itself."""

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import httpx
import pytest

from agentobs.server.access import Guard, Scope
from agentobs.server.keys import KeyRing
from agentobs.server.read_api_pool import Reading
from agentobs.server.routes import ROUTES, Route
from agentobs.store import engine, keys, migrate
from tests.server.accepting import Accepting, accepting, drain
from tests.server.test_events import event, ndjson
from tests.server.test_keys import Kept

THEN, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
NAMES = {"ingest": "a", "read": "b", "admin": "c", "revoked": "d", "expired": "e", "other": "f"}
ALL = ("ingest", "read", "admin")


def _key(name: str, project: str = "shop", **fields) -> keys.Key:
    told = {"scopes": ALL, "created_at": THEN, **fields}
    return keys.Key(key_id=NAMES[name] * 12, secret_hash=keys.hash_of(NAMES[name] * 64), project=project, **told)


KEYS = (
    *(_key(scope, scopes=(scope,)) for scope in ALL),
    _key("revoked", revoked_at=THEN),
    _key("expired", expires_at=THEN),
    _key("other", project="bank"),
)


def text(name: str) -> str:
    return f"ao_{NAMES[name] * 12}_{NAMES[name] * 64}"


@pytest.fixture(scope="module")
def server(embedded_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accepting]:
    """A server that others reach, with events of two projects in its database."""
    from tests.conftest import _database

    folder = tmp_path_factory.mktemp("matrix") / "spool"
    with _database(embedded_server) as url:
        with engine.connect(url) as connection:
            migrate.migrate(connection)
        guard = Guard(KeyRing(Kept(*KEYS)), owner_needs_none=False)
        with accepting(folder, access=guard, reading=Reading(url)) as running:
            for name, words in (("ingest", "words of shop"), ("other", "words of bank")):
                said = event(id="e", data={"text": words}, type="user_interaction")
                assert running.post(ndjson(said), authorization=f"Bearer {text(name)}").status_code == 200
            drain(url, folder)
            yield running


def ask(server: Accepting, route: Route, method: str, header: str | None) -> httpx.Response:
    path = route.path.replace("{session:path}", "shop:s1")
    headers = {} if header is None else {"authorization": header}
    with server.client.stream(method, path, headers=headers) as response:
        if response.status_code == 200 and route.socket is not None:
            return response  # it would go on for ever
        response.read()
        return response


CASES = [(route, method) for route in ROUTES for method in route.methods]
GUARDED = [(route, method) for route, method in CASES if route.scope is not Scope.OPEN]


def test_what_is_open_is_no_more_than_this() -> None:
    """Whoever opens a route to everybody says so here."""
    assert {route.path for route in ROUTES if route.scope is Scope.OPEN} == {"/healthz", "/readyz", "/v1/openapi.json"}


@pytest.mark.parametrize(("route", "method"), CASES, ids=lambda value: getattr(value, "path", value))
def test_every_route_has_a_policy(route: Route, method: str) -> None:
    assert isinstance(route.scope, Scope)
    assert method in {"GET", "POST"}
    assert (route.body_cap_bytes > 0) == (method == "POST"), "a body has an end"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ao_nonsense",
        "Basic YTpi",
        f"Bearer ao_{'9' * 12}_{'9' * 64}",
        f"Bearer ao_{NAMES['read'] * 12}_{NAMES['ingest'] * 64}",
        f"Bearer {text('revoked')}",
        f"Bearer {text('expired')}",
    ],
    ids=["none", "empty", "no key", "nonsense", "basic", "unknown", "wrong secret", "revoked", "expired"],
)
@pytest.mark.parametrize(("route", "method"), GUARDED, ids=lambda value: getattr(value, "path", value))
def test_without_a_key_that_holds_nobody_gets_in(
    route: Route, method: str, header: str | None, server: Accepting
) -> None:
    answer = ask(server, route, method, header)
    assert answer.status_code == 401
    assert b"words of" not in answer.content


@pytest.mark.parametrize("scope", ALL)
@pytest.mark.parametrize(("route", "method"), GUARDED, ids=lambda value: getattr(value, "path", value))
def test_a_key_opens_what_its_scope_says_and_nothing_else(
    route: Route, method: str, scope: str, server: Accepting
) -> None:
    answer = ask(server, route, method, f"Bearer {text(scope)}")
    if route.scope == scope:
        assert answer.status_code not in {401, 403}
    else:
        assert answer.status_code == 403
        assert b"words of" not in answer.content


@pytest.mark.parametrize(
    ("route", "method"),
    [case for case in GUARDED if case[0].scope is Scope.READ and case[0].socket is None],
    ids=lambda value: getattr(value, "path", value),
)
def test_nobody_reads_what_is_another_projects(route: Route, method: str, server: Accepting) -> None:
    answer = ask(server, route, method, f"Bearer {text('other')}")
    assert answer.status_code in {200, 400, 404}, answer.text
    assert b"words of shop" not in answer.content
    assert b"shop" not in answer.content.replace(b"shop:s1", b""), answer.text
    if "{session" in route.path:
        assert answer.status_code == 404


@pytest.mark.parametrize("header", [{"host": "evil.example"}, {"origin": "https://evil.example"}, {"origin": "null"}])
@pytest.mark.parametrize(("route", "method"), CASES, ids=lambda value: getattr(value, "path", value))
def test_a_page_of_somebody_else_gets_nothing_even_with_a_key(
    route: Route, method: str, header: dict[str, str], server: Accepting
) -> None:
    path = route.path.replace("{session:path}", "s1")
    answer = server.client.request(method, path, headers={"authorization": f"Bearer {text('read')}", **header})
    assert answer.status_code == 403


SOCKETS = [route for route in ROUTES if route.socket is not None]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": f"Bearer {text('ingest')}"}, 403),
        ({"authorization": f"Bearer {text('revoked')}"}, 401),
        ({"authorization": f"Bearer {text('read')}", "origin": "https://evil.example"}, 403),
        ({"authorization": f"Bearer {text('read')}", "host": "evil.example"}, 403),
        ({"authorization": f"Bearer {text('read')}"}, 101),
    ],
)
@pytest.mark.parametrize("route", SOCKETS, ids=lambda route: route.path)
def test_a_websocket_is_guarded_like_a_request(
    route: Route, headers: dict[str, str], status: int, server: Accepting
) -> None:
    upgrade = {"host": "127.0.0.1", "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
               "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="} | headers  # fmt: skip
    lines = [f"GET {route.path} HTTP/1.1", *(f"{name}: {value}" for name, value in upgrade.items()), "", ""]
    with closing(socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=10)) as connection:
        connection.sendall("\r\n".join(lines).encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 %d " % status)
