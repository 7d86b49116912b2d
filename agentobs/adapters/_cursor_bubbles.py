"""The messages of Cursor's sessions, as events: who spoke, what was called, how it ended."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from agentobs.adapters._cursor_tools import PATH_LENGTH, call_of
from agentobs.adapters._milliseconds import moment
from agentobs.adapters._objects import canonical
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import Record, count, inside, nested, number, text
from agentobs.events import (
    EARLIEST,
    Event,
    EventType,
    Skip,
    Stamp,
    Usage,
    content_digest,
    event_id,
    is_uuid,
    parse_timestamp,
)

NAME = "cursor"
SPOKEN_LENGTH = 100
USER, ASSISTANT, COMPACTED = 1, 2, 22
_MILLISECOND = 1000
_MOST_EVENTS = 10_000_000  # keeps the made-up times inside the range that events may have
_SINCE_1970 = 1e12  # milliseconds; a smaller number counts from the start of the program
_ENDED = {"completed": "ok", "success": "ok", "error": "error", "failed": "error", "rejected": "denied"}
_STOPPED = frozenset(("cancelled", "canceled", "aborted"))
_SEVERITIES = {"error": "error", "denied": "warning", "interrupted": "warning"}
_NOT_SAID = frozenset(("createdAt", "timingInfo", "requestId", "workspaceUris", "richText", "bubbleId"))


class Session(msgspec.Struct):
    """What the messages of one session share, and what is known so far."""

    session_id: str
    key: str  # as it stands in the source
    root_session_id: str | None = None
    directory: str | None = None
    ts: int | None = None
    made: int = 0


class Piece(NamedTuple):
    """One thing that a message says or does: its kind and its text."""

    kind: str
    text: str | None


def session_of(composer: dict[str, Any], key: str) -> Session:
    """Return a session by its own record."""
    name = text(composer.get("composerId")) or key
    return Session(
        session_id=named(name),
        key=key,
        root_session_id=_parent(composer),
        directory=_directory(inside(composer, "workspaceIdentifier", "uri")),
    )


def named(native: str) -> str:
    """Return a session's id: unique everywhere by itself, or with the agent's name."""
    return native if is_uuid(native) else short_id(f"{NAME}:{native}") or NAME


def session_start(found: Record, offset: int, session: Session) -> Event:
    """Return the event of the session's own record, known by what does not change with every message."""
    composer = found.value
    found.digest = _digest({name: found.original.get(name) for name in ("composerId", "name", "createdAt")})
    event = begun(found, offset, session, 0, EventType.SESSION_START.value, "composer", _when(composer))
    event.role = "system"
    event.summary = one_line(text(composer.get("name")))
    event.model = _model(inside(composer, "modelConfig", "modelName"))
    event.data = small_json(
        {
            "mode": clip(text(composer.get("unifiedMode")) or text(composer.get("forceMode")), 200),
            "parent_session_id": session.root_session_id,
            "subagent_type": clip(text(inside(composer, "subagentInfo", "subagentTypeName")), 200),
        }
    )
    return event


def bubble(found: Record, offset: int, session: Session) -> list[Event] | Skip:
    """Return the events of a message, or why it has none."""
    said = found.value
    when = _when(said)
    if session.directory is None:
        session.directory = _first_directory(said)
    found.digest = _digest(_said(found.original))
    parts, usage = pieces(said), _usage(said)
    if not parts and usage is None:
        return Skip(offset, "empty_message")
    events = [
        _MAKERS[piece.kind](begun(found, offset, session, place, *_KINDS[piece.kind], when), said, piece)
        for place, piece in enumerate(parts)
    ]
    if not events:
        events = [begun(found, offset, session, 0, EventType.LLM_REQUEST.value, "assistant/tokens", when)]
        events[0].role = "assistant"
    first = events[0]
    for event in events:
        event.model = _model(inside(said, "modelInfo", "modelName"))
        event.parent_event_id = None if event is first else first.id
        if event.native_type == "user/text" and session.root_session_id is not None:
            event.role, event.native_type = "system", "user/subagent_prompt"
    for call, result in pairwise(events):
        if result.type == EventType.TOOL_RESULT:
            _answer(call, result)
    if usage is not None:
        first.usage, first.basis = usage, "estimated"
        first.usage_key = short_id(f"{session.session_id}:{text(said.get('bubbleId')) or first.id.hex()}")
    return events


