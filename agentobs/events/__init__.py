"""The universal event: what every agent's records become, and the ids that make each of them one."""

from agentobs.events.ids import clean_text, content_digest, digests_through, event_id, is_uuid, source_key
from agentobs.events.model import (
    BASES,
    ROLES,
    SEVERITIES,
    STATUSES,
    Event,
    EventType,
    Item,
    Line,
    Reject,
    Skip,
    Usage,
    call_key,
)
from agentobs.events.times import EARLIEST, KNOWN, LATEST, QUALITIES, SENTINEL, Stamp, parse_timestamp, stamp

__all__ = [
    "BASES",
    "EARLIEST",
    "KNOWN",
    "LATEST",
    "QUALITIES",
    "ROLES",
    "SENTINEL",
    "SEVERITIES",
    "STATUSES",
    "Event",
    "EventType",
    "Item",
    "Line",
    "Reject",
    "Skip",
    "Stamp",
    "Usage",
    "call_key",
    "clean_text",
    "content_digest",
    "digests_through",
    "event_id",
    "is_uuid",
    "parse_timestamp",
    "source_key",
    "stamp",
]
