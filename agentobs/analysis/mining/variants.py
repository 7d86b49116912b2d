"""Variants: the ways sessions took as a whole, equal ones together."""

import numpy as np
import pandas as pd

from agentobs.frames import require


def variants(activities: pd.DataFrame, *, collapse: bool = True) -> pd.DataFrame:
    """The different sequences of activities and how many sessions took each.

    Parameters
    ----------
    activities : what mining.activities returns
    collapse : the same activity several times in a row counts once

    Returns
    -------
    One row per variant, most sessions first: variant (str, `read > edit > test`), length (int64, activities), sessions
    (int64), share (float64, of all sessions), session_ids (object, list of str).
    """
    require(activities, ["session_id", "activity"], "activities")
    rows = activities[["session_id", "activity"]]
    if collapse:
        again = (rows["activity"] == rows["activity"].shift()) & (rows["session_id"] == rows["session_id"].shift())
        rows = rows[~again]
    ways = rows.groupby("session_id", sort=False)["activity"].agg([" > ".join, "size"])
    ways.columns = ["variant", "length"]
    made = ways.reset_index().groupby(["variant", "length"], sort=True)["session_id"].agg(list).reset_index()
    made = made.rename(columns={"session_id": "session_ids"})
    made["sessions"] = made["session_ids"].map(len).astype("int64")
    made["share"] = made["sessions"] / max(len(ways), 1)
    made = made.sort_values(["sessions", "length", "variant"], ascending=[False, True, True], ignore_index=True)
    return made[["variant", "length", "sessions", "share", "session_ids"]]


def variant_entropy(variants: pd.DataFrame) -> float:
    """Return the Shannon entropy of the variants over sessions, in bits; 0: all went the same way; NaN: no session."""
    require(variants, ["share"], "variants")
    share = variants["share"].to_numpy(dtype=float)
    return float(-(share * np.log2(share)).sum()) + 0.0 if len(share) else float("nan")
