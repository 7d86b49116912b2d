"""Tokens of ATIF steps and trajectories, with the cache taken out of the prompt."""

from typing import Any

from agentobs.adapters._text import clip
from agentobs.adapters._whole_document import count, inside, text
from agentobs.events import Usage


def usage_of(metrics: Any, *, writes_beside: bool = False) -> Usage | None:
    """Return the tokens of a step or of a trajectory, the cache taken out of the prompt; None when none are told.

    The prompt includes what was written to the cache, unless `writes_beside` says that its writer left it out.
    """
    prompt, completion, cached = (_tokens(metrics, name) for name in ("prompt", "completion", "cached"))
    if not prompt and not completion:
        return None
    extra = inside(metrics, "extra")
    written, hour = written_of(metrics), count(inside(extra, "cache_creation", "ephemeral_1h_input_tokens"))
    reasoning = _first(extra, "reasoning_tokens", "reasoning_output_tokens", "total_reasoning_tokens")
    if reasoning is None:
        reasoning = count(inside(extra, "completion_tokens_details", "reasoning_tokens"))
    given = prompt
    if prompt is not None:
        beside = (cached or 0) + (0 if writes_beside else written or 0)
        given = prompt - beside if prompt >= beside else max(prompt - (cached or 0), 0)
    return Usage(
        input_tokens=given,
        output_tokens=completion,
        cache_read_tokens=cached,
        cache_write_5m_tokens=written if hour is None or written is None else max(written - hour, 0),
        cache_write_1h_tokens=hour,
        reasoning_tokens=reasoning if reasoning is None or reasoning <= (completion or 0) else None,
        web_search_requests=count(inside(extra, "server_tool_use", "web_search_requests")),
        service_tier=clip(text(inside(extra, "service_tier")), 40),
    )


def written_of(metrics: Any) -> int | None:
    """Return what a step wrote to the cache."""
    names = ("cache_creation_input_tokens", "cache_write_tokens", "total_cache_creation_input_tokens")
    return _first(inside(metrics, "extra"), *names)


def writes_beside(steps: Any) -> bool:
    """Tell whether a trajectory's prompts leave out what was written to the cache: one of them could not hold it.

    Harbor's first converter of Claude Code wrote input + read, later ones input + read + written, as the format asks.
    """
    for step in steps if isinstance(steps, list) else ():
        metrics = inside(step, "metrics")
        prompt, written = _tokens(metrics, "prompt"), written_of(metrics)
        if prompt is not None and written and prompt < (_tokens(metrics, "cached") or 0) + written:
            return True
    return False


def _tokens(metrics: Any, name: str) -> int | None:
    own = count(inside(metrics, f"{name}_tokens"))
    return count(inside(metrics, f"total_{name}_tokens")) if own is None else own


def _first(extra: Any, *names: str) -> int | None:
    return next((value for name in names if (value := count(inside(extra, name))) is not None), None)
