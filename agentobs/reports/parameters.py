"""Parameters of a notebook: the names it declares, values of their types. Names become code: no others."""

import ast
import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agentobs.errors import ReportError

TYPES = {"str": str, "int": int, "float": float, "bool": bool}
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: `name: type = default  # meaning`."""

    name: str
    type: type
    default: object
    meaning: str


def declared(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters that the notebook's cell tagged `parameters` declares, in order."""
    try:
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{notebook} cannot be read as a notebook: {error}") from error
    if len(sources) > 1:
        raise ReportError(f"{notebook} has {len(sources)} cells tagged 'parameters'; it may have one")
    source = sources[0] if sources else ""
    lines = source.split("\n")
    return {made.name: made for made in (_parameter(node, lines, notebook) for node in ast.parse(source).body)}


def checked(notebook: Path, values: Mapping[str, object]) -> dict[str, object]:
    """Return the values as the notebook declares them; raise ReportError for a name or a value it does not."""
    known = declared(notebook)
    for name in values:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ReportError(
                f"{notebook.name} declares no parameter {name!r}{hint}; it has {', '.join(known) or 'none'}"
            )
    return {name: _value(known[name], value, notebook) for name, value in values.items()}


def _parameter(node: ast.stmt, lines: list[str], notebook: Path) -> Parameter:
    match node:
        case ast.AnnAssign(ast.Name(name), ast.Name(kind), ast.expr() as value) if kind in TYPES:
            comment = lines[node.lineno - 1].partition("#")[2].strip()
            try:
                return Parameter(name, TYPES[kind], ast.literal_eval(value), comment)
            except ValueError as error:
                raise ReportError(f"{notebook.name}: the default of {name!r} must be a constant") from error
    raise ReportError(
        f"{notebook.name}: {ast.unparse(node)!r} in the parameters cell is not `name: type = default`, "
        f"the type one of {', '.join(TYPES)}"
    )


def _value(parameter: Parameter, value: object, notebook: Path) -> object:
    made = _typed(parameter.type, value)
    if made is None:
        raise ReportError(
            f"parameter {parameter.name!r} of {notebook.name} takes {parameter.type.__name__}, not {value!r}"
            + (f"; it is {parameter.meaning}" if parameter.meaning else "")
        )
    if isinstance(made, str) and "://" in made and _has_password(made):
        raise ReportError(
            f"parameter {parameter.name!r} of {notebook.name} holds a password, which the notebook would show; "
            "leave it out of the URL and give it in ~/.pgpass or in AGENTOBS_DATABASE_URL"
        )
    return made


def _typed(kind: type, value: object) -> object | None:
    """The value as the type, read from text if it is text; None where it is not one."""
    if kind is bool and isinstance(value, str):
        return WORDS.get(value.lower())
    if isinstance(value, bool) != (kind is bool):
        return None
    if kind is str:
        return str(value) if isinstance(value, str | Path) else None
    if kind is bool or (kind is int and isinstance(value, int)):
        return value
    return _number(kind, value)


def _number(kind: type, value: object) -> object | None:
    if not isinstance(value, str if kind is int else str | int | float):
        return None
    try:
        made = kind(value)
    except ValueError:
        return None
    return made if math.isfinite(made) else None


def _has_password(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.password) or "password=" in parts.query
    except ValueError:
        return False
