"""The chosen finding: what the detector says, its steps, its session as pictures, and what a person says of it."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui
import param
import plotly.graph_objects as go
from _evidence import labels, mark_context, mark_timeline, mark_waste
from _filtered import Filtered
from _page import PAPER, TABLE, WHOLE, WORDS, plot, problem, words
from bokeh.models.widgets.tables import DateFormatter

from agentobs.analysis import tables, timeline, timeline_plot
from agentobs.analysis.context_fill import context_fill, plot_context_fill
from agentobs.analysis.look import MUTED, nothing
from agentobs.analysis.look import figure as blank
from agentobs.analysis.waste import wasted
from agentobs.analysis.waterfall import cost_waterfall, plot_cost_waterfall
from agentobs.errors import AgentobsError
from agentobs.frames import ANNOTATIONS, EVENTS, FINDINGS, MODEL_CALLS, STEPS, TOOL_CALLS, Frame, empty

STEP_COLUMNS = {"step": "step", "started_at": "at", "kind": "kind", "what": "what", "status": "status"}
STEP_COLUMNS |= {"vain": "in vain"}
STEP_WIDTHS = {"step": 70, "started_at": 150, "kind": 100, "status": 100, "vain": 80}
SECONDS = DateFormatter(format="%Y-%m-%d %H:%M:%S", nan_format="–")


class Chosen(Filtered):
    """One finding of those that are loaded, and the session it is in."""

    PAGE, CHOICE, KEY = "findings", "finding", "finding_id"

    findings = param.DataFrame(default=empty(FINDINGS), doc="frame of FINDINGS")
    annotations = param.DataFrame(default=empty(ANNOTATIONS), doc="frame of ANNOTATIONS")
    evidence = param.Dict(default={}, doc="steps, model_calls, events and tool_calls of the session of the finding")
    finding = param.String(default="", doc="the finding whose session is shown")
    note = param.String(default="", doc="why a person agrees or does not")
    judge: Callable[..., pd.DataFrame] | None = None  # (session, finding, agreed, note) -> the annotations after it
    unkept = param.String(default="", doc="why what a person said of the finding was not kept")

    def verdicts(self) -> dict[str, str]:
        """Return what was last said of each judged finding: agree or disagree."""
        said = self.annotations.dropna(subset=["finding_id", "agreed"])
        verdicts = said["agreed"].map({True: "agree", False: "disagree"})
        return dict(zip(said["finding_id"], verdicts, strict=True))

    def judged(self, findings: pd.Series) -> pd.Series:
        """Return the verdict on each of these finding_ids; nothing where nobody has judged."""
        known = self.verdicts()
        return pd.Series([known.get(finding, "") for finding in findings], index=findings.index, dtype="str")

    def _row(self) -> pd.Series | None:
        """The chosen finding; None: none is chosen, or it is not there (any longer)."""
        rows = self.findings[self.findings["finding_id"] == self.finding]
        return None if rows.empty else rows.iloc[0]

    def session_of(self, finding: str) -> str:
        """Return the session of a finding that is loaded, else nothing."""
        return next(iter(self.findings.loc[self.findings["finding_id"] == finding, "session_id"]), "")

    def _part(self, name: str, declared: Frame) -> pd.DataFrame:
        """What is loaded of the chosen finding's session."""
        data = self.evidence.get(name, empty(declared))
        return data[data["session_id"] == self.session_of(self.finding)].reset_index(drop=True)

    def _evidence(self) -> pd.DataFrame:
        row, steps = self._row(), self._part("steps", STEPS)
        named = [] if row is None else list(row["event_ids"])
        return steps[steps["event_id"].isin(named) | steps["result_event_id"].isin(named)]

    def _unchosen(self, title: str) -> go.Figure | None:
        """The figure that says why a session is not shown; None: it is."""
        if not self.finding:
            return nothing(blank(title, height=230), "choose a finding in the table above")
        if self._row() is None:
            return nothing(blank(title, height=230), "this finding is not here (any longer)")
        if self._part("events", EVENTS).empty:
            return nothing(blank(title, height=230), "no events of this session are loaded")
        return None

    @param.depends("ready", "evidence", "finding", "findings")
    def timeline_figure(self) -> go.Figure | None:
        """Return the timeline of the finding's session, its evidence marked."""
        if not self.ready:
            return None
        lanes = timeline.lanes(self._part("events", EVENTS), self._part("tool_calls", TOOL_CALLS))
        return self._unchosen("Timeline") or mark_timeline(
            timeline_plot.session_timeline(lanes, tz=self.tz, title=self._task()), lanes, self._evidence()
        )

    @param.depends("ready", "evidence", "finding", "findings")
    def context_figure(self) -> go.Figure | None:
        """Return the context of the finding's session, the calls of its evidence marked."""
        if not self.ready:
            return None
        fill = context_fill(self._part("model_calls", MODEL_CALLS), self._part("steps", STEPS))
        return self._unchosen("Context") or mark_context(plot_context_fill(fill), fill, self._evidence())

    @param.depends("ready", "evidence", "finding", "findings")
    def cost_figure(self) -> go.Figure | None:
        """Return where the cost of the finding's session went, and what of it the finding names."""
        row = self._row()
        if not self.ready:
            return None
        if row is None or self._part("events", EVENTS).empty:
            return self._unchosen("Where the cost went")
        calls = self._part("model_calls", MODEL_CALLS)
        found = self.findings[self.findings["session_id"] == row["session_id"]]
        made = cost_waterfall(calls, found, wasted(found, self._part("steps", STEPS), calls))
        return mark_waste(plot_cost_waterfall(made), made, row["wasted_cost_usd"])

    def _task(self) -> str:
        session = self.session_of(self.finding)
        row = self.sessions[self.sessions["session_id"] == session]
        return str(next(iter([*row["title"].dropna(), *row["objective"].dropna(), session])))

    @param.depends("finding", "findings")
    def heading(self) -> str:
        """Return the chosen finding's detector and severity."""
        row = self._row()
        if row is None:
            return "No finding is chosen" if not self.finding else "This finding is not here (any longer)"
        return f"{tables.text(row['detector'])} · {row['severity']}"

    @param.depends("finding", "findings")
    def message(self) -> str:
        """Return what the detector says of the chosen finding, whole."""
        row = self._row()
        return "" if row is None else tables.text(row["explanation"], 2000)

    @param.depends("finding", "findings", "annotations", "sessions")
    def remarks(self) -> str:
        """Return how sure the finding is, what was in vain, where it is, and what was said of it."""
        row = self._row()
        if row is None:
            return ""
        sure = tables.UNKNOWN if pd.isna(row["confidence"]) else f"{row['confidence']:.2f}"
        cost = tables.UNKNOWN if pd.isna(row["wasted_cost_usd"]) else tables.dollars(row["wasted_cost_usd"])
        vain = f"{tables.short(row['wasted_tokens'])} tokens, {cost}, {tables.length(row['wasted_s'])}"
        said = self.verdicts().get(self.finding, "nobody has judged it")
        return (
            f"confidence {sure} · in vain: {vain} · judged: {said}\n"
            f"session {tables.text(row['session_id'])} · {tables.text(self._task(), 160)}"
        )

    def decide(self, *, agreed: bool) -> None:
        """Keep that a person agrees with the chosen finding, or does not, with the note."""
        row = self._row()
        if row is None or self.judge is None:
            return
        try:
            annotations = self.judge(row["session_id"], row["finding_id"], agreed, self.note.strip() or None)
        except AgentobsError as error:
            self.unkept = str(error)
            return
        self.param.update(annotations=annotations, note="", unkept="")

    def evidence_table(self) -> pd.DataFrame:
        """Return the steps that the chosen finding rests on."""
        row, rows = self._row(), self._evidence()
        vain = [] if row is None else list(row["wasted_event_ids"])
        rows = rows.assign(
            what=[tables.text(label, 160) for label in labels(rows)],
            vain=rows["event_id"].isin(vain).map({True: "yes", False: ""}),
            started_at=self.local(rows["started_at"]),
        )
        return rows[list(STEP_COLUMNS)].reset_index(drop=True).fillna({"status": tables.UNKNOWN})

    @param.depends("evidence", "finding", "findings")
    def _steps(self) -> pn.viewable.Viewable:
        return pn.widgets.Tabulator(
            self.evidence_table(),
            titles=STEP_COLUMNS,
            widths=STEP_WIDTHS,
            formatters=dict.fromkeys(STEP_COLUMNS, WORDS) | {"step": WHOLE, "started_at": SECONDS},
            **TABLE | {"page_size": 8, "selectable": False},
        )

    def in_words(self) -> list[Any]:
        """Return the chosen finding in words, the buttons to judge it, and its steps."""
        off = pn.bind(_is_not_in, self.param.finding, self.param.findings)
        agree = pmui.Button(label="agree", color="success", variant="outlined", disabled=off, margin=(6, 6, 6, 17))
        disagree = pmui.Button(label="disagree", color="error", variant="outlined", disabled=off, margin=6)
        agree.on_click(lambda event: self.decide(agreed=True))
        disagree.on_click(lambda event: self.decide(agreed=False))
        note = pmui.TextInput.from_param(self.param.note, name="Why (optional)", disabled=off, width=420, size="small")
        return [
            words(self.heading, size=17, margin=(14, 17, 0, 17)),
            words(self.message),
            words(self.remarks, MUTED, 13),
            pmui.Row(agree, disagree, note),
            problem(self.param.unkept),
            self._steps,
        ]

    def pictures(self) -> list[Any]:
        """Return the session of the chosen finding."""
        return [
            pmui.Paper(plot(self.timeline_figure, None), **PAPER),
            pmui.Row(
                pmui.Paper(plot(self.context_figure, 420), **PAPER),
                pmui.Paper(plot(self.cost_figure, 420), **PAPER),
                sizing_mode="stretch_width",
            ),
        ]


def _is_not_in(finding: str, findings: pd.DataFrame) -> bool:
    return finding not in set(findings["finding_id"])
