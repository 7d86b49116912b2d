"""Labelled sessions: each pattern planted, its near misses, and plain sessions, all from one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from _samples.labelled import (
    context,
    editing,
    ending,
    failing,
    hard,
    harder,
    people,
    plain,
    repeating,
    safety,
    thinking,
)
from _samples.labelled.acts import Acts
from _samples.labelled.claude import ClaudeScene
from _samples.labelled.codex import CodexScene
from _samples.labelled.pattern import Pattern
from _samples.labelled.worlds import WORLDS
from _samples.log import Clock, Story

GROUPS = (repeating, editing, failing, ending, context, thinking, safety, people)
PATTERNS: dict[str, Pattern] = {name: pattern for group in GROUPS for name, pattern in group.PATTERNS.items()}
FIRST_DAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
APART = timedelta(hours=1, minutes=7)
BLOCK = 100  # places that the sessions of one pattern may take
VERSIONS = ("1.0.98", "2.0.76", "2.1.49", "2.1.81")
MODELS = ("claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101", "claude-haiku-4-5-20251001")
CODEX = {1, 7, 8, 14}  # variants that are Codex's, where its files can show the pattern; out of step with all cycles


@dataclass(frozen=True)
class Labelled:
    """A session, and whether a detector should find something in it; no detector: a plain good session."""

    detector: str | None
    expected: bool
    variant: int
    story: Story
    scene: ClaudeScene | CodexScene


def scenes(seed: int, only: set[str] | None = None) -> Iterator[Labelled]:
    """Yield every labelled session; each depends on the seed and its own name, not on the others."""
    for at, name in enumerate(sorted(PATTERNS)):
        if only is None or name in only:
            yield from _of_pattern(seed, name, expected=True, place=2 * at * BLOCK)
            yield from _of_pattern(seed, name, expected=False, place=(2 * at + 1) * BLOCK)
    for variant in range(plain.COUNT):
        place = 2 * len(PATTERNS) * BLOCK + variant
        tell = plain.PLAIN[variant % len(plain.PLAIN)]
        story, scene = _scene(f"{seed}/plain/{variant}", place, variant, tell not in plain.CLAUDES)
        tell(scene)
        yield Labelled(None, False, variant, story, scene)


def _of_pattern(seed: int, name: str, *, expected: bool, place: int) -> Iterator[Labelled]:
    """The sessions in which a pattern is planted, or just missed: its variants, then the harder cases."""
    pattern = PATTERNS[name]
    act = pattern.plant if expected else pattern.miss
    tables = (hard.PLANTED, harder.PLANTED) if expected else (hard.MISSED, harder.MISSED)
    turns = [(act, variant) for variant in range(pattern.variants)]
    turns += [(each, number) for table in tables for number, each in enumerate(table.get(name, ()))]
    for variant, (each, number) in enumerate(turns):
        codex = pattern.codex and variant < pattern.variants
        story, scene = _scene(f"{seed}/{name}/{expected}/{variant}", place + variant, variant, codex)
        if pattern.opens:
            scene.open()
        each(scene, number)
        if pattern.closes and not scene.ended:
            scene.close()
        yield Labelled(name, expected, variant, story, scene)


def _scene(name: str, place: int, variant: int, codex: bool) -> tuple[Story, ClaudeScene | CodexScene]:
    rng = random.Random(name)  # noqa: S311 the same sessions every time
    story, world = Story(rng), WORLDS[(place + variant) % len(WORLDS)]
    clock = Clock(FIRST_DAY + place * APART + timedelta(milliseconds=rng.randint(0, 3_600_000)))
    if codex and variant % 16 in CODEX:
        return story, CodexScene(story, world, rng, clock)
    version, model = rng.choice(VERSIONS), rng.choice(MODELS)
    scene = ClaudeScene(story, world.cwd, clock, version, model, sources=dict(world.sources))
    scene.prepare(world, rng)
    return story, scene


def evidence(scene: Acts) -> list[str]:
    """What names the planted records: their uuid, or their call's or turn's id, or at least their time."""
    found: dict[str, None] = {}
    for record in scene.evidence:
        payload = record.get("payload", {})
        name = record.get("uuid") or payload.get("call_id") or payload.get("turn_id")
        name = name or record.get("timestamp")
        if name:
            found.setdefault(str(name))
    return list(found)
