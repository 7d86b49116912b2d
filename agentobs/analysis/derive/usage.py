"""Usage: calls, tokens and cost by day, hour, model, project, agent, session; sums are made in whole numbers."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from agentobs.analysis.derive.records import LANES
from agentobs.analysis.zones import known, local_day
from agentobs.frames import TIME, USAGE

_BILLION = 10**9
_COLUMNS = {"session": "session_id"}


def usage(model_calls: pd.DataFrame, *, by: Sequence[str], zone: str) -> pd.DataFrame:
    """Calls, tokens and cost of each group.

    Parameters
    ----------
    model_calls : frame of MODEL_CALLS with total_tokens and cost_pico_usd (model_calls)
    by : any of day, hour, model, project, agent, session
    zone : in which days are cut

    Returns
    -------
    The columns of `by`, then those of USAGE; sorted by the groups, unknown names last.
    """
    keys = pd.DataFrame({name: _group(model_calls, name, zone) for name in by}, index=model_calls.index)
    sums = totals(model_calls, [keys[name] for name in by])
    order = [name for name in ("day", "hour", "model", "project", "agent", "session") if name in by]
    sums = sums.reset_index().sort_values(order, kind="stable", ignore_index=True)
    return sums[[*by, *USAGE.names]]


def totals(model_calls: pd.DataFrame, keys: list[pd.Series]) -> pd.DataFrame:
    """Sum calls by the keys, which become the index: the columns of USAGE. A lane that nobody knows stays <NA>."""
    data = model_calls[[*LANES, "total_tokens"]].assign(
        model_calls=pd.Series(1, index=model_calls.index, dtype="Int64"),
        unpriced_calls=model_calls["cost_pico_usd"].isna().astype("Int64"),
        high=model_calls["cost_pico_usd"] // _BILLION,
        low=model_calls["cost_pico_usd"] % _BILLION,
    )
    sums = data.groupby(keys, dropna=False, sort=False).sum(min_count=1)
    cost = [_usd(high, low) for high, low in zip(sums.pop("high"), sums.pop("low"), strict=True)]
    return sums.assign(cost_usd=pd.Series(cost, index=sums.index, dtype="Float64"))[USAGE.names]


def _usd(high: Any, low: Any) -> float | None:
    return None if pd.isna(high) else (int(high) * _BILLION + int(low)) / 1e12


def _group(model_calls: pd.DataFrame, name: str, zone: str) -> pd.Series:
    if name == "day":
        return local_day(model_calls["started_at"], zone)
    if name == "hour":
        return known(model_calls["started_at"]).dt.floor("h").astype(TIME)
    return model_calls[_COLUMNS.get(name, name)]
