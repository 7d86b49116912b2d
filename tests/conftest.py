"""Two real servers for the whole test run, and a fresh database on each for the test that asks.

`database_url` runs a test on the embedded PostgreSQL and on TimescaleDB, `embedded_url` on the first alone. All
workers of a run share the two servers; these stop by themselves when the run is gone.

AGENTOBS_TEST_TIMESCALEDB_URL   a server to use instead of the one we unpack
AGENTOBS_TEST_CACHE             where that one is unpacked
AGENTOBS_REQUIRE_ALL=1          a skip is a failure (CI)
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql

from agentobs.store import embedded
from tests.servers import timescaledb

REQUIRE_ALL = os.environ.get("AGENTOBS_REQUIRE_ALL") == "1"
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "512MB",
    "min_wal_size": "80MB",
}  # kills end processes, not machines
MISSING = "no TimescaleDB: "

_run_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """The run's folder: made by its controller, told to its workers. Pytest's own is closed to the servers' user."""
    told = getattr(config, "workerinput", {}).get("servers")
    config.stash[_run_folder] = Path(told or tempfile.mkdtemp(prefix="agentobs-tests-"))
    if told is None:
        config.stash[_run_folder].chmod(0o711)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    node.workerinput["servers"] = str(node.config.stash[_run_folder])


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    folder = config.stash[_run_folder]
    embedded.stop(folder / "embedded")
    timescaledb.stop(folder / "timescaledb")
    shutil.rmtree(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and AGENTOBS_REQUIRE_ALL=1 allows no skip: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    report = yield
    if REQUIRE_ALL and report.skipped:
        report.outcome = "failed"
        report.longrepr = (
            f"{collector.nodeid} was skipped, and AGENTOBS_REQUIRE_ALL=1 allows no skip: {report.longrepr}"
        )
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.getreports("skipped") if MISSING in str(report.longrepr)]
    if skipped:
        reason = str(skipped[0].longrepr[2]).removeprefix("Skipped: ")
        terminalreporter.section("NOT TESTED", red=True)
        terminalreporter.line(f"{len(skipped)} tests did not run on TimescaleDB: {reason}", red=True)


@pytest.fixture(scope="session")
def embedded_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the run's embedded server."""
    with embedded.start(request.config.stash[_run_folder] / "embedded", idle_seconds=10, settings=FAST) as server:
        yield server.url


@pytest.fixture(scope="session")
def timescaledb_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the run's TimescaleDB; a loud skip where there is none."""
    named = os.environ.get("AGENTOBS_TEST_TIMESCALEDB_URL")
    if named:
        yield named
        return
    try:
        server = timescaledb.start(
            timescaledb.ensure(), request.config.stash[_run_folder] / "timescaledb", settings=FAST
        )
    except timescaledb.Unavailable as error:
        pytest.skip(f"{MISSING}{error}")
    yield server.url
    server.close()


@pytest.fixture(params=["embedded", "timescaledb"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, empty database on each of the two servers."""
    with _database(request.getfixturevalue(f"{request.param}_server")) as url:
        yield url


@pytest.fixture
def embedded_url(embedded_server: str) -> Iterator[str]:
    """A fresh, empty database on the embedded server."""
    with _database(embedded_server) as url:
        yield url


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    database = str(conninfo.conninfo_to_dict(server)["dbname"])
    address, slash, query = server.partition("?")
    yield f"{address.removesuffix(database)}{name}{slash}{query}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
