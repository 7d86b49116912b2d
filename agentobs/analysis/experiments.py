"""Natural experiments: whether sessions went otherwise after a change (of instructions, model, version) than before.

An interrupted time series: level and slope before, and how both moved at the change. The same is asked at *placebo*
dates where nothing changed; a change that is no larger than what placebos show is none. It stays an observation:
whatever else changed on that day is in it too.
"""

from typing import Any

import numpy as np
import pandas as pd

from agentobs.errors import FrameError
from agentobs.frames import require


def interrupted(
    series: pd.DataFrame, *, value: str, change: Any, at: str = "started_at", least: int = 8, placebos: int = 200,
    confidence: float = 0.95, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """How much the level of a number moved at a change, given its trend.

    Least squares of value = level + slope * days + jump * after + bend * days after, with errors that hold for unequal
    variance and correlated neighbours (Newey and West, n^(1/4) lags).

    Parameters
    ----------
    series : a row per session or day: `at` (time) and `value` (number or boolean); rows without either are left out
    change : the time of the change: values from then on are after it
    least : values on either side
    placebos : other dates tried, at most: in the part before or after the change, with `least` on either side
    seed : of which placebos, where there are more

    Returns
    -------
    One row:

    ==============  =======  =========================================================================================
    change          time
    before, after   int64    values
    level_before    float64  what the trend before says for the time of the change
    jump            float64  how much the level moved there; jump_low, jump_high, jump_p
    bend            float64  how much the slope moved, per day; bend_low, bend_high, bend_p
    placebos        int64    dates tried
    placebo_p       float64  share of dates (this one too) with as large a |jump / standard error|; NaN: no placebos.
                             With few of them it can't be small
    ==============  =======  =========================================================================================
    """
    days, values, when = _points(series, value, at, change)
    before = int((days < 0).sum())
    if min(before, len(days) - before) < least:
        raise FrameError(f"{before} values before {when} and {len(days) - before} after it; either side needs {least}")
    fitted = _fit(days, values, confidence)
    others = _placebos(days, values, before, least, placebos, seed, confidence)
    large = sum(abs(one["t"]) >= abs(fitted["t"]) for one in others)
    names = ["level_before", "jump", "jump_low", "jump_high", "jump_p", "bend", "bend_low", "bend_high", "bend_p"]
    row = {"change": when, "before": before, "after": len(days) - before} | {name: fitted[name] for name in names}
    row |= {"placebos": len(others), "placebo_p": (1 + large) / (1 + len(others)) if others else np.nan}
    return pd.DataFrame([row])


def placebo_jumps(
    series: pd.DataFrame, *, value: str, change: Any, at: str = "started_at", least: int = 8, placebos: int = 200,
    confidence: float = 0.95, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """The jump at the change and at each placebo date of `interrupted`, with the same parameters.

    Returns at (time), jump, low, high, t (float64, jump / standard error), real (bool: the change itself), in order.
    """
    days, values, when = _points(series, value, at, change)
    before = int((days < 0).sum())
    if min(before, len(days) - before) < least:
        raise FrameError(f"{before} values before {when} and {len(days) - before} after it; either side needs {least}")
    real = _fit(days, values, confidence) | {"day": 0.0, "real": True}
    others = [one | {"real": False} for one in _placebos(days, values, before, least, placebos, seed, confidence)]
    rows = sorted([real, *others], key=lambda one: one["day"])
    made = pd.DataFrame(rows)[["day", "jump", "jump_low", "jump_high", "t", "real"]]
    made["day"] = when + pd.to_timedelta(made["day"], unit="D")
    return made.rename(columns={"day": "at", "jump_low": "low", "jump_high": "high"})


def _points(series: pd.DataFrame, value: str, at: str, change: Any) -> tuple[np.ndarray, np.ndarray, pd.Timestamp]:
    """Days since the change and values, in order."""
    require(series, [at, value], "series")
    when = pd.Timestamp(change)
    when = when.tz_localize("UTC") if when.tzinfo is None else when.tz_convert("UTC")
    rows = series[[at, value]].dropna().sort_values(at, kind="stable")
    days = (rows[at] - when).dt.total_seconds().to_numpy(dtype=float) / 86_400
    return days, rows[value].astype("float64").to_numpy(), when


def _placebos(
    days: np.ndarray, values: np.ndarray, before: int, least: int, most: int, seed: int, confidence: float
) -> list[dict[str, float]]:
    """The fit at dates inside either part: no placebo sees both sides of the real change."""
    parts = [(days[:before], values[:before]), (days[before:], values[before:])]
    places = [(part, at) for part, (own, _) in enumerate(parts) for at in range(least, len(own) - least + 1)]
    places = [(part, at) for part, at in places if parts[part][0][at - 1] < parts[part][0][at]]
    if len(places) > most:
        random = np.random.default_rng(seed)
        places = [places[place] for place in sorted(random.choice(len(places), most, replace=False))]
    made = []
    for part, at in places:
        own, known = parts[part]
        made.append(_fit(own - own[at], known, confidence) | {"day": float(own[at])})
    return made


def _fit(days: np.ndarray, values: np.ndarray, confidence: float) -> dict[str, float]:
    import statsmodels.api as sm

    after = (days >= 0).astype(float)
    design = np.column_stack([np.ones(len(days)), days, after, days * after])
    if np.ptp(values) == 0:
        flat = dict.fromkeys(("jump", "jump_low", "jump_high", "bend", "bend_low", "bend_high", "t"), 0.0)
        return flat | {"level_before": float(values[0]), "jump_p": 1.0, "bend_p": 1.0}
    lags = int(np.floor(len(days) ** 0.25))
    model: Any = sm.OLS(values, design)
    fitted: Any = model.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True)
    ends = fitted.conf_int(alpha=1 - confidence)
    return {
        "level_before": float(fitted.params[0]),
        "jump": float(fitted.params[2]),
        "jump_low": float(ends[2, 0]),
        "jump_high": float(ends[2, 1]),
        "jump_p": float(fitted.pvalues[2]),
        "bend": float(fitted.params[3]),
        "bend_low": float(ends[3, 0]),
        "bend_high": float(ends[3, 1]),
        "bend_p": float(fitted.pvalues[3]),
        "t": float(fitted.tvalues[2]),
    }
