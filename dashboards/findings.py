"""What went wrong: findings by detector and severity, the sessions they are in with the evidence, and the scores."""

from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui
import param
import plotly.graph_objects as go
from _filtered import ALL
from _finding import Chosen
from _page import PAPER, WHOLE, WORDS, plot, problem, serve, tile, words
from bokeh.models.widgets.tables import DateFormatter, NumberFormatter

from agentobs.analysis import findings as summaries
from agentobs.analysis import tables
from agentobs.analysis.look import MUTED, PALETTE, nothing, whole
from agentobs.analysis.look import figure as blank
from agentobs.frames import SCORES, empty

ANALYZE = "agentobs analyze"
COLUMNS = {
    "severity": "severity",
    "detector": "detector",
    "started_at": "began",
    "message": "what was found",
    "wasted_tokens": "tokens",
    "wasted_cost_usd": "cost",
    "wasted_s": "time",
    "task": "session",
    "verdict": "judged",
    "finding_id": "finding",
}
NUMBERS = {"wasted_tokens": 72, "wasted_cost_usd": 72, "wasted_s": 66}
WIDTHS = {"severity": 84, "detector": 138, "started_at": 118, "task": 96, "verdict": 70}
FORMATS = dict.fromkeys(COLUMNS, WORDS) | {
    "started_at": DateFormatter(format="%Y-%m-%d %H:%M", nan_format="–"),
    "wasted_tokens": WHOLE,
    "wasted_cost_usd": NumberFormatter(format="$0,0.0000", nan_format="–"),
    "wasted_s": NumberFormatter(format="00:00:00", nan_format="–"),
}
NOTE = (
    "Tokens, cost and time are what was in vain; a dash: unknown, or nothing was. "
    "Findings may name the same call, so what is in vain does not add up."
)


