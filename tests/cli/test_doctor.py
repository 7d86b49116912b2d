"""agentobs doctor: everything that was read is accounted for, or it says what is not."""

import json

import psycopg
import pytest

from agentobs.ingest.indexing import index
from tests.cli.sessions import UNPRICED, lines, said, write

SECRET = "AKIA" + "QWERTYUIOPASDFGH"


@pytest.fixture
def filled(database, tmp_path, capsys):
    """A session with a broken line, an unknown record, a secret and a model without a price; and a copy of it."""
    path = write(tmp_path / "logs", "one", [UNPRICED], prompt=f"use {SECRET} for it")
    more = lines("one", [], first=7, prompt="go on")
    odd = json.dumps({"type": "moon-phase", "sessionId": "x", "timestamp": "2026-03-09T10:00:09Z", "version": "9.9.9"})
    path.write_text(path.read_text() + "\n".join(['{"type": "user", broken', odd, *more]) + "\n")
    (tmp_path / "logs" / "copy.jsonl").write_bytes(path.read_bytes())
    assert said(capsys, "ingest", tmp_path / "logs").code == 0
    return database


def test_everything_read_adds_up(filled, capsys):
    found = said(capsys, "doctor")
    assert found.code == 0
    assert found.out.splitlines()[-1] == "everything adds up"
    assert "FAIL" not in found.out


def test_what_was_rejected_unknown_unpriced_and_redacted_is_listed(filled, capsys):
    found = json.loads(said(capsys, "doctor", "--json").out)
    totals = found["totals"]
    assert totals["records"] == totals["event_records"] + totals["skipped"] + totals["rejected"] == 10
    assert totals["events"] == totals["stored"] + totals["copies"] == 8
    assert found["stored"]["events"] == totals["stored"] == 4
    assert [row["records"] for row in found["rejects"]] == [2]
    assert found["rejects"][0]["path"].endswith(".jsonl")
    assert found["rejects"][0]["source_offset"] > 0
    assert found["unknowns"] == [
        {"agent": "claude_code", "agent_version": "9.9.9", "native_type": "moon-phase", "records": 2}
    ]
    assert [example["source_offset"] for example in found["rejects"][0]["examples"]] == [
        row["source_offset"] for row in found["rejects"][:1]
    ] * 2
    assert found["endless"] == [{"agent": "claude_code", "sessions": 2, "without_end": 2, "without_time": 0}]
    assert [row["records"] for row in found["sources"]] == [5, 5]
    assert [(row["model"], row["model_calls"]) for row in found["unpriced"]] == [(UNPRICED, 1)]
    assert sum(row["secrets"] for row in found["redactions"]) == 2
    assert SECRET not in json.dumps(found)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        ("UPDATE sources SET skipped = skipped + 1 WHERE path LIKE '%copy.jsonl'", "records = with events + skipped"),
        ("UPDATE sources SET copies = copies + 1", "events = new + copies"),
        ("DELETE FROM quarantine", "are in the quarantine"),
        ("DELETE FROM agent_events WHERE usage_key IS NOT NULL", "new events are stored"),
        ("UPDATE rollup_usage SET output_tokens = output_tokens + 1", "rollup_usage = counted anew: output_tokens 11"),
        ("UPDATE session_usage SET model_calls = model_calls + 1", "session_usage = counted anew"),
        ("UPDATE agent_sessions SET events = events + 1", "agent_sessions = counted anew"),
        ("UPDATE rollup_events SET events = events + 1", "rollup_events = counted anew"),
        ("DELETE FROM model_calls", "model_calls = counted anew"),
    ],
)
def test_what_does_not_add_up_is_named_and_the_code_is_1(filled, capsys, damage, text):
    with psycopg.connect(filled) as connection:
        connection.execute(damage)
    found = said(capsys, "doctor")
    assert found.code == 1
    assert any(line.startswith("FAIL") and text in line for line in found.out.splitlines())
    assert json.loads(said(capsys, "doctor", "--json").out)["sound"] is False


def test_a_rebuild_mends_kept_sums(filled, capsys):
    with psycopg.connect(filled) as connection:
        connection.execute("UPDATE rollup_usage SET output_tokens = output_tokens + 1")
        connection.execute("DELETE FROM agent_sessions")
    assert said(capsys, "doctor").code == 1
    assert said(capsys, "rebuild").code == 0
    assert said(capsys, "doctor").code == 0


def test_bytes_that_wait_are_noted(filled, tmp_path, capsys):
    with psycopg.connect(filled) as connection:
        connection.execute("UPDATE sources SET size_bytes = position + 5 WHERE path LIKE '%copy.jsonl'")
    found = said(capsys, "doctor")
    assert found.code == 0
    assert "note: 5 bytes of 1 sources were not read yet" in found.out


def test_what_was_found_and_read_is_listed_by_agent(filled, capsys):
    found = said(capsys, "doctor")
    row = next(line for line in found.out.splitlines() if "claude_code" in line)
    assert row.split() == ["claude_code", "2", "3", "3", "10", "8", "0", "2"]
    for title in ("Rejected, in the quarantine", "Record types that we do not know", "Sessions without an end"):
        assert title in found.out


def test_a_session_with_an_end_is_not_listed_as_endless(filled, capsys):
    with psycopg.connect(filled) as connection:
        connection.execute("UPDATE kinds SET type = 'session_end' WHERE type = 'user_interaction'")
    assert json.loads(said(capsys, "doctor", "--json").out)["endless"] == [
        {"agent": "claude_code", "sessions": 2, "without_end": 1, "without_time": 0}
    ]


def test_what_older_rules_went_over_is_noted_until_a_rescan(filled, capsys):
    assert json.loads(said(capsys, "doctor", "--json").out)["older_events"] == 0
    with psycopg.connect(filled) as connection:
        connection.execute("UPDATE batches SET rules_version = '0.old'")
    found = said(capsys, "doctor")
    assert found.code == 0
    assert "note: stored with older rules: 4 events, run `agentobs redact --rescan`" in found.out
    assert said(capsys, "redact", "--rescan").code == 0
    assert json.loads(said(capsys, "doctor", "--json").out)["older_events"] == 0


def test_an_index_that_is_behind_is_noted(filled, capsys):
    index(filled)
    assert "Indexes" not in said(capsys, "doctor").out
    assert json.loads(said(capsys, "doctor", "--json").out)["lags"] == []
    with psycopg.connect(filled) as connection:
        connection.execute("UPDATE search_state SET position = 0")
        row = connection.execute("SELECT count(*), sum(events)::bigint FROM batches").fetchone()
    assert row is not None
    batches, events = row
    found = said(capsys, "doctor")
    assert found.code == 0
    assert f"note: search is {events:,} events behind ingest" in found.out
    assert json.loads(said(capsys, "doctor", "--json").out)["lags"] == [
        {"name": "search", "batches": batches, "events": events}
    ]


def test_content_modes_are_noted_where_they_are_not_the_usual(filled, tmp_path, capsys):
    assert "content that is stored" not in said(capsys, "doctor").out
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "config.toml").write_text('[content.projects]\n"/home/ada/bank" = "metadata"\n')
    note = "content that is stored: redacted; of /home/ada/bank: metadata; of what names no project: metadata"
    assert f"note: {note}" in said(capsys, "doctor").out
