"""The full text that an event of a Claude Code record stands for."""

import msgspec

from agentobs.adapters._claude_calls import SHELL_TOOLS
from agentobs.adapters._claude_records import Block, Message, Record, Unreadable, fields_of, message, read
from agentobs.adapters._claude_results import block_text
from agentobs.adapters._lenient import dumps
from agentobs.events import clean_text

_NAMES = ("content", "summary", "customTitle", "aiTitle", "lastPrompt", "output", "agentName", "permissionMode", "mode")
_INNER = ("prompt", "content", "snippet", "text", "stderr", "stdout", "displayPath")


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record's part: what was said, asked or answered; None when it has none."""
    found = read(raw)
    if isinstance(found, Unreadable):
        return None
    text = _of_record(found[0], found[1], part)
    return clean_text(text) if text is not None else None


def _of_record(record: Record, raw: bytes, part: int) -> str | None:
    if record.type == "progress":
        inner = fields_of(record.data).get("message")
        found = read(dumps(inner)) if isinstance(inner, dict) else None
        return _of_record(found[0], found[1], part) if isinstance(found, tuple) else None
    said = message(record.message) if record.message else None
    if said is not None:
        return _of_message(record, said, part)
    return _of_fields(raw) if part == 0 else None


def _of_message(record: Record, said: Message, part: int) -> str | None:
    if isinstance(said.content, str):
        return said.content if part == 0 else None
    blocks = said.content or []
    if not 0 <= part < len(blocks):
        return None
    if record.is_api_error_message:
        return " ".join(block.text for block in blocks if block.text) or None
    return _of_block(blocks[part], record)


def _of_block(block: Block, record: Record) -> str | None:
    if block.input:
        return _of_input(block)
    if block.type in ("image", "document"):
        return f"[{block.type}]"
    text = block.text if block.text is not None else block.thinking
    if text is not None:
        return text
    text = block_text(block.content)
    return text if text is not None else _of_result(record)


def _of_input(block: Block) -> str:
    asked = fields_of(block.input)
    command = asked.get("command")
    if (block.name or "").lower() in SHELL_TOOLS and isinstance(command, str):
        return command
    return msgspec.json.format(bytes(block.input), indent=2).decode()


def _of_result(record: Record) -> str | None:
    given = msgspec.json.decode(record.tool_use_result) if record.tool_use_result else None
    return given if isinstance(given, str) else None


def _of_fields(raw: bytes) -> str | None:
    fields = fields_of(raw)
    for source, names in (
        (fields, _NAMES),
        (fields.get("attachment"), _INNER),
        (fields.get("error"), ("formatted", "message")),
    ):
        if isinstance(source, dict):
            for name in names:
                if isinstance(source.get(name), str) and source[name]:
                    return source[name]
    asked = fields.get("input")
    if isinstance(asked, dict):
        command = asked.get("command")
        return command if isinstance(command, str) else dumps(asked).decode()
    return None
