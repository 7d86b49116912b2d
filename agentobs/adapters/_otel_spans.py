"""Spans as events: pure, and the same for every container.

A span is an event at its start with a duration; a tool's is a call, and a result at its end. A span that speaks with a
model is a response with the usage, the prompt that is new in it, and the error that ended it. What an event stands for
in full goes beside it, so that `content` finds it again by the event's part.

    model      llm_response (part 0), the new prompt of a user (1), error_encountered (2)
    tool       by tool, see _otel_tools (0), tool_result (1)
    search     search_performed (0), tool_result (1)
    agent      session_start (0), the prompt where no other span had it (1)
    wait       user_interaction, role system: how long a person was asked for a permission
    unknown    unknown; spans that are no agent's work, or only hold others together, are skipped
"""

from typing import NamedTuple

from agentobs.adapters._otel_identity import (
    CLAUDE_CODE,
    CODEX,
    GEMINI_CLI,
    NAMELESS,
    WITH_FILES,
    Identities,
    Identity,
    agent_of,
    said_session,
)
from agentobs.adapters._otel_kinds import AGENT, MODEL, SEARCH, TOOL, UNKNOWN, WAIT, kind_of, model_of, provider_of
from agentobs.adapters._otel_messages import answer_of, decoded, prompt_of, task_of
from agentobs.adapters._otel_records import Span, flag_of, number_of, text_of
from agentobs.adapters._otel_state import Memory, is_new, remember, session_of
from agentobs.adapters._otel_tools import facts_of, result_text, tool_of
from agentobs.adapters._otel_usage import claude_code_usage, cost_of, counts_key, covered, key_above, usage_of
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.events import EARLIEST, Event, EventType, Stamp, Usage, call_key, event_id, stamp

NAME = "otlp"
SPOKEN_LENGTH = 100
SLOTS = {MODEL: 3, TOOL: 2, SEARCH: 2, AGENT: 2, WAIT: 1, UNKNOWN: 1}
"""How many parts a span of a kind may have; each keeps its own, whether or not it is there."""

_RESPONSE = EventType.LLM_RESPONSE.value
_INTERACTION = EventType.USER_INTERACTION.value
_ERROR = EventType.ERROR_ENCOUNTERED.value
_RESULT = EventType.TOOL_RESULT.value
_REDACTED = ("<REDACTED>", "[REDACTED]")


class Piece(NamedTuple):
    """An event, its part counted from the span's first one, and the whole text that it stands for."""

    event: Event
    text: str | None


class _Subject(NamedTuple):
    span: Span
    kind: str
    identity: Identity
    session_id: str
    usage: tuple[Usage, str] | None
    usage_key: str | None
    is_repeated: bool  # another span below has the usage
    when: Stamp
    native_type: str


def by_start(spans: list[Span]) -> list[Span]:
    """Return spans in the order of their start; those without one come last."""
    return sorted(spans, key=lambda span: span.start or 2**63)


def span_pieces(spans: list[Span], memory: Memory) -> list[tuple[str, list[Piece]]]:
    """Return, for each span of a batch, its kind (or why it is skipped) and its events."""
    kinds = [kind_of(span) for span in spans]
    agents = [agent_of(span.origin, span.attributes, span.name) for span in spans]
    said = [said_session(span.attributes, span.origin.resource) for span in spans]
    for span, agent, session in zip(spans, agents, said, strict=True):
        if session is not None:
            session_of(memory, agent, span.trace_id, session)
    usages = [
        _usage(span, agent) if kind in (MODEL, AGENT) else None
        for span, agent, kind in zip(spans, agents, kinds, strict=True)
    ]
    below = covered(spans, [usage is not None for usage in usages], memory)
    parents = {span.span_id: span.parent_id for span in spans} if memory.counted else {}
    found: list[tuple[str, list[Piece]]] = []
    identities = Identities()
    for span, kind, agent, session, usage in zip(spans, kinds, agents, said, usages, strict=True):
        above = key_above(span, parents, memory) if parents else None
        if above is not None:
            remember(memory.counted, span.span_id, above)
        make = _MAKERS.get(kind)
        session_id = session_of(memory, agent, span.trace_id, session)
        if make is None or session_id is None:
            found.append((kind if make is None else "span_without_trace", []))
            continue
        repeated = span.span_id in below
        key = None
        if usage is not None and not repeated:
            key = above or _usage_key(span, session_id, agent, usage[0])
            remember(memory.counted, span.span_id, key)
        identity = identities.of(agent, span.attributes, span.origin)
        named = clip(text_of(span.attributes, "gen_ai.operation.name") or span.name, 100) or "span"
        subject = _Subject(span, kind, identity, session_id, usage, key, repeated, _time(span.start), named)
        found.append((kind, make(subject, memory)))
    return found


