"""What was found, summed up: by detector, by session, and as pictures."""

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.intervals import wilson
from agentobs.analysis.look import FAILED, OTHER, PALETTE, figure, nothing, plain, whole
from agentobs.frames import require

SEVERITIES = ("critical", "high", "medium", "low", "info")  # the worst first
_COLOURS = dict(zip(SEVERITIES, (FAILED, PALETTE[1], PALETTE[5], PALETTE[6], OTHER), strict=True))


def by_detector(findings: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """How often each pattern was found, and what it wasted.

    Parameters
    ----------
    findings : frame of FINDINGS
    sessions : frame of SESSIONS: all that were looked at, also those without a finding

    Returns
    -------
    One row per detector with findings, in most sessions first:

    ===============  =======  =========================================================================================
    detector         str
    findings         Int64
    sessions         Int64    sessions with at least one
    share            Float64  sessions / all sessions, in [0, 1]
    share_low        Float64  Wilson's 95 % interval of the share
    share_high       Float64
    high             Int64    findings of severity high or critical
    wasted_cost_usd  Float64  of the findings whose cost is known; findings of several detectors may name the same call
    wasted_s         Float64  seconds, likewise
    ===============  =======  =========================================================================================
    """
    require(findings, ["detector", "session_id", "severity", "wasted_cost_usd", "wasted_s"], "findings")
    require(sessions, ["session_id"], "sessions")
    rows = findings.assign(high=findings["severity"].isin(["high", "critical"]).astype("Int64"))
    groups = rows.groupby("detector")
    made = pd.DataFrame(
        {
            "findings": groups.size().astype("Int64"),
            "sessions": groups["session_id"].nunique().astype("Int64"),
            "high": groups["high"].sum().astype("Int64"),
            "wasted_cost_usd": groups["wasted_cost_usd"].sum(min_count=1).astype("Float64"),
            "wasted_s": groups["wasted_s"].sum(min_count=1).astype("Float64"),
        }
    ).reset_index()
    total = len(sessions)
    low, high = wilson(made["sessions"].to_numpy("float64"), total)
    made.insert(
        3, "share", (made["sessions"].astype("Float64") / total) if total else made["sessions"].astype("Float64")
    )
    made.insert(4, "share_low", pd.Series(low, dtype="Float64"))
    made.insert(5, "share_high", pd.Series(high, dtype="Float64"))
    order = ["sessions", "findings", "detector"]
    return made.sort_values(order, ascending=[False, False, True], ignore_index=True)


def by_session(findings: pd.DataFrame, sessions: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Sessions with what was found in them, those with the most severe findings first.

    Parameters
    ----------
    findings : frame of FINDINGS
    sessions : frame of SESSIONS
    scores : frame of SCORES, of one variant

    Returns
    -------
    A row per session with findings: session_id, started_at, agent, project, task (title or objective), outcome, score
    (Float64), critical, high, medium, low, info (Int64), detectors (str: their names), cost_usd.
    """
    require(scores, ["session_id", "score", "outcome"], "scores")
    counts = pd.crosstab(findings["session_id"], findings["severity"]).reindex(columns=list(SEVERITIES), fill_value=0)
    names = findings.groupby("session_id")["detector"].agg(lambda found: ", ".join(sorted(set(found))))
    about = sessions.set_index("session_id").reindex(counts.index)
    judged = scores.set_index("session_id")
    made = pd.DataFrame(
        {
            "started_at": about["started_at"],
            "agent": about["agent"],
            "project": about["project"],
            "task": about["title"].fillna(about["objective"]),
            "outcome": judged["outcome"].reindex(counts.index),
            "score": judged["score"].reindex(counts.index),
            **{name: counts[name].astype("Int64") for name in SEVERITIES},
            "detectors": names.astype("str"),
            "cost_usd": about["cost_usd"],
        }
    ).reset_index()
    made["session_id"] = made["session_id"].astype("str")
    order = [*SEVERITIES, "session_id"]
    return made.sort_values(order, ascending=[False] * len(SEVERITIES) + [True], ignore_index=True)


def plot_by_detector(findings: pd.DataFrame) -> go.Figure:
    """Findings of each detector as bars, stacked by severity.

    Parameters
    ----------
    findings : frame of FINDINGS
    """
    require(findings, ["detector", "severity", "session_id"], "findings")
    made = figure("What was found", "findings by detector and severity")
    if findings.empty:
        return nothing(made, "nothing was found")
    counts = pd.crosstab(findings["detector"], findings["severity"]).reindex(columns=list(SEVERITIES), fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(kind="stable").index]
    for severity in SEVERITIES:
        if counts[severity].any():
            made.add_bar(
                y=[plain(name) for name in counts.index],
                x=counts[severity].astype(int).tolist(),
                name=severity,
                orientation="h",
                marker_color=_COLOURS[severity],
                hovertemplate=f"%{{y}}: %{{x:,}} {severity}<extra></extra>",
            )
    made.update_layout(barmode="stack", height=max(240, 110 + 22 * len(counts)))
    made.update_xaxes(**whole(int(counts.sum(axis=1).max())), showgrid=True)
    return made


def plot_scores(scores: pd.DataFrame) -> go.Figure:
    """How the scores of one variant are spread, with the number of sessions that have none.

    Parameters
    ----------
    scores : frame of SCORES, of one variant
    """
    require(scores, ["score", "scored"], "scores")
    known = scores["score"].dropna().astype("float64").tolist()
    without = len(scores) - len(known)
    made = figure(
        "Quality scores", f"sessions by score, 0 to 100; {without:,} are unscored: too little is known of them"
    )
    if not known:
        return nothing(made, "no session could be scored")
    made.add_histogram(
        x=known,
        xbins={"start": 0, "end": 100.001, "size": 5},
        marker_color=PALETTE[0],
        hovertemplate="%{x}: %{y:,} sessions<extra></extra>",
    )
    made.update_xaxes(range=[0, 100], title_text="score")
    made.update_yaxes(**whole(len(known)))
    return made
