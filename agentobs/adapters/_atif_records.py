"""ATIF documents taken apart: each trajectory's header, its steps, its end; embedded subagents after their parent."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from agentobs.adapters._atif_usage import writes_beside
from agentobs.adapters._text import clip, short_id
from agentobs.adapters._whole_document import Record, encode, inside, objects, record, text
from agentobs.events import EARLIEST, Event, EventType, Stamp, content_digest, event_id, parse_timestamp

NAME = "atif"
HEADER, STEP, END = "trajectory", "step", "trajectory/end"

_OF_THE_END = ("final_metrics", "continued_trajectory_ref")
_NOT_OF_THE_HEADER = (*_OF_THE_END, "steps", "subagent_trajectories")
_PLACE_OF_A_STEP = ("step_id", "is_copied_context")
_CONTINUED = re.compile(r"[-_.]cont[-_.]?\d+$")
_DEEPEST = 8


class Trajectory:
    """One trajectory while it is read: whose it is, its last time, its calls, and how often equal steps came."""

    def __init__(self, value: dict[str, Any], session_id: str, key: str, root: str | None) -> None:
        agent = value.get("agent")
        self.session_id = session_id
        self.key = key  # the same from the source as it stands: for identity only
        self.root = root
        self.agent = clip(text(inside(agent, "name")), 100)
        self.version = clip(text(inside(agent, "version")), 100)
        self.model = short_id(text(inside(agent, "model_name")))
        extra = inside(agent, "extra")
        self.directory = clip(text(inside(extra, "cwd")) or _only(inside(extra, "cwds")), 4096)
        self.branch = short_id(text(inside(extra, "git", "branch")) or _only(inside(extra, "git_branches")))
        self.writes_beside = writes_beside(value.get("steps"))
        self.last: Stamp | None = None
        self.calls: dict[str, str] = {}  # tool call id -> the step that has it
        self.occurrences: dict[int, int] = {}


class Piece(NamedTuple):
    """One record of a trajectory, with its place in the document."""

    place: int
    kind: str
    record: Record
    run: Trajectory
    identity: int  # of a step: what it says, whatever its number and whether it was copied
    occurrence: int  # which of the equal steps of the trajectory this is


def pieces(
    value: dict[str, Any], original: Any, place: int, root: str | None, *, sanitised: bool
) -> Iterator[Piece]:  # fmt: skip
    """Yield the records of a document in order; `root` is the session whose subagent it is."""
    theirs = original if isinstance(original, dict) else value
    names = _session(value, theirs), _session(theirs, theirs)
    yield from _trajectory(value, theirs, place, names, root, 0, sanitised=sanitised)


def _trajectory(
    value: dict[str, Any], original: dict[str, Any], place: int, names: tuple[str, str], root: str | None, depth: int,
    *, sanitised: bool,
) -> Iterator[Piece]:  # fmt: skip
    run = Trajectory(value, *names, root)
    steps = objects(value.get("steps"), original.get("steps"))
    run.last = _first_time([step for step, _ in steps])
    head = record(_without(value), _without(original), sanitised=sanitised)
    yield Piece(place, HEADER, head, run, head.digest, 0)
    for step, other in steps:
        place += 1
        one = record(step, other, sanitised=sanitised)
        identity = content_digest(encode(_content(one.original)))
        occurrence = run.occurrences.get(identity, 0)
        run.occurrences[identity] = occurrence + 1
        yield Piece(place, STEP, one, run, identity, occurrence)
    ours = {name: value[name] for name in _OF_THE_END if value.get(name) is not None}
    if ours:
        place += 1
        end = record(ours, {name: original[name] for name in ours if name in original}, sanitised=sanitised)
        yield Piece(place, END, end, run, end.digest, 0)
    if depth >= _DEEPEST:
        return
    others = original.get("subagent_trajectories")
    for number, (child, other) in enumerate(objects(value.get("subagent_trajectories"), others)):
        there = other if isinstance(other, dict) else child
        inner = _child(names[0], child, number), _child(names[1], there, number)
        for piece in _trajectory(child, there, place + 1, inner, root or names[0], depth + 1, sanitised=sanitised):
            yield piece
            place = piece.place


def _session(value: dict[str, Any], original: dict[str, Any]) -> str:
    """Return whose document it is; a continuation in another file belongs to the session that it continues."""
    native = text(value.get("session_id")) or text(value.get("trajectory_id"))
    if native is not None:
        return f"{NAME}:{short_id(_CONTINUED.sub('', native) or native)}"
    steps = original.get("steps")
    first = steps[:2] if isinstance(steps, list) else []
    return f"{NAME}:{content_digest(encode([original.get('agent'), first])):016x}"


def _child(session: str, value: dict[str, Any], number: int) -> str:
    own = text(value.get("trajectory_id")) or text(value.get("session_id")) or str(number)
    return short_id(f"{session}:{own}") or session


def _only(values: Any) -> str | None:
    return text(values[0]) if isinstance(values, list) and len(values) == 1 else None


def _without(value: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if name not in _NOT_OF_THE_HEADER}


def _content(step: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in step.items() if name not in _PLACE_OF_A_STEP and part is not None}


def _first_time(steps: list[dict[str, Any]]) -> Stamp | None:
    for step in steps:
        when = parse_timestamp(text(step.get("timestamp")) or "")
        if when is not None and when.quality != "clamped":
            return when
    return None


def event_of(piece: Piece, when: Stamp, part: int = 0) -> Event:
    """Return an event of a record, still without type."""
    run = piece.run
    return Event(
        id=event_id(when.ts, NAME, run.key, piece.kind, f"{piece.identity:x}", str(piece.occurrence), str(part)),
        ts=when.ts,
        ts_quality=when.quality,
        type=EventType.UNKNOWN.value,
        agent=NAME,
        session_id=run.session_id,
        root_session_id=run.root,
        offset=piece.place,
        digest=piece.identity,
        part=part,
        agent_version=" ".join(filter(None, (run.agent, run.version))) or None,
        working_directory=run.directory,
        branch=run.branch,
        raw=piece.record.raw if part == 0 else None,
        sanitised=piece.record.sanitised,
    )


def time_of(piece: Piece) -> Stamp:
    """Return the time of a step, of the one before, or of its place where the source knows none."""
    own = parse_timestamp(text(piece.record.original.get("timestamp")) or "") if piece.kind == STEP else None
    if own is not None:
        if own.quality != "clamped":
            piece.run.last = own
        return own
    last = piece.run.last
    return Stamp(EARLIEST + piece.place * 1000, "none") if last is None else Stamp(last.ts, "inherited")
