"""A connection that tells a server at work from one that is silent for ever.

A statement may rightly take hours: it waits for a lock that a migration holds. So nothing ends for being slow. After
some seconds without a byte, the server is asked over a connection of its own whether it still works on the statement;
if it does not, or nobody answers, the connection is cut, and whoever waits gets an OperationalError. Keepalives don't
help here: the kernel of a frozen server, and a proxy that hangs, go on acknowledging.
"""

import os
import socket
import time
from contextlib import closing, suppress
from datetime import datetime
from typing import Any, NamedTuple, Self

import psycopg
from psycopg.generators import PQGen  # pyright: ignore[reportPrivateImportUsage]
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

ANSWER_S = 5  # a server that works answers within it, even a busy one
_WHO = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
# A backend that works, and not one that waits for its client as its client waits for it.
_WORKS = """
    SELECT coalesce(state NOT LIKE 'idle%%', true) AND wait_event_type IS DISTINCT FROM 'Client'
    FROM pg_stat_activity WHERE pid = %s AND backend_start = %s
"""
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND backend_start = %s"


class Silent(psycopg.OperationalError):
    """The server said nothing for too long, and does not work on what it was asked."""


class _Backend(NamedTuple):
    """The process that works for a connection, also behind a proxy. A pid alone may be given to another."""

    pid: int
    since: datetime


_left: dict[str, list[_Backend]] = {}  # by conninfo: what works for connections that were cut, and may hold locks


class PatientConnection(psycopg.Connection[TupleRow]):
    """Waits for as long as the server works, and no longer. It costs a statement a microsecond or two."""

    silence_s: float = ANSWER_S
    _conninfo = ""
    _why = ""  # it was cut
    _backend: _Backend | None = None  # None: who asks about others is not asked about himself

    @classmethod
    def to(cls, conninfo: str, silence_s: float, **options: Any) -> Self:
        """Return a connection that asks after `silence_s` without a byte; `options` are those of psycopg.connect."""
        connection = cls.connect(conninfo, **options)
        try:
            row = connection.execute(_WHO).fetchone()
            for left in tuple(_left.get(conninfo, ())):
                connection.execute(_END, left)
                with suppress(ValueError):  # another thread was here
                    _left[conninfo].remove(left)
        except BaseException:
            connection.close()
            raise
        connection._backend = None if row is None else _Backend(*row)
        connection._conninfo, connection.silence_s = conninfo, silence_s
        return connection

    def wait(self, gen: PQGen[Any], *arguments: Any, **named: Any) -> Any:
        """Consume a generator of psycopg, as every statement does. Raises Silent when the server is."""
        return super().wait(self._heard(gen), *arguments, **named)

    def _heard(self, gen: PQGen[Any]) -> PQGen[Any]:
        """Pass everything on; when nothing is ready for too long, look why, and cut the connection if need be."""
        since = None
        try:
            state = next(gen)
            while True:
                ready = yield state
                if ready:
                    since = None
                elif since is None:
                    since = time.monotonic()
                elif not self._why and time.monotonic() - since >= self.silence_s and self._is_asking():
                    since, why = None, self._why_silent()
                    ready = yield state  # it may have answered meanwhile
                    if why and not ready:
                        self.cut(why)
                state = gen.send(ready)
        except StopIteration as end:
            return end.value
        except psycopg.OperationalError as error:
            if self._why:
                raise Silent(self._why) from error
            raise

    def _is_asking(self) -> bool:
        """Tell whether a statement is under way; who listens for notifications may listen for ever."""
        return self.pgconn.transaction_status == TransactionStatus.ACTIVE

    def _why_silent(self) -> str:
        """Say why nothing will come any more; an empty text: wait on."""
        silent = f"it said nothing for {self.silence_s:g} s"
        if self._backend is None:
            return silent
        try:
            with closing(
                PatientConnection.connect(
                    self._conninfo, connect_timeout=ANSWER_S, application_name="agentobs", autocommit=True
                )
            ) as probe:
                row = probe.execute(_WORKS, self._backend).fetchone()
        except (psycopg.errors.ConnectionTimeout, Silent):
            return f"{silent}, and a new connection was not answered within {ANSWER_S} s"
        except psycopg.OperationalError:  # it refuses: no room, or it is starting; so somebody is there, ask later
            return ""
        return "" if row is not None and row[0] else f"{silent}, and does not work on what it was asked"

    def cut(self, why: str) -> None:
        """End the connection as if the server had: libpq then finds out by itself. May be called in any thread."""
        if self.closed:
            return
        self._why = why
        if self._backend is not None:
            _left.setdefault(self._conninfo, []).append(self._backend)
        with closing(socket.socket(fileno=os.dup(self.pgconn.socket))) as found:
            found.shutdown(socket.SHUT_RDWR)
