"""The cost of one model response, in whole pico-dollars."""

from datetime import UTC, date, datetime

from agentobs.events.model import Usage
from agentobs.pricing.rates import EPOCH, PICO, Quote, quote

_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000
COUNTS = {
    # lane of a price: the field of a usage, and the column of a frame, that counts it
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write_5m": "cache_write_5m_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "web_search": "web_search_requests",
}

When = int | date
"""Microseconds since 1970 (UTC), a datetime (UTC if naive) or a day."""


def cost_pico_usd(model: str | None, when: When, usage: Usage, provider: str | None = None) -> int | None:
    """Return the list price of one response in pico-dollars (1e-12 USD), None where any part of it has no price.

    A lane that is None counts as absent, but a usage with neither input nor output is unknown.
    """
    day = when // _DAY_US if isinstance(when, int) else _day(when)
    prices = quote(model, provider, day, usage.service_tier, usage.speed, usage.inference_geo)
    if isinstance(prices, str):
        return None
    cost = _priced(model, when, usage, provider) if prices.by_time else _cost(prices, usage)
    return None if isinstance(cost, str) else cost


def unpriced_reason(model: str | None, when: When, usage: Usage, provider: str | None = None) -> str | None:
    """Return why a response has no price (unknown_model, unknown_fast_price, ...), None where it has one."""
    cost = _priced(model, when, usage, provider)
    return cost if isinstance(cost, str) else None


def usd(pico: int | None) -> float | None:
    """Return pico-dollars as dollars; sums are made before this, in integers."""
    return None if pico is None else pico / PICO


def _priced(model: str | None, when: When, usage: Usage, provider: str | None) -> int | str:
    if isinstance(when, int):
        day, minute = when // _DAY_US, when % _DAY_US // _MINUTE_US
    else:
        day, minute = _day(when), _minute(when)
    prices = quote(model, provider, day, usage.service_tier, usage.speed, usage.inference_geo)
    if isinstance(prices, Quote) and prices.by_time:
        if minute is None:
            return "unknown_time_of_day"
        prices = quote(model, provider, day, usage.service_tier, usage.speed, usage.inference_geo, minute)
    return prices if isinstance(prices, str) else _cost(prices, usage)


def _cost(prices: Quote, usage: Usage) -> int | str:
    given, written = usage.input_tokens, usage.output_tokens
    if given is None and written is None:
        return "unknown_usage"
    given, written = given or 0, written or 0
    read, short, long = usage.cache_read_tokens or 0, usage.cache_write_5m_tokens or 0, usage.cache_write_1h_tokens or 0
    searches = usage.web_search_requests or 0
    if (given | written | read | short | long | searches) < 0:  # the sign bits together: any negative
        return "invalid_usage"
    prompt = given + read + short + long
    if prices.unpriced_above is not None and prompt > prices.unpriced_above:
        return "unknown_long_context_price"
    band = prices.bands[0]
    if prompt <= band[0]:
        band = next(each for each in prices.bands if prompt > each[0])
    _, per_input, per_output, per_read, per_short, per_long, unpriced = band
    if unpriced and (lane := _used(unpriced, usage)):
        return f"unknown_{lane}_price"
    return (
        given * per_input
        + written * per_output
        + read * per_read
        + short * per_short
        + long * per_long
        + searches * prices.web_search
    )


def _used(unpriced: tuple[str, ...], usage: Usage) -> str | None:
    return next((lane for lane in unpriced if getattr(usage, COUNTS[lane])), None)


def _day(when: date) -> int:
    return (_utc(when).date() - EPOCH).days if isinstance(when, datetime) else (when - EPOCH).days


def _minute(when: date) -> int | None:
    return _utc(when).hour * 60 + _utc(when).minute if isinstance(when, datetime) else None


def _utc(when: datetime) -> datetime:
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
