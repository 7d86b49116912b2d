"""R14: times that cannot be, 10,000 different days at once: all is stored and flagged, and chunks stay few."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psycopg
import pytest

from agentobs.adapters.claude_code import ADAPTER
from agentobs.events import EARLIEST, LATEST, SENTINEL
from agentobs.ingest.worker import Worker
from agentobs.store import writer
from agentobs.store.batch import Batch
from tests.faults.oracle import EQUATIONS, check_twice

WEEKS = (LATEST - EARLIEST) // (7 * 86_400_000_000) + 2
ODD = {
    "1970-01-01T00:00:00Z": "clamped",
    "0001-01-01T00:00:00+14:00": "clamped",
    "9999-12-31T23:59:59.999Z": "clamped",
    "9999-12-31T23:59:59-23:59": "clamped",
    "2014-12-31T23:59:59.999999Z": "clamped",
    "2015-01-01T00:00:00Z": "exact",
    "2034-12-31T23:59:59.999999Z": "exact",
    "2035-01-01T00:00:00Z": "clamped",
    "2026-03-09T10:00:00.123456789Z": "exact",
    "2016-12-31T23:59:60Z": "exact",
    "2026-03-09T10:00:00+05:45": "exact",
    "2026-03-09T10:00:00-0930": "exact",
    "2026-03-09T10:00:00": "naive",
    "2026-03-09": "naive",
    "infinity": "inherited",
    "-infinity": "inherited",
    "now": "inherited",
    "": "inherited",
    "2026-02-30T10:00:00Z": "inherited",
    "1773050400": "inherited",
}


def record(number: int, timestamp: object) -> bytes:
    fields: dict[str, object] = {
        "type": "user",
        "uuid": f"00000000-0000-4000-8000-{number:012}",
        "sessionId": "s",
        "cwd": "/w",
    }
    if timestamp is not None:
        fields["timestamp"] = timestamp
    return json.dumps({**fields, "message": {"role": "user", "content": f"prompt {number}"}}).encode()


def ingest(url: str, path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"\n".join(lines) + b"\n")
    with Worker(url, None, retry_s=0) as worker:
        outcome = worker.ingest(path, ADAPTER)
    assert (outcome.error, outcome.stored, outcome.rejected) == (None, len(lines), 0)


@pytest.mark.parametrize("text", ODD)
def test_an_odd_time_is_stored_and_flagged(text: str, embedded_url: str, tmp_path: Path) -> None:
    """R14."""
    ingest(embedded_url, tmp_path / "session.jsonl", [record(0, "2026-03-09T09:00:00Z"), record(1, text)])
    with psycopg.connect(embedded_url) as connection:
        row = connection.execute("SELECT ts_quality, ts FROM events WHERE seq = 1").fetchone()
    assert row is not None
    assert row[0] == ODD[text]
    sentinel = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=SENTINEL)
    assert (row[1] == sentinel) == (row[0] == "clamped")


@pytest.mark.parametrize("odd", [None, 1773050400, 1.5, [], {}, True])
def test_a_time_that_is_no_text_is_inherited(odd: object, embedded_url: str, tmp_path: Path) -> None:
    """R14: none at all, or of a type that no time has."""
    ingest(embedded_url, tmp_path / "session.jsonl", [record(0, "2026-03-09T09:00:00Z"), record(1, odd)])
    with psycopg.connect(embedded_url) as connection:
        rows = connection.execute("SELECT ts_quality, ts FROM events ORDER BY seq").fetchall()
    assert rows == [("exact", datetime(2026, 3, 9, 9, tzinfo=UTC)), ("inherited", datetime(2026, 3, 9, 9, tzinfo=UTC))]


@pytest.mark.faults
def test_ten_thousand_random_days_make_few_chunks_a_batch(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R14: at most 31 new chunks a commit, at most one a week of our range in all, and no lock is missing."""
    right = writer.commit_batch
    grown: list[int] = []

    def chunks(connection: psycopg.Connection) -> int:
        row = connection.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'agent_events'::regclass"
        ).fetchone()
        assert row is not None
        return row[0]

    def commit_batch(connection: psycopg.Connection, batch: Batch):
        before = chunks(connection)
        committed = right(connection, batch)
        grown.append(chunks(connection) - before)
        return committed

    monkeypatch.setattr(writer, "commit_batch", commit_batch)
    random, lines, qualities = Random(14), [], Counter()
    first = datetime(1, 1, 2, tzinfo=UTC)
    for number in range(10_000):
        if number % 100 == 99:
            text = random.choice(list(ODD))
            qualities[ODD[text] if number else "none"] += 1
        else:
            near = number % 5 != 0
            day = datetime(2015, 1, 1, tzinfo=UTC) if near else first
            moment = day + timedelta(
                days=random.randrange(7_305 if near else 3_652_000), seconds=random.randrange(86_400)
            )
            text = moment.strftime("%Y-%m-%dT%H:%M:%S.123Z").rjust(24, "0")
            qualities["exact" if 2015 <= moment.year < 2035 else "clamped"] += 1
        lines.append(record(number, text))
    ingest(database_url, tmp_path / "session.jsonl", lines)
    with psycopg.connect(database_url, autocommit=True) as connection:
        found = connection.execute("SELECT ts_quality, count(*) FROM events GROUP BY 1").fetchall()
        assert dict(found) == qualities  # pyright: ignore[reportArgumentType]
        check_twice(connection)
        assert connection.execute(EQUATIONS.encode()).fetchone() == (0,)
        timescale = connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").fetchone() is not None
        assert max(grown) <= 31
        assert (100 < chunks(connection) <= WEEKS) if timescale else chunks(connection) == 0
        connection.execute("DROP TABLE agent_events CASCADE")  # which needs a lock for every chunk
