"""Whose work a span or log record is: the agent, its version, its session, its machine.

Telemetry of Claude Code, Codex and Gemini CLI carries the ids of their own session files, so that a session seen in
both is one session. Any other agent is called as its service is.
"""

import re
from functools import lru_cache

from agentobs.adapters._otel_records import Attributes, Origin, text_of
from agentobs.adapters._otel_tools import PATH_LENGTH
from agentobs.adapters._text import clip, short_id

CLAUDE_CODE, CODEX, GEMINI_CLI = "claude_code", "codex", "gemini_cli"
WITH_FILES = frozenset((CLAUDE_CODE, CODEX, GEMINI_CLI))
"""The agents whose sessions have files of their own, which say the same and more."""
NAMELESS = "otel:"
"""How the id of such an agent's call begins where telemetry gives none: the call counts while no file has calls."""

UNNAMED = "otel"
_SESSIONS = (
    "gen_ai.conversation.id",
    "session.id",
    "conversation.id",
    "langfuse.session.id",
    "traceloop.association.properties.session_id",
    "gcp.vertex.agent.session_id",
    "gen_ai.session.id",
    "ai.telemetry.metadata.sessionId",
    "mlflow.trace.session",
    "thread.id",
)
_NOT_WORD = re.compile(r"[^a-z0-9]+")


_OWN = frozenset((
    "app.version", "gen_ai.agent.version", "host.name", "process.working_directory", "cwd", "vcs.ref.head.name",
))  # fmt: skip


class Identities:
    """Gives each record of a batch its identity: mostly that of its resource, made once."""

    def __init__(self) -> None:
        self._of_resources: dict[tuple[int, str], Identity] = {}

    def of(self, agent: str, attributes: Attributes, origin: Origin) -> "Identity":
        """Return the identity of a record."""
        if not attributes.keys().isdisjoint(_OWN):
            return Identity(agent, attributes, origin.resource)
        key = (id(origin), agent)  # origins live as long as their batch, and this no longer
        identity = self._of_resources.get(key)
        if identity is None:
            identity = self._of_resources[key] = Identity(agent, {}, origin.resource)
        return identity


class Identity:
    """What events of a record have in common."""

    __slots__ = ("agent", "branch", "machine", "version", "working_directory")

    def __init__(self, agent: str, attributes: Attributes, resource: Attributes) -> None:
        self.agent = agent
        self.version = short_id(
            text_of(attributes, "app.version", "gen_ai.agent.version")
            or text_of(resource, "service.version", "app.version")
        )
        self.machine = short_id(text_of(attributes, "host.name") or text_of(resource, "host.name"))
        self.working_directory = clip(
            text_of(attributes, "process.working_directory", "cwd") or text_of(resource, "process.working_directory"),
            PATH_LENGTH,
        )
        self.branch = short_id(text_of(attributes, "vcs.ref.head.name") or text_of(resource, "vcs.ref.head.name"))


def agent_of(origin: Origin, attributes: Attributes, name: str = "") -> str:
    """Return the agent's name: by the name of the record where that tells, else by that of the service."""
    head = name.partition(".")[0]
    if head in WITH_FILES:
        return head
    service = text_of(origin.resource, "service.name") or ""
    if not service or service.startswith("unknown_service"):
        service = text_of(attributes, "gen_ai.agent.name", "service.name") or ""
    return _clean(service)


def said_session(attributes: Attributes, resource: Attributes) -> str | None:
    """Return the id of the session as the record says it."""
    return short_id(text_of(attributes, *_SESSIONS) or text_of(resource, *_SESSIONS))


@lru_cache(maxsize=1024)
def _clean(service: str) -> str:
    word = _NOT_WORD.sub("_", service.lower()).strip("_")[:64]
    if word.startswith("codex"):
        return CODEX
    if word.startswith("claude_code"):
        return CLAUDE_CODE
    return GEMINI_CLI if word in ("gemini_cli", "gemini") else word or UNNAMED
