"""The log events of Claude Code, Codex and Gemini CLI.

prompts             user_interaction, role user; a copy of what their session files say
responses           llm_response with the usage (basis reported), duration and cost; answers without one
tool results        the call, and its tool_result with the duration that only telemetry knows
decisions           user_interaction, role system; a rejected call is a tool_result, denied
errors, refusals    error_encountered
compactions, modes  context_switch
starts              session_start
streams, hooks, plugins, connections, ...   skipped under their own name
names not known     unknown
"""

from collections.abc import Callable

from agentobs.adapters._objects import without_cache
from agentobs.adapters._otel_identity import NAMELESS
from agentobs.adapters._otel_log_origin import Subject, begun
from agentobs.adapters._otel_records import Attributes, count_of, flag_of, number_of, text_of
from agentobs.adapters._otel_spans import SPOKEN_LENGTH, Piece
from agentobs.adapters._otel_tools import facts_of, result_text, tool_of, type_of
from agentobs.adapters._otel_usage import claude_code_usage, cost_of, counts_key
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.events import Event, EventType, Stamp, Usage, call_key

_INTERACTION = EventType.USER_INTERACTION.value
_RESPONSE = EventType.LLM_RESPONSE.value
_RESULT = EventType.TOOL_RESULT.value
_ERROR = EventType.ERROR_ENCOUNTERED.value
_SWITCH = EventType.CONTEXT_SWITCH.value
_START = EventType.SESSION_START.value
_REDACTED = frozenset(("<REDACTED>", "[REDACTED]"))
_REJECTED = frozenset(("reject", "denied", "rejected", "deny", "abort", "cancel"))
_ABORTED = frozenset(("user_abort", "abort"))

Pieces = list[Piece]


def pieces(subject: Subject) -> tuple[str, Pieces]:
    """Return a record's name (as the reason where it is skipped) and its events."""
    name = subject.name
    maker = _MAKERS.get(name)
    if maker is not None:
        return name, maker(subject)
    if name.startswith(_SKIPPED):
        return name, []
    event = begun(subject, 0, EventType.UNKNOWN.value)
    event.is_copy = False
    return name, [Piece(event, None)]


def _prompt(subject: Subject) -> Pieces:
    attributes = subject.log.attributes
    event = begun(subject, 0, _INTERACTION)
    said = text_of(attributes, "prompt")
    said = None if said in _REDACTED else said
    event.role, event.summary = "user", one_line(said or text_of(attributes, "command_name"))
    event.data = small_json(
        {
            "prompt_id": clip(text_of(attributes, "prompt.id", "prompt_id"), 200),
            "message_uuid": clip(text_of(attributes, "message.uuid"), 200),
            "prompt_length": count_of(attributes, "prompt_length"),
            "command": clip(text_of(attributes, "command_name"), 200),
        }
    )
    return [Piece(event, said)]


def _answer(subject: Subject) -> Pieces:
    event, said = _response(subject), text_of(subject.log.attributes, "response")
    said = None if said in _REDACTED else said
    event.summary = one_line(said, SPOKEN_LENGTH)
    return [Piece(event, said)]


def _claude_response(subject: Subject) -> Pieces:
    event = _response(subject)
    _count(event, subject, claude_code_usage(subject.log.attributes))
    return [Piece(event, None)]


def _codex_response(subject: Subject) -> Pieces:
    """A completed response; all other events of a stream say nothing that is not in it."""
    attributes = subject.log.attributes
    failed = text_of(attributes, "error.message")
    if failed is not None:
        return _error(subject)
    given, read = count_of(attributes, "input_token_count"), count_of(attributes, "cached_token_count")
    written = count_of(attributes, "cache_write_token_count")
    if given is None:
        return []
    usage = Usage(
        input_tokens=without_cache(given, (read or 0) + (written or 0)),
        output_tokens=count_of(attributes, "output_token_count"),
        cache_read_tokens=read,
        cache_write_5m_tokens=written,
        reasoning_tokens=count_of(attributes, "reasoning_token_count"),
    )
    event = _response(subject)
    _count(event, subject, (usage, "reported") if usage.total_tokens else None)
    return [Piece(event, None)]


