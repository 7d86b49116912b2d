"""R5: the database is away: accepted until the spool's cap, then 503 with Retry-After; it drains by itself."""

import threading
import time
from pathlib import Path

import psycopg
import pytest

from agentobs.errors import AgentobsError
from agentobs.ingest.backfill import Job
from agentobs.ingest.drain import Drainer, Reached
from agentobs.ingest.spool import Limits
from agentobs.store import embedded
from tests.faults.oracle import Oracle, check_alive, check_twice
from tests.server.accepting import KEY, accepting
from tests.server.test_serve import line, until

pytestmark = pytest.mark.faults
FAST = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "128MB", "min_wal_size": "80MB"}


def test_while_the_database_is_away_the_spool_takes_until_its_cap_and_then_drains_by_itself(
    home: Path, tmp_path: Path
) -> None:
    """R5."""
    oracle, reached, waits = Oracle(), list[Reached](), list[AgentobsError]()
    folder = tmp_path / "spool"
    with embedded.start(home, idle_seconds=60, settings=FAST) as server:
        url = server.url
    with (
        accepting(folder, Limits(cap_bytes=60_000)) as service,
        Drainer(Job(url=url, redaction_key=KEY), folder) as drainer,
    ):
        thread = threading.Thread(target=drainer.run, args=(waits.append, reached.append))
        thread.start()
        try:
            assert _post(service, oracle, 0) == 200
            until(lambda: drainer._committed > 0)
            embedded.stop(home)
            statuses = [_post(service, oracle, number) for number in range(1, 40)]
            assert statuses[0] == 200
            assert statuses == sorted(statuses)
            assert statuses[-1] == 503
            refused = service.post(line("x" * 3000))
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
            until(lambda: bool(waits))
            assert service.client.get("/readyz").status_code == 503
            with embedded.start(home, idle_seconds=60, settings=FAST):
                until(lambda: drainer._committed == drainer._end())
                until(lambda: _post(service, oracle, 100) == 200)
                until(lambda: drainer._committed == drainer._end())
                drainer.stop = True
                thread.join(60)
                with psycopg.connect(url, autocommit=True) as connection:
                    oracle.check_lost(connection)
                    check_twice(connection)
                    oracle.check_altered(connection)
                check_alive(url, tmp_path)
        finally:
            drainer.stop = True
            thread.join(60)
    assert any(one.waiting for one in reached)


def _post(service, oracle: Oracle, number: int) -> int:
    lines = [line(f"e{number}-{i}-{'x' * 100}") for i in range(20)]
    for one in lines:
        oracle.issue(one)
    status = service.post(b"\n".join(lines)).status_code
    if status == 200:
        oracle.accept(*(f"e{number}-{i}-{'x' * 100}" for i in range(20)))
    time.sleep(0.01)
    return status
