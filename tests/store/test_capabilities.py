"""What a server can do is found out once, and is what it really can."""

import psycopg
import pytest

from agentobs.errors import DatabaseError
from agentobs.store import capabilities, engine


def test_the_edition_of_timescaledb_is_found(database_url: str, request: pytest.FixtureRequest) -> None:
    with engine.connect(database_url) as connection:
        assert capabilities.find(connection).timescale == "none"  # not before the extension is created
        capabilities.create_timescale(connection)
        capabilities.create_timescale(connection)
        found = capabilities.find(connection)
    if "embedded" in request.node.name:
        assert (found.timescale, found.timescale_version) == ("none", None)
    else:
        assert found.timescale in {"apache", "community"}
        assert found.timescale_version
    assert found.server_version >= capabilities.OLDEST


def test_a_server_under_the_apache_license_is_not_taken_for_the_community_edition(database_url: str) -> None:
    """Debian's is the Apache edition; the setting may say more than there is, never less."""
    with engine.connect(database_url) as connection:
        capabilities.create_timescale(connection)
        license_set = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
        found = capabilities.find(connection).timescale
    assert found == "apache" or license_set != ("apache",)


def test_a_server_that_is_too_old_is_refused(embedded_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capabilities, "OLDEST", 990_000)
    with engine.connect(embedded_url) as connection, pytest.raises(DatabaseError, match="agentobs needs 14 or newer"):
        capabilities.find(connection)


def test_asking_leaves_no_transaction_open(database_url: str) -> None:
    with engine.connect(database_url) as connection:
        capabilities.create_timescale(connection)
        capabilities.find(connection)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
