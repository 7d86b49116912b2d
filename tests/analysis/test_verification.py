"""Verification: edits, the checks after them, and the first green."""

import pandas as pd
import pytest

from agentobs import frames
from agentobs.analysis.verification import verification
from tests.analysis.detectors.scripts import Script


def of(script: Script) -> pd.Series:
    data = script.frames()
    return verification(data["steps"], data["sessions"]["session_id"]).iloc[0]


def test_an_edit_is_verified_by_a_later_check_that_passed():
    made = of(Script().edit("a.py").edit("b.py").test("t::a").edit("a.py").test().edit("b.py").say("Done."))
    assert [made[name] for name in ("code_edits", "verified_edits", "checks", "test_runs")] == [4, 3, 2, 2]
    assert made["edits_verified_share"] == 0.75
    assert made["checks_per_edit"] == 0.5
    assert not made["verified_finish"]


def test_pass_rates_are_of_the_known_test_runs():
    mute = {"kind": "test_run", "status": None}
    made = of(Script().edit("a.py").test("t::a").test().call("Bash", "pytest -q", None, **mute))
    assert made["test_pass_rate"] == 0.5
    assert made["test_passed_last"]
    assert made["test_passed_any"]
    assert made["test_runs"] == 3


def test_the_time_to_the_first_green_is_from_the_first_step_to_its_end():
    made = of(Script().prompt("Fix it").edit("a.py").test("t::a").test())
    # prompt at 10 s, edit 20-21 s, red 31-32 s, green 42-43 s
    assert made["first_green_s"] == pytest.approx(33)
    assert made["first_green_calls"] == 2


def test_without_green_its_time_is_unknown():
    made = of(Script().prompt("Fix it").edit("a.py").test("t::a"))
    assert pd.isna(made["first_green_s"])
    assert pd.isna(made["first_green_calls"])


def test_a_check_that_does_not_say_leaves_its_edit_out():
    mute = Script().edit("a.py").call("Bash", "pytest -q", None, kind="test_run", status=None)
    made = of(mute)
    assert pd.isna(made["edits_verified_share"])
    assert pd.isna(made["verified_finish"])
    assert pd.isna(made["test_pass_rate"])
    assert made["test_runs"] == 1


def test_unchecked_edits_are_known_not_to_be_verified():
    made = of(Script().edit("a.py").say("Done."))
    assert made["edits_verified_share"] == 0
    assert not made["verified_finish"]


def test_documents_need_no_check():
    made = of(Script().edit("README.md").say("Done."))
    assert made["code_edits"] == 0
    assert pd.isna(made["edits_verified_share"])
    assert pd.isna(made["checks_per_edit"])


def test_no_steps_are_no_numbers():
    made = verification(frames.empty(frames.STEPS), pd.Series(["s1"], dtype="str"))
    assert made["checks"].tolist() == [0]
    assert made[["test_pass_rate", "edits_verified_share", "verified_finish"]].isna().all(axis=None)
