"""agentobs ingest: every kind of input gets one clear line, the right exit code, and nothing is lost."""

import io
import os
import pty
import re
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from tests.cli.sessions import UNPRICED, lines, said, write


def events(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM agent_events").fetchone()
    assert row is not None
    return row[0]


def test_a_folder_is_read_and_a_second_time_nothing_is_new(database, tmp_path, capsys):
    write(tmp_path, "one")
    first = said(capsys, "ingest", tmp_path)
    assert (first.code, first.err) == (0, "")
    assert "new 2" in " ".join(first.out.split())
    again = said(capsys, "ingest", tmp_path)
    assert (again.code, again.out.strip()) == (0, "nothing new in 1 files")
    assert events(database) == 2


def test_without_a_path_the_agents_folders_are_named_and_read(database, tmp_path, capsys):
    write(tmp_path / "home" / ".claude", "one")
    (tmp_path / "home" / ".gemini" / "tmp").mkdir(parents=True)  # a folder without a session is no failure
    found = said(capsys, "ingest", "--yes")
    assert (found.code, found.err) == (0, "")
    assert re.search(r"claude_code +~/.claude/projects +1 +\d.\d kB", found.out)
    assert events(database) == 2


def test_folders_that_the_environment_names_are_read_and_no_file_twice(database, tmp_path, capsys, monkeypatch):
    write(tmp_path / "home" / ".claude", "one")
    write(tmp_path / "else", "two")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "else"))
    (tmp_path / "home" / ".config").mkdir()
    (tmp_path / "home" / ".config" / "claude").symlink_to(tmp_path / "else")
    found = said(capsys, "ingest", "--yes")
    assert found.code == 0
    assert "of 2" in found.out
    assert events(database) == 4


def test_without_a_terminal_nobody_is_asked_and_nothing_is_read(database, tmp_path, capsys, monkeypatch):
    write(tmp_path / "home" / ".claude", "one")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))  # a pipe, whatever it says
    for watch in ([], ["--watch"]):
        found = said(capsys, "ingest", *watch)
        assert (found.code, len(found.err.splitlines())) == (2, 1)
        assert "add --yes" in found.err
        assert "claude_code" in found.out
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('agent_events')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("typed", "code", "stored"), [("y\n", 0, 2), ("\n", 0, 2), ("what?\nYES\n", 0, 2), ("n\n", 1, 0), ("\x04", 1, 0)]
)
def test_on_a_terminal_the_answer_decides(database, tmp_path, capsys, monkeypatch, typed, code, stored):
    write(tmp_path / "home" / ".claude", "one")
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        found = said(capsys, "ingest")
    os.close(ours)
    assert (found.code, found.err.count("[Y/n]")) == (code, 1 + typed.count("?"))
    if stored:
        assert events(database) == stored
    else:
        assert "nothing was read" in found.out


def test_where_no_agent_was_the_home_and_what_lists_the_places_are_named(database, tmp_path, capsys):
    found = said(capsys, "ingest")
    assert found.code == 3
    assert f"below {tmp_path}/home" in found.err
    assert "`agentobs agents`" in found.err


def test_where_agents_have_written_nothing_yet_their_folders_are_named(database, tmp_path, capsys):
    (tmp_path / "home" / ".claude" / "projects").mkdir(parents=True)
    found = said(capsys, "ingest")
    assert (found.code, found.out) == (3, "")
    assert "no session logs below ~/.claude/projects" in found.err


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "no session logs below"),
        (lambda path: path.write_bytes(bytes(range(256)) * 20), "no format that we know"),
        (lambda path: path.write_bytes(b""), "empty"),
        (os.mkfifo, "not a regular file"),
    ],
)
def test_what_holds_no_sessions_gives_one_line_and_code_3(database, tmp_path, capsys, make, text):
    path = tmp_path / "logs.jsonl"
    make(path)
    found = said(capsys, "ingest", path)
    assert found.code == 3
    assert text in found.err
    assert len(found.err.splitlines()) == 1
    assert str(path) in found.err


