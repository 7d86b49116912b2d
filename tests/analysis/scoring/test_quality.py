"""The scores: what they add up to, what they leave out, when they say nothing."""

import pandas as pd
import pytest

from agentobs import frames
from agentobs.analysis.metrics import metrics, rates
from agentobs.analysis.scoring import quality, scores
from agentobs.errors import FrameError
from tests.analysis.detectors.scripts import Script, together

DIMENSIONS = list(quality.WEIGHTS)
NOTHING = frames.empty(frames.FINDINGS)


def finding(session: str, detector: str, severity: str, confidence: float = 1.0) -> pd.DataFrame:
    found = frames.empty(frames.FINDINGS)
    found.loc[0, ["session_id", "detector", "severity", "confidence"]] = [session, detector, severity, confidence]
    found.at[0, "wasted_event_ids"] = []
    found.at[0, "event_ids"] = []
    return found


def work(name: str = "s1") -> Script:
    return Script(name).prompt("Fix it").read("a.py").edit("a.py", "x", "one").test("t::a")


DATA = together(
    work("good").edit("a.py", "one", "two").test().say("Done."),
    work("bad").bash("nope", "nope: command not found", ok=False).edit("a.py", "one", "two").say("Done."),
    Script("talk").prompt("Hi").say("Hello"),
    work("told").say("Done.").prompt("no, that is wrong").edit("a.py").test().say("Done."),
)


def scored(findings: pd.DataFrame = NOTHING, **settings) -> pd.DataFrame:
    made = scores(DATA["sessions"], DATA["steps"], DATA["model_calls"], findings, **settings)
    return made[made["variant"] == "agentobs_v1"].set_index("session_id")


def test_every_session_has_a_row_of_each_variant_in_order():
    made = scores(DATA["sessions"], DATA["steps"], DATA["model_calls"], NOTHING)
    assert list(made.columns) == frames.SCORES.names
    expected = [(name, variant) for name in DATA["sessions"]["session_id"] for variant in ("agentobs_v1", "devlog_v1")]
    assert list(zip(made["session_id"], made["variant"], strict=True)) == expected


def test_the_score_and_its_penalties_add_up_to_a_hundred():
    made = scored(finding("bad", "dangerous_command", "high", 0.5))
    known = made[made["scored"]]
    assert sorted(known.index) == ["bad", "good", "told"]
    for _, row in known.iterrows():
        assert row["score"] + sum(row["penalties"].values()) == pytest.approx(100)
    assert known.loc["bad", "safety"] == 80
    assert "safety.findings" in known.loc["bad", "penalties"]


def test_the_score_is_the_weighted_mean_of_what_was_observed():
    row = scored().loc["good"]
    weights = {name: weight for name, weight in quality.WEIGHTS.items() if pd.notna(row[name])}
    assert "human_effort" not in weights
    assert row["coverage"] == pytest.approx(sum(weights.values()) / sum(quality.WEIGHTS.values()))
    assert row["score"] == pytest.approx(
        sum(row[name] * weight for name, weight in weights.items()) / sum(weights.values())
    )


def test_better_work_scores_higher_in_its_dimension():
    made = scored()
    assert made.loc["good", "verification"] > made.loc["bad", "verification"]
    assert made.loc["good", "reliability"] > made.loc["bad", "reliability"]


def test_too_little_is_unscored_and_says_nothing():
    row = scored().loc["talk"]
    assert not row["scored"]
    assert pd.isna(row["score"])
    assert row["penalties"] == {}
    strict = scored_with(limits={**quality.LIMITS, "coverage": 1.0})
    assert not strict.loc["good", "scored"]


def scored_with(**settings) -> pd.DataFrame:
    made = metrics(DATA["sessions"], DATA["steps"], DATA["model_calls"], NOTHING)
    return quality.scores(made, NOTHING, ran=quality.SAFETY, **settings).set_index("session_id")


def test_safety_is_not_observed_where_nobody_looked():
    assert scored(ran=[])["safety"].isna().all()
    assert scored(ran=["secret_exposure"]).loc["good", "safety"] == 100
    assert pd.isna(scored().loc["talk", "safety"])


def test_pushback_costs_human_effort():
    row = scored(finding("told", "user_pushback", "medium")).loc["told"]
    assert row["human_effort"] == 50


def test_every_number_lies_between_nothing_and_a_hundred():
    worst = pd.concat([finding("bad", "secret_exposure", "critical")] * 3, ignore_index=True)
    numbers = scored(worst)[["score", *DIMENSIONS]].astype("Float64").stack().dropna()
    assert numbers.between(0, 100).all()
    assert scored(worst).loc["bad", "safety"] == 0


def made_of(*rows: tuple[str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["model", "project", "outcome"])
    return table.assign(cost_usd=pd.Series(1.0, index=table.index, dtype="Float64"))


def repeated(model: str, project: str, good: int, bad: int) -> list[tuple[str, str, str]]:
    return [(model, project, "success")] * good + [(model, project, "failure")] * bad


def test_rates_leave_unknown_outcomes_out_and_have_their_interval():
    made = rates(made_of(("m", "p", "success"), ("m", "p", "partial"), ("m", "p", "unknown")), medians=["cost_usd"])
    row = made.iloc[0]
    assert [row["sessions"], row["known"], row["successes"], row["tsr"]] == [3, 2, 1, 0.5]
    assert row["tsr_low"] < 0.5 < row["tsr_high"]
    assert [row["cost_usd"], row["cost_usd_n"]] == [1, 3]


def test_a_paradox_is_told():
    rows = [*repeated("a", "easy", 8, 2), *repeated("a", "hard", 27, 63)]
    rows += [*repeated("b", "easy", 63, 27), *repeated("b", "hard", 2, 8)]
    made = rates(made_of(*rows), by="model", strata="project", medians=[]).set_index("model")
    assert made.loc["a", "tsr"] < made.loc["b", "tsr"]
    assert made.loc["a", "tsr_stratified"] > made.loc["b", "tsr_stratified"]
    assert made["simpson"].all()
    assert (made["strata_shared"] == 1).all()


def test_groups_that_share_no_stratum_are_not_compared():
    rows = [*repeated("a", "easy", 1, 1), *repeated("b", "hard", 1, 1)]
    made = rates(made_of(*rows), by="model", strata="project", medians=[])
    assert made[["tsr_stratified", "simpson"]].isna().all(axis=None)
    assert (made["strata_shared"] == 0).all()


def test_a_group_cannot_be_its_own_stratum():
    with pytest.raises(FrameError, match="both a group and a stratum"):
        rates(made_of(("m", "p", "success")), by="model", strata="model", medians=[])
