"""A format small enough to be checked by eye: one JSON object a line, so that tests of the store need no agent's.

{"id": "e1", "s": "session", "ts": "2026-03-09T10:00:00Z", "n": 1, ...}; optional: use (a usage), call, result, model.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from agentobs.adapters._base import Adapter, NoMemory
from agentobs.events import Event, EventType, Item, Line, Reject, Skip, Usage, content_digest, event_id, parse_timestamp


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    for offset, line, original in lines:
        if not line.strip():
            yield Skip(offset, "blank")
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            yield Reject(offset, f"no JSON: {error}", line)
            continue
        yield event(offset, line, original, record)


def event(offset: int, line: bytes, original: bytes, record: dict[str, Any]) -> Event:
    moment = parse_timestamp(record["ts"])
    assert moment is not None
    usage = record.get("use")
    return Event(
        id=event_id(moment.ts, "simple", record["id"]),
        ts=moment.ts,
        ts_quality=moment.quality,
        type=record.get("type", EventType.USER_INTERACTION),
        agent="simple",
        session_id=record["s"],
        offset=offset,
        digest=content_digest(json.dumps({**json.loads(original), "s": None, "cwd": None}, sort_keys=True).encode()),
        role=record.get("role", "user"),
        status=record.get("status"),
        thread_id=record.get("thread"),
        is_sidechain=record.get("side", False),
        is_forked=record.get("forked", False),
        working_directory=record.get("cwd", "/srv/shop"),
        model=record.get("model", "claude-sonnet-4-5-20250929" if usage else None),
        usage=Usage(**usage) if usage else None,
        usage_key=record.get("key", record["id"]) if usage else None,
        basis="measured" if usage else None,
        tool_name=record.get("tool"),
        tool_call_id=record.get("call"),
        call_type=record.get("call_type"),
        file_path=record.get("path"),
        lines_added=record.get("added"),
        summary=record.get("text", record["id"]),
        raw=line,
    )


def line(name: str, *, session: str = "s", ts: str = "2026-03-09T10:00:00Z", **fields: Any) -> bytes:
    """Return one record as its bytes, without the newline."""
    return json.dumps({"id": name, "s": session, "ts": ts, **fields}).encode()


def detect(head: bytes) -> float:
    return 1.0 if head.startswith(b'{"id"') else 0.0


def content(raw: bytes, part: int) -> str | None:
    return json.loads(raw).get("text")


ADAPTER = Adapter(
    name="simple",
    title="Simple test lines",
    locations=(),
    patterns=("*.jsonl",),
    detect=detect,
    parse=parse,
    content=content,
)
