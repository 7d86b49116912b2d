"""Inspect AI logs: `.eval` archives and the older `.json` logs. Each sample in each epoch is a session.

    the sample: input                 session_start, then user_interaction, role user: what the sample asks
    model                             llm_response with the usage of its response; error_encountered where it failed
    tool                              the call, by what the tool does; tool_result once it is completed
    input                             user_interaction, role user: a person was asked
    error, sample_limit               error_encountered
    compaction                        context_switch
    the sample: scores, error, limit  session_end
    span_begin, state, score, info, sandbox, ...  skipped under their own name; any other event is unknown

Calls of a scorer's model are a thread of their own (`scorer`), beside the agent's. A response that Inspect took from
its own cache has no usage: nothing was billed. What scores say stands in the `data` of the session's end.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._inspect_archive import unpack
from agentobs.adapters._inspect_records import Header, content, sample_of
from agentobs.adapters._inspect_session import NAME, items_of
from agentobs.adapters._whole_document import encode, inside, read_value, text
from agentobs.events import Item, Line, Reject, Skip


class Log(msgspec.Struct):
    """A log as one document; its samples are read one by one."""

    samples: list[msgspec.Raw] | None = None
    eval: msgspec.Raw = msgspec.Raw(b"null")
    stats: msgspec.Raw = msgspec.Raw(b"null")
    status: msgspec.Raw = msgspec.Raw(b"null")


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of a log, sample by sample."""
    for _, line, original in lines:
        if not line or line.isspace():
            yield Skip(0, "blank")
            continue
        found = _log(line)
        if found is None:
            yield Reject(0, "no log: not a JSON object", line)
            continue
        other = found if original is line else _log(original) or found
        header = _header(found, other)
        yield Skip(0, "header")
        samples, originals = found.samples or [], other.samples or []
        if len(originals) != len(samples):
            originals = samples
        offset = 0
        for raw, there in zip(samples, originals, strict=True):
            for item in _sample(raw, there, header, offset):
                yield item
                offset = item.offset


def _log(line: bytes) -> Log | None:
    try:
        return msgspec.json.decode(line, type=Log)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = read_value(line)  # tolerantly
    value = None if isinstance(found, str) else found[0]
    if not isinstance(value, dict):
        return None
    samples = value.get("samples")
    parts = {name: msgspec.Raw(encode(value.get(name))) for name in ("eval", "stats", "status")}
    return Log([msgspec.Raw(encode(one)) for one in samples] if isinstance(samples, list) else None, **parts)


def _header(found: Log, other: Log) -> Header:
    said, there = _value(found.eval), _value(other.eval)
    stats, status = _value(found.stats), _value(found.status)
    said = said if isinstance(said, dict) else {}
    started = text(inside(stats, "started_at")) or text(said.get("created"))
    return Header(said, there if isinstance(there, dict) else said, text(status), started)


def _value(raw: msgspec.Raw) -> Any:
    found = read_value(bytes(raw))
    return None if isinstance(found, str) else found[0]


def _sample(raw: msgspec.Raw, original: msgspec.Raw, header: Header, offset: int) -> Iterator[Item]:
    found = read_value(bytes(raw))
    if isinstance(found, str) or not isinstance(found[0], dict) or "unreadable" in found[0]:
        yield Reject(offset + 1, found if isinstance(found, str) else "a sample that is no JSON object", bytes(raw))
        return
    value, sanitised = found
    there = value if original is raw else _value(original)
    sample = sample_of(value, there if isinstance(there, dict) else value, header, sanitised=sanitised)
    yield from items_of(sample, header, offset)


_ARCHIVED = re.compile(
    rb"PK\x03\x04.{26}(?:_journal/start\.json|header\.json|samples/[^\0]{1,300}_epoch_\d+\.json)", re.DOTALL
).match
_LOGGED = re.compile(rb'\s*\{\s*(?:"version"\s*:\s*\d+\s*,\s*)?(?:"status"\s*:\s*"\w+"\s*,\s*)?"eval"\s*:\s*\{').match


def detect(head: bytes) -> float:
    """Return how sure it is that a file is a log: an archive by the name of its first member, JSON by its header."""
    if head.startswith(b"PK"):
        return 0.95 if _ARCHIVED(head) else 0.0
    return 0.95 if _LOGGED(head) and b'"task"' in head and b'"run_id"' in head else 0.0


ADAPTER = Adapter(
    name=NAME,
    title="Inspect AI",
    locations=(),
    patterns=("*.eval", "*.json"),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    unpack=unpack,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=False,
        outcomes=True,
        threads=True,
        subagents=False,
        edits=False,
        version=True,
        basis="real files",
    ),
)
