"""A real TimescaleDB for the tests: `python -m tests.servers.timescaledb ensure` unpacks it, `start` runs it.

It listens on 127.0.0.1 with a random password, under the same supervisor as the embedded server: it stops by itself
when the test run that uses it is gone, however that ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from agentobs.store.embedded import locks, places, postmaster, supervision
from agentobs.store.embedded.account import account_of, private_folder
from agentobs.store.embedded.places import Place
from tests.servers import debian
from tests.servers.debian import Unavailable

REPOSITORY = Path(__file__).parents[2]
ELSEWHERE = Path("/var/cache/agentobs/timescaledb")  # root's checkout in a folder that the server's user may not enter
USER = "tester"
START_SECONDS = 60.0
SETTINGS = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "max_locks_per_transaction": "256",
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "log_min_messages": "log",
}


@dataclass(frozen=True)
class Running:
    """A started server; closing `users` says that we don't need it any more."""

    url: str
    users: int

    def close(self) -> None:
        os.close(self.users)


def ensure(cache: Path | None = None) -> Path:
    """The folder of an unpacked TimescaleDB, downloaded on first use."""
    return debian.unpacked(cache or default_cache())


def default_cache() -> Path:
    """AGENTOBS_TEST_CACHE, else .cache in the repository, where the server's user may enter it."""
    named = os.environ.get("AGENTOBS_TEST_CACHE")
    if named:
        return Path(named) / "timescaledb"
    account = account_of(os.geteuid())
    return REPOSITORY / ".cache/timescaledb" if account.may_enter(REPOSITORY) else ELSEWHERE


def start(
    folder: Path, home: Path, *, idle_seconds: float = 10.0, settings: Mapping[str, str] | None = None
) -> Running:
    """The server of this home folder (a new one's parents must be open to its user), started if need be."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = home.stat().st_uid
    with locks.exclusive(home / "start.lock", owner, timeout_seconds=START_SECONDS):
        users = locks.opened(home / "users.lock", owner)
        fcntl.flock(users, fcntl.LOCK_SH)
        url_file = home / "url.json"
        if url_file.exists() and _answers(url := json.loads(url_file.read_text())):
            return Running(url, users)
        place = places.prepared(home)
        if not (place.data / "PG_VERSION").exists():
            private_folder(place.data, place.account)
            _initdb(folder, place)
        url = _run(folder, place, idle_seconds, settings or {})
        url_file.touch(mode=0o600)
        url_file.write_text(json.dumps(url))
        return Running(url, users)


def stop(home: Path) -> bool:
    """Stop the server of this home folder. False if none was running."""
    place = places.known(home)
    return place is not None and postmaster.stop(place.data)


def _initdb(folder: Path, place: Place) -> None:
    password = secrets.token_urlsafe(24)
    handle = place.run / "password"
    handle.touch(mode=0o600)
    handle.write_text(password)
    os.chown(handle, place.account.uid, place.account.gid)
    command = [
        debian.programs(folder) / "initdb",
        "-D",
        place.data,
        "--username",
        USER,
        "--pwfile",
        handle,
        "--no-sync",
    ]
    command += [
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    ]
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    answer = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=environment,
        **place.account.subprocess_arguments(),
    )
    if answer.returncode:
        raise Unavailable(f"initdb of TimescaleDB failed: {answer.stderr.strip()[-400:]}")
    places.record(place)


def _run(folder: Path, place: Place, idle_seconds: float, settings: Mapping[str, str]) -> str:
    port = _free_port()
    chosen = {**SETTINGS, "port": str(port), "unix_socket_directories": str(place.run), **settings}
    command = [str(debian.programs(folder) / "postgres"), "-D", str(place.data)]
    command += [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    supervision.supervise(place, command, idle_seconds, adopt=None)
    url = f"postgresql://{USER}:{(place.run / 'password').read_text()}@127.0.0.1:{port}/postgres"
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        if time.monotonic() > deadline or not locks.held(place.supervisor_lock, place.owner):
            raise Unavailable(f"TimescaleDB does not start: {place.log.read_text()[-600:]}")
        time.sleep(0.02)
    return url


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(arguments: list[str]) -> int:
    """`ensure` prints the folder, or why there is none."""
    if arguments != ["ensure"]:
        print("usage: python -m tests.servers.timescaledb ensure", file=sys.stderr)  # noqa: T201
        return 2
    try:
        print(ensure())  # noqa: T201
    except Unavailable as error:
        print(f"no TimescaleDB: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
