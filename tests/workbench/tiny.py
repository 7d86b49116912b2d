"""A format for tests: every line says the fields of one event, `id` a short name, `ts` seconds after noon."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter, NoMemory
from agentobs.events import Event, Item, Line, Reject, Skip, Usage, content_digest, event_id

NOON = 1_772_971_200_000_000  # 2026-03-08T12:00:00Z
_PAYLOAD = ("type", "says", "usage", "tool_call_id", "status", "lines_added")


def _detect(head: bytes) -> float:
    return 1.0 if head.startswith(b'{"tiny"') else 0.0


def _parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    for offset, line, _ in lines:
        fields = msgspec.json.decode(line)
        if fields.pop("tiny") != 1:
            yield Skip(offset, "not tiny")
        elif "id" not in fields:
            yield Reject(offset, "no id", line)
        else:
            yield _event(fields, offset, line)


def _event(fields: dict[str, Any], offset: int, line: bytes) -> Event:
    ts = NOON + int(fields.pop("ts", 0) * 1e6)
    payload = [str(fields.get(name)).encode() for name in _PAYLOAD]
    usage = fields.pop("usage", None)
    return Event(
        id=event_id(ts, "tiny", fields.pop("id")),
        ts=ts,
        agent="tiny",
        type=fields.pop("type", "unknown"),
        session_id=fields.pop("session"),
        offset=offset,
        digest=content_digest(*payload),
        usage=None if usage is None else msgspec.convert(usage, Usage),
        summary=fields.pop("says", None),
        raw=line,
        data=msgspec.json.encode({"title": fields.pop("title")}) if "title" in fields else None,
        **fields,
    )


def _content(raw: bytes, part: int) -> str | None:
    return msgspec.json.decode(raw).get("says")


ADAPTER = Adapter(
    name="tiny", title="Tiny", locations=(), patterns=("*.jsonl",), detect=_detect, parse=_parse, content=_content
)


def write(folder: Path, files: dict[str, Sequence[dict[str, Any]]]) -> None:
    """Write files of events into a folder."""
    for name, events in files.items():
        path = folder / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(msgspec.json.encode({"tiny": 1, **event}) + b"\n" for event in events))
