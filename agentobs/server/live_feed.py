"""What reads the stream of the database for all clients: one thread, one connection, while there are clients."""

import asyncio
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

from agentobs.errors import DatabaseError
from agentobs.server.read_api_pool import Reading
from agentobs.store.live import Follower, Piece

if TYPE_CHECKING:
    from agentobs.server.live import Live

_LOOK_S = 0.02  # where commits do not wake us
_GATHER_S = 0.06  # after a piece of many events: so that few sends carry the next ones
_MANY = 50
_PIECE_EVENTS = 2_000
_MOST_BEHIND = 25_000  # events; who imports history must not be slowed down by those who look on
_RETRY_S = 1.0


class Feed:
    """The reading thread. It tells `live` in the event loop what it has read, and never runs ahead of it."""

    def __init__(self, reading: Reading, live: "Live", loop: asyncio.AbstractEventLoop) -> None:
        self._reading = reading
        self._live = live
        self._loop = loop
        self._ending = threading.Event()
        self._position: int | None = None
        self._told: Future[None] | None = None
        self._thread = threading.Thread(target=self._run, name="agentobs-live", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Tell whether it reads."""
        return self._thread.is_alive() and not self._ending.is_set()

    def rest(self) -> None:
        """End soon."""
        self._ending.set()

    def close(self) -> None:
        """End, and wait for it. Not for the event loop while that still runs."""
        self._ending.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                follower = Follower(self._reading.connect())
                try:
                    self._follow(follower)
                finally:
                    follower.close()
            except DatabaseError:
                self._ending.wait(_RETRY_S)

    def _follow(self, follower: Follower) -> None:
        follower.listen()
        if self._position is None:
            self._position = follower.head()
            self._tell(self._live.started_at, self._position)
        while not self._ending.is_set():
            before = self._position
            piece = follower.read(before, most=_PIECE_EVENTS)
            if piece.position == before:
                follower.wait(_LOOK_S)
                continue
            self._position = piece.position
            self._tell(self._live.publish, piece, before)
            if len(piece.events) >= _PIECE_EVENTS // 2:
                self._jump(follower)
            if len(piece.events) >= _MANY:
                time.sleep(_GATHER_S)

    def _jump(self, follower: Follower) -> None:
        """Leave out what nobody can follow: a gap for all, and on at the head."""
        assert self._position is not None
        head, events = follower.behind(self._position)
        if events > _MOST_BEHIND:
            before, self._position = self._position, head
            self._tell(
                lambda piece, since: self._live.publish(piece, since, jumped=True), Piece([], head, events), before
            )

    def _tell(self, tell, *arguments) -> None:
        """Have a call made in the event loop, when that has made the one before."""
        while self._told is not None and not self._ending.is_set():
            try:
                self._told.result(0.1)
                break
            except TimeoutError:
                continue
        told: Future[None] = Future()

        def run() -> None:
            try:
                if not self._ending.is_set():
                    tell(*arguments)
            finally:
                told.set_result(None)

        try:
            self._loop.call_soon_threadsafe(run)
        except RuntimeError:  # the loop is closed: nobody is there any more
            self._ending.set()
        self._told = told
