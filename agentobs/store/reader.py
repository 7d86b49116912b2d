"""Read frames from the database. Every function here returns the frame that agentobs.frames declares."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from agentobs import frames
from agentobs.frames import Frame
from agentobs.store import arrow, engine
from agentobs.store import raw as raw_records
from agentobs.store.filters import Filters
from agentobs.store.queries import load

_CONTEXT = ("agent", "agent_version", "project", "root_session_id", "thread_id", "is_sidechain", "working_directory",
            "branch", "repository", "machine", "workspace")  # fmt: skip
_KIND = ("type", "severity", "status", "role", "native_type", "ts_quality", "is_copy", "sanitised", "tool_name",
         "call_type", "model")  # fmt: skip
_BATCH = 10_000
Body = tuple[str, bytes | None, int]
"""(adapter that read it, raw record, part): what an adapter takes a text from."""


def events(connection: psycopg.Connection, filters: Filters) -> pd.DataFrame:
    """Return EVENTS by time, then order in the source."""
    return _by_time(_frame(connection, "read_events", filters, frames.EVENTS))


def model_calls(connection: psycopg.Connection, filters: Filters) -> pd.DataFrame:
    """Return MODEL_CALLS by time."""
    return _sorted(_frame(connection, "read_model_calls", filters, frames.MODEL_CALLS), "started_at", "usage_key")


def tool_calls(connection: psycopg.Connection, filters: Filters) -> pd.DataFrame:
    """Return TOOL_CALLS by time of the call."""
    found = _frame(connection, "read_tool_calls", filters, frames.TOOL_CALLS)
    return _sorted(found, "started_at", "ended_at", "tool_call_id", "session_id")


def edits(connection: psycopg.Connection, filters: Filters) -> pd.DataFrame:
    """Return EDITS by time."""
    return _sorted(
        _frame(connection, "read_edits", filters, frames.EDITS), "ts", "tool_call_id", "session_id", "event_id"
    )


def sessions(connection: psycopg.Connection, filters: Filters) -> pd.DataFrame:
    """Return SESSIONS by start."""
    return _sorted(_frame(connection, "read_sessions", filters, frames.SESSIONS), "started_at", "session_id")


def messages(connection: psycopg.Connection, filters: Filters) -> tuple[pd.DataFrame, list[Body]]:
    """Return MESSAGES without their texts, and for each row the Body to take its text from."""
    with engine.translated(), connection.cursor(binary=True) as cursor:
        cursor.execute(load("read_messages").encode(), filters)
        rows = cursor.fetchall()
    names = [column.name for column in frames.MESSAGES.columns if column.name != "text"]
    data = pd.DataFrame([row[:-3] for row in rows], columns=names)
    data["text"] = None
    bodies = [(row[-3], None if row[-2] is None else raw_records.decompress(row[-2]), row[-1]) for row in rows]
    return frames.conform(data, frames.MESSAGES), bodies


def contents(connection: psycopg.Connection, filters: Filters) -> Iterator[tuple[str, Body]]:
    """Yield the id of each tool call and result, and the Body to take its words from."""
    with engine.translated(), connection.transaction(), connection.cursor("contents", binary=True) as cursor:
        cursor.itersize = _BATCH
        cursor.execute(load("read_contents").encode(), filters)
        for event_id, adapter, raw, part in cursor:
            yield event_id, (adapter, None if raw is None else raw_records.decompress(raw), part)


def usage(connection: psycopg.Connection, filters: Filters, by: Sequence[str], zone: str) -> pd.DataFrame:
    """Return USAGE, one row per group of `by` (day, hour, model, project, agent, session), from rollups.

    Days and hours are cut in `zone`; `by` holds names from an allow-list, which the caller has checked.
    """
    name = "read_usage_by_session" if "session" in by or filters["session"] is not None else "read_usage"
    return _fetch(connection, name, {**filters, "zone": zone, "by": list(by)})


def physical(connection: psycopg.Connection) -> pd.DataFrame:
    """Return one row per source: source_id, path, agent, records with usage, and the tokens as they say (Int64)."""
    found = _fetch(connection, "read_physical", {})
    return found.astype({name: "Int64" for name in found.columns if name not in {"path", "agent"}})


def raw(connection: psycopg.Connection, ids: Sequence[str]) -> dict[str, bytes]:
    """Return {event id: the record it was read from, redacted}; ids that are not there are left out."""
    found: dict[str, bytes] = {}
    with engine.translated(), connection.cursor(binary=True) as cursor:
        for start in range(0, len(ids), _BATCH):
            cursor.execute(load("read_raw").encode(), {"ids": list(ids[start : start + _BATCH])})
            found.update(
                (str(row[0]), raw_records.decompress(row[1])) for row in cursor.fetchall() if row[1] is not None
            )
    return found


def _frame(connection: psycopg.Connection, name: str, filters: Mapping[str, Any], frame: Frame) -> pd.DataFrame:
    """Run a query whose rows name their context, and put the context's columns beside them."""
    table = _fetch_arrow(connection, name, filters, frame)
    for key, dimension, columns in (("context_id", "contexts", _CONTEXT), ("kind_id", "kinds", _KIND)):
        if key in table.column_names:
            wanted = [column for column in columns if column in frame.names]
            if "is_copy" in wanted:
                wanted.append("is_telemetry")
            table = arrow.join(table, _dimension(connection, dimension, key, wanted), key, wanted)
    if "is_telemetry" in table.column_names:
        table = _with_own(connection, table)
    return arrow.to_pandas(table, frame)


