"""The API keys as the accepting process knows them: read from the database every few seconds, kept while it is away.

What was read last lies beside the spool, too (hashes alone), so that a server that starts without its database knows
the keys of yesterday. A key that was revoked meanwhile is then taken until the database is back.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agentobs.errors import AgentobsError, DatabaseUnavailable
from agentobs.store import keys as kept
from agentobs.store.keys import Key

if TYPE_CHECKING:
    import psycopg

FRESH_S = 2.0  # so long a key that was revoked may still be taken
_PAUSE_S = 1.0  # between two looks for what is not known, and after one that failed
_WAIT_S = 1.0  # longer a request does not wait for a database that is slow: what is known counts
_FIRST_S = 8.0  # ... unless nothing is known at all


class KeyRing:
    """The keys that are known. `find` is called from the event loop."""

    def __init__(self, load: Callable[[], Sequence[Key]], path: Path | None = None) -> None:
        """Take what reads the keys, called in a thread, and the file that keeps them."""
        self._load = load
        self._path = path
        found = None if path is None else _read(path)
        self._known = {key.key_id: key for key in found or ()}
        self._is_known = found is not None
        self._read_at = self._tried_at = float("-inf")
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="agentobs-keys")
        self._looking: asyncio.Future[list[Key]] | None = None

    async def find(self, key_id: str) -> Key | None:
        """Return a key; None when there is none. Raises DatabaseUnavailable when nobody can know."""
        now = time.monotonic()
        if now - self._read_at > FRESH_S or (key_id not in self._known and now - self._read_at > _PAUSE_S):
            await self._look()
        if not self._is_known:
            raise DatabaseUnavailable("the keys cannot be read now, and none were read before; try again")
        return self._known.get(key_id)

    def load(self) -> list[Key]:
        """Read the keys now; where the database is away, return those that were read last. Blocks."""
        with suppress(AgentobsError):
            self._take(self._load())
        return list(self._known.values())

    def close(self) -> None:
        """Read nothing more."""
        self._pool.shutdown(cancel_futures=True)

    async def _look(self) -> None:
        """Read the keys; one look serves all who wait. What it meets is in what is known afterwards."""
        loop = asyncio.get_running_loop()
        if self._looking is None:
            if time.monotonic() - self._tried_at < _PAUSE_S:
                return
            self._tried_at = time.monotonic()
            self._looking = loop.run_in_executor(self._pool, self.load)
            self._looking.add_done_callback(self._looked)
        wait = _WAIT_S if self._is_known else _FIRST_S
        await asyncio.wait([self._looking], timeout=wait)

    def _looked(self, future: "asyncio.Future[list[Key]]") -> None:
        self._looking = None
        if not future.cancelled():
            future.exception()

    def _take(self, found: Sequence[Key]) -> None:
        known = {key.key_id: key for key in found}
        changed = known != self._known or not self._is_known
        self._known, self._is_known, self._read_at = known, True, time.monotonic()
        if changed and self._path is not None:
            _write(self._path, found)


class KeyReader:
    """Reads the keys over one connection, opened anew after an error. Not for two threads at once."""

    def __init__(self, connect: "Callable[[], psycopg.Connection]") -> None:
        self._connect = connect
        self._connection: psycopg.Connection | None = None

    def __call__(self) -> Sequence[Key]:
        """Return all keys."""
        if self._connection is None:
            self._connection = self._connect()
        try:
            return kept.keys(self._connection)
        except AgentobsError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _read(path: Path) -> list[Key] | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Key])
    except (OSError, msgspec.MsgspecError):
        return None


def _write(path: Path, found: Sequence[Key]) -> None:
    draft = path.with_name(f".{path.name}.new")
    with suppress(OSError):  # a full disk must not stop what is known from being used
        draft.touch(mode=0o600)
        draft.write_bytes(msgspec.json.encode(list(found)))
        draft.replace(path)
