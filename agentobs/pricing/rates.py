"""What one token of each lane costs, for a model on a day and a way of billing, in whole pico-dollars (1e-12 USD)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from importlib.metadata import version
from typing import NamedTuple

from genai_prices.types import ModelInfo, ModelPrice, TieredPrices, TimeOfDateConstraint

from agentobs.pricing import surcharges
from agentobs.pricing.names import Match, find
from agentobs.pricing.surcharges import Factor

PRICES_VERSION = f"genai-prices-{version('genai-prices')}+surcharges-{surcharges.VERSION}"

LANES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
PICO = 10**12
EPOCH = date(1970, 1, 1)

STANDARD_TIERS = (None, "", "standard", "default")
STANDARD_SPEEDS = (None, "", "standard")
ANYWHERE = (None, "", "global", "not_available")

_PRICE_KEYS = {
    "input": ("input_mtok",),
    "output": ("output_mtok",),
    "cache_read": ("cache_read_mtok",),
    "cache_write_5m": ("cache_write_5m_mtok", "cache_write_mtok"),
    "cache_write_1h": ("cache_write_1h_mtok",),
}
Rates = dict[str, Fraction | None]  # dollars per million tokens, by lane


class Band(NamedTuple):
    """Pico-dollars per token of a prompt of more than `above` tokens, by lane; 0 where a lane has no known price."""

    above: int
    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    unpriced: tuple[str, ...]  # the lanes without a price, web_search included


class Quote(NamedTuple):
    """The prices of one model on one day for one way of billing."""

    bands: tuple[Band, ...]  # longest prompts first; the last one is above -1, so it always applies
    web_search: int  # pico-dollars per request; 0 where there is no known price
    unpriced_above: int | None  # longer prompts were dearer, and we do not know by how much
    by_time: bool  # the price changes within the day: ask again with the minute


@lru_cache(maxsize=16_384)
def quote(
    model: str | None,
    provider: str | None,
    day: int,
    service_tier: str | None,
    speed: str | None,
    inference_geo: str | None,
    minute: int | None = None,
) -> Quote | str:
    """Return the prices that hold for a way of billing on a day (days since 1970, UTC), or why there are none."""
    match = find(model, provider) if model else "unknown_model"
    if isinstance(match, str):
        return match
    by_time = minute is None and _changes_within_a_day(match.model)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day, minutes=minute or 0)
    prices = _prices(match, moment, service_tier, speed)
    if isinstance(prices, str):
        return prices
    model_price, by_billing = prices
    geo = _geo_factor(match, inference_geo, moment.date())
    if geo is None:
        return "unknown_inference_geo_price"
    return _quote(match, model_price, moment.date(), [*by_billing, geo], by_time)


def _quote(match: Match, price: ModelPrice, day: date, factors: list[Factor], by_time: bool) -> Quote:
    starts = {tier.start for value in vars(price).values() if isinstance(value, TieredPrices) for tier in value.tiers}
    by_start = {start: _rates_above(match, price, start) for start in (-1, *starts)}
    unpriced_above = None
    premium = surcharges.factor(surcharges.LONG_CONTEXT, match.key, day) if not starts else None
    if premium is not None and premium.input is None:
        unpriced_above = surcharges.LONG_CONTEXT_ABOVE
    elif premium is not None:
        by_start[surcharges.LONG_CONTEXT_ABOVE] = _multiply(by_start[-1], premium)
    search = getattr(price, "web_searches_kcount", None)
    web_search = round(search * PICO / 1000) if isinstance(search, Decimal) else None
    bands = []
    for start, rates in sorted(by_start.items(), reverse=True):
        for factor in factors:
            rates = _multiply(rates, factor)  # noqa: PLW2901
        bands.append(_band(start, [_pico_per_token(rates[lane]) for lane in LANES], web_search))
    return Quote(tuple(bands), web_search or 0, unpriced_above, by_time)


def _band(above: int, per_token: list[int | None], web_search: int | None) -> Band:
    unpriced = [lane for lane, rate in zip(LANES, per_token, strict=True) if rate is None]
    if web_search is None:
        unpriced.append("web_search")
    return Band(above, *(rate or 0 for rate in per_token), unpriced=tuple(unpriced))


def _prices(
    match: Match, moment: datetime, tier: str | None, speed: str | None
) -> tuple[ModelPrice, list[Factor]] | str:
    """Return the package's prices for a tier and speed, with our factors where it has only the standard ones."""
    standard = match.model.get_prices(moment)
    if tier in STANDARD_TIERS and speed in STANDARD_SPEEDS:
        return standard, []
    if speed not in STANDARD_SPEEDS:
        if speed != "fast" or tier not in STANDARD_TIERS:  # fast mode goes with no other tier
            return "unknown_fast_price"
        context, table, reason = {"speed": "fast"}, surcharges.FAST, "unknown_fast_price"
    elif tier == "batch":
        context, table, reason = {"processing": "batch"}, surcharges.BATCH, "unknown_batch_price"
    else:
        context, table, reason = {"service_tier": str(tier)}, {}, "unknown_service_tier_price"
    if _has_variant(match, moment, context):
        return match.model.get_prices(moment, context), []
    ours = surcharges.factor(table, match.key, moment.date())
    return reason if ours is None else (standard, [ours])


def _has_variant(match: Match, moment: datetime, context: dict[str, str]) -> bool:
    if not any(model is match.model for model in match.provider.models):
        return False  # borrowed from the maker's table: its variants are not this platform's
    return any(
        variant.when == context and (variant.constraint is None or variant.constraint.active(moment))
        for variant in match.model.price_variants or ()
    )


def _geo_factor(match: Match, geo: str | None, day: date) -> Factor | None:
    if geo in ANYWHERE:
        return Factor(Fraction(1), Fraction(1))
    return surcharges.factor(surcharges.US_INFERENCE, match.key, day) if geo == "us" else None


def _changes_within_a_day(model: ModelInfo) -> bool:
    conditions = model.prices if isinstance(model.prices, list) else []
    return any(
        isinstance(each.constraint, TimeOfDateConstraint) for each in [*conditions, *(model.price_variants or ())]
    )


def _rates_above(match: Match, price: ModelPrice, start: int) -> Rates:
    rates = {lane: _first_price(price, keys, start) for lane, keys in _PRICE_KEYS.items()}
    if rates["cache_write_1h"] is None and rates["input"] is not None and match.key in surcharges.ONE_HOUR_WRITES_OF:
        rates["cache_write_1h"] = rates["input"] * surcharges.ONE_HOUR_WRITES
    return rates


def _first_price(price: ModelPrice, keys: tuple[str, ...], start: int) -> Fraction | None:
    value = next((value for key in keys if (value := vars(price).get(key)) is not None), None)
    if isinstance(value, TieredPrices):
        reached = [tier for tier in value.tiers if tier.start <= start]
        value = max(reached, key=lambda tier: tier.start).price if reached else value.base
    return None if value is None else Fraction(value)


def _multiply(rates: Rates, factor: Factor) -> Rates:
    by_lane = {lane: factor.output if lane == "output" else factor.input for lane in LANES}
    return {
        lane: None if rate is None or (times := by_lane[lane]) is None else rate * times for lane, rate in rates.items()
    }


def _pico_per_token(dollars_per_million: Fraction | None) -> int | None:
    # list prices are whole pico-dollars a token; the few that a reseller computed (0.0833...) are rounded to one
    return None if dollars_per_million is None else round(dollars_per_million * PICO / 1_000_000)
