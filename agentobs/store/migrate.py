"""Numbered migrations: applied once each, in order, safe to run twice and by two processes at once."""

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

import psycopg

from agentobs.errors import MigrationError
from agentobs.store import capabilities

LOCK = 0x6167_656E_746F  # any number, the same for every agentobs; who stores a batch shares it
_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


class Migration(NamedTuple):
    """One numbered SQL file."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """A hash of the file's text; an applied migration must never change."""
        return sha256(self.sql.encode()).hexdigest()


def available() -> list[Migration]:
    """Return the migrations of this agentobs, in order."""
    found = [path for path in files("agentobs.store").joinpath("migrations").iterdir() if path.name.endswith(".sql")]
    return [
        Migration(int(path.name[:4]), path.name[5:-4], path.read_text(encoding="utf-8"))
        for path in sorted(found, key=lambda path: path.name)
    ]


def migrate(connection: psycopg.Connection) -> list[int]:
    """Bring the schema up to date and return the versions applied now.

    Raises MigrationError when the database is newer than this agentobs or an applied migration was another file.
    """
    ours = available()
    if _applied(connection) == {m.version: m.checksum for m in ours}:
        return []
    connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    try:
        capabilities.create_timescale(connection)
        connection.execute(_LEDGER)
        applied = _applied(connection)
        _check(applied, ours)
        return [_apply(connection, migration) for migration in ours if migration.version not in applied]
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))


def _applied(connection: psycopg.Connection) -> dict[int, str]:
    if connection.execute("SELECT to_regclass('schema_migrations')").fetchone() == (None,):
        return {}
    return dict(connection.execute("SELECT version, checksum FROM schema_migrations").fetchall())


def _check(applied: dict[int, str], ours: list[Migration]) -> None:
    known = {migration.version: migration for migration in ours}
    for version, checksum in sorted(applied.items()):
        if version not in known:
            raise MigrationError(
                f"the database has migration {version}, this agentobs knows up to {max(known)}; upgrade agentobs"
            )
        if known[version].checksum != checksum:
            raise MigrationError(
                f"migration {version} was applied with another text than {known[version].name!r} has now"
            )


def _apply(connection: psycopg.Connection, migration: Migration) -> int:
    try:
        with connection.transaction():
            connection.execute(migration.sql.encode())
            connection.execute(
                "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)",
                (migration.version, migration.name, migration.checksum),
            )
    except psycopg.OperationalError:
        raise  # the server went away: not the migration's fault
    except psycopg.Error as error:
        raise MigrationError(f"migration {migration.version} {migration.name!r} failed: {error}") from error
    return migration.version
