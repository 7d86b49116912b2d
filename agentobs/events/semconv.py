"""OpenTelemetry's names for generative AI, and our fields: the only place that knows both.

The conventions count cached tokens inside `gen_ai.usage.input_tokens`; our `input_tokens` excludes them. Reasoning is
inside the output in both. OpenTelemetry knows one kind of cache write; ours with a lifetime of an hour is told apart by
an attribute of our own, and a write without one is a five-minute write.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentobs.events.model import Event, EventType, Usage

SEMCONV_VERSION = "1.42.0"
SCHEMA_URL = f"https://opentelemetry.io/schemas/{SEMCONV_VERSION}"

INPUT = "gen_ai.usage.input_tokens"
OUTPUT = "gen_ai.usage.output_tokens"
CACHE_READ = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE = "gen_ai.usage.cache_creation.input_tokens"
CACHE_WRITE_1H = "agentobs.usage.cache_write_1h_tokens"
REASONING = "gen_ai.usage.reasoning.output_tokens"
OPERATION = "gen_ai.operation.name"

NAMES = {
    "gen_ai.agent.name": "agent",
    "gen_ai.agent.version": "agent_version",
    "gen_ai.conversation.id": "session_id",
    "gen_ai.provider.name": "provider",
    "gen_ai.response.model": "model",
    "gen_ai.response.id": "usage_key",
    "gen_ai.tool.name": "tool_name",
    "gen_ai.tool.call.id": "tool_call_id",
    "vcs.ref.head.name": "branch",
    "vcs.ref.head.revision": "commit",
    "host.name": "machine",
    "process.working_directory": "working_directory",
    "file.path": "file_path",
}
"""Attribute -> field, where the value is the same in both."""

OLDER = {
    "gen_ai.system": "gen_ai.provider.name",
    "gen_ai.usage.prompt_tokens": INPUT,
    "gen_ai.usage.completion_tokens": OUTPUT,
    "gen_ai.usage.cache_read_input_tokens": CACHE_READ,
    "gen_ai.usage.cache_creation_input_tokens": CACHE_WRITE,
    "gen_ai.usage.cache_write.input_tokens": CACHE_WRITE,
    "gen_ai.request.model": "gen_ai.response.model",
}
"""Names of other versions, and what stands in where the attribute itself is missing -> the attribute."""

_CHAT, _TOOL, _AGENT = "chat", "execute_tool", "invoke_agent"
_OPERATIONS = {
    EventType.LLM_REQUEST: _CHAT,
    EventType.LLM_RESPONSE: _CHAT,
    EventType.SESSION_START: _AGENT,
    EventType.SESSION_END: _AGENT,
}


def attributes_of(event: Event) -> dict[str, Any]:
    """Return the attributes that stand for an event; what the source did not say has none."""
    found = {name: getattr(event, field) for name, field in NAMES.items() if getattr(event, field) is not None}
    operation = _TOOL if event.tool_call_id is not None else _OPERATIONS.get(EventType(event.type))
    if operation is not None:
        found[OPERATION] = operation
    if event.usage is not None:
        found.update(usage_attributes(event.usage))
    return found


def fields_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an Event that attributes speak of, `usage` among them; names of other versions are taken."""
    known = current(attributes)
    fields = {field: known[name] for name, field in NAMES.items() if known.get(name) is not None}
    usage = usage_of(known)
    if usage is not None:
        fields["usage"] = usage
    return fields


def current(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes under the names of SEMCONV_VERSION; a name of that version wins over an older one."""
    found = {name: value for name, value in attributes.items() if name not in OLDER}
    for older, name in OLDER.items():
        if older in attributes:
            found.setdefault(name, attributes[older])
    return found


def usage_attributes(usage: Usage) -> dict[str, int]:
    """Return a usage as attributes, whose input includes what was read from and written to the cache."""
    writes = _sum(usage.cache_write_5m_tokens, usage.cache_write_1h_tokens)
    found = {
        INPUT: None
        if usage.input_tokens is None
        else usage.input_tokens + (usage.cache_read_tokens or 0) + (writes or 0),
        OUTPUT: usage.output_tokens,
        CACHE_READ: usage.cache_read_tokens,
        CACHE_WRITE: writes,
        CACHE_WRITE_1H: usage.cache_write_1h_tokens,
        REASONING: usage.reasoning_tokens,
    }
    return {name: value for name, value in found.items() if value is not None}


def usage_of(attributes: Mapping[str, Any]) -> Usage | None:
    """Return the usage that attributes (of SEMCONV_VERSION) speak of; None when they have no token count.

    An input smaller than the cached tokens it should include is taken as one without them.
    """
    given, read = _count(attributes, INPUT), _count(attributes, CACHE_READ)
    writes, hour = _count(attributes, CACHE_WRITE), _count(attributes, CACHE_WRITE_1H)
    usage = Usage(
        input_tokens=given,
        output_tokens=_count(attributes, OUTPUT),
        cache_read_tokens=read,
        cache_write_5m_tokens=writes if hour is None or writes is None else max(writes - hour, 0),
        cache_write_1h_tokens=hour,
        reasoning_tokens=_count(attributes, REASONING),
    )
    if usage == Usage():
        return None
    cached = (read or 0) + (_sum(writes if writes is not None else hour) or 0)
    if given is not None and given >= cached:
        usage = msgspec.structs.replace(usage, input_tokens=given - cached)
    return usage


def _count(attributes: Mapping[str, Any], name: str) -> int | None:
    """A token count: whole and not negative; anything else is as good as not said."""
    value = attributes.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _sum(*values: int | None) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
