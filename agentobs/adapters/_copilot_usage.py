"""Copilot CLI's tokens. Messages say only their output; the rest stands in the metrics of a shutdown, per model.

One scheme, so that nothing counts twice: a message carries its output tokens (measured); a shutdown carries, per model,
what no message said: input, cache reads and writes, and the output beyond that of the messages (reported). Metrics are
sums since the start, or since a resume that began them anew: the second shutdown of a file carries what came on top of
the first where all its sums include those of the first, and all of itself where they do not.

`inputTokens` includes what the cache served and took. The sums of many requests say nothing of any single one's length.
"""

import msgspec

from agentobs.adapters._objects import Fields, count, inner
from agentobs.adapters._text import clip, short_id
from agentobs.events import Usage

_LANES = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "reasoningTokens")
_MOST_MODELS = 64
_MOST = 10**12  # of a whole session
UNNAMED = ""

Lanes = list[int | None]


class Counted(msgspec.Struct):
    """What of the tokens is already told; bounded by the number of models."""

    seen: dict[str, int] = {}  # model -> output of its messages since the last shutdown
    reported: dict[str, Lanes] = {}  # model -> what the last shutdown said
    resumed: bool = False
    message: str = ""  # the last message with tokens, and how many: one may come in several chunks
    message_tokens: int = 0


class Share(msgspec.Struct):
    """What one model's metrics add to what is told."""

    model: str
    usage: Usage
    requests: int | None
    reasoning_tokens: int | None


def saw(counted: Counted, model: str | None, message: str | None, output_tokens: int) -> None:
    """Remember the output of a message."""
    before = counted.message_tokens if message and message == counted.message else 0
    counted.message, counted.message_tokens = message or "", max(output_tokens, before)
    name = model or UNNAMED
    if name in counted.seen or len(counted.seen) < _MOST_MODELS:
        counted.seen[name] = counted.seen.get(name, 0) + max(output_tokens - before, 0)


def shares(counted: Counted, metrics: Fields) -> list[Share]:
    """Return what a shutdown's metrics add, model by model."""
    told: list[tuple[str, Lanes, int | None]] = []
    for name in list(metrics)[:_MOST_MODELS]:
        usage = inner(metrics, name, "usage")
        lanes = [count(usage, lane, _MOST) for lane in _LANES]
        if any(lane is not None for lane in lanes):
            model = short_id(name) or UNNAMED
            told.append((model, _since(counted, model, lanes), count(inner(metrics, name, "requests"), "count")))
            counted.reported[model] = lanes
    spare = sum(tokens for model, tokens in counted.seen.items() if model not in {name for name, _, _ in told})
    found = []
    for model, lanes, requests in told:
        output = lanes[1]
        if output is not None:
            output = max(output - counted.seen.get(model, 0), 0)
            spare, output = max(spare - output, 0), max(output - spare, 0)  # of messages that named no model of these
        found.append(_share(model, lanes, output, requests))
    counted.seen, counted.resumed, counted.message, counted.message_tokens = {}, False, "", 0
    while len(counted.reported) > _MOST_MODELS:
        del counted.reported[next(iter(counted.reported))]
    return found


def _since(counted: Counted, model: str, lanes: Lanes) -> Lanes:
    before = counted.reported.get(model)
    if before is None:
        return lanes
    includes = all((now or 0) >= (then or 0) for now, then in zip(lanes, before, strict=True))
    seen = counted.seen.get(model, 0)
    if includes and counted.resumed and lanes != before:  # then its output holds that of before and of all since
        includes = seen > 0 and (lanes[1] or 0) >= (before[1] or 0) + seen
    if not includes:
        return lanes
    return [None if now is None else now - (then or 0) for now, then in zip(lanes, before, strict=True)]


def _share(model: str, lanes: Lanes, output: int | None, requests: int | None) -> Share:
    given, _, read, written, reasoning = lanes
    cached = (read or 0) + (written or 0)
    if given is not None and given >= cached:
        given -= cached
    usage = Usage(
        input_tokens=given,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_5m_tokens=written,
        reasoning_tokens=reasoning if reasoning is not None and output is not None and reasoning <= output else None,
    )
    return Share(clip(model, 200) or UNNAMED, usage, requests, reasoning)
