"""What aider's own lines say: models, tokens and cost, edits, commits, commands, questions.

    33784 prompt tokens, 51 completion tokens, $0.169685 cost                       up to 0.35, exact
    Tokens: 2,500 sent, 120 cached, 20 received. Cost: $0.01 message, $0.02 session.  up to 0.56, exact
    Tokens: 12k sent, 5.1k cache hit, 1.5k received. Cost: ...                      rounded: an estimate

What was sent holds what was written to the cache and, mostly, what was read from it: both are taken out.
"""

import re
from typing import NamedTuple

from agentobs.adapters._objects import MOST_TOKENS, without_cache
from agentobs.events import Usage

_OLDER = re.compile(r"([\d,]+) prompt tokens, ([\d,]+) completion tokens(?:, \$([\d.,]+) cost)?\.?")
_NEWER = re.compile(
    r"Tokens: (?P<counts>[^.$]*(?:\.\d[^.$]*)*) received\."
    r"(?:\s*Cost: \$(?P<cost>[\d.,]+) \w+, \$(?P<session>[\d.,]+) session\.?)?"
)
_COUNT = re.compile(r"([\d.,]+)([kKmM]?)(?: (sent|cached|cache hit|cache write))?")
_THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}
_MODEL = re.compile(r"(?:Main m|M)odels?: (?P<model>\S+?),?(?: with (?P<format>[\w-]+) edit format)?(?:,? .*)?")
_WEAK = re.compile(r"\b[Ww]eak model:? (\S+)")
_VERSION = re.compile(r"Aider v(\S+)")

EDITED = re.compile(r"Applied edit to (.+)")
REFUSED = re.compile(r"Skipping edits to (.+?)(?: that matches gitignore spec\.)?")
COMMITTED = re.compile(r"Commit ([0-9a-f]{7,40}) ?(.*)", re.DOTALL)
RUNNING = re.compile(r"Running (.+)", re.DOTALL)
FIXING = re.compile(r"Attempt to fix (lint|test) errors\?.*")
ADDED = re.compile(r"Added (.+?) to (?:the chat|read-only files)\.?(?: .*)?")
_QUESTION = re.compile(r"(?P<question>.+\?)(?: \(Y\)es.*)? (?P<answer>[A-Za-z]+)")
LINTED = re.compile(r"^## Running: (.+)", re.MULTILINE)
FAILED = re.compile(
    r"The LLM did not conform to the edit format|Only \d+ reflections allowed|Unable to \w+"
    r"|(?:litellm\.|openai\.)?(?:\w+\.)*\w*(?:Error|Exception)\b:?|Exception while |Model .+ has hit a token limit"
    r"|Retrying in [\d.]+ seconds"
)


class Report(NamedTuple):
    """A report of tokens: what they were, whether they are exact, and what aider says that it cost."""

    usage: Usage
    exact: bool
    cost_usd: float | None
    session_cost_usd: float | None


def report(words: str) -> Report | None:
    """Return the tokens that a line reports; None when it is no such report."""
    older = _OLDER.fullmatch(words)
    if older is not None:
        usage = Usage(_number(older[1], ""), _number(older[2], ""))
        return Report(usage, True, _dollars(older[3]), None) if usage != Usage() else None
    newer = _NEWER.fullmatch(words)
    if newer is None:
        return None
    counts: dict[str, int | None] = {}
    exact = True
    for number, unit, name in _COUNT.findall(newer["counts"]):
        counts[name] = _number(number, unit)
        exact = exact and not unit
    hit = counts.get("cache hit", counts.get("cached"))
    write = counts.get("cache write")
    usage = Usage(
        input_tokens=without_cache(without_cache(counts.get("sent"), write), hit),
        output_tokens=counts.get(""),
        cache_read_tokens=hit,
        cache_write_5m_tokens=write,
    )
    return Report(usage, exact, _dollars(newer["cost"]), _dollars(newer["session"])) if usage != Usage() else None


class Model(NamedTuple):
    """A model that aider says it uses, and the format of its edits."""

    name: str
    edit_format: str | None


def model(words: str) -> Model | None:
    """Return the main model that a line names."""
    found = _MODEL.fullmatch(words)
    return None if found is None else Model(found["model"], found["format"])


def weak_model(words: str) -> str | None:
    """Return the model for small tasks that a line names."""
    found = _WEAK.search(words)
    return None if found is None else found[1].rstrip(",")


def version(words: str) -> str | None:
    """Return the version of aider that a line names."""
    found = _VERSION.fullmatch(words)
    return None if found is None else found[1]


class Answered(NamedTuple):
    """A question of aider's and whether the person agreed."""

    question: str
    agreed: bool


def answered(words: str) -> Answered | None:
    """Return the question that a line holds with its answer."""
    found = _QUESTION.fullmatch(words)
    if found is None or found["answer"].lower() not in {"y", "n", "yes", "no", "a", "all", "s", "d", "skip"}:
        return None
    return Answered(found["question"], found["answer"].lower()[0] in "ya")


def _number(text: str, unit: str) -> int | None:
    try:
        value = round(float(text.replace(",", "")) * _THOUSANDS[unit.lower()])
    except ValueError:
        return None
    return value if value <= MOST_TOKENS else None


def _dollars(text: str | None) -> float | None:
    try:
        return None if text is None else float(text.replace(",", "").rstrip("."))
    except ValueError:
        return None
