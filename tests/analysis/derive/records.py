"""Rows of RECORDS for tests: only what matters is named."""

from typing import Any

import pandas as pd

from agentobs import frames
from agentobs.analysis.derive import RECORDS

NOON = pd.Timestamp("2026-03-08T12:00Z")
_DEFAULTS: dict[str, Any] = {
    "ts_quality": "exact",
    "type": "unknown",
    "severity": "info",
    "agent": "tiny",
    "is_sidechain": False,
    "is_telemetry": False,
    "is_copy": False,
    "sanitised": False,
    "titled": False,
    "digest": 1,
    "part": 0,
    "seq": 0,
    "source_id": 1,
    "source_offset": 0,
}


def record(event_id: str, session: str, s: float = 0, *, owner_s: float = 0, **fields: Any) -> dict[str, Any]:
    """One event `s` seconds after noon, in a source that begins `owner_s` seconds after noon."""
    times = {"ts": NOON + pd.Timedelta(seconds=s), "owner_ts": NOON + pd.Timedelta(seconds=owner_s)}
    return {**_DEFAULTS, "event_id": event_id, "session_id": session, "root_session_id": session, **times, **fields}


def records(*rows: dict[str, Any]) -> pd.DataFrame:
    """The frame of RECORDS with these rows."""
    if not rows:
        return frames.empty(RECORDS)
    columns = {name: [row.get(name) for row in rows] for name in RECORDS.names}
    return frames.conform(pd.DataFrame(columns, dtype="object"), RECORDS)
