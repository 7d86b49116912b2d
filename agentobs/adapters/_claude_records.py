"""Claude Code's records, as far as we read them, and how a line becomes one whatever its bytes are."""

from typing import Annotated, Any

import msgspec
from msgspec import Raw

from agentobs.adapters._lenient import MAX_DEPTH, T, dumps, has_nul, lenient, loads, sanitise, too_deep
from agentobs.adapters._text import ID_LENGTH
from agentobs.events import content_digest

Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]  # no response has more tokens: such a number is unknown
Dollars = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
Flag = bool | None
Text = str | None
Name = Annotated[str, msgspec.Meta(max_length=ID_LENGTH)] | None  # of a kind, a model, a version, an id
Path = Annotated[str, msgspec.Meta(max_length=4096)] | None


class Record(msgspec.Struct, rename="camel", gc=False):
    """One line: the envelope, and payloads that are decoded when their type is known.

    The fields stand in the order of the files, in which the decoder finds them fastest.
    """

    parent_uuid: Name = None
    is_sidechain: Flag = None
    agent_id: Name = None
    cwd: Path = None
    session_id: Name = None
    version: Name = None
    git_branch: Name = None
    type: Name = None
    message: Raw = Raw()
    request_id: Name = None
    cost_usd: Dollars | None = msgspec.field(name="costUSD", default=None)  # until version 1.0.8
    is_meta: Flag = None
    is_compact_summary: Flag = None
    is_api_error_message: Flag = None
    uuid: Name = None
    timestamp: Text = None
    tool_use_result: Raw = Raw()
    tool_denial_kind: Name = None
    origin: Raw = Raw()
    data: Raw = Raw()
    forked_from: Raw = Raw()  # on every record that /branch or --fork-session copied


class Split(msgspec.Struct, gc=False):
    """Cache writes by their lifetime."""

    ephemeral_5m_input_tokens: Count | None = None
    ephemeral_1h_input_tokens: Count | None = None


class ServerTools(msgspec.Struct, gc=False):
    """What the API did itself during a response."""

    web_search_requests: Count | None = None


class OutputDetails(msgspec.Struct, gc=False):
    """What the output consists of."""

    thinking_tokens: Count | None = None


class Tokens(msgspec.Struct, gc=False):
    """`message.usage`; its input excludes the cache."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    cache_creation: Split | None = None
    server_tool_use: ServerTools | None = None
    output_tokens_details: OutputDetails | None = None
    service_tier: Name = None
    speed: Name = None
    inference_geo: Name = None
    iterations: Raw = Raw()  # a list of Iteration: the attempts and further calls inside the response


class Iteration(Tokens, gc=False):
    """One of `usage.iterations`."""

    type: Name = None
    model: Name = None


class Part(msgspec.Struct, gc=False):
    """One part of a tool result's content."""

    type: Text = None
    text: Text = None


class Block(msgspec.Struct, rename={"source": "from", "target": "to"}, gc=False):
    """One content block of a message."""

    type: Annotated[str, msgspec.Meta(max_length=100)] = ""
    text: Text = None
    thinking: Text = None
    id: Name = None
    name: Name = None
    input: Raw = Raw()
    tool_use_id: Name = None
    content: str | list[Part] | None = None
    is_error: Flag = None
    source: Raw = Raw()  # of a `fallback`: the model before
    target: Raw = Raw()


class Message(msgspec.Struct, gc=False):
    """The API's message; `content` is a text in old versions and of plain prompts."""

    id: Name = None
    model: Name = None
    content: str | list[Block] | None = None
    usage: Tokens | None = None
    stop_reason: Name = None


class Unreadable(msgspec.Struct):
    """A line that is no record, and why."""

    reason: str


Readable = tuple[Record, bytes, bool]
"""A record, its line as it may be stored, and whether bytes had to be replaced for that."""

_ENVELOPE = frozenset(
    "uuid parentUuid logicalParentUuid sessionId session_id cwd gitBranch version userType isSidechain slug entrypoint"
    " agentId requestId sessionKind forkedFrom".split()
)
_record = msgspec.json.Decoder(Record).decode
_message = msgspec.json.Decoder(Message).decode
_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_anything = msgspec.json.Decoder().decode
_items = msgspec.json.Decoder(list[Raw]).decode


