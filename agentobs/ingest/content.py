"""How much of what was said is kept: full, redacted, hashed or metadata, by the project of each event.

Reading redacts a source as a whole, before anything is parsed; what is kept of an event is decided here, when its
project is known, before it becomes a row. Numbers, types, names of tools and models, statuses, times, ids and
directories stay in every mode.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter
from agentobs.events import Event
from agentobs.ingest.projects import Projects
from agentobs.ingest.reading import Memory, Piece, Reader
from agentobs.redaction import Redactor
from agentobs.settings import Content, Mode, strictest
from agentobs.store.batch import Rejected


class Keeper:
    """The modes of the settings, and what is needed to apply them. For one thread at a time."""

    def __init__(
        self, content: Content, key: bytes, redactor: Redactor | None, rules_version: str | None = None
    ) -> None:
        self.content = content
        self.redactor = redactor
        self.rules_version = rules_version
        self._key = key

    def redactor_for(
        self, adapter: Adapter, fd: int, path: Path, saved: bytes | None, project: str | None
    ) -> Redactor | None:
        """Return what redacts a source while it is read: nothing where all its projects, as far as seen, are full."""
        if "full" not in self.content.modes:
            return self.redactor
        projects = Projects(msgspec.json.decode(saved, type=Memory).directories if saved else {}, project)
        seen = projects.seen or _ahead(adapter, fd, path, projects)
        modes = {self.content.of(name) for name in seen or [None]}
        return None if modes == {"full"} else self.redactor

    def piece(self, piece: Piece, projects: Projects, *, is_redacted: bool) -> "Keeping | None":
        """Return what applies the modes to a piece; None where everything stays as it was read."""
        if is_redacted and self.content.modes <= {"full", "redacted"}:
            return None
        return Keeping(self, piece, projects, is_redacted=is_redacted)

    def tag(self, text: str | bytes) -> str:
        """Return what stands for a text: the same for the same text under the same key, and its size in bytes."""
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        digest = hmac.new(self._key, b"hashed\0" + data, hashlib.sha256).hexdigest()
        return f"«hashed:{digest[:16]}:{len(data)}»"


class Keeping:
    """Applies the modes to the events and rejects of one piece, in their order."""

    def __init__(self, keeper: Keeper, piece: Piece, projects: Projects, *, is_redacted: bool) -> None:
        self._keeper = keeper
        self._counts: Counter[str] = piece.counts.redactions
        self._projects = projects
        self._is_redacted = is_redacted
        self._holed: int | None = None  # offset of the record in hand, if it had a secret
        self._ahead: dict[str, str] = {}
        for event in piece.events:
            if event.working_directory is not None:
                self._ahead.setdefault(event.session_id, event.working_directory)

    def event(self, event: Event, project: str | None) -> None:
        """Leave in an event what the mode of its project keeps.

        Where its session has not said yet where it runs, what it says later in the piece decides.
        """
        if project is None and event.session_id in self._ahead:
            project = self._projects.of_directory(self._ahead[event.session_id])
        mode = self._keeper.content.of(project)
        if mode == "metadata":
            _strip(event, self._keeper.tag)
        elif mode == "hashed":
            _hash(event, self._keeper.tag)
        elif mode == "redacted" and not self._is_redacted and self._keeper.redactor is not None:
            self._redact(event, self._keeper.redactor)

    def rejects(self, rejects: list[Rejected]) -> list[Rejected]:
        """Return the rejects as the strictest mode of the source's projects keeps them: nobody knows whose they are."""
        mode = strictest(self._keeper.content.of(project) for project in self._projects.seen or [None])
        return [msgspec.structs.replace(reject, raw=self._rejected(reject.raw, mode)) for reject in rejects]

    def _rejected(self, raw: bytes, mode: Mode) -> bytes:
        if mode == "metadata" or not raw:
            return b""
        if mode == "hashed":
            return self._keeper.tag(raw).encode()
        if mode == "redacted" and not self._is_redacted and self._keeper.redactor is not None:
            return self._keeper.redactor.text(raw, self._counts)
        return raw

    def _redact(self, event: Event, redactor: Redactor) -> None:
        """The source was read with its secrets. A text that was cut may hold half of one: it goes with its record's."""
        if event.raw is not None:
            clean = redactor.text(event.raw, self._counts)
            self._holed = None if clean is event.raw else event.offset
            event.raw = clean
        if event.offset == self._holed:
            event.summary = event.data = None
        for name in ("summary", "data", "file_path"):
            value = getattr(event, name)
            if value is not None:
                setattr(event, name, redactor.text(value, self._counts))


def _strip(event: Event, tag: Callable[[str | bytes], str]) -> None:
    event.raw = event.summary = None
    event.tags = ()
    event.file_path = None if event.file_path is None else tag(event.file_path)  # so that files can be counted
    if event.data is not None:
        values: dict[str, Any] = msgspec.json.decode(event.data)
        numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
        event.data = msgspec.json.encode(numbers) if numbers else None


def _hash(event: Event, tag: Callable[[str | bytes], str]) -> None:
    event.raw = None if event.raw is None else tag(event.raw).encode()
    event.summary = None if event.summary is None else tag(event.summary)
    event.file_path = None if event.file_path is None else tag(event.file_path)
    event.tags = tuple(tag(text) for text in event.tags)
    if event.data is not None:
        values: dict[str, Any] = msgspec.json.decode(event.data)
        event.data = msgspec.json.encode({name: _hashed(value, tag) for name, value in values.items()})


def _hashed(value: Any, tag: Callable[[str | bytes], str]) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    return tag(value if isinstance(value, str) else msgspec.json.encode(value))


def _ahead(adapter: Adapter, fd: int, path: Path, projects: Projects) -> set[str]:
    """The projects that the first piece of a source names, before it is read."""
    for piece in Reader(adapter, None, None, path).read(fd, 0, final=True):
        directories = {event.working_directory for event in piece.events if event.working_directory is not None}
        return {projects.of_directory(directory) for directory in directories}
    return set()
