"""What holds for every detector: a new one is in here without being listed."""

import pandas as pd
import pytest

from agentobs import frames
from agentobs.analysis.detectors import detectors, find, run
from agentobs.analysis.detectors._base import SEVERITIES, Detector, Hit, hits
from agentobs.errors import SettingsError
from tests.analysis.detectors.scripts import Script, together

each = pytest.mark.parametrize("detector", detectors().values(), ids=list(detectors()))


def busy(session: str) -> Script:
    """A session in which much goes wrong."""
    script = Script(session).prompt("Fix the total in shop/cart.py and make the tests pass.").read("shop/cart.py")
    for number in range(4):
        script.edit("shop/cart.py", "a" if number % 2 else "b", "b" if number % 2 else "a").test("t.py::test_total")
    for _ in range(5):
        script.bash("rm -rf / --no-preserve-root", "rm: cannot remove '/': Permission denied", ok=False)
    script.call("Grep", {"pattern": "total"}, "No files found").call("Grep", {"pattern": "sum"}, "No files found")
    script.compaction().read("shop/cart.py").wait(2000).prompt("no, that is wrong").interrupt()
    script.call("Bash", "sleep 100", result=False)
    return script.say("All tests pass now. Done!")


def empty() -> dict[str, pd.DataFrame]:
    return {name: frames.empty(frame) for name, frame in frames.FRAMES.items()}


def unknown(data: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The same sessions from a source that says neither outcomes, words, times nor tokens."""
    blank = {
        "steps": ["status", "exit_code", "text", "output", "output_chars", "output_key", "error_key", "old_text",
                  "new_text", "old_key", "new_key", "read_range", "named_files", "failing", "failed_tests", "passed",
                  "failed", "open_todos", "duration_ms", "response", "file_path", "target", "command", "argument_key"],
        "model_calls": ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens",
                        "cache_write_1h_tokens", "cost_usd", "model"],
    }  # fmt: skip
    made = dict(data)
    for name, columns in blank.items():
        made[name] = data[name].assign(**dict.fromkeys(columns, pd.NA)).pipe(frames.conform, frames.FRAMES[name])
    return made


@each
def test_nothing_gives_no_findings(detector: Detector):
    found = run(detector, empty())
    assert found.empty
    assert found.dtypes.to_dict() == frames.empty(frames.FINDINGS).dtypes.to_dict()


@each
def test_findings_have_evidence_of_their_session(detector: Detector):
    data = together(busy("s1"), busy("s2"))
    owner = dict(zip(data["events"]["event_id"], data["events"]["session_id"], strict=True))
    for finding in run(detector, data).itertuples():
        assert finding.event_ids
        assert {owner[event] for event in [*finding.event_ids, *finding.wasted_event_ids]} == {finding.session_id}
        assert finding.severity in SEVERITIES
        assert 0 <= finding.confidence <= 1
        assert 0 < len(finding.explanation) <= 300


@each
def test_a_session_gives_the_same_findings_whatever_others_are_beside_it(detector: Detector):
    alone = run(detector, busy("s1").frames())
    beside = run(detector, together(busy("s0"), busy("s1"), Script("s2").prompt("hello").say("hi")))
    assert beside[beside["session_id"] == "s1"]["finding_id"].tolist() == alone["finding_id"].tolist()


@each
def test_what_nobody_knows_is_never_a_failure_or_a_crash(detector: Detector):
    run(detector, unknown(together(busy("s1"))))


@each
def test_the_same_frames_give_the_same_findings(detector: Detector):
    data = together(busy("s1"))
    pd.testing.assert_frame_equal(run(detector, data), run(detector, data))


@each
def test_a_detector_says_what_it_is(detector: Detector):
    assert detector.needs[0] == "steps"
    assert set(detector.needs) <= set(frames.FRAMES)
    assert detector.version >= 1
    assert detector.title
    assert detector.source
    assert detector.definition.endswith(".")
    assert detector.find.__doc__


@each
def test_a_parameter_that_there_is_not_is_an_error(detector: Detector):
    with pytest.raises(SettingsError, match="has no parameter 'nonsense'"):
        run(detector, empty(), nonsense=1)


def test_an_unknown_detector_is_an_error():
    with pytest.raises(SettingsError, match="no detector 'nonsense'"):
        find(empty(), ["nonsense"])


def test_all_findings_come_together_by_session_and_start():
    found = find(together(busy("s2"), busy("s1")))
    assert found.shape[0] > 0
    assert found[["session_id", "started_at"]].equals(
        found[["session_id", "started_at"]].sort_values(["session_id", "started_at"], ignore_index=True)
    )


def doubled(*keys: str) -> Detector:
    """A detector that says several things of each prompt."""

    def found(steps: pd.DataFrame) -> pd.DataFrame:
        prompts = steps.index[steps["kind"] == "prompt"].tolist()
        return hits(
            Hit([row], [], "low", 1.0, f"thing {place}", key) for row in prompts for place, key in enumerate(keys)
        )

    return Detector(name="doubled", version=1, title="Two", definition="Two.", source="agentobs", find=found)


def ids(detector: Detector) -> list[str]:
    return run(detector, Script().prompt("hello").say("hi").frames())["finding_id"].tolist()


def test_two_findings_on_the_same_steps_have_ids_of_their_own():
    assert len(set(ids(doubled("rule a", "rule b")))) == 2
    assert len(set(ids(doubled("", "")))) == 2
    assert ids(doubled("", ""))[:1] == ids(doubled(""))


def test_the_id_of_a_finding_with_a_key_does_not_depend_on_the_others():
    assert ids(doubled("rule b", "rule a")) == ids(doubled("rule a", "rule b"))[::-1]
    assert ids(doubled("rule a")) == ids(doubled("rule a", "rule b"))[:1]
