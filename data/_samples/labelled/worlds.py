"""The projects in which labelled sessions happen: their files, their commands, and what those print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from _samples.outputs import pytest
from _samples.shop_sources import SHOP


@dataclass(frozen=True)
class World:
    """A project: what a scene reads, changes and runs."""

    cwd: str
    sources: dict[str, str]
    code: tuple[str, ...]  # files that a scene may change
    test_file: str
    test: str  # the command that runs all tests
    build: str
    built: str
    broken: str  # what a failed build prints
    statement: str  # a line of code to add, with a {number}
    suites: tuple[str, ...]  # names of tests that may fail
    report: Callable[[int, tuple[str, ...]], str]  # what a test run prints: passed, failing

    def tested(self, passed: int, *failing: str) -> str:
        return self.report(passed, failing)


def _pytest(passed: int, failing: tuple[str, ...]) -> str:
    return pytest(passed, *(f"{name}|AssertionError: assert {len(name)} == {len(name) + 1}" for name in failing))


def _go(passed: int, failing: tuple[str, ...]) -> str:
    if not failing:
        return f"ok  \tledger\t0.0{passed % 90 + 10}s"
    shown = "".join(f"--- FAIL: {name} (0.00s)\n    ledger_test.go:12: got 3, want 4\n" for name in failing)
    return f"{shown}FAIL\nFAIL\tledger\t0.021s\nFAIL"


def _jest(passed: int, failing: tuple[str, ...]) -> str:
    shown = "".join(f"  ✕ {name} (3 ms)\n" for name in failing)
    counts = f"{len(failing)} failed, {passed} passed" if failing else f"{passed} passed"
    state = "FAIL" if failing else "PASS"
    return (
        f"{state} test/notes.test.ts\n{shown}\nTests:       {counts}, {passed + len(failing)} total\nTime:        1.2 s"
    )


def _python() -> dict[str, str]:
    names = ("stock", "coupons", "invoices", "customers", "returns", "taxes", "images", "wishlist", "reviews",
             "vouchers", "parcels", "refunds")  # fmt: skip
    made = {
        f"shop/{name}.py": f'"""{name.capitalize()} of the shop."""\n\nLIMIT = {20 + at}\n\n\n'
        f"def load_{name}(db, since):\n"
        f'    rows = db.changed("{name}", since)\n'
        f"    return [row for row in rows if row['active']][:LIMIT]\n\n\n"
        f"def count_{name}(db):\n    found = load_{name}(db, None)\n    return len(found)\n"
        for at, name in enumerate(names)
    }
    return SHOP | made


def _go_files() -> dict[str, str]:
    names = ("account", "posting", "currency", "audit", "fees", "limits", "statement", "importer", "balance", "period",
             "journal", "rounding", "interest", "transfer", "voucher", "closing", "opening", "deposit")  # fmt: skip
    made = {
        f"ledger/{name}.go": f"package ledger\n\n// {name.capitalize()} is one part of the books.\n"
        f"type {name.capitalize()} struct {{\n\tid    string\n\tcents int64\n}}\n\n"
        f"func New{name.capitalize()}(id string) *{name.capitalize()} {{\n"
        f"\tmade := &{name.capitalize()}{{id: id, cents: {at * 100}}}\n\treturn made\n}}\n\n"
        f"func (it *{name.capitalize()}) Add(cents int64) int64 {{\n\tit.cents += cents\n\treturn it.cents\n}}\n"
        for at, name in enumerate(names, 1)
    }
    test = 'package ledger\n\nimport "testing"\n\nfunc TestAdd(t *testing.T) {\n\tgot := NewAccount("a").Add(4)\n'
    test += '\tif got != 104 {\n\t\tt.Errorf("got %d, want %d", got, 104)\n\t}\n}\n'
    return made | {"ledger/ledger_test.go": test, "go.mod": "module example.org/ledger\n\ngo 1.22\n"}


def _typescript() -> dict[str, str]:
    names = ("note", "folder", "search", "sync", "editor", "tags", "export", "share", "history", "theme",
             "trash", "backup", "link", "image", "table", "checklist", "reminder", "account")  # fmt: skip
    made = {
        f"src/{name}.ts": f'import {{ store }} from "./store";\n\nexport interface {name.capitalize()} {{\n'
        f"  id: string;\n  size: number;\n}}\n\nexport function open{name.capitalize()}(id: string) {{\n"
        f'  const found = store.get("{name}", id);\n  if (!found) throw new Error("no {name} " + id);\n'
        f"  return found;\n}}\n\nexport function sizeOf{name.capitalize()}(one: {name.capitalize()}) {{\n"
        f"  const size = one.size * {at};\n  return size;\n}}\n"
        for at, name in enumerate(names, 1)
    }
    test = 'import { sizeOfNote } from "../src/note";\n\ntest("size", () => {\n'
    test += '  expect(sizeOfNote({ id: "a", size: 3 })).toBe(3);\n});\n'
    package = '{\n  "name": "notes",\n  "scripts": { "test": "jest", "build": "tsc -p ." }\n}\n'
    return made | {"test/notes.test.ts": test, "package.json": package}


def _code(sources: dict[str, str], folder: str) -> tuple[str, ...]:
    return tuple(name for name in sources if name.startswith(folder) and "test" not in name)


_SHOP, _LEDGER, _NOTES = _python(), _go_files(), _typescript()
WORLDS = (
    World(
        cwd="/home/ada/shop",
        sources=_SHOP,
        code=_code(_SHOP, "shop/"),
        test_file="tests/test_cart.py",
        test="pytest -q",
        build="python -m build",
        built="Successfully built shop-2.4.0.tar.gz and shop-2.4.0-py3-none-any.whl",
        broken="error: subprocess-exited-with-error\nSyntaxError: invalid syntax (cart.py, line 31)",
        statement='log.debug("step %s", {number})',
        suites=tuple(f"tests/test_{name}.py::test_{name}_case_{at}" for at, name in enumerate(("cart", "web", "jobs"))),
        report=_pytest,
    ),
    World(
        cwd="/home/ada/ledger",
        sources=_LEDGER,
        code=_code(_LEDGER, "ledger/"),
        test_file="ledger/ledger_test.go",
        test="go test ./...",
        build="go build ./...",
        built="",
        broken="# ledger\nledger/account.go:12:2: undefined: cent",
        statement='log.Printf("step %d", {number})',
        suites=("TestAdd", "TestBalance", "TestPeriodCloses"),
        report=_go,
    ),
    World(
        cwd="/home/ada/notes",
        sources=_NOTES,
        code=_code(_NOTES, "src/"),
        test_file="test/notes.test.ts",
        test="npm test",
        build="npm run build",
        built="> notes@1.0.0 build\n> tsc -p .\n",
        broken="src/note.ts(12,9): error TS2304: Cannot find name 'sise'.",
        statement="console.debug({number});",
        suites=("size of a note", "opens a folder", "finds by tag"),
        report=_jest,
    ),
)
