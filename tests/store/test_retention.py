"""What is older than the retention's horizon stays away, is counted as expired, and is never an error."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentobs.ingest.worker import Worker
from agentobs.store import sources
from tests.faults import simple
from tests.faults.oracle import EQUATIONS
from tests.faults.simple import line

OLD, NEW, HORIZON = "2026-01-01T00:00:00Z", "2026-03-09T10:00:00Z", "2026-02-01T00:00:00Z"


@pytest.fixture
def worker(database_url: str) -> Iterator[Worker]:
    with Worker(database_url, None, retry_s=0) as one:
        _ = one.connection
        one.connection.execute("UPDATE retention SET horizon = %s", (HORIZON,))
        yield one


def counters(worker: Worker) -> object:
    row = worker.connection.execute("SELECT events, stored, copies, expired, records FROM sources").fetchone()
    assert worker.connection.execute(EQUATIONS.encode()).fetchone() == (0,)
    return row


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def test_late_events_before_the_horizon_are_counted_as_expired(worker: Worker, tmp_path: Path) -> None:
    """R23."""
    usage = {"type": "llm_response", "use": {"input_tokens": 5}}
    path = write(tmp_path / "a.jsonl", line("1", ts=OLD, **usage), line("2", ts=NEW, **usage), line("3", ts=HORIZON))
    outcome = worker.ingest(path, simple.ADAPTER)
    assert (outcome.error, outcome.stored, outcome.rejected) == (None, 2, 0)
    assert counters(worker) == (3, 2, 0, 1, 3)
    rows = worker.connection.execute(
        "SELECT sum(events), (SELECT sum(model_calls) FROM rollup_usage) FROM rollup_events"
    )
    assert rows.fetchone() == (2, 1)


def test_a_batch_of_which_all_is_expired_moves_its_source(worker: Worker, tmp_path: Path) -> None:
    """R23."""
    path = write(tmp_path / "a.jsonl", *(line(str(n), ts=OLD) for n in range(5)))
    assert worker.ingest(path, simple.ADAPTER).error is None
    assert counters(worker) == (5, 0, 0, 5, 5)
    row = worker.connection.execute("SELECT position, (SELECT count(*) FROM batches) FROM sources").fetchone()
    assert row == (path.stat().st_size, 0)


def test_a_replay_does_not_bring_back_what_was_dropped(worker: Worker, tmp_path: Path) -> None:
    """R23, R16: retention drops, a replay leaves it dropped."""
    path = write(tmp_path / "a.jsonl", line("1", ts=OLD), line("2", ts=NEW), line("1", ts=OLD))
    worker.connection.execute("UPDATE retention SET horizon = '-infinity'")
    worker.ingest(path, simple.ADAPTER)
    assert counters(worker) == (3, 2, 1, 0, 3)
    worker.connection.execute("UPDATE retention SET horizon = %s", (HORIZON,))
    worker.connection.execute("DELETE FROM agent_events WHERE ts < %s", (HORIZON,))
    sources.rewind(worker.connection)
    worker.ingest(path, simple.ADAPTER)
    assert counters(worker) == (3, 0, 1, 2, 3)
    assert worker.connection.execute("SELECT summary FROM agent_events").fetchall() == [("2",)]
