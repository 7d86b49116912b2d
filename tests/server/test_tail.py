"""`agentobs tail`: a line for each event, a marker for each gap, and on where it was when the connection breaks."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agentobs.cli import main
from agentobs.cli.tail import line_of
from tests.server.following import Following, following

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(embedded_url: str, tmp_path: Path) -> Iterator[Following]:
    with following(embedded_url, tmp_path / "spool") as running:
        yield running


def event(name: str, session: str = "s1", **fields: Any) -> dict[str, Any]:
    known = {"id": name, "timestamp": "2026-03-09T14:00:00Z", "type": "command_execute", "agentId": "mine",
             "sessionId": session, "context": {"summary": name}}  # fmt: skip
    return {**known, **fields}


class Tailing:
    """A running `agentobs tail`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self.said: list[str] = []
        self._more = threading.Condition()
        for stream, into in ((process.stdout, self.lines), (process.stderr, self.said)):
            threading.Thread(target=self._read, args=(stream, into), daemon=True).start()

    def _read(self, stream: Any, into: list[str]) -> None:
        for line in stream:
            with self._more:
                into.append(line.rstrip("\n"))
                self._more.notify_all()

    def until(self, holds: Any) -> None:
        with self._more:
            assert self._more.wait_for(holds, 30), (self.lines, self.said)


@contextmanager
def tailing(home: Path, *arguments: str) -> Iterator[Tailing]:
    environment = {**os.environ, "AGENTOBS_HOME": str(home), "AGENTOBS_TIMEZONE": "Europe/Zurich"}
    command = [sys.executable, "-m", "agentobs.cli", "tail", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            running = Tailing(process)
            running.until(lambda: any("following" in line for line in running.said))
            yield running
        finally:
            process.kill()


def test_it_prints_what_is_stored_and_ends_with_ctrl_c(server: Following, tmp_path: Path) -> None:
    with tailing(tmp_path / "home", "--url", server.url, "--session", "s1") as tail:
        server.store(event("pytest -q"), event("not this one", "s2"))
        tail.until(lambda: len(tail.lines) == 1)
        tail.process.send_signal(signal.SIGINT)
        assert tail.process.wait(30) == 130
    assert tail.lines == ["15:00:00 mine s1 command_execute pytest -q"]


def test_it_goes_on_where_it_was_when_the_server_comes_back(embedded_url: str, tmp_path: Path) -> None:
    import httpx

    with following(embedded_url, tmp_path / "spool") as server:
        port = int(server.url.rsplit(":", 1)[1])
        with tailing(tmp_path / "home", "--url", server.url, "--json") as tail:
            server.store(event("a"))
            tail.until(lambda: len(tail.lines) == 1)
            server.service.live.end()  # pyright: ignore[reportOptionalMemberAccess]
            tail.until(lambda: any("trying again" in line for line in tail.said))
            server.store(event("b"))
            server.service.live.ended = False  # pyright: ignore[reportOptionalMemberAccess]
            server.store(event("c"))
            tail.until(lambda: len(tail.lines) == 3)
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    assert [json.loads(line)["context"]["summary"] for line in tail.lines] == ["a", "b", "c"]


def test_a_gap_is_shown(
    server: Following, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path))
    server.store(event("a"))
    watcher = threading.Timer(1.0, lambda: server.store(event("b")))
    watcher.start()
    assert main(["tail", "--url", server.url, "--cursor", "999", "--count", "1"]) == 0
    watcher.join()
    told = capsys.readouterr()
    assert "gap: some events did not come" in told.err
    assert "command_execute b" in told.out


def test_everything_from_the_start(
    server: Following, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path))
    server.store(event("a"), event("b"))
    assert main(["tail", "--url", server.url, "--cursor", "0", "--count", "2", "--type", "command_execute"]) == 0
    assert capsys.readouterr().out.count("command_execute") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--cursor", "yesterday"], 2, "not one of this stream's"),
        (["--url", "http://127.0.0.1:9"], 6, "is `agentobs serve` running there?"),
        (["--url", "here"], 2, "is no address of a server"),
    ],
)
def test_what_cannot_be_followed(
    arguments: list[str], code: int, words: str, server: Following, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path))
    monkeypatch.setenv("AGENTOBS_URL", server.url)
    assert main(["tail", *arguments]) == code
    assert words in capsys.readouterr().err


def test_nothing_in_an_event_moves_the_cursor() -> None:
    shown = line_of(event("x\x1b[2Jy\nz\u202ew", severity="error", agentId="a\x07", sessionId="\x9bs"), ZoneInfo("UTC"))
    assert shown == "14:00:00 ! a s command_execute x[2Jy zw"
