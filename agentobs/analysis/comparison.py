"""Comparison of agents, models or versions: differences with intervals, crude and within strata of alike work.

What one agent was given may be easier than what another was given. So groups are compared within each stratum (a
project, a kind of task), and the differences are averaged over the strata; where the crude order and that within the
strata differ, the result says so (Simpson's paradox).
"""

from typing import Any

import numpy as np
import pandas as pd

from agentobs.analysis.intervals import wilson
from agentobs.errors import FrameError
from agentobs.frames import require


def groups(
    data: pd.DataFrame, *, value: str, by: str, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """The mean of a number in each group, crude.

    Parameters
    ----------
    data : a row per session, with `value` (number or boolean; <NA>: unknown, left out) and `by` (what makes a group)

    Returns
    -------
    One row per group: group (str), n (int64, known values), unknown (int64), mean, low, high (float64; a share and its
    Wilson interval where all values are 0 or 1, else a bootstrap interval).
    """
    require(data, [value, by], "data")
    rows = []
    for name, own in data.groupby(data[by].astype("str"), sort=True):
        known = own[value].astype("Float64").dropna().to_numpy(dtype=float)
        low, high = _interval(known, resamples, confidence, seed)
        mean = float(known.mean()) if len(known) else np.nan
        rows.append((str(name), len(known), len(own) - len(known), mean, low, high))
    return pd.DataFrame(rows, columns=["group", "n", "unknown", "mean", "low", "high"])


def _interval(known: np.ndarray, resamples: int, confidence: float, seed: int) -> tuple[float, float]:
    if len(known) == 0:
        return np.nan, np.nan
    if np.isin(known, (0.0, 1.0)).all():
        low, high = wilson(known.sum(), len(known), confidence=confidence)
        return float(low), float(high)
    means = _means(known, resamples, np.random.default_rng(seed))
    return _ends(means, confidence)


def compare(
    data: pd.DataFrame, *, value: str, by: str, strata: str | None = None, reference: str | None = None, least: int = 5,
    resamples: int = 2000, confidence: float = 0.95, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """How much each group's mean differs from a reference group's.

    Parameters
    ----------
    data : a row per session: `value` (number or boolean; <NA>: left out), `by`, and `strata` (<NA>: a stratum)
    strata : the column within which groups are compared; None: only the crude difference
    reference : the group to compare with; default: the one with most known values
    least : known values that a group needs on both sides of a stratum, and in all; else it has no difference
    resamples, confidence, seed : of the bootstrap, drawn within each group and stratum

    Returns
    -------
    One row per other group:

    ================  =======  =======================================================================================
    group, reference  str
    n, reference_n    int64    known values
    crude             Float64  mean of the group - mean of the reference; crude_low, crude_high; <NA>: too few
    strata            int64    strata with enough of both
    used              int64    of both groups' known values, those in these strata
    stratified        Float64  mean over the strata of the differences, weighted by n1 * n2 / (n1 + n2);
                               stratified_low, stratified_high; <NA>: no stratum has enough of both
    simpson           boolean  crude and stratified have opposite signs and the sign within the strata is sure, or the
                               crude one is: read the stratified one; <NA>: one of them is unknown
    warning           str      a sentence where simpson, or where strata hold less than half of the values; else <NA>
    ================  =======  =======================================================================================
    """
    require(data, [value, by, *([strata] if strata else [])], "data")
    known = data[data[value].notna() & data[by].notna()]
    frame = pd.DataFrame(
        {
            "value": known[value].astype("float64"),
            "group": known[by].astype("str"),
            "stratum": known[strata].astype("str").fillna("?") if strata else "all",
        }
    )
    counts = frame["group"].value_counts().sort_index()
    if len(counts) < 2:
        raise FrameError(
            f"column {by!r} has {len(counts)} groups with known values of {value!r}; a comparison needs two"
        )
    base = str(counts.idxmax()) if reference is None else reference
    if base not in counts.index:
        raise FrameError(f"no group {base!r} in column {by!r}; there are {', '.join(counts.index)}")
    rows = []
    for place, name in enumerate(counts.index):
        if name != base:
            random = np.random.default_rng((seed, place))
            rows.append(_against(frame, str(name), base, bool(strata), least, resamples, confidence, random))
    made = pd.DataFrame(rows)
    numbers = ["crude", "crude_low", "crude_high", "stratified", "stratified_low", "stratified_high"]
    return made.astype({**dict.fromkeys(numbers, "Float64"), "simpson": "boolean", "warning": "str"})


def _against(
    frame: pd.DataFrame, name: str, base: str, stratified: bool, least: int, resamples: int, confidence: float,
    random: np.random.Generator,
) -> dict[str, Any]:  # fmt: skip
    own, other = frame[frame["group"] == name], frame[frame["group"] == base]
    row: dict[str, Any] = {"group": name, "reference": base, "n": len(own), "reference_n": len(other)}
    row |= dict.fromkeys(("crude", "crude_low", "crude_high"))
    if min(len(own), len(other)) >= least:
        row |= _named("crude", [(own["value"].to_numpy(), other["value"].to_numpy())], resamples, confidence, random)
    pairs = []
    if stratified:
        for stratum in sorted(set(own["stratum"]) & set(other["stratum"])):
            sides = [side.loc[side["stratum"] == stratum, "value"].to_numpy() for side in (own, other)]
            if min(map(len, sides)) >= least:
                pairs.append((sides[0], sides[1]))
    row |= {"strata": len(pairs), "used": sum(len(a) + len(b) for a, b in pairs)}
    row |= dict.fromkeys(("stratified", "stratified_low", "stratified_high"))
    if pairs:
        row |= _named("stratified", pairs, resamples, confidence, random)
    return row | _warned(row, stratified)


def _named(
    name: str,
    pairs: list[tuple[np.ndarray, np.ndarray]],
    resamples: int,
    confidence: float,
    random: np.random.Generator,
) -> dict[str, float]:
    """The weighted mean difference over the strata, and its interval: shares by Newcombe's, the rest by bootstrap."""
    weights = np.array([len(a) * len(b) / (len(a) + len(b)) for a, b in pairs])
    weights = weights / weights.sum()
    difference = float(weights @ np.array([a.mean() - b.mean() for a, b in pairs]))
    if all(np.isin(side, (0.0, 1.0)).all() for pair in pairs for side in pair):
        low, high = _newcombe(pairs, weights, difference, confidence)
    else:
        drawn = sum(
            weight * (_means(a, resamples, random) - _means(b, resamples, random))
            for weight, (a, b) in zip(weights, pairs, strict=True)
        )
        low, high = _ends(np.asarray(drawn), confidence)
    return {name: difference, f"{name}_low": low, f"{name}_high": high}


def _newcombe(
    pairs: list[tuple[np.ndarray, np.ndarray]], weights: np.ndarray, difference: float, confidence: float
) -> tuple[float, float]:
    """Newcombe's hybrid of Wilson intervals for a difference of shares, squares summed over the strata (Yan and Su)."""
    down = up = 0.0
    for weight, (a, b) in zip(weights, pairs, strict=True):
        (low_a, high_a), (low_b, high_b) = (wilson(side.sum(), len(side), confidence=confidence) for side in (a, b))
        down += weight**2 * ((a.mean() - float(low_a)) ** 2 + (float(high_b) - b.mean()) ** 2)
        up += weight**2 * ((float(high_a) - a.mean()) ** 2 + (b.mean() - float(low_b)) ** 2)
    return difference - float(np.sqrt(down)), difference + float(np.sqrt(up))


def _means(values: np.ndarray, resamples: int, random: np.random.Generator) -> np.ndarray:
    return values[random.integers(0, len(values), size=(resamples, len(values)))].mean(axis=1)


def _ends(values: np.ndarray, confidence: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _warned(row: dict[str, Any], stratified: bool) -> dict[str, Any]:
    crude, within = row["crude"], row["stratified"]
    if crude is None or within is None:
        told = "no stratum has enough of both groups: only the crude difference is known" if stratified else None
        return {"simpson": None, "warning": told}
    sure = [row[f"{name}_low"] > 0 or row[f"{name}_high"] < 0 for name in ("crude", "stratified")]
    turned = crude * within < 0 and any(sure)
    warning = None
    if turned:
        warning = f"the order turns within the strata: {crude:+.3g} crude, {within:+.3g} stratified (Simpson's paradox)"
    elif row["used"] < (row["n"] + row["reference_n"]) / 2:
        warning = f"the strata hold only {row['used']} of {row['n'] + row['reference_n']} values"
    return {"simpson": turned, "warning": warning}
