"""The hook of the README, as Claude Code and Codex run it: a shell command that gets JSON on its standard input."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.accepting import accepting, drain, rows

FIXTURES = Path(__file__).parents[1] / "fixtures"
HOOK = 'agentobs send --quiet "$(jq -r .transcript_path)" || exit 1'
pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


def run(url: str, transcript: Path, home: Path, event: str = "Stop") -> "subprocess.CompletedProcess[bytes]":
    told = {
        "session_id": "5ae0b9de-6e10-4d17-8ba0-6e6be0ab5c0d",
        "transcript_path": str(transcript),
        "cwd": "/srv/shop",
        "hook_event_name": event,
        "stop_hook_active": False,
    }
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "AGENTOBS_URL": url, "AGENTOBS_HOME": str(home)}
    command = ["sh", "-c", HOOK]
    return subprocess.run(
        command, input=json.dumps(told).encode(), env=environment, capture_output=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", ["claude_code/streamed.jsonl", "codex"])
def test_a_transcript_is_sent_each_time_a_turn_ends_and_stored_once(
    name: str, embedded_url: str, tmp_path: Path
) -> None:
    source = FIXTURES / name if name.endswith(".jsonl") else sorted((FIXTURES / name).rglob("*.jsonl"))[0]
    lines = source.read_bytes().splitlines(keepends=True)
    transcript = tmp_path / "with a 'space'" / source.name
    transcript.parent.mkdir()
    with accepting(tmp_path / "spool") as server:
        for end in (len(lines) // 2, len(lines), len(lines)):
            transcript.write_bytes(b"".join(lines[:end]))
            done = run(server.url, transcript, tmp_path / "home")
            assert (done.returncode, done.stdout) == (0, b""), done.stderr.decode()
    drain(embedded_url, tmp_path / "spool")
    once = rows(embedded_url, "SELECT count(*) FROM agent_events")
    assert once[0][0] > 0
    assert rows(embedded_url, "SELECT count(*) FROM quarantine WHERE reason = 'id_conflict'") == [(0,)]
    from agentobs.ingest.backfill import adapters
    from agentobs.ingest.worker import Worker

    with Worker(embedded_url, None) as worker:
        assert worker.ingest(transcript, adapters()[name.partition("/")[0]]).stored == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://nobody@127.0.0.1:9/x y"])
def test_a_hook_that_fails_never_ends_with_2(url: str, tmp_path: Path) -> None:
    """2 keeps an agent from stopping, and shows it our error as if it had to do something about it."""
    transcript = tmp_path / "s.jsonl"
    transcript.write_bytes((FIXTURES / "claude_code" / "streamed.jsonl").read_bytes())
    done = run(url, tmp_path / "none.jsonl", tmp_path / "home")
    assert done.returncode == 1
    assert run("no url", transcript, tmp_path / "home").returncode == 1
