"""Seeded secrets go in by three agents' files, in every place; none comes out of anything that we write.

Looked through: a full dump of the database and its raw records, all bytes of the data folder (tables, write-ahead log,
server's logs), what every command prints, an executed report, exports. A mutant that redacts nothing is caught by the
same look, secret by secret: the look can fail.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import agentobs as ao
from agentobs import reports
from agentobs.cli import main
from agentobs.ingest import backfill
from agentobs.redaction import Redactor
from agentobs.settings import Content
from agentobs.store import embedded, raw
from agentobs.store.embedded import binaries
from tests.faults import canary

PLANTED = canary.seeds(seed=20261125)
COMMANDS = (
    "sessions", "sessions --json", "sessions --csv", "usage --by session --json", "usage --by project --csv",
    f"show {canary.SESSION}", f"show {canary.SESSION} --json", "doctor", "doctor --json", "redact", "agents",
    "db status", "rebuild", "redact --rescan",
)  # fmt: skip


class Place:
    """A data folder of its own, and the files that were read into it."""

    def __init__(self, folder: Path) -> None:
        self.home, self.logs, self.out = folder / "home", folder / "logs", folder / "out"
        for path in (self.home, self.logs, self.out):
            path.mkdir()
        canary.write(self.logs, PLANTED)

    def run(self, capsys: pytest.CaptureFixture[str], *commands: str) -> bytes:
        """Return everything that commands print."""
        said = []
        for command in commands:
            code = main(command.split())
            printed = capsys.readouterr()
            assert code == 0, (command, printed.err)
            said.append(printed.out + printed.err)
        return "\n".join(said).encode()

    def bytes(self) -> bytes:
        """Every byte of the data folder and of the server's, which lies elsewhere where we are root."""
        data = embedded.status(self.home / "database").data
        assert data is not None
        assert list(data.rglob("pg_wal/0*"))
        return folder_bytes(self.home) + folder_bytes(data.parent)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("canary")
    for parent in (folder, folder.parent):
        parent.chmod(0o755)  # the server's user must come in
    made = Place(folder)
    monkeypatch.delenv("AGENTOBS_DATABASE_URL", raising=False)
    monkeypatch.setenv("AGENTOBS_HOME", str(made.home))
    monkeypatch.setenv("HOME", str(folder / "nobody"))
    monkeypatch.setenv("AGENTOBS_DEBUG", "1")
    yield made
    embedded.stop(made.home / "database")


def found(data: bytes) -> set[str]:
    """The kinds of secrets of which something is in there."""
    return {kind for kind, (secret, _) in PLANTED.items() if any(part in data for part in canary.needles(secret))}


def dumped(url: str) -> bytes:
    """A full dump, as pg_dump writes it; and what it holds compressed, opened."""
    program = binaries.find().folder / "pg_dump"
    dump = subprocess.run([str(program), "--inserts", url], capture_output=True, check=True).stdout
    assert b"INSERT INTO public.agent_events" in dump
    with psycopg.connect(url) as connection:
        blobs = connection.execute(
            "SELECT raw FROM agent_events WHERE raw IS NOT NULL UNION ALL SELECT raw FROM quarantine"
        ).fetchall()
        memories = connection.execute("SELECT memory FROM sources WHERE memory IS NOT NULL").fetchall()
        connection.execute("CHECKPOINT")
    return b"\n".join([dump, *(raw.decompress(blob) for (blob,) in blobs), *(memory for (memory,) in memories)])


def folder_bytes(folder: Path) -> bytes:
    """Every byte of every file below a folder, names included."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return b"\n".join(str(path).encode() + path.read_bytes() for path in files)


def exported(url: str, out: Path) -> bytes:
    """Every frame as CSV and Parquet, and the texts of messages and raw records."""
    with ao.open(url) as wb:
        events = wb.events()
        data = [events, wb.sessions(), wb.tool_calls(), wb.model_calls(), wb.messages(), wb.edits()]
        assert len(events) > 50
        assert wb.messages()["text"].str.len().max() > 500
        texts = wb.raw(events["event_id"].tolist()).dropna()
    for number, frame in enumerate(data):
        frame.to_csv(out / f"{number}.csv")
        frame.to_parquet(out / f"{number}.parquet", compression=None)
    return folder_bytes(out) + "\n".join(texts).encode("utf-8", "replace")


def outputs(place: Place, capsys: pytest.CaptureFixture[str]) -> dict[str, bytes]:
    """Everything that comes out, by where."""
    with embedded.start(place.home / "database") as server:
        looked = {"ingest": place.run(capsys, f"ingest {place.logs}"), "dump": dumped(server.url)}
        looked["commands"] = place.run(capsys, *COMMANDS)
        looked["exports"] = exported(server.url, place.out)
        looked["folder"] = place.bytes()
    return looked


def test_no_secret_comes_out_anywhere(place, capsys, tmp_path):
    looked = outputs(place, capsys)
    report = reports.run("usage", tmp_path / "reports")
    looked["report"] = folder_bytes(report.path.parent)
    assert {name: kinds for name, data in looked.items() if (kinds := found(data))} == {}
    assert b"rejected" in looked["ingest"]
    assert "«redacted:".encode() in looked["dump"] + looked["commands"]


def test_a_mutant_that_redacts_nothing_is_caught_secret_by_secret(place, capsys, monkeypatch):
    monkeypatch.setattr(backfill, "Redactor", lambda key, *_: Redactor(key, ()))
    looked = outputs(place, capsys)
    assert found(looked["dump"]) == found(looked["exports"]) == set(PLANTED)
    assert found(looked["folder"])
    assert found(looked["commands"])


def test_a_rescan_with_erase_takes_out_of_the_database_what_was_stored_in_full(place, capsys, monkeypatch):
    monkeypatch.setenv("AGENTOBS_CONTENT", "full")
    with embedded.start(place.home / "database") as server:
        place.run(capsys, f"ingest {place.logs}")
        assert found(dumped(server.url)) == set(PLANTED)
        monkeypatch.delenv("AGENTOBS_CONTENT")
        with psycopg.connect(server.url) as connection:
            connection.execute("UPDATE batches SET rules_version = NULL")
        place.run(capsys, "redact --rescan --erase", "doctor")
        assert found(dumped(server.url)) == set()


@pytest.mark.parametrize("mode", ["hashed", "metadata"])
def test_nothing_that_was_said_comes_out_in_stricter_modes(place, capsys, monkeypatch, mode):
    monkeypatch.setenv("AGENTOBS_CONTENT", mode)
    assert Content(default=mode).of(None) == mode
    looked = outputs_of_text(place, capsys)
    assert [name for name, data in looked.items() if b"please use" in data] == []


def outputs_of_text(place: Place, capsys: pytest.CaptureFixture[str]) -> dict[str, bytes]:
    with embedded.start(place.home / "database") as server:
        place.run(capsys, f"ingest {place.logs}")
        return {"dump": dumped(server.url), "folder": place.bytes(), "commands": place.run(capsys, "sessions")}
