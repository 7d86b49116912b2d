"""Figures of predictions: AUC beside the baseline, and whether a probability means what it says."""

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import MUTED, PALETTE, figure, nothing, plain
from agentobs.frames import require


def calibration_curve(bins: pd.DataFrame, *, title: str = "Predicted and observed success") -> go.Figure:
    """Observed share of successes by predicted probability, with intervals: what prediction.calibration returns."""
    require(bins, ["model", "sessions", "predicted", "observed", "low", "high"], "calibration")
    made = figure(plain(title), "on the line: a probability means what it says", height=400)
    if bins.empty:
        return nothing(made, "there is no prediction")
    made.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": MUTED, "dash": "dot", "width": 1},
                     hoverinfo="skip", showlegend=False, name="perfect")  # fmt: skip
    for place, (model, rows) in enumerate(bins.groupby("model", sort=False)):
        made.add_scatter(
            x=rows["predicted"].tolist(), y=rows["observed"].tolist(), mode="lines+markers", name=plain(model),
            line={"color": PALETTE[place % len(PALETTE)]},
            error_y={"type": "data", "symmetric": False, "array": (rows["high"] - rows["observed"]).tolist(),
                     "arrayminus": (rows["observed"] - rows["low"]).tolist(), "thickness": 1},
            customdata=rows["sessions"].tolist(),
            hovertemplate="predicted %{x:.0%}, observed %{y:.0%} of %{customdata:,}<extra></extra>",
        )  # fmt: skip
    made.update_xaxes(range=[0, 1], tickformat=".0%", title_text="predicted")
    made.update_yaxes(range=[0, 1.02], tickformat=".0%", title_text="observed")
    return made


def prediction_quality(scores: pd.DataFrame, *, title: str = "How well success can be told") -> go.Figure:
    """AUC with its interval by model and prefix.

    Parameters
    ----------
    scores : what prediction.evaluate returns, of several prefixes together, each with its name in `seen` (str)
    """
    require(scores, ["model", "seen", "auc", "auc_low", "auc_high", "sessions"], "scores")
    made = figure(plain(title), "AUC with interval; one half is chance", height=360)
    if scores.empty:
        return nothing(made, "there is no prediction")
    for place, (model, rows) in enumerate(scores.groupby("model", sort=False)):
        made.add_bar(
            x=[plain(seen) for seen in rows["seen"]], y=rows["auc"].tolist(), name=plain(model),
            marker={"color": PALETTE[place % len(PALETTE)]}, customdata=rows["sessions"].tolist(),
            error_y={"type": "data", "symmetric": False, "array": (rows["auc_high"] - rows["auc"]).tolist(),
                     "arrayminus": (rows["auc"] - rows["auc_low"]).tolist(), "color": MUTED, "thickness": 1},
            hovertemplate="%{x}: %{y:.2f} of %{customdata:,} sessions<extra></extra>",
        )  # fmt: skip
    made.add_hline(y=0.5, line={"color": MUTED, "width": 1, "dash": "dot"})
    made.update_yaxes(range=[0, 1])
    made.update_layout(barmode="group")
    return made
