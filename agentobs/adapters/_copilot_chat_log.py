"""VS Code's operation log of a chat (chatSessions/*.jsonl), replayed into the document that older versions wrote.

Each line is one operation on the session: the whole of it, or a place inside it and what happened there.

    {"kind": 0, "v": session}                  begin with this; VS Code writes the file anew when it grew long
    {"kind": 1, "k": path, "v": value}         set; without a value it is gone
    {"kind": 2, "k": path, "v": items, "i": n} cut the list to n items where n is given, then append
    {"kind": 3, "k": path}                     gone

The operations build on each other: at the first one that cannot be read or done the replay ends, as nothing after it
can be trusted. What was read until there is the session; the lines left over are kept in it under `UNREAD`.
"""

import re
from typing import Any

from agentobs.adapters._whole_document import encode, read_value

UNREAD = "agentobs_unread"
"""Key of the replayed document: the lines that could not be replayed, where there are any."""

_OPENING = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"kind"\s*:\s*0\s*,\s*"v"\s*:\s*\{')
_KNOWN = re.compile(rb'[{,]\s*"(?:sessionId|creationDate|responderUsername|initialLocation)"\s*:')
_INITIAL, _SET, _PUSH, _DELETE = range(4)
_MOST_HOLES = 1_000  # an index further beyond the end of a list is none of VS Code's


class Unreadable(ValueError):
    """An operation that cannot be read or done."""


def looks_like_log(head: bytes) -> bool:
    """Tell whether a file begins as such a log does: with the whole of a chat session."""
    opening = _OPENING.match(head)
    return opening is not None and _KNOWN.search(head, opening.end() - 1) is not None


def replayed(data: bytes) -> bytes:
    """Return the session that a log ends with, as JSON; any other file as it is.

    Raises ValueError when not even the beginning of the log can be read.
    """
    if not looks_like_log(data):
        return data
    lines = data.split(b"\n")
    unfinished = lines.pop()  # without a line's end: VS Code may still be writing it
    state: Any = None
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            state = _after(state, line)
        except Unreadable:
            return _with_unread(state, lines[number:], number)
    try:
        state = _after(state, unfinished) if unfinished.strip() else state
    except Unreadable as error:
        if state is None:
            raise Unreadable(f"the first line of the operation log is cut: {error}") from error
    return encode(state)


def _after(state: Any, line: bytes) -> Any:
    """Return the state after the operation of a line; ValueError says why it cannot be done."""
    found = read_value(line)
    if isinstance(found, str):
        raise Unreadable(found)
    entry = found[0]
    if not isinstance(entry, dict):
        raise Unreadable("an operation is no object")
    kind, value = entry.get("kind"), entry.get("v")
    if kind == _INITIAL and isinstance(value, dict):
        return value
    path = entry.get("k")
    if not isinstance(state, dict) or kind not in (_SET, _PUSH, _DELETE) or not isinstance(path, list) or not path:
        raise Unreadable(f"an operation of kind {kind!r} cannot be done here"[:200])
    place = _inside(state, path[:-1])
    if kind == _PUSH:
        _push(place, path[-1], value, entry.get("i"))
    else:
        _put(place, path[-1], value if kind == _SET else None, gone="v" not in entry or kind == _DELETE)
    return state


def _inside(place: Any, path: list[Any]) -> Any:
    for key in path:
        place = _at(place, key)
    return place


def _at(place: Any, key: Any) -> Any:
    if isinstance(place, dict) and isinstance(key, str) and key in place:
        return place[key]
    index = _index(key)
    if isinstance(place, list) and index is not None and index < len(place):
        return place[index]
    raise Unreadable(f"there is nothing at {key!r}"[:200])


def _put(place: Any, key: Any, value: Any, *, gone: bool) -> None:
    if isinstance(place, dict) and isinstance(key, str):
        if gone:
            place.pop(key, None)
        else:
            place[key] = value
    elif isinstance(place, list) and (index := _index(key)) is not None and index <= len(place) + _MOST_HOLES:
        place.extend([None] * (index + 1 - len(place)))
        place[index] = value
    else:
        raise Unreadable(f"nothing can be set at {key!r}"[:200])


def _push(place: Any, key: Any, items: Any, kept: Any) -> None:
    if isinstance(place, dict) and not place.get(key if isinstance(key, str) else ""):
        _put(place, key, [], gone=False)
    found = _at(place, key)
    if not isinstance(found, list) or not (items is None or isinstance(items, list)):
        raise Unreadable(f"{key!r} is no list that grows"[:200])
    if kept is not None:
        length = _index(kept)
        if length is None or length > len(found) + _MOST_HOLES:
            raise Unreadable(f"a list cannot be cut to {kept!r} items"[:200])
        del found[length:]
        found.extend([None] * (length - len(found)))
    found.extend(items or [])


def _index(key: object) -> int | None:
    return key if isinstance(key, int) and not isinstance(key, bool) and key >= 0 else None


def _with_unread(state: Any, lines: list[bytes], number: int) -> bytes:
    if not isinstance(state, dict):
        raise Unreadable(f"line {number + 1} of the operation log cannot be read, and nothing before it")
    rest = [line.decode("utf-8", "replace") for line in lines if line.strip()]
    return encode({**state, UNREAD: rest})
