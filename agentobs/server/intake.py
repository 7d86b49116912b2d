"""From the body of a request to payloads of the spool: taken apart, redacted, looked at, item by item.

What is refused here is told to the client with its index and never stored; what is accepted is stored, as an event or,
if its adapter finds something later, in the quarantine.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec

from agentobs.adapters import native
from agentobs.adapters._base import Adapter
from agentobs.errors import RequestRefused
from agentobs.events import BASES, ROLES, SEVERITIES, STATUSES, Reject, digests_through, parse_timestamp, wire
from agentobs.ingest._segments import Header, payload_of
from agentobs.ingest.discover import PassedOver, claim
from agentobs.ingest.documents import is_archive
from agentobs.ingest.spool import FRAME_BYTES
from agentobs.ingest.tail import LINE_CAP
from agentobs.redaction import Redactor

MOST_ITEMS = 100_000
_HEAD = 64 << 10
_PLAIN_DATA = (b"{", b"null")
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_one = msgspec.json.Decoder(msgspec.Raw).decode
_event = msgspec.json.Decoder(wire.AgentEvent).decode


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says of its body."""

    adapter: str | None = None  # None: found by content
    stream: str | None = None
    idempotency_key: str | None = None
    project: str | None = None
    key: str | None = None


class Refused(msgspec.Struct, frozen=True):
    """An item that is not taken."""

    index: int
    reason: str


class Taken(msgspec.Struct):
    """What became of a body: payloads for the spool, and what is told to the client."""

    payloads: list[bytes]
    accepted: int
    rejected: list[Refused]
    redactions: Counter[str]


class Intake:
    """Takes bodies apart. Keeps nothing between them: any thread may use it."""

    def __init__(self, known: Mapping[str, Adapter], redactor: Redactor) -> None:
        self._known = known
        self._redactor = redactor

    def take(self, body: bytes, asked: Asked) -> Taken:
        """Return the payloads of a body and what is refused of it; raise RequestRefused when it is none at all."""
        adapter = self._named(asked.adapter)
        items = [body] if adapter is not None and adapter.whole else _split(body)
        if len(items) > MOST_ITEMS:
            raise RequestRefused(f"{len(items)} items in one request; send at most {MOST_ITEMS}", 413)
        if adapter is None:
            adapter = self._claimed(body, items)
            items = [body] if adapter.whole else items
        if adapter.unpack is not None:
            items = [_unpacked(adapter.name, adapter.unpack, body)]
        found = self._redactor.lines(items)
        rejected: list[Refused] = []
        kept: list[tuple[int, bytes]] = []
        look = _problem if adapter.name == native.NAME else _too_long
        for index, line in enumerate(found.lines):
            if not line or line.isspace():
                continue
            reason = look(line)
            if reason is None:
                kept.append((index, line))
            else:
                rejected.append(Refused(index, reason))
        header = Header(
            adapter=adapter.name,
            project=asked.project,
            key=asked.key,
            stream=asked.stream,
            identity=identity_of(body, asked.idempotency_key),
            rules=self._redactor.version,
        )
        if found.altered:
            header.digests = original_digests(adapter, found.lines, items, found.altered)
        payloads = payloads_of(header, kept, found.counts)
        return Taken(payloads, len(kept), rejected, found.counts)

    def _named(self, name: str | None) -> Adapter | None:
        if name is None:
            return None
        adapter = self._known.get(name)
        if adapter is None:
            raise RequestRefused(f"adapter {name[:40]!r} is not known; one of {', '.join(sorted(self._known))}", 400)
        if adapter.is_spread:
            raise RequestRefused(f"adapter {name!r} reads files where they lie; use `agentobs ingest`", 400)
        return adapter

    def _claimed(self, body: bytes, items: Sequence[bytes]) -> Adapter:
        """The adapter that claims the lines or the document, else that of AgentEvents, which says what is wrong."""
        first, size = [], 0
        for line in items:
            first.append(line[:_HEAD])
            size += len(line)
            if size > _HEAD:
                break
        text = b"\n".join(first)[:_HEAD]
        if native.detect(text) > 0:
            return native.ADAPTER
        for head, whole in ((text, False), (body[:_HEAD], True)):
            able = {name: one for name, one in self._known.items() if one.whole is whole and not one.is_spread}
            claimed = claim(head, Path(), able, named=True)
            if not isinstance(claimed, PassedOver):
                return claimed
            if " and " in claimed.reason:
                raise RequestRefused(f"the body is {claimed.reason}; name one with ?adapter=", 400)
        return native.ADAPTER


def _unpacked(name: str, unpack: Callable[[bytes], bytes], body: bytes) -> bytes:
    """Return the document that a body stands for; archives are not opened here: what they hold has another cap."""
    if is_archive(body):
        raise RequestRefused(f"a body for the adapter {name!r} that is an archive; use `agentobs ingest`", 400)
    try:
        return unpack(body)
    except ValueError as error:
        raise RequestRefused(f"the body cannot be read by the adapter {name!r}: {error}", 400) from error


