"""Contexts and kinds: what many events share, as rows whose keys are hashes of what they hold."""

from typing import Any

from agentobs import pricing
from agentobs.events import Event, clean_text, source_key
from agentobs.ingest.projects import Projects

DimensionRow = tuple[Any, ...]
"""The key of a row of `contexts` or `kinds`, then its columns in order."""

CONTEXT = (
    "agent", "agent_version", "project", "root_session_id", "thread_id", "is_sidechain", "working_directory", "branch",
    "repository", "machine", "workspace", "reader",
)  # fmt: skip
PROJECT = 1 + CONTEXT.index("project")
"""Where a context's row says its project."""
KIND = (
    "type", "severity", "status", "role", "native_type", "ts_quality", "is_copy", "is_forked", "sanitised", "tool_name",
    "call_type",
    "model", "provider", "basis", "service_tier", "speed", "inference_geo", "price_version", "is_telemetry",
)  # fmt: skip


_MOST_ROWS = 20_000


class Contexts:
    """Gives each event of one source its context; remembers those it has made."""

    def __init__(self, projects: Projects, machine: str | None) -> None:
        self.projects = projects
        self._machine = machine
        self._rows: dict[tuple[object, ...], DimensionRow] = {}

    def row(self, event: Event) -> DimensionRow:
        """Return (key, *CONTEXT) of an event."""
        key = (
            event.session_id, event.working_directory, event.thread_id, event.branch, event.agent_version,
            event.is_sidechain, event.root_session_id, event.repository, event.machine, event.workspace,
            event.is_telemetry,
            # without a directory the project is that of the one which the session named before
            self.projects.first.get(event.session_id) if event.working_directory is None else None,
            event.agent, event.reader,
        )  # fmt: skip
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= _MOST_ROWS:  # a drain goes on for weeks
                self._rows.clear()
            row = self._rows[key] = self._make(event)
        return row

    def _make(self, event: Event) -> DimensionRow:
        project, repository = self.projects.resolve(event.session_id, event.working_directory)
        return _dimension((
            event.agent, event.agent_version, project, event.root_session_id or event.session_id, event.thread_id,
            event.is_sidechain, event.working_directory, event.branch, event.repository or repository,
            event.machine or (None if event.is_telemetry else self._machine), event.workspace, event.reader,
        ))  # fmt: skip


class Kinds:
    """Gives each event its kind; remembers those it has made."""

    def __init__(self) -> None:
        self._rows: dict[tuple[object, ...], DimensionRow] = {}

    def row(self, event: Event, *, priced: bool) -> DimensionRow:
        """Return (key, *KIND) of an event."""
        usage = event.usage
        columns = (
            event.type, event.severity, event.status, event.role, event.native_type, event.ts_quality, event.is_copy,
            event.is_forked, event.sanitised, event.tool_name, event.call_type, event.model, event.provider,
            event.basis,
            None if usage is None else usage.service_tier, None if usage is None else usage.speed,
            None if usage is None else usage.inference_geo, pricing.PRICES_VERSION if priced else None,
            event.is_telemetry,
        )  # fmt: skip
        row = self._rows.get(columns)
        if row is None:
            row = self._rows[columns] = _dimension(columns)
        return row


def _dimension(columns: tuple[object, ...]) -> DimensionRow:
    clean = tuple(clean_text(column) if isinstance(column, str) else column for column in columns)
    return (source_key(repr(clean)), *clean)