def _gemini_response(subject: Subject) -> Pieces:
    attributes = subject.log.attributes
    cached, thoughts = count_of(attributes, "cached_content_token_count"), count_of(attributes, "thoughts_token_count")
    tools = count_of(attributes, "tool_token_count")
    given = without_cache(count_of(attributes, "input_token_count"), cached)
    answered = count_of(attributes, "output_token_count")
    usage = Usage(
        input_tokens=None if given is None else given + (tools or 0),
        output_tokens=None if answered is None else answered + (thoughts or 0),
        cache_read_tokens=cached,
        reasoning_tokens=thoughts,
    )
    event, said = _response(subject), text_of(attributes, "response_text")
    event.summary = one_line(said, SPOKEN_LENGTH)
    _count(event, subject, (usage, "reported") if usage.total_tokens else None)
    return [Piece(event, said)]


def _response(subject: Subject) -> Event:
    attributes = subject.log.attributes
    event = begun(subject, 0, _RESPONSE)
    event.role, event.model = "assistant", short_id(text_of(attributes, "model"))
    event.duration_ms = number_of(attributes, "duration_ms")
    event.request_id = short_id(text_of(attributes, "request_id"))
    source, who = text_of(attributes, "query_source"), text_of(attributes, "agent.name")
    event.data = small_json(
        {
            "prompt_id": clip(text_of(attributes, "prompt.id", "prompt_id"), 200),
            "query_source": clip(source, 200),
            "agent_name": clip(who, 200),
            "effort": clip(text_of(attributes, "effort", "reasoning_effort"), 100),
            "ttft_ms": number_of(attributes, "ttft_ms"),
        }
    )
    return event


def _count(event: Event, subject: Subject, found: tuple[Usage, str] | None) -> None:
    """Give a response its usage; its key is the request's id, else its counts, which its span repeats."""
    if found is None:
        return
    event.usage, event.basis = found
    event.reported_cost_usd = cost_of(subject.log.attributes)
    key = event.request_id
    event.usage_key = call_key(event.session_id, key) if key else counts_key(event.session_id, found[0])


def _tool(subject: Subject) -> Pieces:
    attributes = subject.log.attributes
    tool = tool_of(attributes)
    ended = subject.when
    took = number_of(attributes, "duration_ms")
    started = ended
    if took is not None and ended.quality == "exact":
        started = Stamp(ended.ts - round(took * 1000), "exact") if took < 1e9 else ended
    call = begun(subject, 0, tool.type, started)
    call.role, call.tool_name = "assistant", tool.name
    call.tool_call_id = tool.call_id or f"{NAMELESS}{call.id.hex()}"
    call.file_path, call.summary, call.data = tool.file_path, tool.summary, facts_of(tool, _decided(attributes))
    call.severity = "info"
    result = begun(subject, 1, _RESULT)
    result.role, result.tool_name, result.tool_call_id = "tool", tool.name, call.tool_call_id
    result.call_type, result.parent_event_id, result.file_path = call.type, call.id, tool.file_path
    result.duration_ms, result.severity = took, "info"
    result.file_size_bytes = None
    said = result_text(attributes)
    worked = flag_of(attributes, "success")
    if worked is not None:
        result.status = "ok" if worked else "error"
    if worked is False:
        reason = text_of(attributes, "error", "error_type", "error.message") or said
        result.severity, result.summary, said = "error", one_line(reason), said or reason
        if (text_of(attributes, "decision") or "").lower() in _REJECTED:
            result.status, result.severity = "denied", "warning"
    result.data = small_json(
        {**_decided(attributes), "result_size_bytes": count_of(attributes, "tool_result_size_bytes")}
    )
    return [Piece(call, tool.text), Piece(result, said)]


