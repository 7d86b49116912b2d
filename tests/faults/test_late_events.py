"""R23 by network: events older than the retention are counted as expired, never an error; pruning while events come."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from agentobs.ingest.backfill import Job
from agentobs.ingest.drain import Drainer
from agentobs.ingest.worker import Worker
from agentobs.store import engine, retention, writer
from tests.faults import simple
from tests.faults.oracle import EQUATIONS, Oracle, check_alive, check_twice
from tests.server.accepting import KEY, Accepting, accepting, drain, rows
from tests.server.test_serve import served, until

pytestmark = pytest.mark.faults
HORIZON = datetime(2026, 2, 1, tzinfo=UTC)
OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
COUNTS = "SELECT events, stored, copies, conflicts, refused, expired, records FROM sources WHERE adapter = 'spool'"


def line(name: str, at: datetime) -> bytes:
    told = {"id": name, "timestamp": at.isoformat(), "type": "command_execute", "agentId": "a", "sessionId": "s"}
    return json.dumps(told).encode()


@pytest.fixture
def pruned_url(database_url: str) -> str:
    """A database whose retention begins at HORIZON."""
    with Worker(database_url, None) as worker:
        retention.prune(worker.connection, HORIZON)
    return database_url


def test_old_events_by_network_are_accepted_and_counted_as_expired(pruned_url: str, tmp_path: Path) -> None:
    with accepting(tmp_path / "spool") as server:
        mixed = [line(f"e{number}", OLD if number % 3 else NEW) for number in range(30)]
        for body in (
            b"\n".join(mixed),
            line("alone", OLD),
            line("last", HORIZON),
            line("before", HORIZON - timedelta(microseconds=1)),
        ):
            answer = server.post(body)
            assert (answer.status_code, answer.json()["rejected"]) == (200, 0)
        drain(pruned_url, server.folder)
    assert rows(pruned_url, COUNTS) == [(33, 11, 0, 0, 0, 22, 33)]
    assert rows(pruned_url, "SELECT count(*), min(ts) FROM agent_events") == [(11, HORIZON)]
    assert rows(pruned_url, "SELECT count(*) FROM quarantine") == [(0,)]
    assert rows(pruned_url, "SELECT sum(events) FROM rollup_events") == [(11,)]


def test_the_metrics_of_a_server_count_what_is_expired(embedded_url: str, tmp_path: Path) -> None:
    with Worker(embedded_url, None) as worker:
        retention.prune(worker.connection, HORIZON)
    with served(tmp_path, embedded_url) as server:
        assert server.post(b"\n".join(line(f"e{number}", OLD) for number in range(7))) == 200

        def told() -> bool:
            text = httpx.get(f"http://127.0.0.1:{server.port}/metrics", trust_env=False, timeout=30).text
            return "\nagentobs_expired_total 7\n" in text and "\nagentobs_stored_total 0\n" in text

        until(told)


def test_pruning_while_events_come_drops_what_is_old_and_nothing_else(database_url: str, tmp_path: Path) -> None:
    """The horizon moves on by a day, again and again, through the days of what is being sent."""
    oracle, days = Oracle(), 40
    failed: list[BaseException] = []
    done = threading.Event()

    def prune() -> None:
        try:
            with engine.connect(database_url) as connection:
                for day in range(days):
                    retention.prune(connection, OLD + timedelta(days=day))
                    done.wait(0.02)
        except BaseException as error:  # noqa: BLE001 the test's own thread shows it
            failed.append(error)

    with (
        accepting(tmp_path / "spool") as server,
        Drainer(Job(url=database_url, redaction_key=KEY), server.folder) as one,
    ):
        _send(server, oracle, 0, days)
        one.drain()
        pruning = threading.Thread(target=prune)
        pruning.start()
        number = 1
        while pruning.is_alive():
            _send(server, oracle, number, days)
            one.drain()
            number += 1
        done.set()
        pruning.join(60)
    assert failed == []
    assert number > 2, "events came meanwhile"
    with psycopg.connect(database_url, autocommit=True) as connection:
        check_twice(connection)
        oracle.check_altered(connection)
        oracle.check_counters(connection)
        old = connection.execute("SELECT count(*) FROM agent_events WHERE ts < (SELECT horizon FROM retention)")
        assert old.fetchone() == (0,)
    last = OLD + timedelta(days=days - 1)
    stored = rows(database_url, "SELECT count(*) FROM agent_events")
    assert stored == [(sum(datetime.fromisoformat(name.split("|")[1]) >= last for name in oracle.issued),)]
    check_alive(database_url, tmp_path)


def _send(server: Accepting, oracle: Oracle, number: int, days: int) -> None:
    """An event of each day."""
    moments = [OLD + timedelta(days=day, seconds=number) for day in range(days)]
    lines = [line(f"{number}|{moment.isoformat()}", moment) for moment in moments]
    for one in lines:
        oracle.issue(one)
    assert server.post(b"\n".join(lines)).status_code == 200


def test_pruning_waits_for_the_batch_in_hand(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that began before the horizon moved has its rows dropped like any other, and is counted as stored."""
    path, right, pruned = tmp_path / "session.jsonl", writer._derive, list[int]()
    moments = [OLD, NEW, OLD]
    lines = [simple.line(f"e{number}", ts=moment.isoformat()) for number, moment in enumerate(moments)]
    path.write_bytes(b"\n".join(lines) + b"\n")

    def prune() -> None:
        with engine.connect(database_url) as connection:
            pruned.append(retention.prune(connection, HORIZON))

    thread = threading.Thread(target=prune)

    def derive(*arguments: object) -> None:
        thread.start()
        until(lambda: rows(database_url, "SELECT count(*) FROM pg_locks WHERE NOT granted") != [(0,)])
        right(*arguments)  # pyright: ignore[reportArgumentType]

    with Worker(database_url, None, retry_s=0) as worker:
        _ = worker.connection
        monkeypatch.setattr(writer, "_derive", derive)
        outcome = worker.ingest(path, simple.ADAPTER)
        thread.join(60)
    assert (outcome.error, outcome.stored) == (None, 3)
    assert pruned == [2]
    assert rows(database_url, "SELECT summary FROM agent_events") == [("e1",)]
    assert rows(database_url, "SELECT stored, expired FROM sources") == [(3, 0)]
    assert rows(database_url, "SELECT sum(events) FROM rollup_events") == [(3,)]
    assert rows(database_url, EQUATIONS) == [(0,)]
