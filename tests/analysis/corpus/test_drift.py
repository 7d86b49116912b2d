"""Drift: none between equal samples, found where the level moved, and set beside what else changed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentobs.analysis.drift import change_points, changes, drift, explained, psi
from agentobs.analysis.drift_plot import changing_series, drifted
from agentobs.frames import EDITS, SESSIONS
from tests.analysis.samples import frame

DAYS = pd.date_range("2026-03-01", periods=60, tz="UTC", unit="us")


def series(jump: float, outlier: float = 0.0) -> pd.DataFrame:
    values = np.random.default_rng(6).normal(0, 1, 60) + np.where(np.arange(60) < 35, 0, jump)
    values[10] += outlier
    return pd.DataFrame({"started_at": DAYS, "cost": values})


def test_equal_samples_have_a_psi_of_zero_and_apart_ones_a_large_one():
    sample = list(range(100))
    assert psi(sample, sample) == 0
    assert psi(sample, [value + 100 for value in sample]) > 2
    random = np.random.default_rng(0)
    assert psi(random.normal(size=500), random.normal(size=500)) < 0.1
    assert np.isnan(psi([], [1.0]))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_psi_is_never_negative_and_the_same_both_ways_round_for_equal_sizes(first, second):
    assert psi(first, second) >= -1e-12
    assert psi(first, first) == pytest.approx(0)


def test_what_moved_drifted_and_what_did_not_did_not():
    random = np.random.default_rng(1)
    before = pd.DataFrame(
        {"moved": random.normal(0, 1, 60), "same": random.normal(0, 1, 60), "few": np.r_[1.0, [np.nan] * 59]}
    )
    after = pd.DataFrame({"moved": random.normal(1.5, 1, 60), "same": random.normal(0, 1, 60), "few": np.ones(60)})
    found = drift(before, after, names=["same", "moved", "few"]).set_index("name")
    assert found["drifted"].tolist() == [True, False, pd.NA]
    assert found.index.tolist() == ["moved", "same", "few"]
    assert found.loc["few", ["before_n", "after_n"]].tolist() == [1, 60]
    assert pd.isna(found.loc["few", "psi"])
    assert found.loc["moved", "psi"] > 0.25


def test_a_change_of_level_is_found_on_its_day():
    (point,) = change_points(series(3.0), value="cost").itertuples()
    assert (point.at, point.previous) == (DAYS[35], DAYS[34])
    assert point.after_median - point.before_median == pytest.approx(3, abs=0.8)
    assert point.p < 0.01


def test_noise_and_a_single_outlier_are_no_change():
    assert change_points(series(0.0), value="cost").empty
    assert change_points(series(0.0, outlier=1e6), value="cost").empty
    assert change_points(series(0.0).head(4), value="cost").empty


def test_changes_of_version_model_and_instructions_are_dated():
    sessions = frame(SESSIONS, [
        {"session_id": "a", "agent": "codex", "agent_version": "1.0", "models": ["gpt"], "started_at": DAYS[0]},
        {"session_id": "b", "agent": "codex", "agent_version": "1.0", "models": ["gpt", "o3"], "started_at": DAYS[5]},
        {"session_id": "c", "agent": "codex", "agent_version": "1.1", "models": ["gpt"], "started_at": DAYS[34]},
        {"session_id": "d", "agent": "codex", "agent_version": "1.2", "models": []},
    ])  # fmt: skip
    edits = frame(EDITS, [{"ts": DAYS[9], "agent": "codex", "project": "/shop", "file_path": path}
                          for path in ("/shop/AGENTS.md", "/shop/agents.md.txt", "/shop/a.py")])  # fmt: skip
    found = changes(sessions, edits)
    assert found[["at", "kind", "what"]].to_numpy().tolist() == [
        [DAYS[5], "model", "+ o3"], [DAYS[9], "instructions", "/shop/AGENTS.md"], [DAYS[34], "version", "1.0 -> 1.1"],
    ]  # fmt: skip
    points = explained(change_points(series(3.0), value="cost"), found)
    assert points["beside"].tolist() == [["version 1.0 -> 1.1"]]
    figure = changing_series(series(3.0), points, found, value="cost")
    assert [len(trace.x) for trace in figure.data] == [60, 2, 2]
    assert [note.text for note in figure.layout.annotations] == [
        "model + o3", "instructions /shop/AGENTS.md", "version 1.0 -&gt; 1.1",
    ]  # fmt: skip


def test_a_point_without_a_change_beside_it_stays_unexplained():
    none = changes(frame(SESSIONS, []))
    assert explained(change_points(series(3.0), value="cost"), none)["beside"].tolist() == [[]]


def test_the_figure_of_drift_draws_what_could_be_compared():
    random = np.random.default_rng(1)
    data = pd.DataFrame({"a": random.normal(size=40)})
    (trace,) = drifted(drift(data, data + 5, names=["a"])).data
    assert trace.y == ("a",)
    assert trace.x[0] > 1
