"""Efficiency: what a verified edit and a commit took, what was spent in vain, what came out of the cache."""

import numpy as np
import pandas as pd

from agentobs.analysis.derive.edits import CHANGES
from agentobs.analysis.tally import Tally, column, numbers, ratio
from agentobs.analysis.usage import PROMPT_LANES
from agentobs.analysis.waste import wasted
from agentobs.frames import require


def efficiency(
    sessions: pd.DataFrame,
    steps: pd.DataFrame,
    model_calls: pd.DataFrame,
    findings: pd.DataFrame,
    verified_edits: pd.Series,
    agent_active_s: pd.Series,
) -> pd.DataFrame:
    """What the results of each session took.

    Parameters
    ----------
    sessions : frame of SESSIONS
    steps : frame of STEPS, of the same sessions
    model_calls : frame of MODEL_CALLS, of the same sessions
    findings : frame of FINDINGS, of the same sessions: what they name as wasted
    verified_edits : of each session (verification.verification has it)
    agent_active_s : of each session (effort.effort has it)

    Returns
    -------
    One row per session: session_id and Float64 columns. A cost is <NA> where any call has no known price: a part would
    pass for the whole. What is per edit or commit is <NA> where there is none.

    ==========================  ======================================================================================
    cost_per_verified_edit_usd  US dollars / verified edits
    tokens_per_verified_edit    tokens (all lanes) / verified edits
    s_per_verified_edit         active seconds of the agent / verified edits
    cost_per_commit_usd         US dollars / commits
    tokens_per_commit           tokens / commits
    s_per_commit                active seconds of the agent / commits
    wasted_cost_usd             US dollars of what findings name as in vain, nothing twice; 0: they name nothing; <NA>:
                                of what they name, nothing has a price
    wasted_cost_share           of the session's cost, in [0, 1]
    wasted_tokens               tokens of the same; 0 and <NA> alike
    wasted_tokens_share         of the session's tokens, in [0, 1]
    wasted_calls_share          calls that findings name as in vain / calls
    cache_share                 cache read / (input + cache read + cache writes); <NA>: the cache is not reported
    read_edit_ratio             reads and searches / edits that did not fail
    ==========================  ======================================================================================
    """
    require(sessions, ["session_id", "cost_usd", "unpriced_calls", "total_tokens", "commits"], "sessions")
    tally = Tally(steps, sessions["session_id"])
    priced = (sessions["unpriced_calls"].fillna(0) == 0).to_numpy(bool)
    spent = {
        "cost_{}_usd": np.where(priced, numbers(sessions["cost_usd"]), np.nan),
        "tokens_{}": numbers(sessions["total_tokens"]),
        "s_{}": numbers(agent_active_s),
    }
    results = {"per_verified_edit": numbers(verified_edits), "per_commit": numbers(sessions["commits"])}
    made = {name.format(per): ratio(of, n) for per, n in results.items() for name, of in spent.items()}
    made |= _waste(sessions, steps, model_calls, findings, spent["cost_{}_usd"], tally)
    made["cache_share"] = _cache(model_calls, tally)
    made["read_edit_ratio"] = _reading(steps, tally)
    columns = {name: column(values) for name, values in made.items()}
    return pd.DataFrame({"session_id": sessions["session_id"].reset_index(drop=True), **columns})


def _waste(
    sessions: pd.DataFrame, steps: pd.DataFrame, model_calls: pd.DataFrame, findings: pd.DataFrame, cost: np.ndarray,
    tally: Tally,
) -> dict[str, np.ndarray]:  # fmt: skip
    """What findings name as in vain; 0 where they name nothing and the session's own sum is known."""
    vain = wasted(findings, steps.reset_index(drop=True), model_calls).set_index("session_id").reindex(tally.sessions)
    ids = findings["wasted_event_ids"].explode().dropna().unique()
    marks = (steps["kind"] == "call").to_numpy(bool) & steps["event_id"].isin(ids).to_numpy(bool)
    none = ~tally.sessions.isin(findings.loc[findings["wasted_event_ids"].map(len) > 0, "session_id"])
    tokens = numbers(sessions["total_tokens"])
    lost = {}
    for name, whole in (("cost_usd", cost), ("tokens", tokens)):
        lost[name] = np.where(none, np.where(np.isnan(whole), np.nan, 0.0), numbers(vain[name]))
    return {
        "wasted_cost_usd": lost["cost_usd"],
        "wasted_cost_share": np.minimum(ratio(lost["cost_usd"], cost), 1),
        "wasted_tokens": lost["tokens"],
        "wasted_tokens_share": np.minimum(ratio(lost["tokens"], tokens), 1),
        "wasted_calls_share": tally.share(marks, (steps["kind"] == "call").to_numpy(bool)),
    }


def _cache(model_calls: pd.DataFrame, tally: Tally) -> np.ndarray:
    require(model_calls, ["session_id", *PROMPT_LANES], "model_calls")
    known = model_calls[model_calls["cache_read_tokens"].notna()]
    sums = known.groupby("session_id")[PROMPT_LANES].sum(min_count=1).reindex(tally.sessions)
    return ratio(numbers(sums["cache_read_tokens"]), numbers(sums.sum(axis=1, min_count=1)))


def _reading(steps: pd.DataFrame, tally: Tally) -> np.ndarray:
    calls = (steps["kind"] == "call").to_numpy(bool)
    read = calls & steps["type"].isin(["file_read", "search_performed"]).to_numpy(bool)
    failed = steps["failed"].fillna(value=False).to_numpy(bool)
    return ratio(tally.count(read), tally.count(calls & steps["type"].isin(CHANGES).to_numpy(bool) & ~failed))
