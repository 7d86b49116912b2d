"""postcompact_reread: read again soon after a compaction."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.postcompact_reread import DETECTOR
from tests.analysis.detectors.scripts import Script


def before(*files: str) -> Script:
    made = Script().prompt("Go.")
    for file in files:
        made.read(file, "x" * 400)
    return made.compaction()


def other(made: Script, count: int) -> Script:
    for number in range(count):
        made.bash(f"ls {number}", "x")
    return made


def test_a_file_read_on_both_sides_counts():
    (finding,) = run(DETECTOR, before("a.py", "b.py").read("a.py", "x" * 400).frames()).itertuples()
    assert (finding.severity, len(finding.event_ids), finding.wasted_event_ids) == ("low", 3, [])
    assert finding.explanation == "1 files were read again within 10 calls after a compaction, about 100 tokens: a.py"


@pytest.mark.parametrize(("between", "findings"), [(0, 1), (9, 1), (10, 0)])
def test_ten_calls_after_it_count(between, findings):
    assert len(run(DETECTOR, other(before("a.py"), between).read("a.py").frames())) == findings


def test_another_file_or_no_compaction_is_none():
    assert run(DETECTOR, before("a.py").read("b.py").frames()).empty
    assert run(DETECTOR, before("old/a.py").read("new/a.py").frames()).empty
    assert run(DETECTOR, Script().read("a.py").read("a.py").frames()).empty


def test_a_read_that_failed_is_none():
    assert run(DETECTOR, before("a.py").call("Read", {"file_path": "a.py"}, "no", status="error").frames()).empty


def test_each_file_is_counted_once_and_three_weigh_more():
    made = before("a.py", "b.py", "c.py").read("a.py").read("a.py").read("b.py").read("c.py")
    (finding,) = run(DETECTOR, made.frames()).itertuples()
    assert finding.severity == "medium"
    assert finding.explanation.startswith("3 files")


def test_a_subagent_has_a_context_of_its_own():
    assert run(DETECTOR, before("a.py").call("Read", {"file_path": "a.py"}, "x", thread="t1").frames()).empty


def test_each_compaction_is_a_finding():
    assert len(run(DETECTOR, before("a.py").read("a.py").compaction().read("a.py").frames())) == 2
