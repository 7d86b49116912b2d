"""Claude Code's other records: system messages, attachments, titles, modes, the queue; and which are skipped."""

from collections.abc import Callable
from typing import Any

from agentobs.adapters._claude_origin import begun
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.events import Event, EventType

_INTERACTION = EventType.USER_INTERACTION.value
_SWITCH = EventType.CONTEXT_SWITCH.value
_ERROR = EventType.ERROR_ENCOUNTERED.value
_UNKNOWN = EventType.UNKNOWN.value

Fields = dict[str, Any]

SKIPPED = frozenset(
    "file-history-snapshot file-history-delta last-prompt bridge-session cost-state atis-latch started result"
    " system/turn_duration system/stop_hook_summary"
    " queue-operation/dequeue queue-operation/remove queue-operation/popAll"
    " progress/bash_progress progress/hook_progress progress/mcp_progress progress/query_update"
    " progress/search_results_received progress/waiting_for_task progress/powershell_progress"
    " attachment/hook_success attachment/hook_additional_context attachment/hook_system_message"
    " attachment/task_reminder attachment/todo_reminder attachment/deferred_tools_delta attachment/skill_listing"
    " attachment/command_permissions attachment/agent_listing_delta attachment/mcp_instructions_delta"
    " attachment/date_change attachment/read_truncation_notice attachment/budget_usd"
    " attachment/total_tokens_reminder attachment/batching_reminder_sent attachment/silent_turn_reminder".split()
)
"""Known records without a fact of their own: ticks, reminders, bookkeeping. The reason of their Skip is their name."""

_FILES = (
    "file edited_text_file nested_memory compact_file_reference directory pdf_reference opened_file_in_ide"
    " selected_lines_in_ide"
)
_NOTES = "invoked_skills dynamic_skill task_status"
_MODES = "plan_mode plan_mode_exit plan_mode_reentry auto_mode auto_mode_exit ultra_effort_enter ultra_effort_exit"
_HOOK_FAILURES = (
    "hook_non_blocking_error hook_blocking_error hook_cancelled hook_error_during_execution hook_stopped_continuation"
)
_LEVELS = {"error": "error", "warning": "warning", "warn": "warning", "debug": "debug"}


def name_of(kind: str, fields: Fields) -> str:
    """Return a record's full native type: its type, with the subtype where it has one."""
    inner = {"attachment": "attachment", "progress": "data"}.get(kind)
    if kind == "system":
        subtype = fields.get("subtype")
    elif kind == "queue-operation":
        subtype = fields.get("operation")
    elif inner is not None:
        payload = fields.get(inner)
        subtype = payload.get("type") if isinstance(payload, dict) else None
    else:
        return clip(kind, 200) or "untyped"
    return f"{kind}/{clip(subtype, 100)}" if isinstance(subtype, str) and subtype else kind


def failed_hooks(fields: Fields) -> bool:
    """Tell whether a summary of stop hooks has something to say."""
    return bool(fields.get("hookErrors")) or fields.get("preventedContinuation") is True


def rare(head: Event, native_type: str, fields: Fields) -> Event:
    """Return the event of a record that is neither a user's nor an assistant's."""
    describe = _DESCRIBE.get(native_type)
    if describe is None:
        return begun(head, 0, _UNKNOWN, native_type)
    kind, values = describe(fields)
    event = begun(head, 0, kind, native_type)
    event.role = "system"
    for name, value in values.items():
        setattr(event, name, value)
    return event


Description = tuple[str, dict[str, Any]]


def _text(fields: Fields, *names: str, length: int = 300) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value:
            return clip(value, length)
    return None


def _number(fields: Fields, name: str, least: float = 0, most: float = 1e12) -> float | None:
    value = fields.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return value if least <= value <= most else None


