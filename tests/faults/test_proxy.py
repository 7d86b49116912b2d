"""R6: a network that slows, hangs, resets and loses answers, before the database and before the accepting server."""

import random
import threading
from pathlib import Path

import psycopg
import pytest

from agentobs.errors import AgentobsError
from agentobs.ingest.backfill import Job
from agentobs.ingest.drain import Drainer, Reached
from agentobs.ingest.spool import Limits, Spool
from agentobs.store import writer
from tests.faults import simple
from tests.faults.mutants import MUTANTS
from tests.faults.oracle import COUNTERS, EQUATIONS, LOST, Broken, Oracle, check_alive, check_twice
from tests.faults.proxy import ACCEPTED, CLEAN, Fault, Kind, Proxy, before_database
from tests.faults.serving import Client
from tests.ingest.spooled import put
from tests.server.accepting import KEY, accepting
from tests.server.test_serve import until

pytestmark = pytest.mark.faults
KINDS: tuple[Kind, ...] = ("slow", "hang", "reset", "lose")
KNOWN = {"simple": simple.ADAPTER}
EVENTS = 200
FAULTS = {"slow": 1, "hang": 6, "reset": 12, "lose": 10}  # as many are waited for


@pytest.fixture(autouse=True)
def quick_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many commits of little, and a drain that is soon back."""
    monkeypatch.setattr("agentobs.ingest._spool_reader.MOST_EVENTS", 10)
    monkeypatch.setattr("agentobs.ingest.drain._MOST_PAUSE_S", 0.05)


class Draining:
    """A drain in a thread."""

    def __init__(self, drainer: Drainer) -> None:
        self.drainer = drainer
        self.waits: list[AgentobsError] = []
        self.reached: list[Reached] = []
        self.failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def finish(self) -> None:
        """Return when all of the spool is stored."""
        self.drainer.finish = True
        self._thread.join(60)
        assert not self._thread.is_alive(), "the drain hangs"
        assert self.failed == []

    def _run(self) -> None:
        try:
            self.drainer.run(self.waits.append, self.reached.append)
        except BaseException as error:  # noqa: BLE001 the test's own thread shows it
            self.failed.append(error)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_and_nothing_twice_behind_a_bad_network(kind: Kind, embedded_url: str, tmp_path: Path) -> None:
    """R6: clients that retry, and a drain, each behind connections that fail one after the other."""
    chance = random.Random(kind)
    oracle, guard = Oracle(), threading.Lock()
    most = 5 if kind == "lose" else 60_000
    before, url = before_database(embedded_url, lambda _: Fault(kind, chance.randrange(most)))
    limits = Limits(cap_bytes=100_000)  # clients wait for the drain
    with accepting(tmp_path / "spool", limits) as server, before:
        port = int(server.url.rsplit(":", 1)[1])
        door = Proxy("127.0.0.1", port, lambda _: Fault(kind, chance.randrange(most // 10 + 3)), ACCEPTED)
        with door, Drainer(Job(url=url(), redaction_key=KEY), tmp_path / "spool") as drainer:
            draining = Draining(drainer)
            clients = [Client(number, door.port, oracle, guard) for number in range(4)]
            for client in clients:
                client.start()
            try:
                until(lambda: min(before.faults, door.faults) >= FAULTS[kind] and len(oracle.accepted) >= EVENTS)
            finally:
                before.plan = door.plan = lambda _: CLEAN
                for client in clients:
                    client.stop = True
                for client in clients:
                    client.join(60)
                draining.finish()
    assert [client.failed for client in clients if client.failed] == []
    with psycopg.connect(embedded_url, autocommit=True) as connection:
        oracle.check_lost(connection)
        check_twice(connection)
        oracle.check_altered(connection)
        assert connection.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
        assert connection.execute(EQUATIONS.encode()).fetchone() == (0,)
    check_alive(embedded_url, tmp_path)


def lose_answers(url: str, folder: Path) -> tuple[Oracle, Proxy]:
    """Drain a spool; of each connection the answer to a COMMIT is lost, to the first, the second or the third."""
    oracle = Oracle()
    spool = Spool(folder)
    for number in range(EVENTS):
        line = simple.line(f"e{number:03}", n=number)
        oracle.issue(line)
        put(spool, line)
    spool.close()
    oracle.accept(*oracle.issued)
    before, behind = before_database(url, lambda number: Fault("lose", 1 + number % 3) if number < 8 else CLEAN)
    with before, Drainer(Job(url=behind(), redaction_key=KEY), folder, known=KNOWN) as drainer:
        Draining(drainer).finish()
    return oracle, before


def test_a_commit_whose_answer_is_lost_is_not_repeated(database_url: str, tmp_path: Path) -> None:
    """R6: the database has the rows and the new place, the drain does not know; the sources' counters tell."""
    oracle, before = lose_answers(database_url, tmp_path / "spool")
    assert before.faults == 7
    oracle.check(database_url, tmp_path)


@pytest.mark.parametrize(("mutant", "promise"), [("offset_after", COUNTERS), ("offset_before", LOST)])
def test_lost_answers_catch_a_place_that_is_saved_apart(
    mutant: str, promise: str, embedded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: the mutants."""
    monkeypatch.setattr(writer, "commit_batch", MUTANTS[mutant](lambda batch: None))
    oracle, _ = lose_answers(embedded_url, tmp_path / "spool")
    with pytest.raises(Broken) as broken:
        oracle.check(embedded_url, tmp_path)
    assert broken.value.promise == promise
