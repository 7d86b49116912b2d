"""The directly-follows graph of activities: how often one follows another, and how long that takes."""

import numpy as np
import pandas as pd

from agentobs.frames import require

START, END = "start", "end"
_ACTIVITIES = ["session_id", "activity", "started_at", "ended_at"]


def directly_follows(activities: pd.DataFrame) -> pd.DataFrame:
    """How often each activity is directly followed by each other one in a session.

    Parameters
    ----------
    activities : what activities returns, sessions together and in order

    Returns
    -------
    One row per pair that occurs, most often first; START and END stand around each session:

    ===========  =======  ===================================================================
    source       str
    target       str
    count        int64    times target directly followed source
    sessions     int64    sessions in which it did
    share        float64  count / all that follows source, in [0, 1]
    median_s     float64  from the end of source to the start of target, in seconds; NaN: no times
    total_s      float64  the sum of it
    timed        int64    of the count, with both times
    ===========  =======  ===================================================================
    """
    pairs = _pairs(activities)
    grouped = pairs.groupby(["source", "target"], sort=True)
    made = grouped.agg(
        count=("session_id", "size"),
        sessions=("session_id", "nunique"),
        median_s=("seconds", "median"),
        total_s=("seconds", "sum"),
        timed=("seconds", "count"),
    ).reset_index()
    made["total_s"] = made["total_s"].where(made["timed"] > 0)
    made["share"] = made["count"] / made.groupby("source")["count"].transform("sum")
    made = made.sort_values(["count", "source", "target"], ascending=[False, True, True], ignore_index=True)
    return made[["source", "target", "count", "sessions", "share", "median_s", "total_s", "timed"]]


def _pairs(activities: pd.DataFrame) -> pd.DataFrame:
    require(activities, _ACTIVITIES, "activities")
    rows = activities.reset_index(drop=True)
    if rows.empty:
        return pd.DataFrame({"session_id": [], "source": [], "target": [], "seconds": pd.Series(dtype="float64")})
    same = rows.groupby("session_id", sort=False)
    names = rows["activity"].astype("str")
    after = names.groupby(rows["session_id"], sort=False).shift(-1)
    waits = (same["started_at"].shift(-1) - rows["ended_at"]).dt.total_seconds().clip(lower=0)
    inner = pd.DataFrame({"session_id": rows["session_id"], "source": names, "target": after.fillna(END)})
    inner["seconds"] = waits.astype("float64")
    firsts = rows[~rows["session_id"].duplicated()]
    begin = pd.DataFrame({"session_id": firsts["session_id"], "source": START, "target": firsts["activity"]})
    return pd.concat([begin.assign(seconds=np.nan), inner], ignore_index=True)


def bottlenecks(activities: pd.DataFrame) -> pd.DataFrame:
    """Where the time of sessions goes: in activities and between them.

    Returns one row per activity and per pair, the most time first: where (str: `edit` or `edit -> test`), kind (str:
    during | between), count (int64, with known times), median_s, p90_s and total_s (float64, seconds) and share
    (float64, of all known time, in [0, 1]). Calls without times are in none of it.
    """
    pairs = _pairs(activities)
    between = pd.DataFrame({"where": pairs["source"] + " -> " + pairs["target"], "seconds": pairs["seconds"]})
    lasted = (activities["ended_at"] - activities["started_at"]).dt.total_seconds().astype("float64")
    during = pd.DataFrame({"where": activities["activity"].astype("str"), "seconds": lasted})
    both = pd.concat([during.assign(kind="during"), between.assign(kind="between")]).dropna(subset="seconds")
    made = both.groupby(["where", "kind"])["seconds"].agg(
        count="size", median_s="median", p90_s=lambda seconds: seconds.quantile(0.9), total_s="sum"
    )
    made = made.reset_index().sort_values(["total_s", "where"], ascending=[False, True], ignore_index=True)
    whole = made["total_s"].sum()
    return made.assign(share=made["total_s"] / whole if whole > 0 else np.nan)


def entropy(graph: pd.DataFrame) -> pd.DataFrame:
    """How open it is what follows each activity.

    Parameters
    ----------
    graph : what directly_follows returns

    Returns
    -------
    One row per activity, most often first: activity (str), count (int64), bits (float64, Shannon entropy of what
    follows; 0: always the same) and evenness (float64, bits / the most that so many followers could have; 0 for one).
    """
    require(graph, ["source", "count", "share"], "graph")
    terms = -graph["share"] * np.log2(graph["share"])
    made = (
        graph.assign(bits=terms)
        .groupby("source")
        .agg(count=("count", "sum"), bits=("bits", "sum"), followers=("share", "size"))
    )
    most = pd.Series(np.log2(made["followers"]), index=made.index).where(made["followers"] > 1)
    made["evenness"] = (made["bits"] / most).fillna(0.0)
    made = made.rename_axis("activity").reset_index().drop(columns="followers")
    return made.sort_values(["count", "activity"], ascending=[False, True], ignore_index=True)
