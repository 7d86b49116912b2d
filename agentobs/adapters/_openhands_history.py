"""Actions and observations of OpenHands before its SDK (V0 and V1), as events."""

from collections.abc import Iterator
from typing import Any

from agentobs.adapters import _shell
from agentobs.adapters._openhands_records import Call, Piece, Tokens, event_of
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import count, encode, inside, text
from agentobs.events import Event, EventType, Item, Skip

MOST_EXIT = 1 << 31
_NO_CALL = ("message", "finish", "system", "recall", "null", "change_agent_state", "condensation", "start", "reject")
_SWITCHES = ("change_agent_state", "agent_state_changed", "condensation", "condensation_request", "start")
_PUSHED_ON = (
    "Please continue working on the task on whatever approach"  # what an evaluation answers in a person's place
)
_EDITS = {"create": EventType.FILE_CREATE, "view": EventType.FILE_READ}


def action_events(piece: Piece) -> Iterator[Item]:
    """Yield a response of the model where the action is the first to tell of it, and the call."""
    value = piece.record.value
    name = text(value.get("action")) or "unknown"
    if name == "null":
        yield Skip(piece.place, "action/null")
        return
    if name in _SWITCHES or name in ("system", "recall") or (name == "message" and _speaker(value) != "agent"):
        yield _note(piece, name)
        return
    part = 0
    response = inside(value, "tool_call_metadata", "model_response")
    response_id = short_id(text(inside(response, "id")))
    if response_id is None or response_id not in piece.run.responses:
        event = event_of(piece)
        event.type, event.role, event.native_type = EventType.LLM_RESPONSE.value, "assistant", f"action/{name}"
        event.summary, event.model = one_line(said(value)), _model(response) or piece.run.model
        add_usage(event, piece, response)
        yield event
        part = 1
    if name not in _NO_CALL:
        yield _call(piece, name, part)
    elif part == 0:
        yield Skip(piece.place, f"action/{name}/repeated")


def observation_events(piece: Piece) -> Iterator[Item]:
    """Yield what was observed: the result of a call, an error, or a note."""
    value, run = piece.record.value, piece.run
    name = text(value.get("observation")) or "null"
    call = run.calls.get(str(value.get("cause"))) if "cause" in value else run.latest_call
    if name == "null":
        yield Skip(piece.place, "observation/null")
        return
    if name in _SWITCHES or name == "recall":
        yield _note(piece, name)
        return
    event = event_of(piece)
    event.native_type = f"observation/{name}"
    if call is None and text(inside(value, "tool_call_metadata", "tool_call_id")) is None and _cause(piece) is None:
        event.type = EventType.ERROR_ENCOUNTERED.value if name == "error" else EventType.UNKNOWN.value
        event.severity, event.role = "error" if name == "error" else "info", "tool"
        event.summary = one_line(text(value.get("content")))
    else:
        _result(event, piece, name, call)
    response = inside(value, "tool_call_metadata", "model_response")
    if short_id(text(inside(response, "id"))) not in run.responses:
        add_usage(event, piece, response)
    if call is run.latest_call:
        run.latest_call = None
    yield event


def add_usage(event: Event, piece: Piece, response: Any) -> None:
    """Give the event the usage of a response that no earlier record told of."""
    key = short_id(text(inside(response, "id")))
    if key is None:
        return
    piece.run.responses.add(key)
    given = inside(response, "usage")
    tokens = tokens_of(given)
    usage = tokens.usage()
    if usage is None or tokens.prompt == 0:
        return
    piece.run.counted += tokens
    event.usage, event.request_id = usage, key
    event.basis = "estimated" if tokens.cache_read or tokens.cache_write else "measured"  # is the cache in the prompt?
    event.usage_key = key if len(key) >= 20 else f"{piece.run.session_id}:{key}"
    event.model = event.model or _model(response) or piece.run.model


def tokens_of(given: Any) -> Tokens:
    """Return the counts of a usage, in the names of the model's library or of OpenHands' own metrics."""
    read = count(inside(given, "cache_read_tokens"))
    read = count(inside(given, "prompt_tokens_details", "cached_tokens")) if read is None else read
    write = count(inside(given, "cache_write_tokens"))
    write = count(inside(given, "cache_creation_input_tokens")) if write is None else write
    reasoning = count(inside(given, "reasoning_tokens"))
    if reasoning is None:
        reasoning = count(inside(given, "completion_tokens_details", "reasoning_tokens"))
    prompt, completion = count(inside(given, "prompt_tokens")), count(inside(given, "completion_tokens"))
    told = read is not None or write is not None
    return Tokens(prompt or 0, completion or 0, read or 0, write or 0, reasoning or 0, told)


def said(value: dict[str, Any]) -> str | None:
    """Return what an action says in words: its thought, its message, its answer."""
    args = arguments(value)
    for name in ("thought", "content", "final_thought"):
        found = text(args.get(name))
        if found is not None:
            return found
    return text(inside(args, "outputs", "content")) or text(value.get("message"))


def done(value: dict[str, Any]) -> str | None:
    """Return what an action does: its command, its code, the file it is about, what it looks for."""
    args = arguments(value)
    for name in ("command", "code", "path", "url", "browser_actions", "query", "thought", "name"):
        found = text(args.get(name))
        if found is not None and not (name == "command" and "path" in args):
            return found
    return None


def given(value: dict[str, Any]) -> str | None:
    """Return what an action was given: a bare command or code, all of it where it is about a file, else as `done`."""
    args = arguments(value)
    if isinstance(args.get("path"), str) and args is not value:
        return encode({name: part for name, part in args.items() if part is not None}).decode()
    return done(value)


