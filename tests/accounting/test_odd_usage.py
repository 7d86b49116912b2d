"""Records that are no calls, and numbers that are none: nothing crashes, nothing unknown becomes a number."""

from typing import Any

import pytest

from tests.accounting.conftest import Reader
from tests.accounting.records import Record, answer, prompt, usage
from tests.accounting.said import bill, column, lanes, rows, usd

REAL = answer(usage(10, 20), message="real", request="real", uuid="real", at="2026-03-09T12:01:00.000Z")
REAL_USD = 10 * 3.00 + 20 * 15.00
BARE = {"output_tokens": 20}


def test_a_synthetic_message_is_no_call(read: Reader) -> None:
    made = answer(
        usage(0, 0), model="<synthetic>", message="=8d3ac0a2-0000-4000-8000-000000000001", text="No response requested."
    )
    bench = read({"a": [prompt(), made, REAL]})
    assert lanes(bench) == [(10, 20, 0, 0, 0)]
    [session] = bench.sessions().to_dict("records")
    assert (session["model_calls"], session["models"], session["unpriced_calls"]) == (
        1,
        ["claude-sonnet-4-5-20250929"],
        0,
    )
    assert "<synthetic>" not in column(bench.events(), "model")


def test_an_api_error_is_an_error_and_no_call(read: Reader) -> None:
    marks = {"isApiErrorMessage": True, "error": "overloaded"}
    failed = answer(usage(0, 0), model="<synthetic>", message="=8d3ac0a2-0000-4000-8000-000000000002", **marks)
    bench = read({"a": [prompt(), failed, REAL]})
    assert rows(bench.sessions(), "model_calls", "errors", "unpriced_calls") == [(1, 1, 0)]
    assert bill(bench) == usd(REAL_USD)


@pytest.mark.parametrize("first", ["made", "real"])
def test_a_synthetic_message_under_a_real_response_s_id_hides_nothing(read: Reader, first: str) -> None:
    made = answer(usage(0, 0), model="<synthetic>", message="real", request="real", uuid="made")
    assert lanes(read({"a": [made, REAL] if first == "made" else [REAL, made]})) == [(10, 20, 0, 0, 0)]


@pytest.mark.parametrize("nothing", [..., None, {}, [], "none", 7])
def test_a_response_without_usage_is_no_call(read: Reader, nothing: Any) -> None:
    line = answer(..., uuid="1")
    if nothing is not ...:
        line["message"]["usage"] = nothing
    bench = read({"a": [line, REAL]})
    assert lanes(bench) == [(10, 20, 0, 0, 0)]
    assert column(bench.sessions(), "events") == [2]


def test_a_line_without_usage_beside_one_with_it_changes_nothing(read: Reader) -> None:
    bench = read({"a": [answer(..., uuid="1"), answer(usage(10, 20), uuid="2")]})
    assert lanes(bench) == [(10, 20, 0, 0, 0)]


def test_a_lane_that_is_not_there_stays_unknown(read: Reader) -> None:
    bench = read({"a": [answer(BARE)]})
    assert lanes(bench) == [(None, 20, None, None, None)]
    assert rows(bench.sessions(), "input_tokens", "output_tokens", "cache_read_tokens") == [(None, 20, None)]
    assert rows(bench.usage("day"), "input_tokens", "output_tokens", "cache_read_tokens") == [(None, 20, None)]
    assert bill(bench) == usd(20 * 15.00)


def test_input_and_output_alone_are_enough_for_a_price(read: Reader) -> None:
    assert bill(read({"a": [answer({"input_tokens": 10, "output_tokens": 20})]})) == usd(REAL_USD)


@pytest.mark.parametrize(
    "odd", [-5, 2**64, 2**63, 10**400, 12.5, 12.0, "12", True, [], {}, None], ids=lambda odd: str(odd)[:12]
)
def test_a_number_that_is_none_is_unknown_and_the_others_stay(read: Reader, odd: Any) -> None:
    bench = read({"a": [prompt(), answer(usage(10, 20) | {"cache_read_input_tokens": odd})]})
    assert lanes(bench) == [(10, 20, None, 0, 0)]
    assert len(bench.sql("SELECT * FROM quarantine")) == 0


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e400", b"-0.5", b"1e-7"])
def test_a_number_that_json_does_not_have_is_unknown(read: Reader, number: bytes) -> None:
    line = (
        b'{"type":"assistant","uuid":"0d3ac0a2-0000-4000-8000-000000000001","sessionId":"s","timestamp":"2026-03-09T12:00:00Z",'
        b'"message":{"id":"msg_01aaaaaaaaaaaaaaaaaaaaaa","role":"assistant","model":"claude-sonnet-4-5","content":[],'
        b'"usage":{"input_tokens":10,"output_tokens":20,"cache_read_input_tokens":' + number + b"}}}"
    )
    bench = read({"a": [line]})
    assert lanes(bench) == [(10, 20, None, None, None)]


@pytest.mark.parametrize("huge", [10**9 + 1, 10**15, 2**62])
def test_a_count_that_no_response_can_have_is_unknown(read: Reader, huge: int) -> None:
    bench = read({"a": [answer(usage(10, 20) | {"cache_read_input_tokens": huge}), REAL]})
    assert lanes(bench) == [(10, 20, None, 0, 0), (10, 20, 0, 0, 0)]
    assert bill(bench) == usd(2 * REAL_USD)


def test_large_counts_are_summed_exactly(read: Reader) -> None:
    calls = [answer(usage(10**9, 10**9 - n), message=f"m{n}", request=f"r{n}", uuid=str(n)) for n in range(3)]
    bench = read({"a": calls})
    assert rows(bench.sessions(), "input_tokens", "output_tokens") == [(3 * 10**9, 3 * 10**9 - 3)]
    assert bill(bench) == usd(3 * 10**9 * 6.00 + (3 * 10**9 - 3) * 22.50)


def test_a_clearly_wrong_snapshot_does_not_hide_the_right_one(read: Reader) -> None:
    bench = read({"a": [answer(usage(10, -1), uuid="1"), answer(usage(10, 20), uuid="2")]})
    assert lanes(bench) == [(10, 20, 0, 0, 0)]


@pytest.mark.parametrize("field", ["service_tier", "speed", "inference_geo"])
def test_a_billing_field_of_another_type_is_as_if_it_were_not_there(read: Reader, field: str) -> None:
    assert bill(read({"a": [answer(usage(10, 20) | {field: 7})]})) == usd(REAL_USD)


@pytest.mark.parametrize("tools", [None, {}, {"web_search_requests": None}, {"web_search_requests": -1}, "x"])
def test_server_tools_that_say_nothing_cost_nothing(read: Reader, tools: Any) -> None:
    assert bill(read({"a": [answer(usage(10, 20, server_tool_use=tools))]})) == usd(REAL_USD)


@pytest.mark.parametrize("at", [None, "yesterday", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_response_without_a_credible_time_is_counted(read: Reader, at: str | None) -> None:
    record: Record = answer(usage(10, 20), at=at)
    bench = read({"a": [prompt(at="2026-03-09T12:00:00.000Z"), record]})
    assert lanes(bench) == [(10, 20, 0, 0, 0)]
    assert bill(bench) == usd(REAL_USD)
