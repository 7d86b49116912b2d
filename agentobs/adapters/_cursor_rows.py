"""What is taken from Cursor's databases, and how it is put together: {sessions, chats, prompts}.

    cursorDiskKV  composerData:<composer>          a session; in older versions with its messages
                  bubbleId:<composer>:<bubble>     its messages
    composerHeaders  composerId, value             in newer versions, the session's workspace and parent
    ItemTable     composer.composerData            sessions of a workspace, in older versions with their messages
                  workbench...aichat.chatdata      chats, before there were composers
                  aiService.prompts                what was typed in a workspace, without times; where cursorDiskKV
                                                   is, messages repeat them

Of a record only the fields below are taken: the rest is what Cursor shows and attaches (files, diffs, keys of its own),
and would make gigabytes of it. A message that the session does not list any more (it was taken back) is read, too.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import msgspec

from agentobs.adapters._rows import Pieces, columns, object_of, picked, raw_fields, read_raw
from agentobs.adapters._whole_document import encode, inside, nested, read_value, text

CHATS, COMPOSERS, PROMPTS = "workbench.panel.aichat.view.aichat.chatdata", "composer.composerData", "aiService.prompts"

_Fields = dict[str, Any]
_LISTS = ("fullConversationHeadersOnly", "conversation")
_Composer = raw_fields(
    "composerId name createdAt unifiedMode forceMode modelConfig subagentInfo workspaceIdentifier".split(), _LISTS
)
_Bubble = raw_fields(
    "bubbleId type createdAt text richText thinking thinkingDurationMs toolFormerData tokenCount modelInfo".split(),
    "capabilityType requestId errorDetails timingInfo workspaceUris".split(),
)
_TOOL = "toolCallId name status params rawArgs result error userDecision".split()
_TAB = ("tabId", "chatTitle", "lastSendTime")
_CHAT_BUBBLE = ("id", "type", "text", "rawText", "initText", "modelType")


def tables(connection: sqlite3.Connection) -> bytes:
    """Return what a database of Cursor holds of sessions; raise ValueError when it is none."""
    keyed, items = columns(connection, "cursorDiskKV"), columns(connection, "ItemTable")
    if not {"key", "value"} <= set(keyed or items):
        raise ValueError("neither cursorDiskKV nor ItemTable with keys and values: not a database of Cursor")
    composers = _composers(connection, has_keys=bool(keyed), has_items=bool(items))
    prompts = _item(connection, PROMPTS) if items and not keyed else None
    pieces = Pieces()
    pieces.add(b'{"sessions":[')
    _add_all(pieces, _sessions(connection, composers, has_keys=bool(keyed)))
    pieces.add(b'],"chats":[')
    _add_all(pieces, _chats(_item(connection, CHATS) if items else None))
    pieces.add(b'],"prompts":', encode(prompts if isinstance(prompts, list) else []), b"}")
    return pieces.joined()


def _add_all(pieces: Pieces, objects: Iterable[bytes]) -> None:
    for number, found in enumerate(objects):
        pieces.add(b"," if number else b"", found)


def _composers(connection: sqlite3.Connection, *, has_keys: bool, has_items: bool) -> dict[str, _Fields]:
    """The sessions that any table names, each with what all of them say."""
    composers: dict[str, _Fields] = {}
    listed = inside(_item(connection, COMPOSERS), "allComposers") if has_items else None
    for found in listed if isinstance(listed, list) else []:
        if text(inside(found, "composerId")):
            composers.setdefault(found["composerId"], {}).update(_only(found, _Composer.__struct_fields__))
    if {"composerId", "value"} <= set(columns(connection, "composerHeaders")):
        rows = connection.execute("SELECT composerId, value FROM composerHeaders WHERE value IS NOT NULL ORDER BY 1")
        _take(composers, ((_name(key), value) for key, value in rows))
    if has_keys:
        _take(composers, ((_name(key).partition(":")[2], value) for key, value in _range(connection, "composerData:")))
    return composers


def _take(composers: dict[str, _Fields], rows: Iterable[tuple[str, object]]) -> None:
    for composer_id, value in rows:
        found = picked(value, _Composer)
        if not isinstance(found, str):
            composers.setdefault(composer_id, {}).update(found)


def _sessions(connection: sqlite3.Connection, composers: dict[str, _Fields], *, has_keys: bool) -> Iterator[bytes]:
    rows = _range(connection, "bubbleId:") if has_keys else iter(())
    keyed = ((_name(key).partition(":")[2].partition(":"), value) for key, value in rows)
    found: set[str] = set()
    for composer_id, group in groupby(keyed, key=lambda row: row[0][0]):
        found.add(composer_id)
        bubbles = {name[2]: _bubble(name[2], picked(value, _Bubble)) for name, value in group}
        yield _session(composer_id, composers.get(composer_id, {}), bubbles)
    for composer_id, composer in composers.items():
        if composer_id not in found:
            yield _session(composer_id, composer, {})


def _session(composer_id: str, composer: _Fields, bubbles: dict[str, _Fields]) -> bytes:
    """A session with its messages in the order in which it lists them; those it does not list come last."""
    listed = [one for name in _LISTS for one in _list(composer.get(name)) if isinstance(one, dict)]
    ordered: dict[str, _Fields] = {}
    for number, one in enumerate(listed):
        bubble_id = text(one.get("bubbleId")) or f"#{number}"
        its_own = ordered.setdefault(bubble_id, {"bubbleId": bubble_id})
        its_own.update(_bubble(bubble_id, one))
    for bubble_id, bubble in bubbles.items():
        ordered.setdefault(bubble_id, {"bubbleId": bubble_id}).update(bubble)
    said = [bubble for bubble in ordered.values() if len(bubble.keys() - {"bubbleId", "type", "createdAt"}) > 0]
    about = {name: value for name, value in composer.items() if name not in _LISTS}
    parts = b",".join(object_of(bubble) for bubble in said)
    return b'{"composer":' + object_of({**about, "composerId": composer_id}) + b',"bubbles":[' + parts + b"]}"


def _bubble(bubble_id: str, found: _Fields | str) -> _Fields:
    if isinstance(found, str):
        return {"bubbleId": bubble_id, "unreadable": found}
    kept = _only(found, _Bubble.__struct_fields__)
    tool = read_raw(kept.get("toolFormerData"))
    if isinstance(tool, dict):
        status = {"additionalStatus": inside(tool, "additionalData", "status")}
        kept["toolFormerData"] = {**_only(tool, _TOOL), **{name: one for name, one in status.items() if text(one)}}
    return kept


def _chats(found: object) -> Iterator[bytes]:
    for tab in _list(inside(found, "tabs")):
        if isinstance(tab, dict):
            bubbles = [_only(one, _CHAT_BUBBLE) for one in _list(tab.get("bubbles")) if isinstance(one, dict)]
            yield encode({**_only(tab, _TAB), "bubbles": bubbles})


def _range(connection: sqlite3.Connection, prefix: str) -> Iterator[tuple[object, object]]:
    """The rows whose keys begin so, found by the index alone: ';' follows ':'."""
    yield from connection.execute(
        "SELECT key, value FROM cursorDiskKV WHERE key >= ? AND key < ? AND value IS NOT NULL ORDER BY key",
        (prefix, f"{prefix[:-1]};"),
    )


def _item(connection: sqlite3.Connection, key: str) -> object:
    row = connection.execute("SELECT value FROM ItemTable WHERE key = ?", (key,)).fetchone()
    if row is None or not isinstance(row[0], bytes):
        return None
    found = read_value(row[0])
    if isinstance(found, str):
        return None
    return nested(found[0]) if isinstance(found[0], str) else found[0]


def _name(key: object) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)


def _only(found: _Fields, names: Iterable[str]) -> _Fields:
    return {name: found[name] for name in names if name in found}


def _list(value: object) -> list[Any]:
    value = read_raw(value) if isinstance(value, msgspec.Raw) else value
    return value if isinstance(value, list) else []
