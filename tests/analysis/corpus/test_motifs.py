"""Motifs: found by definition, significant where planted, and not where outcomes are dealt at random."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.analysis.mining import activities
from agentobs.analysis.motifs import benjamini_hochberg, contrast, motifs, replays
from agentobs.analysis.motifs_plot import motif_contrast
from agentobs.errors import FrameError
from tests.analysis.corpus.sequences import steps


def acts(*words: str) -> pd.DataFrame:
    rows = [
        (f"s{n}", letter, place, f"s{n}-{place}") for n, word in enumerate(words) for place, letter in enumerate(word)
    ]
    return pd.DataFrame(rows, columns=["session_id", "activity", "step", "event_id"])


def outcomes(success: np.ndarray, stratum: object = "p") -> pd.DataFrame:
    ids = [f"s{n}" for n in range(len(success))]
    return pd.DataFrame({"session_id": ids, "success": pd.array(success, dtype="boolean"), "stratum": stratum})


def test_motifs_are_counted_once_a_session():
    found = motifs(acts("abab", "ab", "ba"), at_least=0.1).set_index("motif")["sessions"]
    assert found.to_dict() == {"a > b": 3 - 1, "b > a": 2}


def test_a_gap_lets_others_stand_between():
    assert "a > b" not in set(motifs(acts("axb", "ayb"))["motif"])
    assert set(motifs(acts("axb", "ayb"), gap=1)["motif"]) == {"a > b"}


def brute(words: list[str], longest: int, gap: int) -> dict[str, int]:
    def ends(word: str, pattern: tuple[str, ...]) -> set[int]:
        stops = {at for at, letter in enumerate(word) if letter == pattern[0]}
        for item in pattern[1:]:
            stops = {at for stop in stops for at in range(stop + 1, min(stop + 2 + gap, len(word))) if word[at] == item}
        return stops

    patterns, level = {}, [()]
    for _ in range(longest):
        level = [(*old, item) for old in level for item in "abc"]
        patterns |= {new: sum(bool(ends(word, new)) for word in words) for new in level}
    return {" > ".join(key): count for key, count in patterns.items() if count >= 2 and len(key) >= 2}


@given(st.lists(st.text("abc", min_size=1, max_size=7), min_size=2, max_size=5), st.integers(0, 2))
def test_prefixspan_finds_what_trying_all_finds(words, gap):
    found = motifs(acts(*words), at_least=0.01, longest=3, gap=gap)
    assert dict(zip(found["motif"], found["sessions"], strict=True)) == brute(words, 3, gap)


def random_words(random: np.random.Generator, count: int) -> list[str]:
    return ["".join(random.choice(list("abcd"), 12)) for _ in range(count)]


def test_a_planted_motif_is_significant_and_opens_its_sessions():
    random = np.random.default_rng(3)
    success = np.arange(120) % 2 == 0
    words = [word[:5] + "xyz" + word[5:] if good and n % 10 else word
             for n, (word, good) in enumerate(zip(random_words(random, 120), success, strict=True))]  # fmt: skip
    found = contrast(motifs(acts(*words)), outcomes(success), permutations=1999)
    best = found.set_index("motif").loc["x > y > z"]
    assert best["significant"]
    assert best["odds_ratio"] > 10
    assert set(best["session_ids"]) == {f"s{n}" for n, word in enumerate(words) if "xyz" in word}
    assert replays(acts(*words), "x > y > z")["first_step"].tolist() == [5] * 48


def test_random_outcomes_give_hardly_any_significant_motif():
    random = np.random.default_rng(5)
    words = random_words(random, 60)
    found = motifs(acts(*words))
    any_significant = [
        contrast(found, outcomes(random.permutation(np.arange(60) % 2 == 0)), permutations=499, seed=n)[
            "significant"
        ].any()
        for n in range(40)
    ]
    assert np.mean(any_significant) <= 0.15


def test_what_only_tells_projects_apart_tells_no_outcome():
    easy = np.r_[np.ones(38, bool), np.zeros(2, bool), np.ones(2, bool), np.zeros(38, bool)]
    words = ["ab" if n < 40 else "cd" for n in range(80)]
    strata = ["easy"] * 40 + ["hard"] * 40
    found = motifs(acts(*words))
    assert contrast(found, outcomes(easy), permutations=999)["significant"].all()
    within = contrast(found, outcomes(easy, strata), permutations=999)
    assert not within["significant"].any()
    assert (within["p"] == 1).all()


def test_unknown_outcomes_are_left_out():
    success = pd.array([True, False, None, True, False, None], dtype="boolean")
    found = contrast(motifs(acts("ab", "cd", "ab", "ab", "cd", "ab"), at_least=0.3), outcomes(success), permutations=99)
    assert found.set_index("motif").loc["a > b", ["sessions", "success_with"]].tolist() == [2, 1]


def test_benjamini_hochberg_by_hand():
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).tolist() == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])


def test_one_outcome_is_no_contrast():
    with pytest.raises(FrameError, match="nothing to contrast"):
        contrast(motifs(acts("ab", "ab", "cc")), outcomes(np.ones(3, bool)))


def test_replays_with_a_gap_start_where_the_motif_does():
    found = replays(acts("axbab"), "a > b", gap=1)
    assert found[["first_step", "last_step"]].to_numpy().tolist() == [[0, 2], [3, 4]]
    assert found["event_ids"].tolist()[0] == ["s0-0", "s0-2"]


def test_the_figure_sorts_significant_ones_apart():
    made = contrast(motifs(activities(steps({f"s{n}": "ret" if n % 2 else "res" for n in range(20)}))),
                    outcomes(np.arange(20) % 2 == 1), permutations=999)  # fmt: skip
    figure = motif_contrast(made)
    assert {trace.name: set(trace.y) for trace in figure.data}["significant"] >= {"edit &gt; test", "edit &gt; search"}
