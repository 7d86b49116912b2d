"""blind_edit: edits of files that the session never saw."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.blind_edit import DETECTOR
from tests.analysis.detectors.scripts import Script

FILE = "shop/cart.py"


def found(script: Script) -> list[str]:
    return run(DETECTOR, script.frames())["explanation"].tolist()


def test_an_edit_of_a_file_that_was_never_read_is_blind():
    (finding,) = run(DETECTOR, Script().prompt("Fix it.").read("shop/tax.py").edit(FILE).frames()).itertuples()
    assert (finding.severity, finding.confidence, finding.wasted_event_ids) == ("medium", 0.9, [])
    assert finding.explanation == "cart.py was edited and this session had never read it"


def test_the_same_file_is_blind_once():
    assert len(found(Script().edit(FILE).edit(FILE, "b", "c"))) == 1


@pytest.mark.parametrize(
    ("tool", "given", "output"),
    [
        ("Read", {"file_path": FILE}, "1\ttotal = 0"),
        ("Read", {"file_path": f"/home/ada/shop/{FILE}"}, "1\ttotal = 0"),
        ("Read", {"file_path": f"./{FILE}"}, "1\ttotal = 0"),
        ("Bash", f"cat {FILE}", "total = 0"),
        ("Bash", f"cd shop && sed -n '1,40p' {FILE}", "total = 0"),
        ("Bash", f"head -20 {FILE}", "total = 0"),
        ("Bash", f"grep -n total {FILE}", "3:total = 0"),
        ("Bash", "cat shop/*.py", "total = 0"),
        ("Bash", "git diff", f"diff --git a/{FILE} b/{FILE}\n@@ -1,2 +1,2 @@\n 12: total"),
        ("Bash", f"cat > {FILE} <<EOF\ntotal = 0\nEOF", ""),
        ("Grep", {"pattern": "total"}, f"{FILE}:3: total = 0"),
        ("Write", {"file_path": FILE, "content": "total = 0"}, "File created"),
        ("mcp__fs__read_file", {"path": FILE}, "total = 0"),
    ],
)
def test_a_file_that_was_printed_or_made_was_seen(tool, given, output):
    assert found(Script().call(tool, given, output).edit(FILE)) == []


@pytest.mark.parametrize(
    ("tool", "given", "output"),
    [
        ("Grep", {"pattern": "total", "output_mode": "files_with_matches"}, f"Found 1 file\n{FILE}"),
        ("Glob", {"pattern": "**/*.py"}, FILE),
        ("Bash", f"ls -la {FILE}", FILE),
        ("Bash", f"pytest {FILE}", "1 passed"),
        ("Read", {"file_path": "old/cart.py"}, "total = 0"),
        ("Bash", f"cat {FILE}", ""),
    ],
)
def test_a_name_alone_shows_nothing(tool, given, output):
    assert len(found(Script().call(tool, given, output).edit(FILE))) == 1


def test_a_read_that_failed_is_none():
    assert len(found(Script().call("Read", {"file_path": FILE}, "too large", status="error").edit(FILE))) == 1


def test_an_edit_that_failed_is_none():
    assert found(Script().edit(FILE, status="error", said="File has not been read yet")) == []


def test_creating_or_writing_a_new_file_is_no_edit():
    made = Script().call("Write", {"file_path": FILE, "content": "x"}, "ok", kind="file_write")
    assert found(made) == []


def test_overwriting_a_file_unseen_is_blind():
    said = f"The file {FILE} has been updated."
    assert len(found(Script().call("Write", {"file_path": FILE, "content": "x"}, said, kind="file_write"))) == 1


def test_a_compaction_makes_a_file_unseen_and_is_evidence():
    (finding,) = run(DETECTOR, Script().read(FILE).compaction().edit(FILE).frames()).itertuples()
    assert (finding.severity, finding.confidence, len(finding.event_ids)) == ("low", 0.6, 2)


def test_a_read_after_the_compaction_is_enough():
    assert found(Script().read(FILE).compaction().read(FILE).edit(FILE)) == []


@pytest.mark.parametrize("command", ["git pull --rebase", f"git checkout {FILE}", f"black {FILE}"])
def test_a_change_from_outside_makes_a_file_unseen(command):
    assert found(Script().read(FILE).bash(command, "done").edit(FILE)) == [
        "cart.py was edited and had not been read since a command changed it"
    ]


@pytest.mark.parametrize("command", ["git restore --staged shop/cart.py", "black shop/tax.py", "git status"])
def test_other_commands_change_no_file(command):
    assert found(Script().read(FILE).bash(command, "done").edit(FILE)) == []


def test_a_file_that_the_prompt_brought_along_was_seen():
    assert found(Script().prompt(f"Fix @{FILE}").edit(FILE)) == []
    assert len(found(Script().prompt(f"Fix the total in {FILE}").edit(FILE))) == 1


def test_what_a_subagent_read_the_session_has_read():
    assert found(Script().call("Read", {"file_path": FILE}, "text", thread="t1").edit(FILE)) == []
