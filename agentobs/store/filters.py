"""What a query leaves in, without what makes frames of it: a process that only accepts has no pandas in its memory."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from agentobs.events import KNOWN

_FIRST, _AFTER = (datetime.fromtimestamp(ts / 1e6, UTC) for ts in KNOWN)


class Filters(dict[str, Any]):
    """Bound values of a query: what to leave in. None: everything.

    A range holds none of the times that only keep the order of a source without times.
    """

    def __init__(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        agent: str | Sequence[str] | None = None,
        project: str | Sequence[str] | None = None,
        session: str | Sequence[str] | None = None,
        model: str | Sequence[str] | None = None,
        tool: str | Sequence[str] | None = None,
        type: str | Sequence[str] | None = None,  # noqa: A002 the column's name
    ) -> None:
        many = {"agent": agent, "project": project, "session": session, "model": model, "tool": tool, "type": type}
        super().__init__({key: [value] if isinstance(value, str) else _listed(value) for key, value in many.items()})
        if since is not None or until is not None:
            since, until = max(since or _FIRST, _FIRST), min(until or _AFTER, _AFTER)
        self.update(since=since, until=until)


def _listed(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)
