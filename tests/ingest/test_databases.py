"""Databases of agents that are running: what is in them is read, nothing is written to them or beside them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

import agentobs
from agentobs.adapters._base import Adapter, NoMemory
from agentobs.errors import SourceError
from agentobs.events import Item, Line, Skip
from agentobs.ingest import databases, tail
from agentobs.ingest.discover import Found, discover
from agentobs.ingest.worker import Outcome, Worker
from tests.faults import simple
from tests.ingest.test_watch import following

KEYED = "CREATE TABLE cursorDiskKV (key TEXT UNIQUE, value BLOB)"
MESSAGE = 'INSERT INTO cursorDiskKV VALUES (\'bubbleId:{}:b1\', \'{{"type": 1, "text": "Hello"}}\')'
TABLE = "CREATE TABLE lines (number INTEGER PRIMARY KEY, line TEXT)"
WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for command in sys.stdin:
    print(repr(connection.execute(command).fetchall()), flush=True)
"""


def extract(connection: sqlite3.Connection) -> bytes:
    return b"\n".join(line for (line,) in connection.execute("SELECT line FROM lines ORDER BY number"))


def parse(lines: list[Line], _: NoMemory) -> Iterator[Item]:
    for _, line, _ in lines:
        records = [one for one in line.split(b"\n") if one]
        for number, record in enumerate(records):
            yield simple.event(number, record, record, json.loads(record))
        if not records:
            yield Skip(0, "nothing")


READS_LINES = Adapter(
    name="simple",
    title="Simple",
    locations=(),
    patterns=("*.db",),
    detect=lambda head: 1.0 if b"CREATE TABLE lines" in head else 0.0,
    parse=parse,
    content=lambda raw, part: None,
    whole=True,
    tables=extract,
)


