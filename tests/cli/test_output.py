"""What is printed: unknown is said, and text of events moves nothing."""

import csv
import io
import json
import unicodedata
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.cli import output


@pytest.mark.parametrize(
    ("cost", "unpriced", "text"),
    [
        (None, 0, "–"),
        (None, 3, "unknown"),
        (0.0, 0, "$0.00"),
        (1.234, 0, "$1.23"),
        (1234.5, 0, "$1,234.50"),
        (0.00123, 0, "$0.0012"),
        (1.23, 4, "$1.23 + 4 calls unpriced"),
        (1.23, 1, "$1.23 + 1 call unpriced"),
    ],
)
def test_an_unknown_price_is_said_and_never_zero(cost, unpriced, text):
    assert output.money(cost, unpriced) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.4, "0.4 s"), (59, "59 s"), (61, "1 min 01 s"), (3_661, "1 h 01 min"), (90_000, "1 d 1 h")],
)
def test_a_duration_has_two_units(seconds, text):
    assert output.duration(seconds) == text


@given(st.text())
def test_a_line_holds_no_control_bidi_or_break(text):
    line = output.one_line(text)
    assert {unicodedata.category(c) for c in line}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


def test_an_escape_sequence_loses_its_escape():
    assert output.one_line("\x1b]0;owned\x07 \x1b[31mred\u202e\nnext") == "]0;owned [31mred next"


@given(st.text(min_size=1))
def test_no_cell_begins_like_a_formula(text):
    cell = output.cell(text)
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell == text or cell.startswith("'") or ord(text[0]) < 32


@pytest.mark.parametrize("number", [-1, -1.5, 0])
def test_numbers_keep_their_sign(number):
    assert output.cell(number) == number


def test_csv_reads_back_what_was_written():
    file = io.StringIO()
    rows = [{"a": "=1+1", "b": None, "c": ["x", "y"]}, {"a": 'say "hi",\nthen', "b": -2, "c": []}]
    output.print_csv(rows, ["a", "b", "c"], file)
    assert list(csv.reader(io.StringIO(file.getvalue()))) == [
        ["a", "b", "c"],
        ["'=1+1", "", "x y"],
        ['say "hi",\nthen', "-2", ""],
    ]


def test_json_has_null_for_unknown_and_utc_times():
    data = pd.DataFrame({
        "n": pd.array([1, None], dtype="Int64"),
        "t": pd.to_datetime(["2026-03-09T10:00:00Z", None]).as_unit("us"),
        "s": pd.array(["x", None], dtype="str"),
        "f": pd.array([None, 0.5], dtype="Float64"),
        "many": [["a"], []],
    })  # fmt: skip
    file = io.StringIO()
    output.print_json(output.records(data), file)
    assert json.loads(file.getvalue()) == [
        {"n": 1, "t": "2026-03-09T10:00:00Z", "s": "x", "f": None, "many": ["a"]},
        {"n": None, "t": None, "s": None, "f": 0.5, "many": []},
    ]


def test_a_lone_surrogate_does_not_stop_json():
    file = io.StringIO()
    output.print_json({"text": "a\ud800b"}, file)
    assert json.loads(file.getvalue()) == {"text": "a?b"}


def test_a_time_is_shown_in_the_zone():
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert output.moment(noon, "Europe/Zurich") == "2026-07-01 14:00"
