"""AgentEvents as one JSON document: an array of them, an object with `events` (a batch as it is sent), or a single one.

Each record is read as `agentobs.adapters.native` reads a line; the same record has the same id in both.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._lenient import dumps, loads, sanitise, too_deep
from agentobs.adapters._native_events import KINDS, content, item_of
from agentobs.events import Item, Line, Reject

NAME = "agent_event"
_BATCH = re.compile(rb'\s*\{\s*(?:"(?:projectId|project|source|batchId)"\s*:\s*"[^"]*"\s*,\s*)*"events"\s*:\s*\[')
_HEAD_OF_REJECT = 65_536


class _Batch(msgspec.Struct):
    events: list[msgspec.Raw]


_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_batch = msgspec.json.Decoder(_Batch).decode


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the event of each record."""
    for _, line, original in lines:
        records = _records(line)
        if isinstance(records, str):
            yield Reject(0, records, line[:_HEAD_OF_REJECT], size_bytes=len(line))
            continue
        theirs = records if original is line else _records(original)
        if isinstance(theirs, str) or len(theirs) != len(records):
            theirs = records
        repeats: dict[str, int] = {}
        for place, (record, other) in enumerate(zip(records, theirs, strict=True)):
            yield item_of(place, record, record if other == record else other, repeats)


def _records(document: bytes) -> list[bytes] | str:
    """Return the JSON of each record, or why there is none."""
    text = document.strip()
    if not text.removeprefix(b"\xef\xbb\xbf").strip():
        return "an empty document"
    try:
        if text.startswith(b"["):
            return [bytes(raw) for raw in _list(text)]
        if _BATCH.match(text):
            return [bytes(raw) for raw in _batch(text).events]
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _leniently(text)
    return [text]


def _leniently(text: bytes) -> list[bytes] | str:
    clean = sanitise(text)
    if too_deep(clean):
        return "JSON nested deeper than 100 levels"
    try:
        value: Any = loads(clean)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"[:300]
    if isinstance(value, dict) and isinstance(value.get("events"), list):
        value = value["events"]
    return [dumps(part) for part in (value if isinstance(value, list) else [value])]


def detect(head: bytes) -> float:
    """Return how sure it is: the first record is an AgentEvent of a type that we know."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    batch = _BATCH.match(text)
    start = batch.end() if batch else 1 if text.startswith(b"[") else 0
    if not text.startswith((b"[", b"{")):
        return 0.0
    first = text[start:].lstrip().decode("utf-8", "replace")
    try:
        value, end = json.JSONDecoder().raw_decode(first)
    except (ValueError, RecursionError):
        return 0.0
    if start == 0 and ("\n" not in first[:end] or first[end:].strip()):
        return 0.0  # a line, or lines
    return 0.9 if _is_event(value) else 0.0


def _is_event(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    texts = all(isinstance(value.get(name), str) for name in ("type", "timestamp", "agentId", "sessionId"))
    return texts and value["type"] in KINDS


ADAPTER = Adapter(
    name=NAME,
    title="AgentEvent documents",
    locations=(),
    patterns=("*.json",),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    names_agents=True,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=True,
        outcomes=True,
        threads=True,
        subagents=True,
        edits=True,
        version=True,
        basis="agentobs.events.wire",
    ),
)
