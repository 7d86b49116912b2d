"""Which names get a price, and that a name which only resembles a model gets none."""

import pytest
from genai_prices.data import providers

from agentobs.pricing import surcharges
from agentobs.pricing.names import find

PRICED = [
    # names in real logs
    ("claude-opus-4-5-20251101", None, "anthropic", "claude-opus-4-5"),
    ("claude-opus-4-6", None, "anthropic", "claude-opus-4-6"),
    ("claude-opus-4-7", None, "anthropic", "claude-opus-4-7"),
    ("claude-opus-4-8", None, "anthropic", "claude-opus-4-8"),
    ("claude-opus-5", None, "anthropic", "claude-opus-5"),
    ("claude-fable-5", None, "anthropic", "claude-fable-5"),
    ("claude-sonnet-4", None, "anthropic", "claude-sonnet-4-0"),
    ("claude-sonnet-4-20250514", None, "anthropic", "claude-sonnet-4-0"),
    ("claude-sonnet-4-5-20250929", None, "anthropic", "claude-sonnet-4-5"),
    ("claude-sonnet-4-6", None, "anthropic", "claude-sonnet-4-6"),
    ("claude-sonnet-5", None, "anthropic", "claude-sonnet-5"),
    ("claude-haiku-4-5-20251001", None, "anthropic", "claude-haiku-4-5"),
    ("claude-3-sonnet-20240229", None, "anthropic", "claude-3-sonnet"),
    ("claude-3-5-haiku-20241022", None, "anthropic", "claude-3-5-haiku-latest"),
    ("gpt-5", None, "openai", "gpt-5"),
    ("gpt-5-codex", None, "openai", "gpt-5"),
    ("gpt-5.1-codex-max", None, "openai", "gpt-5.1"),
    ("gemini-2.5-pro", None, "google", "gemini-2.5-pro"),
    ("gemini-3-flash-preview", None, "google", "gemini-3-flash-preview"),
    # documented forms of a name
    ("Claude-Opus-4-6 ", "Anthropic", "anthropic", "claude-opus-4-6"),
    ("claude-sonnet-4-5-20250929[1m]", None, "anthropic", "claude-sonnet-4-5"),
    ("claude-sonnet-4-0", None, "anthropic", "claude-sonnet-4-0"),
    ("claude-3-7-sonnet-latest", None, "anthropic", "claude-3-7-sonnet-latest"),
    ("anthropic/claude-opus-4-5-20251101", None, "anthropic", "claude-opus-4-5"),
    ("openai/gpt-5", None, "openai", "gpt-5"),
    ("gpt-5-2025-08-07", "openai", "openai", "gpt-5"),
    ("models/gemini-2.5-pro", None, "google", "gemini-2.5-pro"),
    ("gemini/gemini-2.5-pro", None, "google", "gemini-2.5-pro"),
    # platforms have prices of their own
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", None, "aws", "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("global.anthropic.claude-opus-4-6-v1", "anthropic", "aws", "global.anthropic.claude-opus-4-6-v1:0"),
    ("anthropic.claude-3-5-sonnet-20241022-v2:0", None, "aws", "regional.anthropic.claude-3-5-sonnet-20241022-v2:0"),
    ("claude-opus-4-5@20251101", None, "google", "claude-opus-4-5"),
    ("claude-opus-4-5@20251101", "anthropic", "google", "claude-opus-4-5"),
    ("claude-opus-4-6", "gcp.vertex_ai", "google", "claude-opus-4-6"),
    ("openrouter/anthropic/claude-sonnet-4.5", None, "openrouter", "anthropic/claude-sonnet-4.5"),
    ("anthropic/claude-sonnet-4.5", "openrouter", "openrouter", "anthropic/claude-sonnet-4.5"),
    ("claude-sonnet-4.6", "github-copilot", "github-copilot", "claude-sonnet-4.6"),
]

UNPRICED = [
    "",
    " ",
    "<synthetic>",
    "claude",
    "opus",
    "gpt",
    "gemini",
    "claude-fable-9",
    "claude-opus-99",
    "claude-opus-4-10",  # the package finds claude-opus-4-1
    "claude-opus-4-6-fast",  # the package finds claude-opus-4-6; another platform's name for fast mode
    "claude-sonnet-4-5-experimental",  # the package finds claude-sonnet-4-5
    "claude-sonnet-4-2025",
    "claude-haiku-4-50",
    "my-claude-sonnet-4-clone",
    "anthropic/my-claude-opus-4-6",
    "vertex_ai/my-claude-opus-4-6",  # the package finds it by substring
    "eu.anthropic.claude-opus-99-v1:0",
    "gpt-99",
    "gpt-5-codex-maxi",
    "gemini-2.5-pro-clone",
    "gemini-99-pro",
]


@pytest.mark.parametrize(("name", "provider", "platform", "model"), PRICED)
def test_a_documented_name_finds_its_model(name, provider, platform, model):
    match = find(name, provider)
    assert not isinstance(match, str), match
    assert match.key == (platform, model)


@pytest.mark.parametrize("name", UNPRICED)
@pytest.mark.parametrize("provider", [None, "anthropic", "google", "openai", "azure"])
def test_a_name_that_only_resembles_a_model_is_unknown(name, provider):
    assert find(name, provider) == "unknown_model"


def test_a_model_of_another_maker_is_unknown_on_a_platform_that_does_not_sell_it():
    assert find("claude-opus-4-6", "openai") == "unknown_model"


def test_a_platform_without_prices_is_said_to_be_unknown():
    assert find("claude-opus-4-6", "acme-proxy") == "unknown_provider"


def test_every_row_of_our_table_names_a_model_of_the_package():
    known = {(provider.id, model.id) for provider in providers for model in provider.models}
    tables = (surcharges.BATCH, surcharges.FAST, surcharges.US_INFERENCE, surcharges.LONG_CONTEXT)
    assert {key for table in tables for key in table} | surcharges.ONE_HOUR_WRITES_OF <= known
