"""`agentobs send`: what is sent is what would be read from the file, once, however often and however interrupted."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentobs.cli import main, send
from agentobs.ingest.backfill import adapters
from agentobs.ingest.spool import Limits
from agentobs.ingest.worker import Worker
from tests.server.accepting import Accepting, accepting, drain, rows

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("AGENTOBS_URL", raising=False)
    monkeypatch.delenv("AGENTOBS_KEY", raising=False)
    return tmp_path / "home"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Accepting]:
    with accepting(tmp_path / "spool") as running:
        yield running


def line(name: str, **fields: object) -> bytes:
    known = {"timestamp": "2026-03-09T14:00:00Z", "type": "command_execute", "agentId": "a", "sessionId": "s"}
    return json.dumps({**known, "context": {"summary": name}, **fields}).encode() + b"\n"


@pytest.mark.parametrize(
    "name", ["claude_code/streamed.jsonl", "codex", "cursor_transcript", "opencode/session.json", "otlp", "copilot_cli"]
)
@pytest.mark.parametrize("small", [False, True])
def test_what_is_sent_is_what_is_read(
    name: str, small: bool, server: Accepting, embedded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice sent, with batches of a line or of all, and then read from the file: everything is there once."""
    if small:
        monkeypatch.setattr(send, "BATCH_BYTES", 1)
    assert main(["send", str(FIXTURES / name), "--url", server.url]) == 0
    assert main(["send", str(FIXTURES / name), "--url", server.url, "--again"]) == 0
    drain(embedded_url, server.folder)
    events, conflicts = (
        "SELECT count(*) FROM agent_events",
        "SELECT count(*) FROM quarantine WHERE reason = 'id_conflict'",
    )
    stored = rows(embedded_url, events)
    assert stored[0][0] > 0
    found, _ = send._planned([FIXTURES / name], adapters())
    with Worker(embedded_url, None) as worker:
        for one in found:
            outcome = worker.ingest(one.path, one.adapter)
            assert (outcome.stored, outcome.conflicts) == (0, 0), one.path
    assert rows(embedded_url, events) == stored
    assert rows(embedded_url, conflicts) == [(0,)]


@pytest.mark.parametrize("coding", ["zstd", "gzip", "none"])
def test_every_compression(coding: str, server: Accepting, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(line("a") + line("b"))
    assert main(["send", str(file), "--url", server.url, "--compress", coding]) == 0
    assert "sent 2 records of 1 files" in capsys.readouterr().out
    assert server.service.counts["accepted"] == 2


def test_a_file_that_has_not_changed_is_not_sent_again(
    server: Accepting, tmp_path: Path, capsys: pytest.CaptureFixture[str], embedded_url: str
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(line("a") + line("a"))
    command = ["send", str(file), "--url", server.url]
    assert main(command) == main(command) == 0
    assert "1 files had been sent before" in capsys.readouterr().out
    assert server.service.counts["accepted"] == 2
    with file.open("ab") as grown:
        grown.write(line("a") + line("c") + b'{"half')
    assert main(command) == 0
    assert server.service.counts["accepted"] == 6
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT count(*) FROM agent_events") == [(4,)], "equal lines without ids are each one"


def test_refused_records_are_told_and_the_exit_code_says_so(
    server: Accepting, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(line("a") + line("b", severity="loud\x1b[31m") + line("c"))
    assert main(["send", str(file), "--url", server.url]) == 1
    told = capsys.readouterr().out
    assert "sent 2 records" in told
    assert "severity 'loud" in told
    assert "\x1b" not in told


def test_what_cannot_be_sent_is_named(server: Accepting, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["send", str(tmp_path / "nothing"), "--url", server.url]) == 3
    (tmp_path / "x.txt").write_text("nonsense")
    assert main(["send", str(tmp_path / "x.txt"), "--url", server.url]) == 3
    assert main(["send", "--url", server.url]) == 2
    assert main(["send", str(tmp_path / "x.txt"), "--url", "ftp://x"]) == 2
    assert "name the files or folders" in capsys.readouterr().err


def test_without_a_server_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "_ATTEMPTS", 2)
    file = tmp_path / "a.jsonl"
    file.write_bytes(line("a"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert main(["send", str(file), "--url", f"http://127.0.0.1:{port}"]) == 6
    assert "is `agentobs serve` running there?" in capsys.readouterr().err


def test_a_full_spool_is_waited_for(tmp_path: Path, embedded_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After: nothing is lost, nothing doubled."""
    monkeypatch.setattr(send, "BATCH_BYTES", 4000)
    pauses: list[float] = []
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"".join(line(f"e{number}", data={"text": "x" * 500}) for number in range(60)))
    with accepting(tmp_path / "spool", Limits(cap_bytes=25_000)) as server:

        def wait(seconds: float) -> None:
            """While the client waits, the drain makes room; the spool sees it a moment later."""
            pauses.append(seconds)
            drain(embedded_url, server.folder)
            time.sleep(0.2)

        monkeypatch.setattr(send, "sleep", wait)
        assert main(["send", str(file), "--url", server.url]) == 0
        drain(embedded_url, server.folder)
    assert pauses, "it was full"
    assert all(pause >= 1 for pause in pauses), "as long as it was told"
    assert rows(embedded_url, "SELECT count(*), count(DISTINCT id) FROM agent_events") == [(60, 60)]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_answers_that_never_come_lose_and_double_nothing(
    lost: int, server: Accepting, tmp_path: Path, embedded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: the server accepts, and the connection breaks before it says so."""
    monkeypatch.setattr(send, "BATCH_BYTES", 300)
    monkeypatch.setattr(send, "sleep", lambda _: None)
    file = tmp_path / "a.jsonl"
    file.write_bytes(line("same") * 5 + line("other") * 3)
    with _breaking(server, lost) as url:
        assert main(["send", str(file), "--url", url]) == 0
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT count(*), count(DISTINCT id) FROM agent_events") == [(8, 8)]


class _breaking:  # noqa: N801 it is used like a function
    """A proxy that closes the first connections after the server's answer, without passing it on."""

    def __init__(self, server: Accepting, lost: int) -> None:
        self._target = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        self._left = lost
        self._socket = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> str:
        threading.Thread(target=self._run, daemon=True).start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            lose = self._left > 0
            self._left -= 1
            threading.Thread(target=self._pass, args=(client, lose), daemon=True).start()

    def _pass(self, client: socket.socket, lose: bool) -> None:
        with client, socket.create_connection(self._target) as onward:
            back: Callable[[bytes], object] = client.sendall
            threading.Thread(target=_copy, args=(client, onward.sendall), daemon=True).start()
            try:
                while data := onward.recv(65536):
                    if lose:
                        client.shutdown(socket.SHUT_RDWR)
                        return
                    back(data)
            except OSError:
                return


def _copy(source: socket.socket, give: Callable[[bytes], object]) -> None:
    try:
        while data := source.recv(65536):
            give(data)
    except OSError:
        return


def test_the_key_goes_with_every_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    async def access(request, route):
        from agentobs.server.access import OWNER

        seen.append(request.headers.get("authorization"))
        return OWNER

    monkeypatch.setenv("AGENTOBS_KEY", "ao_one_secret")
    (tmp_path / "a.jsonl").write_bytes(line("a"))
    with accepting(tmp_path / "spool", access=access) as server:
        monkeypatch.setenv("AGENTOBS_URL", server.url)
        assert main(["send", str(tmp_path / "a.jsonl"), "--quiet"]) == 0
    assert seen == ["Bearer ao_one_secret"]
