"""API keys: shown once, kept as a hash, known while the database is away, limited; and what is noted of their use."""

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agentobs.cli import main
from agentobs.errors import DatabaseUnavailable, SettingsError
from agentobs.server.access import Guard, Principal, Scope
from agentobs.server.audit import Audit
from agentobs.server.keys import KeyReader, KeyRing
from agentobs.server.limits import Buckets, TooMuch
from agentobs.server.serving import Serving, guard_of
from agentobs.store import engine, keys, migrate
from tests.server.accepting import KEY, accepting, rows
from tests.server.test_events import event, ndjson

NOW = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with engine.connect(database_url) as opened:
        migrate.migrate(opened)
        yield opened


def test_a_key_is_kept_as_a_hash_alone(connection: psycopg.Connection, database_url: str) -> None:
    key, text = keys.create(connection, project="shop", scopes=["read", "ingest"], name="ci")
    assert re.fullmatch(r"ao_[0-9a-f]{12}_[0-9a-f]{64}", text)
    key_id, secret = keys.parts_of(text) or ("", "")
    (found,) = keys.keys(connection)
    assert found == key
    assert (found.key_id, found.scopes, found.project, found.name) == (key_id, ("ingest", "read"), "shop", "ci")
    assert found.fits(secret)
    assert not found.fits(secret[:-1] + ("0" if secret[-1] != "0" else "1"))
    assert secret not in str(rows(database_url, "SELECT api_keys::text FROM api_keys"))


def test_a_revoked_or_expired_key_is_not_usable(connection: psycopg.Connection) -> None:
    key, _ = keys.create(connection, project=None, scopes=["ingest"], expires_at=NOW)
    assert key.state(NOW - timedelta(seconds=1)) == "usable"
    assert key.state(NOW) == "expired"
    keys.revoke(connection, key.key_id)
    first = keys.keys(connection)[0].revoked_at
    keys.revoke(connection, key.key_id)
    assert keys.keys(connection)[0].revoked_at == first, "when it was revoked stays"
    assert keys.keys(connection)[0].state(NOW - timedelta(days=1)) == "revoked"
    with pytest.raises(SettingsError, match="no key has the id"):
        keys.revoke(connection, "000000000000")


@pytest.mark.parametrize("scopes", [[], ["write"], ["read", "open"]])
def test_other_scopes_are_refused(scopes: Sequence[str], connection: psycopg.Connection) -> None:
    with pytest.raises(SettingsError, match="each must be one of"):
        keys.create(connection, project=None, scopes=scopes)


@pytest.mark.parametrize("text", ["", "ao_", "ao_000000000000_" + "g" * 64, "xx_000000000000_" + "0" * 64, "ao_0_0"])
def test_what_is_no_key(text: str) -> None:
    assert keys.parts_of(text) is None


def test_the_command_prints_a_secret_once(
    embedded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path))
    monkeypatch.setenv("AGENTOBS_DATABASE_URL", embedded_url)

    def run(*arguments: str) -> str:
        assert main(["keys", *arguments]) == 0
        return capsys.readouterr().out

    text = run("create", "--project", "shop", "--scope", "ingest", "--scope", "read", "--days", "1").strip()
    key_id, secret = keys.parts_of(text) or ("", "")
    listed = run("list", "--json")
    assert secret not in listed
    (shown,) = json.loads(listed)
    assert (shown["key_id"], shown["scopes"], shown["state"]) == (key_id, ["ingest", "read"], "usable")
    run("revoke", key_id)
    assert "revoked" in run("list")
    noted = rows(embedded_url, "SELECT action, target, actor LIKE 'cli:%' FROM audit_log ORDER BY audit_id")
    assert noted == [("key_created", key_id, True), ("key_revoked", key_id, True)]
    assert main(["keys", "create"]) == 2
    assert "--project NAME or --all-projects" in capsys.readouterr().err


class Kept:
    """Keys in memory, and a database that can go away."""

    def __init__(self, *known: keys.Key) -> None:
        self.known = list(known)
        self.asked = 0
        self.is_there = True

    def __call__(self) -> list[keys.Key]:
        self.asked += 1
        if not self.is_there:
            raise DatabaseUnavailable("away")
        return self.known


