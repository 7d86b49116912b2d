"""What a span or record says about tokens and cost, and whose tokens count when spans repeat those of their children.

The input of all conventions includes what a cache served, except in Claude Code's own names. A usage stands for the
leaf-most span that has one: a span above another one with a usage repeats it. Children end, and so mostly arrive,
before their parents; a child that comes in a later batch than its parent takes the parent's usage_key, under which the
larger of both counts.
"""

from agentobs.adapters._objects import without_cache
from agentobs.adapters._otel_messages import decoded
from agentobs.adapters._otel_records import Attributes, Span, count_of, number_of
from agentobs.adapters._otel_state import Memory, remember
from agentobs.events import Usage, semconv

_INPUT = (
    semconv.INPUT,
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
)
_OUTPUT = (
    semconv.OUTPUT,
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
)
_READ = (
    semconv.CACHE_READ,
    "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
    "ai.usage.cachedInputTokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.details.cache_read_tokens",
    "llm.usage.cache_read_input_tokens",
)
_WRITE = (
    semconv.CACHE_WRITE,
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "llm.token_count.prompt_details.cache_write",
    "gen_ai.usage.details.cache_write_tokens",
    "llm.usage.cache_creation_input_tokens",
)
_REASONING = (
    semconv.REASONING,
    "gen_ai.usage.reasoning_tokens",
    "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
    "ai.usage.reasoningTokens",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.details.reasoning_tokens",
    "codex.usage.reasoning_output_tokens",
)
_DETAILS = frozenset((*_READ, *_WRITE, *_REASONING, semconv.CACHE_WRITE_1H))
_MLFLOW = "mlflow.chat.tokenUsage"
_COST = ("gen_ai.usage.cost", "llm.cost.total", "gen_ai.cost.total_cost", "cost_usd")


def usage_of(attributes: Attributes) -> tuple[Usage, str] | None:
    """Return the tokens that attributes speak of, and their basis; None where there are none, or none but zeros."""
    if _MLFLOW in attributes:
        attributes = _of_mlflow(attributes)
    given, answered = count_of(attributes, *_INPUT), count_of(attributes, *_OUTPUT)
    if not given and not answered:
        return None
    if _DETAILS.isdisjoint(attributes):
        return Usage(input_tokens=given, output_tokens=answered), "measured"
    read, written = count_of(attributes, *_READ), count_of(attributes, *_WRITE)
    hour = count_of(attributes, semconv.CACHE_WRITE_1H)
    usage = Usage(
        input_tokens=without_cache(given, (read or 0) + (written or 0)),
        output_tokens=answered,
        cache_read_tokens=read,
        cache_write_5m_tokens=written if hour is None or written is None else max(written - hour, 0),
        cache_write_1h_tokens=hour,
        reasoning_tokens=count_of(attributes, *_REASONING),
    )
    return usage, "estimated" if written and hour is None else "measured"


def _of_mlflow(attributes: Attributes) -> Attributes:
    """Return MLflow's counts, which are JSON in one attribute, under the names of the conventions."""
    said = decoded(attributes[_MLFLOW])
    said = said if isinstance(said, dict) else {}
    return {
        semconv.INPUT: said.get("input_tokens"),
        semconv.OUTPUT: said.get("output_tokens"),
        semconv.CACHE_READ: said.get("cache_read_input_tokens"),
        semconv.CACHE_WRITE: said.get("cache_creation_input_tokens"),
        **attributes,
    }


def claude_code_usage(attributes: Attributes) -> tuple[Usage, str] | None:
    """Return the tokens of Claude Code's own attributes, whose input is without the cache."""
    usage = Usage(
        input_tokens=count_of(attributes, "input_tokens"),
        output_tokens=count_of(attributes, "output_tokens"),
        cache_read_tokens=count_of(attributes, "cache_read_tokens"),
        cache_write_5m_tokens=count_of(attributes, "cache_creation_tokens"),
        speed="fast" if attributes.get("speed") == "fast" else None,
    )
    return (usage, "reported") if usage.total_tokens else None


def cost_of(attributes: Attributes) -> float | None:
    """Return the cost in US dollars that a source reported itself."""
    return number_of(attributes, *_COST)


def counts_key(session_id: str, usage: Usage) -> str:
    """Return a usage_key of the counts: for responses that several records of a session tell of, but none names."""
    lanes = (
        usage.input_tokens,
        usage.cache_read_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    )
    return ":".join((session_id, "-".join(str(lane or 0) for lane in lanes)))


def covered(spans: list[Span], using: list[bool], memory: Memory) -> set[str]:
    """Return the ids of the spans below which another span has a usage, and remember those still to come."""
    if not memory.covered and not any(using):
        return set()
    parents = {span.span_id: span.parent_id for span in spans}
    found: set[str] = set()
    for span, has_usage in zip(spans, using, strict=True):
        if has_usage or span.span_id in memory.covered:
            above, steps = span.parent_id, 0
            while above and above not in found and above != span.span_id and steps < len(spans) + 1:
                found.add(above)
                above, steps = parents.get(above), steps + 1
    found.update(span.span_id for span in spans if span.span_id in memory.covered)
    for span_id in found:
        if span_id in parents:
            memory.covered.pop(span_id, None)
        else:
            remember(memory.covered, span_id, True)
    return found


def key_above(span: Span, parents: dict[str, str | None], memory: Memory) -> str | None:
    """Return the usage_key of a span above this one that was counted in an earlier batch."""
    above, steps = span.parent_id, 0
    while above and steps < 100:
        if above in memory.counted:
            return memory.counted[above]
        above, steps = parents.get(above), steps + 1
    return None
