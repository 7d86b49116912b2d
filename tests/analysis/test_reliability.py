"""Reliability: classes of errors, rates, recoveries."""

import pandas as pd
import pytest

from agentobs import frames
from agentobs.analysis.reliability import CLASSES, environmental, error_class, errors_by_class, reliability
from tests.analysis.detectors.scripts import Script


@pytest.mark.parametrize(
    ("kind", "status", "output", "expected"),
    [
        ("file_read", "error", "ENOENT: no such file or directory, open 'a.py'", "not_found"),
        ("file_read", "error", "File name a.py not found. Please provide a valid file name.", "not_found"),
        ("file_write", "error", "File has not been read yet. Read it first before writing to it.", "stale_file"),
        ("file_write", "error", "String to replace not found in file.", "stale_file"),
        ("file_write", "error", "Failed to find expected lines in a.py", "stale_file"),
        ("file_write", "error", "Your proposed edit has introduced new syntax error(s). rate limit = 3", "syntax"),
        ("command_execute", "error", "EACCES: permission denied, mkdir '/srv'", "permission"),
        ("command_execute", "denied", "The user doesn't want to proceed", "permission"),
        ("command_execute", "interrupted", "permission denied", "user_interruption"),
        ("command_execute", "error", "zsh: command not found: uv", "environment"),
        ("command_execute", "error", "ModuleNotFoundError: No module named 'requests'", "environment"),
        ("command_execute", "error", "curl: (6) Could not resolve host: example.org", "network"),
        ("command_execute", "error", "connect ECONNREFUSED 127.0.0.1:5432", "network"),
        ("command_execute", "error", "HTTP 429: slow down", "limit"),
        ("command_execute", "error", "OSError: [Errno 28] No space left on device", "limit"),
        ("command_execute", "error", "Command timed out after 120s", "timeout"),
        ("command_execute", "error", "SyntaxError: unexpected EOF while parsing", "syntax"),
        ("command_execute", "error", "error: unrecognized arguments: --fast", "syntax"),
        ("command_execute", "error", 'File "a.py", line 401, in total\nKeyError: 429', "other"),
        ("command_execute", "error", None, "other"),
        ("test_run", "error", "1 failed, 2 passed", "test_failure"),
        ("test_run", "ok", "E   assert 3 == 4\nE   connection refused", "test_failure"),
        ("test_run", "error", "ImportError: no test module\nunittest.loader._FailedTest\nFAILED (errors=1)",
         "environment"),
        ("test_run", "error", "python: can't open file 'manage.py': [Errno 2] No such file", "environment"),
        ("build_trigger", "error", "main.c:3: oops", "test_failure"),
    ],
)  # fmt: skip
def test_a_failed_call_has_a_class(kind, status, output, expected):
    assert error_class(kind, status, output) == expected
    assert expected in CLASSES


def test_only_what_never_tried_the_work_is_blamed_on_the_environment():
    assert environmental("bash: pytest: command not found")
    assert not environmental("FAILED t.py::a - assert 1 == 2\n1 failed\ncommand not found")
    assert not environmental("TypeError: total() missing 1 required positional argument")
    assert not environmental(None)


def of(script: Script, **settings) -> pd.Series:
    data = script.frames()
    return reliability(data["steps"], data["sessions"]["session_id"], **settings).iloc[0]


def test_the_rate_is_of_the_calls_whose_outcome_is_known():
    made = of(
        Script()
        .bash("ls")
        .bash("cat x", "cat: x: No such file or directory", ok=False)
        .bash("nope", "nope: command not found", ok=False)
        .call("Grep", {"pattern": "x"}, status=None)
    )
    assert [made["calls"], made["calls_known"], made["call_errors"]] == [4, 3, 2]
    assert made["call_error_rate"] == pytest.approx(2 / 3)
    assert made["errors_by_class"] == {"environment": 1, "not_found": 1}


def test_a_tool_recovers_when_it_works_again():
    script = Script().bash("a", ok=False).bash("b", ok=False).read("a.py").bash("c").bash("d", ok=False)
    made = of(script)
    assert made["failure_runs"] == 2
    assert made["recovered_share"] == 0.5
    assert made["recovery_steps"] == 3  # from a: b, the read, c
    assert of(script, most_steps=2)["recovered_share"] == 0
    assert pd.isna(of(script, most_steps=2)["recovery_steps"])


def test_a_success_in_another_thread_is_no_recovery():
    made = of(Script().bash("a", ok=False).bash("b", thread="sub"))
    assert made["recovered_share"] == 0


def test_without_known_calls_nothing_is_known():
    made = of(Script().prompt("Hi").say("Hello"))
    assert made["calls"] == 0
    assert pd.isna(made["call_error_rate"])
    assert made["errors_by_class"] == {}


def test_the_table_over_sessions_has_every_class_with_its_interval():
    steps = Script().bash("ls").bash("nope", "nope: command not found", ok=False).frames()["steps"]
    table = errors_by_class(steps).set_index("error_class")
    assert table.index.tolist() == list(CLASSES)
    assert table.loc["environment", ["failures", "known", "rate"]].tolist() == [1, 2, 0.5]
    assert table.loc["environment", "rate_low"] < 0.5 < table.loc["environment", "rate_high"]
    assert errors_by_class(frames.empty(frames.STEPS))["rate"].isna().all()
