"""Recall and precision over generated texts: every kind of secret in every place, and what only looks like one."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.redaction import RULES, Redactor
from tests.redaction.negatives import KINDS, negatives
from tests.redaction.positives import ASSIGNED, PLACES, TOKENS, WRAPPINGS, Positive, positives

ENGINES = ("hyperscan", "re")
REDACTORS = {name: Redactor(b"k" * 32, engine=name) for name in ENGINES}
POSITIVES = tuple(positives())
NEGATIVES = tuple(negatives(120))


def test_every_rule_is_in_the_corpus():
    assert {rule.name for rule in RULES} == {positive.rule for positive in POSITIVES}
    assert len({rule.name for rule in RULES}) >= 40
    assert len(POSITIVES) >= 200
    assert len(NEGATIVES) >= 2000
    assert len({text for _, text in NEGATIVES}) >= 2000


def replaced(positive: Positive, engine: str) -> bool:
    """Whether the secret went under its rule's name, and nothing else changed."""
    said = positive.read(REDACTORS[engine].text(positive.text))
    start = said.find("«redacted:")
    if start < 0 or positive.secret in said:
        return False
    mark = said[start : said.index("»", start) + 1]
    whole = positive.read(positive.text).replace(positive.secret, mark)
    return mark.startswith(f"«redacted:{positive.rule}:") and said == whole


@pytest.mark.parametrize("engine", ENGINES)
def test_nearly_all_secrets_are_replaced_and_nothing_else_changes(engine):
    missed = [(one.rule, one.place) for one in POSITIVES if not replaced(one, engine)]
    for rule, place in missed:
        print(f"missed: {rule} {place}")  # noqa: T201
    assert len(missed) <= 0.01 * len(POSITIVES)


@pytest.mark.parametrize("engine", ENGINES)
def test_nearly_nothing_harmless_is_replaced(engine):
    hits = [(kind, text) for kind, text in NEGATIVES if REDACTORS[engine].text(text) is not text]
    for kind, text in hits:
        print(f"false hit: {kind}: {text[:200]}")  # noqa: T201
    assert len(hits) <= 0.001 * len(NEGATIVES)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_harmless_text_is_made(kind):
    assert sum(name == kind for name, _ in NEGATIVES) == 120


literals = st.sampled_from(sorted({anchor.literal.decode() for rule in RULES for anchor in rule.anchors}))
runs = st.sampled_from(["0", "7b", "Q~8", "A1b2", "f00d", "Zz_-9", "a.b", "+/="]).flatmap(
    lambda piece: st.integers(1, 40).map(lambda size: (piece * size)[:size])
)
signs = st.sampled_from(
    [" ", '"', "\\n", "\n", "=", ": ", "\\u0061", "-", "_", ".", "/", "\x1b[0m", "é", "%3D", "\\", ";"]
)
real = st.sampled_from([one.secret for one in POSITIVES])


@given(st.lists(literals | runs | signs | real, max_size=12).map("".join))
def test_both_engines_say_the_same(text):
    assert REDACTORS["re"].text(text) == REDACTORS["hyperscan"].text(text)
    assert REDACTORS["re"].text(json.dumps([text])) == REDACTORS["hyperscan"].text(json.dumps([text]))


def test_both_engines_say_the_same_of_the_corpus():
    for text in (*(one.text for one in POSITIVES), *(text for _, text in NEGATIVES)):
        assert REDACTORS["re"].text(text) == REDACTORS["hyperscan"].text(text)


@given(st.lists(signs | real, max_size=8).map(" ".join))
def test_what_was_redacted_once_stays(text):
    said = REDACTORS["hyperscan"].text(text)
    assert REDACTORS["hyperscan"].text(said) == said


def test_many_lines_at_once_are_redacted_as_one_by_one():
    texts = [one.text.replace("\n", " ").replace("\r", " ").encode() for one in POSITIVES]
    texts += [text.replace("\n", " ").encode() for _, text in NEGATIVES]
    random.Random(3).shuffle(texts)
    for redactor in REDACTORS.values():
        assert redactor.lines(texts).lines == [redactor.text(text) for text in texts]


class Placeholders(random.Random):
    """Writes x for every letter."""

    def choice(self, seq):
        return "x" if isinstance(seq, str) else super().choice(seq)


@pytest.mark.parametrize(
    ("rule", "make"),
    [one for one in TOKENS if one[0] not in {"private_key", "jwt"}],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_prefix_and_a_placeholder_stay(rule, make):
    secret = make(random.Random(1))
    for text in (make(Placeholders(1)), secret[:14], f"{secret[:6]}...", f"{secret[:6]}<your-key>"):
        assert REDACTORS["hyperscan"].text(text) is text
        assert REDACTORS["re"].text(text) is text


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("rule", ["gitlab_token", "azure_client_secret", "telegram_token", "discord_token", "cookie"])
def test_a_secret_is_found_however_deep_its_escapes_are(rule, depth):
    makes = {name: make for name, make, *_ in (*ASSIGNED, *TOKENS)}
    secret = makes[rule](random.Random(depth))
    line = text = f"sessionid={secret}" if rule == "cookie" else f"it is {secret} now"
    escapes = {name: (wrap, read) for name, wrap, read in WRAPPINGS}
    nested, unnested = escapes["in JSON"]
    wrap, read = escapes["in escapes"]
    line = wrap(text)
    for _ in range(depth - 1):
        line = nested(line)
    for redactor in REDACTORS.values():
        said = redactor.text(line)
        for _ in range(depth - 1):
            said = unnested(said)
        assert read(said).startswith(text[: text.index(secret)] + f"«redacted:{rule}:")
        assert secret not in read(said)


def test_the_places_are_those_of_sessions():
    assert {place for place, _ in PLACES} >= {"plain", "environment", "shell", "yaml", "header", "address", "diff"}
