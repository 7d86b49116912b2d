"""What a call costs, by what its record says about its billing. Dollars are per million tokens."""

import pytest

from tests.accounting.conftest import Reader
from tests.accounting.records import HAIKU, OPUS, SONNET, Record, answer, name, usage
from tests.accounting.said import bill, column, lanes, rows, usd

SEARCHES = {"web_search_requests": 3, "web_fetch_requests": 9}


def cost(read: Reader, spent: Record, model: str | None = SONNET, at: str = "2026-03-09T12:00:00.000Z") -> float | None:
    """What one call costs."""
    bench = read({"a": [answer(spent, model=model, at=at)]})
    assert column(bench.model_calls(), "cost_usd") == [bill(bench)]
    assert column(bench.sessions(), "unpriced_calls") == [1 if bill(bench) is None else 0]
    return bill(bench)


def test_a_cache_write_of_five_minutes(read: Reader) -> None:
    assert cost(read, usage(10, 20, short=1000)) == usd(10 * 3.00 + 20 * 15.00 + 1000 * 3.75)


def test_a_cache_write_of_one_hour(read: Reader) -> None:
    assert cost(read, usage(10, 20, hour=1000)) == usd(10 * 3.00 + 20 * 15.00 + 1000 * 6.00)


def test_all_five_lanes(read: Reader) -> None:
    expected = 10 * 3.00 + 20 * 15.00 + 5000 * 0.30 + 700 * 3.75 + 300 * 6.00
    assert cost(read, usage(10, 20, read=5000, short=700, hour=300)) == usd(expected)