def arguments(value: dict[str, Any]) -> dict[str, Any]:
    """Return an action's arguments; the oldest form has them in the action itself."""
    args = value.get("args")
    return args if isinstance(args, dict) else value


def _call(piece: Piece, name: str, part: int) -> Event:
    value, run = piece.record.value, piece.run
    args = arguments(value)
    event = event_of(piece, part)
    event.type, event.native_type, event.role = _kind(name, args), f"action/{name}", "assistant"
    event.tool_name = short_id(text(inside(value, "tool_call_metadata", "function_name"))) or clip(name, 100)
    native = short_id(text(inside(value, "tool_call_metadata", "tool_call_id")))
    own = f"{run.key}:{value['id']}" if run.is_split and isinstance(value.get("id"), int) else None
    event.tool_call_id = native or own or f"event-{event.id.hex()}"
    event.file_path = clip(text(args.get("path")), 4096)
    event.working_directory = clip(text(args.get("cwd")), 4096)
    event.summary = one_line(done(value))
    event.model = _model(inside(value, "tool_call_metadata", "model_response")) or run.model
    run.latest_call = Call(event.tool_call_id, event.type, event.tool_name, event.file_path)
    if isinstance(value.get("id"), (int, str)):
        run.calls[str(value["id"])] = run.latest_call
    return event


def _result(event: Event, piece: Piece, name: str, call: Call | None) -> None:
    value = piece.record.value
    extras, content = inside(value, "extras"), text(value.get("content")) or ""
    event.type, event.role = EventType.TOOL_RESULT.value, "tool"
    own = short_id(text(inside(value, "tool_call_metadata", "tool_call_id")))
    event.tool_call_id = own or (call.id if call else _cause(piece))
    event.tool_name = call.tool if call else short_id(text(inside(value, "tool_call_metadata", "function_name")))
    event.call_type = call.type if call else None
    event.file_path = (call.path if call else None) or clip(text(inside(extras, "path")), 4096)
    code = inside(extras, "metadata", "exit_code")
    code = value.get("exit_code", inside(extras, "exit_code")) if code is None else code
    event.exit_code = code if isinstance(code, int) and not isinstance(code, bool) and 0 <= code < MOST_EXIT else None
    event.working_directory = clip(text(inside(extras, "metadata", "working_dir")), 4096)
    event.status = _status(name, value, event.exit_code, content)
    event.severity = "error" if event.status == "error" else "info"
    event.summary = (
        one_line(content) if event.status in ("error", "denied") else event.file_path and one_line(event.file_path)
    )
    diff = text(inside(extras, "diff"))
    if name == "edit" and event.status == "ok" and diff is not None:
        marks = [line[:1] for line in diff.split("\n") if not line.startswith(("+++", "---"))]
        event.lines_added, event.lines_removed = marks.count("+"), marks.count("-")


def _cause(piece: Piece) -> str | None:
    """Return the call that an observation in a file of its own answers, as `_call` names one without an id."""
    cause = piece.record.value.get("cause")
    split = piece.run.is_split and isinstance(cause, int) and not isinstance(cause, bool) and cause >= 0
    return f"{piece.run.key}:{cause}" if split else None


def _status(name: str, value: dict[str, Any], code: int | None, content: str) -> str | None:
    if name == "user_rejected":
        return "denied"
    if name == "error" or value.get("success") is False or content.startswith("ERROR:"):
        return "error"
    if code is not None:
        return "ok" if code == 0 else "error"
    return "ok" if name in ("read", "edit", "write", "think") or value.get("success") is True else None


def _note(piece: Piece, name: str) -> Event:
    value, run = piece.record.value, piece.run
    args = arguments(value)
    event = event_of(piece)
    event.native_type = f"action/{name}" if "action" in value else f"observation/{name}"
    content = text(args.get("content")) or text(value.get("content")) or text(value.get("message"))
    event.summary = one_line(content)
    if name in _SWITCHES:
        event.type = EventType.CONTEXT_SWITCH.value
        event.native_type = f"{event.native_type}/compact_boundary" if name == "condensation" else event.native_type
        state = text(args.get("agent_state")) or text(inside(value, "extras", "agent_state"))
        event.data = small_json({"agent_state": clip(state, 100)})
        return event
    event.type, event.role = EventType.USER_INTERACTION.value, "system"
    if name == "system":
        run.version = event.agent_version = clip(text(args.get("openhands_version")), 100)
    if name == "message" and _PUSHED_ON not in (content or "")[:200]:
        event.role = "user"
    return event


def _speaker(value: dict[str, Any]) -> str:
    """Who a message is from; in the oldest form only a question waits for a person's answer, and a task comes first."""
    source = text(value.get("source"))
    if source is not None:
        return source
    return "agent" if value.get("wait_for_response") is True else "user"


def _kind(name: str, args: dict[str, Any]) -> str:
    command = text(args.get("command"))
    if name == "run":
        return (
            EventType.COMMAND_EXECUTE.value
            if command is None or args.get("is_input") is True
            else _shell.classify(command)
        )
    if name == "edit":
        return _EDITS.get(command or "", EventType.FILE_WRITE).value
    kinds = {"run_ipython": EventType.COMMAND_EXECUTE, "read": EventType.FILE_READ, "write": EventType.FILE_WRITE}
    return kinds.get(name, EventType.TOOL_INVOCATION).value


def _model(response: Any) -> str | None:
    return short_id(text(inside(response, "model")))
