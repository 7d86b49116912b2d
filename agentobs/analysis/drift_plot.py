"""Figures of drift: a series with its change points and what changed about then; which numbers drifted how far."""

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import MUTED, OTHER, PALETTE, figure, nothing, plain
from agentobs.analysis.plots import MOST_POINTS
from agentobs.frames import require


def changing_series(
    series: pd.DataFrame,
    points: pd.DataFrame,
    changed: pd.DataFrame | None = None,
    *,
    value: str,
    at: str = "started_at",
    title: str = "",
) -> go.Figure:
    """A number over time, the median of each stretch, and dated changes of version, model and instructions.

    Parameters
    ----------
    series, value, at : as given to drift.change_points; at most 5,000 values are drawn, evenly chosen
    points : what change_points returned
    changed : what drift.changes returns
    """
    require(series, [at, value], "series")
    require(points, ["at", "before_median", "after_median"], "change points")
    made = figure(plain(title or value), height=340)
    rows = series[[at, value]].dropna().sort_values(at, kind="stable", ignore_index=True)
    if rows.empty:
        return nothing(made, "no value has a known time")
    drawn = rows.iloc[:: max(1, -(-len(rows) // MOST_POINTS))]
    made.add_scatter(x=drawn[at].tolist(), y=drawn[value].astype("float64").tolist(), mode="markers", name=plain(value),
                     marker={"size": 6, "color": OTHER})  # fmt: skip
    starts = [rows[at].iloc[0], *points["at"]]
    ends = [*points["at"], rows[at].iloc[-1]]
    middle = float(rows[value].astype("float64").median())
    levels = [*points["before_median"].head(1), *points["after_median"]] if len(points) else [middle]
    for place, (start, end, level) in enumerate(zip(starts, ends, levels, strict=True)):
        made.add_scatter(x=[start, end], y=[level, level], mode="lines", line={"color": PALETTE[0], "width": 3},
                         name="median of a stretch", showlegend=place == 0,
                         hovertemplate=f"median {level:.4g}<extra></extra>")  # fmt: skip
    for row in changed.itertuples(index=False) if changed is not None else ():
        if rows[at].iloc[0] <= row.at <= rows[at].iloc[-1]:
            made.add_vline(x=row.at, line={"color": MUTED, "width": 1, "dash": "dot"})
            made.add_annotation(x=row.at, y=1, yref="paper", text=plain(f"{row.kind} {row.what}", 40), showarrow=False,
                                textangle=-90, xanchor="right", yanchor="top",
                                font={"size": 10, "color": MUTED})  # fmt: skip
    made.update_layout(title_subtitle_text=f"{len(points)} change points")
    return made


def drifted(drifts: pd.DataFrame, *, most: int = 20, title: str = "What is distributed otherwise") -> go.Figure:
    """The PSI of each number, those that drifted in colour: what drift.drift returns."""
    require(drifts, ["name", "psi", "ks", "q", "drifted"], "drift")
    shown = drifts[drifts["psi"].notna()].sort_values("psi", kind="stable").tail(most)
    made = figure(plain(title), height=140 + 24 * len(shown))
    if shown.empty:
        return nothing(made, "too few sessions on either side")
    told = [f"KS {ks:.2f}, q {q:.3f}" for ks, q in zip(shown["ks"], shown["q"], strict=True)]
    made.add_bar(
        orientation="h",
        x=shown["psi"].astype("float64").tolist(),
        y=[plain(name, 40) for name in shown["name"]],
        marker={"color": [PALETTE[0] if sure else OTHER for sure in shown["drifted"].fillna(value=False)]},
        customdata=told,
        hovertemplate="%{y}: PSI %{x:.2f}<br>%{customdata}<extra></extra>",
    )
    for bound in (0.1, 0.25):
        made.add_vline(x=bound, line={"color": MUTED, "width": 1, "dash": "dot"})
    made.update_layout(title_subtitle_text="population stability index; grey: not significant after correction")
    return made