class Findings(Chosen):
    """What detectors found and how sessions are scored; the frames come from outside, the settings from the page."""

    scores = param.DataFrame(default=empty(SCORES), doc="frame of SCORES, of one variant; every analyzed session")
    waiting = param.Integer(default=None, allow_None=True, doc="sessions that wait for analysis; None: not known yet")
    detector = param.Selector(default=ALL, objects=[ALL], check_on_set=False)
    severity = param.Selector(default=ALL, objects=[ALL], check_on_set=False)

    @param.depends("findings", watch=True, on_init=True)
    def _offer_findings(self) -> None:
        self.offer("detector", self.findings["detector"])
        self.param.severity.objects = {"all severities": ALL, **{name: name for name in summaries.SEVERITIES}}

    def _chosen(self, frame: pd.DataFrame, times: pd.Series) -> pd.DataFrame:
        """The rows of a frame with session_id that agent, project and days leave in."""
        about = self.sessions.set_index("session_id").reindex(frame["session_id"])
        return self.left(frame, about, self.day(times))

    def chosen_findings(self) -> pd.DataFrame:
        """Return the findings that the settings leave, the worst first, then the latest."""
        found = self._chosen(self.findings, self.findings["started_at"])
        for name in ("detector", "severity"):
            found = found[found[name] == getattr(self, name)] if getattr(self, name) else found
        rank = found["severity"].map({name: place for place, name in enumerate(summaries.SEVERITIES)})
        order = ["rank", "started_at", "finding_id"]
        return found.assign(rank=rank).sort_values(order, ascending=[True, False, True], ignore_index=True)

    def chosen_scores(self) -> pd.DataFrame:
        """Return the scores of the sessions that the settings leave: by project, agent and the day of their start."""
        started = self.sessions.set_index("session_id")["started_at"].reindex(self.scores["session_id"])
        return self._chosen(self.scores, started.reset_index(drop=True).set_axis(self.scores.index))

    @param.depends("waiting", "sessions")
    def state(self) -> str:
        """Return how many sessions wait for analysis, and what to do."""
        if self.waiting is None:
            return ""
        if self.sessions.empty:
            return f"No session is stored yet: agentobs ingest reads them, then {ANALYZE} looks at them."
        if self.waiting == 0:
            return f"All {len(self.sessions):,} sessions are analyzed."
        what = "session waits" if self.waiting == 1 else "sessions wait"
        return (
            f"{self.waiting:,} of {len(self.sessions):,} {what} for analysis and are not in these numbers: "
            f"run {ANALYZE}, then load this page again."
        )

    def _unanalyzed(self) -> bool:
        return self.scores.empty and self.findings.empty

    @param.depends("findings", "scores", "sessions", "project", "agent", "detector", "severity", "since", "until")
    def tiles(self) -> list[pn.viewable.Viewable]:
        """Return the totals as big numbers."""
        found, scores = self.chosen_findings(), self.chosen_scores()
        severe = int(found["severity"].isin(["critical", "high"]).sum())
        known = scores[scores["scored"].fillna(value=False).astype(bool)]
        middle = known["score"].median() if len(known) else pd.NA
        coverage = scores["coverage"].median() if len(scores) else pd.NA
        return [
            tile(f"{len(found):,}", "findings", f"{severe:,} critical or high"),
            tile(f"{found['session_id'].nunique():,}", "sessions with a finding", f"{len(scores):,} analyzed"),
            tile(
                tables.UNKNOWN if pd.isna(middle) else f"{middle:.0f}",
                "median quality score, of 100",
                f"{len(known):,} scored, {len(scores) - len(known):,} unscored",
            ),
            tile(tables.share(coverage), "median coverage", "weight of what could be observed"),
        ]

    @param.depends("ready", "findings", "scores", "project", "agent", "detector", "severity", "since", "until")
    def findings_figure(self) -> go.Figure | None:
        """Return the figure of findings by detector and severity."""
        if not self.ready:
            return None
        found = self.chosen_findings()
        if self._unanalyzed():
            return nothing(blank("What was found"), f"no session is analyzed yet: run {ANALYZE}")
        if found.empty and len(self.findings):
            return nothing(blank("What was found"), "no finding with these settings")
        return summaries.plot_by_detector(found)

    @param.depends("ready", "scores", "sessions", "project", "agent", "since", "until")
    def scores_figure(self) -> go.Figure | None:
        """Return the figure of quality scores."""
        if not self.ready:
            return None
        if self._unanalyzed():
            return nothing(blank("Quality scores"), f"no session is analyzed yet: run {ANALYZE}")
        return summaries.plot_scores(self.chosen_scores())

    @param.depends("ready", "scores", "sessions", "project", "agent", "since", "until")
    def coverage_figure(self) -> go.Figure | None:
        """Return the figure of how much could be observed of the scored and the unscored sessions."""
        if not self.ready:
            return None
        scores = self.chosen_scores()
        made = blank("Coverage of the scores", "sessions by the weight of the dimensions that could be observed")
        if scores.empty:
            return nothing(made, f"no session is analyzed yet: run {ANALYZE}" if self._unanalyzed() else "no session")
        scored = scores["scored"].fillna(value=False).astype(bool)
        for name, rows, colour in (("scored", scored, PALETTE[0]), ("unscored", ~scored, PALETTE[1])):
            made.add_histogram(
                x=scores.loc[rows, "coverage"].dropna().astype("float64").tolist(),
                xbins={"start": 0, "end": 1.0001, "size": 0.1},
                name=name,
                marker_color=colour,
                hovertemplate=f"%{{x}}: %{{y:,}} {name}<extra></extra>",
            )
        made.update_layout(barmode="stack")
        made.update_xaxes(range=[0, 1.1], tickformat=".0%", title_text="coverage")
        made.update_yaxes(**whole(len(scores)))
        return made

    def table(self) -> pd.DataFrame:
        """Return the table of findings, times in the zone of the page."""
        chosen = self.chosen_findings()
        about = self.sessions.set_index("session_id").reindex(chosen["session_id"]).reset_index(drop=True)
        chosen["task"] = about["title"].fillna(about["objective"]).map(tables.text, na_action="ignore")
        chosen["message"] = chosen["explanation"].map(lambda said: tables.text(said, 240), na_action="ignore")
        chosen["detector"] = chosen["detector"].map(tables.text, na_action="ignore")
        chosen["verdict"] = self.judged(chosen["finding_id"])
        chosen["started_at"] = self.local(chosen["started_at"])
        return chosen[list(COLUMNS)].fillna(dict.fromkeys(("message", "task"), tables.UNKNOWN))

    @param.depends("sessions", "findings", "project", "agent", "detector", "severity", "since", "until", watch=True)
    def _fill(self) -> None:
        self.fill()

    @param.depends("finding", watch=True)
    def _mark(self) -> None:
        self.unkept = ""
        self.mark()

    @param.depends("annotations", watch=True)
    def _rejudge(self) -> None:
        if self._tabulator is not None and len(self._tabulator.value):
            before = self._tabulator.value["verdict"]
            now = self.judged(self._tabulator.value["finding_id"])
            changed = [(int(place), now[place]) for place in now.index[now != before]]
            if changed:
                self._tabulator.patch({"verdict": changed})

    def filters(self) -> pn.viewable.Viewable:
        """Return the settings of the page."""
        return self.settings("Which findings", [("severity", "Severity"), ("detector", "Detector")], NOTE)

    def body(self) -> pn.viewable.Viewable:
        """Return the numbers, figures, the table, and the chosen finding with its session."""
        self.row_table(COLUMNS, WIDTHS, NUMBERS, FORMATS)
        return pmui.Column(
            problem(self.param.problem),
            words(self.state, MUTED, 13, margin=(12, 17, 4, 17)),
            pmui.Row(objects=self.tiles, sizing_mode="stretch_width"),  # pyright: ignore[reportArgumentType]
            pmui.Paper(plot(self.findings_figure, None), **PAPER),
            pmui.Paper(
                pmui.Typography("Findings", variant="subtitle1", margin=(14, 17, 4, 17)), self._tabulator, **PAPER
            ),
            pmui.Paper(*self.in_words(), **PAPER),
            *self.pictures(),
            pmui.Row(
                pmui.Paper(plot(self.scores_figure, 340), **PAPER),
                pmui.Paper(plot(self.coverage_figure, 340), **PAPER),
                sizing_mode="stretch_width",
            ),
            sizing_mode="stretch_width",
        )