class Agent:
    """An agent's own connection, in a process of its own."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, command: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def add(self, name: str, **fields: Any) -> None:
        self.do(f"INSERT INTO lines (line) VALUES ('{simple.line(name, **fields).decode()}')")

    def close(self, *, killed: bool = False) -> None:
        if killed:
            self._process.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def running(path: Path, mode: str = "WAL") -> Iterator[Agent]:
    agent = Agent(path)
    try:
        agent.do(f"PRAGMA journal_mode = {mode}")
        agent.do(TABLE)
        yield agent
    finally:
        agent.close()


def read(path: Path, take: databases.Extract = extract) -> list[str]:
    with tail.open_regular(path) as file:
        return [json.loads(line)["id"] for line in databases.document(file.fd, path, take).splitlines()]


def beside(path: Path) -> dict[str, tuple[bytes, int]]:
    """What lies in the folder of a database; an index of a log says who reads, and is left out."""
    files = [file for file in path.parent.iterdir() if not file.name.endswith("-shm")]
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "agent").mkdir()
    return tmp_path / "agent" / "agent.db"


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_what_a_running_agent_committed_is_read_and_nothing_changes(path, mode):
    with running(path, mode) as agent:
        agent.add("e1")
        agent.do("BEGIN") if mode == "WAL" else None
        before, there = beside(path), names(path)
        assert read(path) == ["e1"]
        assert (beside(path), names(path)) == (before, there)
        if mode == "WAL":
            agent.add("e2")
            assert read(path) == ["e1"]  # not committed
            agent.do("COMMIT")
            assert read(path) == ["e1", "e2"]
        agent.add("e3")  # nobody waits for us


def test_a_log_that_a_killed_agent_left_is_read_and_left(path):
    agent = Agent(path)
    agent.do("PRAGMA journal_mode = WAL")
    agent.do(TABLE)
    agent.add("e1")
    agent.close(killed=True)
    path.with_name("agent.db-shm").unlink()
    before, there = beside(path), names(path)
    assert there == ["agent.db", "agent.db-wal"]
    assert read(path) == ["e1"]
    assert (beside(path), names(path)) == (before, there)


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_database_that_nobody_uses_stays_alone(path, mode):
    with running(path, mode) as agent:
        agent.add("e1")
    assert names(path) == ["agent.db"]
    before = beside(path)
    path.parent.chmod(0o555)
    try:
        assert read(path) == ["e1"]
    finally:
        path.parent.chmod(0o755)
    assert beside(path) == before


def test_a_large_database_in_use_is_not_copied(path, monkeypatch):
    monkeypatch.setattr(databases, "COPY_MOST", 0)
    monkeypatch.setattr(databases, "_copy", None)
    with running(path) as agent:
        agent.add("e1")
        before, there = beside(path), names(path)
        assert read(path) == ["e1"]
        assert (beside(path), names(path)) == (before, there)


def test_copies_are_private_and_gone_afterwards(path, tmp_path, monkeypatch):
    seen = []

    def take(connection: sqlite3.Connection) -> bytes:
        file = Path(os.fsdecode(connection.execute("PRAGMA database_list").fetchone()[2]))
        seen.append((file, file.parent.stat().st_mode & 0o777))
        return extract(connection)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with running(path) as agent:
        agent.add("e1")
        assert read(path, take) == ["e1"]
    ((copy, mode),) = seen
    assert copy.parent.parent == tmp_path
    assert mode == 0o700
    assert [entry.name for entry in tmp_path.iterdir()] == ["agent"]


def test_what_is_written_while_we_read_is_read_again(path):
    with running(path) as agent:
        agent.add("e1")
    calls = []

    def take(connection: sqlite3.Connection) -> bytes:
        calls.append(1)
        found = extract(connection)
        if len(calls) == 1:
            with closing(sqlite3.connect(path)) as other:
                other.execute("INSERT INTO lines (line) VALUES (?)", (simple.line("e2").decode(),))
                other.commit()
        return found

    assert read(path, take) == ["e1", "e2"]
    assert len(calls) == 2


def test_a_database_that_never_rests_is_left_for_later(path):
    with running(path) as agent:
        agent.add("e1")

    def take(connection: sqlite3.Connection) -> bytes:
        os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))
        return extract(connection)

    with pytest.raises(SourceError, match="try again"):
        read(path, take)


def test_another_file_at_its_place_is_not_taken_for_it(path):
    with running(path, "DELETE") as agent:
        agent.add("e1")
    with tail.open_regular(path) as file:
        path.rename(path.with_name("old.db"))
        path.write_bytes(path.with_name("old.db").read_bytes())
        with pytest.raises(SourceError, match="another file"):
            databases.document(file.fd, path, extract)


def test_links_are_not_followed(path, tmp_path):
    with running(path) as agent:
        agent.add("e1")
        link = tmp_path / "link.db"
        link.symlink_to(path)
        with pytest.raises(SourceError, match="link"):
            read(link)
        other = tmp_path / "other.db"
        other.write_bytes(path.read_bytes())
        databases.log_of(other).symlink_to(databases.log_of(path))
        with pytest.raises(SourceError, match="link"):
            read(other)


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_damaged_database_is_refused_with_a_reason(path, mode):
    with running(path, mode) as agent:
        agent.add("e1")
    damaged(path)
    with pytest.raises(ValueError, match=r"malformed|cannot be read"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0", databases.MAGIC + bytes(200)])
def test_what_is_no_database_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="database"):
        read(path)


def test_a_view_that_never_ends_is_stopped(path, monkeypatch):
    monkeypatch.setattr(databases, "_MOST_STEPS", 3 * databases._STEPS)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS number, 'x' AS line FROM n"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE VIEW lines AS {endless}")
    with pytest.raises(ValueError, match="too long"):
        read(path, lambda connection: str(connection.execute("SELECT count(*) FROM lines").fetchall()).encode())


def test_an_adapter_cannot_write(path):
    with running(path, "DELETE"):
        pass

    def take(connection: sqlite3.Connection) -> bytes:
        connection.execute("DELETE FROM lines")
        return b""

    with pytest.raises(SourceError, match=r"readonly|read-only"):
        read(path, take)


def test_a_document_that_is_too_large_is_refused(path, monkeypatch):
    monkeypatch.setattr(tail, "DOCUMENT_CAP", 100)
    with running(path, "DELETE") as agent:
        agent.add("e1", text="x" * 60)
        agent.add("e2", text="x" * 60)
    with pytest.raises(ValueError, match=r"too big|at most 100"):
        read(path)


def ingest(url: str, path: Path) -> Outcome:
    with Worker(url, None, retry_s=0) as worker:
        return worker.ingest(path, READS_LINES)


def test_what_changed_in_the_log_alone_is_read_again(embedded_url, path):
    with running(path) as agent:
        agent.add("e1")
        assert ingest(embedded_url, path).stored == 1
        main = path.read_bytes(), path.stat().st_mtime_ns
        assert ingest(embedded_url, path).records == 0
        agent.add("e2")
        again = ingest(embedded_url, path)
        assert (again.records, again.stored) == (2, 1)
        assert (path.read_bytes(), path.stat().st_mtime_ns) == main
        agent.do("PRAGMA wal_checkpoint(TRUNCATE)")
        assert path.read_bytes() != main[0]
        assert ingest(embedded_url, path).records == 0  # another file, the same rows


def test_a_locked_database_is_read_when_it_is_free(embedded_url, path, monkeypatch):
    monkeypatch.setattr(databases, "_BUSY_S", 0.05)
    with running(path, "DELETE") as agent:
        agent.add("e1")
        agent.do("BEGIN EXCLUSIVE")
        locked = ingest(embedded_url, path)
        assert "locked" in (locked.error or "")
        agent.do("COMMIT")
        assert (ingest(embedded_url, path).stored, ingest(embedded_url, path).error) == (1, None)
        agent.do("BEGIN EXCLUSIVE")
        locked = ingest(embedded_url, path)
        assert "locked" in (locked.error or "")
        assert locked.records == 0
        agent.do("COMMIT")
        assert ingest(embedded_url, path).error is None


def test_a_damaged_database_goes_to_the_quarantine_once(embedded_url, path):
    with running(path, "DELETE") as agent:
        agent.add("e1")
    damaged(path)
    first, second = ingest(embedded_url, path), ingest(embedded_url, path)
    assert [(one.rejected, one.records, one.error) for one in (first, second)] == [(1, 1, None), (0, 0, None)]
    with psycopg.connect(embedded_url) as connection:
        ((reason, size),) = connection.execute("SELECT reason, size_bytes FROM quarantine").fetchall()
    assert "cannot be read" in reason
    assert size == path.stat().st_size


def test_one_unreadable_database_does_not_stop_the_others(embedded_url, path, monkeypatch):
    monkeypatch.setattr(databases, "_BUSY_S", 0.05)
    other = path.with_name("other.db")
    with running(path, "DELETE") as agent, running(other, "DELETE") as another:
        agent.add("e1")
        another.add("e2")
        agent.do("BEGIN EXCLUSIVE")
        with Worker(embedded_url, None, retry_s=0) as worker:
            locked, read_one = worker.ingest_all([(path, READS_LINES), (other, READS_LINES)])
    assert "locked" in (locked.error or "")
    assert (read_one.error, read_one.stored) == (None, 1)


def test_a_folder_shows_what_is_in_its_databases(tmp_path):
    path = tmp_path / "state.vscdb"
    with running(path) as agent:
        agent.do(KEYED)
        agent.do(MESSAGE.format("c1"))
        with agentobs.open(tmp_path) as workbench:
            assert workbench.messages()["text"].tolist() == ["Hello"]


def test_a_young_database_is_known_by_its_log(path):
    with running(path) as agent:
        agent.add("e1")
        assert b"CREATE TABLE" not in path.read_bytes()
        (found,) = discover(path.parent, {"simple": READS_LINES})
    assert isinstance(found, Found)


@pytest.mark.parametrize("polling", [False, True])
def test_a_follower_sees_what_comes_into_the_log(embedded_url, tmp_path, polling):
    path = tmp_path / "state.vscdb"
    with running(path) as agent:
        agent.do("CREATE TABLE cursorDiskKV (key TEXT UNIQUE, value BLOB)")
        message = 'INSERT INTO cursorDiskKV VALUES (\'bubbleId:{}:b1\', \'{{"type": 1, "text": "Hello"}}\')'
        agent.do(message.format("c1"))
        with following(embedded_url, tmp_path, polling=polling) as running_follower:
            assert running_follower.next().events == 2
            agent.do(MESSAGE.format("c2"))
            outcome = running_follower.next()
            assert (outcome.path, outcome.error) == (str(path), None)
            assert outcome.stored == 2


def test_a_follower_comes_back_to_a_database_that_was_locked(embedded_url, tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "_BUSY_S", 0.05)
    path = tmp_path / "state.vscdb"
    with running(path, "DELETE") as agent:
        agent.do(KEYED)
        agent.do(MESSAGE.format("c1"))
        agent.do("BEGIN EXCLUSIVE")
        with following(embedded_url, tmp_path, rescan_s=0.5) as running_follower:
            assert "locked" in (running_follower.next().error or "")
            agent.do("ROLLBACK")
            while (outcome := running_follower.next()).error is not None:
                pass
            assert outcome.stored == 2
