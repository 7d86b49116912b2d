"""The usage of a Claude Code response, and the key under which all its lines are one response."""

from agentobs.adapters._claude_records import Message, Tokens
from agentobs.events import Event, Usage, call_key

SYNTHETIC = "<synthetic>"  # the model of messages that the client made itself


def add_usage(event: Event, message: Message, request_id: str | None) -> None:
    """Give the first event of an assistant record its snapshot of the response's usage, if it has one."""
    tokens = message.usage
    if tokens is None or message.model == SYNTHETIC:
        return
    usage, basis = _usage(tokens)
    if usage is None:
        return
    event.usage, event.basis = usage, basis
    key = message.id or request_id or event.native_id
    event.usage_key = call_key(event.session_id, key) if key else event.id.hex()


def _usage(tokens: Tokens) -> tuple[Usage | None, str]:
    total, split = tokens.cache_creation_input_tokens, tokens.cache_creation
    short = split.ephemeral_5m_input_tokens if split is not None else None
    long = split.ephemeral_1h_input_tokens if split is not None else None
    basis = "measured"
    if total is not None and total > (short or 0) + (long or 0):
        short, basis = total - (long or 0), "estimated"  # no lifetime told: the cheaper lane
    elif total == 0 and split is None:
        short = 0
    lanes = (tokens.input_tokens, tokens.output_tokens, tokens.cache_read_input_tokens, short, long)
    if lanes == (None, None, None, None, None):
        return None, basis
    details, server = tokens.output_tokens_details, tokens.server_tool_use
    usage = Usage(
        *lanes,
        details.thinking_tokens if details is not None else None,
        server.web_search_requests if server is not None else None,
        tokens.service_tier,
        tokens.speed,
        tokens.inference_geo,
    )
    return usage, basis