def _with_own(connection: psycopg.Connection, table: pa.Table) -> pa.Table:
    """What telemetry tells is a copy only where its session has files."""
    told = pc.call_function("and", [table["is_copy"], table["is_telemetry"]])
    sessions = table["session_id"].filter(told).unique().to_pylist()
    if not sessions:
        return table
    with engine.translated():
        rows = connection.execute(
            "SELECT session_id FROM agent_sessions WHERE NOT has_files AND session_id = ANY(%s)", (sessions,)
        ).fetchall()
    only_told = pa.array([row[0] for row in rows], pa.large_string())
    is_alone = pc.call_function("is_in", [table["session_id"]], pc.SetLookupOptions(only_told))
    alone = pc.call_function("and", [told, is_alone])
    place = table.column_names.index("is_copy")
    return table.set_column(place, "is_copy", pc.call_function("and_not", [table["is_copy"], alone]))


def _dimension(connection: psycopg.Connection, name: str, key: str, wanted: list[str]) -> pa.Table:
    with engine.translated():
        query = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(map(sql.Identifier, [key, *wanted])), sql.Identifier(name)
        )
        rows = connection.execute(query).fetchall()
    flags = {"is_sidechain", "is_copy", "sanitised", "is_telemetry"}
    types = {key: pa.int64(), **dict.fromkeys(flags, pa.bool_())}
    columns = list(zip(*rows, strict=True)) if rows else [[] for _ in [key, *wanted]]
    return pa.table({
        column: pa.array(values, types.get(column, pa.large_string()))
        for column, values in zip([key, *wanted], columns, strict=True)
    })  # fmt: skip


def _fetch_arrow(connection: psycopg.Connection, name: str, filters: Mapping[str, Any], frame: Frame) -> pa.Table:
    with engine.translated():
        return arrow.copy_out(connection, load(name), filters, frame)


def _fetch(connection: psycopg.Connection, name: str, values: Mapping[str, Any]) -> pd.DataFrame:
    with engine.translated(), connection.cursor() as cursor:
        cursor.execute(load(name).encode(), values)
        assert cursor.description is not None
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def _by_time(events: pd.DataFrame) -> pd.DataFrame:
    """Events by (ts, seq, event_id): numbers first, and ids, which are slow to compare, only where those are equal."""
    ts, seq = events["ts"].to_numpy("datetime64[us]").view("int64"), events["seq"].to_numpy("int64")
    order = np.lexsort((seq, ts))
    equal = (np.diff(ts[order]) == 0) & (np.diff(seq[order]) == 0)
    if equal.any():
        tied = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
        rows = order[tied]
        ids = events["event_id"].iloc[rows].tolist()
        order[tied] = rows[sorted(range(len(rows)), key=lambda i: (ts[rows[i]], seq[rows[i]], ids[i]))]
    if (np.diff(order) == 1).all():
        return events
    return events.take(order).reset_index(drop=True)


def _sorted(data: pd.DataFrame, *by: str) -> pd.DataFrame:
    return data.sort_values(list(by), kind="stable", ignore_index=True)
