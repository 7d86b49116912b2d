"""Fixtures of the adapters and their golden files: what an adapter makes of a fixture, in a form people can review.

`python -m tests.adapters.golden` writes the golden files anew; look at the difference before you keep it.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter
from agentobs.events import Event, Item, Line, Reject, Skip
from agentobs.registry import plugins

FIXTURES = Path(__file__).parent.parent / "fixtures"
ADAPTERS: dict[str, Adapter] = plugins("agentobs.adapters", "ADAPTER", Adapter)
HIDDEN = ("raw", "digest", "seq")


def fixtures(adapter: str) -> list[Path]:
    """Return the fixture files of an adapter, goldens left out; of gathered records the files of their sessions."""
    found = sorted(path for path in (FIXTURES / adapter).rglob("*") if path.is_file())
    gathering = ADAPTERS[adapter].gathering
    return [
        path
        for path in found
        if not path.name.endswith(".golden.json") and (gathering is None or gathering.owner(path.read_bytes()) is None)
    ]


def lines_of(source: bytes, start: int = 0) -> Iterator[Line]:
    """Yield the complete lines of a source with their offsets, as the reader does."""
    offset = start
    for line in source.split(b"\n")[:-1]:
        yield offset, line, line
        offset += len(line) + 1


def given(adapter: Adapter, source: bytes, path: str = "") -> list[Line]:
    """Return what an adapter is given of a source: its complete lines, or the whole document as one, unpacked.

    `path` is where a fixture lies below FIXTURES: what is gathered lies beside it.
    """
    if not adapter.whole:
        return list(lines_of(source))
    document = source
    if adapter.unpack is not None:
        document = adapter.unpack(source)
    elif adapter.tables is not None:
        document = rows_of(adapter, source)
    elif adapter.gathering is not None:
        folder = (FIXTURES / path).parents[adapter.gathering.levels]
        document = adapter.gathering.document(source, Folder(folder))
    return [(0, document, document)]


def rows_of(adapter: Adapter, source: bytes) -> bytes:
    """Return what an adapter takes from a database; raises ValueError or sqlite3.Error as it does for the reader."""
    assert adapter.tables is not None
    if len(source) < 100:
        raise ValueError("not an SQLite database")
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.text_factory = bytes
        connection.deserialize(source)
        return adapter.tables(connection)


class Folder:
    """The files below a folder, as the reader shows them to an adapter that gathers."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, folder: str) -> list[str]:
        there = self._root / folder
        return sorted(path.name for path in there.iterdir()) if there.is_dir() else []

    def read(self, path: str) -> bytes | None:
        there = self._root / path
        return there.read_bytes() if there.is_file() else None


def parse(adapter: Adapter, source: bytes, path: str = "") -> list[Item]:
    """Return everything that an adapter makes of a source."""
    return list(adapter.parse(given(adapter, source, path), begun(adapter, path)))


def begun(adapter: Adapter, path: str = "") -> Any:
    """Return the memory with which the reading of a source begins."""
    memory = adapter.memory()
    if hasattr(memory, "path"):
        memory.path = path  # pyright: ignore[reportAttributeAccessIssue]
    return memory


def shown(item: Item, agent: str | None = None) -> dict[str, Any]:
    """Return an item as a small dict: what an event says, without what is the default; its agent if it is another."""
    if isinstance(item, Skip):
        return {"offset": item.offset, "skip": item.reason}
    if isinstance(item, Reject):
        return {"offset": item.offset, "reject": item.reason}
    fields = {field.name: field.default for field in msgspec.structs.fields(Event)}
    values = {
        name: _plain(getattr(item, name))
        for name, default in fields.items()
        if name not in HIDDEN and getattr(item, name) != (agent if name == "agent" else default)
    }
    return values | {"raw": True} if item.raw is not None else values


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: part for name, part in msgspec.structs.asdict(value).items() if part is not None}
    if isinstance(value, bytes):
        return json.loads(value) if value.startswith(b"{") else value.hex()
    return value


def below_fixtures(fixture: Path) -> str:
    """Return the path of a fixture as a reader would tell it."""
    return fixture.relative_to(FIXTURES).as_posix()


def golden_path(fixture: Path) -> Path:
    """Return where a fixture's golden file is."""
    return fixture.with_name(fixture.name + ".golden.json")


def golden_text(adapter: Adapter, fixture: Path) -> str:
    """Return what a fixture's golden file must say: one item a line."""
    rows = [
        json.dumps(shown(item, adapter.agent or adapter.name), ensure_ascii=False)
        for item in parse(adapter, fixture.read_bytes(), below_fixtures(fixture))
    ]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def memory_restored(adapter: Adapter, memory: msgspec.Struct) -> msgspec.Struct:
    """Return the memory as it comes back from the database."""
    return msgspec.json.decode(msgspec.json.encode(memory), type=adapter.memory)


if __name__ == "__main__":
    for name, plugin in ADAPTERS.items():
        for path in fixtures(name):
            if len(sys.argv) < 2 or sys.argv[1] == name:
                golden_path(path).write_text(golden_text(plugin, path), "utf-8")
