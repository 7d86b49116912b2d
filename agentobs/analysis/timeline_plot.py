"""The figure of one session's lanes. Long pauses are cut short, so that the work can be seen."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import FAILED, GRID, MUTED, PALETTE, WAITING, figure, nothing, plain
from agentobs.analysis.tables import length
from agentobs.analysis.timeline import COLUMNS
from agentobs.analysis.zones import zone
from agentobs.frames import require

BARS = {"waiting": WAITING, "model": PALETTE[0], "tool": PALETTE[2], "failed tool": FAILED}
POINTS = {"prompt": ("diamond", PALETTE[1]), "error": ("x", FAILED), "context": ("line-ns-open", PALETTE[4])}
NAMES = {"waiting": "waiting for a human", "model": "model", "tool": "tool", "context": "context switch"}
MOST_LANES = 14
PAUSE_S = 900.0
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


def session_timeline(lanes: pd.DataFrame, *, tz: str = "UTC", title: str = "Timeline") -> go.Figure:
    """One session: the human, the model, the tools and each subagent on lanes of their own.

    Parameters
    ----------
    lanes : what timeline.lanes returns
    tz : the zone of the times written
    title : plain text above the figure
    """
    require(lanes, list(COLUMNS), "lanes")
    made = figure(plain(title))
    if lanes.empty:
        return nothing(made, "this session has no event with a known time")
    lanes, rows = _rows(lanes)
    start = lanes["started_at"].min()
    table = lanes.assign(
        begin=(lanes["started_at"] - start).dt.total_seconds(), end=(lanes["ended_at"] - start).dt.total_seconds()
    )
    table["end"] = table[["begin", "end"]].max(axis=1)
    active = table[table["kind"] != "waiting"]
    segments = _segments(active["begin"].to_numpy(dtype=float), active["end"].to_numpy(dtype=float))
    cut = _Cut(segments)
    local = table["started_at"].dt.tz_convert(zone(tz)).dt.strftime("%-d %b %Y, %H:%M:%S")
    table = table.assign(x=cut(table["begin"]), until=cut(table["end"]), at=local, y=table["lane"].map(rows))
    for kind, colour in BARS.items():
        _bars(made, table[table["kind"] == kind], kind, colour)
    for kind, (symbol, colour) in POINTS.items():
        _points(made, table[table["kind"] == kind], kind, symbol, colour)
    _axes(made, cut, rows, start.tz_convert(zone(tz)))
    return made


class _Cut:
    """Seconds since the start -> seconds of the drawing, in which a pause takes little room."""

    def __init__(self, segments: list[tuple[float, float]]) -> None:
        self.segments = segments
        self.length = sum(end - begin for begin, end in segments)
        self.gap = max(0.025 * self.length, 1.0)
        real, drawn, at = [], [], 0.0
        for begin, end in segments:
            real += [begin, end]
            drawn += [at, at + end - begin]
            at += end - begin + self.gap
        self.real, self.drawn = np.array(real), np.array(drawn)

    def __call__(self, seconds: pd.Series) -> np.ndarray:
        return np.interp(seconds.to_numpy(dtype=float), self.real, self.drawn)


def _segments(begin: np.ndarray, end: np.ndarray) -> list[tuple[float, float]]:
    """The stretches in which something goes on, with pauses of more than PAUSE_S between them."""
    order = np.argsort(begin, kind="stable")
    begin, reach = begin[order], np.maximum.accumulate(end[order])
    starts = np.r_[True, begin[1:] > reach[:-1] + PAUSE_S] if len(begin) else np.array([], dtype=bool)
    firsts = np.flatnonzero(starts)
    lasts = np.r_[firsts[1:] - 1, len(begin) - 1] if len(begin) else firsts
    return [(float(begin[a]), float(max(reach[b], begin[a] + 1))) for a, b in zip(firsts, lasts, strict=True)] or [
        (0, 1)
    ]


def _rows(lanes: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    present = list(dict.fromkeys(lanes["lane"]))
    subagents = [name for name in present if name.startswith("subagent")]
    if len(subagents) > MOST_LANES:
        rest = f"{len(subagents) - MOST_LANES + 1} more subagents"
        kept = subagents[: MOST_LANES - 1]
        lanes = lanes.assign(lane=lanes["lane"].where(~lanes["lane"].isin(subagents) | lanes["lane"].isin(kept), rest))
        subagents = [*kept, rest]
    order = [*[name for name in ("human", "model", "tools") if name in present], *subagents]
    return lanes, {name: len(order) - 1 - place for place, name in enumerate(order)}


def _bars(made: go.Figure, rows: pd.DataFrame, kind: str, colour: str) -> None:
    if rows.empty:
        return
    made.add_bar(
        orientation="h",
        base=rows["x"].tolist(),
        x=(rows["until"] - rows["x"]).tolist(),
        y=rows["y"].tolist(),
        width=0.22 if kind == "waiting" else 0.56,
        name=NAMES.get(kind, kind),
        marker={"color": colour, "line": {"color": colour, "width": 1.2}, "cornerradius": 0},
        customdata=_hover(rows),
        hovertemplate=f"<b>{NAMES.get(kind, kind)}</b> %{{customdata[0]}}<br>%{{customdata[1]}}<extra></extra>",
    )


def _points(made: go.Figure, rows: pd.DataFrame, kind: str, symbol: str, colour: str) -> None:
    if rows.empty:
        return
    made.add_scatter(
        x=rows["x"].tolist(),
        y=rows["y"].tolist(),
        mode="markers",
        name=NAMES.get(kind, kind),
        marker={"symbol": symbol, "size": 11, "color": colour, "line": {"color": "#ffffff", "width": 1}}
        if not symbol.endswith("open")
        else {"symbol": symbol, "size": 16, "color": colour, "line": {"color": colour, "width": 2}},
        customdata=_hover(rows),
        hovertemplate=f"<b>{NAMES.get(kind, kind)}</b> %{{customdata[0]}}<br>%{{customdata[1]}}<extra></extra>",
    )


def _hover(rows: pd.DataFrame) -> list[tuple[str, str]]:
    labels = ["" if pd.isna(label) else plain(label) for label in rows["label"]]
    times = [
        at if pd.isna(seconds) or seconds == 0 else f"{at} · {length(float(seconds))}"
        for at, seconds in zip(rows["at"], rows["duration_s"], strict=True)
    ]
    return list(zip(labels, times, strict=True))


def _axes(made: go.Figure, cut: _Cut, rows: dict[str, int], start: pd.Timestamp) -> None:
    vals, texts = _ticks(cut, start)
    made.update_xaxes(tickvals=vals, ticktext=texts, showgrid=True, gridcolor=GRID)
    made.update_yaxes(
        tickvals=list(rows.values()),
        ticktext=list(rows),
        showgrid=False,
        range=[-0.6, len(rows) - (0.1 if len(cut.segments) > 1 else 0.4)],
        fixedrange=True,
    )
    for (_, end), (begin, _) in zip(cut.segments, cut.segments[1:], strict=False):
        middle = float(cut(pd.Series([end]))[0]) + cut.gap / 2
        made.add_vline(x=middle, line={"color": MUTED, "width": 1, "dash": "dot"})
        if len(cut.segments) <= 8:
            made.add_annotation(
                x=middle,
                y=len(rows) - 0.42,
                yanchor="bottom",
                text=f"pause {length(begin - end)}",
                showarrow=False,
                bgcolor="#ffffff",
                font={"size": 10, "color": MUTED},
            )
    made.update_layout(
        barmode="overlay",
        height=150 + 44 * len(rows),
        title_subtitle_text=f"times in {start.tz}; pauses over {PAUSE_S / 60:.0f} min are cut short",
    )


def _ticks(cut: _Cut, start: pd.Timestamp) -> tuple[list[float], list[str]]:
    """About eight times of day along the drawing; the day stands where it changes."""
    step = next((step for step in STEPS_S if cut.length / step <= 8), STEPS_S[-1])
    into = (start - start.normalize()).total_seconds()
    clock = "%H:%M" if step >= 60 else "%H:%M:%S"
    vals, texts, day = [], [], ""
    for begin, end in cut.segments[:40]:
        marks = np.arange(np.ceil((into + begin) / step) * step - into, end + 0.001, step)
        for second in marks if len(marks) else [begin]:
            at = start + pd.Timedelta(seconds=float(second))
            today = f"{at.day} {at:%b}"
            texts.append(at.strftime(clock) + ("" if today == day else f"<br>{today}"))
            vals.append(float(cut(pd.Series([second]))[0]))
            day = today
    return vals, texts
