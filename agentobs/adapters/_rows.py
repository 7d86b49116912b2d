"""Rows of an agent's database, gathered into one document that is not larger than a document may be."""

import io
import sqlite3
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from agentobs.adapters._lenient import too_deep
from agentobs.adapters._whole_document import encode, read_value

MOST_BYTES = 256 << 20
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class Pieces:
    """Parts of a document, and how large they are together."""

    def __init__(self) -> None:
        self._parts = io.BytesIO()  # hands out what it holds without another copy of it

    def add(self, *parts: bytes) -> None:
        """Take parts; raise ValueError when the document gets larger than it may be."""
        self._parts.writelines(parts)
        if self._parts.tell() > MOST_BYTES:
            raise ValueError(f"rows of more than {MOST_BYTES} bytes together: too large a document")

    def joined(self) -> bytes:
        """Return the document."""
        return self._parts.getvalue()


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns, in their order; none when there is no such table."""
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return [name.decode("utf-8", "replace") for (name,) in rows]


def fields(data: object) -> dict[str, object] | str:
    """Return an object that a cell holds as JSON, its values as they stand where they can; or why there is none."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    if not isinstance(data, bytes):
        return "no JSON"
    if too_deep(data):
        return "nested too deeply"
    try:
        return dict(_fields(data))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # read again, tolerantly
    found = read_value(data)
    if isinstance(found, str):
        return found
    value = found[0]
    if isinstance(value, str) and value.lstrip().startswith("{"):  # JSON in JSON
        return fields(value)
    return value if isinstance(value, dict) else "no JSON object"


def raw_fields(*names: Iterable[str]) -> type[msgspec.Struct]:
    """Return a struct for `picked`: fields of these names, each as it stands or not there."""
    kind = msgspec.Raw | msgspec.UnsetType
    return msgspec.defstruct("Picked", [(name, kind, msgspec.UNSET) for group in names for name in group])


def picked(data: object, kind: type[msgspec.Struct]) -> dict[str, object] | str:
    """Return the same, but only the fields that a struct of raw values names: the rest is not looked at."""
    if isinstance(data, bytes):
        try:
            row = _decoder(kind).decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # read again, tolerantly
        else:
            kept = {name: getattr(row, name) for name in kind.__struct_fields__}
            kept = {name: value for name, value in kept.items() if value is not msgspec.UNSET}
            return "nested too deeply" if any(too_deep(bytes(value)) for value in kept.values()) else kept
    found = fields(data)
    return found if isinstance(found, str) else {name: found[name] for name in kind.__struct_fields__ if name in found}


@cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def object_of(found: Mapping[str, object]) -> bytes:
    """Return the JSON of an object whose values are JSON or not."""
    try:
        return _encode(found)
    except (OverflowError, msgspec.MsgspecError, RecursionError):
        return encode({name: read_raw(value) for name, value in found.items()})


def read_raw(value: object) -> object:
    """Return a value of `fields` as what it says."""
    if not isinstance(value, msgspec.Raw):
        return value
    found = read_value(bytes(value))
    return None if isinstance(found, str) else found[0]