def pieces(said: dict[str, Any]) -> list[Piece]:
    """Return what a message says and does, in the order of its events."""
    spoken = text(said.get("text")) or plain_text(said.get("richText"))
    kind = said.get("type")
    if kind == USER:
        return [Piece("user", spoken)] if spoken else []
    if kind != ASSISTANT:
        return [Piece("unknown", spoken)]
    found = []
    if said.get("capabilityType") == COMPACTED:
        found.append(Piece("compaction", spoken))
        spoken = None
    thought = said.get("thinking")
    thought = text(thought) or text(inside(thought, "text"))
    found += [Piece("thinking", thought)] if thought else []
    found += [Piece("text", spoken)] if spoken else []
    tool = said.get("toolFormerData")
    if isinstance(tool, dict) and (text(tool.get("name")) or text(tool.get("toolCallId"))):
        found.append(Piece("call", _asked_text(tool)))
        if _status(tool) is not None:
            found.append(Piece("result", _answer_text(tool)))
    if said.get("errorDetails"):
        found.append(Piece("error", _error_text(said["errorDetails"])))
    return found


def begun(
    found: Record, offset: int, session: Session, part: int, kind: str, native_type: str, when: Stamp | None
) -> Event:
    """Return an event of a record; without a time of its own it inherits the last one, or counts from the first day."""
    if when is None and session.ts is not None:
        when = Stamp(session.ts, "inherited")
    elif when is None:
        when = Stamp(EARLIEST + min(session.made, _MOST_EVENTS) * _MILLISECOND, "none")
    elif when.quality != "clamped":
        session.ts = when.ts
    session.made += 1
    native = text(found.original.get("bubbleId")) or text(found.original.get("id")) or str(offset)
    return Event(
        id=event_id(when.ts, NAME, session.key, native, str(found.digest), str(part)),
        ts=when.ts,
        ts_quality=when.quality,
        type=kind,
        agent=NAME,
        session_id=session.session_id,
        root_session_id=session.root_session_id,
        offset=offset,
        part=part,
        digest=found.digest,
        native_type=native_type,
        native_id=short_id(text(found.value.get("bubbleId")) or text(found.value.get("id"))),
        working_directory=session.directory,
        raw=found.raw if part == 0 else None,
        sanitised=found.sanitised,
    )


def plain_text(rich: object) -> str | None:
    """Return the text of Cursor's editor state (JSON in a text): its texts, a line for each paragraph."""
    waiting: list[Any] = [nested(rich).get("root")] if isinstance(rich, str) and len(rich) < 1 << 20 else []
    lines: list[str] = []
    while waiting:
        node = waiting.pop()
        said, children = text(inside(node, "text")), inside(node, "children")
        if said:
            lines.append(said)
        waiting += reversed(children) if isinstance(children, list) else []
    return "\n".join(lines) or None


def _said(original: dict[str, Any]) -> dict[str, Any]:
    if original.get("type") == USER:
        return {"type": USER, "text": text(original.get("text")) or plain_text(original.get("richText"))}
    return {name: value for name, value in original.items() if name not in _NOT_SAID}


def _digest(said: dict[str, Any]) -> int:
    return content_digest(canonical(said))


def _when(said: dict[str, Any]) -> Stamp | None:
    created, timing = said.get("createdAt"), said.get("timingInfo")
    if isinstance(created, str):
        return parse_timestamp(created)
    told = (created, *(inside(timing, name) for name in ("clientRpcSendTime", "clientSettleTime", "clientEndTime")))
    return next((moment(value) for value in told if (number(value) or 0) > _SINCE_1970), None)


def _parent(composer: dict[str, Any]) -> str | None:
    parent = text(inside(composer, "subagentInfo", "parentComposerId"))
    return named(parent) if parent else None


def _directory(uri: object) -> str | None:
    return clip(text(inside(uri, "fsPath")) or text(inside(uri, "path")), PATH_LENGTH)


def _first_directory(said: dict[str, Any]) -> str | None:
    uris = said.get("workspaceUris")
    for uri in uris if isinstance(uris, list) else []:
        if isinstance(uri, str) and uri.startswith("file://"):
            try:
                return clip(unquote(urlsplit(uri).path) or None, PATH_LENGTH)
            except ValueError:  # no address after all
                continue
        if isinstance(uri, dict):
            return _directory(uri)
    return None


def _model(name: object) -> str | None:
    return None if name == "default" else short_id(text(name))  # "default": whichever Cursor takes


def _usage(said: dict[str, Any]) -> Usage | None:
    """What a message used; newer versions say zero for all of them. What was cached is not told apart."""
    given, answered = (
        count(inside(said, "tokenCount", "inputTokens")),
        count(inside(said, "tokenCount", "outputTokens")),
    )
    return Usage(given, answered) if given or answered else None


