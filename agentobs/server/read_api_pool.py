"""Reading beside the event loop: a few threads, each with a read-only connection whose statements have an end."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from agentobs.errors import DatabaseError
from agentobs.store import embedded, engine, migrate
from agentobs.store.live import Follower
from agentobs.store.patience import PatientConnection

if TYPE_CHECKING:
    import psycopg

    from agentobs.workbench import Workbench

THREADS = 3
STATEMENT_MS = 15_000
_CONNECT_S = 5
_LAST_S = 1.0  # for who connects just now, when all ends
_T = TypeVar("_T")


class Desk:
    """What one thread reads with: a workbench, and what reads the stream; both are opened when they are needed."""

    def __init__(self, reading: "Reading") -> None:
        self._reading = reading
        self._workbench: Workbench | None = None
        self._follower: Follower | None = None

    @property
    def workbench(self) -> "Workbench":
        """A workbench on the database."""
        if self._workbench is None:
            self._workbench = self._reading.workbench()
        return self._workbench

    @property
    def follower(self) -> Follower:
        """A reader of the stream."""
        if self._follower is None:
            self._follower = Follower(self._reading.connect())
        return self._follower

    def close(self) -> None:
        """Let both go; they are opened anew when they are needed again."""
        for opened in (self._workbench, self._follower):
            if opened is not None:
                opened.close()
        self._workbench = self._follower = None


class Reading:
    """The database as the accepting process reads it. The embedded server starts when somebody reads."""

    def __init__(
        self, url: str, database_home: Path | None = None, *, tz: str = "UTC", taught: Sequence[str] = ()
    ) -> None:
        """Take the URL, or the home of the embedded server; and the mapping files of a team's own agents."""
        self._url = url
        self._home = database_home
        self._tz = tz
        self._taught = tuple(taught)
        self._server: embedded.Server | None = None
        self._migrated = False
        self._guard = threading.Lock()
        self._local = threading.local()
        self._desks: list[Desk] = []
        self._running: set[Future[Any]] = set()
        self._opened: WeakSet[PatientConnection] = WeakSet()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="agentobs-read")

    def url(self) -> str:
        """Return the URL of a database that was there just now; may be called in any thread but that of the loop."""
        if self._home is None:
            return self._url
        with self._guard:
            if self._server is None:
                self._server = embedded.start(self._home)
            return self._server.url

    def connect(self) -> "psycopg.Connection":
        """Return a new read-only connection whose statements end in time."""
        try:
            url = self.url()
            if not self._migrated:  # nobody may have written yet
                with engine.connect(url, timeout_s=_CONNECT_S) as connection, engine.translated():
                    migrate.migrate(connection)
                self._migrated = True
            connection = engine.connect(url, read_only=True, timeout_s=_CONNECT_S)
            self._bound(connection)
        except DatabaseError:
            self._forget()
            raise
        return connection

    def workbench(self) -> "Workbench":
        """Return a new workbench whose statements end in time."""
        from agentobs.settings import Settings
        from agentobs.workbench import Workbench
        from agentobs.workbench.database import Database

        try:
            backend = Database(self.url(), Settings(home=self._home or Path(), timezone=self._tz))
            self._bound(backend.connection)
        except DatabaseError:
            self._forget()
            raise
        return Workbench(backend, self._tz, self._taught)

    async def run(self, read: Callable[[Desk], _T]) -> _T:
        """Return what a function reads in one of the threads. Raises what it raises; DatabaseError among others."""
        future = self._pool.submit(self._run, read)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """End what is read now, and let go of the database. Requests had their time to end before."""
        for connection in list(self._opened):
            connection.cut("the server ends")
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait(set(self._running), _LAST_S)
        for desk in self._desks:
            desk.close()
        self._forget()

    def _run(self, read: Callable[[Desk], _T]) -> _T:
        desk: Desk | None = getattr(self._local, "desk", None)
        if desk is None:
            desk = self._local.desk = Desk(self)
            self._desks.append(desk)
        try:
            return read(desk)
        except DatabaseError:
            desk.close()
            raise

    def _forget(self) -> None:
        with self._guard:
            if self._server is not None:
                self._server.close()
                self._server = None

    def _bound(self, connection: PatientConnection) -> None:
        """Give all its statements an end."""
        self._opened.add(connection)
        with engine.translated():
            connection.execute(f"SET statement_timeout = {STATEMENT_MS}".encode())
