"""Migrations: applied once, safe to run twice and by two at once; what does not fit is refused."""

import threading

import psycopg
import pytest

from agentobs.errors import MigrationError
from agentobs.store import capabilities, engine, migrate


def applied(url: str) -> list[int]:
    with engine.connect(url) as connection:
        return migrate.migrate(connection)


def test_every_migration_is_applied_once(database_url: str) -> None:
    versions = [migration.version for migration in migrate.available()]
    assert versions == sorted(set(versions))
    assert applied(database_url) == versions
    assert applied(database_url) == []


def test_workers_that_migrate_at_once_apply_each_migration_once(database_url: str) -> None:
    """R18, at rest: one does it, the others wait."""
    found: list[list[int]] = []
    failed: list[Exception] = []
    together = threading.Barrier(4)

    def run() -> None:
        try:
            with engine.connect(database_url) as connection:
                together.wait()
                found.append(migrate.migrate(connection))
        except Exception as error:  # noqa: BLE001 the test's own thread shows it
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert sorted(found, key=len) == [[], [], [], [migration.version for migration in migrate.available()]]


def test_a_newer_database_is_refused(database_url: str) -> None:
    applied(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_migrations (version, name, checksum) VALUES (999, 'later', 'x')")
    with pytest.raises(MigrationError, match=r"has migration 999, this agentobs knows up to \d+; upgrade agentobs"):
        applied(database_url)


def test_a_migration_that_was_another_text_is_refused(database_url: str) -> None:
    applied(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE schema_migrations SET checksum = 'other' WHERE version = 1")
    with pytest.raises(MigrationError, match="migration 1 was applied with another text"):
        applied(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        locks = connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        ).fetchone()
    assert locks == (0,)


def test_a_migration_that_fails_leaves_nothing_behind(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = migrate.Migration(2, "broken", "CREATE TABLE half (x int); SELECT 1 / 0")
    monkeypatch.setattr(
        migrate, "available", lambda: [migrate.Migration(1, "fine", "CREATE TABLE fine (x int)"), broken]
    )
    with pytest.raises(MigrationError, match="migration 2 'broken' failed"):
        applied(database_url)
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT to_regclass('fine') IS NULL, to_regclass('half') IS NULL").fetchone()
        assert row == (False, True)
        assert connection.execute("SELECT version FROM schema_migrations").fetchall() == [(1,)]


def test_events_are_a_hypertable_of_seven_days_where_timescaledb_is(database_url: str) -> None:
    applied(database_url)
    with engine.connect(database_url) as connection:
        if capabilities.find(connection).timescale == "none":
            assert connection.execute("SELECT to_regnamespace('timescaledb_information')").fetchone() == (None,)
        else:
            row = connection.execute(
                "SELECT column_name, time_interval::text FROM timescaledb_information.dimensions "
                "WHERE hypertable_name = 'agent_events'"
            ).fetchall()
            assert row == [("ts", "7 days")]
        keys = connection.execute(
            "SELECT array_agg(a.attname ORDER BY k.n) FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k (attnum, n) "
            "JOIN pg_attribute a ON a.attnum = k.attnum "
            "WHERE a.attrelid = i.indrelid AND i.indrelid = 'agent_events'::regclass AND i.indisunique "
            "GROUP BY i.indexrelid"
        ).fetchall()
    assert keys == [(["ts", "id"],)]
