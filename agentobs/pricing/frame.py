"""The cost of a frame of model calls: one price per model, day and kind of billing, multiplied by whole columns."""

from typing import Any

import numpy as np
import pandas as pd

from agentobs.events.model import Usage
from agentobs.pricing.cost import COUNTS, cost_pico_usd
from agentobs.pricing.rates import EPOCH, LANES, PICO, Quote, quote

_BILLING = ("service_tier", "speed", "inference_geo")
_LARGE = 10**9  # more than any response holds; up to here the sums below fit into 64 bits
Counts = dict[str, pd.Series]  # by lane, Int64


def price(frame: pd.DataFrame) -> pd.Series:
    """What each model call cost at list price.

    Parameters
    ----------
    frame : frame of MODEL_CALLS; of its columns only model and started_at must be there

    Returns
    -------
    Float64 on the frame's index, in USD; <NA> where the model, its kind of billing or its usage has no price.
    """
    counts = {lane: _column(frame, column, "Int64") for lane, column in COUNTS.items()}
    keys = _keys(frame)
    costs = np.zeros(len(frame), dtype=float)
    known = np.zeros(len(frame), dtype=bool)
    groups: Any = keys.groupby(list(keys.columns), dropna=False, sort=False).indices
    for key, rows in groups.items():
        model, provider, day, *billing = [None if pd.isna(part) else part for part in key]
        prices = "unknown_time" if day is None else quote(model, provider, int(day), *billing)
        if isinstance(prices, str):
            continue
        here = {lane: values.iloc[rows] for lane, values in counts.items()}
        if prices.by_time or any((values > _LARGE).any() for values in here.values()):
            times = frame["started_at"].iloc[rows]
            costs[rows], known[rows] = _one_by_one(model, provider, times, here, billing)
        else:
            costs[rows], known[rows] = _together(prices, here)
    return pd.Series(pd.arrays.FloatingArray(costs, ~known), index=frame.index, name="cost_usd")


def _together(prices: Quote, counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Return the dollars of calls under one quote, and which of them are known; exact until the last division."""
    known = (counts["input"].notna() | counts["output"].notna()).to_numpy(bool, copy=True)
    tokens = {lane: values.fillna(0).to_numpy(np.int64) for lane, values in counts.items()}
    for count in tokens.values():
        known &= count >= 0
    prompt = np.sum([tokens[lane] for lane in LANES if lane != "output"], axis=0)
    if prices.unpriced_above is not None:
        known &= prompt <= prices.unpriced_above
    pico = tokens["web_search"] * prices.web_search
    left = np.ones(len(known), dtype=bool)
    for band in prices.bands:
        here = left & (prompt > band.above)
        left &= ~here
        for lane in LANES:
            pico[here] += tokens[lane][here] * getattr(band, lane)
        for lane in band.unpriced:
            known &= ~here | (tokens[lane] == 0)
    return pico / PICO, known


def _one_by_one(
    model: str | None, provider: str | None, times: pd.Series, counts: Counts, billing: list[Any]
) -> tuple[list[float], list[bool]]:
    ways = dict(zip(_BILLING, billing, strict=True))
    costs = []
    for position, time in enumerate(times):
        given = {COUNTS[lane]: _int(values.iloc[position]) for lane, values in counts.items()}
        costs.append(cost_pico_usd(model, time, Usage(**given, **ways), provider))
    return [0.0 if cost is None else cost / PICO for cost in costs], [cost is not None for cost in costs]


def _keys(frame: pd.DataFrame) -> pd.DataFrame:
    started = pd.to_datetime(frame["started_at"], utc=True)
    columns = {
        "model": frame["model"],
        "provider": _column(frame, "provider", "str"),
        "day": (started - pd.Timestamp(EPOCH, tz="UTC")).dt.days,
    }
    return pd.DataFrame(columns | {name: _column(frame, name, "str") for name in _BILLING})


def _column(frame: pd.DataFrame, name: str, dtype: str) -> pd.Series:
    return pd.Series(frame.get(name), index=frame.index, dtype=dtype)


def _int(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)