def _usage(span: Span, agent: str) -> tuple[Usage, str] | None:
    if agent == CLAUDE_CODE and span.name.startswith("claude_code."):
        return claude_code_usage(span.attributes)
    found = usage_of(span.attributes)
    return (found[0], "reported") if found is not None and agent in WITH_FILES else found


def _usage_key(span: Span, session_id: str, agent: str, usage: Usage) -> str:
    """Return the key of a response: its id, else for agents whose log records tell of it too its counts."""
    named = short_id(text_of(span.attributes, "gen_ai.response.id", "request_id", "ai.response.id", "llm.response.id"))
    if named is not None:
        return call_key(session_id, named)
    return counts_key(session_id, usage) if agent in (CODEX, GEMINI_CLI) else f"{span.trace_id}:{span.span_id}"


def _time(nanoseconds: int | None) -> Stamp:
    return Stamp(EARLIEST, "none") if nanoseconds is None else stamp(nanoseconds // 1000)


def _elapsed_ms(span: Span) -> float | None:
    if span.start is None or span.end is None or span.end < span.start:
        return None
    return (span.end - span.start) / 1e6


_blank: Event = Event(id=b"", ts=0, type="", agent=NAME, session_id="", offset=0, digest=0)


def _begun(subject: _Subject, part: int, kind: str, when: Stamp) -> Event:
    span, identity = subject.span, subject.identity
    event = _blank.__copy__()  # pyright: ignore[reportAttributeAccessIssue] a third of the time of giving all fields
    event.id = event_id(when.ts, f"{NAME}\0{span.trace_id}\0{span.span_id}\0{part}\0{span.digest}")
    event.ts, event.ts_quality = when.ts, when.quality
    event.type, event.agent, event.session_id = kind, identity.agent, subject.session_id
    event.digest, event.part = span.digest, part
    event.native_type = subject.native_type
    event.native_id = span.span_id or None
    if identity.agent in WITH_FILES:
        event.is_copy = event.is_telemetry = True
    event.agent_version, event.machine, event.branch = identity.version, identity.machine, identity.branch
    event.working_directory = identity.working_directory
    return event


def _links(span: Span, **more: object) -> dict[str, object]:
    return {"trace_id": span.trace_id, "parent_span_id": span.parent_id, **more}


def _model(subject: _Subject, memory: Memory) -> list[Piece]:
    span, attributes = subject.span, subject.span.attributes
    event = _begun(subject, 0, _RESPONSE, subject.when)
    answer = answer_of(span)
    event.role, event.duration_ms = "assistant", _elapsed_ms(span)
    event.model, event.provider = short_id(model_of(attributes)), short_id(provider_of(attributes))
    if subject.is_repeated:  # a copy whatever else there is
        event.is_copy, event.is_telemetry = True, False
    event.request_id = short_id(text_of(attributes, "request_id", "gen_ai.response.id", "ai.response.id"))
    event.summary = one_line(answer, SPOKEN_LENGTH)
    event.data = small_json(_links(span, ttft_ms=_ttft_ms(span), **_finish(span)))
    _add_usage(event, subject)
    pieces = _prompt(subject, prompt_of(span), memory)
    if span.failed or flag_of(attributes, "success") is False:
        event.status, event.severity = "error", "error"
        failed = _begun(subject, 2, _ERROR, subject.when)
        reason = _reason(span)
        failed.severity, failed.summary, failed.model = "error", one_line(reason), event.model
        failed.is_copy, failed.is_telemetry = event.is_copy, event.is_telemetry
        return [*pieces, Piece(event, answer), Piece(failed, reason)]
    return [*pieces, Piece(event, answer)]


def _add_usage(event: Event, subject: _Subject) -> None:
    if subject.usage is not None and subject.usage_key is not None:
        event.usage, event.basis = subject.usage
        event.usage_key = subject.usage_key
        event.reported_cost_usd = cost_of(subject.span.attributes)


def _prompt(subject: _Subject, found: tuple[str, int] | None, memory: Memory) -> list[Piece]:
    """Return the prompt, unless an earlier span of the trace, or the same place of the conversation, had it already."""
    if found is None or found[0] in _REDACTED:
        return []
    said, place = found
    in_session = is_new(memory, subject.session_id, said, str(place))
    if not is_new(memory, subject.span.trace_id, said) or not in_session:
        return []
    event = _begun(subject, 1, _INTERACTION, subject.when)
    event.role, event.native_type, event.summary = "user", "input.message", one_line(said)
    return [Piece(event, said)]


def _agent(subject: _Subject, memory: Memory) -> list[Piece]:
    span = subject.span
    event = _begun(subject, 0, EventType.SESSION_START.value, subject.when)
    event.role, event.duration_ms = "system", _elapsed_ms(span)
    event.model = short_id(model_of(span.attributes))
    event.status = "error" if span.failed else None
    event.severity = "error" if span.failed else "info"
    name = text_of(span.attributes, "gen_ai.agent.name", "agent.name", "traceloop.entity.name")
    event.summary = one_line(name or span.name)
    event.data = small_json(_links(span, agent_name=clip(name, 200)))
    if subject.usage is not None and subject.usage_key is not None:
        event.type, event.role = _RESPONSE, "assistant"
        _add_usage(event, subject)
        event.basis = "reported"
    task = task_of(span.attributes)
    return [Piece(event, None), *_prompt(subject, (task, 0) if task else None, memory)]


def _tool(subject: _Subject, memory: Memory) -> list[Piece]:
    span = subject.span
    tool = tool_of(span.attributes, span.name)
    kind = EventType.SEARCH_PERFORMED.value if subject.kind == SEARCH else tool.type
    call_id = tool.call_id or f"{span.trace_id}:{span.span_id}"
    if tool.call_id is None and subject.identity.agent in WITH_FILES:
        call_id = f"{NAMELESS}{call_id}"
    call = _begun(subject, 0, kind, subject.when)
    call.role, call.tool_name, call.tool_call_id = "assistant", tool.name, call_id
    call.file_path, call.summary = tool.file_path, tool.summary
    call.data = facts_of(tool, _links(span))
    if span.end is None:
        return [Piece(call, tool.text)]
    result = _begun(subject, 1, _RESULT, _time(span.end))
    said = result_text(span.attributes)
    result.role, result.tool_name, result.tool_call_id = "tool", tool.name, call_id
    result.call_type, result.file_path = kind, tool.file_path
    result.parent_event_id, result.duration_ms = call.id, _elapsed_ms(span)
    if span.failed or flag_of(span.attributes, "success") is False or "error.type" in span.attributes:
        reason = _reason(span)
        result.status, result.severity, result.summary = "error", "error", one_line(reason)
        said = said or reason
    else:
        result.status = "ok"  # instrumentations leave the status unset where nothing went wrong
    return [Piece(call, tool.text), Piece(result, said)]


def _wait(subject: _Subject, memory: Memory) -> list[Piece]:
    span = subject.span
    event = _begun(subject, 0, _INTERACTION, subject.when)
    event.role, event.duration_ms, event.is_copy = "system", _elapsed_ms(span), False
    decision, source = text_of(span.attributes, "decision"), text_of(span.attributes, "source")
    event.status = "denied" if decision == "reject" else None
    event.summary = one_line(decision)
    event.data = small_json(_links(span, decision=clip(decision, 100), source=clip(source, 100)))
    return [Piece(event, None)]


def _unknown(subject: _Subject, memory: Memory) -> list[Piece]:
    event = _begun(subject, 0, EventType.UNKNOWN.value, subject.when)
    event.duration_ms, event.summary = _elapsed_ms(subject.span), one_line(subject.span.name)
    event.data = small_json(_links(subject.span))
    return [Piece(event, None)]


def _finish(span: Span) -> dict[str, object]:
    reasons = decoded(span.attributes.get("gen_ai.response.finish_reasons"))
    if isinstance(reasons, list):
        reasons = ",".join(reason for reason in reasons if isinstance(reason, str))
    said = reasons or text_of(
        span.attributes, "gen_ai.completion.0.finish_reason", "ai.response.finishReason", "stop_reason"
    )
    return {"finish": clip(said, 200) if isinstance(said, str) else None}


def _ttft_ms(span: Span) -> float | None:
    seconds = number_of(span.attributes, "gen_ai.response.time_to_first_chunk")
    return (
        seconds * 1000 if seconds is not None else number_of(span.attributes, "ttft_ms", "ai.response.msToFirstChunk")
    )


def _reason(span: Span) -> str | None:
    """Return why a span failed: by its exception, its status, or its attributes."""
    for name, event in span.events:
        if name == "exception":
            kind, said = text_of(event, "exception.type"), text_of(event, "exception.message")
            return ": ".join(part for part in (kind, said) if part) or None
    return span.message or text_of(span.attributes, "error.message", "exception.message", "error", "error.type")


_MAKERS = {MODEL: _model, TOOL: _tool, SEARCH: _tool, AGENT: _agent, WAIT: _wait, UNKNOWN: _unknown}
