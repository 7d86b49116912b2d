"""Metrics: a row of numbers per session, and rates over groups of sessions with counts and intervals."""

from collections.abc import Callable, Collection, Sequence

import numpy as np
import pandas as pd

from agentobs.analysis.autonomy import autonomy
from agentobs.analysis.detectors import detectors
from agentobs.analysis.efficiency import efficiency
from agentobs.analysis.effort import effort
from agentobs.analysis.intervals import bootstrap, wilson
from agentobs.analysis.outcome import outcomes
from agentobs.analysis.reliability import reliability
from agentobs.analysis.rework import rework
from agentobs.analysis.tally import column, ratio
from agentobs.analysis.verification import verification
from agentobs.errors import FrameError
from agentobs.frames import METRICS, conform, require


def metrics(
    sessions: pd.DataFrame,
    steps: pd.DataFrame,
    model_calls: pd.DataFrame,
    findings: pd.DataFrame,
    events: pd.DataFrame | None = None,
    *,
    ran: Collection[str] | None = None,
) -> pd.DataFrame:
    """All metrics of each session. What each is, with unit and what <NA> means, says frames.METRICS.

    Parameters
    ----------
    sessions : frame of SESSIONS
    steps : frame of STEPS, of the same sessions
    model_calls : frame of MODEL_CALLS, of the same sessions
    findings : frame of FINDINGS, of the same sessions
    events : frame of EVENTS, of the same sessions: without them approvals are unknown
    ran : names of the detectors that made the findings; default: all that there are

    Returns
    -------
    Frame of METRICS: a row per session, in the order of the sessions.
    """
    require(sessions, ["session_id", "agent", "project", "started_at", "cost_usd", "unpriced_calls"], "sessions")
    ids = sessions["session_id"].reset_index(drop=True)
    steps = steps.reset_index(drop=True)
    verified = verification(steps, ids)
    human = effort(steps, ids, findings, events, ran=set(detectors()) if ran is None else ran)
    spent = efficiency(sessions, steps, model_calls, findings, verified["verified_edits"], human["agent_active_s"])
    parts = [
        outcomes(steps, ids, findings), verified, rework(steps, ids), spent, reliability(steps, ids), human,
        autonomy(steps, ids, human["approvals"]),
    ]  # fmt: skip
    about = sessions[["agent", "project", "started_at"]].reset_index(drop=True)
    cost = sessions["cost_usd"].where(sessions["unpriced_calls"].fillna(0) == 0).reset_index(drop=True)
    heads = about.assign(session_id=ids, model=_model(model_calls, ids), cost_usd=cost)
    whole = pd.concat([heads, *(part.drop(columns="session_id") for part in parts)], axis=1)
    return conform(whole.assign(wasted_tokens=whole["wasted_tokens"].round()), METRICS)


def _model(model_calls: pd.DataFrame, ids: pd.Series) -> pd.Series:
    """The model of most responses of each session; of as many, the first by name."""
    require(model_calls, ["session_id", "model"], "model_calls")
    counts = model_calls.groupby(["session_id", "model"]).size().reset_index(name="n")
    most = counts.sort_values(["n", "model"], ascending=[False, True]).drop_duplicates("session_id")
    return most.set_index("session_id")["model"].reindex(ids).astype("str").reset_index(drop=True)


MEDIANS = (
    "edits_verified_share", "one_shot_rate", "rework_share", "call_error_rate", "hei", "cost_usd", "agent_active_s",
)  # fmt: skip


