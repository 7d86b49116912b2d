"""Waste: the tokens, cost and time of steps that were in vain, each billed once however many findings name it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agentobs.analysis.once import once_per_frame

_LANES = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")


def waste_of(groups: Sequence[Sequence[int]], steps: pd.DataFrame, model_calls: pd.DataFrame) -> pd.DataFrame:
    """What each group of wasted steps took.

    Parameters
    ----------
    groups : rows of steps, a group per finding
    steps : frame of STEPS with a RangeIndex
    model_calls : frame of MODEL_CALLS of the same sessions

    Returns
    -------
    One row per group:

    ========  =======  ================================================================================================
    tokens    Int64    of the responses that asked for these steps, each a share: a response of three calls gives a
                       third for each; <NA>: no step has a response with usage
    cost_usd  Float64  of the same shares; <NA>: none is priced
    seconds   Float64  the union of the calls' spans, of those whose times are their own; <NA>: none is
    ========  =======  ================================================================================================
    """
    tokens, cost = _shares(steps, model_calls)
    started, ended = _spans(steps)
    rows = [(_sum(tokens, rows), _sum(cost, rows), _union(started, ended, rows)) for rows in groups]
    made = pd.DataFrame(rows, columns=["tokens", "cost_usd", "seconds"]).astype("Float64")
    return made.assign(tokens=made["tokens"].round().astype("Int64"))


def wasted(findings: pd.DataFrame, steps: pd.DataFrame, model_calls: pd.DataFrame) -> pd.DataFrame:
    """What all findings of a session wasted together, nothing twice.

    Parameters
    ----------
    findings : frame of FINDINGS
    steps : frame of STEPS with a RangeIndex, of the same sessions
    model_calls : frame of MODEL_CALLS, of the same sessions

    Returns
    -------
    One row per session with findings: session_id, tokens (Int64), cost_usd, seconds (Float64), as waste_of has them.
    """
    place = pd.Series(np.arange(len(steps)), index=pd.Index(steps["event_id"]))
    named = findings[["session_id", "wasted_event_ids"]].explode("wasted_event_ids").dropna().drop_duplicates()
    named = named.assign(row=place.reindex(named["wasted_event_ids"]).to_numpy()).dropna()
    groups = named.astype({"row": "int64"}).groupby("session_id")["row"].agg(list)
    made = waste_of(groups.tolist(), steps, model_calls)
    made.insert(0, "session_id", groups.index.astype("str"))
    return made


@once_per_frame
def _shares(steps: pd.DataFrame, model_calls: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and cost of each step: those of its response, divided by the response's steps."""
    lanes = model_calls[list(_LANES)]
    total = lanes.fillna(0).sum(axis=1).where(lanes.notna().any(axis=1)).astype("Float64")
    by_key = pd.DataFrame({"tokens": total, "cost": model_calls["cost_usd"].astype("Float64")})
    by_key.index = pd.Index(model_calls["usage_key"])
    by_key = by_key[~by_key.index.duplicated()]
    owner, responses = pd.factorize(steps["response"])
    called = (steps["kind"] == "call").to_numpy(bool)
    asked = np.zeros(len(responses) + 1, dtype=bool)
    asked[owner[called]] = True  # a response that asks for calls is spent on those
    owner = np.where(called | ~asked[owner], owner, -1)
    count = np.bincount(owner[owner >= 0], minlength=len(responses))
    found = by_key.reindex(responses)
    each = (found[name].to_numpy("float64", na_value=np.nan) / np.maximum(count, 1) for name in ("tokens", "cost"))
    tokens, cost = (np.append(share, np.nan)[owner] for share in each)
    return tokens, cost


@once_per_frame
def _spans(steps: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of calls in seconds; NaN where they are not the record's own."""
    known = (steps["kind"] == "call") & steps["timed"].fillna(value=False) & steps["started_at"].notna()
    start = steps["started_at"].astype("int64").to_numpy() / 1e6
    length = steps["duration_ms"].to_numpy("float64", na_value=np.nan) / 1000
    start = np.where(known.to_numpy("bool"), start, np.nan)
    return start, start + length


def _sum(values: np.ndarray, rows: Sequence[int]) -> float | None:
    chosen = values[list(set(rows))] if len(rows) else np.array([])
    known = chosen[~np.isnan(chosen)]
    return float(known.sum()) if len(known) else None


def _union(start: np.ndarray, end: np.ndarray, rows: Sequence[int]) -> float | None:
    chosen = sorted((start[row], end[row]) for row in set(rows) if not np.isnan(end[row]))
    if not chosen:
        return None
    total, reach = 0.0, -np.inf
    for first, last in chosen:
        total += max(0.0, last - max(first, reach))
        reach = max(reach, last)
    return total