def test_a_cache_write_without_its_lifetime_is_estimated_at_five_minutes(read: Reader) -> None:
    spent = {"input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 1000}
    bench = read({"a": [answer(spent)]})
    assert lanes(bench) == [(10, 20, 0, 1000, None)]
    assert column(bench.model_calls(), "basis") == ["estimated"]
    assert bill(bench) == usd(10 * 3.00 + 20 * 15.00 + 1000 * 3.75)


def test_a_cache_write_with_a_null_split_is_estimated_at_five_minutes(read: Reader) -> None:
    bench = read({"a": [answer(usage(10, 20) | {"cache_creation": None, "cache_creation_input_tokens": 1000})]})
    assert lanes(bench) == [(10, 20, 0, 1000, None)]
    assert column(bench.model_calls(), "basis") == ["estimated"]


def test_a_split_that_does_not_say_all_gives_the_rest_to_five_minutes(read: Reader) -> None:
    spent = usage(10, 20) | {"cache_creation_input_tokens": 1000, "cache_creation": {"ephemeral_1h_input_tokens": 400}}
    bench = read({"a": [answer(spent)]})
    assert lanes(bench) == [(10, 20, 0, 600, 400)]
    assert column(bench.model_calls(), "basis") == ["estimated"]
    assert bill(bench) == usd(10 * 3.00 + 20 * 15.00 + 600 * 3.75 + 400 * 6.00)


def test_a_whole_split_is_measured(read: Reader) -> None:
    bench = read({"a": [answer(usage(10, 20, short=600, hour=400))]})
    assert column(bench.model_calls(), "basis") == ["measured"]


def test_a_prompt_above_200k_costs_the_premium_in_every_lane(read: Reader) -> None:
    spent = usage(1_000, 2_000, read=150_000, short=40_000, hour=9_001)
    expected = 1_000 * 6.00 + 2_000 * 22.50 + 150_000 * 0.60 + 40_000 * 7.50 + 9_001 * 12.00
    assert cost(read, spent) == usd(expected)


def test_a_prompt_of_exactly_200k_costs_the_standard_rate(read: Reader) -> None:
    spent = usage(1_000, 90_000, read=150_000, short=40_000, hour=9_000)
    expected = 1_000 * 3.00 + 90_000 * 15.00 + 150_000 * 0.30 + 40_000 * 3.75 + 9_000 * 6.00
    assert cost(read, spent) == usd(expected)


def test_a_long_output_makes_no_long_prompt(read: Reader) -> None:
    assert cost(read, usage(150_000, 64_000)) == usd(150_000 * 3.00 + 64_000 * 15.00)


def test_a_long_prompt_is_one_response_s_never_a_session_s(read: Reader) -> None:
    twice = [answer(usage(150_000, 10), message=f"m{n}", request=f"r{n}", uuid=str(n)) for n in (1, 2)]
    assert bill(read({"a": twice})) == usd(300_000 * 3.00 + 20 * 15.00)


def test_a_model_without_a_premium_costs_the_same_above_200k(read: Reader) -> None:
    spent = usage(100, 10, read=250_000)
    assert cost(read, spent, "claude-opus-4-7") == usd(100 * 5.00 + 10 * 25.00 + 250_000 * 0.50)


def test_web_searches_cost_a_cent_each_and_fetches_nothing(read: Reader) -> None:
    bench = read({"a": [answer(usage(10, 20, server_tool_use=SEARCHES))]})
    assert column(bench.model_calls(), "web_search_requests") == [3]
    assert bill(bench) == usd(10 * 3.00 + 20 * 15.00 + 3 * 10_000)


def test_web_searches_are_never_part_of_the_batch_discount(read: Reader) -> None:
    spent = usage(10, 20, server_tool_use=SEARCHES) | {"service_tier": "batch"}
    assert cost(read, spent) == usd(10 * 1.50 + 20 * 7.50 + 3 * 10_000)


def test_fast_mode_costs_six_times_as_much(read: Reader) -> None:
    spent = usage(10, 20, read=5000, short=700, speed="fast")
    expected = 6 * (10 * 5.00 + 20 * 25.00 + 5000 * 0.50 + 700 * 6.25)
    assert cost(read, spent, OPUS) == usd(expected)


def test_standard_speed_costs_the_standard_rate(read: Reader) -> None:
    assert cost(read, usage(10, 20, speed="standard"), OPUS) == usd(10 * 5.00 + 20 * 25.00)


def test_fast_mode_of_a_model_that_has_none_has_no_price(read: Reader) -> None:
    assert cost(read, usage(10, 20, speed="fast")) is None


def test_the_batch_tier_costs_half(read: Reader) -> None:
    spent = usage(10, 20, read=5000, hour=300) | {"service_tier": "batch"}
    assert cost(read, spent) == usd(0.5 * (10 * 3.00 + 20 * 15.00 + 5000 * 0.30 + 300 * 6.00))


def test_an_unknown_tier_has_no_price(read: Reader) -> None:
    assert cost(read, usage(10, 20) | {"service_tier": "platinum"}) is None


def test_inference_in_the_united_states_costs_a_tenth_more(read: Reader) -> None:
    spent = usage(10, 20, read=5000, inference_geo="us")
    assert cost(read, spent, OPUS) == usd(1.1 * (10 * 5.00 + 20 * 25.00 + 5000 * 0.50))


@pytest.mark.parametrize("geo", ["global", "not_available", "", None])
def test_inference_anywhere_costs_the_standard_rate(read: Reader, geo: str | None) -> None:
    assert cost(read, usage(10, 20, inference_geo=geo), OPUS) == usd(10 * 5.00 + 20 * 25.00)


def test_inference_in_an_unknown_place_has_no_price(read: Reader) -> None:
    assert cost(read, usage(10, 20, inference_geo="moon"), OPUS) is None


def test_an_unknown_model_has_no_price_and_is_listed(read: Reader) -> None:
    bench = read({"a": [answer(usage(10, 20), model="frontier-9-ultra")]})
    assert bill(bench) is None
    assert rows(bench.sessions(), "cost_usd", "unpriced_calls", "output_tokens") == [(None, 1, 20)]
    assert rows(bench.usage("model"), "model", "cost_usd", "unpriced_calls") == [("frontier-9-ultra", None, 1)]


@pytest.mark.parametrize("model", ["claude-sonnet-4-55", "claude-opus-4-10", "my-claude-sonnet-4-5", "gpt-5-ultra"])
def test_a_model_that_only_resembles_one_never_gets_its_price(read: Reader, model: str) -> None:
    assert cost(read, usage(10, 20), model) is None


def test_a_mixed_session_shows_the_priced_part_beside_the_unpriced_calls(read: Reader) -> None:
    bench = read({"a": [
        answer(usage(10, 20), uuid="1"),
        answer(usage(500, 900), message="m2", request="r2", uuid="2", model="frontier-9-ultra"),
        answer(usage(30, 40), message="m3", request="r3", uuid="3", model=HAIKU),
    ]})  # fmt: skip
    priced = usd(10 * 3.00 + 20 * 15.00 + 30 * 1.00 + 40 * 5.00)
    assert rows(bench.sessions(), "cost_usd", "unpriced_calls", "model_calls") == [(priced, 1, 3)]
    assert rows(bench.usage("session"), "session", "cost_usd", "unpriced_calls") == [(name("a"), priced, 1)]
    assert rows(bench.usage("day"), "day", "cost_usd", "unpriced_calls") == [("2026-03-09", priced, 1)]


def test_a_call_without_a_model_has_no_price(read: Reader) -> None:
    bench = read({"a": [answer(usage(10, 20), model=None)]})
    assert rows(bench.model_calls(), "model", "output_tokens", "cost_usd") == [(None, 20, None)]
    assert rows(bench.usage("model"), "model", "unpriced_calls") == [(None, 1)]


@pytest.mark.parametrize(
    ("model", "given", "written"),
    [
        ("claude-sonnet-4-5", 3.00, 15.00),
        ("claude-sonnet-4-5[1m]", 3.00, 15.00),
        ("claude-opus-4-6[1m]", 5.00, 25.00),
        ("anthropic/claude-sonnet-4-5", 3.00, 15.00),
        ("claude-3-5-haiku-latest", 0.80, 4.00),
        ("claude-sonnet-4-0", 3.00, 15.00),
        ("claude-opus-4-5-20251101", 5.00, 25.00),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.00, 15.00),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.30, 16.50),
        ("claude-sonnet-4-5@20250929", 3.00, 15.00),
    ],
)
def test_the_names_that_agents_give_a_model(read: Reader, model: str, given: float, written: float) -> None:
    assert cost(read, usage(1000, 200), model) == usd(1000 * given + 200 * written)
    assert read.look().model_calls()["model"].tolist() == [model]


