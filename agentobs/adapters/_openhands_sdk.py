"""Events of the OpenHands SDK (since October 2025), told by their `kind`.

Tokens stand only in cumulative statistics: each statement gives what came since the last one, basis `reported`. Where
each event has a file of its own all statements share one key: the largest counts.
"""

from collections.abc import Iterator
from typing import Any

from agentobs.adapters import _shell
from agentobs.adapters._milliseconds import moment
from agentobs.adapters._openhands_history import MOST_EXIT, tokens_of
from agentobs.adapters._openhands_records import NAME, Call, Piece, Tokens, event_of
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import encode, inside, nested, number, text
from agentobs.events import Event, EventType, Item, event_id

_TERMINAL = ("TerminalAction", "ExecuteBashAction", "BashAction")
_SEARCH = ("GlobAction", "GrepAction")
_EDITS = {"create": EventType.FILE_CREATE, "view": EventType.FILE_READ}
_SPEAKERS = {"user": "user", "agent": "assistant"}
_SWITCHES = ("Condensation", "CondensationRequest", "CondensationSummaryEvent", "PauseEvent")
_COMPACTION = "Condensation"


def sdk_events(piece: Piece) -> Iterator[Item]:
    """Yield the events of one record."""
    kind = text(piece.record.value.get("kind")) or "unknown"
    if kind == "ActionEvent":
        yield from _action(piece)
        return
    event = event_of(piece)
    event.native_type = clip(kind, 200)
    if kind in ("AgentErrorEvent", "UserRejectObservation") or kind.endswith("ObservationEvent"):
        _result(event, piece)
    elif kind == "ConversationStateUpdateEvent":
        _state(event, piece)
    elif kind == "MessageEvent":
        source = text(piece.record.value.get("source")) or ""
        event.role = _SPEAKERS.get(source, "system")
        event.type = (EventType.LLM_RESPONSE if source == "agent" else EventType.USER_INTERACTION).value
        event.summary = one_line(words(inside(piece.record.value, "llm_message", "content")))
        event.model = piece.run.model if source == "agent" else None
    elif kind == "SystemPromptEvent":
        event.type, event.role = EventType.USER_INTERACTION.value, "system"
    elif kind == "ConversationErrorEvent":
        event.type, event.severity = EventType.ERROR_ENCOUNTERED.value, "error"
        event.summary = one_line(text(piece.record.value.get("detail")) or text(piece.record.value.get("code")))
    elif kind in _SWITCHES:
        event.type = EventType.CONTEXT_SWITCH.value
        event.native_type = f"{kind}/compact_boundary" if kind == _COMPACTION else kind
        event.summary = one_line(text(piece.record.value.get("summary")))
    yield event


def words(content: Any) -> str | None:
    """Return the text of a list of content parts."""
    if isinstance(content, str):
        return content or None
    parts = [text(inside(part, "text")) for part in content] if isinstance(content, list) else []
    return "\n".join([part for part in parts if part is not None]) or None


def said(value: dict[str, Any]) -> str | None:
    """Return the words of a record: a thought, a message, what was observed."""
    found = (
        words(value.get("thought"))
        or text(value.get("reasoning_content"))
        or words(inside(value, "llm_message", "content"))
        or words(inside(value, "observation", "content"))
        or text(inside(value, "observation", "output"))
    )
    return found or text(value.get("error")) or text(value.get("detail")) or text(value.get("rejection_reason"))


def done(value: dict[str, Any]) -> str | None:
    """Return what an action does: its command, the file, the place, or all of its arguments."""
    action = value.get("action")
    names = ("path", "command", "pattern", "url", "query", "message", "thought")
    for name in names:
        found = text(inside(action, name))
        if found is not None:
            return found
    asked = inside(value, "tool_call", "arguments")
    return text(asked) or (encode(action).decode() if isinstance(action, dict) else None)


def given(value: dict[str, Any]) -> str | None:
    """Return what an action was given: a bare command, all of it where it is about a file, else as `done`."""
    action = value.get("action")
    if isinstance(action, dict) and isinstance(action.get("path"), str):
        return encode({name: part for name, part in action.items() if part is not None and name != "kind"}).decode()
    return done(value)


def _action(piece: Piece) -> Iterator[Event]:
    value, run = piece.record.value, piece.run
    response = short_id(text(value.get("llm_response_id")))
    part = 0
    if (response is None or response not in run.responses) and not (run.is_split and said(value) is None):
        if response is not None:
            run.responses.add(response)
        event = event_of(piece)
        event.type, event.role, event.native_type = EventType.LLM_RESPONSE.value, "assistant", "ActionEvent/response"
        event.summary, event.model, event.request_id = one_line(said(value)), run.model, response
        yield event
        part = 1
    action = value.get("action") or nested(inside(value, "tool_call", "arguments"))
    event = event_of(piece, part)
    kind = text(inside(action, "kind")) or "unknown"
    event.type, event.native_type, event.role = _kind(kind, action), clip(f"ActionEvent/{kind}", 200), "assistant"
    event.tool_name = short_id(text(value.get("tool_name"))) or clip(kind, 100)
    event.tool_call_id = short_id(text(value.get("tool_call_id"))) or f"event-{event.id.hex()}"
    event.file_path = clip(text(inside(action, "path")), 4096)
    event.summary = one_line(done(value))
    event.request_id, event.model = response, run.model
    event.data = small_json({"security_risk": clip(text(value.get("security_risk")), 40)})
    call = Call(event.tool_call_id, event.type, event.tool_name, event.file_path)
    run.calls[event.tool_call_id] = call
    run.calls[str(value.get("id"))] = call
    yield event


