"""Codex's records beside messages and tool calls: sessions, turns, modes, compactions, errors; and what is skipped."""

from agentobs.adapters._codex_origin import Entry, Memory, begun, parent_of, session_id_of
from agentobs.adapters._objects import Fields, flag, inner, items, named, text
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.events import Event, EventType, Skip

SKIPPED = frozenset(
    "world_state inter_agent_communication_metadata record/state"
    " response_item/ghost_snapshot"
    " event_msg/agent_message event_msg/agent_reasoning event_msg/agent_reasoning_raw_content"
    " event_msg/agent_reasoning_section_break event_msg/agent_message_delta event_msg/agent_reasoning_delta"
    " event_msg/agent_message_content_delta event_msg/reasoning_content_delta event_msg/plan_delta"
    " event_msg/task_started event_msg/turn_started event_msg/context_compacted event_msg/session_configured"
    " event_msg/exec_command_begin event_msg/exec_command_output_delta event_msg/patch_apply_begin"
    " event_msg/mcp_tool_call_begin event_msg/web_search_begin event_msg/image_generation_begin"
    " event_msg/view_image_tool_call event_msg/dynamic_tool_call_request event_msg/collab_agent_spawn_begin"
    " event_msg/collab_agent_interaction_begin event_msg/collab_waiting_begin event_msg/collab_close_begin"
    " event_msg/thread_settings_applied"
    " event_msg/account/rateLimits/updated event_msg/codex/event/raw_item event_msg/turn_diff event_msg/plan_update"
    " event_msg/item_started".split()
)
"""Copies of what other records say, beginnings of what has an end, and states of the client."""

_START = EventType.SESSION_START.value
_SWITCH = EventType.CONTEXT_SWITCH.value
_ERROR = EventType.ERROR_ENCOUNTERED.value
_INTERACTION = EventType.USER_INTERACTION.value
_UNKNOWN = EventType.UNKNOWN.value

_TURN_ENDS = ("task_complete", "turn_complete")
_ERRORS = {"error": "error", "stream_error": "warning", **dict.fromkeys(_TURN_ENDS, "error")}
_KINDS = {
    "event_msg/turn_aborted": _INTERACTION,
    "event_msg/undo_completed": EventType.ROLLBACK_PERFORMED.value,
    "event_msg/entered_review_mode": _SWITCH,
    "event_msg/exited_review_mode": _SWITCH,
    "event_msg/thread_name_updated": _SWITCH,
    "event_msg/thread_goal_updated": _SWITCH,
    "response_item/agent_message": _INTERACTION,
}


def session_meta(head: Event, payload: Fields, how: str) -> Event:
    """Return the event of a session's beginning, or of its being taken up again."""
    event = begun(head, 0, _SWITCH if how == "resumed" else _START, "session_meta")
    event.role = "system" if how == "resumed" else None
    event.commit = named(inner(payload, "git"), "commit_hash")
    source, parent, forked = payload.get("source"), parent_of(payload), named(payload, "forked_from_id")
    event.summary = "resumed" if how == "resumed" else one_line(text(payload, "originator"))
    event.data = small_json(
        {
            "originator": clip(text(payload, "originator"), 200),
            "source": clip(source, 200) if isinstance(source, str) else "subagent" if source else None,
            "parent_session_id": session_id_of(parent) if parent else None,
            "forked_from_id": session_id_of(forked) if forked else None,
            "agent_nickname": named(payload, "agent_nickname"),
            "agent_role": named(payload, "agent_role"),
        }
    )
    return event


def turn_context(head: Event, payload: Fields, memory: Memory) -> Event | Skip:
    """Take in what holds for the next turn; return the event of a change of model, effort or approval."""
    session = memory.sessions[-1]
    cwd = text(payload, "cwd")
    if cwd is not None and len(cwd) <= 4096:
        session.cwd = head.working_directory = cwd
    now = {
        "model": named(payload, "model") or memory.model,
        "effort": named(payload, "effort", "reasoning_effort") or memory.effort,
        "approval_policy": named(payload, "approval_policy") or memory.approval,
    }
    before = {"model": memory.model, "effort": memory.effort, "approval_policy": memory.approval}
    memory.model, memory.effort, memory.approval = now["model"], now["effort"], now["approval_policy"]
    changes = [f"{name} {old} -> {now[name]}" for name, old in before.items() if old is not None and old != now[name]]
    if not changes:
        return Skip(head.offset, "turn_context")
    event = begun(head, 0, _SWITCH, "turn_context")
    event.role, event.model = "system", memory.model
    event.summary, event.data = one_line(", ".join(changes)), small_json(now)
    return event


def compacted(head: Event, payload: Fields) -> Event:
    """Return the event of a history that was replaced by its summary."""
    event = begun(head, 0, _SWITCH, "compacted/compact_boundary")
    event.role, event.summary = "system", one_line(text(payload, "message"))
    event.data = small_json({"items_kept": len(items(payload, "replacement_history")) or None})
    return event


def other(head: Event, entry: Entry, kind: str) -> Event | Skip:
    """Return the event of any further record, or the skip of one that says nothing new."""
    payload = entry.payload
    enveloped = entry.kind in ("event_msg", "response_item")
    name = clip(f"{entry.kind}/{kind}" if enveloped else entry.kind, 200) or "untyped"
    if name in SKIPPED:
        return Skip(head.offset, name)
    if kind in _TURN_ENDS and not inner(payload, "error"):
        return Skip(head.offset, name)
    if kind in _ERRORS:
        return _error(head, payload, name, _ERRORS[kind])
    event = begun(head, 0, _KINDS.get(name, _UNKNOWN), name)
    event.role = "system" if name in _KINDS else None
    said = text(payload, "message", "text", "thread_name", "user_facing_hint", "reason", "author")
    event.summary = one_line(said or text(inner(payload, "goal"), "objective"))
    if kind == "turn_aborted":
        event.status = "interrupted"
    elif kind == "thread_name_updated":
        event.data = small_json({"title": clip(text(payload, "thread_name"), 500)})
    elif kind == "undo_completed":
        done = flag(payload, "success")
        event.status = None if done is None else "ok" if done else "error"
    return event


def _error(head: Event, payload: Fields, name: str, severity: str) -> Event:
    event = begun(head, 0, _ERROR, name)
    inside = inner(payload, "error")
    info = payload.get("codex_error_info", inside.get("codex_error_info", inside.get("kind")))
    event.severity, event.role = severity, "system"
    event.summary = one_line(text(payload, "message") or text(inside, "message"))
    kind = info if isinstance(info, str) else next(iter(info), None) if isinstance(info, dict) else None
    event.data = small_json({"error": clip(kind, 200) if isinstance(kind, str) else None})
    return event
