"""What a query leaves in, without what makes frames of it: a process that only accepts has no pandas in its memory."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any


class Filters(dict[str, Any]):
    """Bound values of a query: what to leave in. None: everything."""

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
        self.update(since=since, until=until)


def _listed(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)
