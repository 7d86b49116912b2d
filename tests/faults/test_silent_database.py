"""R5, R6: a database that keeps its connections open and says nothing more; and one that is only slow to answer."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from agentobs.errors import DatabaseUnavailable
from agentobs.ingest.backfill import Job
from agentobs.ingest.drain import Drainer
from agentobs.ingest.worker import Worker
from agentobs.server.draining import Status, reached_by
from agentobs.store import embedded, engine, patience
from tests.faults import simple
from tests.faults.oracle import EQUATIONS, Oracle, check_alive, check_twice
from tests.faults.proxy import CLEAN, before_database
from tests.server.accepting import KEY, Accepting, accepting, rows
from tests.server.test_serve import line, served, until

pytestmark = pytest.mark.faults
FAST = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "128MB", "min_wal_size": "80MB"}
SILENCE_S = 0.3
SILENT, REFUSED = "it said nothing for 0.3 s", "a new connection was not answered"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server is asked soon, and must answer soon."""
    monkeypatch.setattr(patience, "ANSWER_S", 2)
    monkeypatch.setattr("agentobs.ingest.drain._MOST_PAUSE_S", 0.05)


class Client:
    """Sends events in a thread, and remembers what was accepted."""

    def __init__(self, server: Accepting, oracle: Oracle) -> None:
        self.statuses: list[int] = []
        self.stop = False
        self._server, self._oracle = server, oracle
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Client":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop = True
        self._thread.join(60)

    def goes_on(self) -> None:
        """Return when ten more requests were answered."""
        told = len(self.statuses)
        until(lambda: len(self.statuses) >= told + 10)

    def _run(self) -> None:
        while not self.stop:
            names = [f"e{len(self.statuses)}-{i}" for i in range(5)]
            lines = [line(name) for name in names]
            for one in lines:
                self._oracle.issue(one)
            self.statuses.append(self._server.post(b"\n".join(lines)).status_code)
            if self.statuses[-1] == 200:
                self._oracle.accept(*names)


@contextmanager
def draining(url: str, folder: Path, said: list[str]) -> Iterator[Drainer]:
    """Drain in a thread, telling as the draining process does; at the end all is stored."""
    status, failed = Status(folder, said.append), list[BaseException]()

    def run() -> None:
        try:
            drainer.run(status.waiting, status.reached)
        except BaseException as error:  # noqa: BLE001 the test's own thread shows it
            failed.append(error)

    with Drainer(Job(url=url, redaction_key=KEY), folder, silence_s=SILENCE_S) as drainer:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield drainer
            drainer.finish = True
            thread.join(60)
            assert not thread.is_alive(), "the drain hangs"
            assert failed == []
        finally:
            drainer.stop = True
            thread.join(60)


def waits_for(server: Accepting) -> str | None:
    return server.client.get("/readyz").json()["drain_waits_for"]


def hold(url: str, folder: Path, oracle: Oracle) -> None:
    """The checks that end every fault test."""
    with psycopg.connect(url, autocommit=True) as connection:
        oracle.check_lost(connection)
        check_twice(connection)
        oracle.check_altered(connection)
        assert connection.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
        assert connection.execute(EQUATIONS.encode()).fetchone() == (0,)
    check_alive(url, folder)


def test_a_proxy_that_holds_all_connections_silently_is_left_when_new_ones_are_served(
    embedded_url: str, tmp_path: Path
) -> None:
    """R6: the old connections stay open and silent for ever."""
    oracle, said, folder = Oracle(), list[str](), tmp_path / "spool"
    before, url = before_database(embedded_url, lambda _: CLEAN)
    with accepting(folder, drained=lambda: reached_by(folder)) as server, before:
        with draining(url(), folder, said) as drainer, Client(server, oracle) as client:
            until(lambda: drainer._committed > 0)
            before.silence()
            until(lambda: waits_for(server) is not None)
            client.goes_on()
            before.serve()
            assert before.held > 0
            until(lambda: waits_for(server) is None)
            client.goes_on()
        assert set(client.statuses) == {200}
    assert [text.split(":")[0] for text in said] == ["drain", "drain"]
    assert SILENT in said[0]
    assert REFUSED in said[0]
    hold(embedded_url, tmp_path, oracle)


