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


def test_debians_timescaledb_is_the_apache_edition(timescaledb_server: str, database_url: str) -> None:
    with engine.connect(database_url) as connection:
        capabilities.create_timescale(connection)
        functions = connection.execute(
            "SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb' AND installed_version IS NOT NULL"
        ).fetchone()
        expected = "apache" if functions == (1,) else "none"
        assert capabilities.find(connection).timescale == expected


def test_a_server_that_is_too_old_is_refused(embedded_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capabilities, "OLDEST", 990_000)
    with engine.connect(embedded_url) as connection, pytest.raises(DatabaseError, match="agentobs needs 14 or newer"):
        capabilities.find(connection)


def test_asking_leaves_no_transaction_open(database_url: str) -> None:
    with engine.connect(database_url) as connection:
        capabilities.create_timescale(connection)
        capabilities.find(connection)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
