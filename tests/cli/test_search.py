"""agentobs search: what was ingested is found, and it says what it found where."""

import csv
import json

from tests.cli.sessions import said, write


def test_what_was_ingested_is_found_with_its_place(database, tmp_path, capsys):
    write(tmp_path, "one", prompt="add the exchange rates")
    write(tmp_path, "two", prompt="drop the basket")
    said(capsys, "ingest", tmp_path)
    found = said(capsys, "search", "exchange", "rate")
    assert (found.code, found.err) == (0, "")
    assert "1 hits, times in UTC" in found.out
    assert "add the «exchange» «rates»" in found.out
    rows = json.loads(said(capsys, "search", "exchange or basket", "--json").out)
    assert len({row["session_id"] for row in rows}) == len(rows) == 2
    table = list(csv.DictReader(said(capsys, "search", "basket", "--csv").out.splitlines()))
    assert [row["snippet"] for row in table] == ["drop the «basket»"]
    assert said(capsys, "search", "xyzzy").out.strip() == "no hits"


def test_a_folder_is_searched_without_a_database(tmp_path, capsys):
    write(tmp_path, "one", prompt="add the exchange rates")
    assert "add the «exchange» rates" in said(capsys, "search", "exchange", "--target", tmp_path).out


def test_a_query_without_a_word_is_an_error_of_one_line(database, capsys):
    found = said(capsys, "search", "...")
    assert (found.code, found.out) == (2, "")
    assert found.err == "agentobs: '...' asks for no word; write at least one that is to be there\n"
