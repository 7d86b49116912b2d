"""What all pages share: how they look, how they lead to each other, and how they are put into the address."""

import html
from datetime import date
from typing import Any
from urllib.parse import urlencode

import panel as pn
import panel_material_ui as pmui
import param
from bokeh.models.widgets.tables import NumberFormatter, StringFormatter

from agentobs.analysis import tables
from agentobs.analysis.look import FONT, INK

PAGES = {"overview": "Overview", "findings": "What went wrong"}
SHARED = ("project", "agent", "since", "until")  # settings that a link to another page takes along
WHOLE = NumberFormatter(format="0,0", nan_format="–")
THEME = {
    "palette": {"primary": {"main": "#24364b"}, "background": {"default": "#f5f7f9", "paper": "#ffffff"}},
    "typography": {
        "fontFamily": FONT,
        "subtitle1": {"fontWeight": 600},
        "h4": {"fontSize": "1.7rem", "fontWeight": 650, "letterSpacing": "-0.02em"},
    },
    "shape": {"borderRadius": 10},
}
PAPER = {"elevation": 0, "variant": "outlined", "sizing_mode": "stretch_width", "margin": 8}
FAULT = "#a4262c"
TABLE_CSS = """
.tabulator, .tabulator .tabulator-tableholder { font-size: 13px !important; border: 0 !important; }
.tabulator .tabulator-header, .tabulator .tabulator-header .tabulator-col { background: #fff !important; border: 0; }
.tabulator .tabulator-header .tabulator-col-title { font-size: 12px; font-weight: 600; color: #68737f; }
.tabulator .tabulator-row { background: #fff !important; border-bottom: 1px solid #eef1f4; min-height: 32px; }
.tabulator .tabulator-row { cursor: pointer; }
.tabulator .tabulator-row .tabulator-cell { border: 0; padding: 7px 8px; height: 32px; color: #1f2933; }
.tabulator .tabulator-row:hover { background: #f7f9fb !important; }
.tabulator .tabulator-row.tabulator-selected { background: #e4ecf8 !important; }
.tabulator .tabulator-footer { background: #fff !important; border: 0; }
"""
WORDS = StringFormatter(nan_format="–")
TABLE: dict[str, Any] = {
    "layout": "fit_columns",
    "pagination": "remote",
    "page_size": 12,
    "show_index": False,
    "disabled": True,
    "selectable": 1,
    "sizing_mode": "stretch_width",
    "stylesheets": [TABLE_CSS],
    "margin": (4, 12),
}


def page(viewer: param.Parameterized, name: str) -> pn.viewable.Viewable:
    """Return the frame of the page `name` around what the viewer's filters() and body() give."""
    return pmui.Page(
        title=f"agentobs {PAGES[name].lower()}",
        theme_config=THEME,
        theme_toggle=False,
        header=[_navigation(viewer, name)],
        sidebar=[viewer.filters()],  # pyright: ignore[reportAttributeAccessIssue]
        sidebar_width=270,
        main=[viewer.body()],  # pyright: ignore[reportAttributeAccessIssue]
    )


def link(name: str, project: str, agent: str, since: date | None, until: date | None) -> str:
    """Return the address of a page, beside this one, with these settings."""
    values = zip(SHARED, (project, agent, since, until), strict=True)
    query = urlencode({key: str(value) for key, value in values if value})
    return f"{name}?{query}" if query else name


def _navigation(viewer: param.Parameterized, current: str) -> pn.viewable.Viewable:
    settings = [viewer.param[name] for name in SHARED]
    buttons = [
        pmui.Button(
            label=title,
            href=pn.bind(link, name, *settings),
            variant="outlined" if name == current else "text",
            color="light",
            margin=(4, 4),
        )
        for name, title in PAGES.items()
    ]
    return pmui.Row(*buttons, margin=(0, 16))


def plot(figure: object, height: int | None) -> pn.viewable.Viewable:
    """Return the pane of a figure; without a height it takes the figure's own."""
    size = {"height": height} if height else {"min_height": 230}
    settings = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"], "responsive": True}
    return pn.pane.Plotly(figure, config=settings, sizing_mode="stretch_width", margin=4, **size)


def tile(number: str, what: str, remark: str) -> pn.viewable.Viewable:
    """Return a big number; the three texts are ours, they may not be of others: they are read as HTML."""
    return pmui.Paper(
        pmui.Typography(number, variant="h4", margin=(12, 16, 0, 16)),
        pmui.Typography(what, variant="subtitle2", margin=(0, 16, 0, 16)),
        pmui.Typography(remark, variant="caption", margin=(0, 16, 10, 16)),
        **PAPER,
    )


class Text(pn.pane.Str):
    """Text as it is: Panel's own pane puts it into the page as HTML."""

    def _transform_object(self, obj: Any) -> dict[str, Any]:
        return super()._transform_object(html.escape(str(obj)))


def words(said: Any, colour: str = INK, size: int = 14, **more: Any) -> pn.viewable.Viewable:
    """Return the pane of a text that others may have written."""
    css = "pre { font-family: inherit; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }"
    styles = {"font-family": FONT, "font-size": f"{size}px", "color": colour}
    return Text(said, styles=styles, stylesheets=[css], **{"margin": (4, 17)} | more)


def problem(said: Any) -> pn.viewable.Viewable:
    """Return the pane of what went wrong, when something did."""
    return words(said, FAULT, visible=said.rx.bool(), margin=(12, 17))


def last_folders(path: str) -> str:
    """Return the last two folders of a path, for a table."""
    parts = [part for part in path.replace("\\", "/").split("/") if part]
    return tables.text("/".join(parts[-2:]) or path)


def serve(viewer: param.Parameterized, name: str, *more: str) -> None:
    """Put the page into the session that is being served, its settings into the page's address."""
    pn.extension("plotly", "tabulator", defer_load=True, loading_indicator=True, notifications=False)
    if pn.state.location is not None:
        pn.state.location.sync(viewer, {key: key for key in (*SHARED, *more)})
    viewer.servable(title=f"agentobs {PAGES[name].lower()}")  # pyright: ignore[reportAttributeAccessIssue]
