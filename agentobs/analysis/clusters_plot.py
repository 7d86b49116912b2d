"""Figures of clusters: how many to take, and the sessions on the two axes on which they differ most."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.clusters import Clusters, scaled_features
from agentobs.analysis.look import MUTED, PALETTE, figure, nothing, plain
from agentobs.analysis.plots import MOST_POINTS
from agentobs.frames import require


def cluster_choices(choices: pd.DataFrame, *, title: str = "How many clusters") -> go.Figure:
    """Silhouette and stability by the number of clusters, the chosen one marked: the choices of Clusters."""
    require(choices, ["k", "silhouette", "stability", "chosen"], "choices")
    made = figure(plain(title), height=300)
    if choices.empty:
        return nothing(made, "too few different sessions for clusters")
    for name, colour in (("silhouette", PALETTE[0]), ("stability", PALETTE[1])):
        made.add_scatter(x=choices["k"].tolist(), y=choices[name].tolist(), mode="lines+markers", name=name,
                         line={"color": colour}, hovertemplate="%{x} clusters: %{y:.2f}<extra></extra>")  # fmt: skip
    chosen = choices.loc[choices["chosen"], "k"].tolist()
    for k in chosen:
        made.add_vline(x=k, line={"color": MUTED, "width": 1, "dash": "dot"})
    said = f"{chosen[0]} clusters" if chosen else "no number of clusters is steady and clear: all are one"
    made.update_layout(title_subtitle_text=said)
    made.update_xaxes(dtick=1, title_text="clusters")
    return made


def cluster_map(clusters: Clusters, features: pd.DataFrame, *, title: str = "Sessions by likeness") -> go.Figure:
    """The sessions on their first two principal components, coloured by cluster, medoids larger.

    Parameters
    ----------
    clusters : what session_clusters returns
    features : the features it was given; at most 5,000 sessions are drawn, evenly chosen
    """
    made = figure(plain(title), height=420)
    joined = features.merge(clusters.members, on="session_id")
    if len(joined) < 2:
        return nothing(made, "there are no clusters to draw")
    _, data = scaled_features(joined)
    data = data - data.mean(axis=0)
    _, sizes, axes = np.linalg.svd(data, full_matrices=False)
    flip = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    points = data @ (axes * flip[:, None])[:2].T
    points = points if points.shape[1] == 2 else np.c_[points, np.zeros(len(points))]
    kept = np.unique(np.linspace(0, len(joined) - 1, min(len(joined), MOST_POINTS)).astype(int))
    rows: list[Any] = list(clusters.clusters.itertuples(index=False))
    for row in rows:
        own = kept[(joined["cluster"].to_numpy() == row.cluster)[kept]]
        made.add_scatter(
            x=points[own, 0].tolist(), y=points[own, 1].tolist(), mode="markers",
            name=f"{row.sessions:,}: {plain(row.name, 70)}",
            marker={"color": PALETTE[row.cluster % len(PALETTE)], "line": {"color": "#ffffff", "width": 1},
                    "size": [15 if medoid else 7 for medoid in joined["medoid"].to_numpy()[own]]},
            customdata=joined["session_id"].to_numpy(dtype=object)[own].tolist(),
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    share = float((sizes[:2] ** 2).sum() / (sizes**2).sum()) if (sizes**2).sum() else 0.0
    made.update_layout(
        title_subtitle_text=f"first two principal components, {share:.0%} of the variance; large: medoids"
    )
    made.update_xaxes(showticklabels=False)
    made.update_yaxes(showticklabels=False)
    return made
