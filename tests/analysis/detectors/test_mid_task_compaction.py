"""mid_task_compaction: compacted while something was open."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.mid_task_compaction import DETECTOR
from tests.analysis.detectors.scripts import Script

FILE = "shop/cart.py"


def todo(made: Script, *states: str) -> Script:
    return made.call("TodoWrite", {"todos": [{"content": "x", "status": state} for state in states]}, "ok")


def found(script: Script) -> list[tuple[str, float, str]]:
    data = run(DETECTOR, script.frames())
    said = data["explanation"].str.removeprefix("the context was compacted while ")
    return list(zip(data["severity"], data["confidence"], said, strict=True))


def test_open_todos_count():
    assert found(todo(Script(), "completed", "pending").compaction()) == [("medium", 0.95, "1 todos were open")]


def test_only_the_last_list_counts():
    assert found(todo(todo(Script(), "pending"), "completed").compaction()) == []


def test_an_edit_without_a_check_counts():
    assert found(Script().edit(FILE).read("a.py").compaction()) == [
        ("low", 0.8, "an edit of cart.py was not validated")
    ]


def test_after_an_answer_the_task_may_have_been_over():
    assert [one[1] for one in found(Script().edit(FILE).say("Changed.").compaction())] == [0.6]


def test_a_failed_check_validates_nothing():
    assert len(found(Script().edit(FILE).test("t.py::a").compaction())) == 1


@pytest.mark.parametrize(
    "made",
    [
        Script().edit(FILE).test(),
        Script().edit(FILE).call("Bash", "pytest", "...", kind="test_run", status=None),
        Script().edit("README.md"),
        Script().edit(FILE, status="error"),
        Script().read(FILE),
        todo(Script(), "completed").edit(FILE).test(),
    ],
)
def test_what_is_done_and_checked_is_over(made):
    assert found(made.compaction()) == []


def test_what_comes_after_the_compaction_does_not_count():
    assert found(todo(Script().compaction().edit(FILE), "pending")) == []


def test_both_are_said_once():
    (finding,) = found(todo(Script().edit(FILE), "pending").compaction())
    assert finding[2] == "1 todos were open and an edit of cart.py was not validated"
