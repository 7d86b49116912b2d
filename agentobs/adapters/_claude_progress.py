"""Claude Code's progress records; those of a subagent repeat its messages.

A copy is named after its content, so that one message in several progress records is one event, and it is marked
`is_copy`: it counts, by its usage_key and tool_call_id, only where the subagent's own file is missing.
"""

import msgspec

from agentobs.adapters._claude_messages import MAKERS
from agentobs.adapters._claude_origin import NAME, Memory, When, head_of, parent_of, timestamp
from agentobs.adapters._claude_records import (
    Name,
    Readable,
    Record,
    Unreadable,
    decoded,
    original_digest,
    payload_digest,
    read,
)
from agentobs.events import Event, Skip, event_id

AGENT_PROGRESS = "progress/agent_progress"


class Progress(msgspec.Struct, rename="camel", gc=False):
    """`data` of a progress record."""

    type: Name = None
    agent_id: Name = None
    message: msgspec.Raw = msgspec.Raw()


_progress = msgspec.json.Decoder(Progress).decode
_embedded = msgspec.json.Decoder(Record).decode


def name_of_progress(record: Record) -> str:
    """Return the native type of a progress record."""
    progress = decoded(_progress, Progress, record.data)
    return f"progress/{progress.type}" if progress is not None and progress.type else "progress"


def passed_through(
    found: Readable, offset: int, original: bytes | None, memory: Memory, when: When
) -> list[Event] | list[Skip]:
    """Return the events of the subagent's message inside an agent_progress."""
    progress = decoded(_progress, Progress, found[0].data) or Progress()
    inner = decoded(_embedded, Record, progress.message)
    make = MAKERS.get(inner.type or "") if inner is not None else None
    if inner is None or make is None or not inner.message:
        return [Skip(offset, AGENT_PROGRESS)]
    if memory.session_id is None:
        return [Skip(offset, "progress_without_session")]
    head = head_of(found, offset, original, memory, when)
    stamp = timestamp(inner.timestamp) if inner.timestamp else None
    if stamp is not None:
        head.ts, head.ts_quality = stamp
    head.digest = payload_digest(inner, b"") if original is None else _digest_inside(original)
    head.id = event_id(head.ts, NAME, "copy", inner.uuid or "", str(head.digest), "0")
    head.native_id = inner.uuid or None
    head.parent_event_id = parent_of(memory, inner.parent_uuid)
    head.thread_id, head.is_sidechain, head.is_copy = progress.agent_id or None, True, True
    head.request_id = inner.request_id or None
    events = make(head, inner, memory)
    for event in events:
        event.native_type = f"{AGENT_PROGRESS}/{event.native_type}"
    return events


def _digest_inside(original: bytes) -> int:
    found = read(original)
    progress = None if isinstance(found, Unreadable) else decoded(_progress, Progress, found[0].data)
    inner = decoded(_embedded, Record, progress.message) if progress is not None else None
    return payload_digest(inner, b"") if inner is not None and inner.message else original_digest(original)