def rates(
    made: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    medians: Sequence[str] = MEDIANS,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """How often sessions succeed, and what is usual, by group. By name, never by rank: groups have other tasks.

    Parameters
    ----------
    made : frame of METRICS, with any columns more to group by
    by : columns of groups; default: all sessions together
    strata : columns that say what kind of task a session had (project, a task type): then tsr_stratified is what a
        group's rate would be if its tasks were mixed like those of all groups together
    medians : columns of which the median is told
    confidence, seed : of the intervals: Wilson's for shares, bootstrap for medians

    Returns
    -------
    One row per group, by name: its columns and

    ===================  =======  ====================================================================================
    sessions             Int64
    known                Int64    sessions whose outcome is not unknown
    successes            Int64
    tsr                  Float64  task success rate: successes / known, in [0, 1]; partial ones are none
    tsr_low, tsr_high    Float64  its Wilson interval
    tsr_stratified       Float64  over strata that every group has known sessions in; <NA>: no strata, or none is shared
    strata_shared        Float64  share of all known sessions that are in those strata
    simpson              boolean  some two groups, this one among them, stand in the other order once stratified
    <median>             Float64  for each of medians, with <median>_n (Int64), <median>_low and <median>_high
    ===================  =======  ====================================================================================
    """
    groups, layers = _names(by), _names(strata)
    require(made, [*groups, *layers, "outcome", *medians], "metrics")
    twice = sorted(set(groups) & set(layers))
    if twice:
        raise FrameError(f"{twice[0]!r} is both a group and a stratum; give other strata")
    parts = list(made.groupby(groups, dropna=False, sort=True)) if groups else [((), made)]
    rows = []
    for key, part in parts:
        known = part["outcome"] != "unknown"
        row = dict(zip(groups, key if isinstance(key, tuple) else (key,), strict=True))
        row |= {
            "sessions": len(part),
            "known": int(known.sum()),
            "successes": int((part["outcome"] == "success").sum()),
        }
        rows.append(row | _medians(part, medians, confidence, seed))
    heads = [*groups, "sessions", "known", "successes"]
    told = [f"{name}{end}" for name in medians for end in ("", "_n", "_low", "_high")]
    table = pd.DataFrame(rows, columns=[*heads, *told])
    low, high = wilson(table["successes"], table["known"], confidence=confidence)
    crude = ratio(table["successes"], table["known"])
    standard, shared = _stratified([part for _, part in parts], layers)
    simpson = pd.Series(_crossed(crude, standard), dtype="boolean").mask(np.isnan(crude) | np.isnan(standard))
    figures = {
        "tsr": column(crude), "tsr_low": column(low), "tsr_high": column(high), "tsr_stratified": column(standard),
        "strata_shared": column(np.full(len(table), shared)), "simpson": simpson,
    }  # fmt: skip
    counts = dict.fromkeys(["sessions", "known", "successes"], "Int64")
    usual = table[told].astype({name: "Int64" if name.endswith("_n") else "Float64" for name in told})
    return pd.concat([table[heads].astype(counts), pd.DataFrame(figures), usual], axis=1)


def _names(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _medians(part: pd.DataFrame, names: Sequence[str], confidence: float, seed: int) -> dict[str, float | int]:
    median: Callable[..., float] = lambda drawn: float(np.median(drawn))  # noqa: E731
    found: dict[str, float | int] = {}
    for name in names:
        values = part[name].dropna().to_numpy("float64")
        low, high = bootstrap(median, values, confidence=confidence, seed=seed) if len(values) >= 5 else (np.nan,) * 2
        found |= {name: median(values) if len(values) else np.nan, f"{name}_n": len(values)}
        found |= {f"{name}_low": low, f"{name}_high": high}
    return found


def _stratified(parts: list[pd.DataFrame], layers: list[str]) -> tuple[np.ndarray, float]:
    """Each group's rate under the mix of strata of all groups, over the strata that all have; and their share."""
    if not layers or not parts:
        return np.full(len(parts), np.nan), float("nan")
    tables = []
    for part in parts:
        known = part[part["outcome"] != "unknown"]
        good = (known["outcome"] == "success").astype("float64")
        tables.append(good.groupby([known[name] for name in layers]).agg(["mean", "size"]))
    sizes = pd.concat([table["size"] for table in tables], axis=1).dropna().sum(axis=1)
    every = sum(int((part["outcome"] != "unknown").sum()) for part in parts)
    if sizes.empty:
        return np.full(len(parts), np.nan), 0.0
    weights = sizes / sizes.sum()
    rates_ = [float((table["mean"].reindex(sizes.index) * weights).sum()) for table in tables]
    return np.array(rates_), float(sizes.sum() / every)


def _crossed(crude: np.ndarray, standard: np.ndarray) -> np.ndarray:
    """Which groups stand on another side of some other group once stratified."""
    first, then = np.sign(crude[:, None] - crude), np.sign(standard[:, None] - standard)
    return np.asarray((first * then < 0).any(axis=1))
