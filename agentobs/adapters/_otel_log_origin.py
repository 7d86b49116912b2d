"""The beginning of every event that a log record becomes."""

from typing import NamedTuple

from agentobs.adapters._otel_identity import WITH_FILES, Identity
from agentobs.adapters._otel_records import Log
from agentobs.adapters._text import clip
from agentobs.events import Event, Stamp, event_id

_NAME = "otlp"
_SEVERE, _WARNING = 17, 13  # numbers of OpenTelemetry's log data model


class Subject(NamedTuple):
    """A log record, and whose it is."""

    log: Log
    name: str
    identity: Identity
    session_id: str
    when: Stamp


def begun(subject: Subject, part: int, kind: str, when: Stamp | None = None) -> Event:
    """Return an event of a log record, named after the session and what the record says."""
    log, identity = subject.log, subject.identity
    ts, quality = when or subject.when
    severity = log.severity or 0
    return Event(
        id=event_id(ts, _NAME, "log", subject.session_id, str(part), str(log.digest)),
        ts=ts,
        ts_quality=quality,
        type=kind,
        agent=identity.agent,
        session_id=subject.session_id,
        offset=0,
        digest=log.digest,
        part=part,
        severity="error" if severity >= _SEVERE else "warning" if severity >= _WARNING else "info",
        native_type=clip(subject.name, 100),
        native_id=log.span_id,
        is_copy=identity.agent in WITH_FILES,
        is_telemetry=identity.agent in WITH_FILES,
        agent_version=identity.version,
        machine=identity.machine,
        working_directory=identity.working_directory,
        branch=identity.branch,
    )
