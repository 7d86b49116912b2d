"""Survival: how long until something happens in a session, where many sessions end before it does.

A session that ended without it is *censored*: it is known to have gone so far without, not more. Leaving those out, or
taking their length for the time, makes everything look faster than it is.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from agentobs.errors import FrameError
from agentobs.frames import require

EVENTS = {
    "first_green": "the first test or build that passed",
    "first_failure": "the first call that failed, was denied or interrupted, or check that did not pass",
    "abandonment": "the end of a session whose outcome is abandoned",
}


def durations(
    steps: pd.DataFrame, *, event: str = "first_green", unit: str = "actions", outcomes: pd.DataFrame | None = None
) -> pd.DataFrame:
    """How far each session went until something happened, or until it ended.

    Parameters
    ----------
    steps : frame of STEPS, whole sessions
    event : one of EVENTS
    unit : actions (calls, the one at which it happens included) | seconds (since the first step of known time)
    outcomes : for abandonment: session_id, outcome (success | partial | failure | abandoned | unknown; a session whose
        outcome is unknown is censored at its end)

    Returns
    -------
    One row per session with at least one call: session_id, agent, project (str), duration (Float64; in seconds <NA>
    where the times are unknown), observed (bool; False: censored at the end of the session).
    """
    require(steps, ["session_id", "agent", "project", "kind", "passed", "failed", "timed", "started_at", "ended_at"],
            "steps")  # fmt: skip
    if event not in EVENTS or unit not in {"actions", "seconds"}:
        raise FrameError(f"no event {event!r} in {unit!r}; there are {', '.join(EVENTS)}, in actions or seconds")
    rows = steps.reset_index(drop=True)
    calls = rows["kind"] == "call"
    owner = rows["session_id"]
    at = calls.astype("int64").groupby(owner).cumsum().astype("float64") if unit == "actions" else _seconds(rows)
    ends = at.groupby(owner, sort=False).max()
    if event == "abandonment":
        observed = _abandoned(outcomes, ends.index)
        reached = ends
    else:
        column = "passed" if event == "first_green" else "failed"
        hit = calls & rows[column].fillna(value=False).astype(bool)
        firsts = rows.index[hit & ~owner.where(hit).duplicated()]
        reached = pd.Series(at[firsts].to_numpy(), index=owner[firsts].to_numpy()).reindex(ends.index)
        observed = ends.index.to_series().isin(owner[firsts])
    heads = rows[["session_id", "agent", "project"]].groupby("session_id", sort=False).first()
    made = heads.assign(duration=reached.where(observed, ends).astype("Float64"), observed=observed.astype(bool))
    return made[calls.groupby(owner, sort=False).any()].reset_index()


def _seconds(rows: pd.DataFrame) -> pd.Series:
    timed = rows["timed"].fillna(value=False).astype(bool)
    ended = rows["ended_at"].fillna(rows["started_at"]).where(timed)
    begin = rows["started_at"].where(timed).groupby(rows["session_id"]).transform("min")
    return (ended - begin).dt.total_seconds().astype("float64")


def _abandoned(outcomes: pd.DataFrame | None, sessions: pd.Index) -> pd.Series:
    if outcomes is None:
        raise FrameError("abandonment needs outcomes: a frame with session_id and outcome")
    require(outcomes, ["session_id", "outcome"], "outcomes")
    gone = outcomes.loc[outcomes["outcome"] == "abandoned", "session_id"]
    return sessions.to_series().isin(gone)


def kaplan_meier(times: pd.DataFrame, *, by: Sequence[str] = (), confidence: float = 0.95) -> pd.DataFrame:
    """The share of sessions in which it has not happened yet, by duration (Kaplan and Meier).

    Parameters
    ----------
    times : what durations returns, or any frame with duration and observed; rows without a duration are left out
    by : columns that divide the sessions, such as agent
    confidence : of the pointwise interval (log-log, of the Greenwood variance)

    Returns
    -------
    One row per group and duration at which it happened, in order: group (str; `all` without `by`), duration (float64),
    at_risk (int64, sessions that had come so far), happened (int64, at this duration), censored (int64, since the last
    row and before this duration; after the last: not in the table), waiting (float64, the share it has not happened
    to), low, high (float64; NaN where waiting is 0).
    """
    require(times, ["duration", "observed", *by], "durations")
    parts = [_table(rows, confidence).assign(group=name) for name, rows in _groups(times, by)]
    names = ["group", "duration", "at_risk", "happened", "censored", "waiting", "low", "high"]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="str" if name == "group" else "float64") for name in names})
    return pd.concat(parts, ignore_index=True)[names].astype({"group": "str"})


def _groups(times: pd.DataFrame, by: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    rows = times[times["duration"].notna()]
    if not by:
        return [("all", rows)] if len(rows) else []
    names = rows[list(by)].astype("str").fillna("?").agg(" | ".join, axis=1)
    return [(str(name), own) for name, own in rows.groupby(names, sort=True)]


def _table(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    from scipy.stats import norm

    times, seen = rows["duration"].to_numpy(dtype=float), rows["observed"].to_numpy(bool)
    at = np.unique(times[seen])
    risk = (times[None, :] >= at[:, None]).sum(axis=1)
    happened = ((times[None, :] == at[:, None]) & seen).sum(axis=1)
    lost = [
        (~seen & (times < stop) & (times >= start)).sum() for start, stop in zip(np.r_[-np.inf, at], at, strict=False)
    ]
    waiting = np.cumprod(1 - happened / risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(happened / (risk * (risk - happened)))
        spread = norm.ppf((1 + confidence) / 2) * np.sqrt(greenwood) / np.abs(np.log(waiting))
        low, high = waiting ** np.exp(spread), waiting ** np.exp(-spread)
    open_ = waiting > 0
    return pd.DataFrame(
        {"duration": at, "at_risk": risk, "happened": happened, "censored": np.array(lost, dtype="int64"),
         "waiting": waiting, "low": np.where(open_, low, np.nan), "high": np.where(open_, high, np.nan)}
    )  # fmt: skip


def medians(times: pd.DataFrame, *, by: Sequence[str] = (), confidence: float = 0.95) -> pd.DataFrame:
    """How long until it has happened to half of the sessions.

    Parameters are those of kaplan_meier. Returns one row per group: group (str), sessions (int64), happened (int64),
    censored (int64), median, low, high (float64; NaN: it is not reached) and p (float64, of a log-rank test of all
    groups; NaN with fewer than two groups).
    """
    require(times, ["duration", "observed", *by], "durations")
    groups = _groups(times, by)
    p = _log_rank(groups) if len(groups) > 1 else float("nan")
    rows = []
    for name, own in groups:
        table = _table(own, confidence)
        # the interval of the median holds the durations whose pointwise interval holds one half
        ends = [_first(table, table[column] <= 0.5) for column in ("waiting", "low", "high")]
        seen = int(own["observed"].sum())
        rows.append((name, len(own), seen, len(own) - seen, *ends, p))
    return pd.DataFrame(rows, columns=["group", "sessions", "happened", "censored", "median", "low", "high", "p"])


def _first(table: pd.DataFrame, below: pd.Series) -> float:
    found = table.loc[below | (table["waiting"] == 0), "duration"]
    return float(found.iloc[0]) if len(found) else float("nan")


def _log_rank(groups: list[tuple[str, pd.DataFrame]]) -> float:
    from statsmodels.duration.survfunc import survdiff

    whole = pd.concat([own.assign(_group=place) for place, (_, own) in enumerate(groups)])
    if not whole["observed"].any():
        return float("nan")
    numbers = [
        whole["duration"].to_numpy(dtype=float),
        whole["observed"].to_numpy(dtype=int),
        whole["_group"].to_numpy(int),
    ]
    return float(survdiff(*numbers)[1])


def cox(
    times: pd.DataFrame, covariates: pd.DataFrame, *, strata: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """What makes it happen sooner or later: hazard ratios of a Cox model, ties by Efron.

    Parameters
    ----------
    times : what durations returns
    covariates : session_id and numbers known from the beginning (a count over the whole session is longer in longer
        sessions, and proves nothing); sessions without one of them are left out
    strata : a column of times, each value of which has a baseline of its own, such as project

    Returns
    -------
    One row per covariate: name (str), hazard_ratio (float64, per standard deviation; > 1: sooner), low, high, p
    (float64), sessions and happened (int64, that the model has seen). Raises FrameError where fewer than 5 happened per
    covariate: such a model says nothing.
    """
    from statsmodels.duration.hazard_regression import PHReg

    require(times, ["session_id", "duration", "observed", *([strata] if strata else [])], "durations")
    require(covariates, ["session_id"], "covariates")
    names = [str(name) for name in covariates.columns if name != "session_id"]
    numbers = covariates.astype(dict.fromkeys(names, "float64"))
    rows = (
        times[times["duration"].notna()]
        .merge(numbers, on="session_id", suffixes=("_of_times", ""))
        .dropna(subset=names)
    )
    plain = rows[names].to_numpy(dtype=float)
    seen = rows["observed"].to_numpy(dtype=int)
    spread = plain.std(axis=0) if len(plain) else np.zeros(len(names))
    if not names or seen.sum() < 5 * len(names) or (spread == 0).any():
        raise FrameError(
            f"{len(names)} covariates, {int(seen.sum())} of {len(rows)} sessions in which it happened: a Cox model "
            "needs 5 for each covariate, and covariates that differ; give fewer covariates or more sessions"
        )
    groups: Any = pd.factorize(rows[strata])[0] if strata else None
    scaled = (plain - plain.mean(axis=0)) / spread
    fitted: Any = PHReg(rows["duration"].to_numpy(dtype=float), scaled, status=seen, strata=groups, ties="efron").fit()
    low, high = np.exp(fitted.conf_int(alpha=1 - confidence)).T
    made = {"name": names, "hazard_ratio": np.exp(fitted.params), "low": low, "high": high, "p": fitted.pvalues}
    return pd.DataFrame(made | {"sessions": len(rows), "happened": int(seen.sum())})
