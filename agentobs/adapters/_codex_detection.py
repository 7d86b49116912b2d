"""Tell Codex's lines from those of other agents, by content."""

from typing import Any

from agentobs.adapters._objects import read_object, text

_LOOK_AT = 40
_KINDS = frozenset(
    "session_meta turn_context response_item event_msg compacted world_state inter_agent_communication_metadata"
    " token_usage_record".split()
)
_PARTS = {"input_text", "output_text", "input_image"}


def detect(head: bytes) -> float:
    """Return how sure it is that the file's first lines are Codex's."""
    lines = head.split(b"\n")
    whole = lines if head.endswith(b"\n") or len(head) < 65_536 else lines[:-1]
    looked = [line for line in whole if line.strip()][:_LOOK_AT]
    kinds = [_kind(line) for line in looked]
    if not kinds and lines[0].startswith(b"{") and b'"type":"session_meta","payload":{' in lines[0][:300]:
        return 0.9  # one huge first line
    known = kinds.count("sure") + kinds.count("bare")
    if "sure" in kinds:
        return 0.95 if 2 * known >= len(kinds) else 0.5 if "foreign" not in kinds[:1] or known > 1 else 0.3
    return 0.6 if kinds and kinds[0] == "bare" and kinds.count("foreign") == 0 else 0.0


def _kind(line: bytes) -> str:
    found = read_object(line) if line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{") else ""
    return "foreign" if isinstance(found, str) else _kind_of(found.fields)


def _kind_of(fields: dict[str, Any]) -> str:
    kind = fields.get("type")
    if isinstance(fields.get("payload"), dict):
        return "sure" if isinstance(kind, str) and kind in _KINDS else "foreign"
    if fields.get("record_type") == "state":
        return "bare"
    if kind is None and isinstance(fields.get("id"), str) and isinstance(fields.get("timestamp"), str):
        return "bare" if "instructions" in fields else "foreign"
    if kind == "message" and isinstance(fields.get("role"), str) and isinstance(fields.get("content"), list):
        parts = [text(part, "type") for part in fields["content"] if isinstance(part, dict)]
        return "bare" if parts and set(parts) <= _PARTS else "foreign"
    called = kind in ("function_call", "function_call_output", "local_shell_call") and "call_id" in fields
    thinks = kind == "reasoning" and isinstance(fields.get("summary"), list)
    return "bare" if called or thinks else "foreign"