if pn.state.served:
    import os

    import agentobs as ao
    from agentobs import settings
    from agentobs.analysis.scoring.quality import VARIANT
    from agentobs.errors import AgentobsError

    shown = Findings(tz=settings.load(os.environ).timezone)

    def load() -> None:
        """Fetch what every visitor sees first, and the session of the finding in the page's address."""
        try:
            wb = pn.state.as_cached("workbench", ao.open)
            found = wb.findings()
            shown.param.update(
                problem="",
                sessions=wb.sessions(),
                scores=wb.scores(variant=VARIANT),
                annotations=wb.annotations(),
                waiting=found.attrs.get("unanalyzed_sessions", 0),
                findings=found,
            )
            session = shown.session_of(shown.finding)
            if session:
                shown.evidence = wb.evidence(session=session)
        except AgentobsError as error:
            shown.problem = str(error)

    def load_session(event: Any) -> None:
        """Fetch the session of the finding that was chosen."""
        session = shown.session_of(event.new)
        if shown.ready and session and session != shown.session_of(event.old):
            wb = pn.state.as_cached("workbench", ao.open)
            try:
                shown.evidence = wb.evidence(session=session)
            except AgentobsError as error:
                shown.problem = str(error)

    def keep(session: str, finding: str, agreed: bool, note: str | None) -> pd.DataFrame:
        """Keep what a person says; return all that was said."""
        wb = pn.state.as_cached("workbench", ao.open)
        wb.annotate(session, finding=finding, agreed=agreed, note=note)
        return wb.annotations()

    shown.judge = keep
    shown.param.watch(load_session, "finding")
    serve(shown, "findings", "detector", "severity", "finding")
    pn.state.onload(load)
