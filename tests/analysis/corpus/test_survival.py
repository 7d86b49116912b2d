"""Survival: a table known by heart, censoring that counts, and hazard ratios on the right side of one."""

import numpy as np
import pandas as pd
import pytest

from agentobs.analysis.survival import cox, durations, kaplan_meier, medians
from agentobs.analysis.survival_plot import hazard_ratios, survival_curves
from agentobs.errors import FrameError
from tests.analysis.corpus.sequences import steps


def times(*pairs: tuple[float, int], **more: object) -> pd.DataFrame:
    data = pd.DataFrame(pairs, columns=["duration", "observed"])
    return data.assign(duration=data["duration"].astype("Float64"), observed=data["observed"].astype(bool), **more)


def test_the_table_of_freireich_is_the_known_one():
    """Remission of 21 patients on 6-MP (Freireich 1963), as in every textbook."""
    seen = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    ends = [(at, 1) for at in seen] + [(at, 0) for at in censored]
    table = kaplan_meier(times(*ends)).set_index("duration")
    assert table["waiting"].round(4).to_dict() == {
        6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482,
    }  # fmt: skip
    assert table["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert table["censored"].tolist() == [0, 1, 1, 2, 0, 3, 0]
    assert (table.loc[6, "low"], table.loc[6, "high"]) == (
        pytest.approx(0.6197, abs=1e-3),
        pytest.approx(0.9516, abs=1e-3),
    )
    assert medians(times(*ends)).loc[0, ["sessions", "happened", "censored", "median"]].tolist() == [21, 9, 12, 23]


def test_a_median_that_is_not_reached_is_unknown():
    assert np.isnan(medians(times((1, 1), (5, 0), (5, 0), (5, 0))).loc[0, "median"])


def test_first_green_and_first_failure_are_counted_in_actions_and_seconds():
    sessions = steps({"s1": "reft", "s2": "re"})
    green = durations(sessions)
    assert green[["duration", "observed"]].to_numpy().tolist() == [[4, True], [2, False]]
    assert durations(sessions, event="first_failure")["duration"].tolist() == [3, 2]
    assert durations(sessions, unit="seconds")["duration"].tolist() == [32, 12]
    assert durations(steps({"s1": "t"}, timed=False), unit="seconds")["duration"].isna().all()


def test_abandonment_needs_outcomes_and_censors_the_others():
    sessions = steps({"s1": "re", "s2": "ret"})
    outcomes = pd.DataFrame({"session_id": ["s1", "s2"], "outcome": ["abandoned", "unknown"]})
    assert durations(sessions, event="abandonment", outcomes=outcomes)["observed"].tolist() == [True, False]
    with pytest.raises(FrameError, match="needs outcomes"):
        durations(sessions, event="abandonment")


def test_groups_apart_have_a_small_log_rank_p_and_equal_ones_a_large_one():
    fast, slow = [(n, 1) for n in range(1, 21)], [(n + 40, 1) for n in range(1, 21)]
    group = ["a"] * 20 + ["b"] * 20
    assert medians(times(*fast, *slow, agent=group), by=["agent"])["p"].max() < 1e-6
    assert medians(times(*fast, *fast, agent=group), by=["agent"])["p"].min() > 0.99


def test_cox_finds_what_makes_it_happen_sooner():
    random = np.random.default_rng(8)
    skill, noise = random.normal(size=200), random.normal(size=200)
    ends = random.exponential(10 * np.exp(-skill))
    cut = np.minimum(ends, 30)
    data = times(*zip(cut, ends <= 30, strict=True)).assign(session_id=[f"s{n}" for n in range(200)], project="p")
    covariates = pd.DataFrame({"session_id": data["session_id"], "skill": skill, "noise": noise})
    fitted = cox(data, covariates, strata="project").set_index("name")
    assert fitted.loc["skill", "low"] > 1.8
    assert fitted.loc["noise", "low"] < 1 < fitted.loc["noise", "high"]
    assert fitted.loc["skill", "happened"] == (ends <= 30).sum()
    assert list(hazard_ratios(fitted.reset_index()).data[0].y) == ["noise", "skill"]


def test_cox_refuses_more_covariates_than_it_can_tell():
    data = times((1, 1), (2, 1), (3, 0)).assign(session_id=["a", "b", "c"])
    with pytest.raises(FrameError, match="needs 5"):
        cox(data, pd.DataFrame({"session_id": ["a", "b", "c"], "x": [1.0, 2.0, 3.0]}))


def test_the_curve_starts_at_all_and_has_a_band():
    figure = survival_curves(kaplan_meier(times((1, 1), (2, 1), (3, 0)).assign(agent=["a", "a", "b"]), by=["agent"]))
    lines = {trace.name: list(trace.y) for trace in figure.data if trace.showlegend is not False}
    assert lines == {"a": [1, 0.5, 0]}
    assert len(survival_curves(kaplan_meier(times((3, 0)))).data) == 0
