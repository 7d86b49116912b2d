"""What a tool call was given, read alike whatever the agent: JSON arguments, a bare command, a patch."""

import hashlib
import json
import re
from typing import Any, NamedTuple

import msgspec

MOST_TEXT = 8_000
MOST_EDIT = 4_000
_OLD = ("old_string", "old_str", "oldString", "oldText", "search", "old_content", "old_source")
_NEW = ("new_string", "new_str", "newString", "newText", "replace", "new_content", "new_source")
_WHOLE = ("content", "contents", "file_text", "code_edit", "text")
_PATCH = ("patch", "patchText", "diff", "input")
_FROM = ("offset", "start_line", "startLine", "view_range", "line_start", "start")
_TO = ("limit", "end_line", "endLine", "line_end", "end")
_LISTS = ("todos", "plan", "items", "todoList")
_DONE = ("completed", "done", "cancelled", "canceled", "complete")
_LINES = re.compile(r"^(?P<sign>[+-])(?!\+\+|--)(?P<line>.*)$", re.MULTILINE)
_BLOCK = re.compile(r"<{5,7} ?SEARCH\n(?P<old>.*?)\n?={5,7}\n(?P<new>.*?)\n?>{5,7} ?REPLACE", re.DOTALL)
_EDIT = re.compile(r"\Aedit (?P<range>\d+:\d+)\n(?P<new>.*?)(?:\nend_of_edit)?\s*\Z", re.DOTALL)
_SPAN = re.compile(r"\A(?:sed -n ['\"]?(?P<sed>\d+,\d+)p|(?:open|goto)\b.*?(?P<line>\d+)\s*\Z|head -n? ?(?P<head>\d+))")

_MOVES = re.compile(r"\A(?:scroll|page|next|more)\w*\b")


class Arguments(NamedTuple):
    """Arguments of one call, as far as they say it."""

    key: int  # hash of the tool and of all it was given
    old: str | None = None
    new: str | None = None
    range: str | None = None  # of lines, which a read shows or an edit replaces
    open_todos: int | None = None


def read(tool: str | None, kind: str, text: str | None) -> Arguments:
    """Return what a call of a tool was given; `kind` is the type of the call."""
    if text is None:
        return Arguments(key_of(tool))
    given = _object(text)
    if given is None:
        return _bare(tool, kind, text)
    old, new = _edited(given) if kind in {"file_write", "file_create"} else (None, None)
    return Arguments(
        key_of(tool, json.dumps(given, sort_keys=True, default=str)),
        old,
        new,
        _range(given) if kind == "file_read" else None,
        _open_todos(given),
    )


_PRINTS = (
    r"cat(?: -n)?|nl(?: -ba)?|head(?: -n)? ?-?(?P<head>\d+)|tail(?: -n)? ?(?P<tail>[-+]?\d+)"
    r"|sed -n ['\"]?(?P<sed>\d+,\d+)p['\"]?"
)
_PLAIN_PATH = r"(?P<quote>['\"]?)(?P<path>[^\s'\"|;&<>*?$`-][^\s'\"|;&<>*?$`]*)(?P=quote)"
_CUT = r"(?: *\| *(?:head(?: -n)? ?-?(?P<first>\d+)|sed -n ['\"]?(?P<part>\d+,\d+)p['\"]?))?"
_PRINTED = re.compile(rf"\A\s*(?:cd [^\s;&|]+ *(?:&&|;) *)?(?:{_PRINTS})(?: --)? {_PLAIN_PATH}{_CUT}\s*\Z")


def printed(command: str) -> tuple[str, str] | None:
    """Return (path, range) of the one file that a command does nothing but print; None: it does something else."""
    found = _PRINTED.match(command)
    if found is None:
        return None
    parts = [f"{name} {found[name]}" for name in ("head", "tail", "first") if found[name]]
    parts += [found[name] for name in ("sed", "part") if found[name]]
    return found["path"], " ".join(parts)


def key_of(*parts: str | None) -> int:
    """Return a hash of texts in 63 bits; white space at ends of lines and of the text does not count."""
    whole = "\x1f".join("" if part is None else _spaces(part) for part in parts)
    digest = hashlib.blake2b(whole.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _spaces(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _object(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        found = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _bare(tool: str | None, kind: str, text: str) -> Arguments:
    key = key_of(tool, text)
    if kind == "file_read":
        return Arguments(key, range=_span(text))
    if kind not in {"file_write", "file_create"}:
        return Arguments(key)
    edit = _EDIT.match(text)
    if edit is not None:
        return Arguments(key, None, edit["new"], edit["range"])
    return Arguments(key, *_patched(text))


def _span(text: str) -> str | None:
    """The lines that a bare command reads: '' for a whole file, None where it depends on what was read before."""
    span = _SPAN.match(text)
    if span is not None:
        return next(filter(None, span.groups()), "")
    return None if _MOVES.match(text) else ""


def _edited(given: dict[str, Any]) -> tuple[str | None, str | None]:
    """What an edit replaced and what it wrote; several edits of one call after each other."""
    edits = given.get("edits")
    if isinstance(edits, list) and edits:
        pairs = [_edited(edit) for edit in edits if isinstance(edit, dict)]
        return _all(old for old, _ in pairs), _all(new for _, new in pairs)
    old, new = _first(given, _OLD), _first(given, _NEW)
    if old is not None or new is not None:
        return old, new
    patch = _first(given, _PATCH)
    return _patched(patch) if patch is not None else (None, _first(given, _WHOLE))


def _patched(patch: str) -> tuple[str | None, str | None]:
    """The removed and the added lines of a patch; of search and replace blocks their two sides."""
    blocks = list(_BLOCK.finditer(patch))
    if blocks:
        return "\n".join(block["old"] for block in blocks), "\n".join(block["new"] for block in blocks)
    lines = [(found["sign"], found["line"]) for found in _LINES.finditer(patch)]
    if not lines:
        return None, None
    return tuple("\n".join(line for sign, line in lines if sign == wanted) or None for wanted in "-+")  # pyright: ignore[reportReturnType]


def _range(given: dict[str, Any]) -> str:
    parts = [given.get(name) for names in (_FROM, _TO) for name in names if given.get(name) is not None]
    return ":".join(map(str, parts))


def _open_todos(given: dict[str, Any]) -> int | None:
    todos = next((given[name] for name in _LISTS if isinstance(given.get(name), list)), None)
    if todos is None:
        return None
    states = [str(todo["status"]).lower() for todo in todos if isinstance(todo, dict) and "status" in todo]
    return sum(state not in _DONE for state in states) if states else None


def _first(given: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((given[name] for name in names if isinstance(given.get(name), str)), None)


def _all(parts: Any) -> str | None:
    known = [part for part in parts if part is not None]
    return "\n".join(known) if known else None
