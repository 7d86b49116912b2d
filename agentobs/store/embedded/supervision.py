"""Starting a supervisor, and waiting for what it brings up or takes down. Every wait has an end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import psycopg

from agentobs.errors import EmbeddedServerError
from agentobs.store.embedded import locks, postmaster, supervisor
from agentobs.store.embedded.places import Place

START_SECONDS = 300.0  # recovery after a crash replays up to max_wal_size
SOCKET_SECONDS = 5.0


def supervise(place: Place, command: list[str], idle_seconds: float, *, adopt: int | None) -> None:
    """Put a supervisor of its own session over a new server, or over one whose supervisor was killed."""
    os.close(locks.opened(place.supervisor_lock, place.owner))
    task = supervisor.Supervision(
        command=command,
        uid=place.account.uid,
        gid=place.account.gid,
        switch_user=place.account.switches,
        data=str(place.data),
        start_lock=str(place.start_lock),
        users_lock=str(place.users_lock),
        supervisor_lock=str(place.supervisor_lock),
        idle_seconds=idle_seconds,
        adopt=adopt,
    )
    python = [sys.executable, "-I", "-S", supervisor.__file__, json.dumps(task._asdict())]
    log = locks.opened(place.log, place.owner)
    try:
        ended = subprocess.run(python, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", check=False)
    finally:
        os.close(log)
    if ended.returncode:
        raise EmbeddedServerError(
            f"the supervisor of {place.home} ended with {ended.returncode}; see the end of {place.log}"
        )


def await_answer(place: Place) -> str | None:
    """The server's version once it answers; None if it has ended instead."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        version = answer(place)
        if version is not None:
            return version
        if not locks.held(place.supervisor_lock, place.owner):
            return None
        time.sleep(0.02)
    text = (
        f"the server of {place.data} has not answered for {START_SECONDS:.0f} s; see the end of {place.log}, or stop it"
    )
    raise EmbeddedServerError(text)


def answer(place: Place) -> str | None:
    """The server's version if it answers now."""
    try:
        with psycopg.connect(place.url("postgres"), autocommit=True, connect_timeout=10) as connection:
            row = connection.execute("SHOW server_version").fetchone()
    except psycopg.OperationalError:  # no server, or one that is still starting
        return None
    return row[0].split()[0] if row else None


def pid_appears(place: Place) -> int | None:
    """The server's pid; waits for one that a supervisor is just starting."""
    deadline = time.monotonic() + START_SECONDS
    while (pid := postmaster.pid_of(place.data)) is None and locks.held(place.supervisor_lock, place.owner):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"the supervisor of {place.home} starts no server; see the end of {place.log}")
        time.sleep(0.02)
    return pid


def await_supervisor_gone(place: Place) -> None:
    """Return when no supervisor is at work; the server it owned has ended by then."""
    deadline = time.monotonic() + START_SECONDS
    while locks.held(place.supervisor_lock, place.owner):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"the supervisor of {place.home} does not end; end that process yourself")
        time.sleep(0.02)


def socket_appears(place: Place) -> bool:
    """Whether the server can be reached; a server that is just starting gets a moment."""
    deadline = time.monotonic() + SOCKET_SECONDS
    while not place.socket.exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
