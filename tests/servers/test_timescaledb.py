"""The servers that the other tests run on."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.servers import debian, timescaledb


def test_a_fresh_database_is_empty_and_takes_writes(database_url):
    with psycopg.connect(database_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    assert tables == (0,)


def test_two_tests_have_two_databases(database_url):
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


@pytest.mark.parametrize("database_url", ["timescaledb"], indirect=True)
def test_timescaledb_makes_hypertables(database_url):
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
        connection.execute("CREATE TABLE events (ts timestamptz NOT NULL, id uuid)")
        connection.execute("SELECT create_hypertable('events', 'ts', chunk_time_interval => interval '7 days')")
        connection.execute(
            "INSERT INTO events SELECT timestamptz '2025-01-01Z' + n * interval '7 days' FROM generate_series(0, 2) n"
        )
        assert connection.execute("SELECT count(*) FROM show_chunks('events')").fetchone() == (3,)


def test_timescaledb_listens_on_loopback_with_a_password(timescaledb_server):
    without = psycopg.conninfo.make_conninfo(timescaledb_server, password="wrong")
    assert "@127.0.0.1:" in timescaledb_server
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(without)


def test_a_machine_without_apt_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(timescaledb.Unavailable, match="lacks apt-get, apt-config, dpkg-deb"):
        timescaledb.ensure(tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "sources.list",
            "# deb http://no.example trixie main\ndeb [arch=amd64] http://one.example/debian bookworm main\n",
        ),
        (
            "sources.list.d/x.list",
            "deb http://security.example bookworm-security main\ndeb http://one.example/debian bookworm main\n",
        ),
        (
            "sources.list.d/debian.sources",
            "Types: deb\n# why\nURIs: http://one.example/debian\nSuites: bookworm bookworm-updates\n",
        ),
        (
            "sources.list.d/debian.sources",
            (
                "Types: deb\nEnabled: no\nURIs: http://no.example\nSuites: bookworm\n\n"
                "Types: deb deb-src\nURIs: http://one.example/debian\nSuites: stable\n"
            ),
        ),
    ],
)
def test_the_mirror_is_the_one_that_the_machine_installs_from(tmp_path, name, text):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text)
    (tmp_path / "release").write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    assert debian.mirror(tmp_path, tmp_path / "release") == "http://one.example/debian"
    (tmp_path / "release").write_text("ID=ubuntu\nVERSION_CODENAME=noble\n")
    with pytest.raises(timescaledb.Unavailable, match="no Debian mirror"):
        debian.mirror(tmp_path, tmp_path / "release")


@pytest.mark.parametrize(("require_all", "code", "says"), [("0", 0, "NOT TESTED"), ("1", 1, "allows no skip")])
def test_a_machine_without_timescaledb_is_loud(tmp_path, require_all, code, says):
    """A run without apt, whose cache is empty."""
    repository = Path(__file__).parents[2]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AGENTOBS_TEST_", "PYTEST_"))}
    environment |= {"PATH": str(tmp_path), "AGENTOBS_TEST_CACHE": str(tmp_path), "AGENTOBS_REQUIRE_ALL": require_all}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"{__file__}::test_timescaledb_makes_hypertables",
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=repository, env=environment)
    assert (answer.returncode, says in answer.stdout, "lacks apt-get" in answer.stdout) == (code, True, True), (
        answer.stdout
    )
