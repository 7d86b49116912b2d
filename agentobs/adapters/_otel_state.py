"""What is remembered from batch to batch: whose session a trace is, which prompts were seen, whose tokens counted."""

from typing import TypeVar

import msgspec

from agentobs.adapters._text import short_id
from agentobs.events import is_uuid, source_key

T = TypeVar("T")

MOST = 500  # of each; what is older is forgotten, and the newest batches of a source are nearly always of few traces
_HEXADECIMAL = frozenset("0123456789abcdef")


class Memory(msgspec.Struct):
    """What is remembered of the lines read so far."""

    sessions: dict[str, str] = {}  # trace id -> session id
    prompts: dict[str, bool] = {}
    covered: dict[str, bool] = {}  # ids of spans not seen yet, below which a usage was
    totals: dict[str, float] = {}  # series of a metric -> its last sum
    counted: dict[str, str] = {}  # span id -> the usage_key under which it, or one above it, was counted


def remember(known: dict[str, T], key: str, value: T) -> None:
    """Keep a value, and forget the oldest one when there are too many."""
    if key not in known and len(known) >= MOST:
        del known[next(iter(known))]
    known[key] = value


def session_of(memory: Memory, agent: str, trace_id: str | None, said: str | None) -> str | None:
    """Return the session of a span or record: what it says, else what another one of its trace said, else the trace."""
    known = memory.sessions.get(trace_id) if trace_id else None
    if said is None:
        if known is None and trace_id:
            return trace_id if _is_trace_id(trace_id) else short_id(f"{agent}:{trace_id}")
        return known
    if known is not None and (known == said or known.endswith(f":{said}")):
        return known
    session = said if is_uuid(said) or (_is_trace_id(said)) else short_id(f"{agent}:{said}") or said
    if trace_id:
        remember(memory.sessions, trace_id, session)
    return session


def is_new(memory: Memory, *parts: str) -> bool:
    """Tell whether these parts were not seen before, and remember them."""
    key = f"{source_key(*parts):x}"
    if key in memory.prompts:
        return False
    remember(memory.prompts, key, True)
    return True


def _is_trace_id(text: str) -> bool:
    return len(text) == 32 and _HEXADECIMAL.issuperset(text)
