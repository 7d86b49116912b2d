"""search_thrash: many searches and hardly a look at what they found."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.search_thrash import DETECTOR
from tests.analysis.detectors.scripts import Script


def search(made: Script, count: int, output: str | None = "No files found", start: int = 0) -> Script:
    for number in range(start, start + count):
        made.call("Grep", {"pattern": f"total{number}"}, output)
    return made


@pytest.mark.parametrize(("count", "severity"), [(4, []), (5, ["medium"]), (12, ["medium"])])
def test_five_searches_that_lead_nowhere_count(count, severity):
    found = run(DETECTOR, search(Script().prompt("Go."), count).frames())
    assert found["severity"].tolist() == severity


def test_one_in_five_is_enough():
    made = search(Script(), 4).call("Grep", {"pattern": "x"}, "shop/cart.py").read("shop/cart.py")
    assert run(DETECTOR, made.frames()).empty


def test_one_in_six_is_not():
    made = search(Script(), 5).call("Grep", {"pattern": "x"}, "shop/cart.py").read("shop/cart.py")
    (finding,) = run(DETECTOR, made.frames()).itertuples()
    assert (finding.severity, len(finding.event_ids), finding.wasted_event_ids) == ("low", 6, [])
    assert finding.explanation == "6 searches, of which 1 led to a look at a file that they had found"


@pytest.mark.parametrize("look", ["cat shop/cart.py", "sed -n '1,9p' shop/cart.py"])
def test_a_command_or_an_edit_is_a_look_too(look):
    found = search(Script(), 4).call("Grep", {"pattern": "x"}, "shop/cart.py")
    assert run(DETECTOR, found.bash(look, "total").frames()).empty
    found = search(Script(), 4).call("Grep", {"pattern": "x"}, "shop/cart.py")
    assert run(DETECTOR, found.edit("shop/cart.py").frames()).empty


def test_a_read_of_something_else_or_too_late_is_none():
    made = search(Script(), 5, "shop/cart.py").read("shop/tax.py")
    assert len(run(DETECTOR, made.frames())) == 1
    for number in range(10):
        made.bash(f"ls {number}", "x")
    assert len(run(DETECTOR, made.read("shop/cart.py").frames())) == 1


def test_a_name_in_no_matches_is_no_hit():
    made = search(Script(), 5, 'No matches found for "cart.py"').read("cart.py")
    assert len(run(DETECTOR, made.frames())) == 1


def test_a_prompt_of_the_human_begins_a_new_stretch():
    assert run(DETECTOR, search(search(Script(), 3).prompt("And?"), 3, start=3).frames()).empty


def test_unknown_results_and_searches_of_the_web_do_not_count():
    assert run(DETECTOR, search(Script(), 6, None).frames()).empty
    made = Script()
    for number in range(6):
        made.call("WebSearch", {"query": str(number)}, "links", kind="search_performed")
    assert run(DETECTOR, made.frames()).empty


def test_the_share_is_a_parameter():
    made = search(Script(), 4).call("Grep", {"pattern": "x"}, "shop/cart.py").read("shop/cart.py")
    assert len(run(DETECTOR, made.frames(), share=0.5)) == 1
