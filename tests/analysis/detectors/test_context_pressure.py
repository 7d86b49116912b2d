"""context_pressure: model calls that fill the context."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors._windows import windows_of
from agentobs.analysis.detectors.context_pressure import DETECTOR
from tests.analysis.detectors.scripts import Script

OPUS = "claude-opus-4-5"


def said(*sizes: int, model: str | None = OPUS, thread: str | None = None) -> Script:
    made = Script().prompt("Go.")
    for size in sizes:
        made.say("Yes.", thread=thread, input_tokens=1_000, cache_read_tokens=size - 3_000,
                 cache_write_5m_tokens=2_000, model=model)  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("sizes", "calls"),
    [((100_000,), []), ((180_000,), []), ((180_001,), [1]), ((150_000, 185_000, 190_000), [2]),
     ((190_000, 50_000, 190_000), [1, 1])],
)  # fmt: skip
def test_more_than_nine_tenths_of_the_window_count(sizes, calls):
    assert [len(ids) for ids in run(DETECTOR, said(*sizes).frames())["event_ids"]] == calls


def test_the_explanation_has_the_numbers():
    (finding,) = run(DETECTOR, said(190_000, 196_000).frames()).itertuples()
    assert (finding.severity, finding.confidence) == ("high", 0.95)
    assert finding.explanation == (
        "2 model calls filled more than 90% of the context: up to 196,000 of 200,000 tokens (98%)"
    )


def test_an_unknown_model_has_no_window():
    assert run(DETECTOR, said(190_000, model="my-own-model").frames()).empty
    assert run(DETECTOR, said(190_000, model=None).frames()).empty


def test_a_subagent_is_left_out():
    assert run(DETECTOR, said(190_000, thread="t1").frames()).empty


def test_a_model_that_may_have_more_room_gives_less_confidence():
    assert run(DETECTOR, said(190_000, model="claude-sonnet-4-5").frames())["confidence"].tolist() == [0.7]
    assert run(DETECTOR, said(190_000, 300_000, model="claude-sonnet-4-5").frames()).empty


def test_more_than_any_window_holds_says_that_the_window_is_unknown():
    assert run(DETECTOR, said(300_000).frames()).empty


def test_unknown_tokens_fill_nothing():
    made = Script().say("Yes.", input_tokens=None, cache_read_tokens=None, cache_write_5m_tokens=None,
                        cache_write_1h_tokens=None, model=OPUS)  # fmt: skip
    assert run(DETECTOR, made.frames()).empty


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((232_560,), []),
        ((232_561,), ["232,561 of 258,400"]),
        ((257_000, 120_000), ["257,000 of 258,400"]),
        ((259_000,), ["259,000 of 272,000"]),
        ((240_000, 268_000), ["268,000 of 272,000"]),
        ((250_000, 500_000), []),
    ],
)
def test_codex_leaves_a_twentieth_of_the_window_free(sizes, said):
    made = Script(agent="codex").prompt("Go.")
    for size in sizes:
        made.say("Yes.", input_tokens=size, model="gpt-5.4")
    found = run(DETECTOR, made.frames())
    assert [text.split("up to ")[1].split(" tokens")[0] for text in found["explanation"]] == said
    assert set(found["confidence"]) <= {0.7}


@pytest.mark.parametrize(
    ("agent", "model", "windows"),
    [
        ("claude_code", "claude-opus-4-5-20251101", (200_000,)),
        ("claude_code", "claude-sonnet-4-5-20250929", (200_000, 1_000_000)),
        ("claude_code", "claude-sonnet-4-5[1m]", (1_000_000,)),
        ("codex", "gpt-5.4", (258_400, 272_000, 1_050_000)),
        ("codex", "openai/gpt-5.3-codex", (258_400, 272_000, 1_050_000)),
        ("opencode", "gpt-5.2", (400_000,)),
        ("cline", "anthropic/claude-opus-4-6", (200_000, 1_000_000)),
        ("aider", "gpt-4o", (128_000,)),
        ("aider", "nonsense-1", ()),
        (None, None, ()),
    ],
)
def test_windows(agent, model, windows):
    assert windows_of(agent, model) == windows
