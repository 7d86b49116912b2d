"""Plugins are found by scanning a folder; what is declared wrongly or twice raises."""

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from agentobs import registry
from agentobs.errors import PluginError


class Thing(NamedTuple):
    """A kind of plugin."""

    name: str


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write modules into a new package and return its name."""

    def write(**modules: str) -> str:
        name = f"plugins_{tmp_path.name}".replace("-", "_")
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(f"from {__name__} import Thing\n{text}\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
        return name

    return write


class Point(NamedTuple):
    """An entry point of another package."""

    value: str
    thing: object

    def load(self) -> object:
        return self.thing


def declared(name: str) -> str:
    return f"THING = Thing({name!r})"


def test_modules_are_found_by_name_and_sorted(package):
    found = registry.plugins(package(zebra=declared("a"), apple=declared("b"), _hidden="x = 1"), "THING", Thing)
    assert found == {"a": Thing("a"), "b": Thing("b")}
    assert list(found) == ["a", "b"]


@pytest.mark.parametrize("text", ["x = 1", "THING = 'no thing'"])
def test_a_module_without_its_constant_is_named(package, text):
    with pytest.raises(PluginError, match=r"apple must assign THING = Thing\(\.\.\.\)"):
        registry.plugins(package(apple=text), "THING", Thing)


def test_a_name_that_is_taken_raises(package):
    with pytest.raises(PluginError, match=r"thing 'a' is declared by .*apple and by .*berry; rename one"):
        registry.plugins(package(apple=declared("a"), berry=declared("a")), "THING", Thing)


def test_other_packages_add_theirs_by_entry_point(package, monkeypatch):
    name = package(apple=declared("a"))
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [Point("other:THING", Thing("z"))] if group == name else []
    )
    assert list(registry.plugins(name, "THING", Thing)) == ["a", "z"]


def test_an_entry_point_may_not_take_a_name_of_ours(package, monkeypatch):
    name = package(apple=declared("a"))
    monkeypatch.setattr(registry, "entry_points", lambda group: [Point("other:THING", Thing("a"))])
    with pytest.raises(PluginError, match="entry point 'other:THING'"):
        registry.plugins(name, "THING", Thing)


def test_every_adapter_of_ours_is_found():
    from agentobs.ingest import backfill

    folder = Path(registry.__file__).parent / "adapters"
    modules = {path.stem for path in folder.glob("[a-z]*.py")}
    assert set(backfill.adapters()) == modules
