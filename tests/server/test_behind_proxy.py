"""A server behind a proxy that ends TLS: it is called by a name, asks for keys, and streams without delay."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from agentobs.cli import main
from agentobs.server.access import Guard
from agentobs.server.keys import KeyRing
from tests.server.accepting import accepting
from tests.server.secured import Authority, Pair
from tests.server.test_keys import Kept
from tests.server.test_serve import line, served

pytestmark = pytest.mark.faults
NAME = "obs.example"


class Proxy:
    """Ends TLS and passes each connection's request on, as a proxy does: with the Host, and for whom it asks."""

    def __init__(self, pair: Pair, port: int) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*pair)
        self._to = port

    async def begin(self) -> asyncio.Server:
        return await asyncio.start_server(self._pass, "127.0.0.1", 0, ssl=self._context)

    async def _pass(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        open_ = [back]
        try:
            head = self._forwarded((await client.readuntil(b"\r\n\r\n")).split(b"\r\n"))
            server, onward = await asyncio.open_connection("127.0.0.1", self._to)
            open_.append(onward)
            onward.write(head)
            ends = asyncio.create_task(_copy(client, onward)), asyncio.create_task(_copy(server, back))
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()
            back.close()
            await asyncio.wait_for(back.wait_closed(), 10)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return  # one of the two has hung up
        finally:
            for writer in open_:
                writer.transport.abort()
            await asyncio.sleep(0)

    @staticmethod
    def _forwarded(head: list[bytes]) -> bytes:
        host = next(one for one in head if one.lower().startswith(b"host:")).split(b":", 1)[1]
        added = [b"x-forwarded-for: 203.0.113.9", b"x-forwarded-proto: https", b"x-forwarded-host:" + host]
        if b"upgrade: websocket" not in [one.lower() for one in head]:
            head = [one for one in head if not one.lower().startswith(b"connection:")]
            added.append(b"connection: close")
        return b"\r\n".join([*head[:-2], *added, b"", b""])


async def _copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(65536):
            to.write(piece)
            await to.drain()
    except OSError:
        return


@contextmanager
def proxied(pair: Pair, port: int) -> Iterator[int]:
    """Run a proxy in a thread; its port."""
    ports: list[int] = []
    begun, loop, over = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        async with await Proxy(pair, port).begin() as proxy:
            ports.append(proxy.sockets[0].getsockname()[1])
            begun.set()
            await over.wait()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        thread = threading.Thread(target=lambda: runner.run(run()))
        thread.start()
        try:
            assert begun.wait(30)
            yield ports[0]
        finally:
            loop.call_soon_threadsafe(over.set)
            thread.join(30)


@contextmanager
def calling(authority: Authority, port: int, key: str | None = None) -> Iterator[httpx.Client]:
    """Call the proxy by its name, which leads here in no directory: the connection goes to the address."""
    headers = {"host": NAME} | ({} if key is None else {"authorization": f"Bearer {key}"})
    url = f"https://127.0.0.1:{port}"
    with httpx.Client(base_url=url, verify=authority.trust, headers=headers, timeout=60, trust_env=False) as client:
        yield client


_SNI = {"sni_hostname": NAME}


def _post(client: httpx.Client, body: bytes = b"", **headers: str) -> int:
    return client.post("/v1/events", content=body, headers=headers, extensions=_SNI).status_code


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.issue(NAME)


def test_with_keys_and_a_name_it_works_and_streams_without_delay(
    embedded_url: str, authority: Authority, pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AGENTOBS_DATABASE_URL", embedded_url)
    assert main(["keys", "create", "--all-projects", "--scope", "ingest", "--scope", "read"]) == 0
    key = capsys.readouterr().out.strip()
    with (
        served(tmp_path / "home", embedded_url, "--require-keys", "--allow-host", NAME) as server,
        proxied(pair, server.port) as port,
        calling(authority, port, key) as client,
        calling(authority, port) as stranger,
    ):
        assert _post(stranger) == 401
        assert _post(client) == 200
        assert _post(client, origin=f"https://{NAME}") == 200
        assert _post(client, origin="https://evil.example") == 403
        assert _post(client, origin=f"http://{NAME}") == 403, "a page that somebody on the way may have changed"
        assert _post(client, host="evil.example") == 403
        assert server.post(b"") == 401, "nor is a program of this machine the owner"
        with client.stream("GET", "/v1/stream", extensions=_SNI) as told:
            assert told.headers["x-accel-buffering"] == "no"
            assert "no-transform" in told.headers["cache-control"]
            assert "content-encoding" not in told.headers
            lines = told.iter_lines()
            assert next(lines), "it begins at once, before there is an event"
            assert _post(client, line("pytest -q")) == 200
            assert "pytest -q" in next(one for one in lines if one.startswith("data: "))
        with connect(
            f"wss://{NAME}:{port}/v1/stream?cursor=0", sock=socket.create_connection(("127.0.0.1", port), 60),
            ssl=authority.trust, server_hostname=NAME, proxy=None,
            additional_headers={"authorization": f"Bearer {key}"},
            origin=f"https://{NAME}:{port}",  # pyright: ignore[reportArgumentType]
        ) as pushed:  # fmt: skip
            while not (batch := json.loads(pushed.recv(60))).get("events"):
                continue
            assert batch["events"][0]["context"]["summary"] == "pytest -q"


def test_without_require_keys_who_comes_through_it_is_not_the_owner(
    authority: Authority, pair: Pair, tmp_path: Path
) -> None:
    """Neither by the server's name nor where the proxy is called by an address of this machine."""
    guard = Guard(KeyRing(Kept()), owner_needs_none=True, hosts=(NAME,))
    with accepting(tmp_path / "spool", access=guard) as server:
        with (
            proxied(pair, int(server.url.rsplit(":", 1)[1])) as port,
            calling(authority, port) as client,
        ):
            assert _post(client) == 401
            assert _post(client, host="127.0.0.1:4318") == 401
        assert server.post(b"").status_code == 200, "a program of this machine is"


@pytest.mark.parametrize(
    "header", ["x-forwarded-proto", "x-forwarded-host", "via", "cf-connecting-ip", "true-client-ip", "x-client-ip"]
)
def test_every_trace_of_a_proxy_counts(header: str, tmp_path: Path) -> None:
    """Also of one that calls us by our address, and says no more than this."""
    with accepting(tmp_path / "spool", access=Guard(KeyRing(Kept()), owner_needs_none=True)) as server:
        assert server.post(b"", **{header: "1.1 proxy"}).status_code == 401
