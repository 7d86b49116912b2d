"""Intervals: how far a share or any other number may be from what more data would say."""

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np


def wilson(successes: Any, trials: Any, *, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """The Wilson score interval of a share, in [0, 1]; NaN where there was no trial. Numbers or arrays."""
    good, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    whole = np.where(n > 0, n, np.nan)
    share = good / whole
    centre = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * np.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    # at the ends the interval touches the share itself; rounding must not move it past
    return np.clip(np.fmin(centre - half, share), 0, 1), np.clip(np.fmax(centre + half, share), 0, 1)


def bootstrap(
    statistic: Callable[..., float],
    *arrays: Any,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    groups: Any = None,
    strata: Any = None,
) -> tuple[float, float]:
    """The percentile bootstrap interval of a statistic: the same resampled rows of all arrays go into it.

    groups: rows of a group are drawn together (sessions of one repository are not independent of each other); with
    fewer than about ten groups such an interval is too narrow or too wide, nobody knows which.
    strata: rows are drawn within their stratum, so that each keeps its size; not together with groups.

    NaN, NaN without rows; resamples for which the statistic is NaN are left out.
    """
    columns = [np.asarray(array) for array in arrays]
    count = len(columns[0])
    if count == 0:
        return float("nan"), float("nan")
    draw = _draws(count, groups, strata)
    random = np.random.default_rng(seed)
    values = np.empty(resamples, dtype=float)
    for turn in range(resamples):
        chosen = draw(random)
        values[turn] = statistic(*(column[chosen] for column in columns))
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _draws(count: int, groups: Any, strata: Any) -> Callable[[np.random.Generator], np.ndarray]:
    """How to draw rows with replacement."""
    if groups is not None:
        members = _members(groups)
        return lambda random: np.concatenate([members[i] for i in random.integers(0, len(members), len(members))])
    if strata is not None:
        parts = _members(strata)
        return lambda random: np.concatenate([random.choice(part, len(part)) for part in parts])
    return lambda random: random.integers(0, count, size=count)


def _members(labels: Any) -> list[np.ndarray]:
    _, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
