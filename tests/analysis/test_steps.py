"""Steps: what was done, in order, read alike whatever the agent."""

import json

import pandas as pd
import pytest

from agentobs.analysis.steps import arguments, outputs
from agentobs.analysis.steps import steps as build
from tests.analysis.detectors.scripts import Script

TWO_EDITS = [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d"}]


def steps(script: Script) -> pd.DataFrame:
    return script.frames()["steps"]


def test_prompts_thoughts_answers_calls_and_marks_come_in_their_order():
    script = Script().prompt("Fix it").think("hm").read("a.py").compaction().interrupt().error("API error").say("Done.")
    found = steps(script)
    assert found["kind"].tolist() == ["prompt", "thought", "call", "compaction", "interrupt", "error", "answer"]
    assert found["step"].tolist() == list(range(7))


def test_a_call_has_what_its_result_said():
    (row,) = steps(
        Script().call("Bash", "pytest", "FAILED t.py::a - x\n1 failed", kind="test_run", status="error", exit_code=1)
    ).to_dict("records")
    assert row["command"] == "pytest"
    assert (row["passed"], row["failed"], row["failed_tests"], row["failing"]) == (False, True, 1, ["t.py::a"])
    assert row["duration_ms"] == 1000


def test_a_call_without_a_result_is_neither_failed_nor_passed():
    (row,) = steps(Script().call("Bash", "sleep 9", result=False)).to_dict("records")
    assert pd.isna(row["failed"])
    assert pd.isna(row["status"])
    assert pd.isna(row["output_key"])


@pytest.mark.parametrize(
    ("tool", "kind", "text", "old", "new"),
    [
        ("Edit", "file_write", json.dumps({"file_path": "a", "old_string": "x", "new_string": "y"}), "x", "y"),
        ("MultiEdit", "file_write", json.dumps({"edits": TWO_EDITS}), "a\nc", "b\nd"),
        ("write", "file_create", json.dumps({"filePath": "a", "content": "all"}), None, "all"),
        (
            "apply_patch",
            "file_write",
            "*** Begin Patch\n*** Update File: a\n@@\n-old\n+new\n*** End Patch",
            "old",
            "new",
        ),
        (
            "replace_in_file",
            "file_write",
            json.dumps({"diff": "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE"}),
            "old",
            "new",
        ),
        ("edit", "file_write", "edit 3:4\nnew text\nend_of_edit", None, "new text"),
        ("Read", "file_read", json.dumps({"file_path": "a"}), None, None),
    ],
)
def test_what_an_edit_replaced_and_wrote(tool, kind, text, old, new):
    found = arguments.read(tool, kind, text)
    assert (found.old, found.new) == (old, new)


@pytest.mark.parametrize(
    ("given", "range_"),
    [
        ({"file_path": "a"}, ""),
        ({"file_path": "a", "offset": 10, "limit": 5}, "10:5"),
        ({"path": "a", "view_range": [1, 9]}, "[1, 9]"),
    ],
)
def test_the_range_of_a_read(given, range_):
    assert arguments.read("Read", "file_read", json.dumps(given)).range == range_


def test_the_order_of_arguments_and_white_space_at_line_ends_do_not_count():
    one = arguments.read("T", "tool_invocation", '{"a": 1, "b": "x"}').key
    assert one == arguments.read("T", "tool_invocation", '{"b":"x","a":1}').key
    assert one != arguments.read("U", "tool_invocation", '{"a": 1, "b": "x"}').key
    assert (
        arguments.read("Bash", "command_execute", "ls  \n").key == arguments.read("Bash", "command_execute", "ls").key
    )


@pytest.mark.parametrize(
    ("todos", "left"),
    [
        ([], None),
        (["text"], None),
        ([{"content": "x", "status": "pending"}], 1),
        ([{"content": "x", "status": "completed"}, {"content": "y", "status": "in_progress"}], 1),
    ],
)
def test_open_todos(todos, left):
    assert arguments.read("TodoWrite", "tool_invocation", json.dumps({"todos": todos})).open_todos == left


@pytest.mark.parametrize(
    ("status", "exit_code", "output", "passed"),
    [
        ("ok", 0, "3 passed in 0.1s", True),
        ("ok", 0, "2 failed, 3 passed", False),  # pytest | tail
        ("ok", None, "Traceback (most recent call last):", False),
        ("error", 1, None, False),
        (None, None, "Ran 3 tests in 0.1s\n\nOK", True),
        (None, None, "hello", None),
        (None, None, None, None),
        ("denied", None, "", None),
        ("ok", None, "", True),
        (None, 2, "3 passed", False),
        (None, None, "test result: ok. 5 passed; 0 failed; 0 ignored", True),
        (None, None, "Tests:       1 failed, 4 passed, 5 total", False),
        ("ok", 0, "error: logged by the code under test\nretry: failed 3 times\n 1232 pass\n 0 fail", True),  # bun
        ("ok", None, " 12 pass\n 2 fail\nRan 14 tests across 3 files", False),
    ],
)
def test_whether_a_check_passed(status, exit_code, output, passed):
    assert outputs.verdict(status, exit_code, output) is passed


@pytest.mark.parametrize(
    ("output", "names"),
    [
        ("FAILED t.py::test_a - AssertionError\nFAILED t.py::test_b", ["t.py::test_a", "t.py::test_b"]),
        ("FAIL: test_a (pkg.T)\n---", ["test_a (pkg.T)"]),
        ("--- FAIL: TestSum (0.00s)", ["TestSum"]),
        ("test cart::sums ... FAILED", ["cart::sums"]),
        ("  ✕ adds up (3 ms)", ["adds up"]),
        ("3 passed", []),
    ],
)
def test_names_of_failing_tests(output, names):
    assert outputs.failing_tests(output) == names


def test_an_error_is_the_same_whatever_its_numbers_folders_and_addresses():
    one = outputs.error_key("Bash", "Traceback:\n  File /home/ada/a.py line 3\nKeyError: 17 at 0xdeadbeef")
    assert one == outputs.error_key("Bash", "Traceback:\n  File /tmp/a.py line 99\nKeyError: 4 at 0x1234")
    assert one != outputs.error_key("Bash", "Traceback:\n  File /tmp/b.py line 99\nValueError: 4")


def test_times_and_durations_do_not_make_an_output_another():
    assert outputs.output_key("done in 1.2s at 2026-03-09T09:00:00Z") == outputs.output_key(
        "done in 9.9s at 2026-03-10T10:00:00Z"
    )
    assert outputs.output_key("3 passed") != outputs.output_key("4 passed")


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("cat a.py", ("a.py", "")),
        ("sed -n '1,20p' src/a.py", ("src/a.py", "1,20")),
        ("cd /home/ada && head -n 5 a.py", ("a.py", "head 5")),
        ("cat a.py | sed -n 3,9p", ("a.py", "3,9")),
        ("cat a.py b.py", None),
        ("cat a.py > b.py", None),
        ("cat $FILE", None),
        ("cat a.py && rm a.py", None),
        ("echo cat a.py", None),
    ],
)
def test_a_command_that_does_nothing_but_print_a_file(command, shown):
    assert arguments.printed(command) == shown


def test_such_a_command_is_a_read_of_the_file():
    (row,) = steps(Script().bash("sed -n 1,20p src/a.py", "text")).to_dict("records")
    assert (row["file_path"], row["read_range"]) == ("src/a.py", "1,20")


@pytest.mark.parametrize(
    ("native", "keys"),
    [("gemini", [None, "r1", "r1", "r2"]), ("event_msg/token_count", ["r1", "r2", "r2", None])],
)
def test_calls_that_do_not_name_their_response_belong_to_the_one_recorded_before_or_after(native, keys):
    made = Script().read("a").say("one", native_type=native).read("b").read("c").say("two", native_type=native)
    data = made.read("d").frames()
    is_answer = data["events"]["type"] == "llm_response"
    names = iter(["r1", "r2"])
    told = [next(names) if one else None for one in is_answer]
    found = build(data["events"].assign(usage_key=told), data["tool_calls"], data["messages"], data["contents"])
    calls = found[found["kind"] == "call"]["response"].tolist()
    assert [None if pd.isna(key) else key for key in calls] == keys
