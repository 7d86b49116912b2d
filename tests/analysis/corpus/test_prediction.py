"""Prediction: nothing leaks, what is planted is found, noise is not, and probabilities are measured."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from agentobs.analysis.prediction import Predictor, against_chance, calibration, evaluate, examples, predict
from agentobs.analysis.prediction_plot import calibration_curve, prediction_quality
from agentobs.errors import FrameError
from tests.analysis.corpus.sequences import START, steps


def corpus(planted: bool, count: int = 60, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sessions of six projects; where planted, those that succeed test more."""
    random = np.random.default_rng(seed)
    success = random.random(count) < 0.5
    letters = {
        f"s{n:02d}": "".join(
            random.choice(list("rstef"), 12, p=[0.2, 0.2, 0.4, 0.1, 0.1] if good and planted else [0.2] * 5)
        )
        for n, good in enumerate(success)
    }
    said = {name: "all good here" if random.random() < 0.5 else "hmm odd thing" for name in letters}
    outcomes = pd.DataFrame({"session_id": list(letters), "success": pd.array(success, dtype="boolean")})
    outcomes["group"] = [f"p{n % 6}" for n in range(count)]
    return steps(letters, said=said), outcomes


@pytest.fixture(scope="module")
def planted():
    data = examples(*corpus(planted=True))
    return data, predict(data, folds=6)


def test_what_is_planted_is_told_better_than_by_length(planted):
    scores = evaluate(planted[1], resamples=300).set_index("model")
    assert scores.loc["numbers", "auc_low"] > 0.6
    assert scores.loc["numbers", "gain_low"] > 0
    assert scores.loc["numbers", "brier"] < scores.loc["numbers", "brier_none"]
    assert scores.loc["length", "auc"] == 0.5
    assert (scores["sessions"] == 60).all()


def test_noise_is_not_told():
    scores = evaluate(predict(examples(*corpus(planted=False, seed=7)), models=["length", "numbers"]), resamples=300)
    numbers = scores.set_index("model").loc["numbers"]
    assert numbers["auc_low"] < 0.5 < numbers["auc_high"]
    assert numbers["gain_low"] < 0 < numbers["gain_high"]
    assert numbers["gain_seen"] > 0.1


def test_a_group_is_never_trained_on_and_tested(planted):
    assert planted[1].groupby("group")["fold"].nunique().max() == 1
    assert len(planted[1]) == 60 * 4


def test_with_times_training_is_earlier_than_testing():
    data = examples(*corpus(planted=True))
    data["started_at"] = pd.to_datetime([START + timedelta(days=n) for n in range(len(data))], utc=True)
    data.loc[data.index[:30], "success"] = np.arange(30) % 2 == 0
    found = predict(data, models=["length"], folds=6)
    first = set(data["session_id"].iloc[:10])
    assert first.isdisjoint(found["session_id"])
    assert set(data["session_id"].iloc[10:]) == set(found["session_id"])


def test_a_prefix_leaves_the_rest_out_and_knows_who_still_runs():
    sessions, outcomes = (
        steps({"a": "re", "b": "reft"}),
        pd.DataFrame({"session_id": ["a", "b"], "success": [True, False]}),
    )
    made = examples(sessions, outcomes, first=3).set_index("session_id")
    assert made["actions"].tolist() == [2, 3]
    assert made["running"].tolist() == [False, True]
    assert made["group"].tolist() == ["/shop", "/shop"]


def test_sessions_of_unknown_outcome_are_no_examples():
    outcomes = pd.DataFrame({"session_id": ["a", "b"], "success": pd.array([None, False], dtype="boolean")})
    assert examples(steps({"a": "re", "b": "r"}), outcomes)["session_id"].tolist() == ["b"]


def test_auc_and_brier_by_hand():
    rows = [("a", True, 0.9), ("b", False, 0.2), ("c", True, 0.4), ("d", False, 0.4)]
    data = pd.DataFrame(rows, columns=["session_id", "success", "probability"])
    data = data.assign(model="length", repeat=0, fold=0, prevalence=0.5, group="g", penalty=1.0)
    scores = evaluate(data, resamples=50).loc[0]
    assert scores["auc"] == pytest.approx(3.5 / 4)
    assert scores["brier"] == pytest.approx((0.01 + 0.04 + 0.36 + 0.16) / 4)
    assert (scores["brier_none"], scores["pairs"]) == (0.25, 4)
    apart = evaluate(data.assign(fold=[0, 1, 0, 1]), resamples=50).loc[0]
    assert np.isnan(apart["auc"])


def test_calibration_counts_every_session_once(planted):
    bins = calibration(planted[1], bins=4)
    assert bins.groupby("model")["sessions"].sum().eq(60).all()
    assert ((bins["low"] <= bins["observed"]) & (bins["observed"] <= bins["high"])).all()
    figure = calibration_curve(bins)
    assert [trace.name for trace in figure.data] == ["perfect", "all", "length", "numbers", "words"]
    quality = prediction_quality(evaluate(planted[1], resamples=50).assign(seen="10 steps"))
    assert [list(trace.x) for trace in quality.data] == [["10 steps"]] * 4


def test_a_predictor_speaks_of_new_sessions(planted):
    new = examples(*corpus(planted=True, seed=9))
    said = Predictor(planted[0], model="numbers")(new.drop(columns=["success", "group"]))
    assert said.between(0, 1).all()
    assert said[new.set_index("session_id")["success"]].mean() > said[~new.set_index("session_id")["success"]].mean()


def test_one_outcome_or_one_group_is_refused(planted):
    with pytest.raises(FrameError, match="same outcome"):
        Predictor(planted[0].assign(success=True))
    with pytest.raises(FrameError, match="can't be split"):
        predict(planted[0].assign(group="one"))
    with pytest.raises(FrameError, match="no model 'magic'"):
        predict(planted[0], models=["magic"])


def test_what_is_planted_beats_outcomes_dealt_at_random(planted):
    row = against_chance(planted[0], model="numbers", permutations=5, folds=3).loc[0]
    assert row["p"] == pytest.approx(1 / 6)
    assert abs(row["chance"] - 0.5) < 0.15
