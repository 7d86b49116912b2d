"""Frames from a database: the embedded one, which starts by itself, or any other by its URL."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from agentobs.adapters._base import Adapter
from agentobs.errors import DatabaseError
from agentobs.settings import Settings
from agentobs.store import embedded, engine, findings, migrate, reader
from agentobs.store.filters import Filters
from agentobs.store.patience import PatientConnection
from agentobs.store.reader import Body
from agentobs.workbench import searching


class Database:
    """A backend that reads with one read-only connection, opened when it is first needed."""

    def __init__(self, url: str | None, settings: Settings) -> None:
        self._server = None if url else embedded.start(settings.database_home)
        self.url: str = url or self._server.url  # pyright: ignore[reportOptionalMemberAccess]
        self._connection: PatientConnection | None = None
        with engine.connect(self.url) as connection, engine.translated():
            migrate.migrate(connection)

    @property
    def name(self) -> str:
        """The database's URL without its password."""
        return engine.without_password(self.url)

    @property
    def connection(self) -> PatientConnection:
        """The read-only connection."""
        if self._connection is None or self._connection.closed:
            self._connection = engine.connect(self.url, read_only=True)
        return self._connection

    def events(self, filters: Filters) -> pd.DataFrame:
        return reader.events(self.connection, filters)

    def sessions(self, filters: Filters) -> pd.DataFrame:
        return reader.sessions(self.connection, filters)

    def tool_calls(self, filters: Filters) -> pd.DataFrame:
        return reader.tool_calls(self.connection, filters)

    def model_calls(self, filters: Filters) -> pd.DataFrame:
        return reader.model_calls(self.connection, filters)

    def edits(self, filters: Filters) -> pd.DataFrame:
        return reader.edits(self.connection, filters)

    def messages(self, filters: Filters) -> tuple[pd.DataFrame, list[Body]]:
        return reader.messages(self.connection, filters)

    def contents(self, filters: Filters) -> Iterator[tuple[str, Body]]:
        return reader.contents(self.connection, filters)

    def usage(self, filters: Filters, by: Sequence[str], zone: str) -> pd.DataFrame:
        return reader.usage(self.connection, filters, by, zone)

    def physical(self) -> pd.DataFrame:
        return reader.physical(self.connection)

    def raw(self, ids: Sequence[str]) -> dict[str, bytes]:
        return reader.raw(self.connection, ids)

    @property
    def state(self) -> object:
        """Nothing of a database is kept here."""
        return None

    def analysis(self, what: str, recipe: str, chosen: Mapping[str, Any]) -> pd.DataFrame | None:
        read = findings.findings if what == "findings" else findings.scores
        made = read(self.connection, recipe, chosen)
        made.attrs["unanalyzed_sessions"] = len(findings.stale(self.connection, recipe))
        return made

    def annotate(self, session: str, values: Mapping[str, Any]) -> int:
        with engine.connect(self.url) as connection:
            return findings.annotate(connection, session, values)

    def annotations(self) -> pd.DataFrame:
        return findings.annotations(self.connection)

    def search(self, asked: searching.Search, known: Mapping[str, Adapter]) -> pd.DataFrame:
        return searching.of_database(self.connection, known, asked)

    def sql(self, query: str, parameters: Mapping[str, Any] | None) -> pd.DataFrame:
        import sqlalchemy
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with engine.engine(self.url).connect() as connection:
                return pd.read_sql(sqlalchemy.text(query), connection, params=dict(parameters or {}))
        except SQLAlchemyError as error:
            raise DatabaseError(f"the database refused the query: {str(error).splitlines()[0]}") from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._server is not None:
            self._server.close()