def test_the_long_window_s_name_alone_costs_no_premium(read: Reader) -> None:
    assert cost(read, usage(1000, 20, read=100_000), "claude-sonnet-4-5[1m]") == usd(1000 * 3 + 20 * 15 + 100_000 * 0.3)


@pytest.mark.parametrize("model", ["sonnet", "opus", "default"])
def test_a_bare_alias_says_no_version_and_has_no_price(read: Reader, model: str) -> None:
    assert cost(read, usage(10, 20), model) is None


def test_the_price_is_that_of_the_call_s_day(read: Reader) -> None:
    # Opus 4.6 above 200,000 tokens: the premium of its 1M beta ended on 2026-03-13
    spent = usage(100, 10, read=250_000)
    assert cost(read, spent, OPUS, "2026-03-12T12:00:00.000Z") == usd(100 * 10.00 + 10 * 37.50 + 250_000 * 1.00)


def test_the_price_is_that_of_the_call_s_day_after_a_change(read: Reader) -> None:
    spent = usage(100, 10, read=250_000)
    assert cost(read, spent, OPUS, "2026-03-14T12:00:00.000Z") == usd(100 * 5.00 + 10 * 25.00 + 250_000 * 0.50)


def test_reasoning_tokens_are_inside_the_output(read: Reader) -> None:
    bench = read({"a": [answer(usage(10, 900, output_tokens_details={"thinking_tokens": 700}))]})
    assert rows(bench.model_calls(), "output_tokens", "reasoning_tokens") == [(900, 700)]
    assert column(bench.sessions(), "total_tokens") == [910]
    assert bill(bench) == usd(10 * 3.00 + 900 * 15.00)


def test_every_cost_says_which_prices_it_was_made_with(read: Reader) -> None:
    bench = read({"a": [answer(), answer(message="m2", uuid="2", model="frontier-9-ultra")]})
    versions = dict(rows(bench.model_calls(), "model", "price_version"))
    assert versions[SONNET].startswith("genai-prices-")
