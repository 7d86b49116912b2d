"""Figures of process mining: the directly-follows graph, the commonest variants, where time goes."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import INK, MUTED, PALETTE, figure, nothing, plain
from agentobs.analysis.mining.graph import END, START
from agentobs.analysis.tables import length
from agentobs.frames import require

MOST_EDGES = 40


def follows_graph(graph: pd.DataFrame, *, least_share: float = 0.05, title: str = "What follows what") -> go.Figure:
    """Activities on a ring, START on the left and END on the right; arrows as wide as the pair is frequent.

    Parameters
    ----------
    graph : what mining.directly_follows returns
    least_share : pairs that make up less of what follows their source are not drawn; of the others the 40 commonest
    """
    require(graph, ["source", "target", "count", "sessions", "share", "median_s"], "graph")
    made = figure(plain(title), height=460)
    shown = graph[graph["share"] >= least_share].head(MOST_EDGES)
    if shown.empty:
        return nothing(made, "no activity follows another")
    places = _places(graph, shown)
    most = float(shown["count"].max())
    for row in _rows(shown):
        _arrow(made, places[row.source], places[row.target], 0.6 + 5 * float(row.count) / most)
    _middles(made, shown, places)
    totals = graph.groupby("target")["count"].sum()
    names = list(places)
    sizes = [18 + 34 * np.sqrt(float(totals.get(name, 0)) / float(totals.max())) for name in names]
    made.add_scatter(
        x=[places[name][0] for name in names],
        y=[places[name][1] for name in names],
        mode="markers+text",
        text=[plain(name, 24) for name in names],
        textposition="top center",
        textfont={"color": INK},
        marker={
            "size": sizes,
            "color": [MUTED if name in {START, END} else PALETTE[0] for name in names],
            "line": {"color": "#ffffff", "width": 2},
        },
        customdata=[int(totals.get(name, 0)) for name in names],
        hovertemplate="<b>%{text}</b> %{customdata:,} times<extra></extra>",
        name="activity",
        showlegend=False,
    )
    left_out = len(graph) - len(shown)
    made.update_layout(title_subtitle_text=f"{left_out} rarer pairs are not drawn" if left_out else "all pairs")
    made.update_xaxes(visible=False, range=[-1.45, 1.45])
    made.update_yaxes(visible=False, range=[-1.35, 1.35])
    return made


def _rows(data: pd.DataFrame) -> list[Any]:
    return list(data.itertuples(index=False))


def _places(graph: pd.DataFrame, shown: pd.DataFrame) -> dict[str, tuple[float, float]]:
    totals = graph.groupby("target")["count"].sum()
    used = set(shown["source"]) | set(shown["target"])
    inner = sorted(used - {START, END}, key=lambda name: (-int(totals.get(name, 0)), name))
    angles = np.pi * (0.82 - 2 * np.arange(len(inner)) / max(len(inner), 1))
    places = {name: (float(np.cos(a)), float(np.sin(a))) for name, a in zip(inner, angles, strict=True)}
    ends = {START: (-1.35, 0.0), END: (1.35, 0.0)}
    return {name: place for name, place in ends.items() if name in used} | places


def _arrow(made: go.Figure, start: tuple[float, float], end: tuple[float, float], width: float) -> None:
    if start == end:
        return
    made.add_annotation(
        x=end[0], y=end[1], ax=start[0], ay=start[1], xref="x", yref="y", axref="x", ayref="y", showarrow=True,
        arrowhead=2, arrowsize=max(0.4, 1.6 / max(width, 1)), arrowwidth=width, arrowcolor="rgba(104,115,127,0.45)",
        standoff=14, startstandoff=10, text="",
    )  # fmt: skip


def _middles(made: go.Figure, shown: pd.DataFrame, places: dict[str, tuple[float, float]]) -> None:
    """A quiet point near the target of each arrow that says its numbers."""
    told = []
    for row in _rows(shown):
        times = "" if pd.isna(row.median_s) else f"<br>median {length(float(row.median_s))} between"
        told.append(f"{plain(row.source)} → {plain(row.target)}<br>{row.count:,} times in {row.sessions:,} sessions, "
                    f"{row.share:.0%} of what follows{times}")  # fmt: skip
    ends = [(places[row.source], places[row.target]) for row in _rows(shown)]
    made.add_scatter(
        x=[0.35 * a[0] + 0.65 * b[0] for a, b in ends],
        y=[0.35 * a[1] + 0.65 * b[1] for a, b in ends],
        mode="markers",
        marker={"size": 7, "color": MUTED},
        customdata=told,
        hovertemplate="%{customdata}<extra></extra>",
        name="pair",
        showlegend=False,
    )


def common_variants(variants: pd.DataFrame, *, most: int = 12, title: str = "The ways sessions take") -> go.Figure:
    """The commonest variants and how many sessions took each: what mining.variants returns."""
    require(variants, ["variant", "sessions", "share"], "variants")
    made = figure(plain(title), height=120 + 26 * min(most, len(variants)))
    if variants.empty:
        return nothing(made, "no session has an activity")
    shown = variants.head(most).iloc[::-1]
    made.add_bar(
        orientation="h",
        x=shown["sessions"].tolist(),
        y=list(range(len(shown))),  # long ways may begin alike: their shortened names are no categories
        marker={"color": PALETTE[0]},
        customdata=[(plain(name, 300), share) for name, share in zip(shown["variant"], shown["share"], strict=True)],
        hovertemplate="%{customdata[0]}<br>%{x:,} sessions, %{customdata[1]:.1%}<extra></extra>",
    )
    made.update_yaxes(tickvals=list(range(len(shown))), ticktext=[plain(name, 60) for name in shown["variant"]])
    made.update_layout(title_subtitle_text=f"{len(variants):,} variants; those with most sessions")
    return made


def time_spent(bottlenecks: pd.DataFrame, *, most: int = 12, title: str = "Where the time goes") -> go.Figure:
    """The activities and pauses between them with the most time: what mining.bottlenecks returns."""
    require(bottlenecks, ["where", "kind", "count", "median_s", "total_s", "share"], "bottlenecks")
    made = figure(plain(title), height=130 + 26 * min(most, len(bottlenecks)))
    if bottlenecks.empty:
        return nothing(made, "no call has known times")
    shown = bottlenecks.head(most).iloc[::-1]
    for kind, colour in (("during", PALETTE[0]), ("between", PALETTE[1])):
        own = shown[shown["kind"] == kind]
        told = [f"{length(float(total))}, median {length(float(median))} of {count:,}"
                for total, median, count in own[["total_s", "median_s", "count"]].itertuples(index=False)]  # fmt: skip
        made.add_bar(
            orientation="h", x=own["share"].tolist(), y=[plain(name, 60) for name in own["where"]], name=kind,
            marker={"color": colour}, customdata=told, hovertemplate="%{y}<br>%{x:.1%}: %{customdata}<extra></extra>",
        )  # fmt: skip
    made.update_xaxes(tickformat=".0%")
    made.update_yaxes(categoryorder="array", categoryarray=[plain(name, 60) for name in shown["where"]])
    return made
