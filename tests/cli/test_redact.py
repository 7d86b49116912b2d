"""agentobs redact: the rules, what was stored under others, and a rescan that applies the present ones."""

import json

import psycopg
import pytest

from agentobs.store import raw
from tests.cli.sessions import said, write

SECRET = "AKIA" + "QWERTYUIOPASDFGH"


@pytest.fixture
def filled(database, tmp_path, capsys, monkeypatch):
    """A session that was stored in full, with its secret, before anybody minded."""
    write(tmp_path / "logs", "one", prompt=f"use {SECRET} for it")
    monkeypatch.setenv("AGENTOBS_CONTENT", "full")
    assert said(capsys, "ingest", tmp_path / "logs").code == 0
    monkeypatch.delenv("AGENTOBS_CONTENT")
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE batches SET rules_version = NULL")
    return database


def texts(url: str) -> str:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT raw, summary FROM agent_events").fetchall()
        rows += connection.execute("SELECT NULL, objective FROM agent_sessions").fetchall()
    return " ".join((raw.decompress(blob).decode() if blob else "") + str(text) for blob, text in rows)


def test_without_a_rescan_it_lists_the_rules_and_what_did_not_go_through_them(filled, capsys):
    found = said(capsys, "redact")
    assert found.code == 0
    assert "aws_access_key_id" in found.out
    assert "stored with older rules: 2 events, run `agentobs redact --rescan`" in found.out
    assert json.loads(said(capsys, "redact", "--json").out)["older_events"] == 2


def test_a_rescan_says_what_it_replaced_by_rule_and_then_nothing_is_older(filled, capsys):
    assert SECRET in texts(filled)
    found = said(capsys, "redact", "--rescan")
    assert (found.code, found.err) == (0, "")
    assert ["aws_access_key_id", "1"] in [line.split() for line in found.out.splitlines()]
    assert SECRET not in texts(filled)
    assert "everything stored went through these rules" in said(capsys, "redact").out
    assert "no secret was found" in said(capsys, "redact", "--rescan").out
    assert said(capsys, "doctor").code == 0


def test_a_dry_run_only_counts(filled, capsys):
    found = json.loads(said(capsys, "redact", "--rescan", "--dry-run", "--json").out)
    assert found["redactions"] == [{"rule": "aws_access_key_id", "secrets": 1}]
    assert found["is_dry_run"] is True
    assert next(row["changed"] for row in found["places"] if row["place"] == "agent_events") == 1
    assert SECRET in texts(filled)
    assert "nothing was changed" in said(capsys, "redact", "--rescan", "--dry-run").out


def test_erase_rewrites_what_changed_and_keeps_it(filled, capsys):
    found = said(capsys, "redact", "--rescan", "--erase")
    assert (found.code, found.err) == (0, "")
    assert "«redacted:" in texts(filled)
    assert said(capsys, "doctor").code == 0


@pytest.mark.parametrize("option", ["--dry-run", "--erase"])
def test_options_of_a_rescan_need_one(filled, capsys, option):
    found = said(capsys, "redact", option)
    assert found.code == 2
    assert f"{option} belongs to --rescan" in found.err


def test_a_rule_of_the_user_reaches_what_was_stored_before_it(database, tmp_path, capsys):
    write(tmp_path / "logs", "one", prompt="the badge is badge-4711-blue")
    assert said(capsys, "ingest", tmp_path / "logs").code == 0
    assert "badge-4711-blue" in texts(database)
    (tmp_path / "data" / "redaction.toml").write_text(
        "[[rule]]\nname = \"badge\"\npattern = 'badge-[0-9]{4}-[a-z]{2,8}'\n", encoding="utf-8"
    )
    assert "stored with older rules: 2 events" in said(capsys, "doctor").out
    found = json.loads(said(capsys, "redact", "--rescan", "--json").out)
    assert found["redactions"] == [{"rule": "badge", "secrets": 1}]
    assert "badge-4711" not in texts(database)
    assert "stored with older rules" not in said(capsys, "doctor").out
