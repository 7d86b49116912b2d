"""Marks on the figures of a session: where the steps lie that a finding rests on."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis import tables, timeline_plot
from agentobs.analysis.look import INK, plain

_MARK = {"symbol": "triangle-down", "size": 12, "color": INK, "line": {"color": "#ffffff", "width": 1}}
_OF_HUMANS = ("prompt", "interrupt")


def mark_timeline(made: go.Figure, lanes: pd.DataFrame, evidence: pd.DataFrame) -> go.Figure:
    """Mark these steps on the lanes; a step without a known time has no place there.

    Parameters
    ----------
    made : what timeline_plot.session_timeline returns for the lanes
    lanes : what timeline.lanes returns
    evidence : rows of STEPS, of the same session
    """
    timed = evidence[evidence["started_at"].notna() & evidence["timed"].fillna(value=False).astype(bool)]
    if lanes.empty or timed.empty:
        return made
    seconds, drawn = _drawn(made, lanes)
    start = lanes["started_at"].min()
    at = np.interp((timed["started_at"] - start).dt.total_seconds().to_numpy("float64"), seconds, drawn)
    axis: Any = made.layout["yaxis"]
    rows = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    rest = next((y for name, y in rows.items() if name.endswith("more subagents")), 0)
    made.add_scatter(
        x=at.tolist(),
        y=[rows.get(lane, rest) + 0.42 for lane in map(_lane, timed["kind"], timed["thread_id"])],
        mode="markers",
        name="evidence",
        marker=_MARK,
        customdata=[(plain(words),) for words in labels(timed)],
        hovertemplate="<b>evidence</b> %{customdata[0]}<extra></extra>",
        cliponaxis=False,
    )
    return made


def mark_context(made: go.Figure, fill: pd.DataFrame, evidence: pd.DataFrame) -> go.Figure:
    """Mark the model calls that these steps are of; those of subagents are not on the curve.

    Parameters
    ----------
    made : what context_fill.plot_context_fill returns for the curve
    fill : what context_fill.context_fill returns
    evidence : rows of STEPS, of the same session
    """
    marked = fill[fill["usage_key"].isin(evidence["response"].dropna())]
    if marked.empty:
        return made
    made.add_scatter(
        x=marked["call"].astype("int64").tolist(),
        y=marked["context_tokens"].astype("int64").tolist(),
        mode="markers",
        name="evidence",
        showlegend=True,
        marker=_MARK,
        hovertemplate="<b>evidence</b> call %{x:,}: %{y:,} tokens<extra></extra>",
    )
    return made


def mark_waste(made: go.Figure, steps_of_cost: pd.DataFrame, cost_usd: float) -> go.Figure:
    """Say what of the session's waste this one finding names; nothing where its cost is unknown.

    Parameters
    ----------
    made : what waterfall.plot_cost_waterfall returns for the steps
    steps_of_cost : what waterfall.cost_waterfall returns
    cost_usd : the finding's wasted_cost_usd; <NA>: unknown
    """
    if pd.isna(cost_usd) or "in vain" not in set(steps_of_cost["label"]):
        return made
    made.add_annotation(
        x="in vain",
        y=float(steps_of_cost.loc[steps_of_cost["label"] == "all", "cost_usd"].iloc[0]),
        text=f"evidence: this finding names {tables.dollars(cost_usd)}",
        showarrow=False,
        yanchor="bottom",
        yshift=6,
        font={"size": 12, "color": INK},
    )
    return made


def labels(steps: pd.DataFrame) -> list[str]:
    """Return a few words on each step: its tool and what that acts on, else its kind."""
    words = steps["tool_name"].fillna(steps["kind"]).str.cat(steps["target"].fillna(""), sep=" ")
    return words.str.strip().fillna(tables.UNKNOWN).tolist()


def _lane(kind: object, thread: object) -> str:
    if isinstance(thread, str):
        return f"subagent {thread[:8]}"
    return "human" if kind in _OF_HUMANS else "tools" if kind == "call" else "model"


def _drawn(made: go.Figure, lanes: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Seconds since the start and where they are drawn: pauses are cut short, and between two marks all is straight."""
    start = lanes["started_at"].min()
    begin = (lanes["started_at"] - start).dt.total_seconds().to_numpy("float64")
    end = np.maximum(begin, (lanes["ended_at"] - start).dt.total_seconds().to_numpy("float64"))
    traces = {trace.name: trace for trace in made.data}
    seconds, drawn = [], []
    for kind in (*timeline_plot.BARS, *timeline_plot.POINTS):
        rows = (lanes["kind"] == kind).to_numpy(bool)
        trace = traces.get(timeline_plot.NAMES.get(kind, kind))
        if trace is None:
            continue
        first = np.array(trace.x if trace.type == "scatter" else trace.base, dtype="float64")
        seconds += [begin[rows], end[rows]]
        drawn += [first, first if trace.type == "scatter" else first + np.array(trace.x, dtype="float64")]
    order = np.lexsort((np.concatenate(drawn), np.concatenate(seconds)))
    return np.concatenate(seconds)[order], np.concatenate(drawn)[order]