def read(line: bytes) -> Readable | Unreadable:
    """Return the record of a line, or why there is none."""
    brackets = 2 * len(line) - len(line.replace(b"{", b"")) - len(line.replace(b"[", b""))  # faster than `count`
    if (b"\\" in line and has_nul(line)) or (brackets > MAX_DEPTH and too_deep(line)):
        return _read_tolerantly(line)
    try:
        if not line.isascii():
            line.decode()  # what is only stored is not validated by the decoder
        return _record(line), line, False
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _read_tolerantly(line)


def message(raw: Raw) -> Message | None:
    """Return a record's message; None when it is not an object."""
    try:
        return _message(raw)
    except msgspec.ValidationError:
        fields = loads(bytes(raw))
    return _lenient_message(fields) if isinstance(fields, dict) else None


def decoded(decode: Any, kind: type[T], raw: Raw | bytes) -> T | None:
    """Return a payload with the fields of the right type; None when there is none or it is not an object."""
    if not raw:
        return None
    try:
        return decode(raw)
    except msgspec.ValidationError:
        fields = loads(bytes(raw))
    return lenient(kind, fields) if isinstance(fields, dict) else None


def items_of(raw: bytes) -> list[Raw]:
    """Return the values of a list; none when it is no list."""
    return _items(raw) if raw.startswith(b"[") else []


def opens_with(raw: Raw, byte: str) -> bool:
    """Tell whether a payload is an object (`{`), a list (`[`) or a text (`"`) by its first byte."""
    return len(raw) > 0 and memoryview(raw)[0] == ord(byte)


def fields_of(raw: bytes | Raw) -> dict[str, Any]:
    """Return a rare record's fields, untyped; none when it is not an object."""
    if not raw:
        return {}
    try:
        fields = _anything(raw)
    except (msgspec.DecodeError, ValueError):  # numbers beyond a double, lone surrogates
        fields = loads(bytes(raw))
    return fields if isinstance(fields, dict) else {}


def payload_digest(record: Record, line: bytes) -> int:
    """Return the digest of what a record carries, without its envelope: a fork rewrites that and copies the rest."""
    if record.message:
        return content_digest(record.message, record.tool_use_result)  # pyright: ignore[reportArgumentType]
    parts: list[bytes] = []
    for name, value in sorted(_fields(line).items()):
        if name not in _ENVELOPE:
            parts += (name.encode(), bytes(value))
    return content_digest(*parts)


def original_digest(line: bytes) -> int:
    """Return the digest of a line of which only a redacted form may be read further."""
    found = read(line)
    return content_digest(line) if isinstance(found, Unreadable) else payload_digest(found[0], found[1])


def _read_tolerantly(line: bytes) -> Readable | Unreadable:
    clean = sanitise(line)
    if too_deep(clean):
        return Unreadable("JSON nested deeper than 100 levels")
    try:
        return _record(clean), clean, clean != line
    except msgspec.MsgspecError:
        strict = _is_strict(clean)
    try:
        fields = loads(clean)
    except ValueError as error:
        return Unreadable(f"not JSON: {error}"[:300])
    if not isinstance(fields, dict):
        return Unreadable("not a JSON object")
    raw = clean if strict else dumps(fields)
    return lenient(Record, fields), raw, raw != line


def _is_strict(line: bytes) -> bool:
    try:
        _fields(line)
    except msgspec.MsgspecError:
        return False
    return True


def _lenient_message(fields: dict[str, Any]) -> Message:
    content = fields.get("content")
    usage = fields.get("usage")
    found = lenient(Message, {**fields, "content": None, "usage": None})
    if isinstance(content, str):
        found.content = content
    elif isinstance(content, list):
        found.content = [_lenient_block(block) for block in content]
    if isinstance(usage, dict):
        found.usage = _lenient_tokens(usage)
    return found


def _lenient_block(block: Any) -> Block:
    if isinstance(block, dict):
        return lenient(Block, block)
    return Block(type="text", text=block) if isinstance(block, str) else Block()


def _lenient_tokens(usage: dict[str, Any]) -> Tokens:
    tokens = lenient(Tokens, usage)
    split = usage.get("cache_creation")
    if tokens.cache_creation is None and isinstance(split, dict):
        tokens.cache_creation = lenient(Split, split)
    return tokens