def _decided(attributes: Attributes) -> dict[str, str | None]:
    return {
        "decision": clip(text_of(attributes, "decision_type", "decision"), 100),
        "decision_source": clip(text_of(attributes, "decision_source", "source"), 100),
        "mcp_server": clip(text_of(attributes, "mcp_server", "mcp_server_name"), 200),
    }


def _decision(subject: Subject) -> Pieces:
    """What a person or a rule said to a call: known to telemetry only, so no copy."""
    attributes = subject.log.attributes
    tool = tool_of(attributes)
    decision = (text_of(attributes, "decision") or "").lower()
    if decision in _REJECTED and tool.call_id is not None:
        event = begun(subject, 0, _RESULT)
        event.role, event.tool_call_id, event.call_type = "tool", tool.call_id, type_of(tool.name)
        aborted = decision in _ABORTED or text_of(attributes, "source") in _ABORTED
        event.status, event.severity = "interrupted" if aborted else "denied", "warning"
    else:
        event = begun(subject, 0, _INTERACTION)
        event.role, event.is_copy = "system", False
        event.status = "denied" if decision in _REJECTED else None
    event.tool_name = tool.name
    event.summary = one_line(f"{decision or 'decision'}: {tool.name or 'tool'}")
    facts = {"tool_call_id": clip(tool.call_id, 200), "prompt_id": clip(text_of(attributes, "prompt.id"), 200)}
    event.data = small_json({**facts, **_decided(attributes)})
    return [Piece(event, None)]


def _error(subject: Subject) -> Pieces:
    attributes = subject.log.attributes
    event = begun(subject, 0, _ERROR)
    reason = text_of(
        attributes, "error", "error.message", "error_message", "error_type", "final_error_type", "error_name"
    )
    event.severity, event.role = "error", "assistant"
    event.model = short_id(text_of(attributes, "model"))
    event.request_id = short_id(text_of(attributes, "request_id"))
    event.duration_ms = number_of(attributes, "duration_ms")
    event.summary = one_line(reason or subject.name)
    event.data = small_json(
        {
            "http_status": count_of(attributes, "status_code", "http.response.status_code"),
            "attempt": count_of(attributes, "attempt", "total_attempts"),
            "prompt_id": clip(text_of(attributes, "prompt.id", "prompt_id"), 200),
        }
    )
    return [Piece(event, reason)]


def _codex_request(subject: Subject) -> Pieces:
    """An attempt at the API: only those that failed are worth an event."""
    return _error(subject) if text_of(subject.log.attributes, "error.message") is not None else []


def _switch(subject: Subject) -> Pieces:
    attributes = subject.log.attributes
    event = begun(subject, 0, _SWITCH)
    event.role, event.duration_ms = "system", number_of(attributes, "duration_ms")
    names = ("from_mode", "to_mode", "trigger", "model_name", "decision_model", "decision_source", "strategy")
    facts: dict[str, object] = {name: clip(text_of(attributes, name), 200) for name in names}
    facts |= {
        name: count_of(attributes, name) for name in ("pre_tokens", "post_tokens", "tokens_before", "tokens_after")
    }
    event.data = small_json(facts)
    modes = [text_of(attributes, name) for name in ("from_mode", "to_mode")]
    event.summary = one_line(" -> ".join(mode for mode in modes if mode) or subject.name.partition(".")[2])
    event.is_copy = "compact" in subject.name or "compression" in subject.name
    return [Piece(event, None)]


def _start(subject: Subject) -> Pieces:
    attributes = subject.log.attributes
    event = begun(subject, 0, _START)
    event.role, event.model = "system", short_id(text_of(attributes, "model"))
    names = ("provider_name", "reasoning_effort", "approval_policy", "sandbox_policy", "approval_mode", "auth_type")
    event.data = small_json({name: clip(text_of(attributes, name), 200) for name in names})
    return [Piece(event, None)]