def _object(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _compaction(fields: Fields) -> Description:
    about = _object(fields, "compactMetadata")
    tokens = _number(about, "preTokens")
    data = {"trigger": _text(about, "trigger"), "pre_tokens": tokens, "post_tokens": _number(about, "postTokens")}
    shown = f"compaction ({data['trigger'] or 'unknown'}" + (f", {tokens:,.0f} tokens)" if tokens is not None else ")")
    return _SWITCH, {"summary": shown, "data": small_json(data)}


def _retry(fields: Fields) -> Description:
    error = _object(fields, "error")
    data = {
        "attempt": _number(fields, "retryAttempt"),
        "max_attempts": _number(fields, "maxRetries"),
        "retry_ms": _number(fields, "retryInMs"),
        "http_status": _number(error, "status"),
    }
    said = _text(error, "formatted", "message") or _text(_object(error, "error"), "message") or _text(fields, "content")
    return _ERROR, {"severity": "warning", "summary": one_line(said or "API error, retried"), "data": small_json(data)}


def _failure(fields: Fields) -> Description:
    error = _object(fields, "error")
    said = _text(error, "formatted", "message") or _text(fields, "error", "content") or "error"
    data = small_json({"http_status": _number(error, "status")})
    return _ERROR, {"severity": "error", "summary": one_line(said), "data": data}


def _refusal(fields: Fields) -> Description:
    data = {"category": _text(fields, "apiRefusalCategory"), "explanation": _text(fields, "apiRefusalExplanation")}
    said = data["explanation"] or _text(fields, "content") or "refused by the API"
    return _ERROR, {"severity": "warning", "summary": one_line(said), "data": small_json(data)}


def _other_model(fields: Fields) -> Description:
    data = {
        "from_model": _text(fields, "originalModel"),
        "to_model": _text(fields, "fallbackModel"),
        "trigger": _text(fields, "trigger"),
        "category": _text(fields, "apiRefusalCategory"),
    }
    shown = f"model {data['from_model'] or '?'} -> {data['to_model'] or '?'}"
    return _SWITCH, {"severity": "warning", "summary": one_line(shown), "data": small_json(data)}


def _stop_hooks(fields: Fields) -> Description:
    errors = fields.get("hookErrors")
    said = "; ".join(str(error) for error in errors) if isinstance(errors, list) and errors else None
    data = small_json({"prevented_continuation": fields.get("preventedContinuation") is True or None})
    said = said or _text(fields, "stopReason") or "a stop hook prevented the continuation"
    return _ERROR, {"severity": "warning", "summary": one_line(said), "data": data}


def _hook_failure(fields: Fields) -> Description:
    hook = _object(fields, "attachment")
    code = _number(hook, "exitCode", -(2**31))
    said = _text(hook, "stderr", "stdout") or _text(_object(hook, "blockingError"), "blockingError") or "hook failed"
    data = small_json({"hook": _text(hook, "hookName"), "event": _text(hook, "hookEvent"), "exit_code": code})
    values = {
        "severity": "warning",
        "summary": one_line(said),
        "data": data,
        "duration_ms": _number(hook, "durationMs"),
    }
    return _ERROR, values


def _note(fields: Fields) -> Description:
    severity = _LEVELS.get(_text(fields, "level") or "", "info")
    return _INTERACTION, {"severity": severity, "summary": one_line(_text(fields, "content", length=1200))}


def _session_start(_: Fields) -> Description:
    return EventType.SESSION_START.value, {}


def _file(fields: Fields) -> Description:
    about = _object(fields, "attachment")
    path = _text(about, "filename", "path", "displayPath", length=4096)
    return _INTERACTION, {"file_path": path, "summary": one_line(_text(about, "displayPath") or path)}


def _mention(fields: Fields) -> Description:
    about = _object(fields, "attachment")
    return _INTERACTION, {"summary": one_line(_text(about, "description", "skillDir", "displayPath"))}


def _queued(fields: Fields) -> Description:
    """Describe a prompt typed while the agent was busy; it has no user record of its own."""
    about = _object(fields, "attachment")
    prompt = about.get("prompt")
    if isinstance(prompt, list):
        prompt = " ".join(
            block["text"] for block in prompt if isinstance(block, dict) and isinstance(block.get("text"), str)
        )
    sender = _text(_object(about, "origin"), "kind")
    human = about.get("commandMode") in ("prompt", None) and not about.get("isMeta") and sender in (None, "human")
    said = one_line(prompt) if isinstance(prompt, str) else None
    return _INTERACTION, {"role": "user" if human else "system", "summary": said}


def _enqueued(fields: Fields) -> Description:
    return _INTERACTION, {"summary": one_line(_text(fields, "content", length=1200))}


def _title(fields: Fields) -> Description:
    title = _text(fields, "customTitle", "aiTitle", "summary", "agentName")
    return _SWITCH, {"summary": one_line(title), "data": small_json({"title": title})}


def _mode(fields: Fields) -> Description:
    mode = _text(fields, "permissionMode", "mode")
    return _SWITCH, {"summary": one_line(f"mode {mode}" if mode else None), "data": small_json({"mode": mode})}


def _attached_mode(fields: Fields) -> Description:
    mode = _text(_object(fields, "attachment"), "type")
    return _SWITCH, {"summary": one_line(mode), "data": small_json({"mode": mode})}


def _place(fields: Fields) -> Description:
    tree = _object(fields, "worktreeSession")
    path = _text(fields, "relocatedCwd", length=1000) or _text(tree, "worktreePath", length=1000)
    data = {"path": path, "branch": _text(tree, "worktreeBranch")}
    return _SWITCH, {"summary": one_line(f"now in {path}" if path else "left the worktree"), "data": small_json(data)}


def _link(fields: Fields) -> Description:
    url = _text(fields, "prUrl", "frameUrl")
    data = {"url": url, "repository": _text(fields, "prRepository"), "number": _number(fields, "prNumber")}
    return _INTERACTION, {"summary": one_line(_text(fields, "title") or url), "data": small_json(data)}


_DESCRIBE: dict[str, Callable[[Fields], Description]] = {
    "system/compact_boundary": _compaction,
    "system/microcompact_boundary": _compaction,
    "system/api_error": _retry,
    "system/error": _failure,
    "system/api_refusal": _refusal,
    "system/model_refusal_fallback": _other_model,
    "system/model_fallback": _other_model,
    "system/stop_hook_summary": _stop_hooks,
    "system/session_start": _session_start,
    "system/local_command": _note,
    "system/informational": _note,
    "system/away_summary": _note,
    "queue-operation/enqueue": _enqueued,
    "attachment/queued_command": _queued,
    **dict.fromkeys((f"attachment/{name}" for name in _FILES.split()), _file),
    **dict.fromkeys((f"attachment/{name}" for name in _NOTES.split()), _mention),
    **dict.fromkeys((f"attachment/{name}" for name in _MODES.split()), _attached_mode),
    **dict.fromkeys((f"attachment/{name}" for name in _HOOK_FAILURES.split()), _hook_failure),
    **dict.fromkeys(("custom-title", "ai-title", "summary", "agent-name"), _title),
    **dict.fromkeys(("mode", "permission-mode"), _mode),
    **dict.fromkeys(("worktree-state", "relocated"), _place),
    **dict.fromkeys(("pr-link", "frame-link"), _link),
}
