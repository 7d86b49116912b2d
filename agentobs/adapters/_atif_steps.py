"""Steps of an ATIF trajectory as events: who spoke, what was called, what came back, and what it took."""

import re
from typing import Any, NamedTuple

from agentobs.adapters._atif_records import Piece, Trajectory, event_of, time_of
from agentobs.adapters._atif_tools import Asked, asked_of
from agentobs.adapters._atif_usage import usage_of
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import count, inside, number, text
from agentobs.events import Event, EventType, Stamp

_MOST_RESULTS = 1000
_EXIT_CODE = re.compile(
    r"<returncode>(-?\d{1,6})</returncode>|\[Command finished with exit code (-?\d{1,6})\]|\[exit_code\] (-?\d{1,6})"
)
_FAILED = "[error] tool reported failure"  # what Harbor writes below a result of Claude Code that is an error
_STATUSES = {
    **dict.fromkeys(("ok", "success", "succeeded", "completed", "done"), "ok"),
    **dict.fromkeys(("error", "failed", "failure", "timeout"), "error"),
    **dict.fromkeys(("denied", "rejected", "blocked"), "denied"),
    **dict.fromkeys(("cancelled", "canceled", "interrupted", "aborted"), "interrupted"),
}
_SEVERITIES = {"error": "error", "denied": "warning", "interrupted": "warning"}


class Call(NamedTuple):
    """A call of a step, for its result."""

    id: str
    tool: str | None
    asked: Asked


def step_events(piece: Piece) -> list[Event]:
    """Return the events of one step."""
    step, when = piece.record.value, time_of(piece)
    found: list[Event] = []
    source = text(step.get("source"))
    if source == "agent":
        calls: dict[str, Call] = {}
        if count(step.get("llm_call_count")) != 0 or not step.get("tool_calls"):
            found.append(_answer(piece, when))
        for number_, given in enumerate(_objects(step.get("tool_calls"))):
            found.append(_call(piece, when, len(found), number_, given, calls))
    elif source in ("user", "system"):
        calls = {}
        found.append(_said(piece, when, source))
    else:
        calls = {}
        event = event_of(piece, when)
        event.native_type, event.summary = "step/untyped", one_line(words(step.get("message")))
        found.append(event)
    results = _objects(inside(step, "observation", "results"))
    for result in results:
        found.append(_result(piece, when, len(found), result, calls, alone=len(results) == 1))
    _mark(found, step)
    return found


def _mark(found: list[Event], step: dict[str, Any]) -> None:
    """Give a step's events what its extras tell of it."""
    extra = step.get("extra")
    is_copy, is_side = step.get("is_copied_context") is True, inside(extra, "is_sidechain") is True
    directory = clip(text(inside(extra, "cwd")), 4096)
    request = short_id(text(inside(extra, "requestId")) or text(inside(extra, "request_id")))
    for event in found:
        event.is_copy, event.is_sidechain = is_copy, is_side
        event.working_directory = directory or event.working_directory
        event.request_id = request
        if is_side:
            event.thread_id = short_id(text(inside(extra, "agent_id"))) or "sidechain"
            event.role = "system" if event.role == "user" else event.role


def words(message: Any) -> str | None:
    """Return the text of a message, or of its parts."""
    if isinstance(message, str):
        return message or None
    parts = [text(inside(part, "text")) for part in message] if isinstance(message, list) else []
    return "\n".join([part for part in parts if part is not None]) or None


def said(step: dict[str, Any]) -> str | None:
    """Return what a step says, else what it thinks."""
    return words(step.get("message")) or text(step.get("reasoning_content"))


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value[:_MOST_RESULTS] if isinstance(one, dict)] if isinstance(value, list) else []


def _answer(piece: Piece, when: Stamp) -> Event:
    step, run = piece.record.value, piece.run
    event = event_of(piece, when)
    event.type, event.role, event.native_type = EventType.LLM_RESPONSE.value, "assistant", "step/agent"
    event.summary = one_line(said(step))
    event.model = short_id(text(step.get("model_name"))) or run.model
    metrics = step.get("metrics")
    event.usage = usage_of(metrics, writes_beside=run.writes_beside)
    if event.usage is not None:
        event.usage_key = f"{run.session_id}:{piece.identity:016x}:{piece.occurrence}"
        event.basis = "measured"
    event.reported_cost_usd = number(inside(metrics, "cost_usd"))
    event.duration_ms = number(inside(metrics, "duration_ms"))
    effort = step.get("reasoning_effort")
    calls = count(step.get("llm_call_count"))
    event.data = small_json(
        {
            "reasoning_effort": clip(effort, 40) if isinstance(effort, str) else number(effort),
            "llm_calls": calls if calls != 1 else None,
        }
    )
    return event


