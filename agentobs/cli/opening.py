"""What every command opens first: the settings, the database they name, a workbench on it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

    from agentobs.redaction import Rule
    from agentobs.settings import Settings
    from agentobs.workbench import Workbench


def settings(**overrides: object) -> "Settings":
    """Return the settings of this command."""
    from agentobs.settings import load

    return load(os.environ, **overrides)


def rules(chosen: "Settings") -> "tuple[Sequence[Rule], str]":
    """Return the rules of redaction, the user's among them, and their version."""
    from agentobs.redaction import load_rules, rules_version

    found = load_rules(chosen.redaction_rules)
    return found, rules_version(found)


@contextmanager
def database(chosen: "Settings") -> Iterator[str]:
    """Give the URL of a database that answers and has our schema; the embedded one starts by itself."""
    from agentobs.store import embedded, engine, migrate

    if chosen.database_url:
        server, url = None, engine.normalise(chosen.database_url)
    else:
        server = embedded.start(chosen.database_home)
        url = server.url
    try:
        with engine.connect(url) as connection, engine.translated():
            migrate.migrate(connection)
        yield url
    finally:
        if server is not None:
            server.close()


@contextmanager
def connection(chosen: "Settings", *, read_only: bool = False) -> Iterator["psycopg.Connection"]:
    """Give a connection to the database."""
    from agentobs.store import engine

    with database(chosen) as url, engine.connect(url, read_only=read_only) as opened, engine.translated():
        yield opened


@contextmanager
def workbench(target: str | None, tz: str | None) -> Iterator["Workbench"]:
    """Give a workbench on a URL, a folder of session files, or (None) the settings' database."""
    from agentobs.workbench import open_workbench

    with open_workbench(target, settings(timezone=tz)) as opened:
        yield opened
