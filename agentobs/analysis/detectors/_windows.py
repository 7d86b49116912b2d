"""How many tokens a model's context holds, where that is known: a small dated table, then the price package's.

An agent may give a model less room than the model has, and the same model may be asked for with more: then there are
several windows, and the smallest that what was sent fits into counts.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from agentobs.pricing.names import Match, find


class Room(NamedTuple):
    """The windows of some models in one agent (None: in any), by when it was looked up and where."""

    agent: str | None
    models: str  # a regular expression for the whole name
    tokens: tuple[int, ...]  # smallest first
    seen: str
    source: str


ROOMS = (
    Room("codex", r"(?:openai/)?gpt-5(?:[.-].*)?", (258_400, 272_000, 1_050_000), "2026-06-19",
         "Codex's model catalogue, openai/codex issues 19319 and 19409: 400,000 with 128,000 of them for output;"
         " newer versions leave a twentieth of it free and state 258,400; larger by configuration"),
    Room(None, r".*claude-sonnet-4(?:-0|-5|\.5)?(?:[-@]\d{8})?(?:\[1m\])?", (200_000, 1_000_000), "2026-02-01",
         "Claude API documentation, context windows: 1,000,000 with the beta context-1m-2025-08-07"),
    Room(None, r".*claude-(?:opus|sonnet)-4[-.]6(?:[-@]\d{8})?(?:\[1m\])?", (200_000, 1_000_000), "2026-02-08",
         "Claude Code shows 200,000 for claude-opus-4-6 (anthropics/claude-code issue 24208); the model has"
         " 1,000,000"),
)  # fmt: skip


@lru_cache(maxsize=4096)
def windows_of(agent: str | None, model: str | None) -> tuple[int, ...]:
    """Return the sizes in tokens that the context of a model may have, smallest first; empty: unknown."""
    if model is None:
        return ()
    name = model.strip().lower()
    for room in ROOMS:
        if room.agent in (None, agent) and re.fullmatch(room.models, name):
            return room.tokens[1:] if name.endswith("[1m]") else room.tokens
    match = find(model)
    size = match.model.context_window if isinstance(match, Match) else None
    return (size,) if size else ()
