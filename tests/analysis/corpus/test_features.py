"""Features: counted by hand, the same for a prefix as for a session that ended there, unknown where none is known."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentobs.analysis.features import FEATURES, features, prefix
from tests.analysis.corpus.sequences import LETTERS, steps
from tests.analysis.samples import model_calls


def one(letters: str, **more) -> dict:
    return features(steps({"s1": letters}, **more)).iloc[0].to_dict()


def test_shares_are_counted_among_the_calls():
    made = one("rsef")
    assert (made["actions"], made["read_share"], made["search_share"], made["edit_share"]) == (4, 0.25, 0.25, 0.25)
    assert (made["failed_share"], made["known_share"]) == (0.5, 0.5)
    assert (made["first_edit"], made["passed_share"], made["last_check_passed"]) == (2, 0, 0)


def test_what_nobody_knows_is_unknown_and_not_zero():
    made = one("rs")
    for name in (
        "failed_share",
        "longest_failures",
        "first_edit",
        "passed_share",
        "last_check_passed",
        "output_tokens",
    ):
        assert pd.isna(made[name]), name


def test_failures_in_a_row_skip_calls_whose_outcome_is_unknown():
    assert one("frff")["longest_failures"] == 3
    assert one("ftff")["longest_failures"] == 2


def test_a_prefix_knows_nothing_of_what_came_later():
    whole = features(steps({"s1": "rreft", "s2": "se"}), first=3)
    until = features(steps({"s1": "rre", "s2": "se"}))
    pd.testing.assert_frame_equal(whole, until)
    assert prefix(steps({"s1": "rreft"}), 2)["kind"].tolist() == ["prompt", "call", "call"]


def test_words_of_regret_are_counted_among_the_answers():
    assert one("r", said={"s1": "I apologize for the confusion"})["regret_share"] == 1
    assert one("r", said={"s1": "The file holds the parser"})["regret_share"] == 0


def test_tokens_come_from_the_responses_of_the_steps():
    calls = model_calls({"usage_key": "a", "output_tokens": 30, "input_tokens": 5, "cache_read_tokens": 100},
                        {"usage_key": "b", "session_id": "s1", "output_tokens": 99})  # fmt: skip
    made = features(steps({"s1": "re"}, response="a"), calls).iloc[0]
    assert (made["output_tokens"], made["context_tokens"]) == (30, 105)


def test_no_session_gives_an_empty_frame_with_all_columns():
    assert list(features(steps({})).columns) == ["session_id", "agent", "project", *FEATURES]


@settings(deadline=None, max_examples=20)
@given(
    st.dictionaries(
        st.sampled_from("abcd"), st.text(st.sampled_from(sorted(LETTERS)), min_size=1, max_size=12), min_size=1
    )
)
def test_shares_are_shares_and_no_session_depends_on_another(sessions):
    made = features(steps(sessions))
    shares = made[[name for name in FEATURES if name.endswith("_share")]].astype("float64")
    assert ((shares.isna()) | ((shares >= 0) & (shares <= 1))).all().all()
    for place, (session, letters) in enumerate(sessions.items()):
        alone = features(steps({session: letters})).iloc[[0]].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, made.iloc[[place]].reset_index(drop=True))


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_says_what_it_is(name):
    assert len(FEATURES[name]) > 10
