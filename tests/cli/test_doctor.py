"""agentobs doctor: everything that was read is accounted for, or it says what is not."""

import json

import psycopg
import pytest

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
    assert [(row["agent"], row["records"]) for row in found["unknowns"]] == [("claude_code", 2)]
    assert "moon-phase" in found["unknowns"][0]["what"]
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
