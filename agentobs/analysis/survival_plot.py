"""Figures of survival: the share of sessions still waiting, and hazard ratios."""

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import MUTED, PALETTE, figure, nothing, plain
from agentobs.frames import require


def survival_curves(
    table: pd.DataFrame, *, title: str = "Still waiting for the first green", unit: str = "actions"
) -> go.Figure:
    """The share to which it has not happened yet, in steps, with its interval: what survival.kaplan_meier returns."""
    require(table, ["group", "duration", "at_risk", "waiting", "low", "high"], "survival")
    made = figure(plain(title), "sessions that ended before count as long as they went", height=360)
    if table.empty:
        return nothing(made, "it happened in no session")
    for place, (group, rows) in enumerate(table.groupby("group", sort=False)):
        colour = PALETTE[place % len(PALETTE)]
        x = [0.0, *rows["duration"]]
        band = rows[rows["low"].notna()]
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        edge = {"color": "rgba(0,0,0,0)", "shape": "hv", "width": 0}
        for column, fill in (("high", None), ("low", "tonexty")):
            made.add_scatter(x=[0.0, *band["duration"]], y=[1.0, *band[column]], mode="lines", line=edge, fill=fill,
                             fillcolor=f"rgba({red},{green},{blue},0.13)", hoverinfo="skip", showlegend=False,
                             name=f"{plain(group, 60)} {column}")  # fmt: skip
        made.add_scatter(
            x=x, y=[1.0, *rows["waiting"]], mode="lines", name=plain(group, 60), line={"color": colour, "shape": "hv"},
            customdata=[int(rows["at_risk"].iloc[0]), *rows["at_risk"].tolist()],
            hovertemplate=f"%{{x:,.0f}} {plain(unit)}: %{{y:.0%}}, %{{customdata:,}} at risk<extra></extra>",
        )  # fmt: skip
    made.update_xaxes(title_text=plain(unit), rangemode="tozero")
    made.update_yaxes(tickformat=".0%", range=[0, 1.02])
    return made


def hazard_ratios(fitted: pd.DataFrame, *, title: str = "What makes it happen sooner") -> go.Figure:
    """Hazard ratios with their intervals: what survival.cox returns."""
    require(fitted, ["name", "hazard_ratio", "low", "high", "p"], "cox")
    made = figure(plain(title), "per standard deviation; right of 1: sooner", height=140 + 26 * len(fitted))
    if fitted.empty:
        return nothing(made, "the model has no covariate")
    rows = fitted.iloc[::-1]
    made.add_scatter(
        x=rows["hazard_ratio"].tolist(),
        y=[plain(name, 40) for name in rows["name"]],
        mode="markers",
        marker={"size": 10, "color": PALETTE[0]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (rows["high"] - rows["hazard_ratio"]).tolist(),
            "arrayminus": (rows["hazard_ratio"] - rows["low"]).tolist(),
            "color": MUTED,
        },
        customdata=rows["p"].tolist(),
        hovertemplate="<b>%{y}</b> %{x:.2f}, p %{customdata:.3f}<extra></extra>",
    )
    made.add_vline(x=1, line={"color": MUTED, "width": 1, "dash": "dot"})
    made.update_xaxes(type="log", title_text="hazard ratio")
    return made
