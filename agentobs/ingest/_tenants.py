"""Whose an event of the network is: ids and keys that no other project can use, and its project.

What the owner of this machine sends has no project of a key: it keeps its ids, so that what was read from files and
what was sent are one. What the key of a project sends has its project before every id, `shop:s1` for the session `s1`:
so it stands in frames and is asked for. Two projects that both send a session `s1` have two sessions.
"""

import msgspec

from agentobs.adapters._otel_identity import NAMELESS
from agentobs.events import Event, call_key, event_id
from agentobs.ingest.contexts import Contexts, DimensionRow
from agentobs.ingest.projects import Projects


class _Sent(msgspec.Struct, rename="camel"):
    id: str | None = None
    project_id: str | None = None


_decode = msgspec.json.Decoder(_Sent).decode


def claim(event: Event, project: str) -> None:
    """Put everything by which an event could meet those of other projects under the name of its own."""
    event.id = _own(event.id, project)
    if event.parent_event_id is not None:
        event.parent_event_id = _own(event.parent_event_id, project)
    mark = project.replace("%", "%25").replace(":", "%3A")
    event.session_id = f"{mark}:{event.session_id}"
    if event.root_session_id is not None:
        event.root_session_id = f"{mark}:{event.root_session_id}"
    if event.usage_key is not None:
        event.usage_key = f"{mark}:{event.usage_key}"
    if event.request_id is not None:
        event.request_id = f"{mark}:{event.request_id}"
    # A short id is one of its session alone, which has the project before it: a mark would make it look like more.
    if event.tool_call_id is not None and call_key(event.session_id, event.tool_call_id) == event.tool_call_id:
        event.tool_call_id = _marked(event.tool_call_id, mark)


def sent_as(event: Event) -> tuple[bool, str | None]:
    """Return whether an AgentEvent came with an id of its own, and the project that it names itself."""
    try:
        sent = _decode(event.raw or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False, None
    return bool(sent.id), sent.project_id


def by_place(event: Event, project: str | None, identity: str, index: int) -> None:
    """Name an event without an id after its place in a request, which a retry repeats."""
    before = event.id
    event.id = event_id(event.ts, "request", project or "", identity, str(index), str(event.part))
    if event.usage_key == f"{event.agent}:{before.hex()}":  # a response named after its event
        event.usage_key = f"{event.agent}:{event.id.hex()}"


def _marked(tool_call_id: str, mark: str) -> str:
    """An id of a call; one that was made for want of a native one still begins so."""
    if tool_call_id.startswith(NAMELESS):
        return f"{NAMELESS}{mark}:{tool_call_id.removeprefix(NAMELESS)}"
    return f"{mark}:{tool_call_id}"


def _own(identity: bytes, project: str) -> bytes:
    """The same time, another hash."""
    return event_id(int.from_bytes(identity[:6], "big") * 1000, "project", project, identity)


class _Elsewhere(Projects):
    """The project of a key. Directories are another machine's: nothing here is asked about them."""

    def __init__(self, project: str) -> None:
        super().__init__({}, project)
        self._project = project

    def resolve(self, session_id: str, working_directory: str | None) -> tuple[str | None, str | None]:
        """Return the project; the repository is unknown."""
        return self._project, None

    def of_directory(self, working_directory: str) -> str:
        """Return the project."""
        return self._project


class _Everybody(Projects):
    """The projects of the owner's sessions, and of all keys whose events were seen."""

    keys: set[str]

    @property
    def seen(self) -> set[str]:
        """The projects seen so far."""
        return super().seen | self.keys


class SpoolContexts(Contexts):
    """Contexts of events of many projects. `of` says which events have another project than their directory's."""

    def __init__(self, first: dict[str, str], project: str | None, machine: str | None) -> None:
        everybody = _Everybody(first, project)
        everybody.keys = set()
        super().__init__(everybody, machine)
        self.of: dict[bytes, str] = {}  # event id -> project, of the piece in hand
        self._everybody = everybody
        self._others: dict[str, Contexts] = {}

    def row(self, event: Event) -> DimensionRow:
        """Return (key, *CONTEXT) of an event."""
        project = self.of.get(event.id)
        if project is None:
            return super().row(event)
        other = self._others.get(project)
        if other is None:
            self._everybody.keys.add(project)
            other = self._others[project] = Contexts(_Elsewhere(project), None)
        return other.row(event)

    def take(self, projects: dict[bytes, str]) -> None:
        """Use these projects for the events that come now."""
        self.of = projects
        for name in projects.values():
            self._everybody.keys.add(name)
