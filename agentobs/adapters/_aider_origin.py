"""Where the records of aider's history stand: their session, how it is named, and the events that a record becomes."""

from typing import NamedTuple

from agentobs.adapters import _aider_words as words
from agentobs.adapters._aider_blocks import HEADER, Kind
from agentobs.adapters._markdown_document import Written, written
from agentobs.adapters._text import clip, one_line, short_id
from agentobs.events import EARLIEST, Event, EventType, Stamp, content_digest, event_id

NAME = "aider"
PATH_LENGTH = 4096

_RESULT = EventType.TOOL_RESULT.value
_FILES = frozenset((EventType.FILE_READ.value, EventType.FILE_WRITE.value, EventType.FILE_CREATE.value))


class Piece(NamedTuple):
    """A block after redaction, and its text as it stands in the source."""

    kind: Kind
    text: str
    original: str


class Session:
    """A session being read: what its records share, and what is known so far."""

    def __init__(self, key: str, when: Stamp | None, sanitised: bool):
        self.key = key
        self.when = when
        self.sanitised = sanitised
        self.session_id = short_id(f"{NAME}:{key}") or NAME
        self.model: str | None = None
        self.edit_format: str | None = None
        self.version: str | None = None
        self.number = 0  # of the record, in the document
        self.parent: bytes | None = None
        self.running = False  # the person agreed to run the commands that follow
        self.created: set[str] = set()  # files that the person agreed to create
        self.output: list[Piece] = []  # aider's words that stand for nothing else
        self._repeats: dict[tuple[str, int], int] = {}
        self._calls: dict[str, int] = {}

    def record(self, kind: str, pieces: list[Piece]) -> "Record":
        """Return pieces as one record."""
        text = "\n".join(piece.text for piece in pieces)
        original = "\n".join(piece.original for piece in pieces)
        found = written({"kind": kind, "text": text}, {"kind": kind, "text": original}, sanitised=self.sanitised)
        return Record(self, kind, text, found)

    def repeated(self, kind: str, digest: int) -> int:
        """Return how often such a record came before."""
        number = self._repeats.get((kind, digest), 0)
        self._repeats[kind, digest] = number + 1
        return number

    def next_call(self, tool: str) -> str:
        """Return the id of the next call of a tool."""
        self._calls[tool] = self._calls.get(tool, 0) + 1
        return f"{tool}-{self._calls[tool]}"


class Record:
    """A record of a session, which becomes one event or more."""

    def __init__(self, session: Session, kind: str, text: str, found: Written, digest: int | None = None):
        self.session = session
        self.kind = kind
        self.text = text
        self._found = found
        self._digest = found.digest if digest is None else digest
        self._identity = (session.key, kind, str(self._digest), str(session.repeated(kind, self._digest)))
        self._number = session.number
        self._part = 0
        session.number += 1

    def event(self, kind: str, native_type: str) -> Event:
        """Return the next event of the record."""
        session, part = self.session, self._part
        self._part += 1
        when = session.when or Stamp(EARLIEST + self._number * 1000, "none")
        if when.quality == "naive" and self.kind != "session":
            when = Stamp(when.ts, "inherited")
        return Event(
            id=event_id(when.ts, NAME, *self._identity, str(part)),
            ts=when.ts,
            ts_quality=when.quality,
            type=kind,
            agent=NAME,
            session_id=session.session_id,
            offset=self._number,
            part=part,
            digest=self._digest,
            native_type=native_type,
            parent_event_id=session.parent,
            agent_version=session.version,
            model=session.model,
            raw=self._found.raw if part == 0 else None,
            sanitised=self._found.sanitised,
        )

    def call(self, kind: str, tool: str, target: str | None, status: str | None = None) -> list[Event]:
        """Return a call of one of aider's tools and, where it is known, how it ended."""
        event = self.event(kind, tool)
        event.role, event.tool_name = "system" if tool == "add" else "assistant", tool
        event.tool_call_id = self.session.next_call(tool)
        event.summary = one_line(target) or tool
        if kind in _FILES:
            event.file_path = clip(target, PATH_LENGTH)
        if status is None:
            return [event]
        result = self.event(_RESULT, f"{tool}/result")
        result.role, result.tool_name, result.call_type = "tool", tool, kind
        result.tool_call_id, result.parent_event_id = event.tool_call_id, event.id
        result.file_path, result.status = event.file_path, status
        return [event, result]


def start_of(pieces: list[Piece]) -> str | None:
    """Return the local time at which a session began."""
    header = HEADER.fullmatch(pieces[0].original)
    return None if header is None else header[1].replace(" ", "T")


def key_of(pieces: list[Piece]) -> str:
    """Return what tells sessions apart: when it began and in which repository, as several may begin in one second."""
    start = start_of(pieces)
    if start is None:
        return f"{hash_of(pieces[0].original):x}"
    repository = repository_of(pieces)
    return start if repository is None else f"{start}:{hash_of(repository):x}"


def hash_of(text: str) -> int:
    """Return a number that stands for a text."""
    return content_digest(text.encode("utf-8", "replace"))


def repository_of(pieces: list[Piece]) -> str | None:
    """Return what a session says of its repository when it begins."""
    opening = pieces[: length_of_opening(pieces)]
    return next((piece.original for piece in opening if piece.original.startswith("Git repo: ")), None)


def length_of_opening(pieces: list[Piece]) -> int:
    """Return how many blocks tell how the session was started: up to the first prompt, file or tokens."""
    for number, piece in enumerate(pieces[1:], 1):
        if piece.kind == "user" or (piece.kind == "aider" and _tells(piece.text)):
            return number
    return len(pieces)


def _tells(text: str) -> bool:
    return words.report(text) is not None or any(
        pattern.fullmatch(text) for pattern in (words.EDITED, words.COMMITTED, words.FIXING, words.ADDED)
    )
