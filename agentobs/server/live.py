"""The live stream inside the process: who follows, what each has chosen, and a bounded queue for each.

A client that does not keep up loses events, never holds them up: its queue becomes a gap with the cursors from which
and to which events are missing. All of it happens in the event loop but for the reading, which `live_feed` does.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from agentobs.errors import RequestRefused
from agentobs.server.live_feed import Feed
from agentobs.server.read_api_pool import Reading
from agentobs.store.live import Piece, Streamed

MOST_CLIENTS = 512
QUEUE_BYTES = 4 << 20  # of one client
_ALL_BYTES = 64 << 20  # of all queues together
_SLICE_BYTES = 256 << 10
_JOINED_WITHIN = 4  # batches behind the head: the rest of a client's past is read while its queue fills
_PAST_EVENTS = 1_000
_FRAME_BYTES = 64  # of what stands around an event


class Selection(msgspec.Struct, frozen=True):
    """What a client wants to see. None: everything."""

    project: frozenset[str] | None = None
    agent: frozenset[str] | None = None
    session: frozenset[str] | None = None
    type: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        """Tell whether nothing is left out."""
        return self.project is None and self.agent is None and self.session is None and self.type is None

    def of(self, events: Sequence[Streamed]) -> list[Streamed]:
        """Return the events that were chosen."""
        if self.everything:
            return list(events)
        project, agent, session, kind = self.project, self.agent, self.session, self.type
        return [
            event
            for event in events
            if (session is None or event.session in session)
            and (project is None or event.project in project)
            and (agent is None or event.agent in agent)
            and (kind is None or event.type in kind)
        ]


class Place(msgspec.Struct, frozen=True):
    """A place in the stream: after a batch, or after one of its events."""

    position: int
    event: str | None = None

    @property
    def cursor(self) -> str:
        """The place as clients keep it."""
        return str(self.position) if self.event is None else f"{self.position}.{self.event}"

    @classmethod
    def of(cls, cursor: str) -> "Place":
        """Return the place that a cursor says; raise RequestRefused (404) when it says none."""
        position, dot, event = cursor.partition(".")
        if not (position.isascii() and position.isdecimal() and len(position) < 19 and (bool(event) or not dot)):
            raise RequestRefused(f"cursor {cursor[:60]!r} is not one of this stream's; send one that it gave", 404)
        return cls(int(position), event or None)


class Slice:
    """Some events for clients that have chosen alike; each form in which they are sent is made once."""

    __slots__ = ("_framed", "_joined", "cursor", "events", "size")

    def __init__(self, events: Sequence[Streamed]) -> None:
        self.events = events
        self.size = sum(len(event.body) + _FRAME_BYTES for event in events)
        self.cursor = Place(events[-1].position, events[-1].id).cursor
        self._framed: bytes | None = None
        self._joined: bytes | None = None

    @property
    def framed(self) -> bytes:
        """The events as server-sent events, each with its cursor."""
        if self._framed is None:
            self._framed = b"".join(
                b"id: %d.%b\ndata: %b\n\n" % (event.position, event.id.encode(), event.body) for event in self.events
            )
        return self._framed

    @property
    def joined(self) -> bytes:
        """The events as one JSON object with the cursor after them."""
        if self._joined is None:
            bodies = b",".join(event.body for event in self.events)
            self._joined = b'{"cursor":"%b","events":[%b]}' % (self.cursor.encode(), bodies)
        return self._joined


class Gap(msgspec.Struct, rename={"since": "from", "upto": "to"}):
    """Events that a client was not sent; the stream can be asked for them again from the cursor `from`."""

    since: str | None
    upto: str
    missed: int | None  # None: unknown


class Beat(msgspec.Struct):
    """Nothing for a while: everything up to the cursor was sent."""

    cursor: str


Item = Slice | Gap | Beat


class Client:
    """One who follows: what it has chosen, and what waits for it."""

    def __init__(self, live: "Live", selection: Selection) -> None:
        self.selection = selection
        self.queued_bytes = 0
        self._live = live
        self._queue: deque[Slice | Gap] = deque()
        self._gap: Gap | None = None
        self._last: str | None = None  # cursor of what was queued or sent last
        self._awake = asyncio.Event()

    def offer(self, one: Slice) -> None:
        """Queue a slice, or count it as missed where the queue is full."""
        live = self._live
        too_much = self.queued_bytes + one.size > QUEUE_BYTES or live.queued_bytes + one.size > _ALL_BYTES
        if self._gap is not None or (too_much and self._queue):
            if self._gap is None:
                self._gap = Gap(self._last, one.cursor, 0)
                live.gaps += 1
            self._gap.upto = one.cursor
            if self._gap.missed is not None:
                self._gap.missed += len(one.events)
            return
        self._queue.append(one)
        self.queued_bytes += one.size
        live.queued_bytes += one.size
        self._last = one.cursor
        self._awake.set()

    def skip(self, since: str, upto: str, missed: int | None) -> None:
        """Tell of events that nobody is sent."""
        if self._gap is not None:
            self._gap.upto, self._gap.missed = upto, None
            return
        self._queue.append(Gap(since, upto, missed if self.selection.everything else None))
        self._last = upto
        self._awake.set()

    async def take(self, beat_s: float) -> list[Item] | None:
        """Return what is to be sent next, a beat after some seconds of nothing, None when the stream ends."""
        if not self._queue and self._gap is None and not self._live.ended:
            self._awake.clear()
            try:
                async with asyncio.timeout(beat_s):
                    await self._awake.wait()
            except TimeoutError:
                return [Beat(Place(self._live.position).cursor)]
        items: list[Item] = []
        size = 0
        while self._queue and size < _SLICE_BYTES:
            one = self._queue.popleft()
            items.append(one)
            if isinstance(one, Slice):
                size += one.size
                self._forget(one.size)
        if not self._queue and self._gap is not None:
            items.append(self._gap)
            self._last, self._gap = self._gap.upto, None
        return items or None

    def end(self) -> None:
        """Forget what waits."""
        self._queue.clear()
        self._forget(self.queued_bytes)
        self._awake.set()

    def wake(self) -> None:
        """Look again."""
        self._awake.set()

    def _forget(self, size: int) -> None:
        self.queued_bytes -= size
        self._live.queued_bytes -= size


class Live:
    """All clients of one process. Reads only while there are any."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._clients: dict[Selection, set[Client]] = {}
        self._feed: Feed | None = None
        self._started: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.clients = 0
        self.position = 0  # of the last batch that was offered to all
        self.queued_bytes = 0
        self.delivered = 0
        self.gaps = 0
        self.ended = False

    @asynccontextmanager
    async def following(self, selection: Selection, place: Place | None) -> AsyncIterator[AsyncIterator[list[Item]]]:
        """Give what a client is to be sent: what came after a place, or from now on. Raises RequestRefused (503)."""
        if self.ended or self.clients >= MOST_CLIENTS:
            raise RequestRefused(f"{self.clients} clients follow already; come again later", 503)
        self.clients += 1
        client = Client(self, selection)
        try:
            await self._start()
            yield self._items(client, place)
        finally:
            self.clients -= 1
            self._leave(client)

    async def _items(self, client: Client, place: Place | None, beat_s: float = 15.0) -> AsyncIterator[list[Item]]:
        if place is None:
            self._join(client)
            yield [Beat(Place(self.position).cursor)]
        else:
            async for items in self._past(client, place):
                yield items
        while not self.ended:
            items = await client.take(beat_s)
            if items is None:
                return
            self.delivered += sum(len(item.events) for item in items if isinstance(item, Slice))
            yield items

    async def _past(self, client: Client, place: Place) -> AsyncIterator[list[Item]]:
        """What was committed after a place; near the end of it the client joins, and the rest follows meanwhile."""
        if place.position > self.position + _JOINED_WITHIN:  # it cannot be one of this database's
            self._join(client)
            yield [Gap(place.cursor, Place(self.position).cursor, None)]
            return
        yield [Beat(place.cursor)]
        selection, joined_at = client.selection, None
        sessions = None if selection.session is None else sorted(selection.session)
        position, seen = (place.position, None) if place.event is None else (place.position - 1, place.event)
        while not self.ended:
            if joined_at is None and self.position - position <= _JOINED_WITHIN:
                joined_at = self._join(client)
            upto = self.position if joined_at is None else joined_at
            if position >= upto:
                return
            piece = await self._reading.run(
                lambda desk, after=position, upto=upto: desk.follower.read(
                    after, upto, most=_PAST_EVENTS, session=sessions
                )
            )
            items: list[Item] = []
            if piece.left_out:
                missed = piece.left_out if selection.everything else None
                items.append(Gap(Place(position).cursor, Place(piece.position).cursor, missed))
            items.extend(sliced(selection.of(_after(piece.events, place, seen))))
            if piece.position == position:  # numbers that nobody has: nothing more will come below `upto`
                position = upto
            else:
                position, seen = piece.position, None
            self.delivered += sum(len(item.events) for item in items if isinstance(item, Slice))
            yield [*items, Beat(Place(position).cursor)]

    def publish(self, piece: Piece, since: int, *, jumped: bool = False) -> None:
        """Offer what was read to all who have chosen it. Called in the event loop, piece after piece."""
        upto = Place(piece.position).cursor
        by_session: dict[str, list[Streamed]] | None = None
        for selection, clients in self._clients.items():
            if selection.session is None:
                chosen = selection.of(piece.events)
            else:
                if by_session is None:
                    by_session = _by_session(piece.events)
                near = [event for name in selection.session for event in by_session.get(name, ())]
                chosen = selection.of(near if len(selection.session) == 1 else sorted(near, key=lambda one: one[:4]))
            slices = sliced(chosen)
            for client in clients:
                if piece.left_out or jumped:
                    client.skip(Place(since).cursor, upto, piece.left_out)
                for one in slices:
                    client.offer(one)
        self.position = piece.position

    def started_at(self, position: int) -> None:
        """The feed reads from here on. Called in the event loop."""
        self.position = position
        if self._started is not None:
            self._started.set()

    def end(self) -> None:
        """End all streams. May be called in any thread, or by a signal."""
        self.ended = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """End all streams, and what reads."""
        self.end()
        if self._feed is not None:
            self._feed.close()

    def _wake(self) -> None:
        for clients in self._clients.values():
            for client in clients:
                client.wake()

    async def _start(self) -> None:
        if self._feed is None or not self._feed.is_alive:
            self._loop = asyncio.get_running_loop()
            self._started = asyncio.Event()
            self._feed = Feed(self._reading, self, self._loop)
        assert self._started is not None
        try:
            async with asyncio.timeout(10):
                await self._started.wait()
        except TimeoutError as error:
            raise RequestRefused("the database does not answer now; try again", 503) from error

    def _join(self, client: Client) -> int:
        self._clients.setdefault(client.selection, set()).add(client)
        client._last = Place(self.position).cursor
        return self.position

    def _leave(self, client: Client) -> None:
        alike = self._clients.get(client.selection, set())
        alike.discard(client)
        if not alike:
            self._clients.pop(client.selection, None)
        client.end()
        if self.clients == 0 and self._feed is not None:
            self._feed.rest()
            self._feed = None


def sliced(events: Sequence[Streamed]) -> list[Slice]:
    """Return the events in slices that are not too large to be sent at once."""
    slices: list[Slice] = []
    first, size = 0, 0
    for place, event in enumerate(events):
        size += len(event.body)
        if size >= _SLICE_BYTES:
            slices.append(Slice(events[first : place + 1]))
            first, size = place + 1, 0
    if first < len(events):
        slices.append(Slice(events[first:]))
    return slices


def _after(events: Sequence[Streamed], place: Place, seen: str | None) -> Sequence[Streamed]:
    """Without what a client has seen of the batch in which it stopped; all of that where the event is gone."""
    if seen is None:
        return events
    for index, event in enumerate(events):
        if event.position > place.position:
            break
        if event.id == seen:
            return events[index + 1 :]
    return events


def _by_session(events: Sequence[Streamed]) -> dict[str, list[Streamed]]:
    found: dict[str, list[Streamed]] = {}
    for event in events:
        found.setdefault(event.session, []).append(event)
    return found
