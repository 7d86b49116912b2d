"""keys: who else may send to the server, and read there."""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from agentobs.cli import opening
from agentobs.cli.output import print_json
from agentobs.cli.tables import print_table
from agentobs.errors import SettingsError

if TYPE_CHECKING:
    import psycopg

    from agentobs.store.keys import Key

app = App(name="keys", help="Create, list and revoke the API keys of the server.")


@app.command
def create(
    *,
    project: Annotated[
        str | None, Parameter(help="The only project that it is for; its events are kept apart.")
    ] = None,
    all_projects: Annotated[bool, Parameter(help="For all projects, as the owner of the database.")] = False,
    scope: Annotated[
        Sequence[Literal["ingest", "read", "admin"]], Parameter(help="What it may do; repeat it to give several.")
    ] = ("ingest",),
    name: Annotated[str | None, Parameter(help="Whose it is, for people.")] = None,
    days: Annotated[float | None, Parameter(help="After so many days it expires.")] = None,
    rate: Annotated[float | None, Parameter(help="Most events per second; the server has a default.")] = None,
    json: Annotated[bool, Parameter(help="Print JSON.")] = False,
) -> None:
    """Create a key and print it: this once, only a hash of it is kept."""
    from agentobs.store import keys

    if (project is None) != all_projects:
        raise SettingsError("say --project NAME or --all-projects: a key is for one project, or for all of them")
    if days is not None and not 0 < days < 36_500:
        raise SettingsError(f"--days {days:g} is not between 0 and 36500")
    if rate is not None and not 0 < rate < 1e9:
        raise SettingsError(f"--rate {rate:g} is not between 0 and a thousand million")
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with opening.connection(opening.settings()) as connection:
        key, text = keys.create(
            connection, project=project, scopes=scope, name=name, expires_at=expires_at, events_per_s=rate
        )
        _note(connection, "key_created", key.key_id)
    if json:
        print_json({**_plain(key), "key": text})
    else:
        print(text)


@app.command(name="list")
def list_(*, json: Annotated[bool, Parameter(help="Print JSON.")] = False) -> None:
    """List the keys, without their secrets."""
    from agentobs.store import keys

    with opening.connection(opening.settings(), read_only=True) as connection:
        found = [_plain(key) for key in keys.keys(connection)]
    if json:
        print_json(found)
    elif not found:
        print("no keys; `agentobs keys create` makes one")
    else:
        columns = {"id": "left", "name": "left", "project": "left", "may": "left", "state": "left", "expires": "left"}
        print_table("Keys", columns, [
            (row["key_id"], row["name"] or "", row["project"] or "(all)", ", ".join(row["scopes"]), row["state"],
             (row["expires_at"] or "never")[:10])
            for row in found
        ])  # fmt: skip


@app.command
def revoke(key_id: Annotated[str, Parameter(help="As `agentobs keys list` shows it.")]) -> None:
    """Revoke a key for good; a server stops taking it within seconds."""
    from agentobs.store import keys

    with opening.connection(opening.settings()) as connection:
        keys.revoke(connection, key_id)
        _note(connection, "key_revoked", key_id)
    print(f"revoked {key_id}")


def _note(connection: "psycopg.Connection", action: str, key_id: str) -> None:
    from agentobs.store import keys

    entry = keys.Entry(at=datetime.now(UTC), actor=f"cli:{getpass.getuser()}", action=action, target=key_id)
    keys.note(connection, [entry])


def _plain(key: "Key") -> dict:
    return {
        "key_id": key.key_id,
        "name": key.name,
        "project": key.project,
        "scopes": list(key.scopes),
        "events_per_s": key.events_per_s,
        "state": key.state(datetime.now(UTC)),
        "created_at": key.created_at.isoformat(),
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
    }
