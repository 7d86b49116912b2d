"""unverified_finish: no successful check after the last edit."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.unverified_finish import DETECTOR
from tests.analysis.detectors.scripts import Script

FILE = "shop/cart.py"


def edited(file: str = FILE) -> Script:
    return Script().prompt("Fix the total.").read(file).edit(file)


def test_an_edit_and_an_answer_are_an_unverified_finish():
    (finding,) = run(DETECTOR, edited().say("Done.").frames()).itertuples()
    assert (finding.severity, finding.confidence) == ("medium", 0.85)
    assert finding.explanation == "the last edit, of cart.py, was followed by 1 steps and no test, build or run"


@pytest.mark.parametrize(
    "command",
    ["python shop/cart.py", "npm start", "ruff check .", "./shop.sh", "make", "cd shop && node cart.js", "mypy shop",
     "PYTHONPATH=. python -m shop", "uv run shop", "npx eslint .", "curl localhost:8000/cart", "cargo run"],
)  # fmt: skip
def test_a_run_that_succeeded_verifies(command):
    assert run(DETECTOR, edited().bash(command, "42").say("Done.").frames()).empty


@pytest.mark.parametrize(
    "command",
    ["ls", "cat shop/cart.py", "git diff", "git commit -am fix", "pip install shop", "python --version", "rm probe.py"],
)
def test_a_command_that_runs_nothing_does_not(command):
    assert len(run(DETECTOR, edited().bash(command, "x").say("Done.").frames())) == 1


def test_tests_verify_only_when_they_pass():
    assert run(DETECTOR, edited().test().say("Done.").frames()).empty
    assert run(DETECTOR, edited().test("t.py::test_a").say("Hm.").frames())["severity"].tolist() == ["high"]


def test_tests_before_the_last_edit_do_not_count():
    assert len(run(DETECTOR, edited().test().edit(FILE, "b", "c").say("Done.").frames())) == 1


def test_a_check_whose_outcome_is_unknown_may_have_passed():
    made = edited().call("Bash", "python shop/cart.py", "42", status=None).say("Done.")
    assert run(DETECTOR, made.frames()).empty


def test_a_filter_that_finds_no_error_is_no_failure():
    made = edited().bash("npx tsc --noEmit | grep 'cart\\|tax'", "", kind="build_trigger", ok=False).say("Done.")
    assert run(DETECTOR, made.frames()).empty


@pytest.mark.parametrize("end", [lambda made: made.interrupt(), lambda made: made.prompt("thanks"), lambda made: made])
def test_a_session_that_its_agent_did_not_finish_is_none(end):
    assert run(DETECTOR, end(edited()).frames()).empty


@pytest.mark.parametrize("file", ["README.md", "docs/plan.txt", "logo.svg", "CHANGELOG"])
def test_documents_need_no_check(file):
    assert run(DETECTOR, edited(file).say("Done.").frames()).empty


def test_configuration_weighs_less():
    assert run(DETECTOR, edited("package.json").say("Done.").frames())["severity"].tolist() == ["low"]


def test_an_edit_that_failed_changed_nothing():
    assert run(DETECTOR, edited().test().edit(FILE, status="error").say("Done.").frames()).empty


def test_handing_in_is_finishing():
    assert len(run(DETECTOR, edited().say("Good.").call("submit", "submit", "diff").frames())) == 1
