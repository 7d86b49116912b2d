"""Autonomy: how long and how far agents go between two words of their human."""

import numpy as np
import pandas as pd

from agentobs.analysis.intervals import bootstrap
from agentobs.analysis.tally import Tally, column, ratio
from agentobs.analysis.verification import seconds
from agentobs.frames import require


def turns(steps: pd.DataFrame) -> pd.DataFrame:
    """The turns of agents: what was done from one prompt of a human to the next, subagents included.

    Parameters
    ----------
    steps : frame of STEPS

    Returns
    -------
    One row per prompt, in order: session_id (str), turn (Int64, from 0), event_id (str, of the prompt), calls (Int64),
    duration_s (Float64, seconds from the prompt to the end of the last thing done before the next one; <NA>: nothing
    was done, or there are no times).
    """
    require(steps, ["session_id", "kind", "event_id", "timed", "started_at", "ended_at"], "steps")
    prompt = (steps["kind"] == "prompt").to_numpy(bool)
    count = pd.Series(prompt.astype(np.int64)).groupby(steps["session_id"].to_numpy(dtype=object)).cumsum().to_numpy()
    timed = steps["timed"].fillna(value=False).to_numpy(bool)
    start, end = (np.where(timed, seconds(steps[name]), np.nan) for name in ("started_at", "ended_at"))
    done = ~prompt & ~steps["kind"].isin(["end", "note"]).to_numpy(bool)
    table = pd.DataFrame(
        {
            "session_id": steps["session_id"].to_numpy(dtype=object),
            "turn": count - 1,
            "event_id": steps["event_id"].where(prompt).to_numpy(dtype=object),
            "calls": (steps["kind"] == "call").to_numpy(bool),
            "begin": np.where(prompt, start, np.nan),
            "finish": np.where(done, np.fmax(start, end), np.nan),
        }
    )
    groups = table[count > 0].groupby(["session_id", "turn"], sort=False)
    made = groups.agg(event_id=("event_id", "first"), calls=("calls", "sum"), begin=("begin", "first"),
                      finish=("finish", "max")).reset_index()  # fmt: skip
    made["duration_s"] = (made.pop("finish") - made.pop("begin")).clip(lower=0)
    kinds = {"session_id": "str", "turn": "Int64", "event_id": "str", "calls": "Int64", "duration_s": "Float64"}
    return made.astype(kinds)


def autonomy(steps: pd.DataFrame, session_ids: pd.Series, approvals: pd.Series) -> pd.DataFrame:
    """How far the agent of each session went by itself.

    Parameters
    ----------
    steps : frame of STEPS
    session_ids : the sessions, in the order wanted
    approvals : of each, how often a human was asked (effort.effort has it); <NA>: the source does not say

    Returns
    -------
    One row per session: session_id and

    ====================  =======  ===================================================================================
    turn_median_s         Float64  median of turns' durations in seconds; <NA>: no times
    turn_p999_s           Float64  their 99.9th percentile: in one session, nearly the longest
    calls_per_prompt      Float64  calls / prompts; <NA>: no prompt
    auto_approved_share   Float64  calls for which no human was asked / calls; <NA>: the source does not say
    ====================  =======  ===================================================================================
    """
    tally = Tally(steps, session_ids)
    calls = tally.count((steps["kind"] == "call").to_numpy(bool))
    spans = turns(steps).groupby("session_id", sort=False)["duration_s"]
    asked = np.minimum(pd.Series(approvals).to_numpy("float64", na_value=np.nan), calls)
    return pd.DataFrame(
        {
            "session_id": pd.Series(session_ids).reset_index(drop=True),
            "turn_median_s": column(spans.median().reindex(tally.sessions)),
            "turn_p999_s": column(spans.quantile(0.999).reindex(tally.sessions)),
            "calls_per_prompt": column(ratio(calls, tally.count((steps["kind"] == "prompt").to_numpy(bool)))),
            "auto_approved_share": column(1 - ratio(asked, calls)),
        }
    )


def turn_durations(made: pd.DataFrame, *, confidence: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """The distribution of turns' durations over sessions.

    Parameters
    ----------
    made : what turns returns
    confidence, seed : of the bootstrap, which draws whole sessions

    Returns
    -------
    A row each for the quantiles 0.5, 0.9, 0.99 and 0.999: quantile (Float64), turns (Int64, those whose duration is
    known), seconds, seconds_low, seconds_high (Float64; <NA>: there are none). With fewer than a thousand turns the
    last is nearly the longest, and its interval too short above.
    """
    known = made[made["duration_s"].notna()]
    values = known["duration_s"].to_numpy("float64")
    rows = []
    for quantile in (0.5, 0.9, 0.99, 0.999):
        at = float(np.quantile(values, quantile)) if len(values) else np.nan
        low, high = bootstrap(
            lambda drawn, q=quantile: float(np.quantile(drawn, q)), values, confidence=confidence, seed=seed,
            groups=known["session_id"].to_numpy(dtype=object),
        )  # fmt: skip
        rows.append((quantile, len(values), at, low, high))
    names = ["quantile", "turns", "seconds", "seconds_low", "seconds_high"]
    return pd.DataFrame(rows, columns=names).astype("Float64").astype({"turns": "Int64"})