def _kind(kind: str, action: Any) -> str:
    command = text(inside(action, "command"))
    if kind in _TERMINAL:
        is_input = inside(action, "is_input") is True
        return EventType.COMMAND_EXECUTE.value if command is None or is_input else _shell.classify(command)
    if kind.endswith("EditorAction"):
        return _EDITS.get(command or "", EventType.FILE_WRITE).value
    return (EventType.SEARCH_PERFORMED if kind in _SEARCH else EventType.TOOL_INVOCATION).value


def _result(event: Event, piece: Piece) -> None:
    value = piece.record.value
    seen = value.get("observation")
    own = short_id(text(value.get("tool_call_id")))
    call = piece.run.calls.get(own or "") or piece.run.calls.get(str(value.get("action_id")))
    event.type, event.role = EventType.TOOL_RESULT.value, "tool"
    event.tool_call_id = own or (call.id if call else None)
    event.tool_name = short_id(text(value.get("tool_name"))) or (call.tool if call else None)
    event.call_type = call.type if call else None
    event.file_path = (call.path if call else None) or clip(text(inside(seen, "path")), 4096)
    code = inside(seen, "exit_code")
    code = inside(seen, "metadata", "exit_code") if code is None else code
    event.exit_code = code if isinstance(code, int) and not isinstance(code, bool) and 0 <= code < MOST_EXIT else None
    event.working_directory = clip(text(inside(seen, "metadata", "working_dir")), 4096)
    event.status = _status(text(value.get("kind")) or "", seen, event.exit_code)
    event.severity = "error" if event.status == "error" else "info"
    event.summary = one_line(said(value)) if event.status in ("error", "denied") else None


def _status(kind: str, seen: Any, code: int | None) -> str | None:
    if kind == "UserRejectObservation":
        return "denied"
    if kind == "AgentErrorEvent" or inside(seen, "is_error") is True or inside(seen, "error"):
        return "error"
    if code is not None:
        return "ok" if code == 0 else "error"
    return "ok" if inside(seen, "is_error") is False else None


def _state(event: Event, piece: Piece) -> None:
    value = piece.record.value
    key = text(value.get("key")) or ""
    event.type, event.severity = EventType.CONTEXT_SWITCH.value, "debug"
    event.summary = one_line(f"{key}: {value['value']}" if isinstance(value.get("value"), str) else key)
    stats = value.get("value") if key == "stats" else inside(value.get("value"), "stats")
    _count(event, piece, stats)


def state_event(piece: Piece) -> Event:
    """Return the event of a conversation's state: its model, its folder, and the tokens of all of its responses."""
    value = piece.record.value
    event = event_of(piece)
    event.type, event.severity, event.native_type = EventType.CONTEXT_SWITCH.value, "debug", piece.kind
    event.working_directory = clip(text(inside(value, "workspace", "working_dir")), 4096)
    piece.run.model = event.model = short_id(text(inside(value, "agent", "llm", "model")))
    _count(event, piece, value.get("stats"))
    last = max((at for cost in _costs(value.get("stats")) if (at := number(inside(cost, "timestamp")))), default=None)
    when = None if last is None else moment(last * 1000)
    if when is not None:
        event.ts, event.ts_quality = when.ts, when.quality
        event.id = event_id(when.ts, NAME, piece.run.key, piece.kind, str(event.digest))
    status = text(value.get("execution_status")) or text(value.get("agent_status"))
    event.data = small_json({"execution_status": clip(status, 40)})
    return event


def _costs(stats: Any) -> list[Any]:
    found = [costs for counted in _metrics(stats).values() if isinstance(costs := inside(counted, "costs"), list)]
    return [cost for costs in found for cost in costs]


def _metrics(stats: Any) -> dict[str, Any]:
    metrics = inside(stats, "usage_to_metrics") or inside(stats, "service_to_metrics")
    return metrics if isinstance(metrics, dict) else {}


def _count(event: Event, piece: Piece, stats: Any) -> None:
    """Give the event what statistics, which are totals, have grown by; where nothing else is known, all of them."""
    run = piece.run
    new = Tokens()
    for name, counted in _metrics(stats).items():
        now, before = tokens_of(inside(counted, "accumulated_token_usage")), run.cumulated.get(name, Tokens())
        run.cumulated[name] = now
        grown = now.beyond(before) if now.completion >= before.completion and now.prompt >= before.prompt else now
        if grown.prompt or grown.completion:
            new += grown
            run.model = event.model = short_id(text(inside(counted, "model_name"))) or run.model
    usage = new.usage()
    if usage is not None:
        run.counted += new
        event.usage, event.basis = usage, "reported"
        event.usage_key = f"{run.session_id}:stats" if run.is_split else f"{run.key}:{event.id.hex()}"
