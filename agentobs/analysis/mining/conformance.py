"""Conformance: how far a session keeps to the way of good sessions, and where it first leaves it.

The way of good sessions is what they do: which phase follows which, and how often. A transition conforms where good
sessions take it often enough. That tells what is unusual, which need not be bad.
"""

from typing import Any

import numpy as np
import pandas as pd

from agentobs.analysis.mining.graph import END, START
from agentobs.errors import FrameError
from agentobs.frames import require

_NEEDED = ["session_id", "activity", "step", "event_id"]


def good_ways(activities: pd.DataFrame, *, at_least: float = 0.05) -> pd.DataFrame:
    """What follows what in good sessions.

    Parameters
    ----------
    activities : what mining.activities(steps, by="phase") returns for the good sessions; the same activity several
        times in a row counts once
    at_least : a transition is part of the way if it is so large a share of what follows its source

    Returns
    -------
    source, target (str), count (int64), share (float64, of what follows source; with half a count added to each target,
    so that what never happened is not impossible), allowed (bool). Each pair of activities that occur has a row.
    """
    moves = _moves(activities)
    if moves.empty:
        raise FrameError("frame activities has no row: there is no good session to learn from")
    counts = pd.crosstab(moves["source"], moves["target"])
    names = sorted(set(moves["source"]) - {START})
    counts = counts.reindex(index=[START, *names], columns=[*names, END], fill_value=0)
    for name in names:
        counts.loc[name, name] = 0
    smooth = counts + 0.5
    share = smooth.div(smooth.sum(axis=1), axis=0)
    raw = counts.div(counts.sum(axis=1).where(lambda total: total > 0), axis=0).fillna(0)
    stacked: Any = counts.stack()
    made = stacked.rename("count").reset_index()
    made["share"], made["allowed"] = share.stack().to_numpy(), raw.stack().to_numpy() >= max(at_least, 1e-12)
    return made.astype({"source": "str", "target": "str"})


def conformance(activities: pd.DataFrame, way: pd.DataFrame) -> pd.DataFrame:
    """How far each session keeps to the way.

    Parameters
    ----------
    activities : what mining.activities returns, by the same names as the way was learnt from
    way : what good_ways returns

    Returns
    -------
    One row per session: session_id; transitions (int64, start and end included); fitness (float64, the share of them
    that is allowed, in [0, 1]); surprise (float64, bits per transition: mean -log2 of its share in good sessions; an
    activity that good sessions don't know counts as the rarest transition); first_deviation (str `edit -> end`; <NA>:
    none), first_step (Int64, of the call at which it happens, or after which the session ends) and event_id.
    """
    require(way, ["source", "target", "share", "allowed"], "way")
    moves = _moves(activities)
    known = moves.merge(way[["source", "target", "share", "allowed"]], on=["source", "target"], how="left")
    known["allowed"] = known["allowed"].fillna(value=False).astype(bool)
    known["bits"] = -np.log2(known["share"].fillna(way["share"].min()))
    made = known.groupby("session_id", sort=False).agg(
        transitions=("allowed", "size"), fitness=("allowed", "mean"), surprise=("bits", "mean")
    )
    off = known[~known["allowed"]].drop_duplicates("session_id").set_index("session_id")
    made["first_deviation"] = (off["source"] + " -> " + off["target"]).astype("str")
    made["first_step"] = off["step"].astype("Int64")
    made["event_id"] = off["event_id"].astype("str")
    return made.reset_index()


def first_deviations(fitted: pd.DataFrame) -> pd.DataFrame:
    """Return where sessions first leave the way, most often first: deviation (str), sessions (int64), share of all."""
    require(fitted, ["first_deviation"], "conformance")
    counts = fitted["first_deviation"].value_counts().rename_axis("deviation").reset_index(name="sessions")
    counts = counts.sort_values(["sessions", "deviation"], ascending=[False, True], ignore_index=True)
    return counts.assign(share=counts["sessions"] / max(len(fitted), 1))


def _moves(activities: pd.DataFrame) -> pd.DataFrame:
    """Each transition of each session, from START to END, with the step at which it happens."""
    require(activities, _NEEDED, "activities")
    rows = activities[_NEEDED].reset_index(drop=True)
    same = rows["session_id"] == rows["session_id"].shift()
    rows = rows[~(same & (rows["activity"] == rows["activity"].shift()))]
    before = rows.groupby("session_id", sort=False)["activity"].shift()
    inner = rows.rename(columns={"activity": "target"}).assign(source=before.astype("object").fillna(START))
    last = activities[_NEEDED].drop_duplicates("session_id", keep="last").rename(columns={"activity": "source"})
    ends = last.assign(target=END)
    both = pd.concat([inner, ends], ignore_index=True)
    order = pd.factorize(both["session_id"])[0]
    both = both.iloc[np.lexsort([both["target"] == END, order])]
    return both.astype({"source": "str", "target": "str"}).reset_index(drop=True)
