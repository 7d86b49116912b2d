"""R18: a migration while events come: nothing is lost, and a worker that does not know the new schema pauses."""

import os
import threading
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

import psycopg
import pytest

from agentobs.errors import MigrationError
from agentobs.ingest.backfill import Job
from agentobs.ingest.drain import Drainer
from agentobs.ingest.worker import Worker
from agentobs.server.draining import Plan, drain, reached_by
from agentobs.store import engine, migrate, sources, writer
from agentobs.store.migrate import Migration
from tests.faults import simple
from tests.faults.oracle import EQUATIONS, Oracle, check_alive, check_twice
from tests.faults.serving import Client
from tests.server.accepting import KEY, accepting, rows
from tests.server.test_serve import line, until

pytestmark = pytest.mark.faults
LATER = Migration(
    999,
    "later",
    "ALTER TABLE agent_events ADD COLUMN later integer; ALTER TABLE sources ADD COLUMN later text; "
    "UPDATE sources SET later = path; SELECT pg_sleep(0.3)",
)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Migration]], None]:
    """Say which migrations are known from now on: those of an older agentobs, of this one, or of a newer one."""
    return lambda migrations: monkeypatch.setattr(migrate, "available", lambda: migrations)


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[tuple[Oracle, list[Client]]]:
    """Four who send events until the test ends, into a spool."""
    oracle, guard = Oracle(), threading.Lock()
    with accepting(tmp_path / "spool") as server:
        sending = [Client(number, int(server.url.rsplit(":", 1)[1]), oracle, guard) for number in range(4)]
        for client in sending:
            client.start()
        yield oracle, sending
        _end(sending)


def test_a_migration_while_events_come_loses_nothing_and_the_old_drain_stops(
    database_url: str,
    tmp_path: Path,
    known: Callable[[list[Migration]], None],
    clients: tuple[Oracle, list[Client]],
) -> None:
    """R18. What is accepted meanwhile waits in the spool for a drain that knows the schema."""
    oracle, sending = clients
    older = migrate.available()
    newer = [*older, LATER]
    known(older)
    job, stopped = Job(url=database_url, redaction_key=KEY), list[BaseException]()
    with Drainer(job, tmp_path / "spool") as old:

        def work() -> None:
            try:
                old.run(lambda error: None, lambda reached: None)
            except MigrationError as error:
                stopped.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        until(lambda: _stored(database_url) > 500)
        known(newer)
        with engine.connect(database_url) as connection:
            assert migrate.migrate(connection) == [one.version for one in newer if one not in older]
        there = rows(database_url, "SELECT position, records FROM sources")
        accepted = len(oracle.accepted)
        thread.join(60)
        assert [str(error) for error in stopped] == [
            "the database was migrated by a newer agentobs meanwhile; upgrade agentobs"
        ]
        assert rows(database_url, "SELECT position, records FROM sources") == there, "it wrote no more"
        until(lambda: len(oracle.accepted) > accepted + 100)
    known(older)
    with (
        Drainer(job, tmp_path / "spool") as again,
        pytest.raises(MigrationError, match=f"this agentobs knows up to {older[-1].version}; upgrade agentobs"),
    ):
        again.drain()
    known(newer)
    _end(sending)
    with Drainer(job, tmp_path / "spool") as new:
        new.drain()
    with psycopg.connect(database_url, autocommit=True) as connection:
        oracle.check_lost(connection)
        check_twice(connection)
        oracle.check_altered(connection)
        oracle.check_counters(connection)
        assert connection.execute(EQUATIONS.encode()).fetchone() == (0,)
    check_alive(database_url, tmp_path)


def test_a_migration_waits_for_the_batch_in_hand_and_the_next_batch_for_the_migration(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: Callable[[list[Migration]], None]
) -> None:
    """R18: a worker of today stores a batch, while another one migrates; it is stored as a whole, before."""
    oracle, path, today = Oracle(), tmp_path / "session.jsonl", migrate.available()
    lines = [simple.line(f"e{number}") for number in range(20)]
    for one in lines:
        oracle.issue(one)
    path.write_bytes(b"\n".join(lines) + b"\n")
    migrated, right = list[int](), writer._derive

    def migrate_now() -> None:
        with engine.connect(database_url) as connection:
            migrated.extend(migrate.migrate(connection))

    thread = threading.Thread(target=migrate_now)

    def derive(*arguments: object) -> None:
        known([*today, LATER])
        thread.start()
        until(lambda: rows(database_url, "SELECT count(*) FROM pg_locks WHERE NOT granted") != [(0,)])
        assert migrated == []
        right(*arguments)  # pyright: ignore[reportArgumentType]

    with Worker(database_url, None) as worker:
        _ = worker.connection  # it knows the schema of today
        monkeypatch.setattr(writer, "_derive", derive)
        outcome = worker.ingest(path, simple.ADAPTER)
        monkeypatch.setattr(writer, "_derive", right)
        assert (outcome.error, outcome.stored) == (None, 20)
        thread.join(60)
        assert migrated == [LATER.version]
        sources.rewind(worker.connection)
        with pytest.raises(MigrationError, match="migrated by a newer agentobs meanwhile"):
            worker.ingest(path, simple.ADAPTER)
    with Worker(database_url, None) as upgraded:
        assert upgraded.ingest(path, simple.ADAPTER).copies == 20
    oracle.accept(*oracle.issued)
    oracle.check(database_url, tmp_path)


def test_a_drain_that_does_not_know_the_schema_says_what_it_waits_for(
    embedded_url: str, tmp_path: Path, known: Callable[[list[Migration]], None]
) -> None:
    """R18: the process ends with the code of a drain that left something, and is started again; see /readyz."""
    today = migrate.available()
    known([*today, LATER])
    with engine.connect(embedded_url) as connection:
        migrate.migrate(connection)
    known(today)
    spool = tmp_path / "spool"
    with accepting(spool, drained=lambda: reached_by(spool)) as server:
        assert server.post(line("e")).status_code == 200
        plan = Plan(job=Job(url=embedded_url, redaction_key=KEY), folder=spool, database_home=None)
        reading, writing = os.pipe()
        with FileIO(reading) as orders:
            assert not drain(plan, orders)
            os.close(writing)
        assert "upgrade agentobs" in server.client.get("/readyz").json()["drain_waits_for"]
        assert server.post(line("f")).status_code == 200


def _stored(url: str) -> int:
    return rows(url, "SELECT count(*) FROM agent_events")[0][0] if _is_there(url) else 0


def _is_there(url: str) -> bool:
    return rows(url, "SELECT to_regclass('agent_events') IS NOT NULL") == [(True,)]


def _end(sending: list[Client]) -> None:
    for client in sending:
        client.stop = True
    for client in sending:
        client.join(60)
    assert [client.failed for client in sending if client.failed] == []