def key(name: str = "a", **fields: Any) -> keys.Key:
    told: dict[str, Any] = {"scopes": ("ingest",), "created_at": NOW, **fields}
    return keys.Key(key_id=name * 12, secret_hash=keys.hash_of(name * 64), **told)


def test_a_known_key_stays_known_while_the_database_is_away(tmp_path: Path) -> None:
    kept = Kept(key())
    ring = KeyRing(kept, tmp_path / "keys.json")
    assert asyncio.run(ring.find("a" * 12)) == key()
    assert asyncio.run(ring.find("b" * 12)) is None
    kept.is_there = False
    later = KeyRing(kept, tmp_path / "keys.json")
    assert asyncio.run(later.find("a" * 12)) == key(), "also by a server that starts now"
    assert (tmp_path / "keys.json").stat().st_mode & 0o77 == 0
    with pytest.raises(DatabaseUnavailable, match="none were read before"):
        asyncio.run(KeyRing(kept).find("a" * 12))


def test_many_requests_ask_the_database_once(tmp_path: Path) -> None:
    kept = Kept(key())
    ring = KeyRing(kept)

    async def many() -> list[keys.Key | None]:
        return await asyncio.gather(*(ring.find(name * 12) for name in "ab" * 50))

    assert asyncio.run(many()) == [key(), None] * 50
    assert kept.asked == 1


def test_keys_are_read_over_a_connection_that_is_opened_anew(connection: psycopg.Connection, database_url: str) -> None:
    made, _ = keys.create(connection, project=None, scopes=["read"])
    load = KeyReader(lambda: engine.connect(database_url))
    assert load() == [made]
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    connection.execute(f"SELECT pg_terminate_backend(pid) {others}".encode())
    with pytest.raises(DatabaseUnavailable):
        load()
    assert load() == [made]
    load.close()


def test_a_key_that_has_sent_too_much_waits() -> None:
    now = 100.0
    buckets = Buckets(events_per_s=10, burst_s=2, clock=lambda: now)
    sender, owner = Principal(None, "a"), Principal()
    buckets.admit(sender)
    buckets.charge(sender, 49)
    with pytest.raises(TooMuch) as refused:
        buckets.admit(sender)
    assert (refused.value.status, refused.value.retry_after_s) == (429, 4), "30 events too many, 10 a second"
    buckets.admit(Principal(None, "b"))
    buckets.charge(owner, 10**9)
    buckets.admit(owner)
    now += 3.1
    buckets.admit(sender)
    generous = Principal(None, "c", events_per_s=1000)
    buckets.charge(generous, 1999)
    buckets.admit(generous)


def test_a_server_answers_429_with_when_to_come_again(tmp_path: Path) -> None:
    guard = Guard(KeyRing(Kept(key(project="shop"))), owner_needs_none=True)
    with accepting(tmp_path / "spool", access=guard, buckets=Buckets(1, 5)) as server:
        bearer = f"Bearer ao_{'a' * 12}_{'a' * 64}"
        body = ndjson(*(event(number) for number in range(20)))
        assert server.post(body, authorization=bearer).status_code == 200
        answer = server.post(body, authorization=bearer)
        assert answer.status_code == 429
        assert 15 <= int(answer.headers["retry-after"]) <= 17
        assert server.post(body).status_code == 200, "the owner has no bucket"


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_who_comes_through_a_proxy_is_not_the_owner(header: str, tmp_path: Path) -> None:
    guard = Guard(KeyRing(Kept()), owner_needs_none=True)
    with accepting(tmp_path / "spool", access=guard) as server:
        assert server.post(b"", **{header: "203.0.113.9"}).status_code == 401
        assert server.post(b"").status_code == 200


@pytest.mark.parametrize(
    ("host", "needs_keys", "known", "serves"),
    [
        ("127.0.0.1", False, (), True),
        ("127.0.0.1", True, (), False),
        ("127.0.0.1", True, (key(),), True),
        ("0.0.0.0", False, (), False),
        ("0.0.0.0", False, (key(expires_at=NOW),), False),
        ("0.0.0.0", False, (key(revoked_at=NOW),), False),
        ("0.0.0.0", False, (key(),), True),
        ("192.0.2.1", False, (key(),), True),
    ],
)
def test_another_address_needs_a_usable_key(
    host: str, needs_keys: bool, known: tuple[keys.Key, ...], serves: bool, tmp_path: Path
) -> None:
    from agentobs.ingest.backfill import Job

    serving = Serving(
        job=Job(url="", redaction_key=KEY), database_home=None, folder=tmp_path, host=host, needs_keys=needs_keys
    )
    if serves:
        guard_of(serving, KeyRing(Kept(*known)))
    else:
        with pytest.raises(SettingsError, match="no usable API key is known"):
            guard_of(serving, KeyRing(Kept(*known)))


