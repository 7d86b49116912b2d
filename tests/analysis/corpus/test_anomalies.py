"""Anomalies: judged among their own kind, with the feature that makes them so; unknown where peers are few."""

import numpy as np
import pandas as pd
import pytest

from agentobs.analysis.anomalies import anomalies, robust_z
from agentobs.analysis.anomalies_plot import anomaly_reasons

NAMES = ("actions", "failed_share")


def sessions(odd: float = 400.0) -> pd.DataFrame:
    random = np.random.default_rng(4)
    made = pd.DataFrame(
        {
            "session_id": [f"s{n}" for n in range(45)],
            "agent": ["codex"] * 40 + ["aider"] * 5,
            "actions": np.r_[random.normal(20, 2, 40), random.normal(400, 5, 5)],
            "failed_share": random.normal(0.2, 0.03, 45),
        }
    )
    made.loc[7, "actions"] = odd
    return made


def test_the_odd_one_is_first_with_its_reason():
    found = anomalies(sessions(), by=["agent"], names=NAMES)
    assert found.loc[0, "session_id"] == "s7"
    assert found.loc[0, "anomaly"]
    assert found.loc[0, "reasons"][0][0] == "actions"
    assert found.loc[0, "isolation"] == found["isolation"].max()


def test_a_kind_with_few_sessions_is_not_judged():
    found = anomalies(sessions(), by=["agent"], names=NAMES).set_index("session_id")
    assert found.loc["s44", "anomaly"] is pd.NA
    assert found.loc["s44", "peers"] == 5


def test_what_is_usual_for_its_kind_is_no_anomaly():
    found = anomalies(sessions(odd=20.0), by=["agent"], names=NAMES)
    assert found["anomaly"].fillna(value=False).sum() <= 2


def test_robust_z_by_hand_and_none_without_spread():
    z = robust_z(pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0, 100.0], "b": [1.0] * 5}))
    assert z["a"].tolist() == pytest.approx([-2 / 1.4826, -1 / 1.4826, 0, 1 / 1.4826, 97 / 1.4826])
    assert z["b"].isna().all()


def test_the_figure_has_a_row_per_anomaly():
    found = anomalies(sessions(), by=["agent"], names=NAMES)
    (trace,) = anomaly_reasons(found).data
    assert len(trace.y) == found["anomaly"].fillna(value=False).sum()
    assert trace.z[-1][0] > 5
    assert len(anomaly_reasons(found.head(0)).data) == 0
