"""An oracle outside the system: what was issued, what was accepted, and the five checks that end every fault test.

It knows records by the name that they carry themselves (`"id"` of tests.faults.simple) and by the sha256 of their
bytes; nothing of agentobs computes either. Every check raises Broken with the promise that does not hold.
"""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import psycopg

from agentobs.ingest.worker import Worker
from agentobs.store import raw
from tests.faults import simple

LOST = "accepted is a subset of stored"
TWICE = "count(*) = count(distinct id)"
ALTERED = "stored is a subset of issued, with the same hash"
COUNTERS = "the sources' counters = the records issued"
DEAD = "a fresh probe goes through"
EQUATIONS = """
    SELECT count(*) FROM sources
    WHERE records <> event_records + skipped + rejected
       OR events <> stored + copies + conflicts + refused + expired
"""


class Broken(AssertionError):
    """A promise does not hold."""

    def __init__(self, promise: str, detail: str) -> None:
        super().__init__(f"{promise}: {detail}")
        self.promise = promise


class Oracle:
    """Remembers each record by its name: the sha256 of its payload, and whether it was accepted."""

    def __init__(self) -> None:
        self.issued: dict[str, str] = {}
        self.accepted: set[str] = set()
        self.records = 0  # lines that all sources together must have counted

    def issue(self, line: bytes, *, times: int = 1) -> None:
        """Remember a record that was written into `times` sources."""
        self.issued[json.loads(line)["id"]] = sha256(line).hexdigest()
        self.records += times

    def accept(self, *names: str) -> None:
        """Remember that somebody was told that these records are safe."""
        self.accepted.update(names)

    def check(self, url: str, folder: Path) -> None:
        """Raise Broken unless all five promises hold; `folder` is where the probe's file may be written."""
        with psycopg.connect(url, autocommit=True) as connection:
            self.check_lost(connection)
            check_twice(connection)
            self.check_altered(connection)
            self.check_counters(connection)
        check_alive(url, folder)

    def check_lost(self, connection: psycopg.Connection) -> None:
        """What was accepted is in the events or in the quarantine."""
        lost = self.accepted - _stored(connection).keys() - _quarantined(connection).keys()
        _hold(LOST, not lost, f"{len(lost)} of {len(self.accepted)} are not there, such as {sorted(lost)[:3]}")

    def check_altered(self, connection: psycopg.Connection) -> None:
        """What is stored is what was issued, byte for byte."""
        stored = _stored(connection).items() | _quarantined(connection).items()
        wrong = sorted(name for name, digest in stored if self.issued.get(name) != digest)
        _hold(ALTERED, not wrong, f"{len(wrong)} are other than issued, such as {wrong[:3]}")

    def check_counters(self, connection: psycopg.Connection) -> None:
        """The sources counted each record once, and what became of it adds up."""
        counted = _one(connection, "SELECT coalesce(sum(records), 0)::bigint FROM sources")
        _hold(COUNTERS, counted == self.records, f"{counted} counted, {self.records} issued")
        uneven = _one(connection, EQUATIONS)
        _hold(COUNTERS, uneven == 0, f"{uneven} sources do not add up")


def check_twice(connection: psycopg.Connection) -> None:
    """No event is there twice."""
    rows = _one(connection, "SELECT count(*) FROM agent_events")
    events = _one(connection, "SELECT count(DISTINCT id) FROM agent_events")
    _hold(TWICE, rows == events, f"{rows} rows, {events} ids")


def check_alive(url: str, folder: Path) -> None:
    """A record that was never seen before goes through."""
    probe = folder / "probe.jsonl"
    number = len(list(folder.glob("probe*.jsonl")))
    probe = folder / f"probe{number}.jsonl"
    probe.write_bytes(simple.line(f"probe{number}", session="probe") + b"\n")
    with Worker(url, None) as worker:
        outcome = worker.ingest(probe, simple.ADAPTER)
    _hold(DEAD, (outcome.error, outcome.stored) == (None, 1), f"{outcome}")


def watched(check: Callable[[], None]) -> str | None:
    """Return the promise that a check finds broken, or None."""
    try:
        check()
    except Broken as broken:
        return broken.promise
    return None


def _stored(connection: psycopg.Connection) -> dict[str, str]:
    return _named(connection, "SELECT raw FROM agent_events WHERE raw IS NOT NULL")


def _quarantined(connection: psycopg.Connection) -> dict[str, str]:
    return _named(connection, "SELECT raw FROM quarantine WHERE raw IS NOT NULL")


def _named(connection: psycopg.Connection, query: str) -> dict[str, str]:
    found = {}
    for (blob,) in connection.execute(query.encode()):
        record = raw.decompress(blob)
        found[json.loads(record)["id"]] = sha256(record).hexdigest()
    return found


def _one(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def _hold(promise: str, holds: bool, detail: str) -> None:
    if not holds:
        raise Broken(promise, detail)
