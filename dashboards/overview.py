"""The overview: sessions over time, tokens and cost by model, the table of sessions, and one session's timeline."""

from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui
import param
import plotly.graph_objects as go
from _filtered import Filtered
from _page import PAPER, WHOLE, WORDS, last_folders, plot, problem, serve, tile
from bokeh.models.widgets.tables import DateFormatter, NumberFormatter

from agentobs.analysis import plots, sessions, tables, timeline, timeline_plot
from agentobs.analysis.look import figure as blank
from agentobs.analysis.look import nothing
from agentobs.frames import EVENTS, TOOL_CALLS, USAGE, empty

GROUPS = ("day", "model", "project", "agent")  # what the usage of this page is grouped by
KEYS: dict[str, Any] = {"day": "str", "model": "str", "project": "str", "agent": "str"}
NO_USAGE = pd.concat([pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in KEYS.items()}), empty(USAGE)], axis=1)
NOTE = "A response counts once. A cost is that of the calls whose price is known."
COLUMNS = {
    "started_at": "started",
    "agent": "agent",
    "project": "project",
    "task": "task",
    "duration_s": "duration",
    "human_turns": "turns",
    "tool_calls": "tools",
    "tool_errors": "failed",
    "total_tokens": "tokens",
    "cost_usd": "cost",
    "unpriced_calls": "unpriced",
    "session_id": "session",
}
WIDTHS = {"started_at": 120, "agent": 90, "project": 116}
NUMBERS = {"duration_s": 78, "human_turns": 60, "tool_calls": 66, "tool_errors": 64, "total_tokens": 88}
NUMBERS |= {"cost_usd": 98, "unpriced_calls": 82}
FORMATS = dict.fromkeys(NUMBERS, WHOLE) | {
    "started_at": DateFormatter(format="%Y-%m-%d %H:%M", nan_format="–"),
    "duration_s": NumberFormatter(format="00:00:00", nan_format="–"),
    "cost_usd": NumberFormatter(format="$0,0.00", nan_format="unknown"),
    **dict.fromkeys(("agent", "project", "task", "session_id"), WORDS),
}


