"""Figures of usage and sessions: frames in, a Plotly figure out; at most 5,000 points each, the same every time."""

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import OTHER, PALETTE, colours, figure, nothing, plain, whole
from agentobs.frames import require

MOST_POINTS = 5000
MOST_SERIES = 7
DAY_MS = 86_400_000
UNNAMED = "(not named)"
STEPS = {"D": "day", "W-SUN": "week", "MS": "month", "YS": "year"}


def sessions_over_time(per_day: pd.DataFrame) -> go.Figure:
    """Sessions that started on each day, stacked by agent.

    Parameters
    ----------
    per_day : what sessions.sessions_per_day returns
    """
    require(per_day, ["day", "agent", "sessions", "human_turns", "tool_calls"], "sessions_per_day")
    made = figure("Sessions over time", height=300)
    table, step = _steps(per_day, "agent", ["sessions", "human_turns", "tool_calls"])
    if table.empty:
        return nothing(made, "no session with a known time in this range")
    agents = sorted(table["agent"].unique())
    for agent, colour in colours(agents).items():
        rows = table[table["agent"] == agent]
        made.add_bar(
            x=rows["day"],
            y=_numbers(rows["sessions"]),
            name=plain(agent),
            marker_color=colour,
            width=_widths(rows["day"], step),
            customdata=list(zip(_words(rows["human_turns"]), _words(rows["tool_calls"]), strict=True)),
            hovertemplate=(
                f"<b>%{{x|%a %-d %b %Y}}</b> · {plain(agent)}<br>%{{y:,}} sessions"
                "<br>%{customdata[0]} human turns · %{customdata[1]} tool calls<extra></extra>"
            ),
        )
    _subtitle(made, f"sessions started per {STEPS[step]}, by agent")
    highest = int(table.groupby("day")["sessions"].sum().max())
    made.update_yaxes(**whole(highest))
    return _days(made, table["day"], step, legend=len(agents) > 1)


def tokens_over_time(usage: pd.DataFrame) -> go.Figure:
    """Tokens of each day, stacked by model.

    Parameters
    ----------
    usage : frame of USAGE by day and model
    """
    require(usage, ["day", "model", "total_tokens", "output_tokens", "model_calls"], "usage")
    made = figure("Tokens by model")
    ranked, order = _ranked(usage)
    columns = ["total_tokens", "output_tokens", "model_calls"]
    table, step = _steps(ranked, "model", columns)
    table = table[table["total_tokens"].notna()]
    if table.empty:
        return nothing(made, "no model call with known tokens in this range")
    for model in [name for name in order if name in set(table["model"])]:
        rows = table[table["model"] == model]
        made.add_bar(
            x=rows["day"],
            y=_numbers(rows["total_tokens"]),
            name=plain(model),
            marker_color=_colour(model, order),
            width=_widths(rows["day"], step),
            customdata=list(zip(_words(rows["output_tokens"]), _words(rows["model_calls"]), strict=True)),
            hovertemplate=(
                f"<b>%{{x|%a %-d %b %Y}}</b> · {plain(model)}<br>%{{y:,}} tokens, %{{customdata[0]}} of them output"
                "<br>%{customdata[1]} model calls<extra></extra>"
            ),
        )
    _subtitle(made, f"tokens per {STEPS[step]}: input, output, cache reads and cache writes")
    made.update_yaxes(tickformat="~s", rangemode="tozero")
    return _days(made, table["day"], step)


