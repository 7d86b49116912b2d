"""Lines of Claude Code as tests write them: small, whole, with ids that are short to read and real in form.

`uuid="7"` and `session="a"` stand for uuids, `message="m1"` and `request="r1"` for ids as long as the API's; a value
that begins with `=` is taken as it is, None leaves the field out.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

SONNET = (
    "claude-sonnet-4-5-20250929"  # $3 in, $15 out, $0.30 cache read, $3.75 and $6 cache write; above 200k $6/$22.50
)
OPUS = "claude-opus-4-6"  # $5, $25, $0.50, $6.25, $10; fast mode x 6; US only x 1.1
HAIKU = "claude-haiku-4-5-20251001"  # $1, $5, $0.10, $1.25, $2
NOON = "2026-03-09T12:00:00.000Z"

Record = dict[str, Any]


def name(text: str) -> str:
    """The uuid that a short name stands for."""
    return text[1:] if text.startswith("=") else str(uuid5(NAMESPACE_OID, text))


def long(prefix: str, text: str | None) -> str | None:
    """The id that a short name stands for: msg_01m100000000000000000000."""
    if text is None or text.startswith("="):
        return text and text[1:]
    return f"{prefix}_01{text:0<22}"


def usage(
    input_tokens: int | None = 10, output: int | None = 20, read: int = 0, short: int = 0, hour: int = 0, **more: Any
) -> Record:
    """`message.usage` as today's versions write it; `short` and `hour` are cache writes by their lifetime."""
    return {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": short + hour,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": hour},
        "output_tokens": output,
        "service_tier": "standard",
        **more,
    }


def envelope(kind: str, uuid: str, session: str, at: str | None, **fields: Any) -> Record:
    """A record of a session; a `thread` makes it a subagent's."""
    thread = fields.pop("thread", None)
    record = {
        "parentUuid": None,
        "isSidechain": thread is not None,
        "cwd": "/srv/shop",
        "sessionId": name(session),
        "version": "2.1.50",
        "type": kind,
        "uuid": name(uuid),
        "timestamp": at,
        **({"agentId": thread} if thread else {}),
        **fields,
    }
    return {key: value for key, value in record.items() if key == "parentUuid" or value is not None}


def prompt(text: str = "Go on", *, uuid: str = "prompt", session: str = "a", at: str = NOON, **fields: Any) -> Record:
    """What a person said."""
    return envelope("user", uuid, session, at, message={"role": "user", "content": text}, **fields)


def answer(
    spent: Any = None,
    *,
    message: str | None = "m1",
    request: str | None = "r1",
    uuid: str = "answer",
    session: str = "a",
    at: str | None = NOON,
    model: str | None = SONNET,
    text: str = "Done.",
    **fields: Any,
) -> Record:
    """One line of a response. `spent`: its usage, by default 10 tokens in and 20 out; `...` leaves it out."""
    said = {
        "id": long("msg", message),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text}],
        "usage": usage() if spent is None else spent,
    }
    left_out = {key for key in ("id", "usage") if said[key] is None or said[key] is ...}
    kept = {key: value for key, value in said.items() if key not in left_out}
    return envelope("assistant", uuid, session, at, requestId=long("req", request), message=kept, **fields)


def progress(
    inner: Record, *, uuid: str = "progress", session: str = "a", thread: str = "t1", at: str = NOON
) -> Record:
    """A subagent's message as its parent's file repeats it."""
    passed = {key: inner[key] for key in ("type", "message", "uuid", "timestamp", "requestId") if key in inner}
    data = {"type": "agent_progress", "agentId": thread, "prompt": "Look", "message": passed}
    return envelope("progress", uuid, session, at, data=data, toolUseID="agent_msg", parentToolUseID="toolu_parent")


def compaction(*, uuid: str = "compaction", session: str = "a", at: str = NOON) -> Record:
    """The boundary that a compaction leaves."""
    about = {"trigger": "auto", "preTokens": 155_000}
    return envelope("system", uuid, session, at, subtype="compact_boundary", content="compacted", compactMetadata=about)


def write(folder: Path, files: Mapping[str, Sequence[Record | bytes]]) -> list[Path]:
    """Write session files below a folder; bytes are lines as they are. Files that exist are written anew."""
    paths = []
    for place, lines in files.items():
        path = folder / f"{place}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(line_of(line) + b"\n" for line in lines))
        paths.append(path)
    return paths


def line_of(line: Record | bytes) -> bytes:
    """A record as its line."""
    return line if isinstance(line, bytes) else json.dumps(line, separators=(",", ":")).encode()
