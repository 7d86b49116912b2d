"""db, rebuild: the database itself."""

from typing import Annotated

from cyclopts import App, Parameter

from agentobs.cli import opening
from agentobs.cli.output import one_line, print_json
from agentobs.errors import DatabaseUnavailable

app = App(name="db", help="Start, stop and find the database.")
_LONG_S = 10 * 365 * 86_400.0


@app.command
def start() -> None:
    """Start the embedded server and let it run until `agentobs db stop`."""
    from agentobs.store import embedded

    chosen = opening.settings()
    if _is_remote(chosen.database_url):
        return
    before = embedded.status(chosen.database_home)
    if before.running and not before.in_use:
        embedded.stop(chosen.database_home)  # it was started to end after a minute without users
    with embedded.start(chosen.database_home, idle_seconds=_LONG_S) as server:
        print(f"PostgreSQL {server.version} runs in {server.home}")
        if before.running and before.in_use:
            print("it ran before and is in use: it ends a minute after its last user, unless started again then")


@app.command
def stop() -> None:
    """Stop the embedded server now; everything committed stays."""
    from agentobs.store import embedded

    chosen = opening.settings()
    if not _is_remote(chosen.database_url):
        print("stopped" if embedded.stop(chosen.database_home) else "it was not running")


@app.command
def status(*, json: Annotated[bool, Parameter(help="Print JSON.")] = False) -> int:
    """Say whether the database answers, where it is, and how large; exit code 4 when it does not answer."""
    from agentobs.store import embedded, engine

    chosen = opening.settings()
    if chosen.database_url:
        with engine.connect(chosen.database_url, read_only=True) as connection, engine.translated():
            row = connection.execute("SHOW server_version").fetchone()
        found = {"running": True, "url": engine.without_password(chosen.database_url), "version": row and row[0]}
    else:
        now = embedded.status(chosen.database_home)
        found = {"running": now.running, "in_use": now.in_use, "url": now.url, "pid": now.pid, "version": now.version,
                 "data": now.data and str(now.data), "size_bytes": now.size_bytes}  # fmt: skip
    if json:
        print_json(found)
    else:
        for name, value in found.items():
            print(f"{name:<10}  {'–' if value is None else value}")
    return 0 if found["running"] else DatabaseUnavailable.exit_code


@app.command
def url() -> None:
    """Print the address of the database for psql and others, while it runs."""
    from agentobs.store import embedded, engine

    chosen = opening.settings()
    found = engine.normalise(chosen.database_url) if chosen.database_url else embedded.status(chosen.database_home).url
    if found is None:
        raise DatabaseUnavailable(f"no server runs in {chosen.database_home}; `agentobs db start` starts it")
    print(found)


def rebuild() -> None:
    """Derive sessions, calls and sums anew from the stored events."""
    from agentobs.store.rebuild import rebuild as derive

    with opening.connection(opening.settings()) as connection:
        derive(connection)
    print("sessions, calls and sums are derived anew; `agentobs doctor` compares them with the events")


def _is_remote(address: str | None) -> bool:
    if address:
        from agentobs.store import engine

        print(one_line(f"the database is {engine.without_password(address)}: it is started and stopped where it runs"))
    return bool(address)