def cost_over_time(usage: pd.DataFrame) -> go.Figure:
    """Cost of each day, stacked by model; calls without a known price are marked, never drawn as $0.

    Parameters
    ----------
    usage : frame of USAGE by day and model
    """
    require(usage, ["day", "model", "total_tokens", "cost_usd", "model_calls", "unpriced_calls"], "usage")
    made = figure("Cost by model")
    ranked, order = _ranked(usage)
    table, step = _steps(ranked, "model", ["cost_usd", "model_calls", "unpriced_calls"])
    if table.empty:
        return nothing(made, "no model call with a known time in this range")
    priced = table[table["cost_usd"].notna()]
    for model in [name for name in order if name in set(priced["model"])]:
        rows = priced[priced["model"] == model]
        made.add_bar(
            x=rows["day"],
            y=_numbers(rows["cost_usd"]),
            name=plain(model),
            marker_color=_colour(model, order),
            width=_widths(rows["day"], step),
            customdata=_words(rows["model_calls"] - rows["unpriced_calls"]),
            hovertemplate=(
                f"<b>%{{x|%a %-d %b %Y}}</b> · {plain(model)}<br>$%{{y:,.2f}}"
                "<br>%{customdata} priced calls<extra></extra>"
            ),
        )
    _mark_unpriced(made, table, priced)
    _subtitle(made, f"US dollars per {STEPS[step]}, at list prices; ? marks calls whose price is unknown")
    highest = float(priced.groupby("day")["cost_usd"].sum().max()) if len(priced) else 0.0
    made.update_yaxes(tickprefix="$", tickformat=_dollar_ticks(highest), rangemode="tozero")
    if priced.empty:
        made.update_yaxes(showticklabels=False, range=[-0.4, 1])
    return _days(made, table["day"], step)


def cost_by_group(usage: pd.DataFrame, *, group: str = "project", most: int = 12) -> go.Figure:
    """Cost of each project, model, agent or session as bars, dearest first; "unknown price" where nothing is priced.

    Parameters
    ----------
    usage : frame of USAGE by the one column `group`
    """
    require(usage, [group, "cost_usd", "total_tokens", "unpriced_calls", "model_calls"], "usage")
    made = figure(f"Cost by {group}", f"US dollars at list prices, the {group}s that cost most")
    rows = usage.sort_values(["cost_usd", "total_tokens"], ascending=False, na_position="last").head(most)[::-1]
    if rows.empty:
        return nothing(made, "no model call in this range")
    made.add_bar(
        orientation="h",
        x=[0.0 if pd.isna(cost) else float(cost) for cost in rows["cost_usd"]],
        y=list(range(len(rows))),
        text=[
            _cost_words(cost, unpriced) for cost, unpriced in zip(rows["cost_usd"], rows["unpriced_calls"], strict=True)
        ],
        textposition="outside",
        cliponaxis=False,
        marker_color=PALETTE[0],
        width=0.6,
        customdata=list(
            zip(_names(rows[group], 200), _words(rows["total_tokens"]), _words(rows["model_calls"]), strict=True)
        ),
        hovertemplate=(
            "<b>%{customdata[0]}</b><br>%{text}"
            "<br>%{customdata[1]} tokens · %{customdata[2]} model calls<extra></extra>"
        ),
    )
    names = [_tail(name) for name in _names(rows[group], 200)]
    made.update_yaxes(tickvals=list(range(len(rows))), ticktext=names, showgrid=False)
    dearest = max((float(cost) for cost in rows["cost_usd"].dropna()), default=0.0) or 1.0
    made.update_xaxes(
        showgrid=True, showline=False, tickprefix="$", tickformat=_dollar_ticks(dearest), range=[0, dearest * 1.35]
    )
    made.update_layout(height=120 + 34 * len(rows), showlegend=False)
    return made


def _steps(table: pd.DataFrame, series: str, columns: list[str]) -> tuple[pd.DataFrame, str]:
    """The table by day, week, month or year, whichever is the first with few enough points, and that step."""
    table = table[table["day"].notna()].copy()
    table["day"] = pd.to_datetime(table["day"]).dt.as_unit("us")
    table[series] = table[series].astype("str").fillna(UNNAMED)
    step, found = "D", table
    for step in STEPS:
        days = table["day"] if step == "D" else table["day"].dt.to_period(step[0]).dt.start_time.dt.as_unit("us")
        found = table.assign(day=days).groupby(["day", series], as_index=False)[columns].sum(min_count=1)
        if len(found) <= MOST_POINTS:
            break
    return found.tail(MOST_POINTS), step


