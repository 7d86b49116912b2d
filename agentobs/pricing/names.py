"""Which priced model a name in a log means, and on whose platform; a name that only resembles one is unknown.

The price package matches by prefixes and substrings: `claude-opus-4-10` would get the price of `claude-opus-4-1`.
So its match counts only if the name is one that the package writes out, or that name with a documented suffix.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseStartsWith,
    ModelInfo,
    Provider,
)

UNKNOWN_MODEL = "unknown_model"
UNKNOWN_PROVIDER = "unknown_provider"

ALIASES = {
    # names that agents and OpenTelemetry (gen_ai.provider.name) use, to the package's provider
    "aws.bedrock": "aws",
    "bedrock": "aws",
    "amazon-bedrock": "aws",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "foundry": "azure",
    "copilot": "github-copilot",
    "github_copilot": "github-copilot",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "vertex": "google",
    "vertex_ai": "google",
    "vertexai": "google",
    "google-vertex": "google",
    "mistral_ai": "mistral",
    "moonshot": "moonshotai",
    "openai-codex": "openai",
    "xai": "x-ai",
    "x_ai": "x-ai",
}
PREFIXES = ("anthropic", "openai", "google", "gemini", "vertex_ai", "bedrock", "azure", "openrouter", "github_copilot")

_REGION = r"(?:(?:global|us|us-gov|eu|apac|au|jp|in|ca|sa)\.)?"
_BEDROCK = re.compile(rf"{_REGION}anthropic\.claude-")
_VERTEX = re.compile(r"claude-[a-z0-9.-]+@(?:\d{8}|latest|default)")
_CONTEXT_SUFFIX = re.compile(r"\[\d+m\]$")  # Claude Code's way to ask for the long window: claude-sonnet-4-5[1m]
_SUFFIX = r"(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2}|[-@]latest|@default)?(?:-v\d+)?(?::\d+)?"
_CUT_OFF = re.compile(r"-20\d\d$")  # a prefix that ends inside a date names no model


class Match(NamedTuple):
    """A model that the price package knows, on one platform."""

    provider: Provider
    model: ModelInfo

    @property
    def key(self) -> tuple[str, str]:
        """(provider, model) in the package's ids, the key of our own tables."""
        return self.provider.id, self.model.id


@lru_cache(maxsize=4096)
def find(model: str, provider: str | None = None) -> Match | str:
    """Return the priced model that a name means, or why there is none."""
    name = _CONTEXT_SUFFIX.sub("", model.strip().lower())
    platform, name = _platform(name, provider.strip().lower() if provider else None)
    if platform is None:
        return UNKNOWN_PROVIDER if provider else UNKNOWN_MODEL
    found = platform.find_model(name, all_providers=list(_providers().values())) if name else None
    if found is None or not _is_name_of(found, name, platform.id):
        return UNKNOWN_MODEL
    return Match(platform, found)


@cache
def _providers() -> dict[str, Provider]:
    # the table in the package itself: get_snapshot() could return one that somebody in this process downloaded
    from genai_prices.data import providers

    return {provider.id: provider for provider in providers}


def _platform(name: str, stated: str | None) -> tuple[Provider | None, str]:
    """Return who bills the name, and the name without the platform's prefix."""
    platform = ALIASES.get(stated, stated) if stated else None
    prefix, slash, rest = name.partition("/")
    if slash and platform != "openrouter" and prefix in PREFIXES:
        prefixed = ALIASES.get(prefix, prefix)
        if platform in (None, "anthropic", prefixed):
            platform, name = prefixed, rest
    elif prefix == "models" and slash and platform in (None, "google"):
        platform, name = "google", rest
    if platform in (None, "anthropic"):  # the vendor is stated everywhere; these forms exist on one platform only
        if _BEDROCK.match(name):
            platform = "aws"
        elif _VERTEX.fullmatch(name):
            platform = "google"
    if platform is not None:
        return _providers().get(platform), name
    makers = (p for p in _providers().values() if p.model_match is not None and p.model_match.is_match(name))
    return next(makers, None), name


def _is_name_of(model: ModelInfo, name: str, provider: str) -> bool:
    before = rf"{_REGION}(?:anthropic\.)?" if provider == "aws" else ""
    return any(re.fullmatch(f"{before}{re.escape(known)}{_SUFFIX}", name) for known in _written_names(model))


def _written_names(model: ModelInfo) -> Iterator[str]:
    yield model.id.lower()
    for literal in _literals(model.match):
        known = literal.lower().rstrip("-@.:")
        if not _CUT_OFF.search(known):
            yield known


def _literals(clause: Any) -> Iterator[str]:
    if isinstance(clause, ClauseOr | ClauseAnd):
        for part in clause.or_ if isinstance(clause, ClauseOr) else clause.and_:
            yield from _literals(part)
    elif isinstance(clause, ClauseEquals):
        yield clause.equals
    elif isinstance(clause, ClauseStartsWith):
        yield clause.starts_with
    elif isinstance(clause, ClauseEndsWith):
        yield clause.ends_with
    elif isinstance(clause, ClauseContains):
        yield clause.contains
