"""The overview: sessions over time, tokens and cost by model, the table of sessions, and one session's timeline."""

from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui
import param
import plotly.graph_objects as go
from _page import PAPER, TABLE, WHOLE, WORDS, last_folders, page, plot, problem, serve, tile
from bokeh.models.widgets.tables import DateFormatter, NumberFormatter

from agentobs.analysis import plots, sessions, tables, timeline, timeline_plot
from agentobs.analysis.look import figure as blank
from agentobs.analysis.look import nothing
from agentobs.analysis.zones import local_day, zone
from agentobs.frames import EVENTS, SESSIONS, TOOL_CALLS, USAGE, empty

GROUPS = ("day", "model", "project", "agent")  # what the usage of this page is grouped by
KEYS: dict[str, Any] = {"day": "str", "model": "str", "project": "str", "agent": "str"}
NO_USAGE = pd.concat([pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in KEYS.items()}), empty(USAGE)], axis=1)
ALL = ""
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
WIDTHS = {"started_at": 128, "agent": 100, "project": 160}
NUMBERS = {"duration_s": 84, "human_turns": 64, "tool_calls": 64, "tool_errors": 66, "total_tokens": 96}
NUMBERS |= {"cost_usd": 116, "unpriced_calls": 88}
FORMATS = dict.fromkeys(NUMBERS, WHOLE) | {
    "started_at": DateFormatter(format="%Y-%m-%d %H:%M", nan_format="–"),
    "duration_s": NumberFormatter(format="00:00:00", nan_format="–"),
    "cost_usd": NumberFormatter(format="$0,0.00", nan_format="unknown price"),
    **dict.fromkeys(("agent", "project", "task", "session_id"), WORDS),
}


class Overview(pn.viewable.Viewer):
    """What the agents did and what it cost; the frames come from outside, the settings from the page or its address."""

    sessions = param.DataFrame(default=empty(SESSIONS), doc="frame of SESSIONS")
    usage = param.DataFrame(default=NO_USAGE, doc="frame of USAGE by GROUPS")
    events = param.DataFrame(default=empty(EVENTS), doc="frame of EVENTS, with at least the chosen session")
    tool_calls = param.DataFrame(default=empty(TOOL_CALLS), doc="frame of TOOL_CALLS, likewise")
    project = param.Selector(default=ALL, objects=[ALL], check_on_set=False)
    agent = param.Selector(default=ALL, objects=[ALL], check_on_set=False)
    since = param.CalendarDate(default=None, doc="first day that counts")
    until = param.CalendarDate(default=None, doc="last day that counts")
    session = param.String(default="", doc="the session whose timeline is shown")
    problem = param.String(default="", doc="why there is nothing to show")
    ready = param.Boolean(default=False, doc="the page stands: the theme of the page overwrites figures drawn earlier")
    tz = param.String(default="UTC", constant=True, doc="the zone in which days are cut")

    _tabulator: Any = None

    @param.depends("sessions", watch=True, on_init=True)
    def _offer(self) -> None:
        for name in ("project", "agent"):
            found = sorted(self.sessions[name].dropna().unique())
            self.param[name].objects = {f"all {name}s": ALL, **{tables.text(value): value for value in found}}

    def _chosen(self, frame: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
        keep = pd.Series(data=True, index=frame.index)
        for name in ("project", "agent"):
            value = getattr(self, name)
            keep &= (frame[name] == value).fillna(value=False).astype(bool) if value else True
        for name, outside in (("since", days < str(self.since)), ("until", days > str(self.until))):
            if getattr(self, name):
                keep &= days.notna() & ~outside.fillna(value=False).astype(bool)
        return frame[keep]

    def chosen_sessions(self) -> pd.DataFrame:
        """Return the sessions that the settings leave, the latest first."""
        found = self._chosen(self.sessions, local_day(self.sessions["started_at"], self.tz))
        return found.sort_values("started_at", ascending=False, na_position="last", ignore_index=True)

    def chosen_usage(self) -> pd.DataFrame:
        """Return the usage that the settings leave."""
        return self._chosen(self.usage, self.usage["day"])

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
        chosen["started_at"] = chosen["started_at"].dt.tz_convert(zone(self.tz)).dt.tz_localize(None)
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

    def _click(self, event: Any) -> None:
        self.session = str(self._tabulator.value["session_id"].iloc[event.row])

    @param.depends("sessions", "project", "agent", "since", "until", watch=True)
    def _fill(self) -> None:
        if self._tabulator is not None:
            self._tabulator.selection = []  # first: Panel looks the old selection up in the new rows
            self._tabulator.value = self.table()
            self._mark()

    @param.depends("session", watch=True)
    def _mark(self) -> None:
        if self._tabulator is not None:
            ids = self._tabulator.value["session_id"]
            self._tabulator.selection = ids.index[ids == self.session].tolist()

    def __panel__(self) -> pn.viewable.Viewable:
        self._tabulator = pn.widgets.Tabulator(
            self.table(),
            titles=COLUMNS,
            widths=WIDTHS | NUMBERS,
            formatters=FORMATS,
            text_align=dict.fromkeys(NUMBERS, "right"),
            header_align=dict.fromkeys(NUMBERS, "right"),
            hidden_columns=["session_id"],
            **TABLE,
        )
        self._tabulator.on_click(self._click)
        self._mark()
        pn.state.onload(self._stands)
        return page(self, "overview")

    def _stands(self) -> None:
        self.ready = True

    def filters(self) -> pn.viewable.Viewable:
        """Return the settings of the page."""
        return pmui.Column(
            pmui.Typography("Which sessions", variant="subtitle1", margin=(16, 10, 0, 10)),
            pmui.Select.from_param(self.param.project, name="Project", sizing_mode="stretch_width"),
            pmui.Select.from_param(self.param.agent, name="Agent", sizing_mode="stretch_width"),
            pmui.DatePicker.from_param(self.param.since, name="From day", sizing_mode="stretch_width"),
            pmui.DatePicker.from_param(self.param.until, name="To day", sizing_mode="stretch_width"),
            pmui.Typography(
                f"A response counts once. A cost is that of the calls whose price is known. Days are cut in {self.tz}.",
                variant="caption",
                margin=(12, 10),
            ),
            sizing_mode="stretch_width",
        )

    def body(self) -> pn.viewable.Viewable:
        """Return the numbers, figures and the table."""
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
