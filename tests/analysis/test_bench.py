"""Precision and recall of detectors: what counts as found, what as a false alarm, what is unknown."""

import pandas as pd
import pytest

from agentobs.analysis.bench import agreement, quality, verdicts
from agentobs.frames import ANNOTATIONS, FINDINGS, conform


def labels(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=pd.Index(["session_id", "detector", "expected", "offsets"]))


def findings(*rows: tuple) -> pd.DataFrame:
    data = pd.DataFrame(rows, columns=pd.Index(["session_id", "detector", "severity", "event_ids"]))
    return conform(data.reindex(columns=[*FINDINGS.names]), FINDINGS)


EVENTS = pd.DataFrame({"event_id": ["a", "b", "c"], "source_offset": [0, 100, 200]})


@pytest.mark.parametrize(
    ("expected", "planted", "found", "right"),
    [
        (True, [100], ["b", "c"], True),
        (True, [100], ["a", "c"], False),  # it found something else
        (True, [100], None, False),
        (False, [], None, True),
        (False, [], ["a"], False),
    ],
)
def test_a_label_is_right_or_wrong(expected, planted, found, right):
    said = findings(*([("s", "churn", "low", found)] if found else []))
    made = verdicts(labels(("s", "churn", expected, planted)), said, EVENTS)
    assert made["right"].tolist() == [right]
    assert made["findings"].tolist() == [int(found is not None)]


def test_a_finding_of_another_detector_says_nothing_of_this_label():
    made = verdicts(labels(("s", "churn", False, [])), findings(("s", "rollback", "high", ["a"])), EVENTS)
    assert made["right"].tolist() == [True]


def test_what_is_only_for_information_is_no_false_alarm_on_a_plain_session():
    said = findings(("s", "churn", "info", ["a"]), ("s", "rollback", "low", ["a"]), ("s", "rollback", "low", ["b"]))
    made = verdicts(labels(("s", None, False, [])), said, EVENTS)
    assert made[["detector", "kind", "right", "findings"]].values.tolist() == [["rollback", "plain", False, 2]]


def cases(found: int, missed: int, quiet: int, alarms: int, plain: int) -> pd.DataFrame:
    rows = [("planted", True)] * found + [("planted", False)] * missed
    rows += [("near_miss", True)] * quiet + [("near_miss", False)] * alarms + [("plain", False)] * plain
    data = pd.DataFrame(rows, columns=pd.Index(["kind", "right"]))
    return data.assign(detector="churn", session_id="s", findings=1).astype({"right": "boolean"})


def test_alarms_on_plain_sessions_lower_the_precision():
    row = quality(cases(found=18, missed=2, quiet=19, alarms=1, plain=1), 60).iloc[0]
    assert row[["planted", "found", "near_misses", "false_alarms", "plain_sessions", "plain_alarms"]].tolist() == [
        *(20, 18, 20, 1, 60, 1)
    ]
    assert row["precision"] == pytest.approx(0.9)
    assert row["recall"] == pytest.approx(0.9)
    assert row["weak"]


def test_the_interval_is_wilsons():
    row = quality(cases(found=16, missed=0, quiet=16, alarms=0, plain=0), 60).iloc[0]
    assert (row["recall_low"], row["recall_high"]) == (pytest.approx(0.8064, abs=1e-4), 1.0)
    assert not row["weak"]


def test_a_silent_detector_has_no_precision_and_is_weak():
    row = quality(cases(found=0, missed=16, quiet=16, alarms=0, plain=0), 60).iloc[0]
    assert pd.isna(row["precision"])
    assert row["recall"] == 0
    assert row["weak"]


def test_a_detector_without_labels_is_not_judged():
    assert quality(cases(0, 0, 0, 0, plain=3), 60).empty


def votes(*rows: tuple) -> pd.DataFrame:
    names = ["annotation_id", "finding_id", "detector", "agreed", "author"]
    data = pd.DataFrame(rows, columns=pd.Index(names))
    return conform(data.reindex(columns=[*ANNOTATIONS.names]), ANNOTATIONS)


def test_the_last_word_of_each_author_on_a_finding_counts():
    made = agreement(
        votes(
            (1, "f", "churn", True, "ada"),
            (2, "f", "churn", False, "ada"),
            (3, "f", "churn", True, "bob"),
            (4, "g", "churn", True, "ada"),
            (5, None, None, None, "ada"),
        )
    )
    assert made[["detector", "votes", "agreed"]].values.tolist() == [["churn", 3, 2]]
    assert made["precision"].iloc[0] == pytest.approx(2 / 3)


def test_without_votes_there_is_no_agreement():
    assert agreement(votes((1, None, None, None, "ada"))).empty