def _end(subject: Subject) -> Pieces:
    event = begun(subject, 0, EventType.SESSION_END.value)
    event.role = "system"
    event.data = small_json({"turns": count_of(subject.log.attributes, "turnCount", "turn_count")})
    return [Piece(event, None)]


def _note(subject: Subject) -> Pieces:
    """What telemetry alone says of a session, kept with what people ask for."""
    attributes = subject.log.attributes
    event = begun(subject, 0, _INTERACTION)
    event.role, event.is_copy, event.duration_ms = "system", False, number_of(attributes, "duration_ms")
    names = (
        "agent_type",
        "agent_name",
        "terminate_reason",
        "skill.name",
        "mention_type",
        "command",
        "subcommand",
        "outcome",
    )
    facts: dict[str, object] = {name.replace(".", "_"): clip(text_of(attributes, name), 200) for name in names}
    facts |= {name: count_of(attributes, name) for name in ("total_tool_uses", "turn_count")}
    event.data = small_json(facts)
    said = next((fact for fact in facts.values() if isinstance(fact, str)), None)
    event.summary = one_line(f"{subject.name.partition('.')[2]}: {said}" if said else subject.name.partition(".")[2])
    return [Piece(event, None)]


_MAKERS: dict[str, Callable[[Subject], Pieces]] = {
    **dict.fromkeys(("claude_code.user_prompt", "codex.user_prompt", "gemini_cli.user_prompt"), _prompt),
    "claude_code.assistant_response": _answer,
    "claude_code.api_request": _claude_response,
    **dict.fromkeys(("codex.sse_event", "codex.websocket_event"), _codex_response),
    "gemini_cli.api_response": _gemini_response,
    **dict.fromkeys(("claude_code.tool_result", "codex.tool_result", "gemini_cli.tool_call"), _tool),
    **dict.fromkeys(("claude_code.tool_decision", "codex.tool_decision"), _decision),
    **dict.fromkeys(
        (
            "claude_code.api_error",
            "claude_code.api_refusal",
            "claude_code.internal_error",
            "gemini_cli.api_error",
            "gemini_cli.chat.content_retry_failure",
            "gemini_cli.malformed_json_response",
        ),
        _error,
    ),
    **dict.fromkeys(("codex.api_request", "codex.websocket_request", "codex.websocket_connect"), _codex_request),
    **dict.fromkeys(
        (
            "claude_code.compaction",
            "claude_code.permission_mode_changed",
            "gemini_cli.chat_compression",
            "gemini_cli.slash_command.model",
            "gemini_cli.flash_fallback",
        ),
        _switch,
    ),
    **dict.fromkeys(("codex.conversation_starts", "gemini_cli.config"), _start),
    "gemini_cli.conversation_finished": _end,
    **dict.fromkeys(
        (
            "claude_code.subagent_completed",
            "claude_code.skill_activated",
            "claude_code.at_mention",
            "codex.sandbox_outcome",
            "gemini_cli.slash_command",
            "gemini_cli.agent.finish",
        ),
        _note,
    ),
}
_SKIPPED = (
    "claude_code.api_request_body",
    "claude_code.api_response_body",
    "claude_code.api_retries_exhausted",
    "claude_code.auth",
    "claude_code.mcp_server_connection",
    "claude_code.plugin_",
    "claude_code.hook_",
    "claude_code.feedback_survey",
    "codex.auth_recovery",
    "codex.turn_ttft",
    "codex.startup",
    "gemini_cli.api_request",
    "gemini_cli.file_operation",
    "gemini_cli.edit_",
    "gemini_cli.tool_output_truncated",
    "gemini_cli.model_routing",
    "gemini_cli.next_speaker_check",
    "gemini_cli.chat.",
    "gemini_cli.extension_",
    "gemini_cli.ide_connection",
    "gemini_cli.ripgrep_fallback",
    "gemini_cli.web_fetch_fallback_attempt",
    "gemini_cli.agent.start",
    "gemini_cli.loop_detected",
)
