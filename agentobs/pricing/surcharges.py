"""Billing that the price package lacks: a small dated table of ours, each row with the document it was read in.

Keys are the package's (provider, model) ids. What stands in no document stands not here: such a call has no price.
Raise VERSION with every change; it is stored with each cost.
"""

from datetime import date
from fractions import Fraction
from typing import NamedTuple

VERSION = 1


class Factor(NamedTuple):
    """A factor on the token lanes of a model in [since, until); None: there was a surcharge, of unknown size."""

    input: Fraction | None  # all that is read: input, cache reads, cache writes
    output: Fraction | None
    since: date = date.min
    until: date = date.max


Key = tuple[str, str]
Table = dict[Key, tuple[Factor, ...]]

_CLAUDE_4_6_AND_LATER = (
    "claude-fable-5",
    "claude-fable-5-1",
    "claude-fable-5-2",
    "claude-haiku-5-5",
    "claude-mythos-5-2",
    "claude-opus-4-6",
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-opus-5",
    "claude-opus-5-5",
    "claude-sonnet-4-6",
    "claude-sonnet-5",
    "claude-sonnet-5-5",
)
_CLAUDE_3_TO_4_5 = (
    "claude-3-5-haiku-latest",
    "claude-3-5-sonnet",
    "claude-3-7-sonnet-latest",
    "claude-3-haiku",
    "claude-3-opus-latest",
    "claude-3-sonnet",
    "claude-haiku-4-5",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-5",
    "claude-sonnet-4-0",
    "claude-sonnet-4-5",
)

# Message Batches API: "50% discount on input and output" of every model, prompt caching multipliers on top.
# https://platform.claude.com/docs/en/about-claude/pricing (Batch processing); the API opened on 2024-10-08.
# The package has the same prices, but from 2026-10-14 only.
BATCH: Table = {
    ("anthropic", model): (Factor(Fraction(1, 2), Fraction(1, 2), since=date(2024, 10, 8)),)
    for model in _CLAUDE_3_TO_4_5 + _CLAUDE_4_6_AND_LATER
}

# Fast mode of the two models that the package has no fast price for: 6 x the standard rates, long context and cache
# multipliers on top ($30/$150; above 200,000 tokens $60/$225 while that premium existed).
# https://platform.claude.com/docs/en/build-with-claude/fast-mode and https://code.claude.com/docs/en/fast-mode
# Opus 4.6 starts after the introductory discount for Claude Code (until 2026-02-16), because a log does not tell
# whether it applied. Opus 4.7 lost the mode on 2026-07-24.
FAST: Table = {
    ("anthropic", "claude-opus-4-6"): (Factor(Fraction(6), Fraction(6), since=date(2026, 2, 17)),),
    ("anthropic", "claude-opus-4-7"): (Factor(Fraction(6), Fraction(6), until=date(2026, 7, 25)),),
}

# Inference in the United States only: 1.1 x every token category, on Claude 4.6 and later, on Anthropic's own API.
# https://platform.claude.com/docs/en/manage-claude/data-residency and .../about-claude/pricing (Data residency)
US_INFERENCE: Table = {
    ("anthropic", model): (Factor(Fraction(11, 10), Fraction(11, 10)),) for model in _CLAUDE_4_6_AND_LATER
}

# Prompts of more than 200,000 tokens (input, cache reads and cache writes together) where the package is flat.
# Sonnet 4: 2 x what is read, 1.5 x output, since the 1M beta of 2025-08-12.
# https://platform.claude.com/docs/en/api/service-tiers ("For Claude Sonnet 4.5 and Sonnet 4, long-context requests
# (>200k input tokens)"). On other platforms we have found no document: no price. The premium of the 4.6 models
# ended on 2026-03-13.
LONG_CONTEXT_ABOVE = 200_000
LONG_CONTEXT: Table = {
    ("anthropic", "claude-sonnet-4-0"): (Factor(Fraction(2), Fraction(3, 2), since=date(2025, 8, 12)),),
    ("aws", "global.anthropic.claude-sonnet-4-20250514-v1:0"): (Factor(None, None),),
    ("aws", "regional.anthropic.claude-sonnet-4-20250514-v1:0"): (Factor(None, None),),
    ("aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0"): (Factor(None, None),),
    ("aws", "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"): (Factor(None, None),),
    ("aws", "global.anthropic.claude-opus-4-6-v1:0"): (Factor(None, None, until=date(2026, 3, 13)),),
    ("aws", "regional.anthropic.claude-opus-4-6-v1:0"): (Factor(None, None, until=date(2026, 3, 13)),),
    ("aws", "global.anthropic.claude-sonnet-4-6-v1:0"): (Factor(None, None, until=date(2026, 3, 13)),),
    ("aws", "regional.anthropic.claude-sonnet-4-6-v1:0"): (Factor(None, None, until=date(2026, 3, 13)),),
    ("google", "claude-4-sonnet"): (Factor(None, None),),
    ("google", "claude-sonnet-4-6"): (Factor(None, None, until=date(2026, 3, 13)),),
    ("openrouter", "anthropic/claude-sonnet-4"): (Factor(None, None),),
}

# One-hour cache writes cost 2 x base input, on Google Cloud too, where the package leaves them out for older rows.
# https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing
ONE_HOUR_WRITES = Fraction(2)
ONE_HOUR_WRITES_OF = frozenset(
    ("google", model)
    for model in ("claude-3-5-haiku", "claude-3-7-sonnet", "claude-4-opus", "claude-4-sonnet", "claude-opus-4-6")
)


def factor(table: Table, key: Key, day: date) -> Factor | None:
    """Return the row of a table that holds for a model on a day, None if there is none."""
    return next((row for row in table.get(key, ()) if row.since <= day < row.until), None)
