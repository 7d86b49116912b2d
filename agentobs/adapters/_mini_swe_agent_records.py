"""The records of a mini-swe-agent trajectory: its messages, their commands, times and usage."""

import re
from typing import Any

import msgspec

from agentobs.adapters._text import short_id
from agentobs.adapters._whole_document import (
    Document,
    Record,
    count,
    encode,
    inside,
    nested,
    number,
    objects,
    record,
    text,
)
from agentobs.events import EARLIEST, Stamp, Usage, clean_text, content_digest, stamp

_FENCED = re.compile(r"```(?:mswea_bash_command|bash)[ \t]*\n(.*?)\n?```", re.DOTALL)
_MOST_EVENTS = 10_000_000  # keeps made-up times inside the range that events may have


class Command(msgspec.Struct):
    """A command that an answer asks for, and the id of its call where there is one."""

    text: str
    call_id: str | None = None


class Run(msgspec.Struct):
    """A trajectory taken apart. `key` names the run: what it begins with, from the source as it stands."""

    key: str
    session_id: str
    instance: str | None
    model: str | None
    version: str | None
    directory: str | None
    head: Record | None
    messages: list[Record]
    info: Record | None
    has_ended: bool
    has_costs: bool
    times: list[Stamp | None]  # of the messages, missing ones filled in; empty when none has a time

    def time_of(self, place: int | None, made: int) -> Stamp:
        """Return the time of a message (None: of what stands behind the last one), for the made-th event."""
        if not any(self.times):
            return Stamp(EARLIEST + min(made, _MOST_EVENTS) * 1000, "none")
        if place is None:
            last = self.times[-1]
            return Stamp(last.ts if last is not None else EARLIEST, "inherited")
        return self.times[min(place, len(self.times) - 1)] or Stamp(EARLIEST, "none")


def run_of(document: Document) -> Run | str:
    """Return a document's run, or why it is none."""
    value, original = document.value, document.original
    if isinstance(value, list):
        value, original = {"messages": value}, {"messages": original}
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
        return "no trajectory: no list of messages"
    other = original if isinstance(original, dict) else value
    messages = [
        record(one, there, sanitised=document.sanitised)
        for one, there in objects(value["messages"], other.get("messages"))
    ]
    info = value.get("info")
    config = inside(info, "config")
    instance = short_id(_clean(text(value.get("instance_id"))))
    key = f"{_beginning(messages):016x}"
    return Run(
        key=key,
        session_id=f"mini_swe_agent:{instance}:{key}" if instance else f"mini_swe_agent:{key}",
        instance=instance,
        model=short_id(_clean(text(inside(config, "model", "model_name")))),
        version=short_id(_clean(text(inside(info, "mini_version")))),
        directory=_directory(config),
        head=_head(value, other, sanitised=document.sanitised),
        messages=messages,
        info=record(info, other.get("info"), sanitised=document.sanitised) if isinstance(info, dict) and info else None,
        has_ended=text(inside(info, "exit_status")) is not None,
        has_costs=any(number(inside(message.value, "extra", "cost")) for message in messages),
        times=_times(messages),
    )


def commands_of(message: dict[str, Any]) -> list[Command]:
    """Return the commands of an answer: as the agent parsed them, as the model called them, or from its text."""
    parsed = [
        Command(command, text(inside(one, "tool_call_id")))
        for one in _list(inside(message, "extra", "actions"))
        if (command := text(inside(one, "command")) or text(inside(one, "action"))) is not None
    ]
    if parsed:
        return parsed
    called = [
        Command(command, text(inside(one, "id")))
        for one in _list(message.get("tool_calls"))
        if (command := text(nested(inside(one, "function", "arguments")).get("command"))) is not None
    ]
    if called or isinstance(inside(message, "extra", "actions"), list):
        return called
    found = _FENCED.findall(said_in(message) or "")
    return [Command(found[0])] if len(found) == 1 and found[0].strip() else []


def usage_of(usage: object) -> Usage | None:
    """Return a response's usage: the prompt without what came from the cache; None when there is none."""
    given, output = _first(usage, "prompt_tokens", "input_tokens"), _first(usage, "completion_tokens", "output_tokens")
    if given is None and output is None:
        return None
    details = inside(usage, "prompt_tokens_details") or inside(usage, "input_tokens_details")
    read = count(inside(details, "cached_tokens"))
    read = count(inside(usage, "cache_read_input_tokens")) if read is None else read
    written = count(inside(usage, "cache_creation_input_tokens"))
    thought = inside(usage, "completion_tokens_details") or inside(usage, "output_tokens_details")
    cached = (read or 0) + (written or 0)
    return Usage(
        input_tokens=given - cached if given is not None and given >= cached else given,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_5m_tokens=written,
        reasoning_tokens=count(inside(thought, "reasoning_tokens")),
    )


def said_in(message: dict[str, Any]) -> str | None:
    """Return the text of a message or of a dumped response."""
    said = message.get("content")
    if said is None and message.get("object") == "response":
        said = [part for one in _list(message.get("output")) for part in _list(inside(one, "content"))]
    if isinstance(said, list):
        parts = [inside(part, "text") for part in said]
        said = "\n".join([part for part in parts if isinstance(part, str)])
    return text(said)


def observed(message: dict[str, Any]) -> str:
    """Return what a command's output is, as the model saw it."""
    return said_in(message) or text(message.get("output")) or ""


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record's part: what was said or observed, then each command; of the end the submission."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(found, dict) or part < 0:
        return None
    if part == 0:
        return _clean(said_in(found) or text(found.get("output")) or text(found.get("submission")))
    commands = commands_of(found)
    return _clean(commands[part - 1].text) if part <= len(commands) else None


def _clean(said: str | None) -> str | None:
    return clean_text(said) if said else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(usage: object, *names: str) -> int | None:
    return next((found for name in names if (found := count(inside(usage, name))) is not None), None)


def _beginning(messages: list[Record]) -> int:
    """Two runs of one task differ in their first answer; what comes later may not be written yet."""
    begun: list[object] = []
    for message in messages:
        begun.append(message.original)
        if message.value.get("role") not in ("system", "user"):
            break
    return content_digest(encode(begun))


def _head(value: dict[str, Any], other: dict[str, Any], *, sanitised: bool) -> Record | None:
    made = [
        {"trajectory_format": one.get("trajectory_format"), "config": inside(one, "info", "config")}
        for one in (value, other)
    ]
    return record(made[0], made[1], sanitised=sanitised) if any(made[0].values()) else None


def _directory(config: object) -> str | None:
    path = text(inside(config, "environment", "cwd"))
    return clean_text(path) if path is not None and len(path) <= 4096 else None


def _times(messages: list[Record]) -> list[Stamp | None]:
    """Return a time for each message: its own, or that of the one before it; at the beginning that of the first."""
    times = [_time(message.value) for message in messages]
    last = next((Stamp(time.ts, "inherited") for time in times if time is not None), None)
    for place, time in enumerate(times):
        times[place] = time or last
        last = Stamp(time.ts, "inherited") if time is not None else last
    return times


def _time(message: dict[str, Any]) -> Stamp | None:
    extra = message.get("extra")
    for seconds in (inside(extra, "timestamp"), inside(extra, "response", "created"), message.get("created_at")):
        found = number(seconds)
        if found is not None:
            return stamp(round(found * 1_000_000))
    return None
