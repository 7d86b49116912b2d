"""A session with secrets in it that comes by network and from its file is stored once: ids are of what was said."""

import json
from pathlib import Path

import pytest

from agentobs.ingest.backfill import adapters
from agentobs.ingest.worker import Worker
from agentobs.redaction import Redactor
from tests.ingest.spooled import contents_of
from tests.server.accepting import KEY, accepting, drain, rows

FIXTURES = Path(__file__).parents[1] / "fixtures"
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def _with_secrets(lines: list[bytes]) -> list[bytes]:
    """The same lines, a secret in a text of each second one that has a longer text."""
    found = []
    for number, line in enumerate(lines):
        try:
            value = json.loads(line)
        except ValueError:  # fixtures hold broken lines, too
            value = None
        planted = number % 2 == 0 and _plant(value)
        found.append(json.dumps(value, separators=(",", ":")).encode() if planted else line)
    return found


def _plant(value: object) -> bool:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        if isinstance(inner, str) and key in {"text", "content", "output", "arguments", "command", "message"}:
            value[key] = f"{inner} {SECRET}"  # pyright: ignore[reportIndexIssue]
            return True
        if _plant(inner):
            return True
    return False


@pytest.mark.parametrize("first", ["network", "file"])
@pytest.mark.parametrize("source", ["claude_code/streamed.jsonl", "codex", "copilot_cli"])
def test_what_holds_secrets_comes_by_two_ways_and_is_stored_once(
    source: str, first: str, embedded_url: str, tmp_path: Path
) -> None:
    name = source.split("/", maxsplit=1)[0]
    path = FIXTURES / source if "/" in source else next(iter(sorted((FIXTURES / name).rglob("*.jsonl"))))
    lines = _with_secrets([line for line in path.read_bytes().splitlines() if line.strip()])
    assert any(SECRET.encode() in line for line in lines)
    file = tmp_path / path.name
    file.write_bytes(b"\n".join(lines) + b"\n")

    def send() -> None:
        with accepting(tmp_path / "spool") as server:
            answer = server.post(file.read_bytes(), f"?adapter={name}&stream=s")
            assert answer.status_code == 200, answer.text
        assert all(SECRET.encode() not in content for _, content in contents_of(tmp_path / "spool"))
        drain(embedded_url, tmp_path / "spool")

    def read() -> None:
        with Worker(embedded_url, Redactor(KEY)) as worker:
            worker.ingest(file, adapters()[name])

    for step in (send, read) if first == "network" else (read, send):
        step()
        events = rows(embedded_url, "SELECT id, digest FROM agent_events ORDER BY id")
        if step is (send if first == "network" else read):
            once = events
    assert events == once
    assert rows(embedded_url, "SELECT count(*) FROM quarantine WHERE reason = 'id_conflict'") == [(0,)]
