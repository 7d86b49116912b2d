"""agentobs db, dashboard, report: what stands around the data."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

import agentobs
from agentobs.store import embedded
from tests.cli.sessions import said


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A data folder of its own whose server is stopped afterwards."""
    folder = tmp_path / "data"
    monkeypatch.setenv("AGENTOBS_HOME", str(folder))
    monkeypatch.delenv("AGENTOBS_DATABASE_URL", raising=False)
    yield folder
    embedded.stop(folder / "database")


def test_the_embedded_server_is_started_found_and_stopped(home, capsys):
    assert said(capsys, "db", "status").code == 4
    nothing = said(capsys, "db", "url")
    assert nothing.code == 4
    assert "agentobs db start" in nothing.err
    assert said(capsys, "db", "start").code == 0
    url = said(capsys, "db", "url").out.strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    status = said(capsys, "db", "status", "--json")
    assert status.code == 0
    assert url in status.out
    assert said(capsys, "db", "start").code == 0
    assert said(capsys, "db", "stop").out == "stopped\n"
    assert said(capsys, "db", "stop").out == "it was not running\n"


def test_a_server_of_others_is_only_asked(database, capsys):
    for command in ("start", "stop"):
        found = said(capsys, "db", command)
        assert found.code == 0
        assert "started and stopped where it runs" in found.out
    assert said(capsys, "db", "url").out.strip() == database
    assert "running     True" in said(capsys, "db", "status").out


def test_a_data_folder_that_is_a_file_is_one_line(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path / "file"))
    found = said(capsys, "sessions")
    assert found.code in {2, 4}
    assert len(found.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["report", "moon"], 5, "no report is named 'moon'"),
        (["report", "usage", "-p", "top"], 2, "write -p name=value"),
        (["report", "usage", "-p", "tpo=3"], 5, "did you mean 'top'"),
        (["dashboard", "moon"], 5, "no dashboard is named 'moon'"),
        (["dashboard", "--port", "0"], 2, "port 0"),
        (["demo", "nowhere"], 3, "no sample sessions in 'nowhere'"),
    ],
)
def test_what_is_asked_for_wrongly_is_one_line(database, capsys, arguments, code, text):
    found = said(capsys, *arguments)
    assert (found.code, len(found.err.splitlines())) == (code, 1)
    assert text in found.err


def test_the_command_is_installed():
    program = Path(sys.executable).with_name("agentobs")
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == agentobs.__version__
