"""once_per_frame: an answer is computed once for a frame and forgotten with it."""

import gc

import numpy as np
import pandas as pd
import pytest

from agentobs.analysis.once import once_per_frame


@pytest.fixture
def asked():
    """A function of a frame and a number, and what it was asked."""
    questions: list[int] = []

    @once_per_frame
    def times(data: pd.DataFrame, factor: int) -> np.ndarray:
        questions.append(factor)
        return data["a"].to_numpy() * factor

    return times, questions


def test_the_same_question_is_answered_once(asked):
    times, questions = asked
    data = pd.DataFrame({"a": [1, 2]})
    assert times(data, 2) is times(data, 2)
    assert times(data, 3).tolist() == [3, 6]
    assert questions == [2, 3]


def test_another_frame_gets_its_own_answer_though_it_looks_the_same(asked):
    times, questions = asked
    one, other = pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})
    assert times(one, 2).tolist() == times(other, 2).tolist() == [2]
    assert questions == [2, 2]


def test_a_frame_that_comes_after_another_is_gone_gets_no_answer_of_it(asked):
    times, _ = asked
    for number in range(50):
        data = pd.DataFrame({"a": [number]})
        assert times(data, 1).tolist() == [number]
        del data
        gc.collect()


def test_nobody_can_change_an_answer(asked):
    times, _ = asked
    with pytest.raises(ValueError, match="read-only"):
        times(pd.DataFrame({"a": [1]}), 2)[0] = 5
