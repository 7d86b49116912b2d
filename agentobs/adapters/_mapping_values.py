"""Expressions of a mapping: where a value stands in a record, or what it is.

"message.usage.input"                    a path: names and list positions; "." is the item or record itself
"$.session.id"                           in a rule with `each`: the path from the whole record
"^.header.id"                            in a document: the path from the whole document
["id", "message.id"]                     the first that is there
{ const = "1.0" }                        this very value
{ template = "{tool}: {args.path}" }     a text with paths in braces; nothing where one is missing
{ file = "stem" }                        the file's name without its ending; "folder": the name of its folder
{ path = "state", map = { done = "ok", failed = "error" } }    translated; nothing for other values
{ path = "took_s", scale = 1000 }        a number in another unit
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from agentobs.errors import PluginError

_BRACES = re.compile(r"\{([^{}]+)\}")
_SEPARATOR = re.compile(r"(?<!\\)\.")
_KEYS = ("path", "const", "template", "file", "map", "scale")
_FILE_PARTS = ("stem", "folder")


class Scope(NamedTuple):
    """What an expression sees: the item of a list (else the record), the record, the document, the file."""

    item: Any
    record: Any
    document: Any
    file: str


Expression = Callable[[Scope], Any]


def expression(spec: Any, where: str) -> Expression:
    """Return the expression that a mapping states; raise PluginError saying what is wrong with it."""
    if isinstance(spec, str):
        return _path(spec, where)
    if isinstance(spec, list):
        return _first([expression(one, f"{where}[{number}]") for number, one in enumerate(spec)], where)
    if not isinstance(spec, dict):
        raise PluginError(f"{where} is {spec!r}; write a path, a list of paths, or a table such as {{ const = ... }}")
    unknown = [key for key in spec if key not in _KEYS]
    if unknown:
        raise PluginError(f"{where} has {unknown[0]!r}; an expression has one of {', '.join(_KEYS)}")
    return _of_table(spec, where)


def _of_table(spec: dict[str, Any], where: str) -> Expression:
    if "const" in spec:
        constant = spec["const"]
        return lambda _: constant
    if "template" in spec:
        return _template(spec["template"], where)
    if "file" in spec:
        return _file(spec["file"], where)
    if "path" not in spec:
        raise PluginError(f"{where} lacks 'path'; write {{ path = \"...\", map = ... }}")
    found = expression(spec["path"], f"{where}.path")
    if "map" in spec:
        return _mapped(found, spec["map"], where)
    return _scaled(found, spec["scale"], where) if "scale" in spec else found


def _path(text: str, where: str) -> Expression:
    names = [name.replace("\\.", ".") for name in _SEPARATOR.split(text)]
    if text == ".":
        return lambda scope: scope.item
    if not text or "" in names:
        raise PluginError(f"{where} is {text!r}, which is no path; write one like message.usage.input_tokens")
    root = {"$": 1, "^": 2}.get(names[0], 0)
    steps = tuple(names[1:] if root else names)
    if len(steps) == 1:
        (only,) = steps
        return lambda scope: _step(scope[root], only)

    def walk(scope: Scope) -> Any:
        value = scope[root]
        for name in steps:
            value = _step(value, name)
        return value

    return walk


def _step(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and name.lstrip("-").isdigit() and len(name) < 10:
        place = int(name)
        return value[place] if -len(value) <= place < len(value) else None
    return None


def _first(found: list[Expression], where: str) -> Expression:
    if not found:
        raise PluginError(f"{where} is an empty list; name at least one path")
    return lambda scope: next((value for one in found if (value := one(scope)) not in (None, "")), None)


def _template(text: Any, where: str) -> Expression:
    if not isinstance(text, str) or not _BRACES.search(text):
        raise PluginError(
            f"{where}.template is {text!r}; write a text with paths in braces, such as '{{tool}} {{args.path}}'"
        )
    parts = _BRACES.split(text)
    paths = [_path(part, f"{where}.template") for part in parts[1::2]]

    def fill(scope: Scope) -> str | None:
        values = [path(scope) for path in paths]
        if any(value is None or isinstance(value, (dict, list)) for value in values):
            return None
        shown = [part for pair in zip(parts[::2], [*map(str, values), ""], strict=True) for part in pair]
        return "".join(shown)

    return fill


def _file(part: Any, where: str) -> Expression:
    if part not in _FILE_PARTS:
        raise PluginError(f"{where}.file is {part!r}; write one of {', '.join(_FILE_PARTS)}")

    def name(scope: Scope) -> str | None:
        folders, _, file = scope.file.rpartition("/")
        return (file.split(".", 1)[0] if part == "stem" else folders.rpartition("/")[2]) or None

    return name


def _mapped(found: Expression, table: Any, where: str) -> Expression:
    if not isinstance(table, dict) or not table:
        raise PluginError(f'{where}.map is {table!r}; write a table of values, such as {{ done = "ok" }}')
    return lambda scope: table.get(key_of(found(scope)))


def key_of(value: Any) -> str:
    """Return a value as a mapping writes it on the left side: true, 3, text."""
    return str(value).lower() if isinstance(value, bool) else "" if isinstance(value, (dict, list)) else str(value)


def _scaled(found: Expression, factor: Any, where: str) -> Expression:
    if isinstance(factor, bool) or not isinstance(factor, (int, float)) or factor <= 0:
        raise PluginError(f"{where}.scale is {factor!r}; write a number above 0")

    def scaled(scope: Scope) -> float | None:
        value = number_of(found(scope))
        return None if value is None else value * factor

    return scaled


def number_of(value: Any) -> float | int | None:
    """Return a number that stands there as one or as a text; None when it is none or not finite."""
    if isinstance(value, str) and len(value) < 40:
        try:
            value = float(value) if not value.strip().lstrip("-").isdigit() else int(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if -1e20 < value < 1e20 else None
