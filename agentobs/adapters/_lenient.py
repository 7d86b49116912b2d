"""Read JSON lines that a strict decoder refuses, and say what had to be replaced to do so.

What comes out is text that PostgreSQL takes: no NUL, no lone surrogate, no NaN or infinity, no depth beyond MAX_DEPTH.
"""

import json
import math
import re
from typing import Any, TypeVar

import msgspec

from agentobs.adapters._text import short_id

T = TypeVar("T", bound=msgspec.Struct)

MAX_DEPTH = 100

has_nul = re.compile(rb"\\u0000").search  # twice as fast as `in`, which stumbles over zeros

_BOM = b"\xef\xbb\xbf"
_REPLACEMENT = b"\\ufffd"
_ESCAPE = re.compile(  # whole escapes only, so that an escaped backslash before `u0000` is not taken for one
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2}))"
    rb"|\\.",
    re.DOTALL,
)
_STRING = re.compile(rb'"[^"]*"')
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{}'))
_LONGEST_NUMBER = 400


def sanitise(line: bytes) -> bytes:
    """Return the line without byte order mark, invalid UTF-8, NUL and lone surrogates: each becomes U+FFFD."""
    line = line.removeprefix(_BOM)
    line = line.decode("utf-8", "replace").encode() if not _is_utf8(line) else line
    line = line.replace(b"\0", _REPLACEMENT)
    return _ESCAPE.sub(lambda match: _REPLACEMENT if match[1] else match[0], line)


def too_deep(line: bytes) -> bool:
    """Tell whether the JSON nests deeper than MAX_DEPTH."""
    if line.count(b"{") + line.count(b"[") <= MAX_DEPTH:
        return False
    skeleton = line.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NOT_STRUCTURE)
    depth = 0
    for byte in _STRING.sub(b"", skeleton):
        depth += 1 if byte in b"{[" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def loads(line: bytes) -> Any:
    """Return what the line says, as the standard library reads it; NaN, infinities and 1e400 become None.

    Raises ValueError when it is not JSON.
    """
    return json.loads(line, strict=False, parse_constant=lambda _: None, parse_float=_finite, parse_int=_integer)


def dumps(value: Any) -> bytes:
    """Return JSON in UTF-8 for what `loads` returned."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def lenient(kind: type[T], fields: dict[str, Any]) -> T:
    """Return a struct of the fields that have the right type, ids cut to size; the others keep their defaults."""
    kept = {}
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in fields:
            continue
        value = fields[field.encode_name]
        if field.type is msgspec.Raw:
            kept[field.name] = msgspec.Raw(dumps(value))
            continue
        for candidate in (value, short_id(value)) if isinstance(value, str) else (value,):
            try:
                kept[field.name] = msgspec.convert(candidate, field.type)
                break
            except msgspec.ValidationError:  # of another type, or longer than the field may be
                continue
    return kind(**kept)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _integer(text: str) -> int | float | None:
    return int(text) if len(text) <= _LONGEST_NUMBER else None
