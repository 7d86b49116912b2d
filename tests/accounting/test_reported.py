"""What old versions said themselves: kept beside our price, never mixed with it."""

import pytest

from tests.accounting.conftest import Reader
from tests.accounting.records import HAIKU, answer, name, usage
from tests.accounting.said import bill, rows, usd


def test_the_cost_that_an_old_version_wrote_stands_beside_our_price(read: Reader) -> None:
    bench = read({"a": [answer(usage(10, 20), costUSD=0.5, durationMs=900)]})
    assert rows(bench.model_calls(), "cost_usd", "reported_cost_usd") == [(usd(10 * 3.00 + 20 * 15.00), 0.5)]
    assert bill(bench) == usd(10 * 3.00 + 20 * 15.00)


def test_a_reported_cost_is_no_price_of_an_unknown_model(read: Reader) -> None:
    bench = read({"a": [answer(usage(10, 20), model="frontier-9-ultra", costUSD=0.5)]})
    assert rows(bench.model_calls(), "cost_usd", "reported_cost_usd") == [(None, 0.5)]
    assert bill(bench) is None


@pytest.mark.parametrize("odd", ["0.5", -1, None, [], float("inf")])
def test_a_reported_cost_that_is_no_number_is_unknown(read: Reader, odd: object) -> None:
    bench = read({"a": [answer(usage(10, 20), costUSD=odd)]})
    assert rows(bench.model_calls(), "output_tokens", "reported_cost_usd") == [(20, None)]


def test_the_client_s_running_total_of_a_session_is_no_call(read: Reader) -> None:
    spent = {
        "inputTokens": 10,
        "outputTokens": 20,
        "cacheReadInputTokens": 0,
        "cacheCreationInputTokens": 0,
        "costUSD": 9,
    }
    total = {"type": "cost-state", "sessionId": name("a"), "totalCostUSD": 9.0, "modelUsage": {HAIKU: spent}}
    bench = read({"a": [answer(usage(10, 20)), total, total]})
    assert rows(bench.sessions(), "model_calls", "output_tokens") == [(1, 20)]
    assert bill(bench) == usd(10 * 3.00 + 20 * 15.00)
