"""The figure of unusual sessions and the features that make them so."""

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import figure, nothing, plain
from agentobs.frames import require


def anomaly_reasons(found: pd.DataFrame, *, most: int = 20, title: str = "Unusual sessions") -> go.Figure:
    """The robust z of each reason of the most unusual sessions, as a map of colours.

    Parameters
    ----------
    found : what anomalies.anomalies returns; its anomalies are drawn
    """
    require(found, ["session_id", "stratum", "anomaly", "reasons"], "anomalies")
    rows = found[found["anomaly"].fillna(value=False).astype(bool)].head(most).iloc[::-1]
    made = figure(plain(title), height=160 + 24 * len(rows))
    if rows.empty:
        return nothing(made, "no session is unusual for its kind")
    names = list(dict.fromkeys(name for reasons in rows["reasons"][::-1] for name, _ in reasons))
    values = [[dict(reasons).get(name) for name in names] for reasons in rows["reasons"]]
    made.add_heatmap(
        x=names,
        y=[plain(session, 40) for session in rows["session_id"]],
        z=values,
        zmid=0,
        zmin=-10,
        zmax=10,
        colorscale=[[0, "#3563b5"], [0.5, "#ffffff"], [1, "#d0453e"]],
        colorbar={"title": {"text": "robust z"}},
        hovertemplate="%{y}<br>%{x}: %{z:+.1f}<extra></extra>",
        hoverongaps=False,
    )
    judged = int(found["anomaly"].notna().sum())
    made.update_layout(title_subtitle_text=f"{len(rows):,} drawn of {judged:,} judged, each among its own kind")
    return made
