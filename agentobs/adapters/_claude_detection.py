"""Tell Claude Code's lines from those of other agents, by content."""

from typing import Any

import msgspec

from agentobs.adapters._lenient import loads, sanitise, too_deep

_LOOK_AT = 60
_decode = msgspec.json.Decoder().decode
_SPEAKS = frozenset(("user", "assistant"))
_ENVELOPED = frozenset(("system", "attachment", "progress", "file-history-delta", "tool_use", "tool_result"))
_MARKS = {  # what else a record without an envelope must have
    "summary": "leafUuid",
    "file-history-snapshot": "messageId",
    **dict.fromkeys(
        "queue-operation last-prompt custom-title ai-title agent-name mode permission-mode pr-link frame-link"
        " worktree-state relocated bridge-session cost-state atis-latch".split(),
        "sessionId",
    ),
}


def detect(head: bytes) -> float:
    """Return how sure it is that the file's first lines are Claude Code's."""
    lines = head.split(b"\n")
    complete = lines if head.endswith(b"\n") or len(head) < 65_536 else lines[:-1]
    kinds = [kind for line in complete[:_LOOK_AT] if (kind := _kind(line)) is not None]
    sure = kinds.count("sure")
    if not sure and complete is not lines and _looks_cut(lines[-1]):
        return 0.9
    if sure:
        return 0.95 if sure + kinds.count("weak") >= len(kinds) / 2 else 0.5
    if "weak" in kinds and "foreign" not in kinds:
        return 0.6
    return 0.4 if "journal" in kinds and "foreign" not in kinds else 0.0


def _kind(line: bytes) -> str | None:
    """Return sure | weak | journal | foreign for an object, None for anything else."""
    if not line.startswith((b"{", b"\xef\xbb\xbf{", b" ")):
        return None
    if too_deep(line):
        return None
    try:
        record = _decode(line)
    except (msgspec.DecodeError, ValueError):
        clean = sanitise(line)
        try:
            record = loads(clean) if not too_deep(clean) else None
        except ValueError:
            return None
    return _kind_of_record(record) if isinstance(record, dict) else None


def _kind_of_record(record: dict[str, Any]) -> str:
    kind = record.get("type")
    if not isinstance(kind, str):
        return "foreign"
    named = "sessionId" in record and ("uuid" in record or "parentUuid" in record)
    message = record.get("message")
    if kind in _SPEAKS and isinstance(message, dict):
        return "sure" if named or "parentUuid" in record else _old_form(message)
    if kind in _ENVELOPED and named:
        return "sure"
    if _MARKS.get(kind, "\0") in record:
        return "weak"
    return "journal" if kind in ("started", "result") and "key" in record and "agentId" in record else "foreign"


def _old_form(message: dict[str, Any]) -> str:
    return "weak" if message.get("type") == "message" and "content" in message else "foreign"


def _looks_cut(line: bytes) -> bool:
    return line.startswith(b"{") and b'"sessionId":' in line and b'"parentUuid":' in line and b'"message":' in line
