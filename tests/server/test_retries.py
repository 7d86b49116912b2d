"""A request whose answer was lost comes again: what stands in it is stored once, also where records have no ids."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentobs.ingest import spool
from agentobs.server import intake
from tests.server.accepting import Accepting, accepting, drain, rows

META = {"id": "019d0000-0000-7000-8000-000000000001", "timestamp": "2026-03-09T14:00:00.000Z", "cwd": "/srv/shop",
        "originator": "codex_cli_rs", "cli_version": "0.55.0"}  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Accepting]:
    with accepting(tmp_path / "spool") as running:
        yield running


def line(kind: str, payload: dict[str, object], second: int) -> bytes:
    return json.dumps({"timestamp": f"2026-03-09T14:00:{second:02}.000Z", "type": kind, "payload": payload}).encode()


def asked(text: str, second: int) -> bytes:
    """A record of Codex has no id of its own: equal ones are told apart by counting."""
    content = [{"type": "input_text", "text": text}]
    return line("response_item", {"type": "message", "role": "user", "content": content}, second)


FIRST = b"\n".join([line("session_meta", META, 0), asked("same", 1), asked("same", 1), asked("other", 2)])
NEXT = b"\n".join([asked("same", 2), asked("same", 3), asked("same", 3)])


@pytest.mark.parametrize("body", [FIRST, b"\n" + FIRST, b"\n\n" + FIRST + b"\n"])
@pytest.mark.parametrize("query", ["?adapter=codex", "?adapter=codex&stream=s"])
def test_the_same_request_twice_is_stored_once(query: str, body: bytes, server: Accepting, embedded_url: str) -> None:
    for _ in range(3):
        assert server.post(body, query).json()["accepted"] == 4
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT count(*) FROM agent_events") == [(4,)]
    assert rows(embedded_url, "SELECT count(*) FROM quarantine") == [(0,)]


def test_a_later_request_of_a_stream_comes_again_and_the_one_after_it_counts_on(
    server: Accepting, embedded_url: str, tmp_path: Path
) -> None:
    query = "?adapter=codex&stream=s"
    for body in (FIRST, FIRST, NEXT, NEXT, NEXT, asked("same", 3), asked("same", 3)):
        assert server.post(body, query).status_code == 200
    drain(embedded_url, server.folder)
    from agentobs.adapters import codex
    from agentobs.ingest.worker import Worker

    file = tmp_path / "rollout-2026-03-09T14-00-00-019d0000-0000-7000-8000-000000000001.jsonl"
    file.write_bytes(b"\n".join([FIRST, NEXT, asked("same", 3)]) + b"\n")
    with Worker(embedded_url, None) as worker:
        outcome = worker.ingest(file, codex.ADAPTER)
    assert (outcome.copies, outcome.stored) == (8, 0), "what was sent is what the file says"
    assert rows(embedded_url, "SELECT count(*) FROM agent_events") == [(8,)]


def test_a_request_of_several_frames_comes_again(
    server: Accepting, embedded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "FRAME_BYTES", 1)
    assert spool.FRAME_BYTES > 1
    for _ in range(2):
        assert server.post(FIRST, "?adapter=codex").json()["accepted"] == 4
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT count(*) FROM agent_events") == [(4,)]
