"""What adapters of whole documents share: the way from a document to its items, and from a record to its events."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from agentobs.adapters._whole_document import Document, Record, read_document
from agentobs.events import Event, Item, Line, Reject, Skip, Stamp, event_id


def documents(lines: Iterable[Line], items_of: Callable[[Document], Iterator[Item] | str]) -> Iterator[Item]:
    """Yield the items of each document; `items_of` gives them, or why a document is not the adapter's."""
    for line in lines:
        if not line[1].strip():
            yield Skip(0, "blank")
            continue
        document = read_document(line)
        found = document if isinstance(document, str) else items_of(document)
        if isinstance(found, str):
            yield Reject(0, found, line[1])
        else:
            yield from found


class Maker:
    """Makes the events of one session: numbers its records; what comes of one record are its parts."""

    def __init__(self, agent: str, session_id: str, offset: int = -1) -> None:
        self.offset = offset
        self._agent = agent
        self._session_id = session_id

    def skip(self, reason: str) -> Skip:
        """Pass a record over."""
        self.offset += 1
        return Skip(self.offset, reason)

    def start(self, record: Record) -> None:
        """Begin a record: the events made from here on are its parts."""
        self.offset += 1
        self.record, self._part, self._parent = record, 0, None

    def make(self, kind: str, native_type: str, when: Stamp, identity: tuple[str, ...], **fields: Any) -> Event:
        """Return the next part of the record; `identity` tells the record from others with the same content."""
        part, record = self._part, self.record
        own = event_id(when.ts, self._agent, *identity, str(record.digest), str(part))
        parent, self._parent = self._parent, own
        self._part += 1
        return Event(
            id=own,
            ts=when.ts,
            type=str(kind),
            agent=self._agent,
            session_id=self._session_id,
            offset=self.offset,
            digest=record.digest,
            ts_quality=when.quality,
            part=part,
            native_type=native_type,
            parent_event_id=parent,
            raw=record.raw if part == 0 else None,
            sanitised=record.sanitised,
            **fields,
        )