def _spoken(event: Event, said: dict[str, Any], piece: Piece) -> Event:
    event.role = "user" if piece.kind == "user" else "assistant"
    event.summary = one_line(piece.text) if piece.kind == "user" else one_line(piece.text, SPOKEN_LENGTH)
    if piece.kind == "thinking":
        event.duration_ms = number(said.get("thinkingDurationMs"))
    return event


def _noted(event: Event, _: dict[str, Any], piece: Piece) -> Event:
    event.role = {"compaction": "system", "error": "assistant"}.get(piece.kind)
    event.severity = "error" if piece.kind == "error" else "info"
    event.summary = one_line(piece.text) or (None if piece.kind == "unknown" else piece.kind)
    return event


def _call(event: Event, said: dict[str, Any], _: Piece) -> Event:
    tool = said["toolFormerData"]
    event.role, event.tool_name = "assistant", short_id(text(tool.get("name")))
    event.tool_call_id = short_id(text(tool.get("toolCallId"))) or f"event-{event.id.hex()}"
    call = call_of(event.tool_name, _asked(tool))
    event.type = call.kind
    call.fill(event)
    return event


def _result(event: Event, said: dict[str, Any], piece: Piece) -> Event:
    tool = said["toolFormerData"]
    result = nested(tool.get("result"))
    event.role, event.status = "tool", _status(tool)
    event.severity = _SEVERITIES.get(event.status or "", "info")
    event.exit_code = _exit_code(result)
    event.summary = one_line(piece.text) if event.status != "ok" else None
    chunks = inside(result, "diff", "chunks")
    changes = [(count(inside(one, "linesAdded")), count(inside(one, "linesRemoved"))) for one in chunks or []]
    if changes and all(added is not None and removed is not None for added, removed in changes):
        event.lines_added = sum(added or 0 for added, _ in changes)
        event.lines_removed = sum(removed or 0 for _, removed in changes)
    if event.ts_quality == "exact":
        event.ts_quality = "inherited"  # the message says when it began
    return event


def _answer(call: Event, result: Event) -> None:
    result.parent_event_id, result.tool_call_id, result.tool_name = call.id, call.tool_call_id, call.tool_name
    result.call_type, result.file_path = call.type, call.file_path


def _asked(tool: dict[str, Any]) -> dict[str, Any]:
    return {**nested(tool.get("params")), **nested(tool.get("rawArgs"))}


def _asked_text(tool: dict[str, Any]) -> str | None:
    asked = _asked(tool)
    return text(asked.get("command")) or (msgspec.json.format(canonical(asked), indent=2).decode() if asked else None)


def _answer_text(tool: dict[str, Any]) -> str | None:
    result = nested(tool.get("result"))
    told = _error_text(nested(tool.get("error")) or tool.get("error"))
    return told or text(result.get("output")) or text(result.get("contents")) or text(tool.get("result"))


def _error_text(error: object) -> str | None:
    names = ("modelVisibleErrorMessage", "clientVisibleErrorMessage", "message", "error", "title", "detail")
    return text(error) or next((inside(error, name) for name in names if text(inside(error, name))), None)


def _exit_code(result: dict[str, Any]) -> int | None:
    code = next((result[name] for name in ("exitCodeV2", "exitCode") if name in result), None)
    return code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31 else None


def _status(tool: dict[str, Any]) -> str | None:
    """How a call ended: what the person decided, then what its result says, then what it says of itself."""
    result, said = nested(tool.get("result")), (text(tool.get("status")) or "").lower()
    if tool.get("userDecision") == "rejected" or result.get("rejected") is True:
        return "denied"
    if said in _STOPPED or (text(result.get("endedReason")) or "").endswith("ABORTED"):
        return "interrupted"
    if said in _ENDED and (tool.get("additionalStatus") == "error" or _exit_code(result) or result.get("error")):
        return "error"
    return _ENDED.get(said)


_KINDS = {
    "user": (EventType.USER_INTERACTION.value, "user/text"),
    "unknown": (EventType.UNKNOWN.value, "message"),
    "thinking": (EventType.LLM_RESPONSE.value, "assistant/thinking"),
    "text": (EventType.LLM_RESPONSE.value, "assistant/text"),
    "call": (EventType.TOOL_INVOCATION.value, "assistant/tool"),
    "result": (EventType.TOOL_RESULT.value, "assistant/tool"),
    "compaction": (EventType.CONTEXT_SWITCH.value, "assistant/compaction"),
    "error": (EventType.ERROR_ENCOUNTERED.value, "assistant/error"),
}
_MAKERS: dict[str, Callable[[Event, dict[str, Any], Piece], Event]] = {
    **dict.fromkeys(("user", "thinking", "text"), _spoken),
    **dict.fromkeys(("compaction", "error", "unknown"), _noted),
    "call": _call,
    "result": _result,
}
