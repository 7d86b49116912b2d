"""AgentEvent records as events: read strictly, rejected with what is wrong and where, fitted to where they stand.

Where a record stands (offset, part, raw) is the file's business, whatever its sender said of its own source. All else
is the exact inverse of events.wire.encode.
"""

import re
from uuid import UUID

import msgspec

from agentobs.adapters._lenient import dumps, loads, sanitise, too_deep
from agentobs.adapters._objects import MOST_TOKENS
from agentobs.adapters._text import ID_LENGTH, SUMMARY_LENGTH, clip, one_line, short_id
from agentobs.errors import SourceError
from agentobs.events import Event, EventType, Item, Reject, Usage, content_digest, wire

KINDS = frozenset((*EventType, *wire.ALIASES))

_REPEATS = 4096
_LONG_ENOUGH = 20  # shorter keys come again in other sessions
_HEAD_OF_REJECT = 65_536
_MOST_DATA, _MOST_TAGS, _TAG, _PATH = 16_384, 50, 100, 4096
_NAMES = (
    "agent", "session_id", "root_session_id", "thread_id", "usage_key", "request_id", "tool_call_id", "tool_name",
    "model", "provider", "native_id", "native_type", "agent_version", "branch", "commit", "machine", "workspace",
)  # fmt: skip
_PATHS = ("working_directory", "file_path", "repository")
_UNSAFE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])").search
_AS_NINES = bytes.maketrans(b"012345678E", b"999999999e")
_NOTHING = Usage()
_compact = msgspec.json.format


def item_of(offset: int, line: bytes, original: bytes, repeats: dict[str, int]) -> Item:
    """Return the event of a record, or why it is none."""
    clean = line if _is_clean(line) else sanitise(line)
    if too_deep(clean):
        return _reject(offset, "JSON nested deeper than 100 levels", line)
    try:
        sent = wire.decode_wire(clean)
        theirs = sent if original is line else _as_it_stands(original, sent)
        body = original if theirs.id and theirs.context.digest else _bare(original)
        occurrence = 0 if theirs.id else _occurrence(repeats, body)
        event = wire.event_of(sent, body, occurrence=occurrence)
        if theirs is not sent:
            there = wire.event_of(theirs, body, occurrence=occurrence)
            event.id, event.digest, event.parent_event_id = there.id, there.digest, there.parent_event_id
        _cut(event)
        _settle(event)
        key = event.usage_key
        if key is not None and len(key) < _LONG_ENOUGH and (sent.id is None or sent.id.lower() != _text_of(event.id)):
            event.usage_key = f"{event.session_id}:{key}"  # of others; ours is told with all that makes it unique
    except SourceError as error:
        return _reject(offset, str(error), line)
    event.offset, event.part, event.raw = offset, 0, clean
    event.sanitised = event.sanitised or clean is not line
    return event


def content(raw: bytes, part: int) -> str | None:
    """Return the words that a record's data holds, else its summary."""
    if part != 0:
        return None
    try:
        sent = wire.decode_wire(raw)
        data = loads(bytes(sent.data)) if bytes(sent.data) else {}
    except (SourceError, ValueError, RecursionError):
        return None
    for name in ("content", "text", "prompt", "message", "response", "command", "output", "error"):
        if isinstance(data, dict) and isinstance(data.get(name), str) and data[name]:
            return data[name]
    return sent.context.summary


def _text_of(identity: bytes) -> str:
    return str(UUID(bytes=identity))


def _is_clean(line: bytes) -> bool:
    if _UNSAFE(line) is not None or b"\0" in line:
        return False
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return not line.startswith(b"\xef\xbb\xbf")


def _as_it_stands(original: bytes, sent: wire.AgentEvent) -> wire.AgentEvent:
    """Return the record before redaction, for its identity only."""
    try:
        return wire.decode_wire(original if _is_clean(original) else sanitise(original))
    except SourceError:  # a secret that broke it: then it has no other identity than the redacted one
        return sent


def _bare(body: bytes) -> bytes:
    """Return the record without the white space that a document may lay it out with."""
    try:
        return _compact(body, indent=-1)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return body


def _occurrence(repeats: dict[str, int], body: bytes) -> int:
    key = f"{content_digest(body):x}"
    seen = repeats.pop(key, 0)
    repeats[key] = seen + 1
    if len(repeats) > _REPEATS:
        del repeats[next(iter(repeats))]
    return seen


def _cut(event: Event) -> None:
    """Cut what is longer than an index or a screen takes."""
    for name in _NAMES:
        value = getattr(event, name)
        if value is not None and (len(value) > ID_LENGTH or not value):
            setattr(event, name, short_id(value))
    for name in _PATHS:
        value = getattr(event, name)
        if value is not None and len(value) > _PATH:
            setattr(event, name, clip(value, _PATH))
    if event.summary is not None and len(event.summary) > SUMMARY_LENGTH:
        event.summary = one_line(event.summary)
    if event.tags:
        event.tags = tuple([clip(tag, _TAG) or "" for tag in event.tags[:_MOST_TAGS]])
    data = event.data
    if data is not None and (len(data) > _MOST_DATA or _has_huge_number(data)):
        event.data = _small(data)


def _has_huge_number(data: bytes) -> bool:
    """Tell whether something looks like a number with an exponent of three digits."""
    nines = data.translate(_AS_NINES)  # a regular expression takes four times as long
    return b"9e999" in nines or b"9e+999" in nines


def _settle(event: Event) -> None:
    """Make usage, its key and its basis one; a response that names no key is one of its own."""
    if event.call_type is not None and event.call_type not in KINDS:
        event.call_type = None
    usage = event.usage
    if usage is None or usage == _NOTHING:
        event.usage = event.usage_key = event.basis = None
        return
    if usage.total_tokens > MOST_TOKENS or (usage.reasoning_tokens or 0) > MOST_TOKENS:
        raise SourceError(f"metrics.usage says {usage.total_tokens} tokens; no response has so many")
    if event.usage_key is None:
        event.usage_key = (
            event.request_id if len(event.request_id or "") >= _LONG_ENOUGH else f"{event.agent}:{event.id.hex()}"
        )
    if event.basis is None:
        event.basis = "measured"


def _small(data: bytes) -> bytes | None:
    """Return an object whose numbers a database takes, without long texts where it is large."""
    try:
        value = loads(data)
    except (ValueError, RecursionError):
        return None
    if len(data) > _MOST_DATA and isinstance(value, dict):
        value = {
            str(key)[:100]: part[:300] if isinstance(part, str) else part
            for key, part in list(value.items())[:100]
            if not isinstance(part, (dict, list))
        }
    return dumps(value)


def _reject(offset: int, reason: str, line: bytes) -> Reject:
    return Reject(offset, reason[:300], line[:_HEAD_OF_REJECT], size_bytes=len(line))
