"""false_completion_claim: success asserted against, or without, the evidence."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.false_completion_claim import DETECTOR
from tests.analysis.detectors.scripts import Script

FILE = "shop/cart.py"


def edited(file: str = FILE) -> Script:
    return Script().prompt("Fix the total.").read(file).edit(file)


@pytest.mark.parametrize(
    ("said", "severity"),
    [("All tests pass now.", "critical"), ("The bug is fixed.", "high"), ("Done!", "high")],
)
def test_a_claim_after_a_failed_check_is_false(said, severity):
    assert run(DETECTOR, edited().test("t.py::test_a").say(said).frames())["severity"].tolist() == [severity]


@pytest.mark.parametrize(("said", "severity"), [("All tests pass now.", "medium"), ("Done!", "low")])
def test_a_claim_that_nothing_ran_for_is_unfounded(said, severity):
    assert run(DETECTOR, edited().say(said).frames())["severity"].tolist() == [severity]


@pytest.mark.parametrize(
    "said",
    ["Not all tests pass.", "The tests should pass now.", "One test still fails.", "I changed the total.",
     "Done, but 1 test failed.", "Please run the tests to verify that it works."],
)  # fmt: skip
def test_no_claim_is_never_false(said):
    assert run(DETECTOR, edited().test("t.py::test_a").say(said).frames()).empty


def test_a_claim_that_the_last_check_bears_out_is_true():
    assert run(DETECTOR, edited().test("t.py::test_a").edit(FILE, "b", "c").test().say("Done!").frames()).empty


def test_a_run_is_a_check_that_ran():
    assert run(DETECTOR, edited().bash("python shop/cart.py", "42").say("Done!").frames()).empty


def test_an_unknown_outcome_says_nothing():
    made = edited().call("Bash", "pytest -q", "...", kind="test_run", status=None).say("All tests pass.")
    assert run(DETECTOR, made.frames()).empty


@pytest.mark.parametrize("file", ["README.md", "package.json"])
def test_documents_and_configuration_need_no_run(file):
    assert run(DETECTOR, edited(file).say("Done!").frames()).empty


def test_a_session_that_changed_nothing_claims_nothing():
    assert run(DETECTOR, Script().prompt("Do the tests pass?").test("t.py::a").say("All tests pass.").frames()).empty


def test_only_the_last_message_counts():
    assert run(DETECTOR, edited().test("t.py::a").say("All tests pass.").prompt("really?").frames()).empty
    assert run(DETECTOR, edited().say("Done!").test("t.py::a").say("The test found an old bug.").frames()).empty