def _ranked(usage: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The usage with its smallest models as one, and the names in order: the most tokens first, the rest last."""
    names = usage["model"].astype("str").fillna(UNNAMED)
    totals = usage["total_tokens"].astype("Float64").fillna(0).groupby(names).sum()
    order = totals.reset_index().sort_values(["total_tokens", "model"], ascending=[False, True])["model"].tolist()
    if len(order) > MOST_SERIES + 1:
        rest = f"{len(order) - MOST_SERIES} other models"
        order = [*order[:MOST_SERIES], rest]
        names = names.where(names.isin(order), rest)
    return usage.assign(model=names), order


def _colour(model: str, order: list[str]) -> str:
    place = order.index(model)
    return OTHER if place >= MOST_SERIES else PALETTE[place]


def _mark_unpriced(made: go.Figure, table: pd.DataFrame, priced: pd.DataFrame) -> None:
    unpriced = table[table["unpriced_calls"].fillna(0) > 0]
    if unpriced.empty:
        return
    tops = priced.groupby("day")["cost_usd"].sum()
    lift = 0.07 * float(tops.max() if len(tops) else 1)
    notes = unpriced.assign(
        note=[
            f"{plain(model)}: {calls:,} calls"
            for model, calls in zip(unpriced["model"], unpriced["unpriced_calls"].astype(int), strict=True)
        ]
    )
    by_day = notes.groupby("day")["note"].agg("<br>".join)
    made.add_scatter(
        x=by_day.index,
        y=[float(tops.get(day, 0.0)) + lift for day in by_day.index],
        mode="markers+text",
        text=["?"] * len(by_day),
        textfont={"size": 11, "color": "#68737f"},
        marker={"size": 17, "color": "#ffffff", "line": {"color": OTHER, "width": 1.5}},
        name="unknown price",
        customdata=by_day.tolist(),
        hovertemplate="<b>%{x|%a %-d %b %Y}</b> · unknown price, not in the cost<br>%{customdata}<extra></extra>",
    )


def _days(made: go.Figure, days: pd.Series, step: str, *, legend: bool = True) -> go.Figure:
    first, last = days.min(), days.max()
    spread = max(pd.Timedelta(days=13) - (last - first), pd.Timedelta(days=1)) / 2
    made.update_xaxes(type="date", tickformat="%-d %b\n%Y", tickangle=0, range=[first - spread, last + spread])
    if step == "D" and (last - first).days <= 7:
        made.update_xaxes(dtick=DAY_MS, tick0=first)
    made.update_layout(barmode="stack", showlegend=legend)
    return made


def _dollar_ticks(highest: float) -> str:
    return ",.0f" if highest >= 10 else ",.2f" if highest >= 0.1 else ",.4~f"


def _widths(days: pd.Series, step: str) -> list[float]:
    length = {"D": 1, "W-SUN": 7, "MS": 28, "YS": 365}[step]
    return [0.72 * length * DAY_MS] * len(days)


def _subtitle(made: go.Figure, text: str) -> None:
    made.update_layout(title_subtitle_text=text)


def _numbers(column: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else value for value in column.tolist()]


def _words(column: pd.Series) -> list[str]:
    return ["unknown" if pd.isna(value) else f"{int(value):,}" for value in column]


def _names(column: pd.Series, most: int) -> list[str]:
    return [UNNAMED if pd.isna(value) else plain(value, most) for value in column]


def _tail(path: str, most: int = 32) -> str:
    return path if len(path) <= most else "…" + path[-(most - 1) :]


def _cost_words(cost: object, unpriced: object) -> str:
    calls = 0 if pd.isna(unpriced) else int(unpriced)  # pyright: ignore[reportArgumentType, reportCallIssue]
    if pd.isna(cost):  # pyright: ignore[reportArgumentType, reportCallIssue]
        return "unknown price"
    return f"${cost:,.2f}" + (f" + {calls:,} calls of unknown price" if calls else "")
