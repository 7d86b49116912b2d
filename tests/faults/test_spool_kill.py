"""R3: the accepting server is killed while clients retry: what was accepted is stored, nothing twice."""

from pathlib import Path

import pytest

from tests.faults.oracle import LOST, Broken
from tests.faults.serving import Crashing

pytestmark = pytest.mark.faults
KILLS = {"embedded": 100, "timescaledb": 20}


@pytest.mark.timeout(240)
def test_what_a_killed_server_has_accepted_is_stored_once(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """R3."""
    kills = KILLS[request.node.callspec.params["database_url"]]
    crashing = Crashing(database_url, tmp_path, seed=kills)
    crashing.run(kills)
    crashing.finish()
    assert crashing.caught >= kills // 2, f"only {crashing.caught} kills met a request"
    assert len(crashing.oracle.accepted) > kills


def test_the_kill_test_catches_a_server_that_acknowledges_before_the_write(embedded_url: str, tmp_path: Path) -> None:
    """R3: the mutant."""
    crashing = Crashing(embedded_url, tmp_path, seed=3, early=True)
    crashing.run(15)
    with pytest.raises(Broken) as broken:
        crashing.finish()
    assert broken.value.promise == LOST