def _split(body: bytes) -> list[bytes]:
    """The items of a JSON array, of NDJSON, or of one JSON object that is laid out over several lines."""
    start = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"[":
        try:
            return [_line(bytes(item)) for item in _items(body.removeprefix(b"\xef\xbb\xbf"))]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise RequestRefused(f"the body begins like a JSON array and is none: {error}", 400) from error
    lines = body.removesuffix(b"\n").split(b"\n")
    if len(lines) > 1 and start == b"{" and lines[0].strip() in {b"{", b"\xef\xbb\xbf{"}:
        try:
            return [_line(bytes(_one(body.removeprefix(b"\xef\xbb\xbf"))))]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return lines
    return lines


def _line(item: bytes) -> bytes:
    """A JSON value on one line: a line break in it is layout."""
    return item.replace(b"\n", b" ").replace(b"\r", b" ") if b"\n" in item else item


def original_digests(
    adapter: Adapter, redacted: Sequence[bytes], originals: Sequence[bytes], altered: Sequence[int]
) -> dict[int, int]:
    """Return what the adapter takes digests of in redacted lines, and the digests of the same in the original ones.

    The spool must not hold the originals; but what was sent and what is read from a file are one by these. A line of
    which nothing is made by itself is read behind those before it.
    """
    pieces = [slice(index, index + 1) for index in altered]
    if not all(_digests(adapter, redacted[piece], redacted[piece]) for piece in pieces):
        pieces = [slice(altered[-1] + 1)]
    known: dict[int, int] = {}
    for piece in pieces:
        here = _digests(adapter, redacted[piece], redacted[piece])
        there = _digests(adapter, redacted[piece], originals[piece])
        if len(here) == len(there):
            known.update((mine, theirs) for mine, theirs in zip(here, there, strict=True) if mine != theirs)
    return known


def _digests(adapter: Adapter, lines: Sequence[bytes], originals: Sequence[bytes]) -> list[int]:
    taken: list[int] = []

    def take(digest: int) -> int:
        taken.append(digest)
        return digest

    with digests_through(take):
        for _ in adapter.parse([(0, *pair) for pair in zip(lines, originals, strict=True)], adapter.memory()):
            pass
    return taken


def identity_of(body: bytes, idempotency_key: str | None) -> str:
    """Return what names a request: a retry of it has the same."""
    if idempotency_key is not None:
        return f"key:{idempotency_key}"
    return f"body:{blake2b(body, digest_size=16).hexdigest()}"


def payloads_of(header: Header, kept: Sequence[tuple[int, bytes]], redactions: Counter[str]) -> list[bytes]:
    """Return lines, by their indexes, in frames of about FRAME_BYTES; the first one says what was redacted."""
    payloads: list[bytes] = []
    place = 0
    while place < len(kept):
        first, size, lines = kept[place][0], 0, []
        while place < len(kept) and (size < FRAME_BYTES or not lines):
            size += len(kept[place][1])
            lines.append(kept[place][1])
            place += 1
        last = kept[place - 1][0]
        holes: list[int] = []
        if last - first + 1 > len(lines):
            holes = sorted(set(range(first, last)) - {index for index, _ in kept[place - len(lines) : place]})
        own = msgspec.structs.replace(
            header, index=first, holes=holes, goes_on=bool(payloads), redactions={} if payloads else dict(redactions)
        )
        payloads.append(payload_of(own, b"\n".join(lines)))
    return payloads


def _too_long(line: bytes) -> str | None:
    return f"a line of {len(line)} bytes; at most {LINE_CAP} are taken" if len(line) > LINE_CAP else None


def _problem(line: bytes) -> str | None:
    """What is wrong with an AgentEvent: a quick look, and what its adapter says where that is not enough."""
    if len(line) > LINE_CAP:
        return _too_long(line)
    try:
        sent = _event(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _verdict(line)
    context, basis = sent.context, sent.metrics.basis
    plain = (
        sent.severity in SEVERITIES
        and (context.status is None or context.status in STATUSES)
        and (context.role is None or context.role in ROLES)
        and (basis is None or basis in BASES)
        and context.digest is None
        and context.timestamp_quality is None
        and sent.parent_event_id is None
        and (sent.data is wire.NO_DATA or bytes(memoryview(sent.data)[:4]).startswith(_PLAIN_DATA))
        and parse_timestamp(sent.timestamp) is not None
    )
    return None if plain else _verdict(line)


def _verdict(line: bytes) -> str | None:
    for item in native.parse([(0, line, line)], native.Memory()):
        if isinstance(item, Reject):
            return item.reason
    return None
