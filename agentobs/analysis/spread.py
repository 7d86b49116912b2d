"""Spread: how unequal the cost of sessions is, above all of those with the same task."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agentobs.analysis.intervals import bootstrap
from agentobs.frames import require


def gini(values: np.ndarray) -> float:
    """The Gini coefficient of values >= 0: 0, all are equal, to (n - 1) / n, one has all; NaN: none, or all 0."""
    ordered = np.sort(np.asarray(values, dtype=float))
    ordered = ordered[~np.isnan(ordered)]
    whole = ordered.sum()
    if not len(ordered) or whole <= 0:
        return float("nan")
    rank = np.arange(1, len(ordered) + 1)
    return max(0.0, float((2 * rank - len(ordered) - 1) @ ordered / (len(ordered) * whole)))


def pareto_share(values: np.ndarray, *, top: float = 0.2) -> float:
    """The share of the sum that the largest values have, at least one of them; NaN: none, or all 0.

    top: share of the values, in (0, 1]. 0.8 for the top 0.2 is the rule of thumb that Pareto's name stands for.
    """
    ordered = np.sort(np.asarray(values, dtype=float))[::-1]
    ordered = ordered[~np.isnan(ordered)]
    whole = ordered.sum()
    if not len(ordered) or whole <= 0:
        return float("nan")
    return float(ordered[: max(1, round(top * len(ordered)))].sum() / whole)


def spread(
    data: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    value: str = "cost_usd",
    top: float = 0.2,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """How far the values of sessions with the same task lie apart (up to 30-fold: 2604.22750).

    Parameters
    ----------
    data : one row per session with `value`, such as frame of SESSIONS or METRICS
    by : columns that say what the same task is, such as objective; default: all sessions together
    value : the column that is looked at
    top : whose share is `pareto_share`
    confidence, seed : of the bootstrap interval of the Gini coefficient, from 5 sessions on

    Returns
    -------
    One row per task, by name: its columns, sessions (Int64), known (Int64: those with a value), and Float64 in the unit
    of the value: least, median, most; most_over_least, gini, gini_low, gini_high, pareto_share (no unit). What is
    unknown is in no number; of a single session there is no spread (<NA>).
    """
    names = [by] if isinstance(by, str) else list(by)
    require(data, [*names, value], "data")
    groups = data.groupby(names, dropna=False, sort=True) if names else [((), data)]
    rows = []
    for key, part in groups:
        keys = key if isinstance(key, tuple) else (key,)
        rows.append((*keys, len(part), *_row(part[value].dropna().to_numpy("float64"), top, confidence, seed)))
    figures = ["least", "median", "most", "most_over_least", "gini", "gini_low", "gini_high", "pareto_share"]
    made = pd.DataFrame(rows, columns=[*names, "sessions", "known", *figures])
    kinds = dict.fromkeys(figures, "Float64") | {"sessions": "Int64", "known": "Int64"}
    return made.astype(kinds)


def _row(values: np.ndarray, top: float, confidence: float, seed: int) -> tuple[float, ...]:
    nan = float("nan")
    if not len(values):
        return (0, *[nan] * 8)
    least, median, most = float(values.min()), float(np.median(values)), float(values.max())
    if len(values) < 2:
        return (len(values), least, median, most, *[nan] * 5)
    low, high = bootstrap(gini, values, confidence=confidence, seed=seed) if len(values) >= 5 else (nan, nan)
    times = most / least if least > 0 else nan
    return (len(values), least, median, most, times, gini(values), low, high, pareto_share(values, top=top))
