"""thin_prompt: tasks that say neither when they are done nor what they are about."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.thin_prompt import DETECTOR
from tests.analysis.detectors.scripts import Script


@pytest.mark.parametrize("text", ["Improve the app", "Fix the login bug", "make it nicer please", "Add dark mode"])
def test_a_task_without_criterion_check_or_code_is_thin(text):
    (finding,) = run(DETECTOR, Script().prompt(text).edit("a.py").frames()).itertuples()
    assert finding.severity == "low"


@pytest.mark.parametrize(
    "text",
    [
        "Fix the login bug in auth.py",
        "Fix the login bug so that ada can log in",
        "Fix the login bug and run the tests",
        "Add dark mode; it must follow the system",
        "Rename `total`",
        "Fix #123",
        "Refactor parse_config",
        "Make CartTotal faster",
        "yes",
        "go on",
        "What is this?",
        "git push",
        "Почини вход в систему",
        "word " * 41,
    ],
)
def test_a_task_with_any_of_them_or_no_task_is_not(text):
    assert run(DETECTOR, Script().prompt(text).edit("a.py").frames()).empty


def test_a_prompt_that_set_nothing_off_gave_no_task():
    assert run(DETECTOR, Script().prompt("Improve the app").say("How?").frames()).empty


def test_a_later_prompt_may_lean_on_earlier_ones():
    script = Script().prompt("Fix auth.py").edit("auth.py").prompt("Improve the app").edit("auth.py")
    (finding,) = run(DETECTOR, script.frames()).itertuples()
    assert (finding.severity, finding.confidence) == ("info", 0.5)


def test_the_longest_thin_prompt_is_a_parameter():
    assert run(DETECTOR, Script().prompt("Improve the app").edit("a.py").frames(), max_words=2).empty
