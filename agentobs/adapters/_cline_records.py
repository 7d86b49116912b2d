"""What is known of a Cline task while its file is read, and the events of its records before they are filled in."""

import re
from collections.abc import Iterator
from typing import Any

from agentobs.adapters._milliseconds import moment
from agentobs.adapters._text import clip, short_id
from agentobs.adapters._whole_document import Record, encode, inside
from agentobs.events import EARLIEST, Event, EventType, Stamp, content_digest, event_id

NAME = "cline"

_DIRECTORY = re.compile(r"# Current (?:Working|Workspace) Directory \(([^()\n]{1,4000})\)")
_MODEL = re.compile(r"<model>([^<>\n]{1,200})</model>")


class Task:
    """One task: who it is, its last time, where it runs, and the call that waits for its result."""

    def __init__(self, session_id: str, key: str, first: Stamp | None) -> None:
        self.session_id = session_id
        self.key = key  # from the source as it stands
        self.last = first
        self.model: str | None = None
        self.working_directory: str | None = None
        self.is_compacted = False  # its messages repeat another file's
        self.call: Event | None = None
        self.calls: dict[str, Event] = {}
        self.occurrences: dict[tuple[str, ...], int] = {}

    def occurrence(self, *identity: str) -> str:
        """Return how often this identity came before."""
        seen = self.occurrences.get(identity, 0)
        self.occurrences[identity] = seen + 1
        return str(seen)

    def learn(self, request: str) -> None:
        """Take the working directory and the model from the environment that a request describes to its model."""
        directory, model = _DIRECTORY.search(request), _MODEL.search(request)
        self.working_directory = directory[1] if directory else self.working_directory
        self.model = short_id(model[1]) if model else self.model


def first_time(records: list[Any]) -> Stamp | None:
    """Return the first time that a list of records says."""
    return next(iter(_times(records)), None)


def _times(records: list[Any]) -> Iterator[Stamp]:
    for one in records:
        when = moment(one.get("ts")) if isinstance(one, dict) else None
        if when is not None:
            yield when


def time_of(record: Record, task: Task) -> Stamp:
    """Return a record's own time; else the last one that its task said."""
    own = moment(record.original.get("ts"))
    if own is not None:
        task.last = own if own.quality != "clamped" else task.last
        return own
    made = moment(inside(record.original, "metadata", "generatedAt"))
    if made is not None:  # a compaction's
        return made
    return Stamp(EARLIEST, "none") if task.last is None else Stamp(task.last.ts, "inherited")


def new_event(record: Record, task: Task, when: Stamp, place: int, *identity: str, digest: int, part: int = 0) -> Event:
    """Return an event of a record, still without type."""
    return Event(
        id=event_id(when.ts, NAME, *identity, str(part), str(digest)),
        ts=when.ts,
        ts_quality=when.quality,
        type=EventType.UNKNOWN.value,
        agent=NAME,
        session_id=task.session_id,
        offset=place,
        digest=digest,
        part=part,
        working_directory=clip(task.working_directory, 4096),
        raw=record.raw if part == 0 else None,
        sanitised=record.sanitised,
    )


def digest_of(*values: Any) -> int:
    """Return the digest of what a record says, without its envelope."""
    return content_digest(encode(list(values)))
