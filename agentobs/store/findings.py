"""Findings and scores, each valid for one state of its session and one recipe; and what people say of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from agentobs import frames
from agentobs.errors import FrameError
from agentobs.store import engine
from agentobs.store.queries import load

_SCORE = [name for name in frames.SCORES.names if name not in {"session_id", "variant", "outcome"}]


class Stale(NamedTuple):
    """A session to analyze: its state as of now, read before its events are."""

    session_id: str
    state: int
    events: int


def stale(connection: psycopg.Connection, recipe: str) -> list[Stale]:
    """Return the sessions whose findings are missing or no longer true under this recipe, oldest first."""
    with engine.translated():
        return [Stale(*row) for row in connection.execute(load("stale_sessions").encode(), {"recipe": recipe})]


def save(
    connection: psycopg.Connection, sessions: Sequence[Stale], recipe: str, found: pd.DataFrame, scores: pd.DataFrame
) -> None:
    """Put these findings and scores in the place of all that was known of these sessions, in one transaction."""
    ids = [session.session_id for session in sessions]
    with engine.translated(), connection.transaction(), connection.cursor() as cursor:
        # One at a time: two analyses of the same session would otherwise mix.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('agentobs.findings', 0))")
        cursor.execute("DELETE FROM findings WHERE session_id = ANY(%s)", (ids,))
        cursor.execute("DELETE FROM session_scores WHERE session_id = ANY(%s)", (ids,))
        _copy(cursor, "findings", frames.FINDINGS.names, (_finding(row) for row in _records(found)))
        _copy(cursor, "session_scores", ["session_id", "variant", "outcome", "score"], map(_score, _records(scores)))
        cursor.executemany(
            "INSERT INTO analyzed_sessions (session_id, state, recipe) VALUES (%s, %s, %s) "
            "ON CONFLICT (session_id) DO UPDATE SET state = excluded.state, recipe = excluded.recipe",
            [(session.session_id, session.state, recipe) for session in sessions],
        )


def findings(connection: psycopg.Connection, recipe: str, filters: Mapping[str, Any]) -> pd.DataFrame:
    """Return FINDINGS that are true of the sessions as they are now."""
    with engine.translated():
        rows = connection.execute(load("read_findings").encode(), {**filters, "recipe": recipe}).fetchall()
    return _framed(pd.DataFrame(rows, columns=frames.FINDINGS.names, dtype="object"), frames.FINDINGS)


def scores(connection: psycopg.Connection, recipe: str, filters: Mapping[str, Any]) -> pd.DataFrame:
    """Return SCORES that are true of the sessions as they are now."""
    with engine.translated():
        rows = connection.execute(load("read_scores").encode(), {**filters, "recipe": recipe}).fetchall()
    made = [{"session_id": row[0], "variant": row[1], "outcome": row[2], **row[3]} for row in rows]
    return _framed(pd.DataFrame(made, columns=frames.SCORES.names, dtype="object"), frames.SCORES)


def annotate(connection: psycopg.Connection, session_id: str, values: Mapping[str, Any]) -> int:
    """Keep what a person says of a session or one of its findings; return the annotation's number.

    Raises FrameError when there is no such session or finding.
    """
    with engine.translated(), connection.transaction():
        if connection.execute("SELECT FROM agent_sessions WHERE session_id = %s", (session_id,)).rowcount == 0:
            raise FrameError(f"no session {session_id!r} here; wb.sessions() lists them")
        detector = None
        if values["finding_id"] is not None:
            row = connection.execute(
                "SELECT detector FROM findings WHERE session_id = %s AND finding_id = %s",
                (session_id, values["finding_id"]),
            ).fetchone()
            if row is None:
                raise FrameError(
                    f"session {session_id!r} has no finding {values['finding_id']!r}; wb.findings() lists them"
                )
            detector = row[0]
        made = connection.execute(
            "INSERT INTO annotations (session_id, finding_id, detector, label, agreed, note, author) VALUES "
            "(%(session_id)s, %(finding_id)s, %(detector)s, %(label)s, %(agreed)s, %(note)s, %(author)s) "
            "RETURNING annotation_id",
            {**values, "session_id": session_id, "detector": detector},
        ).fetchone()
    assert made is not None
    return made[0]


def annotations(connection: psycopg.Connection) -> pd.DataFrame:
    """Return ANNOTATIONS in the order in which they were made."""
    names = sql.SQL(", ").join(map(sql.Identifier, frames.ANNOTATIONS.names))
    with engine.translated():
        rows = connection.execute(sql.SQL("SELECT {} FROM annotations ORDER BY annotation_id").format(names)).fetchall()
    return _framed(pd.DataFrame(rows, columns=frames.ANNOTATIONS.names, dtype="object"), frames.ANNOTATIONS)


def _copy(cursor: psycopg.Cursor, table: str, names: Sequence[str], rows: Any) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)) as copy:
        for row in rows:
            copy.write_row(row)


def _finding(row: dict[str, Any]) -> list[Any]:
    return [Jsonb(row[name]) if name == "parameters" else row[name] for name in frames.FINDINGS.names]


def _score(row: dict[str, Any]) -> list[Any]:
    rest = {name: row[name] for name in _SCORE}
    return [row["session_id"], row["variant"], row["outcome"], Jsonb(rest)]


def _records(data: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as Python values; what is missing is None."""
    columns = {name: [_plain(value) for value in data[name].tolist()] for name in data.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return json.loads(json.dumps(value))
    return None if pd.isna(value) else value


def _framed(data: pd.DataFrame, frame: frames.Frame) -> pd.DataFrame:
    for column in frame.columns:
        if column.kind == "time":
            data[column.name] = pd.to_datetime(data[column.name], utc=True)
    return frames.conform(data, frame)
