"""cache_waste: cache written for nothing."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.cache_waste import DETECTOR
from tests.analysis.detectors.scripts import Script


def said(made: Script, read: int, written: int, *, lane: str = "5m", thread: str | None = None, **usage) -> Script:
    return made.say("Yes.", thread=thread, cache_read_tokens=read, **{f"cache_write_{lane}_tokens": written}, **usage)


def paused(seconds: float, *, again: int = 60_000, read: int = 0, lane: str = "5m") -> Script:
    made = said(said(Script().prompt("Go."), 0, 50_000, lane=lane), 50_000, 10_000, lane=lane)
    return said(made.wait(seconds), read, again, lane=lane)


def test_what_is_written_again_after_a_long_pause_is_waste():
    (finding,) = run(DETECTOR, paused(390).frames()).itertuples()
    assert (finding.severity, finding.confidence, len(finding.event_ids)) == ("medium", 0.9, 2)
    # 60,000 tokens written at 3.75 instead of read at 0.30 USD a million
    assert finding.explanation == (
        "60,000 tokens were written to the cache again after a pause of 7 min (it lives 5 min), "
        "0.21 USD more than reading them"
    )


@pytest.mark.parametrize(
    ("made", "findings"),
    [
        (paused(200, read=60_000, again=1_000), 0),
        (paused(400, read=60_000, again=1_000), 0),
        (paused(400, read=60_000, again=1_000, lane="1h"), 0),
        (paused(4_000, lane="1h"), 1),
        (paused(400, read=59_000, again=1_500), 0),
        (paused(400, read=20_000, again=40_000), 1),
    ],
)
def test_a_pause_wastes_what_it_made_expire(made, findings):
    assert len(run(DETECTOR, made.frames())) == findings


def test_only_what_was_there_before_is_written_again():
    (finding,) = run(DETECTOR, paused(400, again=90_000).frames()).itertuples()
    assert finding.explanation.startswith("60,000 tokens")


def test_a_compaction_within_the_pause_would_have_cost_it_anyway():
    made = said(said(Script(), 0, 50_000), 50_000, 10_000).wait(400).compaction()
    assert run(DETECTOR, said(made, 0, 60_000).frames()).empty


def test_writes_that_nothing_reads_are_waste():
    made = Script()
    for _ in range(3):
        said(made, 0, 5_000)
    (finding,) = run(DETECTOR, made.frames()).itertuples()
    assert finding.confidence == 0.7
    assert finding.explanation.startswith("2 model calls wrote 10,000 tokens to the cache that no later call read")


def test_a_prefix_that_breaks_while_the_cache_lives_leaves_a_write_unread():
    (finding,) = run(DETECTOR, paused(200).frames()).itertuples()
    assert finding.explanation.startswith("1 model calls wrote 10,000 tokens")


def test_the_last_call_of_a_thread_is_the_end_and_not_waste():
    assert run(DETECTOR, said(Script(), 0, 50_000).frames()).empty
    assert run(DETECTOR, said(said(Script(), 0, 50_000), 50_000, 9_000).frames()).empty


def test_threads_and_models_have_caches_of_their_own():
    made = said(said(Script(), 0, 50_000), 0, 9_000, thread="t1")
    made = said(made, 0, 9_000, model="claude-haiku-4-5")
    assert run(DETECTOR, said(made, 50_000, 1_000).frames()).empty


def test_a_model_without_a_price_has_tokens_and_no_cost():
    made = said(said(Script(), 0, 50_000, model="my-own"), 50_000, 10_000, model="my-own").wait(400)
    (finding,) = run(DETECTOR, said(made, 0, 60_000, model="my-own").frames()).itertuples()
    assert "USD" not in finding.explanation