def test_connections_that_fall_silent_while_new_ones_are_served_are_left(embedded_url: str, tmp_path: Path) -> None:
    """R6: who is asked answers, and does not know of the statement."""
    oracle, said, folder = Oracle(), list[str](), tmp_path / "spool"
    before, url = before_database(embedded_url, lambda _: CLEAN)
    with accepting(folder, drained=lambda: reached_by(folder)) as server, before:
        with draining(url(), folder, said) as drainer, Client(server, oracle) as client:
            until(lambda: drainer._committed > 0)
            before.silence()
            before.serve()
            until(lambda: len(said) == 2)
            client.goes_on()
        assert set(client.statuses) == {200}
    assert "does not work on what it was asked" in said[0]
    hold(embedded_url, tmp_path, oracle)


def test_a_server_ends_in_time_while_its_database_is_silent_and_somebody_reads(
    embedded_url: str, tmp_path: Path
) -> None:
    """R22, R6: what is accepted waits in the spool, and is stored by the next one."""
    before, url = before_database(embedded_url, lambda _: CLEAN)
    with before, served(tmp_path, url()) as server:
        assert server.post(line("e1")) == 200
        until(lambda: _read(server.port) == 200)  # who reads first makes the schema
        until(lambda: rows(embedded_url, "SELECT count(*) FROM agent_events") == [(1,)])
        before.silence()
        readers = [threading.Thread(target=_read, args=(server.port,)) for _ in range(4)]
        for reader in readers:
            reader.start()
        assert server.post(line("e2")) == 200
        told = time.monotonic()
        server.process.terminate()
        assert server.process.wait(60) == 0
        assert time.monotonic() - told < 10
        for reader in readers:
            reader.join(60)
    with served(tmp_path, embedded_url) as server:
        until(lambda: rows(embedded_url, "SELECT count(*) FROM agent_events") == [(2,)])


def _read(port: int) -> int | None:
    """Ask for the sessions; return the status, None where there was no answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        try:
            connection.request("GET", "/v1/sessions")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None


@contextmanager
def frozen(home: Path) -> Iterator[None]:
    """Stop every process of a server, as a machine that swaps or a hypervisor does; they go on after the block."""
    postmaster = psutil.Process(int((home / "data" / "postmaster.pid").read_text().split()[0]))
    family = [postmaster, *postmaster.children(recursive=True)]
    for one in family:
        os.kill(one.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in family:
            if one.is_running():
                os.kill(one.pid, signal.SIGCONT)


def test_a_frozen_server_is_left_and_found_again(home: Path, tmp_path: Path) -> None:
    """R5: its connections are open and its port takes more of them."""
    oracle, said, folder = Oracle(), list[str](), tmp_path / "spool"
    with (
        embedded.start(home, idle_seconds=60, settings=FAST) as own,
        accepting(folder, drained=lambda: reached_by(folder)) as server,
    ):
        with draining(own.url, folder, said) as drainer, Client(server, oracle) as client:
            until(lambda: drainer._committed > 0)
            with frozen(home):
                until(lambda: waits_for(server) is not None)
                client.goes_on()
            until(lambda: waits_for(server) is None)
            client.goes_on()
        assert set(client.statuses) == {200}
        assert SILENT in said[0]
        hold(own.url, tmp_path, oracle)


def test_a_file_that_is_ingested_goes_on_over_a_new_connection(embedded_url: str, tmp_path: Path) -> None:
    """R6: the command line's door."""
    oracle = Oracle()
    before, url = before_database(embedded_url, lambda _: CLEAN)
    file = tmp_path / "a.jsonl"
    with before, Worker(url(), None, silence_s=SILENCE_S) as worker:
        for number in range(3):
            with file.open("ab") as out:
                for i in range(50):
                    one = simple.line(f"e{number}-{i}")
                    oracle.issue(one)
                    oracle.accept(f"e{number}-{i}")
                    out.write(one + b"\n")
            if number:
                before.silence()
                before.serve()
            assert worker.ingest(file, simple.ADAPTER).stored == 50
    oracle.check(embedded_url, tmp_path)