class Overview(Filtered):
    """What the agents did and what it cost; the frames come from outside, the settings from the page or its address."""

    PAGE, CHOICE, KEY = "overview", "session", "session_id"

    usage = param.DataFrame(default=NO_USAGE, doc="frame of USAGE by GROUPS")
    events = param.DataFrame(default=empty(EVENTS), doc="frame of EVENTS, with at least the chosen session")
    tool_calls = param.DataFrame(default=empty(TOOL_CALLS), doc="frame of TOOL_CALLS, likewise")
    session = param.String(default="", doc="the session whose timeline is shown")

    def chosen_sessions(self) -> pd.DataFrame:
        """Return the sessions that the settings leave, the latest first."""
        found = self.left(self.sessions, self.sessions, self.day(self.sessions["started_at"]))
        return found.sort_values("started_at", ascending=False, na_position="last", ignore_index=True)

    def chosen_usage(self) -> pd.DataFrame:
        """Return the usage that the settings leave."""
        return self.left(self.usage, self.usage, self.usage["day"])

    @param.depends("sessions", "usage", "project", "agent", "since", "until")
    def tiles(self) -> list[pn.viewable.Viewable]:
        """Return the totals as big numbers."""
        made = tables.tiles(sessions.headline(self.chosen_sessions(), self.chosen_usage())).tiles
        return [tile(*words) for words in made]

    @param.depends("ready", "sessions", "project", "agent", "since", "until")
    def sessions_figure(self) -> go.Figure | None:
        """Return the figure of sessions over time."""
        if not self.ready:
            return None
        return plots.sessions_over_time(sessions.sessions_per_day(self.chosen_sessions(), tz=self.tz))

    @param.depends("ready", "usage", "project", "agent", "since", "until")
    def tokens_figure(self) -> go.Figure | None:
        """Return the figure of tokens by model."""
        return plots.tokens_over_time(self._by_model()) if self.ready else None

    @param.depends("ready", "usage", "project", "agent", "since", "until")
    def cost_figure(self) -> go.Figure | None:
        """Return the figure of cost by model."""
        return plots.cost_over_time(self._by_model()) if self.ready else None

    def _by_model(self) -> pd.DataFrame:
        groups = self.chosen_usage().groupby(["day", "model"], dropna=False)
        return groups[USAGE.names].sum(min_count=1).reset_index()

    def table(self) -> pd.DataFrame:
        """Return the table of sessions, times in the zone of the page."""
        chosen = self.chosen_sessions()
        chosen["task"] = chosen["title"].fillna(chosen["objective"]).map(tables.text, na_action="ignore")
        chosen["project"] = chosen["project"].map(last_folders, na_action="ignore")
        chosen["started_at"] = self.local(chosen["started_at"])
        words = ["agent", "project", "task"]
        return chosen[list(COLUMNS)].fillna(dict.fromkeys(words, tables.UNKNOWN))

    @param.depends("ready", "events", "tool_calls", "session")
    def timeline_figure(self) -> go.Figure | None:
        """Return the timeline of the chosen session."""
        if not self.ready:
            return None
        if not self.session:
            return nothing(blank("Timeline", height=230), "choose a session in the table above")
        events = self.events[self.events["session_id"] == self.session]
        calls = self.tool_calls[self.tool_calls["session_id"] == self.session]
        if events.empty and calls.empty:
            return nothing(blank("Timeline", height=230), "no events of this session are loaded")
        row = self.sessions[self.sessions["session_id"] == self.session]
        names = [*row["title"].dropna(), *row["objective"].dropna(), self.session]
        return timeline_plot.session_timeline(timeline.lanes(events, calls), tz=self.tz, title=names[0])

    @param.depends("sessions", "project", "agent", "since", "until", watch=True)
    def _fill(self) -> None:
        self.fill()

    @param.depends("session", watch=True)
    def _mark(self) -> None:
        self.mark()

    def filters(self) -> pn.viewable.Viewable:
        """Return the settings of the page."""
        return self.settings("Which sessions", [], NOTE)

    def body(self) -> pn.viewable.Viewable:
        """Return the numbers, figures and the table."""
        self.row_table(COLUMNS, WIDTHS, NUMBERS, FORMATS)
        return pmui.Column(
            problem(self.param.problem),
            pmui.Row(objects=self.tiles, sizing_mode="stretch_width"),  # pyright: ignore[reportArgumentType]
            pmui.Paper(plot(self.sessions_figure, 300), **PAPER),
            pmui.Row(
                pmui.Paper(plot(self.tokens_figure, 340), **PAPER),
                pmui.Paper(plot(self.cost_figure, 340), **PAPER),
                sizing_mode="stretch_width",
            ),
            pmui.Paper(
                pmui.Typography("Sessions", variant="subtitle1", margin=(14, 17, 4, 17)), self._tabulator, **PAPER
            ),
            pmui.Paper(plot(self.timeline_figure, None), **PAPER),
            sizing_mode="stretch_width",
        )


if pn.state.served:
    import os

    import agentobs as ao
    from agentobs import settings
    from agentobs.errors import AgentobsError

    shown = Overview(tz=settings.load(os.environ).timezone)

    def load() -> None:
        """Fetch what every visitor sees first, and the session of the page's address."""
        try:
            wb = pn.state.as_cached("workbench", ao.open)
            shown.param.update(problem="", sessions=wb.sessions(), usage=wb.usage(by=GROUPS, tz=shown.tz))
            if shown.session:
                shown.param.update(events=wb.timeline(shown.session), tool_calls=wb.tool_calls(session=shown.session))
        except AgentobsError as error:
            shown.problem = str(error)

    def load_session(event: Any) -> None:
        """Fetch the session that was chosen."""
        if shown.ready and event.new:
            wb = pn.state.as_cached("workbench", ao.open)
            try:
                shown.param.update(events=wb.timeline(event.new), tool_calls=wb.tool_calls(session=event.new))
            except AgentobsError as error:
                shown.problem = str(error)

    shown.param.watch(load_session, "session")
    serve(shown, "overview", "session")
    pn.state.onload(load)
