"""Connections: a psycopg connection for writing and streaming, an SQLAlchemy engine for `pandas` and people."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from agentobs.errors import DatabaseError, DatabaseUnavailable, PermanentRefusal, SettingsError
from agentobs.store.patience import PatientConnection

if TYPE_CHECKING:
    import sqlalchemy

_GONE_S = 30  # without a sign of the other machine: afterwards a connection is given up, and made anew
SILENCE_S = 30.0  # without a byte of the server that works on a statement: afterwards it is asked whether it does
_READ_SILENCE_S = 5.0  # a person waits, and nothing is lost
_SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")


def is_url(target: str) -> bool:
    """Tell whether a target names a database and not a folder."""
    return target.startswith(_SCHEMES)


def normalise(url: str) -> str:
    """Return the URL as libpq wants it; raise SettingsError when it is no PostgreSQL URL."""
    if not is_url(url):
        raise SettingsError(f"{without_password(url)!r} is no PostgreSQL URL; write postgresql://user@host:5432/name")
    return "postgresql://" + url.split("://", 1)[1]


def connect(
    url: str, *, read_only: bool = False, timeout_s: int = 10, silence_s: float | None = None
) -> PatientConnection:
    """Return an open connection in UTC; raise DatabaseUnavailable (without the password) when no server answers.

    After `silence_s` without an answer the server is asked whether it works on one; a statement fails when it does not.
    """
    options = (
        "-c timezone=UTC -c temp_buffers=32MB -c work_mem=32MB -c client_min_messages=warning "
        "-c idle_in_transaction_session_timeout=10000"  # a worker that is suspended must not hold the stream's lock
    )
    if read_only:
        options += " -c default_transaction_read_only=on -c statement_timeout=300000"
    try:
        return PatientConnection.to(
            normalise(url),
            silence_s or (_READ_SILENCE_S if read_only else SILENCE_S),
            connect_timeout=timeout_s,
            keepalives_idle=_GONE_S,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=_GONE_S * 1000,
            options=options,
            application_name="agentobs",
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0].removeprefix("connection failed: ")
        raise DatabaseUnavailable(f"no connection to {without_password(url)}: {reason}") from error
    except psycopg.ProgrammingError as error:
        raise SettingsError(f"{without_password(url)!r} is no PostgreSQL URL that libpq takes: {error}") from error


def engine(url: str) -> "sqlalchemy.Engine":
    """Return a read-only SQLAlchemy engine on the database, for `wb.sql` and `pandas.read_sql`."""
    import sqlalchemy

    return sqlalchemy.create_engine(
        normalise(url).replace("postgresql://", "postgresql+psycopg://", 1),
        connect_args={"options": "-c timezone=UTC -c default_transaction_read_only=on", "application_name": "agentobs"},
        poolclass=sqlalchemy.NullPool,
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turn psycopg's errors into ours, by class: what may be tried again, and what never will be taken."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if is_permanent(error):
            raise PermanentRefusal(_first_line(error)) from error
        raise DatabaseUnavailable(f"the database went away: {_first_line(error)}") from error
    except psycopg.Error as error:
        kind = PermanentRefusal if is_permanent(error) else DatabaseError
        raise kind(_first_line(error)) from error


def is_permanent(error: psycopg.Error) -> bool:
    """Tell by SQLSTATE whether the server refuses the data itself: exceptions, constraints, limits, raised errors."""
    return (error.sqlstate or "")[:2] in {"22", "23", "54", "P0"}


def _first_line(error: psycopg.Error) -> str:
    """The server's message without its DETAIL and CONTEXT, which can quote a row."""
    message = error.diag.message_primary or str(error)
    return message.strip().splitlines()[0] if message.strip() else type(error).__name__


def without_password(url: str) -> str:
    """Return the URL as it may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":***@", 1)