def test_a_statement_that_waits_for_a_lock_is_waited_for(database_url: str) -> None:
    """A migration may hold it for hours."""
    done = threading.Event()
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(77)")
        with engine.connect(database_url, silence_s=0.1) as waiting:
            asked = list[str]()
            why_silent = waiting._why_silent  # pyright: ignore[reportAttributeAccessIssue]
            waiting._why_silent = lambda: asked.append(why_silent()) or asked[-1]  # pyright: ignore[reportAttributeAccessIssue]
            thread = threading.Thread(
                target=lambda: (waiting.execute("SELECT pg_advisory_lock(77)"), done.set()), daemon=True
            )
            thread.start()
            until(lambda: len(asked) >= 3)
            assert not done.is_set()
            other.execute("SELECT pg_advisory_unlock(77)")
            until(done.is_set)
            thread.join()
            assert set(asked) == {""}
            assert waiting.execute("SELECT 1").fetchone() == (1,)


def test_a_commit_that_waits_for_another_session_is_waited_for(embedded_url: str, tmp_path: Path) -> None:
    """Another session locks the events for longer than silence is borne."""
    oracle, said, folder = Oracle(), list[str](), tmp_path / "spool"
    with (
        accepting(folder, drained=lambda: reached_by(folder)) as server,
        draining(embedded_url, folder, said) as drainer,
        Client(server, oracle) as client,
    ):
        until(lambda: drainer._committed > 0)
        with psycopg.connect(embedded_url) as other:
            other.execute("LOCK TABLE agent_events IN ACCESS EXCLUSIVE MODE")
            time.sleep(6 * SILENCE_S)
            stood = drainer._committed
            client.goes_on()
            assert drainer._committed == stood
        until(lambda: drainer._committed > stood)
    assert said == []
    hold(embedded_url, tmp_path, oracle)


def test_who_listens_may_hear_nothing_for_long(embedded_url: str) -> None:
    with engine.connect(embedded_url, silence_s=0.1) as connection:
        connection.execute("LISTEN nobody")
        assert list(connection.notifies(timeout=1)) == []
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_read_behind_a_silent_proxy_fails_as_the_databases_absence(embedded_url: str) -> None:
    before, url = before_database(embedded_url, lambda _: CLEAN)
    with before, engine.connect(url(), read_only=True, silence_s=SILENCE_S) as connection:
        before.silence()
        with pytest.raises(DatabaseUnavailable, match=SILENT), engine.translated():
            connection.execute("SELECT 1")
        assert connection.closed


def test_a_copy_that_nobody_takes_is_ended_and_its_locks_are_free(embedded_url: str) -> None:
    """The server waits for us as we wait for it: it is active, and does not work."""
    before, url = before_database(embedded_url, lambda _: CLEAN)
    with before, engine.connect(url(), silence_s=SILENCE_S) as connection:
        connection.execute("CREATE TEMP TABLE taken (line text)")

        def copy_much() -> None:
            with engine.translated(), connection.transaction(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(77)")
                with cursor.copy("COPY taken FROM STDIN") as copy:
                    copy.write("a\n")
                    before.silence()
                    before.serve()
                    for _ in range(200):
                        copy.write(b"x" * 100_000 + b"\n")

        with pytest.raises(DatabaseUnavailable, match="does not work"):
            copy_much()
        with engine.connect(url()) as following:
            until(lambda: following.execute("SELECT pg_try_advisory_lock(77)").fetchone() == (True,))
