"""What the pages have in common: the settings by which they filter, and a table in which one row is chosen."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import pandas as pd
import panel as pn
import panel_material_ui as pmui
import param
from _page import TABLE, page

from agentobs.analysis import tables
from agentobs.analysis.zones import local_day, zone
from agentobs.frames import SESSIONS, empty

ALL = ""


class Filtered(pn.viewable.Viewer):
    """A page about sessions of a project and agent in some days, with a table. The frames come from outside.

    A page names itself, the parameter that holds what is chosen, and the column of its table that is this choice; it
    gives table(), and body() with what row_table() makes in it.
    """

    PAGE: ClassVar[str]
    CHOICE: ClassVar[str]
    KEY: ClassVar[str]

    sessions = param.DataFrame(default=empty(SESSIONS), doc="frame of SESSIONS")
    project = param.Selector(default=ALL, objects=[ALL], check_on_set=False)
    agent = param.Selector(default=ALL, objects=[ALL], check_on_set=False)
    since = param.CalendarDate(default=None, doc="first day that counts")
    until = param.CalendarDate(default=None, doc="last day that counts")
    problem = param.String(default="", doc="why there is nothing to show")
    ready = param.Boolean(default=False, doc="the page stands: the theme of the page overwrites figures drawn earlier")
    tz = param.String(default="UTC", constant=True, doc="the zone in which days are cut")

    _tabulator: Any = None

    @param.depends("sessions", watch=True, on_init=True)
    def _offer_sessions(self) -> None:
        self.offer("project", self.sessions["project"])
        self.offer("agent", self.sessions["agent"])

    def offer(self, name: str, values: pd.Series) -> None:
        """Let people choose among the values that are there."""
        found = sorted(values.dropna().unique())
        self.param[name].objects = {f"all {name}s": ALL, **{tables.text(value): value for value in found}}

    def left(self, frame: pd.DataFrame, about: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
        """Return the rows that project, agent and days leave; `about` has project and agent of each row."""
        keep = pd.Series(data=True, index=frame.index)
        for name in ("project", "agent"):
            value = getattr(self, name)
            keep &= (about[name] == value).fillna(value=False).to_numpy(bool) if value else True
        for name, outside in (("since", days < str(self.since)), ("until", days > str(self.until))):
            if getattr(self, name):
                keep &= (days.notna() & ~outside.fillna(value=False).astype(bool)).to_numpy(bool)
        return frame[keep]

    def local(self, times: pd.Series) -> pd.Series:
        """Return times as a clock in the zone of the page shows them."""
        return times.dt.tz_convert(zone(self.tz)).dt.tz_localize(None)

    def day(self, times: pd.Series) -> pd.Series:
        """Return the days of times in the zone of the page."""
        return local_day(times, self.tz)

    def row_table(
        self,
        titles: Mapping[str, str],
        widths: Mapping[str, int],
        numbers: Mapping[str, int],
        formats: Mapping[str, Any],
    ) -> None:
        """Make the table, in which a click chooses a row; numbers stand at the right."""
        self._tabulator = pn.widgets.Tabulator(
            self.table(),
            titles=dict(titles),
            widths={**widths, **numbers},
            formatters=dict(formats),
            text_align=dict.fromkeys(numbers, "right"),
            header_align=dict.fromkeys(numbers, "right"),
            hidden_columns=[self.KEY],
            **TABLE,
        )
        self._tabulator.on_click(self._click)
        self.mark()

    def table(self) -> pd.DataFrame:
        """Return what the table shows."""
        raise TypeError(f"{type(self).__name__} has no table()")

    def _click(self, event: Any) -> None:
        setattr(self, self.CHOICE, str(self._tabulator.value[self.KEY].iloc[event.row]))

    def fill(self) -> None:
        """Show the rows that the settings leave now."""
        if self._tabulator is not None:
            self._tabulator.selection = []  # first: Panel looks the old selection up in the new rows
            self._tabulator.value = self.table()
            self.mark()

    def mark(self) -> None:
        """Mark the row that is chosen."""
        if self._tabulator is not None:
            ids = self._tabulator.value[self.KEY]
            self._tabulator.selection = ids.index[ids == getattr(self, self.CHOICE)].tolist()

    def __panel__(self) -> pn.viewable.Viewable:
        pn.state.onload(self._stands)
        return page(self, self.PAGE)

    def _stands(self) -> None:
        self.ready = True

    def settings(self, title: str, more: Iterable[tuple[str, str]], note: str) -> pn.viewable.Viewable:
        """Return what one sets at the side: further selections by (parameter, name), project, agent, days; a note."""
        wide = {"sizing_mode": "stretch_width"}
        choices = [*more, ("project", "Project"), ("agent", "Agent")]
        days = [("since", "From day"), ("until", "To day")]
        return pmui.Column(
            pmui.Typography(title, variant="subtitle1", margin=(16, 10, 0, 10)),
            *(pmui.Select.from_param(self.param[name], name=shown, **wide) for name, shown in choices),
            *(pmui.DatePicker.from_param(self.param[name], name=shown, **wide) for name, shown in days),
            pmui.Typography(f"{note} Days are cut in {self.tz}.", variant="caption", margin=(12, 10)),
            **wide,
        )