@pytest.mark.parametrize(
    ("host", "status"),
    [("192.0.2.1:4318", 401), ("[2001:db8::1]:4318", 401), ("localhost:4318", 401), ("obs.example.com", 401),
     ("OBS.example.com:443", 401), ("evil.example", 403), ("192.0.2.1.evil.example", 403)],
)  # fmt: skip
def test_a_server_that_others_reach_has_names(host: str, status: int, tmp_path: Path) -> None:
    guard = Guard(KeyRing(Kept()), owner_needs_none=False, hosts=("obs.example.com",))
    with accepting(tmp_path / "spool", access=guard) as server:
        assert server.post(b"", host=host).status_code == status


def test_what_is_noted_reaches_the_database(connection: psycopg.Connection, database_url: str) -> None:
    opened: list[bool] = []

    def connect() -> psycopg.Connection:
        opened.append(True)
        if len(opened) == 1:
            raise DatabaseUnavailable("away")
        return engine.connect(database_url)

    audit = Audit(connect)
    audit.note(Principal("shop", "abc", frozenset({Scope.READ})), "session_opened", "s1", "192.0.2.7")
    audit.note(Principal(), "session_opened", "s2", None)
    while len(opened) < 2:
        audit._ending.wait(0.01)
    audit.close()
    noted = rows(database_url, "SELECT actor, action, target, address FROM audit_log ORDER BY audit_id")
    assert noted == [("key:abc", "session_opened", "s1", "192.0.2.7"), ("owner", "session_opened", "s2", None)]


def test_the_reader_of_dashboards_sees_neither_keys_nor_the_audit_log(embedded_url: str) -> None:
    with engine.connect(embedded_url) as opened:
        migrate.migrate(opened)
        opened.execute("SET ROLE agentobs_reader")
        opened.execute("SELECT count(*) FROM agent_sessions")
        for table in ("api_keys", "audit_log", "project_grants"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                opened.execute(f"SELECT count(*) FROM {table}".encode())


def test_a_role_reads_the_projects_that_it_was_granted(embedded_url: str, tmp_path: Path) -> None:
    from tests.server.accepting import drain

    role = f"ana_{embedded_url.split('test_')[1][:12]}"
    for project in ("shop", "bank"):
        guard = Guard(KeyRing(Kept(key(project=project))), owner_needs_none=False)
        with accepting(tmp_path / project, access=guard) as server:
            said = event(metrics={"inputTokens": 5, "outputTokens": 1}, type="llm_response", context={"model": "gpt-5"})
            assert server.post(ndjson(said), authorization=f"Bearer ao_{'a' * 12}_{'a' * 64}").status_code == 200
        drain(embedded_url, tmp_path / project)
    with engine.connect(embedded_url) as opened:
        opened.execute(f"CREATE ROLE {role} LOGIN".encode())
        try:
            opened.execute("INSERT INTO project_grants VALUES (%s, 'shop')", (role,))
            opened.execute(f"SET SESSION AUTHORIZATION {role}".encode())
            for view in ("events", "sessions", "model_calls", "tool_calls"):
                found = opened.execute(f"SELECT DISTINCT project FROM granted.{view}".encode()).fetchall()
                assert found in ([("shop",)], []), view
            assert opened.execute("SELECT count(*) FROM granted.events").fetchall() == [(1,)]
            for table in ("agent_events", "events", "project_grants", "api_keys"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    opened.execute(f"SELECT count(*) FROM {table}".encode())
            opened.execute("RESET SESSION AUTHORIZATION")
            opened.execute("UPDATE project_grants SET project = '*'")
            opened.execute(f"SET SESSION AUTHORIZATION {role}".encode())
            assert opened.execute("SELECT count(*) FROM granted.events").fetchall() == [(2,)]
            opened.execute("RESET SESSION AUTHORIZATION")
        finally:
            opened.execute("RESET SESSION AUTHORIZATION")
            opened.execute(f"DROP ROLE {role}".encode())
