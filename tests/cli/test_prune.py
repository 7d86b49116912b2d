"""agentobs prune: old events go for good on both kinds of server, what was counted from them stays."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from agentobs.store import capabilities, engine, retention
from tests.cli.sessions import lines, said

HORIZON = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def database(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind of server in turn, with an old session of two events and a new one of three."""
    monkeypatch.setenv("AGENTOBS_DATABASE_URL", database_url)
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path / "data"))
    old = [line.replace("2026-03-09T", "2026-01-05T") for line in lines("old")]
    new = lines("new", ["claude-haiku-4-5-20251001"] * 2)
    for name, text in {"old": old, "new": new}.items():
        (tmp_path / f"{name}.jsonl").write_text("\n".join(text) + "\n", encoding="utf-8")
    return database_url


@pytest.fixture
def ingested(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert said(capsys, "ingest", tmp_path).code == 0
    return database


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def events(url: str) -> object:
    return one(url, "SELECT count(*) FROM agent_events")


def answers(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_old_events_go_and_what_was_counted_from_them_stays(ingested, capsys):
    before = said(capsys, "usage", "--by", "session", "--json").out
    found = said(capsys, "prune", "--before", "2026-02-01", "--yes")
    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines() == [
        "before 2026-02-01 00:00 UTC: 2 of 5 events, with their raw records, go for good",
        "what stays: 3 events, all 2 sessions with their calls and sums",
        "afterwards old files bring nothing back, and `agentobs rebuild` refuses",
        "2 events dropped",
    ]
    assert one(ingested, "SELECT min(ts) >= '2026-03-09' AND count(*) = 3 FROM agent_events")
    assert said(capsys, "usage", "--by", "session", "--json").out == before
    assert len(json.loads(before)) == len(json.loads(said(capsys, "sessions", "--json").out)) == 2
    assert said(capsys, "doctor").code == 0


def test_chunks_are_dropped_where_there_are_chunks(ingested, capsys):
    with engine.connect(ingested) as connection:
        timescale = capabilities.find(connection).timescale
    chunks = "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'agent_events'"
    if timescale != "none":
        assert one(ingested, chunks) == 2
    assert said(capsys, "prune", "--before", "2026-02-01", "--yes").code == 0
    if timescale != "none":
        assert one(ingested, chunks) == 1
    assert events(ingested) == 3


def test_a_chunk_that_the_day_cuts_loses_its_older_part(ingested, capsys, monkeypatch):
    monkeypatch.setenv("AGENTOBS_TIMEZONE", "Europe/Zurich")
    found = said(capsys, "prune", "--before", "2026-03-09T11:00:01", "--yes")
    assert "before 2026-03-09 11:00 Europe/Zurich: 3 of 5 events" in found.out
    assert one(ingested, "SELECT min(ts) = '2026-03-09T10:00:01Z' AND count(*) = 2 FROM agent_events")


def test_the_horizon_only_moves_forward(ingested):
    with engine.connect(ingested) as connection:
        assert retention.prune(connection, HORIZON) == 2
        assert retention.prune(connection, datetime(2025, 1, 1, tzinfo=UTC)) == 0
    assert one(ingested, "SELECT horizon = '2026-02-01T00:00:00Z' FROM retention")


def test_a_replay_brings_nothing_back_and_is_counted_as_expired(ingested, tmp_path, capsys):
    said(capsys, "prune", "--before", "2026-02-01", "--yes")
    assert said(capsys, "ingest", tmp_path, "--replay").code == 0
    assert events(ingested) == 3
    assert one(ingested, "SELECT sum(expired)::int FROM sources") == 2
    assert said(capsys, "doctor").code == 0


def test_a_rebuild_then_refuses_and_changes_nothing(ingested, capsys):
    said(capsys, "prune", "--before", "2026-02-01", "--yes")
    refused = said(capsys, "rebuild")
    assert (refused.code, refused.out) == (4, "")
    assert "events before 2026-02-01 00:00:00+00 were dropped; a rebuild would lose" in refused.err
    assert one(ingested, "SELECT count(*) FROM agent_sessions") == 2


@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 1, 5), ("\n", 1, 5), ("y\n", 0, 3), ("Yes\n", 0, 3)])
def test_it_asks_first(ingested, capsys, monkeypatch, answer, code, left):
    answers(monkeypatch, answer)
    found = said(capsys, "prune", "--before", "2026-02-01")
    assert (found.code, events(ingested)) == (code, left)
    assert ("nothing was dropped" in found.out) == bool(code)


def test_where_nobody_answers_nothing_is_dropped(ingested, capsys, monkeypatch):
    answers(monkeypatch, "")
    found = said(capsys, "prune", "--before", "2026-02-01")
    assert (found.code, events(ingested)) == (2, 5)
    assert "say --yes" in found.err


def test_where_nothing_is_that_old_nothing_changes(ingested, capsys):
    found = said(capsys, "prune", "--before", "2026-01-01")
    assert (found.code, found.out) == (0, "no event is older than 2026-01-01 00:00 UTC; nothing was dropped\n")
    assert one(ingested, "SELECT horizon = '-infinity' FROM retention")
    assert said(capsys, "rebuild").code == 0


def test_the_future_is_refused(ingested, capsys):
    """Clamped times lie there, and all that comes until then would be dropped on arrival."""
    found = said(capsys, "prune", "--before", "2035-01-01", "--yes")
    assert (found.code, events(ingested)) == (2, 5)
    assert "is in the future" in found.err


@pytest.mark.parametrize("arguments", [[], ["--before", "soon"]])
def test_a_day_is_needed(arguments, capsys):
    found = said(capsys, "prune", *arguments)
    assert (found.code, len(found.err.splitlines())) == (2, 1)
