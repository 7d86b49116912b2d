"""Shapes that records share: numbered lines, patches, pictures, sizes in tokens."""

from __future__ import annotations

import base64
import difflib
import json
import re
import struct
import zlib
from typing import Any

Json = dict[str, Any]

CHARACTERS_PER_TOKEN = 3.6


def tokens(value: object) -> int:
    """About how many tokens a text or a block is."""
    text = value if isinstance(value, str) else json.dumps(value)
    return max(1, round(len(text) / CHARACTERS_PER_TOKEN))


def png(size: int = 16) -> str:
    """A small grey picture in base64. Stored, not deflated: the bytes must not depend on a zlib version."""
    rows = b"".join(b"\x00" + bytes((40 + 8 * y) for _ in range(size)) for y in range(size))
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(rows), 0xFFFF ^ len(rows)) + rows
    stored += struct.pack(">I", zlib.adler32(rows))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", stored) + chunk(b"IEND", b"")
    return base64.b64encode(picture).decode()


def picture_block() -> Json:
    """An image as a message carries it."""
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png()}}


def patch(before: str, after: str) -> list[Json]:
    """The hunks between two texts, in the shape of `structuredPatch`."""
    hunks: list[Json] = []
    for line in list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm=""))[2:]:
        if found := re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line):
            numbers = [int(number or 1) for number in found.groups()]
            hunks.append(dict(zip(("oldStart", "oldLines", "newStart", "newLines"), numbers, strict=True), lines=[]))
        else:
            hunks[-1]["lines"].append(line)
    return hunks


def numbered(text: str, start: int = 1) -> str:
    """Lines as the Read tool shows them."""
    return "\n".join(f"{number:6d}→{line}" for number, line in enumerate(text.splitlines(), start))
