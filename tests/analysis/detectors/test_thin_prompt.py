"""thin_prompt: tasks that say neither when they are done nor what they are about."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.thin_prompt import DETECTOR
from tests.analysis.detectors.scripts import Script


@pytest.mark.parametrize(
    "text",
    [
        "Improve the app",
        "Fix the login bug",
        "make it nicer please",
        "Add dark mode",
        "nothing works anymore, please repair it",
        "my site is not working, save me",
        "the printing isn't working",
        "I don't understand what is going on here, sort it out",
        "the thing broke, no idea why exactly, please mend it",
        "work on the remaining things from my notes today",
        "keep working through the backlog, as much as possible",
    ],
)
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
        "get the login to work on Safari",
        "make printing work again on the second floor",
        "printing works on paper, let it do so on foil",
        "tidy up but don't change any public names",
        "it crashes whenever two people save",
        "users have to stay logged in after a restart",
        "show exactly three rows in the overview",
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


def test_a_later_prompt_about_the_work_before_it_gives_no_new_task():
    script = Script().prompt("Fix auth.py").edit("auth.py").prompt("it doesn't work, help").edit("auth.py")
    assert run(DETECTOR, script.frames()).empty
    assert len(run(DETECTOR, Script().prompt("it doesn't work, help").edit("auth.py").frames())) == 1


def test_the_longest_thin_prompt_is_a_parameter():
    assert run(DETECTOR, Script().prompt("Improve the app").edit("a.py").frames(), max_words=2).empty
