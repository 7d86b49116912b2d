"""Rates over groups of sessions: counts, medians, and what mixes of tasks hide."""

import pandas as pd
import pytest

from agentobs import frames
from agentobs.analysis.metrics import rates
from agentobs.errors import FrameError


def sessions(*counted: tuple[str, str | None, int, int]) -> pd.DataFrame:
    """Metrics of sessions: model, project, successes, failures."""
    rows = [
        {"session_id": f"s{place}-{n}", "model": model, "project": project,
         "outcome": "success" if n < good else "failure", "cost_usd": float(n)}
        for place, (model, project, good, bad) in enumerate(counted)
        for n in range(good + bad)
    ]  # fmt: skip
    return frames.conform(pd.DataFrame(rows, columns=frames.METRICS.names, dtype="object"), frames.METRICS)


def test_a_rate_is_of_sessions_whose_outcome_is_known():
    made = sessions(("m", "p", 3, 1))
    made.loc[0, "outcome"] = "unknown"
    row = rates(made).iloc[0]
    assert row[["sessions", "known", "successes"]].tolist() == [4, 3, 2]
    assert row["tsr"] == pytest.approx(2 / 3)
    assert row["tsr_low"] < row["tsr"] < row["tsr_high"]


def test_medians_have_counts_and_are_unknown_where_nothing_is():
    row = rates(sessions(("m", "p", 3, 2)), medians=["cost_usd", "hei"])
    assert row.loc[0, ["cost_usd", "cost_usd_n", "hei_n"]].tolist() == [2, 5, 0]
    assert row.loc[0, "cost_usd_low"] <= 2 <= row.loc[0, "cost_usd_high"]
    assert row.loc[0, "hei"] is pd.NA
    assert row.dtypes[["cost_usd", "cost_usd_n", "hei", "hei_low"]].astype(str).tolist() == [
        "Float64", "Int64", "Float64", "Float64",
    ]  # fmt: skip


# b is better at easy and at hard, but worse overall: it had the hard tasks
PARADOX = sessions(("a", "easy", 8, 2), ("a", "hard", 0, 2), ("b", "easy", 2, 0), ("b", "hard", 3, 7))


def test_simpsons_paradox_is_told():
    made = rates(PARADOX, by="model", strata="project").set_index("model")
    assert made.loc["a", "tsr"] > made.loc["b", "tsr"]
    assert made["tsr_stratified"].tolist() == pytest.approx([0.4, 0.65])
    assert made["simpson"].tolist() == [True, True]
    assert made["strata_shared"].tolist() == [1, 1]
    assert rates(PARADOX, by="model")["tsr_stratified"].isna().all()


def test_sessions_without_a_stratum_are_in_none_that_is_shared():
    made = rates(sessions(("a", "easy", 1, 1), ("a", None, 1, 1)), by="model", strata="project")
    assert made["strata_shared"].tolist() == [0.5]


def test_of_no_sessions_there_are_no_groups():
    nothing = frames.empty(frames.METRICS)
    assert rates(nothing, by="model").empty
    assert rates(nothing, by="model").columns.tolist() == rates(PARADOX, by="model").columns.tolist()
    assert rates(nothing)["sessions"].tolist() == [0]


def test_a_group_is_no_stratum_of_itself():
    with pytest.raises(FrameError, match="'model' is both a group and a stratum"):
        rates(PARADOX, by="model", strata="model")
