"""Costs against sums written out by hand: tokens x dollars per million, in pico-dollars."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from agentobs.events.model import Usage
from agentobs.pricing import PRICES_VERSION, cost_pico_usd, unpriced_reason, usd

PER_MTOK = 1_000_000  # a dollar per million tokens is a million pico-dollars a token
SEARCH = 10_000_000_000  # 10 dollars per 1,000 requests

DAY = date(2026, 6, 1)
OPUS, SONNET, SONNET_4 = "claude-opus-4-6", "claude-sonnet-4-5-20250929", "claude-sonnet-4-20250514"
SMALL = Usage(input_tokens=1_000, output_tokens=500)

COSTS = [
    # every lane of Opus 4.6: 5, 25, 0.50, 6.25 and 10 dollars
    (OPUS, DAY, Usage(1_000, 500), 1_000 * 5_000_000 + 500 * 25_000_000),
    (
        OPUS,
        DAY,
        Usage(7, 11, 13, 17, 19),
        7 * 5_000_000 + 11 * 25_000_000 + 13 * 500_000 + 17 * 6_250_000 + 190_000_000,
    ),
    (OPUS, DAY, Usage(0, 0, cache_write_5m_tokens=1_000), 1_000 * 6_250_000),
    (OPUS, DAY, Usage(0, 0, cache_write_1h_tokens=1_000), 1_000 * 10_000_000),
    (OPUS, DAY, Usage(1_000, 500, reasoning_tokens=400), 1_000 * 5_000_000 + 500 * 25_000_000),  # inside output
    (OPUS, DAY, Usage(1_000, None), 1_000 * 5_000_000),
    (OPUS, DAY, Usage(None, 500), 500 * 25_000_000),
    (OPUS, DAY, Usage(0, 0), 0),
    # web search: 10 dollars per 1,000 requests
    (OPUS, DAY, Usage(1_000, 500, web_search_requests=3), 1_000 * 5_000_000 + 500 * 25_000_000 + 3 * SEARCH),
    # what logs write for ordinary billing
    (OPUS, DAY, Usage(1_000, 500, service_tier="standard", speed="standard", inference_geo=""), 17_500_000_000),
    (OPUS, DAY, Usage(1_000, 500, inference_geo="not_available"), 17_500_000_000),
    # long context: exactly 200,000 is not above; one more makes the whole request dearer (6, 22.50, 0.60, 7.50, 12)
    (SONNET, DAY, Usage(200_000, 100), 200_000 * 3_000_000 + 100 * 15_000_000),
    (SONNET, DAY, Usage(200_001, 100), 200_001 * 6_000_000 + 100 * 22_500_000),
    (SONNET, DAY, Usage(1, 100, 199_999), 1 * 3_000_000 + 100 * 15_000_000 + 199_999 * 300_000),
    (SONNET, DAY, Usage(1, 100, 200_000), 1 * 6_000_000 + 100 * 22_500_000 + 200_000 * 600_000),
    (SONNET, DAY, Usage(1, 1, 0, 150_000, 50_000), 6_000_000 + 22_500_000 + 150_000 * 7_500_000 + 50_000 * 12_000_000),
    (SONNET, DAY, Usage(100, 300_000), 100 * 3_000_000 + 300_000 * 15_000_000),  # output is no part of the prompt
    # Sonnet 4, where the premium is in our table, since 2025-08-12
    (SONNET_4, date(2025, 8, 12), Usage(200_000, 100), 200_000 * 3_000_000 + 100 * 15_000_000),
    (SONNET_4, date(2025, 8, 12), Usage(200_001, 100), 200_001 * 6_000_000 + 100 * 22_500_000),
    (SONNET_4, date(2025, 8, 12), Usage(1, 0, 200_000, 0, 10), 6_000_000 + 200_000 * 600_000 + 10 * 12_000_000),
    (SONNET_4, date(2025, 8, 11), Usage(200_001, 100), 200_001 * 3_000_000 + 100 * 15_000_000),
    # Haiku 5.5 counts from 100,000
    ("claude-haiku-5-5", DAY, Usage(100_000, 10), 100_000 * 100_000 + 10 * 500_000),
    ("claude-haiku-5-5", DAY, Usage(100_001, 10), 100_001 * 500_000 + 10 * 2_500_000),
    # dated prices: Opus 4.6 lost its long-context premium on 2026-03-13
    (OPUS, date(2026, 3, 12), Usage(300_000, 100), 300_000 * 10_000_000 + 100 * 37_500_000),
    (OPUS, date(2026, 3, 13), Usage(300_000, 100), 300_000 * 5_000_000 + 100 * 25_000_000),
    # batch: half of every token lane, searches at full price; before and after the day the package has it from
    (OPUS, DAY, Usage(1_000, 500, service_tier="batch"), 1_000 * 2_500_000 + 500 * 12_500_000),
    (OPUS, date(2026, 11, 1), Usage(1_000, 500, service_tier="batch"), 1_000 * 2_500_000 + 500 * 12_500_000),
    (OPUS, DAY, Usage(0, 0, 1_000, 1_000, 1_000, service_tier="batch"), 250_000_000 + 3_125_000_000 + 5_000_000_000),
    (OPUS, DAY, Usage(0, 0, web_search_requests=1, service_tier="batch"), SEARCH),
    (SONNET, DAY, Usage(200_001, 100, service_tier="batch"), 200_001 * 3_000_000 + 100 * 11_250_000),
    # fast mode: 30/150 on Opus 4.6, cache lanes 6 x too, long prompts 60/225 while they were dearer; 10/50 on Opus 5
    (OPUS, DAY, Usage(1_000, 500, speed="fast"), 1_000 * 30_000_000 + 500 * 150_000_000),
    (OPUS, DAY, Usage(0, 0, 1_000, 1_000, 1_000, speed="fast"), 3_000_000_000 + 37_500_000_000 + 60_000_000_000),
    (OPUS, date(2026, 3, 1), Usage(200_001, 10, speed="fast"), 200_001 * 60_000_000 + 10 * 225_000_000),
    ("claude-opus-4-7", DAY, Usage(1_000, 500, speed="fast"), 1_000 * 30_000_000 + 500 * 150_000_000),
    ("claude-opus-5", date(2026, 8, 1), Usage(1_000, 500, speed="fast"), 1_000 * 10_000_000 + 500 * 50_000_000),
    # inference in the US: 1.1 x every token lane of 4.6 and later, on top of the others, not on searches
    (OPUS, DAY, Usage(1_000, 500, inference_geo="us"), 1_000 * 5_500_000 + 500 * 27_500_000),
    (OPUS, DAY, Usage(0, 0, 8, 8, 8, 0, 1, inference_geo="us"), 8 * 550_000 + 8 * 6_875_000 + 8 * 11_000_000 + SEARCH),
    (OPUS, DAY, Usage(1_000, 500, speed="fast", inference_geo="us"), 1_000 * 33_000_000 + 500 * 165_000_000),
    (OPUS, DAY, Usage(1_000, 500, service_tier="batch", inference_geo="us"), 1_000 * 2_750_000 + 500 * 13_750_000),
    # Bedrock's regional endpoints cost 10 % more than its global one
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", DAY, Usage(1_000, 500), 1_000 * 3_300_000 + 500 * 16_500_000),
    ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", DAY, Usage(1_000, 500), 1_000 * 3_000_000 + 500 * 15_000_000),
    # OpenAI and Gemini: cached input, context bands
    ("gpt-5-codex", DAY, Usage(1_000, 500, 4_000), 1_000 * 1_250_000 + 500 * 10_000_000 + 4_000 * 125_000),
    (
        "gpt-5",
        date(2026, 11, 1),
        Usage(1_000, 500, 4_000, service_tier="flex"),
        625_000_000 + 2_500_000_000 + 250_000_000,
    ),
    ("gemini-2.5-pro", DAY, Usage(150_000, 10, 50_000), 150_000 * 1_250_000 + 10 * 10_000_000 + 50_000 * 125_000),
    ("gemini-2.5-pro", DAY, Usage(150_001, 10, 50_000), 150_001 * 2_500_000 + 10 * 15_000_000 + 50_000 * 250_000),
]

UNPRICED = [
    ("claude-fable-9", DAY, SMALL, "unknown_model"),
    ("<synthetic>", DAY, Usage(0, 0), "unknown_model"),
    ("", DAY, SMALL, "unknown_model"),
    (None, DAY, SMALL, "unknown_model"),
    (OPUS, DAY, Usage(), "unknown_usage"),
    (OPUS, DAY, Usage(cache_read_tokens=100), "unknown_usage"),
    (OPUS, DAY, Usage(-1, 500), "invalid_usage"),
    # no documented price for that way of billing
    (SONNET, DAY, Usage(1, 1, speed="fast"), "unknown_fast_price"),
    (OPUS, date(2026, 2, 16), Usage(1, 1, speed="fast"), "unknown_fast_price"),
    ("claude-opus-4-7", date(2026, 7, 25), Usage(1, 1, speed="fast"), "unknown_fast_price"),
    (OPUS, DAY, Usage(1, 1, speed="turbo"), "unknown_fast_price"),
    (OPUS, DAY, Usage(1, 1, speed="fast", service_tier="batch"), "unknown_fast_price"),
    (OPUS, DAY, Usage(1, 1, service_tier="priority"), "unknown_service_tier_price"),  # sold by contract only
    ("gpt-5", DAY, Usage(1, 1, service_tier="flex"), "unknown_service_tier_price"),  # the package has it from October
    ("claude-2", DAY, Usage(1, 1, service_tier="batch"), "unknown_batch_price"),
    (SONNET, DAY, Usage(1, 1, inference_geo="us"), "unknown_inference_geo_price"),  # older than 4.6
    (OPUS, DAY, Usage(1, 1, inference_geo="eu"), "unknown_inference_geo_price"),
    ("global.anthropic.claude-opus-4-6-v1:0", DAY, Usage(1, 1, inference_geo="us"), "unknown_inference_geo_price"),
    ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", DAY, Usage(200_001, 1), "unknown_long_context_price"),
    # a lane without a price of its own
    ("gpt-5", DAY, Usage(1, 1, cache_write_5m_tokens=1), "unknown_cache_write_5m_price"),
    ("claude-3-opus-20240229", DAY, Usage(1, 1, web_search_requests=1), "unknown_web_search_price"),
]


@pytest.mark.parametrize(("model", "day", "usage", "pico"), COSTS)
def test_a_response_costs_what_its_tokens_cost_at_the_price_of_the_day(model, day, usage, pico):
    cost = cost_pico_usd(model, day, usage)
    assert type(cost) is int
    assert cost == pico
    assert unpriced_reason(model, day, usage) is None


@pytest.mark.parametrize(("model", "day", "usage", "reason"), UNPRICED)
def test_without_a_known_price_there_is_no_cost_but_a_reason(model, day, usage, reason):
    assert cost_pico_usd(model, day, usage) is None
    assert unpriced_reason(model, day, usage) == reason


def test_on_google_cloud_one_hour_writes_of_an_older_model_cost_twice_its_input():
    assert cost_pico_usd("claude-sonnet-4@20250514", DAY, Usage(0, 0, cache_write_1h_tokens=10)) == 10 * 6 * PER_MTOK


@pytest.mark.parametrize(
    "when",
    [
        1_773_273_600_000_000 - 1,  # microseconds: the last one of 2026-03-11
        1_773_359_999_999_999,  # and the last one of 2026-03-12
        datetime(2026, 3, 12, 23, 59, tzinfo=UTC),
        datetime(2026, 3, 12, 23, 59),  # noqa: DTZ001
        datetime(2026, 3, 13, 0, 30, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_the_day_of_a_price_is_the_utc_day(when):
    assert cost_pico_usd(OPUS, when, Usage(300_000, 0)) == 300_000 * 10_000_000
    assert cost_pico_usd(OPUS, 1_773_360_000_000_000, Usage(300_000, 0)) == 300_000 * 5_000_000


def test_a_price_that_changes_within_the_day_needs_the_time():
    night, noon = datetime(2025, 3, 1, 20, 0, tzinfo=UTC), datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
    tokens = Usage(1_000, 0)
    assert cost_pico_usd("deepseek-chat", noon, tokens) == 1_000 * 270_000
    assert cost_pico_usd("deepseek-chat", night, tokens) == 1_000 * 135_000
    assert unpriced_reason("deepseek-chat", date(2025, 3, 1), tokens) == "unknown_time_of_day"


def test_a_million_small_costs_add_up_without_drift():
    one = cost_pico_usd(OPUS, DAY, Usage(1, 0, 1))
    assert one == 5_500_000
    assert usd(sum([one] * 1_000_000)) == 5.5
    assert usd(None) is None


def test_the_version_names_the_package_and_our_table():
    assert PRICES_VERSION.startswith("genai-prices-")
    assert "+surcharges-" in PRICES_VERSION
