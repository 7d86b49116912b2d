"""Model calls: the accounting table. Each response once, from the best of its records, as a whole row."""

import pandas as pd

from agentobs.analysis.derive.ranks import first_of_each
from agentobs.analysis.derive.records import COUNTED_LANES
from agentobs.analysis.derive.telemetry import without_repeated_responses

_RANK = ["usage_key", "is_telemetry", "is_side", "by_output", "by_total", "owner_ts", "session_id", "ts", "event_id"]


def model_calls(events: pd.DataFrame) -> pd.DataFrame:
    """Each response of a model once, by time.

    A file's record beats telemetry's, a main one a sidechain's or a copy's, then the largest snapshot wins by output,
    then by total tokens, never a maximum per lane; started_at is the earliest record of the response. What telemetry
    repeats of files is left out.

    Parameters
    ----------
    events : frame of RECORDS, without copies (settle)

    Returns
    -------
    Frame of MODEL_CALLS with two columns more:

    =============  =====  ==========================================
    total_tokens   Int64  input + output + cache read + cache writes
    cost_pico_usd  Int64  1e-12 USD; <NA>: no known price
    =============  =====  ==========================================
    """
    lanes = events[list(COUNTED_LANES)]
    parts = events[events["usage_key"].notna() & lanes.notna().any(axis=1)]
    total = parts[list(COUNTED_LANES)].fillna(0).sum(axis=1).astype("Int64")
    parts = parts.assign(
        total_tokens=total,
        is_side=parts["is_copy"] | parts["is_sidechain"],
        by_output=-parts["output_tokens"].fillna(0),
        by_total=-total,
        cost_usd=(parts["cost_pico_usd"].astype("Float64") / 1e12),
    )
    started = parts.groupby("usage_key", sort=False)["ts"].min()
    best = without_repeated_responses(first_of_each(parts, ["usage_key"], _RANK))
    best = best.assign(started_at=started.reindex(best["usage_key"]).to_numpy())
    best["started_at"] = best["started_at"].astype(events["ts"].dtype)
    return best.sort_values(["started_at", "usage_key"], kind="stable", ignore_index=True)
