"""Aider's analytics log: the JSON lines that `aider --analytics-log FILE` appends to a file of the user's choice.

    {"event": name, "properties": {..., "aider_version"}, "user_id": uuid, "time": seconds}

No line names its session: each `launched` begins one, named after the user and its time. The log knows neither prompts
nor answers, but the exact tokens of each message, which the chat history rounds. Nothing joins the two: an agent of its
own here, and no place of its own on a disk, so that only who asks for it counts both. What was sent includes what a
cache served, if anything did: the log does not say.

    launched                    session_start
    exit                        session_end
    message_send_starting       llm_request
    message_send                llm_response with the usage and the cost
    message_send_exception      error_encountered, also the warnings about models
    command_<name>              user_interaction: a slash command, without its text; also ai-comments
    cli session, gui session    context_switch, with the model
    repo, no-repo and the like  skipped
    anything else               unknown, with its record
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._objects import Fields, Object, count, inner, named, number, read_object, text
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.events import (
    EARLIEST,
    SENTINEL,
    Event,
    EventType,
    Item,
    Line,
    Reject,
    Skip,
    Stamp,
    Usage,
    content_digest,
    event_id,
    stamp,
)

NAME = "aider_analytics"

_OPENING = re.compile(rb'\s*\{\s*"event"\s*:\s*"[^"]{1,80}"\s*,\s*"properties"\s*:\s*\{')
_ENVELOPE = re.compile(rb'\}\s*,\s*"user_id"\s*:\s*"[^"]{1,80}"\s*,\s*"time"\s*:\s*\d+')
_SETTINGS = frozenset(("repo", "no-repo", "auto_commits", "auto-commits", "installed", "upgrade"))
_MOST_SECONDS = 1e11
_MOST_ALIKE = 1000  # lines of one second that are told apart

_KINDS = {
    "launched": EventType.SESSION_START.value,
    "exit": EventType.SESSION_END.value,
    "message_send_starting": EventType.LLM_REQUEST.value,
    "message_send": EventType.LLM_RESPONSE.value,
    "message_send_exception": EventType.ERROR_ENCOUNTERED.value,
    "model warning": EventType.ERROR_ENCOUNTERED.value,
    "cli session": EventType.CONTEXT_SWITCH.value,
    "gui session": EventType.CONTEXT_SWITCH.value,
}
_ROLES = {
    EventType.SESSION_START.value: "system",
    EventType.SESSION_END.value: "system",
    EventType.CONTEXT_SWITCH.value: "system",
    EventType.LLM_REQUEST.value: "assistant",
    EventType.LLM_RESPONSE.value: "assistant",
    EventType.ERROR_ENCOUNTERED.value: "assistant",
}


class Memory(msgspec.Struct):
    """What a line inherits: its session, the last time, and the lines of that second."""

    session: str = ""
    model: str | None = None
    ts: int | None = None
    alike: dict[str, int] = {}  # digest of a line of the last second -> how many there were


def parse(lines: Iterable[Line], memory: Memory) -> Iterator[Item]:
    """Yield the events of a log, in its order."""
    for offset, line, original in lines:
        if not line.strip():
            yield Skip(offset, "blank")
            continue
        found = read_object(line)
        if isinstance(found, str):
            yield Reject(offset, found, line)
            continue
        source = found if original is line else read_object(original)
        source = found if isinstance(source, str) else source
        yield _item(offset, found, source, memory)


def _item(offset: int, found: Object, source: Object, memory: Memory) -> Item:
    fields = found.fields
    name = text(fields, "event")
    if name is None:
        return Reject(offset, "no event is named", found.raw)
    when = _when(fields, memory)
    if name == "launched" or not memory.session:
        user = named(source.fields, "user_id") or "unknown"
        memory.session = short_id(f"{NAME}:{user}:{when.ts // 1_000_000}") or NAME
        memory.model = None
    model = named(inner(fields, "properties"), "main_model")
    memory.model = model if model not in {None, "None"} else memory.model
    digest = content_digest(source.raw)
    again = _again(when, digest, memory)
    if name in _SETTINGS:
        return Skip(offset, f"setting/{name}")
    kind = _kind(name)
    event = Event(
        id=event_id(when.ts, NAME, memory.session, str(digest), str(again)),
        ts=when.ts,
        ts_quality=when.quality,
        type=kind,
        agent=NAME,
        session_id=memory.session,
        offset=offset,
        digest=digest,
        native_type=clip(name, 100),
        role=_ROLES.get(kind),
        model=memory.model,
        agent_version=named(inner(fields, "properties"), "aider_version"),
        raw=found.raw,
        sanitised=found.sanitised,
    )
    _add_properties(event, name, inner(fields, "properties"))
    return event


def _kind(name: str) -> str:
    if name.startswith(("command_", "ai-comments")):
        return EventType.USER_INTERACTION.value
    return _KINDS.get(name, EventType.UNKNOWN.value)


def _add_properties(event: Event, name: str, properties: Fields) -> None:
    """Give an event what its properties say: tokens and cost, reasons, settings."""
    if event.type == EventType.LLM_RESPONSE.value:
        usage = Usage(count(properties, "prompt_tokens"), count(properties, "completion_tokens"))
        event.reported_cost_usd = number(properties, "cost")
        if usage != Usage():
            event.usage, event.basis = usage, "measured"
            event.usage_key = f"{event.session_id}:{event.id.hex()}"
    if event.type == EventType.ERROR_ENCOUNTERED.value:
        event.severity = "warning" if name == "model warning" else "error"
        event.summary = one_line(text(properties, "exception", "model") or name)
    elif event.type == EventType.SESSION_END.value:
        event.summary = one_line(text(properties, "reason"))
    elif event.type == EventType.USER_INTERACTION.value:
        event.summary = one_line(f"/{name.removeprefix('command_')}" if name.startswith("command_") else name)
    event.data = small_json(
        {
            "edit_format": clip(text(properties, "edit_format"), 100),
            "weak_model": clip(text(properties, "weak_model"), 200),
            "editor_model": clip(text(properties, "editor_model"), 200),
            "session_cost_usd": number(properties, "total_cost"),
            "os": clip(text(properties, "os_platform"), 100) if event.type == EventType.SESSION_START.value else None,
        }
    )


def _when(fields: Fields, memory: Memory) -> Stamp:
    seconds = fields.get("time")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return Stamp(EARLIEST, "none") if memory.ts is None else Stamp(memory.ts, "inherited")
    known = -_MOST_SECONDS < seconds < _MOST_SECONDS
    when = stamp(round(seconds * 1_000_000)) if known else Stamp(SENTINEL, "clamped")
    if when.quality == "exact":
        memory.ts = when.ts
    return when


def _again(when: Stamp, digest: int, memory: Memory) -> int:
    """Return how many such lines came before in this second; memory holds those of one second only."""
    second = f"@{when.ts}"
    if second not in memory.alike or len(memory.alike) > _MOST_ALIKE:
        memory.alike = {second: 0}
    key = f"{digest:x}"
    memory.alike[key] = memory.alike.get(key, -1) + 1
    return memory.alike[key]


def detect(head: bytes) -> float:
    """Return how sure it is that a file is such a log: the envelope of its first line."""
    first = head.lstrip().split(b"\n", 1)[0]
    if _OPENING.match(first) is None:
        return 0.0
    return 0.95 if _ENVELOPE.search(first) is not None and b'"aider_version"' in first else 0.0


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a line: why it failed or ended; prompts and answers are not in it."""
    found = read_object(raw)
    if part != 0 or isinstance(found, str):
        return None
    return text(inner(found.fields, "properties"), "exception", "reason")


ADAPTER = Adapter(
    name=NAME,
    title="Aider analytics log",
    locations=(),  # the user names the file
    patterns=("*.jsonl", "*.json"),
    detect=detect,
    parse=parse,
    content=content,
    memory=Memory,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=True,
        outcomes=False,
        threads=False,
        subagents=False,
        edits=False,
        version=True,
        basis="https://github.com/Aider-AI/aider/blob/main/aider/analytics.py",
    ),
)
