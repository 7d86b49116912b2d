"""What Copilot CLI's records say, kind by kind."""

import msgspec

from agentobs.adapters._copilot_origin import CALLS, NAME, Memory
from agentobs.adapters._copilot_tools import add_call, add_result, arguments, call_of
from agentobs.adapters._copilot_usage import UNNAMED, saw, shares
from agentobs.adapters._memory import remember
from agentobs.adapters._objects import Fields, count, inner, items, named, number, text
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.events import Event, EventType, Usage, call_key, event_id

SKIPPED = frozenset(
    (
        "assistant.turn_start assistant.turn_end assistant.usage hook.start hook.end session.usage_checkpoint"
        " permission.requested tool.execution_partial_result tool.execution_progress"
    ).split()
)
_NOTES = frozenset(
    (
        "system.message system.notification session.info session.warning skill.invoked abort permission.completed"
        " session.task_complete"
    ).split()
)
_SWITCHES = frozenset(
    (
        "session.resume session.model_change session.mode_changed session.truncation session.auto_mode_resolved"
        " session.plan_changed session.permissions_changed session.context_changed session.compaction_start"
        " session.compaction_complete session.title_changed session.handoff session.snapshot_rewind subagent.started"
        " subagent.completed subagent.failed subagent.selected subagent.deselected"
    ).split()
)
_TOLD = {  # what of a rare record is queried: its name there, and ours
    "newModel": "model",
    "newMode": "mode",
    "reason": "reason",
    "chosenModel": "model",
    "agentName": "agent_name",
    "agentDisplayName": "agent_title",
    "infoType": "info_type",
    "hookType": "hook_type",
    "errorType": "error_type",
    "shutdownType": "shutdown_type",
    "operation": "operation",
    "name": "name",
    "source": "source",
    "agentMode": "mode",
}
_COUNTED = {
    "totalTokens": "total_tokens",
    "totalToolCalls": "tool_uses",
    "droppedTokens": "dropped_tokens",
    "tokensRemovedDuringTruncation": "dropped_tokens",
    "statusCode": "http_status",
    "totalNanoAiu": "nano_ai_units",
}


def fill(event: Event, kind: str, data: Fields, memory: Memory) -> None:
    """Say in an event what its record says."""
    if kind == "assistant.message":
        _answer(event, data, memory)
    elif kind == "user.message":
        _prompt(event, data)
    elif kind == "tool.execution_start":
        _call(event, data, memory)
    elif kind == "tool.execution_complete":
        event.tool_call_id = named(data, "toolCallId")
        event.model = named(data, "model")
        add_result(event, data, memory.calls.pop(event.tool_call_id or "", None))
    else:
        _rare(event, kind, data, memory)


def usage_of_session(end: Event, data: Fields, memory: Memory) -> list[Event]:
    """Return an event per model that a shutdown has tokens for which no message told."""
    events = []
    for share in shares(memory.counted, inner(data, "modelMetrics")):
        if not share.usage.total_tokens:
            continue
        part = len(events) + 1
        event = msgspec.structs.replace(end, part=part, raw=None, summary=None, parent_event_id=end.id)
        event.id = event_id(end.ts, NAME, end.id, str(part))
        event.type, event.native_type = EventType.LLM_REQUEST.value, "session.shutdown/usage"
        event.model = share.model if share.model != UNNAMED else None
        event.usage, event.basis, event.usage_key = share.usage, "reported", event.id.hex()
        event.data = small_json({"requests": share.requests, "reasoning_tokens": share.reasoning_tokens})
        events.append(event)
    return events


def _answer(event: Event, data: Fields, memory: Memory) -> None:
    event.type, event.role = EventType.LLM_RESPONSE.value, "assistant"
    event.model = named(data, "model") or memory.model
    if not event.is_sidechain:
        memory.model = event.model
    event.request_id = named(data, "requestId", "apiCallId")
    event.summary = one_line(text(data, "content", "reasoningText"))
    for request in items(data, "toolRequests"):
        call_id = named(request, "toolCallId") if isinstance(request, dict) else None
        if call_id is not None:
            known = call_of(named(request, "name") or "", arguments(request))
            remember(memory.calls, call_id, known, CALLS)
    tokens, message = count(data, "outputTokens"), named(data, "messageId")
    if tokens is None:
        return
    saw(memory.counted, event.model, message, tokens)
    event.usage, event.basis = Usage(output_tokens=tokens), "measured"
    key = message or event.native_id
    event.usage_key = call_key(event.session_id, key) if key else event.id.hex()


def _prompt(event: Event, data: Fields) -> None:
    event.type = EventType.USER_INTERACTION.value
    event.summary = one_line(text(data, "content"))
    by_client = text(data, "source") not in (None, "user", "cli") or data.get("isAutopilotContinuation") is True
    event.role = "system" if by_client or event.is_sidechain else "user"
    event.data = _told(data)


def _call(event: Event, data: Fields, memory: Memory) -> None:
    name = named(data, "toolName") or ""
    call = call_of(name, arguments(data))
    event.model = named(data, "model") or memory.model
    event.tool_call_id = named(data, "toolCallId")
    if event.tool_call_id is not None:
        remember(memory.calls, event.tool_call_id, call, CALLS)
    else:  # a call all the same, though no result can name it
        event.tool_call_id = f"event-{event.id.hex()}"
    add_call(event, data, call)


def _rare(event: Event, kind: str, data: Fields, memory: Memory) -> None:
    event.data = _told(data)
    event.summary = one_line(text(data, "summary", "message", "content", "reason", "agentDisplayName"))
    if kind == "session.start":
        event.type, event.summary = EventType.SESSION_START.value, None
        context = inner(data, "context")
        event.data = small_json({"producer": named(data, "producer"), "repository": named(context, "repository")})
    elif kind == "session.shutdown":
        event.type, event.summary = EventType.SESSION_END.value, one_line(text(data, "shutdownType"))
    elif kind == "assistant.reasoning":
        event.type, event.role, event.model = EventType.LLM_RESPONSE.value, "assistant", memory.model
    elif kind in ("session.error", "hook.end"):
        event.type = EventType.ERROR_ENCOUNTERED.value
        event.severity = "error" if kind == "session.error" else "warning"
        event.summary = event.summary or one_line(text(inner(data, "error"), "message"))
    elif kind in _SWITCHES:
        _switch(event, kind, data, memory)
    elif kind in _NOTES:
        event.type, event.role = EventType.USER_INTERACTION.value, "system"
        event.severity = "warning" if kind in ("abort", "session.warning") else "info"
        event.summary = event.summary or one_line(text(inner(data, "result"), "kind") or text(data, "name"))


def _switch(event: Event, kind: str, data: Fields, memory: Memory) -> None:
    event.type = EventType.CONTEXT_SWITCH.value
    event.summary = event.summary or one_line(text(data, "newModel", "newMode", "chosenModel", "operation"))
    if kind == "session.resume":
        memory.counted.resumed = True
    if kind.startswith("subagent."):
        event.thread_id = event.thread_id or named(data, "toolCallId")
        event.duration_ms = number(data, "durationMs")
        event.severity = "error" if kind == "subagent.failed" else "info"
    else:
        memory.model = named(data, "newModel", "chosenModel") or memory.model


def _told(data: Fields) -> bytes | None:
    told = {ours: clip(text(data, name), 300) for name, ours in _TOLD.items() if name in data}
    return small_json(told | {ours: count(data, name, 10**15) for name, ours in _COUNTED.items() if name in data})
