"""The page of findings with frames made by hand, text of others in every field; served by the tests."""

from types import ModuleType
from typing import Any

import pandas as pd

from agentobs.frames import ANNOTATIONS, FINDINGS, SCORES, STEPS
from tests.analysis.samples import CANARY, frame
from tests.dashboards.loading import load
from tests.dashboards.overview_app import hostile

SESSION = "5e551011-0000-4000-8000-{:012d}"
GOOD, HOSTILE = SESSION.format(14), SESSION.format(3)


def findings_of(calls: pd.DataFrame) -> pd.DataFrame:
    """Return a finding each of three sessions that names its second and third call; the third's text is hostile."""
    made = []
    for number, severity, detector, said in (
        (14, "high", "tool_repetition", "Bash was called twice with the same arguments"),
        (7, "low", "idle_gap", "1900 s without a word"),
        (3, "critical", "edit_churn", CANARY),
    ):
        own = calls[calls["session_id"] == SESSION.format(number)]
        named = own["event_id"].iloc[1:3].tolist()
        made.append(
            {"finding_id": f"f{number}", "detector": detector, "detector_version": 1, "severity": severity}
            | {"session_id": SESSION.format(number), "confidence": 0.9, "explanation": said, "event_ids": named}
            | {"started_at": own["started_at"].iloc[1], "ended_at": own["ended_at"].iloc[2], "parameters": {}}
            | {"wasted_event_ids": named[1:] if number == 14 else [], "wasted_s": 3.0 if number == 14 else None}
            | {"wasted_tokens": 17_000 if number == 14 else None, "wasted_cost_usd": 0.15 if number == 14 else None}
        )
    return frame(FINDINGS, made)


def steps_of(calls: pd.DataFrame, model_calls: pd.DataFrame) -> pd.DataFrame:
    """Return a step for each call, of the response at the same place of its session."""
    made = []
    for session, own in calls.groupby("session_id"):
        keys = model_calls.loc[model_calls["session_id"] == session, "usage_key"].tolist()
        for place, row in enumerate(own.to_dict("records")):
            shared = {name: row[name] for name in ("agent", "project", "event_id", "tool_name", "target", "status")}
            shared |= {name: row[name] for name in ("session_id", "thread_id", "started_at", "ended_at")}
            made.append(shared | {"step": place, "kind": "call", "timed": True, "response": keys[place]})
    return frame(STEPS, [{name: None if pd.isna(v) else v for name, v in row.items()} for row in made])


def scores_of(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return a score of each session; every fourth is unscored."""
    made = [
        {"session_id": session, "variant": "agentobs_v1", "scored": place % 4 != 0, "outcome": "unknown"}
        | {"score": None if place % 4 == 0 else 40.0 + 2 * place, "coverage": 0.2 if place % 4 == 0 else 0.8}
        for place, session in enumerate(sessions["session_id"])
    ]
    return frame(SCORES, made)


def page(module: ModuleType) -> Any:
    """Return the Viewer with the hostile frames; what is said of a finding is kept in its `said`."""
    frames = hostile()
    steps = steps_of(frames["tool_calls"], frames["model_calls"])
    said: list[dict[str, object]] = []

    def judge(session: str, finding: str, agreed: bool, note: str | None) -> pd.DataFrame:
        said.append({"session_id": session, "finding_id": finding, "agreed": agreed, "note": note})
        return frame(ANNOTATIONS, said)

    made = module.Findings(
        findings=findings_of(frames["tool_calls"]),
        scores=scores_of(frames["sessions"]),
        sessions=frames["sessions"],
        evidence={name: frames[name] for name in ("events", "tool_calls", "model_calls")} | {"steps": steps},
        waiting=2,
    )
    made.judge = judge
    return made


if __name__.startswith("bokeh_app_"):
    served = load("findings")
    served.serve(page(served), "findings", "detector", "severity", "finding")
