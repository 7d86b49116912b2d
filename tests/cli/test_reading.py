"""agentobs sessions, usage, show: the workbench's answers as a table, JSON and CSV, with unknown said as such."""

import csv
import io
import json

import pytest

from tests.cli.sessions import PRICED, UNPRICED, said, write


@pytest.fixture
def filled(database, tmp_path, capsys):
    """Two sessions: one of a priced and an unpriced model, one of an unpriced model alone."""
    write(tmp_path / "logs", "mixed", [PRICED, PRICED, UNPRICED], prompt="add the \x1b[31mrates")
    write(tmp_path / "logs", "dark", [UNPRICED], prompt="=2+3")
    assert said(capsys, "ingest", tmp_path / "logs").code == 0
    return tmp_path / "logs"


def test_usage_by_model_says_unknown_where_there_is_no_price(filled, capsys):
    lines = {line.split()[0]: line for line in said(capsys, "usage", "--by", "model").out.splitlines() if line.split()}
    assert lines[UNPRICED].split()[1] == "2"
    assert lines[UNPRICED].endswith("unknown ")
    assert lines[PRICED].split()[1] == "2"
    assert "$" in lines[PRICED]
    assert "+ 2 calls unpriced" in lines["all"]


def test_usage_as_json_has_null_for_an_unknown_price(filled, capsys):
    rows = {row["model"]: row for row in json.loads(said(capsys, "usage", "--by", "model", "--json").out)}
    assert rows[UNPRICED]["cost_usd"] is None
    assert rows[UNPRICED]["unpriced_calls"] == 2
    assert rows[PRICED]["cost_usd"] > 0
    assert rows[PRICED]["input_tokens"] == 200


def test_a_day_is_cut_in_the_zone(filled, capsys):
    def days(zone: str) -> list[str]:
        return [row["day"] for row in json.loads(said(capsys, "usage", "--tz", zone, "--json").out)]

    assert days("UTC") == ["2026-03-09"]
    assert days("Pacific/Kiritimati") == ["2026-03-10"]


@pytest.mark.parametrize("group", ["day", "hour", "model", "project", "agent", "session"])
def test_every_group_gives_the_same_totals(filled, capsys, group):
    rows = json.loads(said(capsys, "usage", "--by", group, "--json").out)
    assert sum(row["model_calls"] for row in rows) == 4
    assert sum(row["input_tokens"] for row in rows) == 400
    assert said(capsys, "usage", "--by", group).code == 0


def test_physical_totals_stand_beside_and_count_repeats(filled, capsys):
    for copy in ("one", "two"):
        (filled / f"{copy}.jsonl").write_bytes((filled / "projects/-home-ada-shop/mixed.jsonl").read_bytes())
    said(capsys, "ingest", filled)
    found = json.loads(said(capsys, "usage", "--by", "agent", "--physical", "--json").out)
    assert [row["input_tokens"] for row in found["usage"]] == [400]
    assert found["physical"]["input_tokens"] == 1000
    table = " ".join(said(capsys, "usage", "--by", "agent", "--physical").out.split())
    assert "input tokens 400 1,000" in table


def test_physical_goes_with_no_filter(filled, capsys):
    assert said(capsys, "usage", "--physical", "--since", "2026-01-01").code == 2
    assert said(capsys, "usage", "--physical", "--csv").code == 2


def test_sessions_are_listed_newest_first_and_clean(filled, capsys):
    found = said(capsys, "sessions")
    assert "2 of 2 sessions" in found.out
    assert "unknown" in found.out
    assert "add the [31mrates" in found.out
    assert "\x1b" not in found.out


def test_csv_holds_every_column_and_no_formula(filled, capsys):
    rows = list(csv.DictReader(io.StringIO(said(capsys, "sessions", "--csv").out)))
    assert {row["objective"] for row in rows} == {"'=2+3", "add the \x1b[31mrates"}
    assert {row["models"] for row in rows} == {UNPRICED, f"{UNPRICED} {PRICED}"}


def test_filters_leave_out(filled, capsys):
    assert json.loads(said(capsys, "sessions", "--since", "2026-03-10", "--json").out) == []
    assert json.loads(said(capsys, "sessions", "--project", "elsewhere", "--json").out) == []
    assert len(json.loads(said(capsys, "sessions", "--limit", "1", "--json").out)) == 1


def test_a_session_is_shown_by_the_beginning_of_its_id(filled, capsys):
    session = json.loads(said(capsys, "sessions", "--json").out)[0]["session_id"]
    found = said(capsys, "show", session[:6])
    assert found.code == 0
    assert session in found.out
    assert "user_interaction" in found.out
    assert said(capsys, "show", session, "--json").code == 0


@pytest.mark.parametrize(("wanted", "text"), [("zzz", "no session 'zzz'"), ("", "2 sessions begin with ''")])
def test_a_session_that_is_not_one_is_an_error(filled, capsys, wanted, text):
    found = said(capsys, "show", wanted)
    assert found.code == 1
    assert text in found.err


def test_an_empty_database_says_what_to_do(database, capsys):
    for command in ("sessions", "usage", "doctor"):
        found = said(capsys, command)
        assert found.code == 0
        assert "agentobs ingest" in found.out


def test_a_folder_answers_without_a_database(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("AGENTOBS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    write(tmp_path / "logs", "one", [UNPRICED])
    rows = json.loads(said(capsys, "usage", "--by", "model", "--target", tmp_path / "logs", "--json").out)
    assert [(row["model"], row["model_calls"], row["cost_usd"]) for row in rows] == [(UNPRICED, 1, None)]
