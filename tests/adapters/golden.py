"""Fixtures of the adapters and their golden files: what an adapter makes of a fixture, in a form people can review.

`python -m tests.adapters.golden` writes the golden files anew; look at the difference before you keep it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter
from agentobs.events import Event, Item, Line, Reject, Skip
from agentobs.registry import plugins

FIXTURES = Path(__file__).parent.parent / "fixtures"
ADAPTERS: dict[str, Adapter] = plugins("agentobs.adapters", "ADAPTER", Adapter)
HIDDEN = ("raw", "digest", "agent", "seq")


def fixtures(adapter: str) -> list[Path]:
    """Return the fixture files of an adapter, goldens left out."""
    found = (FIXTURES / adapter).rglob("*")
    return sorted(path for path in found if path.is_file() and not path.name.endswith(".golden.json"))


def lines_of(source: bytes, start: int = 0) -> Iterator[Line]:
    """Yield the complete lines of a source with their offsets, as the reader does."""
    offset = start
    for line in source.split(b"\n")[:-1]:
        yield offset, line, line
        offset += len(line) + 1


def given(adapter: Adapter, source: bytes) -> list[Line]:
    """Return what an adapter is given of a source: its complete lines, or the whole document as one, unpacked."""
    if not adapter.whole:
        return list(lines_of(source))
    document = source if adapter.unpack is None else adapter.unpack(source)
    return [(0, document, document)]


def parse(adapter: Adapter, source: bytes, path: str = "") -> list[Item]:
    """Return everything that an adapter makes of a source."""
    return list(adapter.parse(given(adapter, source), begun(adapter, path)))


def begun(adapter: Adapter, path: str = "") -> Any:
    """Return the memory with which the reading of a source begins."""
    memory = adapter.memory()
    if hasattr(memory, "path"):
        memory.path = path  # pyright: ignore[reportAttributeAccessIssue]
    return memory


def shown(item: Item) -> dict[str, Any]:
    """Return an item as a small dict: what an event says, without what is the default."""
    if isinstance(item, Skip):
        return {"offset": item.offset, "skip": item.reason}
    if isinstance(item, Reject):
        return {"offset": item.offset, "reject": item.reason}
    fields = {field.name: field.default for field in msgspec.structs.fields(Event)}
    values = {
        name: _plain(getattr(item, name))
        for name, default in fields.items()
        if name not in HIDDEN and getattr(item, name) != default
    }
    return values | {"raw": True} if item.raw is not None else values


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: part for name, part in msgspec.structs.asdict(value).items() if part is not None}
    if isinstance(value, bytes):
        return json.loads(value) if value.startswith(b"{") else value.hex()
    return value


def golden_path(fixture: Path) -> Path:
    """Return where a fixture's golden file is."""
    return fixture.with_name(fixture.name + ".golden.json")


def golden_text(adapter: Adapter, fixture: Path) -> str:
    """Return what a fixture's golden file must say: one item a line."""
    rows = [
        json.dumps(shown(item), ensure_ascii=False)
        for item in parse(adapter, fixture.read_bytes(), fixture.relative_to(FIXTURES).as_posix())
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
