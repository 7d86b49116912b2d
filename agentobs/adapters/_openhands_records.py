"""OpenHands files taken apart: each run's header, its records in order, its end; and what is known of a run meanwhile.

A file is one JSON document (a list of events, or an object with a `history`) or lines of such objects or of events; or
one event, in the folder `events` of its conversation, or that conversation's `base_state.json`.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from agentobs.adapters._text import clip, one_line, short_id
from agentobs.adapters._whole_document import Record, encode, inside, objects, read_value, record, text
from agentobs.events import (
    EARLIEST,
    Event,
    EventType,
    Line,
    Reject,
    Stamp,
    Usage,
    content_digest,
    event_id,
    is_uuid,
    parse_timestamp,
)

NAME = "openhands"
HEADER, END, STATE = "run", "run/end", "base_state"

_OF_THE_END = ("test_result", "metrics", "error", "git_patch", "success", "result_explanation", "comment_success")
_FIRST_WITHOUT_TIMES = 3
_HEAD_OF_REJECT = 65_536
_FILE_OF_AN_EVENT = re.compile(r"([^/]+)/events/(?:event-)?\d+[^/]*\.json$")
_FILE_OF_THE_STATE = re.compile(r"([^/]+)/base_state\.json$")


class Tokens(msgspec.Struct):
    """Token counts as OpenHands gives them: the prompt with its cached part."""

    prompt: int = 0
    completion: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    is_cache_told: bool = False

    def __add__(self, other: "Tokens") -> "Tokens":
        told = self.is_cache_told or other.is_cache_told
        return Tokens(
            *[mine + its for mine, its in zip(self._lanes(), other._lanes(), strict=True)], is_cache_told=told
        )

    def beyond(self, known: "Tokens") -> "Tokens":
        """Return what is in these and not in the known ones."""
        more = [max(mine - its, 0) for mine, its in zip(self._lanes(), known._lanes(), strict=True)]
        return Tokens(*more, is_cache_told=self.is_cache_told)

    def usage(self) -> Usage | None:
        """Return them with the cache taken out of the prompt; None when nothing was counted."""
        if not (self.prompt or self.completion):
            return None
        cached = self.cache_read + self.cache_write
        return Usage(
            input_tokens=self.prompt - cached if self.prompt >= cached else self.prompt,
            output_tokens=self.completion,
            cache_read_tokens=self.cache_read if self.is_cache_told else None,
            cache_write_5m_tokens=self.cache_write if self.is_cache_told else None,
            reasoning_tokens=self.reasoning or None,
        )

    def _lanes(self) -> tuple[int, int, int, int, int]:
        return self.prompt, self.completion, self.cache_read, self.cache_write, self.reasoning


class Call(NamedTuple):
    """A tool call that waits for its observation."""

    id: str
    type: str
    tool: str | None
    path: str | None


class Run:
    """One run while it is read: who it is, its last time, its calls, and the tokens already counted."""

    def __init__(self, session_id: str, key: str, *, is_split: bool = False) -> None:
        self.session_id = session_id
        self.is_split = is_split  # each event in a file of its own: nothing is known of the others
        self.key = key  # from the source as it stands
        self.model: str | None = None
        self.version: str | None = None
        self.last: Stamp | None = None
        self.responses: set[str] = set()
        self.counted = Tokens()
        self.cumulated: dict[str, Tokens] = {}
        self.calls: dict[str, Call] = {}
        self.latest_call: Call | None = None
        self.occurrences: dict[int, int] = {}


class Piece(NamedTuple):
    """One record of a run, with its place in the file."""

    place: int
    kind: str  # HEADER, END, STATE, or "" for a record of the history
    record: Record
    run: Run


def pieces(line: Line, path: str = "") -> Iterator[Piece | Reject]:
    """Yield the records of a file in order, or what cannot be read of it."""
    place = 0
    folder, is_state = _conversation(path)
    events: tuple[list[Any], list[Any], bool] = ([], [], False)
    for value, original, raw, sanitised in _values(line):
        if isinstance(value, str):
            yield Reject(place, value, raw[:_HEAD_OF_REJECT], size_bytes=len(raw))
            place += 1
        elif isinstance(value, dict) and isinstance(value.get("history"), list):
            for piece in _run_of(value, original, place, sanitised=sanitised):
                yield piece
                place = piece.place + 1
        elif is_state and isinstance(value, dict):
            run = Run(f"{NAME}:{folder}", folder, is_split=True)
            yield Piece(place, STATE, record(value, original, sanitised=sanitised), run)
            place += 1
        else:
            listed = isinstance(value, list)
            events[0].extend(value if listed else [value])
            events[1].extend(original if listed and isinstance(original, list) else [original])
            events = (events[0], events[1], events[2] or sanitised)
    if events[0] and not _flat(events[0]):
        yield Reject(place, "a list without events", line[1][:_HEAD_OF_REJECT], size_bytes=len(line[1]))
    yield from _log(*events, place=place, folder="" if is_state else folder)


def _conversation(path: str) -> tuple[str, bool]:
    """Return the conversation whose folder a file lies in, and whether it is that of its state."""
    match = _FILE_OF_AN_EVENT.search(path) or _FILE_OF_THE_STATE.search(path)
    name = short_id(match[1]) if match else None
    return name or "", match is not None and match.re is _FILE_OF_THE_STATE


def _values(line: Line) -> Iterator[tuple[Any, Any, bytes, bool]]:
    """Yield each document of a file beside its original; a text says why there is none."""
    _, redacted, original = line
    lines, others = _lines(redacted), _lines(original)
    if len(others) != len(lines):
        others = lines
    for ours, theirs in zip(lines, others, strict=True):
        found = read_value(ours)
        if isinstance(found, str):
            yield found, None, ours, False
            continue
        value, sanitised = found
        if not isinstance(value, (dict, list)) or value == []:
            yield "neither a run nor an event", None, ours, False
            continue
        there = value if ours is theirs or ours == theirs else read_value(theirs)
        yield value, there[0] if isinstance(there, tuple) else value, ours, sanitised


def _lines(source: bytes) -> list[bytes]:
    """Return the lines of a log, or the whole of a document that is written over several lines."""
    lines = [line for line in source.split(b"\n") if line.strip()]
    if len(lines) < 2 or isinstance(read_value(lines[0]), str) != isinstance(read_value(lines[-1]), str):
        return lines
    return [source] if isinstance(read_value(lines[0]), str) else lines


def _run_of(value: dict[str, Any], original: Any, place: int, *, sanitised: bool) -> Iterator[Piece]:
    history = _flat(value["history"])
    theirs = (
        _flat(original["history"]) if isinstance(original, dict) and isinstance(original.get("history"), list) else []
    )
    theirs = theirs if len(theirs) == len(history) else history
    rest = _without(original if isinstance(original, dict) else value, "history")
    run = _named(_instance(value), _instance(rest), theirs)
    run.model = short_id(
        text(inside(value, "metadata", "llm_config", "model")) or text(inside(value, "metadata", "llm", "model"))
    )
    run.last = _first_time(history) or parse_timestamp(text(inside(value, "metadata", "start_time")) or "")
    head = record(_without(value, "history", *_OF_THE_END), _without(rest, *_OF_THE_END), sanitised=sanitised)
    yield Piece(place, HEADER, head, run)
    for one, other in objects(history, theirs):
        place += 1
        yield Piece(place, "", record(one, other, sanitised=sanitised), run)
    ours = {name: value[name] for name in _OF_THE_END if name in value}
    if ours:
        other = {name: rest[name] for name in _OF_THE_END if name in rest}
        yield Piece(place + 1, END, record(ours, ours if other == ours else other, sanitised=sanitised), run)


def _log(values: list[Any], originals: list[Any], sanitised: bool, *, place: int, folder: str) -> Iterator[Piece]:
    """Yield the events of a file that has nothing but events: one run, named after its folder or the first of them."""
    flat, theirs = _flat(values), _flat(originals)
    pairs = objects(flat, theirs)
    if not pairs:
        return
    run = _named(None, "", theirs if len(theirs) == len(flat) else flat)
    if folder:
        run = Run(f"{NAME}:{folder}", folder, is_split=True)
    run.last = _first_time(flat)
    for one, other in pairs:
        yield Piece(place, "", record(one, other, sanitised=sanitised), run)
        place += 1


def _named(instance: str | None, original: object, history: list[Any]) -> Run:
    first = history[0] if history and isinstance(history[0], dict) else {}
    native = first.get("id")
    if instance is None and isinstance(native, str) and is_uuid(native):
        return Run(f"{NAME}:{native}", native)
    enough = 1 if text(first.get("timestamp")) else _FIRST_WITHOUT_TIMES
    key = f"{content_digest(encode([original, history[:enough]])):016x}"
    return Run(f"{NAME}:{instance}:{key}" if instance else f"{NAME}:{key}", key)


def _instance(value: dict[str, Any]) -> str | None:
    """Return the name of the task that a run is about."""
    for name in ("instance_id", "id", "question_id"):
        found = value.get(name)
        if isinstance(found, (str, int)) and not isinstance(found, bool) and found != "":
            return clip(one_line(str(found)[:200]), 100)
    issue = value.get("issue")
    if not isinstance(issue, dict):
        return None
    return clip("{owner}__{repo}-{number}".format_map(_Known(issue)), 100)


class _Known(dict[str, Any]):
    """The fields of an issue as short texts; what is missing is a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"

    def __getitem__(self, key: str) -> str:
        value = self.get(key)
        return str(value)[:60] if isinstance(value, (str, int)) else "?"


