"""A Markdown document as text, whatever its bytes are, and its records as JSON."""

from typing import NamedTuple

import msgspec

from agentobs.events import clean_text, content_digest

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode
_MARK = "\N{BYTE ORDER MARK}"


class Text(NamedTuple):
    """A document as text with Unix line ends, and whether some bytes had to be replaced for that."""

    text: str
    sanitised: bool


class Written(msgspec.Struct):
    """A record of a document: its JSON after redaction, and the digest of it as it stands in the source."""

    raw: bytes
    digest: int
    sanitised: bool = False


def read_text(line: bytes) -> Text:
    """Return a document as text."""
    try:
        found = line.decode()
        whole = True
    except UnicodeDecodeError:
        found, whole = line.decode("utf-8", "replace"), False
    clean = clean_text(found.removeprefix(_MARK))
    sanitised = not whole or len(clean) != len(found.removeprefix(_MARK)) or "\0" in found
    return Text(clean.replace("\r\n", "\n").replace("\r", "\n"), sanitised)


def written(fields: dict[str, str], original: dict[str, str], *, sanitised: bool) -> Written:
    """Return a record of a document, beside its original."""
    raw = _encode(fields)
    return Written(raw, content_digest(raw if original == fields else _encode(original)), sanitised)


def fields_of(raw: bytes) -> dict[str, str]:
    """Return what a record says; nothing where it is none of ours."""
    try:
        return _decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