def test_an_unreadable_file_is_named_and_the_others_are_read(database, tmp_path, capsys):
    write(tmp_path, "one")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "link.jsonl").symlink_to("/etc/hostname")
    (tmp_path / "picture.jsonl").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    found = said(capsys, "ingest", tmp_path)
    assert found.code == 0
    assert events(database) == 2
    for reason in ("not a regular file", "a link", "no format that we know"):
        assert f"passed over: 1 x {reason}" in found.out


def test_one_bad_path_among_good_ones_is_said_and_the_others_are_read(database, tmp_path, capsys):
    write(tmp_path / "good", "one")
    found = said(capsys, "ingest", tmp_path / "nowhere", tmp_path / "good")
    assert (found.code, events(database)) == (3, 2)
    assert "nowhere" in found.err


def test_a_file_named_twice_is_read_once(database, tmp_path, capsys):
    path = write(tmp_path, "one")
    found = said(capsys, "ingest", tmp_path, path)
    assert "of 1" in found.out
    assert events(database) == 2


def test_a_project_may_be_named(database, tmp_path, capsys):
    write(tmp_path, "one")
    said(capsys, "ingest", tmp_path, "--project", "till")
    assert '"project": "till"' in said(capsys, "sessions", "--json").out


def test_a_replay_reads_all_again_and_stores_nothing_twice(database, tmp_path, capsys):
    write(tmp_path, "one", [UNPRICED])
    said(capsys, "ingest", tmp_path)
    again = said(capsys, "ingest", tmp_path, "--replay")
    assert again.code == 0
    assert "1 sources are set back" in again.out
    assert events(database) == 2
    assert said(capsys, "doctor").code == 0


@pytest.mark.parametrize(
    ("url", "code", "text"),
    [
        ("postgresql://ada:hunter2@127.0.0.1:1/none", 4, "no connection to postgresql://ada:***@127.0.0.1:1/none"),
        ("mysql://ada:hunter2@127.0.0.1/none", 2, "is no PostgreSQL URL"),
    ],
)
def test_a_database_that_is_not_there_gives_one_line(tmp_path, capsys, monkeypatch, url, code, text):
    monkeypatch.setenv("AGENTOBS_DATABASE_URL", url)
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path / "data"))
    write(tmp_path, "one")
    for command in (["ingest", tmp_path], ["sessions"], ["doctor"], ["db", "status"]):
        found = said(capsys, *command)
        assert (found.code, len(found.err.splitlines())) == (code, 1)
        assert text in found.err
        assert "hunter2" not in found.err + found.out


def test_ctrl_c_ends_cleanly_and_the_next_run_goes_on(database, tmp_path, capsys):
    path = tmp_path / "big.jsonl"
    every = [line for number in range(800) for line in lines(f"s{number}", ["m"] * 50)]
    path.write_text("\n".join(every) + "\n", encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "agentobs.cli", "ingest", str(path)], stderr=subprocess.PIPE, text=True
    ) as process:
        _await_first_event(database, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "agentobs: interrupted\n"
    some = events(database)
    assert some < len(every)
    assert said(capsys, "ingest", path).code == 0
    assert events(database) == len(every)
    assert said(capsys, "doctor").code == 0


def _await_first_event(url: str, process: "subprocess.Popen[str]") -> None:
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            if events(url):
                return
        except psycopg.errors.UndefinedTable:
            pass
        time.sleep(0.005)
    pytest.fail(f"no event arrived; the command ended with {process.returncode}")


def test_an_unexpected_error_is_one_line_and_its_traceback_is_shown_on_demand(database, capsys, monkeypatch):
    monkeypatch.setattr("agentobs.ingest.backfill.adapters", lambda: 1 / 0)
    found = said(capsys, "agents")
    assert (found.code, len(found.err.splitlines())) == (70, 1)
    assert "AGENTOBS_DEBUG=1" in found.err
    monkeypatch.setenv("AGENTOBS_DEBUG", "1")
    assert "Traceback" in said(capsys, "agents").err


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["usage", "--by", "moon"], ["ingest", "--workers", "two"], ["show"]]
)
def test_a_wrong_command_line_is_one_line_and_code_2(capsys, arguments):
    found = said(capsys, *arguments)
    assert (found.code, len(found.err.splitlines())) == (2, 1)


def test_agents_are_listed_with_their_places(capsys):
    assert ".claude/projects" in said(capsys, "agents").out
