"""The stream of `agentobs serve` as a process, with its own drain: it ends properly when the server ends."""

import signal
import socket
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.server.test_serve import line, served, until

pytestmark = pytest.mark.faults


def test_sigterm_ends_streams_properly_and_the_server_with_0(embedded_url: str, tmp_path: Path) -> None:
    """R22: who follows for ever does not hold up the end."""
    with served(tmp_path, embedded_url) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(60)
        client.sendall(b"GET /v1/stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
        told = b""
        while b": beat\n" not in told:
            told += client.recv(65536)
        assert server.post(line("e")) == 200
        while b"data: " not in told:
            told += client.recv(65536)
        assert b'"sessionId":"s"' in told
        server.process.send_signal(signal.SIGTERM)
        while piece := client.recv(65536):
            told += piece
        assert told.endswith(b"\r\n0\r\n\r\n"), "the last chunk was sent"
        assert server.process.wait(60) == 0
        until(lambda: any("all that was accepted is stored" in text for text in server.said))


def test_a_page_of_others_that_is_refused_does_not_fill_the_log(embedded_url: str, tmp_path: Path) -> None:
    with served(tmp_path, embedded_url) as server:
        for _ in range(3):
            with (
                pytest.raises(InvalidStatus) as refused,
                connect(f"ws://127.0.0.1:{server.port}/v1/stream", origin=Origin("https://evil.example")),
            ):
                pass
            assert refused.value.response.status_code == 403
        server.process.terminate()
        assert server.process.wait(60) == 0
        until(lambda: any("stopped" in text for text in server.said))
        assert [text for text in server.said if "stopped" not in text] == []


def test_whoever_writes_into_the_database_is_followed(embedded_url: str, tmp_path: Path) -> None:
    """Files that are ingested beside the server come by its stream, too."""
    from agentobs.adapters import claude_code
    from agentobs.ingest.worker import Worker

    file = Path(__file__).parents[1] / "fixtures" / "claude_code" / "streamed.jsonl"
    with served(tmp_path, embedded_url) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(60)
        client.sendall(b"GET /v1/stream?agent=claude_code HTTP/1.1\r\nhost: localhost\r\n\r\n")
        told = b""
        while b": beat\n" not in told:
            told += client.recv(65536)
        with Worker(embedded_url, None) as worker:
            stored = worker.ingest(file, claude_code.ADAPTER).stored
        while told.count(b"\ndata: ") < stored:
            told += client.recv(65536)
        assert told.count(b"\ndata: ") == stored
