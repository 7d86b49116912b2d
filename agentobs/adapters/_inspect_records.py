"""The records of one sample of an Inspect log: what it was asked, its events, how it ended.

A model event repeats the whole conversation and the request as sent; both are left out of its record. What a sample
keeps as an attachment is put back in its place, so that a record says by itself what it says.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from agentobs.adapters._text import short_id
from agentobs.adapters._whole_document import Record, count, encode, inside, number, objects, record, text
from agentobs.events import Usage, clean_text, source_key

_ATTACHMENT = "attachment://"
_LEFT_OUT = frozenset(("input", "input_refs", "tools", "call", "events"))
_END = ("id", "epoch", "scores", "error", "limit", "model_usage", "total_time", "working_time", "completed_at")
_DEEPEST = 40
_LONGEST = 1 << 20  # a longer attachment (an image) stays a reference


class Header(msgspec.Struct):
    """What a log says of all of its samples."""

    eval: dict[str, Any]
    original: dict[str, Any]
    status: str | None
    started: str | None


class Sample(msgspec.Struct):
    """A sample taken apart. `key` names it for ids, from the source as it stands."""

    key: str
    session_id: str
    value: dict[str, Any]
    start: Record
    events: list[Record]
    end: Record


def sample_of(value: dict[str, Any], original: dict[str, Any], header: Header, *, sanitised: bool) -> Sample:
    """Return a sample's records."""
    name = text(value.get("uuid"))
    key = text(original.get("uuid")) or f"{_place(original, header.original):016x}"
    starts = [
        {
            "sample": {name: one.get(name) for name in ("id", "epoch", "target", "uuid")},
            "eval": {name: there.get(name) for name in ("task", "task_id", "run_id", "eval_id", "model", "created")},
            "input": _put_back(one.get("input"), one.get("attachments")),
        }
        for one, there in ((value, header.eval), (original, header.original))
    ]
    ends = [{name: one.get(name) for name in _END if name in one} for one in (value, original)]
    return Sample(
        key=key,
        session_id=f"inspect_eval:{short_id(clean_text(name)) if name else key}",
        value=value,
        start=record(starts[0], starts[1], sanitised=sanitised),
        events=list(_events(value, original, sanitised=sanitised)),
        end=record(ends[0], ends[1], sanitised=sanitised),
    )


def usage_of(usage: object) -> Usage | None:
    """Return a model's usage: Inspect's input excludes the cache in newer versions, includes it in older ones.

    The total tells which: it is the sum of what is counted apart. Likewise for thoughts beside the output.
    """
    given, output = count(inside(usage, "input_tokens")), count(inside(usage, "output_tokens"))
    if given is None and output is None:
        return None
    read, written = count(inside(usage, "input_tokens_cache_read")), count(inside(usage, "input_tokens_cache_write"))
    thought, total = count(inside(usage, "reasoning_tokens")), count(inside(usage, "total_tokens"))
    cached = (read or 0) + (written or 0)
    if total is not None and given is not None and output is not None:
        beside = total - given - output
        if cached and beside in (0, thought or 0) and beside != cached and given >= cached:
            given -= cached
        if thought and beside in (thought, thought + cached) and beside != cached:
            output += thought
    return Usage(
        input_tokens=given,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_5m_tokens=written,
        reasoning_tokens=thought,
    )


def prompt_of(asked: object) -> str | None:
    """Return what a sample asks: its text, or the last message of a user."""
    if isinstance(asked, list):
        users = [one for one in asked if inside(one, "role") == "user"]
        return said_in(inside(users[-1], "content")) if users else None
    return text(asked)


def said_in(content: object) -> str | None:
    """Return the text of a message's content: its text parts, else its thoughts."""
    if isinstance(content, list):
        for name in ("text", "reasoning"):
            parts = [inside(part, name) for part in content]
            said = "\n".join([part for part in parts if isinstance(part, str) and part])
            if said:
                return said
        return None
    if isinstance(content, (int, float)) and not isinstance(content, bool):
        return str(content)
    return text(content)


def answer_of(event: dict[str, Any]) -> dict[str, Any]:
    """Return the message that a model event ends with; empty when there is none."""
    choices = inside(event, "output", "choices")
    message = inside(choices[0], "message") if isinstance(choices, list) and choices else None
    return message if isinstance(message, dict) else {}


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record's part: prompt, answer, call and result, error."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(found, dict) or part not in (0, 1):
        return None
    said = _content(found, part)
    return clean_text(said) if said else None


def _content(found: dict[str, Any], part: int) -> str | None:
    if found.get("event") == "tool":
        if part == 1:
            return said_in(found.get("result")) or text(inside(found, "error", "message"))
        asked = found.get("arguments")
        command = text(inside(asked, "cmd")) or text(inside(asked, "command"))
        return command or (encode(asked).decode() if asked else None)
    if "sample" in found:
        return prompt_of(found.get("input")) if part == 1 else None
    if part == 1:
        return None
    if found.get("event") == "model":
        return said_in(answer_of(found).get("content")) or text(found.get("error"))
    return said_in(found.get("input")) or text(inside(found, "error", "message")) or text(found.get("message"))


def _place(original: dict[str, Any], header: dict[str, Any]) -> int:
    """Name a sample of an old log, which has no id that is unique by itself."""
    run = text(header.get("eval_id")) or text(header.get("run_id")) or str(header.get("created"))
    names = [run, header.get("task"), original.get("id"), original.get("epoch")]
    return source_key(*[str(name) for name in names])


def _events(value: dict[str, Any], original: dict[str, Any], *, sanitised: bool, depth: int = 0) -> Iterator[Record]:
    mine, theirs = value.get("attachments"), original.get("attachments")
    for one, there in objects(value.get("events"), original.get("events")):
        yield _event(one, there, mine, theirs, sanitised=sanitised)
        if depth < _DEEPEST and isinstance(one.get("events"), list):  # old logs keep a tool's own events inside it
            inner = there.get("events") if isinstance(there, dict) else None
            yield from _events(
                {"events": one["events"], "attachments": mine},
                {"events": inner, "attachments": theirs},
                sanitised=sanitised,
                depth=depth + 1,
            )


def _event(event: dict[str, Any], original: object, mine: object, theirs: object, *, sanitised: bool) -> Record:
    kind = event.get("event")
    if kind not in ("model", "tool"):
        return record(event, original, sanitised=sanitised)
    there = original if isinstance(original, dict) else event
    return record(_reduced(event, mine), _reduced(there, theirs), sanitised=sanitised)


def _reduced(event: dict[str, Any], attachments: object) -> dict[str, Any]:
    reduced = {name: _put_back(part, attachments) for name, part in event.items() if name not in _LEFT_OUT}
    response = short_id(text(inside(event, "call", "response", "id")))
    return reduced | {"response_id": response} if response else reduced


def _put_back(value: Any, attachments: object, depth: int = 0) -> Any:
    """Return a value with each attachment in its place."""
    if not isinstance(attachments, dict) or not attachments or depth > _DEEPEST:
        return value
    if isinstance(value, str):
        if value.startswith(_ATTACHMENT):
            kept = attachments.get(value[len(_ATTACHMENT) :])
            return kept if isinstance(kept, str) and len(kept) <= _LONGEST else value
        return value
    if isinstance(value, list):
        return [_put_back(part, attachments, depth + 1) for part in value]
    if isinstance(value, dict):
        return {name: _put_back(part, attachments, depth + 1) for name, part in value.items()}
    return value


def milliseconds(value: object) -> float | None:
    """Return the milliseconds of a duration in seconds."""
    found = number(value)
    return None if found is None else found * 1000
