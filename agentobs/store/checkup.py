"""What doctor reads: whether everything that was read is accounted for, and what was skipped, rejected or unknown."""

from collections import Counter
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from agentobs.store import engine, rescan
from agentobs.store.queries import load

_COUNTERS = (
    "position", "size_bytes", "records", "event_records", "skipped", "rejected", "events", "stored", "copies",
    "conflicts", "refused", "expired",
)  # fmt: skip
_LISTS = ("agents", "skips", "rejects", "unknowns", "endless", "unpriced", "times", "redactions")
_MOST = 5
Row = dict[str, Any]


class Check(msgspec.Struct, frozen=True):
    """One thing that must hold, and what was found."""

    what: str
    sound: bool
    detail: str


class Checkup(msgspec.Struct, kw_only=True):
    """Everything found; the lists are rows of the queries doctor_*.sql."""

    totals: dict[str, int]
    stored: dict[str, int]
    older_events: int  # redacted by other rules than the present ones
    checks: list[Check]
    notes: list[str]
    sources: list[Row]
    agents: list[Row]
    skips: list[Row]
    rejects: list[Row]
    unknowns: list[Row]
    endless: list[Row]
    unpriced: list[Row]
    times: list[Row]
    redactions: list[Row]
    lags: list[Row]  # of what reads the stream behind ingest: name, batches, events

    @property
    def sound(self) -> bool:
        """Whether everything adds up."""
        return all(check.sound for check in self.checks)


def examine(connection: psycopg.Connection, rules_version: str | None = None) -> Checkup:
    """Return what the database knows about itself, as of one instant; nothing is changed.

    `rules_version` names the present rules of redaction; None: nobody asks what was stored under others.
    """
    with engine.translated(), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        sources = _rows(connection, "doctor_sources")
        kept = _rows(connection, "doctor_kept")
        lists = {name: _rows(connection, f"doctor_{name}") for name in _LISTS}
        lags = _rows(connection, "doctor_lags")
        older = 0 if rules_version is None else rescan.older(connection, rules_version)
        stored = _one(
            connection,
            "SELECT (SELECT count(*) FROM agent_events), (SELECT count(*) FROM agent_sessions), "
            "(SELECT count(*) FROM tool_calls), (SELECT count(*) FROM model_calls), (SELECT count(*) FROM quarantine)",
        )
        horizon = _one(connection, "SELECT horizon::text FROM retention")[0]
    totals: Counter[str] = Counter(dict.fromkeys(("sources", *_COUNTERS), 0))
    for source in sources:
        totals.update({"sources": 1, **{name: source[name] for name in _COUNTERS}})
    return Checkup(
        totals=dict(totals),
        stored=dict(zip(("events", "sessions", "tool_calls", "model_calls", "quarantine"), stored, strict=True)),
        older_events=older,
        checks=[*_reconciled(sources), _arrived(totals["stored"], stored[0], horizon), *_kept(kept)],
        notes=[*_notes(sources, horizon), *_behind(lags, older)],
        sources=sources,
        lags=lags,
        **lists,
    )


def plain(found: Checkup) -> Row:
    """Return a checkup as plain values, `sound` among them."""
    return {"sound": found.sound, **msgspec.to_builtins(found)}


def _reconciled(sources: list[Row]) -> list[Check]:
    """Three equations that must hold for each source by itself."""

    def check(what: str, wrong: list[Row], detail: Any) -> Check:
        if not wrong:
            return Check(what, True, f"{len(sources):,} of {len(sources):,} sources")
        told = "; ".join(f"{source['path']}: {detail(source)}" for source in wrong[:_MOST])
        return Check(what, False, f"{len(wrong):,} of {len(sources):,} sources do not: {told}")

    return [
        check(
            "records = with events + skipped + rejected",
            [s for s in sources if s["records"] != s["event_records"] + s["skipped"] + s["rejected"]],
            lambda s: f"{s['records']} = {s['event_records']} + {s['skipped']} + {s['rejected']}",
        ),
        check(
            "events = new + copies + conflicts + refused + expired",
            [
                s
                for s in sources
                if s["events"] != s["stored"] + s["copies"] + s["conflicts"] + s["refused"] + s["expired"]
            ],
            lambda s: (
                f"{s['events']} = {s['stored']} + {s['copies']} + {s['conflicts']} + {s['refused']} + {s['expired']}"
            ),
        ),
        check(
            "all rejected, conflicts and refused are in the quarantine",
            [s for s in sources if s["quarantined"] < s["rejected"] + s["conflicts"] + s["refused"]],
            lambda s: f"{s['quarantined']} of {s['rejected'] + s['conflicts'] + s['refused']}",
        ),
    ]


def _arrived(counted: int, events: int, horizon: str) -> Check:
    """New events are stored ones. A replay counts as copies what an earlier reading stored, so there may be more."""
    sound = counted <= events or horizon != "-infinity"
    return Check("new events are stored", sound, f"{counted:,} counted as new, {events:,} stored")


def _kept(rows: list[Row]) -> list[Check]:
    """One check per table that keeps sums."""
    checks = []
    for place in sorted({row["place"] for row in rows}):
        here = [row for row in rows if row["place"] == place]
        wrong = [row for row in here if row["kept"] != row["counted"]]
        told = "; ".join(f"{row['what']} {row['kept']}, counted anew {row['counted']}" for row in wrong[:_MOST])
        detail = told or ", ".join(f"{row['what']} {row['kept']:,}" for row in here[:2])
        checks.append(Check(f"{place} = counted anew", not wrong, detail))
    return checks


def _notes(sources: list[Row], horizon: str) -> list[str]:
    notes = []
    behind = [s for s in sources if s["position"] < s["size_bytes"] and s["state"] == "active"]
    if behind:
        missing = sum(s["size_bytes"] - s["position"] for s in behind)
        notes.append(
            f"{missing:,} bytes of {len(behind):,} sources were not read yet, the first of {behind[0]['path']}"
        )
    for state, number in Counter(s["state"] for s in sources if s["state"] != "active").items():
        notes.append(f"{number:,} sources are {state}; what was read from them stays")
    if horizon != "-infinity":
        notes.append(f"events before {horizon} were dropped on purpose")
    return notes


def _behind(lags: list[Row], older: int) -> list[str]:
    notes = [f"{lag['name']} is {lag['events']:,} events behind ingest" for lag in lags if lag["events"]]
    if older:
        notes.append(f"stored with older rules: {older:,} events, run `agentobs redact --rescan`")
    return notes


def _rows(connection: psycopg.Connection, name: str) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(load(name).encode()).fetchall()


def _one(connection: psycopg.Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row
