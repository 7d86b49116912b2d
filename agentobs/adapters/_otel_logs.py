"""Log records as events: pure, and the same for every container.

claude_code.*, codex.*, gemini_cli.*            the agents' own, see _otel_cli_logs
gen_ai.client.inference.operation.details       llm_response with its usage, and the new prompt in it
gen_ai.user.message                             user_interaction, role user, where it is new in its trace
gen_ai.choice                                   llm_response
gen_ai.system|assistant|tool.message            skipped: they repeat a history
other gen_ai.* and *_chat.* names               unknown; anything else is no agent's work and skipped
"""

from agentobs.adapters import _otel_cli_logs as cli
from agentobs.adapters._otel_identity import (
    CLAUDE_CODE,
    CODEX,
    GEMINI_CLI,
    WITH_FILES,
    Identity,
    agent_of,
    said_session,
)
from agentobs.adapters._otel_kinds import NOT_AGENT_WORK, model_of, provider_of
from agentobs.adapters._otel_log_origin import Subject, begun
from agentobs.adapters._otel_messages import answer_of, decoded, prompt_of
from agentobs.adapters._otel_records import Log, Span, text_of
from agentobs.adapters._otel_spans import NAME, SPOKEN_LENGTH, Piece
from agentobs.adapters._otel_state import Memory, is_new, session_of
from agentobs.adapters._otel_usage import cost_of, counts_key, usage_of
from agentobs.adapters._text import one_line, short_id
from agentobs.events import EARLIEST, Event, EventType, Stamp, call_key, stamp

SLOTS = 3
DETAILS = "gen_ai.client.inference.operation.details"
HISTORY = frozenset(("gen_ai.system.message", "gen_ai.assistant.message", "gen_ai.tool.message"))
__all__ = ["NAME", "log_pieces"]


def log_pieces(logs: list[Log], memory: Memory) -> list[tuple[str, list[Piece]]]:
    """Return, for each log record of a batch, its kind (or why it is skipped) and its events."""
    for log in logs:
        session = said_session(log.attributes, log.origin.resource)
        if session is not None:
            session_of(memory, agent_of(log.origin, log.attributes, log.name or ""), log.trace_id, session)
    return [_pieces(log, memory) for log in logs]


def _pieces(log: Log, memory: Memory) -> tuple[str, list[Piece]]:
    name = log.name or ""
    service = agent_of(log.origin, log.attributes, name)
    if service == CLAUDE_CODE and not name.startswith("claude_code."):
        name = f"claude_code.{name}"
    own = service in WITH_FILES and name.startswith(("claude_code.", "codex.", "gemini_cli."))
    if not own and not name.startswith("gen_ai.") and "_chat." not in name:
        return NOT_AGENT_WORK, []
    session = said_session(log.attributes, log.origin.resource)
    session_id = session_of(memory, service, log.trace_id, session)
    if session_id is None:
        return "log_without_session", []
    when = Stamp(EARLIEST, "none") if log.time is None else stamp(log.time // 1000)
    identity = Identity(service, log.attributes, log.origin.resource)
    subject = Subject(log, name[:200], identity, session_id, when)
    return cli.pieces(subject) if own else (name, _generic(subject, memory))


def _generic(subject: Subject, memory: Memory) -> list[Piece]:
    """Return the events of a record of the conventions; none where it repeats what another one says."""
    name = subject.name
    if name in HISTORY or (name == DETAILS and subject.identity.agent == GEMINI_CLI):
        return []
    if name == DETAILS:
        return _details(subject, memory)
    if name == "gen_ai.user.message":
        return _user_message(subject, memory)
    if name == "gen_ai.choice":
        return _choice(subject)
    return [Piece(begun(subject, 0, EventType.UNKNOWN.value), None)]


def _details(subject: Subject, memory: Memory) -> list[Piece]:
    log = subject.log
    event = begun(subject, 0, EventType.LLM_RESPONSE.value)
    like = Span(log.origin, log.trace_id or "", "", None, "", None, None, None, None, log.attributes, [])
    answer = answer_of(like)
    event.role, event.summary = "assistant", one_line(answer, SPOKEN_LENGTH)
    _add_model(event, subject)
    found = prompt_of(like)
    if found is None:
        return [Piece(event, answer)]
    new = is_new(memory, subject.session_id, found[0], str(found[1]))
    if not is_new(memory, log.trace_id or "", found[0]) or not new:
        return [Piece(event, answer)]
    return [Piece(_prompt(subject, 1, found[0]), found[0]), Piece(event, answer)]


def _add_model(event: Event, subject: Subject) -> None:
    attributes = subject.log.attributes
    event.model, event.provider = short_id(model_of(attributes)), short_id(provider_of(attributes))
    found = usage_of(attributes)
    named = short_id(text_of(attributes, "gen_ai.response.id"))
    if found is None:
        return
    event.usage, event.basis = found
    event.reported_cost_usd = cost_of(attributes)
    if named is not None:
        event.usage_key = call_key(subject.session_id, named)
    elif subject.identity.agent == CODEX or not subject.log.span_id:
        event.usage_key = counts_key(subject.session_id, found[0])
    else:  # the span that this record belongs to says the same
        event.usage_key = f"{subject.log.trace_id}:{subject.log.span_id}"


def _user_message(subject: Subject, memory: Memory) -> list[Piece]:
    body = subject.log.body
    said = body.get("content") if isinstance(body, dict) else body
    said = said if isinstance(said, str) else text_of(subject.log.attributes, "content")
    event = _prompt(subject, 0, said)
    if said is None or not is_new(memory, subject.log.trace_id or subject.session_id, said):
        event.is_copy, event.is_telemetry = True, False
    return [Piece(event, said)]


def _prompt(subject: Subject, part: int, said: str | None) -> Event:
    event = begun(subject, part, EventType.USER_INTERACTION.value)
    event.role, event.summary = "user", one_line(said)
    return event


def _choice(subject: Subject) -> list[Piece]:
    body = subject.log.body
    message = body.get("message") if isinstance(body, dict) else None
    said = message.get("content") if isinstance(message, dict) else None
    said = decoded(said) if isinstance(said, str) else None
    event = begun(subject, 0, EventType.LLM_RESPONSE.value)
    event.role, event.is_copy, event.is_telemetry = "assistant", True, False
    event.summary = one_line(said if isinstance(said, str) else None, SPOKEN_LENGTH)
    return [Piece(event, said if isinstance(said, str) else None)]
