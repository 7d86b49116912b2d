"""Search: what a query asks for, which texts answer it, and the piece of them that is shown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.analysis import search
from agentobs.errors import SettingsError


@pytest.mark.parametrize(
    ("query", "text", "is_met"),
    [
        ("cart", "Fix the CART, please", True),
        ("cart total", "the total of the cart", True),
        ("cart total", "the cart", False),
        ('"cart total"', "the total of the cart", False),
        ('"cart total"', "cart: total", True),
        ("shop/cart.py", "edit shop/cart.py now", True),
        ("shop/cart.py", "cart.py of the shop", False),
        ("cart -total", "the cart", True),
        ("cart -total", "the cart's total", False),
        ('cart -"is empty"', "the cart is not empty", True),
        ('cart -"is empty"', "the cart is empty", False),
        ("cart or basket", "a basket", True),
        ("cart or basket total", "a basket", False),
        ("errors", "an error", True),
        ("total_price", "def total_price():", True),
        ("price", "def total_price():", True),
        ("prices", "the price", True),
        ("pri", "a price", False),
        ("größe", "Die Größe stimmt", True),
        ("e4b2", "commit e4b2", True),
        ('"an open quote', "this is an open quote", True),
    ],
)
def test_which_texts_answer_a_query(query: str, text: str, is_met: bool) -> None:
    assert search.is_met(search.parse(query), text) is is_met


@pytest.mark.parametrize("query", ["", "  ", "-cart", "... !", '""', "cart or -basket", "or"])
def test_a_query_without_a_word_is_refused(query: str) -> None:
    with pytest.raises(SettingsError, match="asks for no word"):
        search.parse(query)


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("cart", "the cart is\n  empty", "the «cart» is empty"),
        ("cart total", "x " * 100 + "the cart total", "…x x x x x x x x x x x x x x x x x the «cart» «total»"),
        ("cart", "the cart " + "y" * 200, "the «cart» " + "y" * 151 + "…"),
        ("cart", "nothing of it", "nothing of it"),
    ],
)
def test_a_snippet_is_the_piece_around_the_words(query: str, text: str, expected: str) -> None:
    assert search.snippet(search.parse(query), text) == expected


def test_a_snippet_shows_where_the_most_different_words_stand() -> None:
    text = "found found found " + "- " * 200 + "the file was not found" + " -" * 200
    assert "«not» «found»" in search.snippet(search.parse("not found"), text)


words = st.text(alphabet='abcx_ /.«»\n"-é1', max_size=400)


@given(words, words)
def test_a_snippet_adds_nothing_but_its_marks(query: str, text: str) -> None:
    try:
        asked = search.parse(query)
    except SettingsError:
        return
    shown = search.snippet(asked, text)
    bare = re.sub(r"[«»…\s]", "", shown)
    assert bare in re.sub(r"[«»…\s]", "", text)
    assert len(bare) <= search.SNIPPET


@given(words)
def test_the_plain_form_of_a_query_asks_for_the_same(query: str) -> None:
    try:
        asked = search.parse(query)
    except SettingsError:
        return
    assert search.parse(asked.text) == asked
