"""Search hits as a frame: from the index of a database, or from the texts of files."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import psycopg

from agentobs import frames
from agentobs.adapters._base import Adapter
from agentobs.analysis import search
from agentobs.analysis.search import Query
from agentobs.ingest.indexing import is_error, text_of
from agentobs.store import search as index
from agentobs.store.filters import Filters

TIMEOUT_MS = 10_000
_NO_TIME = "-infinity"
_SHOWN = [name for name in frames.HITS.names if name != "snippet"]
After = tuple[str, str]


class Search(NamedTuple):
    """What is looked for: the query, the filters, whether only errors count, how many hits, and after which one."""

    query: Query
    chosen: Filters
    errors: bool
    limit: int
    after: After | None


def of_database(connection: psycopg.Connection, known: Mapping[str, Adapter], asked: Search) -> pd.DataFrame:
    """Return HITS by the index; attrs: `next`, after which it goes on, and `unindexed_events`, which wait."""
    chosen = asked.chosen
    marks: dict[str, Sequence[str] | None] = {
        name: chosen[name] for name in ("agent", "project", "session", "tool", "type")
    }
    if asked.errors:
        marks["is"] = ["error"]
    at, identity = asked.after or (None, None)
    values = {"since": chosen["since"], "until": chosen["until"], "at": at, "id": identity}
    found = index.hits(connection, asked.query.text, marks, values, asked.limit + 1, timeout_ms=TIMEOUT_MS)
    page = found[: asked.limit]
    rows = {row[0]: row for row in index.shown(connection, [event_id for event_id, _ in page])}
    data = _framed([_row(rows[event_id], known, asked.query) for event_id, _ in page if event_id in rows])
    data.attrs["next"] = (page[-1][1], page[-1][0]) if len(found) > asked.limit else None
    data.attrs["unindexed_events"] = index.lag(connection).events
    return data


def of_events(events: pd.DataFrame, texts: Sequence[str], asked: Search) -> pd.DataFrame:
    """Return HITS among EVENTS with their texts, as the index would; attrs as of_database."""
    kept = np.fromiter((search.is_met(asked.query, text) for text in texts), bool, len(texts))
    data = events.assign(text=pd.Series(list(texts), index=events.index, dtype="object"))[kept]
    if asked.errors:
        data = data[np.fromiter((is_error(*pair) for pair in _pairs(data)), bool, len(data))]
    unknown = data["ts_quality"].isin(["clamped", "none"]).astype(bool)
    places = [_NO_TIME if no else f"{ts:%Y-%m-%dT%H:%M:%S.%fZ}" for ts, no in zip(data["ts"], unknown, strict=True)]
    data = data.assign(place=pd.Series(places, index=data.index, dtype="object"))
    data = data.sort_values(["place", "event_id"], ascending=False, key=_earliest_first)
    if asked.after is not None:
        at, identity = _place(asked.after[0]), asked.after[1]
        places = zip(data["place"].map(_place), data["event_id"], strict=True)
        data = data[np.fromiter((place < (at, identity) for place in places), bool, len(data))]
    page = data.head(asked.limit)
    snippets = [search.snippet(asked.query, text) for text in page["text"]]
    made = page.assign(snippet=pd.Series(snippets, index=page.index, dtype="object"))
    made = frames.conform(made[frames.HITS.names].reset_index(drop=True), frames.HITS)
    last = None if page.empty else (page["place"].iloc[-1], page["event_id"].iloc[-1])
    made.attrs["next"] = last if len(data) > asked.limit else None
    made.attrs["unindexed_events"] = 0
    return made


def text_of_row(adapter: Adapter | None, record: bytes | None, part: int, row: Any) -> str:
    """Return what is searched of a row of EVENTS."""
    known: dict[str, Any] = {name: None if pd.isna(value) else value for name, value in row._asdict().items()}
    return text_of(
        adapter, record, part, summary=known["summary"], file_path=known["file_path"],
        is_call=known["tool_call_id"] is not None, type=known["type"], status=known["status"],
    )  # fmt: skip


def _pairs(data: pd.DataFrame) -> list[tuple[str | None, str]]:
    statuses = [None if pd.isna(status) else status for status in data["status"]]
    return list(zip(statuses, data["severity"], strict=True))


def _earliest_first(column: pd.Series) -> pd.Series:
    return column.map(_place) if column.name == "place" else column


def _place(at: str) -> str:
    """Times as text that sorts: what has none comes first, and so last of the newest."""
    return "" if at == _NO_TIME else at


def _row(row: tuple[Any, ...], known: Mapping[str, Adapter], query: Query) -> tuple[Any, ...]:
    (*shown, summary, adapter, record, part, is_call) = row
    values = dict(zip(_SHOWN, shown, strict=True))
    text = text_of(
        known.get(adapter), record, part, summary=summary, file_path=values["file_path"], is_call=is_call,
        type=values["type"], status=values["status"],
    )  # fmt: skip
    return (*shown, search.snippet(query, text))


def _framed(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    data = pd.DataFrame(rows, columns=frames.HITS.names, dtype="object")
    data["ts"] = pd.to_datetime(data["ts"], utc=True)
    return frames.conform(data, frames.HITS)