def _said(piece: Piece, when: Stamp, source: str) -> Event:
    """A person's prompt; what a parent agent asks its subagent is none, nor is what the system says."""
    step = piece.record.value
    event = event_of(piece, when)
    event.type, event.native_type = EventType.USER_INTERACTION.value, f"step/{source}"
    event.role = "user" if source == "user" and piece.run.root is None else "system"
    event.summary = one_line(said(step))
    managed = inside(step, "extra", "context_management")
    if source == "system" and isinstance(managed, dict):
        how = clip(text(managed.get("type")), 40)
        event.type = EventType.CONTEXT_SWITCH.value
        event.native_type = (
            "step/system/compact_boundary" if how in ("compaction", "summary") else "step/system/context"
        )
        event.data = small_json({"context_management": how})
    return event


def _call(
    piece: Piece, when: Stamp, part: int, place: int, given: dict[str, Any], calls: dict[str, Call]
) -> Event:  # fmt: skip
    run = piece.run
    event = event_of(piece, when, part)
    tool = short_id(text(given.get("function_name")))
    arguments = given.get("arguments")
    asked = asked_of(tool, arguments if isinstance(arguments, dict) else {})
    native = text(given.get("tool_call_id"))
    event.type, event.native_type, event.role = asked.type, "step/tool_call", "assistant"
    event.tool_name, event.tool_call_id = tool, _call_id(piece, run, native, place)
    event.file_path, event.summary, event.data = asked.file_path, asked.summary, asked.data
    event.model = short_id(text(piece.record.value.get("model_name"))) or run.model
    calls[native or f"#{place}"] = Call(event.tool_call_id, tool, asked)
    return event


def _call_id(piece: Piece, run: Trajectory, native: str | None, place: int) -> str:
    """Return the call's own id; where an earlier step has it too, with what tells the two steps apart."""
    mark = f"{piece.identity:016x}:{piece.occurrence}"
    if native is None:
        return f"{mark}:{place}"
    own = short_id(native) or native
    return own if run.calls.setdefault(own, mark) == mark else f"{own[:150]}:{mark}"


def _result(
    piece: Piece, when: Stamp, part: int, given: dict[str, Any], calls: dict[str, Call], *, alone: bool
) -> Event:  # fmt: skip
    step = piece.record.value
    event = event_of(piece, when, part)
    native = text(given.get("source_call_id"))
    call = calls.get(native or "")
    if call is None and native is None and alone and len(calls) == 1:
        (call,) = calls.values()
    event.type, event.role, event.native_type = EventType.TOOL_RESULT.value, "tool", "step/observation"
    if call is not None:
        event.tool_call_id, event.tool_name, event.call_type = call.id, call.tool, call.asked.type
        event.file_path = call.asked.file_path
    elif native is not None:
        event.tool_call_id = short_id(native)
    elif text(step.get("source")) != "agent":
        event.type, event.role = EventType.CONTEXT_SWITCH.value, "system"
    content = words(given.get("content"))
    _outcome(event, step, given, content, alone=alone)
    subagents = [_reference(piece.run, ref) for ref in _objects(given.get("subagent_trajectory_ref"))]
    event.data = small_json({"child_session_ids": [name for name in subagents if name][:50] or None})
    return event


def _outcome(event: Event, step: dict[str, Any], given: dict[str, Any], content: str | None, *, alone: bool) -> None:
    told = inside(given, "extra")
    details = inside(step, "extra", "tool_call_details", text(given.get("source_call_id")) or "")
    code = next((value for where in (told, inside(details, "metadata")) if (value := _code(where)) is not None), None)
    if code is None and content is not None:
        match = _EXIT_CODE.search(content[:500]) or _EXIT_CODE.search(content[-500:])
        code = int(match[1] or match[2] or match[3]) if match else None
    failed = inside(told, "is_error")
    if failed is None and alone:
        failed = inside(step, "extra", "tool_result_is_error")
    if failed is None and content is not None and content.endswith(_FAILED):
        failed = True
    named = text(inside(told, "status")) or text(inside(details, "status"))
    event.exit_code = code
    event.status = _STATUSES.get((named or "").lower())
    if isinstance(failed, bool):
        event.status = "error" if failed else event.status or "ok"
    if code is not None and event.status in (None, "ok"):
        event.status = "ok" if code == 0 else "error"
    event.severity = _SEVERITIES.get(event.status or "", "info")
    if event.status not in (None, "ok"):
        event.summary = one_line(content)
    duration = number(inside(told, "duration_ms"))
    seconds = number(inside(told, "duration_seconds")) if duration is None else None
    event.duration_ms = seconds * 1000 if seconds is not None else duration


def _code(where: Any) -> int | None:
    for name in ("exit_code", "returncode", "return_code"):
        value = inside(where, name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 31:
            return value
    return None


def _reference(run: Trajectory, ref: dict[str, Any]) -> str | None:
    own = short_id(text(ref.get("trajectory_id")) or text(ref.get("session_id")))
    if own is None:
        return None
    outside = text(ref.get("trajectory_path")) is not None or text(ref.get("trajectory_id")) is None
    return f"atif:{own}" if outside else short_id(f"{run.session_id}:{own}")
