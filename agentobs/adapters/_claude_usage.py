"""The usage of a Claude Code response, and the key under which all its lines are one response."""

import msgspec

from agentobs.adapters._claude_origin import begun
from agentobs.adapters._claude_records import Iteration, Message, Record, Tokens, decoded, items_of
from agentobs.events import Event, EventType, Usage, call_key

SYNTHETIC = "<synthetic>"  # the model of messages that the client made itself

_APART = {"advisor_message": "assistant/advisor", "compaction": "assistant/compaction"}
"""The iterations that are billed, but not in the response's own usage; all others are, or are not billed."""

_MOST_ITERATIONS = 1000
_iteration = msgspec.json.Decoder(Iteration).decode


def add_usage(event: Event, message: Message, tokens: Tokens, record: Record) -> None:
    """Give the first event of an assistant record its snapshot of the response's usage."""
    usage, event.basis = _usage(tokens)
    if usage is None:
        return
    event.usage = usage
    event.usage_key = _key(event, message, record)
    event.reported_cost_usd = record.cost_usd


def calls_inside(head: Event, part: int, message: Message, tokens: Tokens, record: Record) -> list[Event]:
    """Return the calls that a response made of other models, or to compact itself, as events from this part on."""
    listed = bytes(tokens.iterations)
    if not any(kind.encode() in listed for kind in _APART):
        return []
    events: list[Event] = []
    counts = dict.fromkeys(_APART, 0)
    for item in items_of(listed)[:_MOST_ITERATIONS]:
        iteration = decoded(_iteration, Iteration, item)
        if iteration is None or iteration.type not in _APART:
            continue
        number = counts[iteration.type]
        counts[iteration.type] += 1
        usage, basis = _usage(iteration)
        if usage is None:
            continue
        event = begun(head, part + len(events), EventType.LLM_RESPONSE.value, _APART[iteration.type])
        event.role, event.model = "assistant", iteration.model or message.model
        event.usage, event.basis = usage, basis
        event.usage_key = f"{_key(head, message, record)}:{iteration.type}:{number}"
        events.append(event)
    return events


def _key(event: Event, message: Message, record: Record) -> str:
    key = message.id or record.request_id or event.native_id
    return call_key(event.session_id, key) if key else event.id.hex()


def _usage(tokens: Tokens) -> tuple[Usage | None, str | None]:
    total, split = tokens.cache_creation_input_tokens, tokens.cache_creation
    short = split.ephemeral_5m_input_tokens if split is not None else None
    long = split.ephemeral_1h_input_tokens if split is not None else None
    basis = "measured"
    if total is not None and total > (short or 0) + (long or 0):
        short, basis = total - (long or 0), "estimated"  # no lifetime told: the cheaper lane
    elif total == 0 and split is None:
        short = 0
    given, answered, read = tokens.input_tokens, tokens.output_tokens, tokens.cache_read_input_tokens
    if given is None and answered is None and read is None and short is None and long is None:
        return None, None
    details, server = tokens.output_tokens_details, tokens.server_tool_use
    usage = Usage(
        given,
        answered,
        read,
        short,
        long,
        details.thinking_tokens if details is not None else None,
        server.web_search_requests if server is not None else None,
        tokens.service_tier,
        tokens.speed,
        tokens.inference_geo,
    )
    return usage, basis
