"""The audit log of the accepting process: noted at once, written by a thread, kept while the database is away."""

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agentobs.errors import AgentobsError
from agentobs.server.access import Principal
from agentobs.store import keys

if TYPE_CHECKING:
    import psycopg

_MOST = 10_000  # that wait; of more the newest are kept
_PAUSE_S = 0.2
_RETRY_S = 2.0
_LAST_S = 3.0  # a database that hangs does not keep the process from ending


class Audit:
    """Takes notes of who did what. `note` may be called from any thread."""

    def __init__(self, connect: "Callable[[], psycopg.Connection]") -> None:
        """Take what opens a connection that may write."""
        self._connect = connect
        self._connection: psycopg.Connection | None = None
        self._waiting: deque[keys.Entry] = deque(maxlen=_MOST)
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, principal: Principal, action: str, target: str | None, address: str | None) -> None:
        """Note that somebody did something now."""
        entry = keys.Entry(at=datetime.now(UTC), actor=principal.actor, action=action, target=target, address=address)
        self._waiting.append(entry)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="agentobs-audit", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Write what waits, as far as the database is there."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(_LAST_S)
            if self._thread.is_alive():
                return
        if self._connection is not None:
            self._connection.close()

    def _run(self) -> None:
        pause = _PAUSE_S
        while True:
            ends = self._ending.wait(pause)
            pause = _PAUSE_S if self._write() else _RETRY_S
            if ends:
                return

    def _write(self) -> bool:
        """Write what waits; tell whether that went well."""
        entries = list(self._waiting)
        if not entries:
            return True
        try:
            if self._connection is None:
                self._connection = self._connect()
            keys.note(self._connection, entries)
        except AgentobsError:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            return False
        for _ in entries:
            self._waiting.popleft()
        return True
