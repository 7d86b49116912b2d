"""The specification's own AgentEvent, one JSON object a line: as `agentobs.events.wire` writes it and programs send it.

    {"timestamp": "2026-03-09T14:00:00Z", "type": "command_execute", "agentId": "mine", "sessionId": "s1", ...}

`timestamp`, `type`, `agentId` and `sessionId` must be there. An event of ours comes back as it was (only its place in
the source is the new one); a record with a foreign id, or none, gets a deterministic one: of its id, else of its
content and which occurrence of it this is. What is not valid is rejected with the field and the reason. The agent of
the events is the record's `agentId`.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._native_events import KINDS, content, item_of
from agentobs.events import Item, Line, Skip

NAME = "native"
_LOOKED_AT = 5
_HUGE = 32_768
_KIND = re.compile(rb'"type"\s*:\s*"([a-z_]{3,40})"')
_NAMES = (b'"timestamp"', b'"agentId"', b'"sessionId"')


class Memory(msgspec.Struct):
    """How often each of the latest records without an id came."""

    repeats: dict[str, int] = msgspec.field(default_factory=dict)


class _Head(msgspec.Struct, rename="camel"):
    timestamp: str
    type: str
    agent_id: str
    session_id: str


_decode = msgspec.json.Decoder(_Head).decode


def parse(lines: Iterable[Line], memory: Memory) -> Iterator[Item]:
    """Yield the event of each line."""
    repeats = memory.repeats
    for offset, line, original in lines:
        yield item_of(offset, line, original, repeats) if line.strip() else Skip(offset, "blank")


def detect(head: bytes) -> float:
    """Return how sure it is: one of the first lines is an AgentEvent of a type that we know."""
    lines = [line for line in head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 40) if line.strip()]
    return 0.9 if any(_is_event(line) for line in lines[:_LOOKED_AT]) else 0.0


def _is_event(line: bytes) -> bool:
    try:
        return _decode(line).type in KINDS
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    start = line[:2048]  # of a line that is longer than the head, if its envelope comes first, as we write it
    if len(line) < _HUGE or b'"uuid"' in start:
        return False
    kind = _KIND.search(start)
    return kind is not None and kind[1].decode() in KINDS and all(name in start for name in _NAMES)


ADAPTER = Adapter(
    name=NAME,
    title="AgentEvent lines",
    locations=(),
    patterns=("*.jsonl", "*.ndjson"),
    detect=detect,
    parse=parse,
    content=content,
    memory=Memory,
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
