"""What the server can do: the only place that asks whether, and which, TimescaleDB there is."""

from typing import Literal, NamedTuple

import psycopg

from agentobs.errors import DatabaseError

OLDEST = 140_000
Timescale = Literal["none", "apache", "community"]


class Capabilities(NamedTuple):
    """The server's version as a number (170004), and the edition of TimescaleDB in this database."""

    server_version: int
    timescale: Timescale
    timescale_version: str | None


def find(connection: psycopg.Connection) -> Capabilities:
    """Return what this database can do; raise DatabaseError when the server is older than PostgreSQL 14."""
    version = connection.info.server_version
    if version < OLDEST:
        raise DatabaseError(f"the server is PostgreSQL {version // 10_000}; agentobs needs 14 or newer")
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    if row is None:
        return Capabilities(version, "none", None)
    return Capabilities(version, "community" if _has_community(connection) else "apache", row[0])


def create_timescale(connection: psycopg.Connection) -> None:
    """Create the extension where the server has it loaded; elsewhere do nothing.

    Without `shared_preload_libraries` CREATE EXTENSION is FATAL and drops the connection, so that is asked first.
    """
    row = connection.execute(
        "SELECT current_setting('shared_preload_libraries') LIKE '%timescaledb%' "
        "AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')"
    ).fetchone()
    if row and row[0]:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")


def _has_community(connection: psycopg.Connection) -> bool:
    """Probe a function that only Community has, twice, since the first use loads it; the license setting can lie."""
    for _ in range(2):
        try:
            with connection.transaction():
                connection.execute(
                    "SELECT time_bucket_gapfill('1 day', now(), now() - INTERVAL '1 day', now()) GROUP BY 1"
                )
        except psycopg.errors.FeatureNotSupported:
            continue
        except psycopg.Error:
            return False
        return True
    return False
