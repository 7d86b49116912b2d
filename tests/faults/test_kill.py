"""R1: workers are killed at random points, lines torn, two workers on one file: nothing is lost, nothing twice."""

from pathlib import Path

import pytest

from tests.faults.killing import COMMITTING, Killing
from tests.faults.mutants import MUTANTS
from tests.faults.oracle import COUNTERS, LOST, Broken

pytestmark = pytest.mark.faults
KILLS = {"embedded": 200, "timescaledb": 50}
PROMISES = {"offset_after": COUNTERS, "offset_before": LOST, "acknowledged_first": LOST}


@pytest.mark.timeout(240)
def test_killed_workers_lose_nothing_and_store_nothing_twice(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """R1."""
    kills = KILLS[request.node.callspec.params["database_url"]]
    killing = Killing(database_url, tmp_path, seed=kills, workers=2)
    killing.run(kills, longest_s=0.05)
    assert sum(killing.hits.values()) == kills
    assert killing.hits[COMMITTING] >= kills // 5, f"too few kills met a commit: {killing.hits}"
    killing.finish()
    assert len(killing.oracle.issued) == kills * 100


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_kill_test_catches_a_worker_that_commits_wrongly(mutant: str, database_url: str, tmp_path: Path) -> None:
    """R1: the three mutants."""
    killing = Killing(database_url, tmp_path, seed=7, workers=1, mutant=mutant, per_kill=60)
    with pytest.raises(Broken) as broken:
        _short(killing)
    assert broken.value.promise == PROMISES[mutant]


def test_the_short_kill_test_finds_no_fault_in_the_right_commit(database_url: str, tmp_path: Path) -> None:
    """R1: what catches the mutants lets the right one pass."""
    _short(Killing(database_url, tmp_path, seed=7, workers=1, per_kill=60))


def _short(killing: Killing) -> None:
    killing.run(40, longest_s=0.06)
    killing.finish()
