"""How our figures look: one palette, one layout, one way to write numbers and text that others wrote."""

import html
import re
from typing import Any

import plotly.graph_objects as go

FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
INK, MUTED, GRID, PAPER = "#1f2933", "#68737f", "#e7ebef", "#ffffff"
PALETTE = ("#3563b5", "#e08a3c", "#2f9e8f", "#b5527e", "#7d68bd", "#c2a12b", "#5aa3d0", "#8a5a44")
OTHER, FAILED, WAITING = "#aab3bd", "#d0453e", "#dde3e8"
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")

_AXIS = {
    "gridcolor": GRID,
    "linecolor": GRID,
    "zeroline": False,
    "showline": False,
    "showgrid": True,
    "ticks": "",
    "tickfont": {"color": MUTED, "size": 12},
    "title": {"font": {"color": MUTED, "size": 12}},
    "automargin": True,
}
LOOK = {
    "template": go.layout.Template(),  # ours stands in the layout itself: a dashboard may lay its own template over it
    "font": {"family": FONT, "size": 13, "color": INK},
    "paper_bgcolor": PAPER,
    "plot_bgcolor": PAPER,
    "colorway": list(PALETTE),
    "xaxis": {**_AXIS, "showgrid": False, "showline": True},
    "yaxis": _AXIS,
    "legend": {
        "orientation": "h",
        "yanchor": "bottom",
        "yref": "container",
        "y": 0.012,
        "xanchor": "left",
        "x": 0,
        "font": {"size": 12, "color": MUTED},
        "traceorder": "normal",
        "bgcolor": "rgba(0,0,0,0)",
    },
    "hoverlabel": {"bgcolor": "#ffffff", "bordercolor": GRID, "font": {"family": FONT, "size": 12, "color": INK}},
    "hovermode": "closest",
    "bargap": 0.25,
    "barcornerradius": 2,
    "margin": {"l": 12, "r": 16, "t": 66, "b": 12},
}


def whole(highest: int) -> dict[str, Any]:
    """Return how an axis of counts is marked, where `highest` is the greatest: never by a part of one."""
    return {"tickformat": ",d", "rangemode": "tozero", "dtick": 1 if highest <= 6 else None}


def figure(title: str, subtitle: str = "", *, height: int = 340) -> go.Figure:
    """Return an empty figure in our look, its title on the left and a quieter line below it."""
    made = go.Figure()
    made.update_layout(
        **LOOK,
        height=height,
        title={
            "text": title,
            "font": {"size": 16, "color": INK, "weight": 600},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "subtitle": {"text": subtitle, "font": {"size": 12, "color": MUTED}},
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 14, "l": 12},
        },
    )
    return made


def nothing(made: go.Figure, text: str) -> go.Figure:
    """Return the figure with one quiet sentence instead of axes."""
    made.update_xaxes(visible=False)
    made.update_yaxes(visible=False)
    made.add_annotation(
        text=text, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, font={"color": MUTED, "size": 14}
    )
    return made


def plain(text: object, most: int = 120) -> str:
    """Return text that others wrote for a figure: no markup, no control or bidi characters, not longer than `most`."""
    quiet = CONTROL.sub(" ", str(text)).strip()
    return html.escape(quiet if len(quiet) <= most else quiet[: most - 1] + "…", quote=False)


def colours(names: list[str]) -> dict[str, str]:
    """Return a colour per name, by its place."""
    return {name: PALETTE[place % len(PALETTE)] for place, name in enumerate(names)}