def _flat(history: list[Any]) -> list[Any]:
    """Return the events of a history, pairs of action and observation laid one after the other."""
    flat: list[Any] = []
    for one in history:
        if isinstance(one, list):
            flat.extend(one)
        else:
            flat.append(one)
    return flat


def _without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: part for name, part in value.items() if name not in names}


def _first_time(history: list[Any]) -> Stamp | None:
    for one in history:
        when = parse_timestamp(text(one.get("timestamp")) or "") if isinstance(one, dict) else None
        if when is not None:
            return when
    return None


def event_of(piece: Piece, part: int = 0) -> Event:
    """Return an event of a record, still without type: named by the run, its own id, and what it carries."""
    run, digest = piece.run, piece.record.digest
    ts, quality = _time(piece)
    own = piece.record.original.get("id") if not piece.kind else piece.kind
    if isinstance(own, str) and is_uuid(own):
        identity = (own,)
    elif isinstance(own, (int, str)) and not isinstance(own, bool):
        identity = (run.key, str(own))
    else:
        if part == 0:
            run.occurrences[digest] = run.occurrences.get(digest, 0) + 1
        identity = (run.key, "", str(run.occurrences[digest]))
    shown = piece.record.value.get("id")
    return Event(
        id=event_id(ts, NAME, *identity, str(part), str(digest)),
        ts=ts,
        ts_quality=quality,
        type=EventType.UNKNOWN.value,
        agent=NAME,
        session_id=run.session_id,
        offset=piece.place,
        digest=digest,
        part=part,
        native_id=short_id(str(shown)) if isinstance(shown, (str, int)) and not piece.kind else None,
        agent_version=run.version,
        raw=piece.record.raw if part == 0 else None,
        sanitised=piece.record.sanitised,
    )


def _time(piece: Piece) -> Stamp:
    own = None if piece.kind else parse_timestamp(text(piece.record.original.get("timestamp")) or "")
    if own is not None:
        if own.quality != "clamped":
            piece.run.last = own
        return own
    last = piece.run.last
    return Stamp(EARLIEST + piece.place * 1000, "none") if last is None else Stamp(last.ts, "inherited")
