"""The score devlog_v1: errors, tests and builds only. Kept for comparison with older dashboards."""

import pandas as pd

from agentobs.frames import require

VARIANT = "devlog_v1"


def scores(sessions: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """100 - min(5 * errors, 30) - 20 * (1 - test pass rate) - 20 * (1 - build rate).

    errors: error events and failed calls. A rate is of the runs whose outcome is known; without one its term is 0 and
    its weight is missing from the coverage. A session without any tool call is unscored.

    Parameters
    ----------
    sessions : frame of SESSIONS
    steps : frame of STEPS, of the same sessions

    Returns
    -------
    Columns of SCORES, a row per session in their order; the dimensions and the outcome of this variant are unknown.
    """
    require(sessions, ["session_id", "errors", "tool_errors", "tool_calls"], "sessions")
    ids = sessions["session_id"]
    errors = (sessions["errors"].fillna(0) + sessions["tool_errors"].fillna(0)).astype("Float64")
    rates = {kind: _rate(steps, kind).reindex(ids).reset_index(drop=True) for kind in ("test_run", "build_trigger")}
    taken = {"errors": (5 * errors).clip(upper=30).reset_index(drop=True)}
    taken |= {name: 20 * (1 - rates[kind]) for name, kind in (("tests", "test_run"), ("builds", "build_trigger"))}
    points = pd.DataFrame(taken)
    scored = (sessions["tool_calls"].fillna(0) > 0).reset_index(drop=True)
    known = points.notna() & pd.DataFrame(dict.fromkeys(points.columns, scored))
    weights = pd.Series({"errors": 30.0, "tests": 20.0, "builds": 20.0})
    coverage = (known.astype("float64") * weights / weights.sum()).sum(axis=1)
    kept = [
        {str(name): float(value) for name, value in row.items() if pd.notna(value) and value}
        for row in points.to_dict("records")
    ]
    unknown = pd.Series(pd.NA, index=points.index, dtype="Float64")
    return pd.DataFrame(
        {
            "session_id": ids.reset_index(drop=True),
            "variant": VARIANT,
            "score": (100 - points.fillna(0).sum(axis=1)).where(scored),
            "scored": scored,
            "coverage": coverage,
            "confidence": coverage,
            **dict.fromkeys(
                ("verification", "rework", "efficiency", "reliability", "safety", "human_effort", "outcome_confidence"),
                unknown,
            ),
            "penalties": pd.Series(kept, dtype="object"),
            "outcome": "unknown",
            "evidence": pd.Series([[] for _ in range(len(points))], dtype="object"),
        }
    )


def _rate(steps: pd.DataFrame, kind: str) -> pd.Series:
    """The share of passed ones among the session's checks of a kind whose outcome is known."""
    checks = steps[(steps["type"] == kind) & steps["passed"].notna()]
    return checks["passed"].astype("Float64").groupby(checks["session_id"]).mean()
