"""Figures of natural experiments: a series with its trends before and after a change, and the jump among placebos."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import FAILED, MUTED, OTHER, PALETTE, figure, nothing, plain
from agentobs.analysis.plots import MOST_POINTS
from agentobs.frames import require


def interrupted_series(
    series: pd.DataFrame, result: pd.DataFrame, *, value: str, at: str = "started_at", title: str = ""
) -> go.Figure:
    """The values, the trend before drawn on beyond the change, and where the level moved to.

    Parameters
    ----------
    series, value, at : as given to experiments.interrupted; at most 5,000 values are drawn, evenly chosen
    result : what it returned
    """
    require(series, [at, value], "series")
    require(result, ["change", "level_before", "jump", "jump_low", "jump_high", "placebo_p"], "result")
    made = figure(plain(title or value), height=340)
    rows = series[[at, value]].dropna().sort_values(at, kind="stable", ignore_index=True)
    if rows.empty or result.empty:
        return nothing(made, "no value has a known time")
    row: Any = next(result.itertuples(index=False))
    drawn = rows.iloc[:: max(1, -(-len(rows) // MOST_POINTS))]
    made.add_scatter(x=drawn[at].tolist(), y=drawn[value].astype("float64").tolist(), mode="markers",
                     name=plain(value), marker={"size": 6, "color": OTHER})  # fmt: skip
    made.add_scatter(x=[row.change] * 2, y=[row.level_before, row.level_before + row.jump], mode="lines+markers",
                     name="jump", line={"color": PALETTE[1], "width": 4})  # fmt: skip
    made.add_vline(x=row.change, line={"color": MUTED, "width": 1, "dash": "dot"})
    placebo = "" if pd.isna(row.placebo_p) else f"; placebo p {row.placebo_p:.3f}"
    made.update_layout(
        title_subtitle_text=f"jump {row.jump:+.3g} ({row.jump_low:+.3g} to {row.jump_high:+.3g}){placebo}"
    )
    return made


def placebo_figure(jumps: pd.DataFrame, *, title: str = "The change among placebo dates") -> go.Figure:
    """The jump at the change and at dates where nothing changed: what experiments.placebo_jumps returns."""
    require(jumps, ["at", "jump", "low", "high", "real"], "jumps")
    made = figure(plain(title), height=320)
    if jumps.empty:
        return nothing(made, "there is no date to try")
    for name, rows, colour in (("placebo", jumps[~jumps["real"]], OTHER), ("change", jumps[jumps["real"]], FAILED)):
        made.add_scatter(
            x=rows["at"].tolist(), y=rows["jump"].tolist(), mode="markers", name=name,
            marker={"size": 8, "color": colour},
            error_y={"type": "data", "symmetric": False, "array": (rows["high"] - rows["jump"]).tolist(),
                     "arrayminus": (rows["jump"] - rows["low"]).tolist(), "color": colour, "thickness": 1},
            hovertemplate="%{x|%-d %b %Y}: %{y:+.3g}<extra></extra>",
        )  # fmt: skip
    made.add_hline(y=0, line={"color": MUTED, "width": 1, "dash": "dot"})
    return made
