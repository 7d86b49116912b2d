"""API keys as the database keeps them, and the log of who did what. A secret is shown once and never kept."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

import msgspec
import psycopg

from agentobs.errors import SettingsError
from agentobs.store import engine
from agentobs.store.queries import load

SCOPES = ("ingest", "read", "admin")
_TEXT = re.compile(r"ao_([0-9a-f]{12})_([0-9a-f]{64})").fullmatch


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key. Without a project it is for all of them."""

    key_id: str
    secret_hash: bytes
    name: str | None = None
    project: str | None = None
    scopes: tuple[str, ...]
    events_per_s: float | None = None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """Return 'usable', 'revoked' or 'expired'."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "usable"

    def fits(self, secret: str) -> bool:
        """Tell whether this is the key's secret, in a time that does not depend on it."""
        return compare_digest(hash_of(secret), self.secret_hash)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit log."""

    at: datetime
    actor: str
    action: str
    target: str | None = None
    address: str | None = None


def parts_of(text: str) -> tuple[str, str] | None:
    """Return the id and the secret of a key as it is sent; None where it is none."""
    match = _TEXT(text)
    return (match[1], match[2]) if match is not None else None


def hash_of(secret: str) -> bytes:
    """Return what is kept of a secret. It has 256 random bits: no slower hash would protect it better."""
    return sha256(secret.encode()).digest()


def create(
    connection: psycopg.Connection,
    *,
    project: str | None,
    scopes: Sequence[str],
    name: str | None = None,
    expires_at: datetime | None = None,
    events_per_s: float | None = None,
) -> tuple[Key, str]:
    """Add a key; return it, and its text, which cannot be told again."""
    wrong = [scope for scope in scopes if scope not in SCOPES]
    if wrong or not scopes:
        raise SettingsError(f"scopes {', '.join(map(repr, scopes)) or 'none'}: each must be one of {', '.join(SCOPES)}")
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    values = {
        "key_id": key_id,
        "secret_hash": hash_of(secret),
        "name": name,
        "project": project,
        "scopes": sorted(set(scopes), key=SCOPES.index),
        "events_per_s": events_per_s,
        "expires_at": expires_at,
    }
    with engine.translated():
        row = connection.execute(load("add_key").encode(), values).fetchone()
    assert row is not None
    return _key(row), f"ao_{key_id}_{secret}"


def keys(connection: psycopg.Connection) -> list[Key]:
    """Return all keys, the oldest first."""
    with engine.translated():
        return [_key(row) for row in connection.execute(load("read_keys").encode())]


def revoke(connection: psycopg.Connection, key_id: str) -> None:
    """Revoke a key; raise SettingsError when there is none."""
    with engine.translated():
        found = connection.execute(load("revoke_key").encode(), {"key_id": key_id}).rowcount
    if not found:
        raise SettingsError(f"no key has the id {key_id!r}; `agentobs keys list` shows them")


def note(connection: psycopg.Connection, entries: Sequence[Entry]) -> None:
    """Write lines into the audit log."""
    with engine.translated(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO audit_log (at, actor, action, target, address) VALUES (%s, %s, %s, %s, %s)",
            [(entry.at, entry.actor, entry.action, entry.target, entry.address) for entry in entries],
        )


def _key(row: tuple) -> Key:
    names = Key.__struct_fields__
    return Key(**{**dict(zip(names, row, strict=True)), "scopes": tuple(row[names.index("scopes")])})
