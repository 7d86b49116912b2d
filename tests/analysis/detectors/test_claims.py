"""The lexicon of claims: what counts as an assertion of success, and what does not."""

import pytest

from agentobs.analysis.detectors._claims import CHECKED, DONE, WORKS, admits_failure, admits_unchecked, claims_in


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("All tests pass.", {CHECKED}),
        ("All 42 tests are passing now.", {CHECKED}),
        ("The tests now pass.", {CHECKED}),
        ("12 passed, 0 failed.", {CHECKED}),
        ("The build succeeded.", {CHECKED}),
        ("It compiles cleanly.", {CHECKED}),
        ("I verified the fix with a script.", {CHECKED}),
        ("The bug is fixed.", {WORKS}),
        ("I've fixed the rounding.", {WORKS}),
        ("This resolves the issue.", {WORKS}),
        ("Everything works.", {WORKS}),
        ("The page works as expected.", {WORKS}),
        ("The crash no longer happens; the total is now resolved.", {WORKS}),
        ("Done!", {DONE}),
        ("Task complete.", {DONE}),
        ("I have implemented the feature.", {DONE}),
        ("The migration is complete.", {DONE}),
        ("Implemented the split.", {DONE}),
        ("The previously failing test now passes. All tests pass.", {CHECKED}),
        ("Done. Let me know if you want more.", {DONE}),
    ],
)
def test_a_claim_is_seen(said, kinds):
    assert kinds <= claims_in(said)


@pytest.mark.parametrize(
    "said",
    [
        "Not all tests pass.",
        "The tests should pass now.",
        "The tests don't pass yet.",
        "This isn't done.",
        "I'll run the tests to make sure all tests pass.",
        "Let me verify that it works now.",
        "Once all tests pass we can merge.",
        "If the build succeeds, it is done.",
        "Do all tests pass?",
        "It might be fixed.",
        "Hopefully everything works.",
        "Only some of the tests pass.",
        "The plan: 1. edit 2. test",
        "Run `npm test` until it says `All tests pass`.",
        "> All tests pass.",
        "```\nAll tests pass.\n```",
        "I changed the colour of the button.",
        "",
    ],
)
def test_a_negation_a_condition_a_plan_or_a_quotation_is_no_claim(said):
    assert claims_in(said) == set()


@pytest.mark.parametrize(
    "said",
    ["Two tests are still failing.", "3 tests failed.", "The suite has 3 unrelated existing failures.",
     "I was unable to finish.", "Not all tests pass.", "The remaining errors are in tax.py."],
)  # fmt: skip
def test_a_failure_is_admitted(said):
    assert admits_failure(said)


@pytest.mark.parametrize(
    "said", ["All tests pass.", "0 failed", "I fixed the 3 errors.", "Fixed a bug that caused 2 failures.", "Done."]
)
def test_a_mended_failure_is_no_admission(said):
    assert not admits_failure(said)


@pytest.mark.parametrize(
    "said",
    ["I couldn't run the tests.", "I can't run the tests here.", "The change is untested.", "I have not tested it.",
     "Please run the tests.", "We don't have direct access to run the tests."],
)  # fmt: skip
def test_work_that_was_not_checked_is_admitted(said):
    assert admits_unchecked(said)


@pytest.mark.parametrize("said", ["All tests pass.", "I ran the tests.", "Done."])
def test_checked_work_admits_nothing(said):
    assert not admits_unchecked(said)
