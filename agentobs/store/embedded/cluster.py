"""The data folder of the embedded server: made once, checked at every start."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from agentobs.errors import EmbeddedServerError
from agentobs.store.embedded import binaries
from agentobs.store.embedded.account import private_folder
from agentobs.store.embedded.binaries import Binaries
from agentobs.store.embedded.configuration import DATABASE, READER, SUPERUSER
from agentobs.store.embedded.places import SYSTEM_FOLDER, Place

NEEDED_BYTES = 100 * 2**20  # an empty cluster and its first write-ahead log
FULL_BYTES = 32 * 2**20

_MADE_MEANWHILE = (psycopg.errors.DuplicateDatabase, psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation)


def programs_for(place: Place) -> Binaries:
    """The PostgreSQL that this data folder belongs to, or the newest for a new one, where its user can run it."""
    major = major_of(place.data)
    try:
        found = binaries.find(major)
    except EmbeddedServerError as error:
        if major is None:
            raise
        text = (
            f"{place.data} belongs to PostgreSQL {major}: {error}, or move the folder away to begin with an empty one"
        )
        raise EmbeddedServerError(text) from error
    if not found.from_wheel or place.account.may_run(found.postgres):
        return found
    shared = place.base if place.base != place.home else place.home / "programs"
    for folder in (SYSTEM_FOLDER, shared):
        try:
            folder.mkdir(mode=0o711, exist_ok=True)
        except OSError:  # a read-only system
            continue
        if place.account.may_enter(folder):
            return found.copied_into(folder)
    raise EmbeddedServerError(
        f"the server's user (uid {place.account.uid}) may not enter {found.folder}; install agentobs where it may"
    )


def major_of(data: Path) -> int | None:
    """The major version of PostgreSQL that the folder belongs to; None where there is no database yet."""
    try:
        text = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        if data.is_dir() and any(data.iterdir()):
            raise EmbeddedServerError(
                f"{data} holds no PostgreSQL database, yet it is not empty; move it away"
            ) from None
        return None
    except OSError as error:
        raise EmbeddedServerError(
            f"cannot read {data}/PG_VERSION ({error.strerror}); it must belong to the user of the server"
        ) from error
    if not text.isdigit():
        raise EmbeddedServerError(
            f"{data}/PG_VERSION holds {text[:20]!r}, no version; restore the folder from a backup, or move it away"
        )
    return int(text)


def make(place: Place, programs: Binaries, settings: Mapping[str, str]) -> None:
    """Make the database's files: a whole folder or none, on the disk before it gets its name."""
    free = shutil.disk_usage(place.base).free
    if free < NEEDED_BYTES:
        raise EmbeddedServerError(
            f"the disk of {place.base} is full ({free >> 20} MB free, {NEEDED_BYTES >> 20} MB needed); make room there"
        )
    for leftover in place.base.glob("making-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # A name of its own: the initdb of a killed process may still be at work, and clears its folder when it fails.
    fresh = Path(tempfile.mkdtemp(prefix="making-", dir=place.base))
    private_folder(fresh, place.account)
    locale = ["--locale=C", "--encoding=UTF8"]
    if programs.major >= 17:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    trust = ["--auth-local=trust", "--auth-host=reject", "--username", SUPERUSER]
    _run([str(programs.initdb), "-D", str(fresh), *trust, *locale, "--no-sync"], place)
    if settings.get("fsync") != "off":
        _run([str(programs.initdb), "-D", str(fresh), "--sync-only"], place)
    if place.data.exists():
        place.data.rmdir()
    fresh.rename(place.data)
    _sync_folder(place.base)


def furnish(place: Place) -> None:
    """Make the database and the role that can only read, where they are missing.

    A starter that was killed may have left a statement running that ends while we look: then it was made there.
    """
    with psycopg.connect(place.url("postgres"), autocommit=True) as connection:
        if not _exists(connection, "SELECT FROM pg_database WHERE datname = %s", DATABASE):
            with suppress(*_MADE_MEANWHILE):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        if not _exists(connection, "SELECT FROM pg_roles WHERE rolname = %s", READER):
            with suppress(*_MADE_MEANWHILE), connection.transaction():
                _make_reader(connection)


def _make_reader(connection: psycopg.Connection) -> None:
    reader = sql.Identifier(READER)
    connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(reader))
    connection.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(reader))


def failure(place: Place, log: str) -> EmbeddedServerError:
    """Why the server did not start: its own last words, which hold no payloads."""
    free = shutil.disk_usage(place.base).free
    if free < FULL_BYTES or "No space left on device" in log:
        return EmbeddedServerError(
            f"the disk of {place.data} is full ({free >> 20} MB free); make room there and try again"
        )
    last = "\n".join(log.strip().splitlines()[-8:]) or "(its log is empty)"
    advice = "if the folder is broken, restore it from a backup, or move it away to begin with an empty one"
    return EmbeddedServerError(f"the server of {place.data} does not start; {advice}; the end of {place.log}:\n{last}")


def _run(command: list[str], place: Place) -> None:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    answer = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        umask=0o077,
        env=environment,
        **place.account.subprocess_arguments(),
    )
    if answer.returncode:
        raise failure(place, answer.stderr)


def _exists(connection: psycopg.Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), [name]).fetchone() is not None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
