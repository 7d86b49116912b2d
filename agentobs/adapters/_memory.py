"""What line adapters keep of the lines before, within bounds."""

from typing import TypeVar

T = TypeVar("T")


def remember(known: dict[str, T], key: str, value: T, limit: int) -> None:
    """Keep the last `limit` entries, the oldest go."""
    known.pop(key, None)
    if len(known) >= limit:
        del known[next(iter(known))]
    known[key] = value
