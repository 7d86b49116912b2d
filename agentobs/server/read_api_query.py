"""The query of a request: a typed struct whose fields are the parameters; it is read and documented by them."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta
from starlette.datastructures import QueryParams

from agentobs.errors import RequestRefused
from agentobs.events import clean_text, parse_timestamp
from agentobs.server.access import Principal

MOST_ROWS = 1000
_MOST_NAMES = 100

Names = Annotated[list[str], Meta(description="repeat it to name several", max_length=_MOST_NAMES)]
Moment = Annotated[
    str, Meta(description="ISO 8601; without an offset it is UTC", extra_json_schema={"format": "date-time"})
]
Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS, description="most rows of one answer")]
Cursor = Annotated[str, Meta(description="where to go on: `next` of the answer before")]

_Query = TypeVar("_Query", bound=msgspec.Struct)


class Paged(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What every list takes."""

    limit: Limit = 100
    cursor: Cursor | None = None


class Ranged(Paged):
    """A list of what happened in [since, until), by agent and project."""

    since: Moment | None = None
    until: Moment | None = None
    agent: Names | None = None
    project: Names | None = None


def decode(parameters: QueryParams, into: type[_Query]) -> _Query:
    """Return the query that the parameters say; raise RequestRefused (400) for an unknown or wrong one."""
    hints = get_type_hints(into)
    values: dict[str, Any] = {}
    for name in parameters:
        texts = [clean_text(text) for text in parameters.getlist(name)]
        if name not in hints:
            raise RequestRefused(f"no parameter {name[:40]!r}; there are {', '.join(sorted(hints)) or 'none'}", 400)
        if "list" in str(hints[name]):
            values[name] = texts
        elif len(texts) > 1:
            raise RequestRefused(f"{name} is given {len(texts)} times; give it once", 400)
        else:
            values[name] = texts[0]
    try:
        return msgspec.convert(values, into, strict=False)
    except msgspec.ValidationError as error:
        raise RequestRefused(f"the query cannot be taken: {error}", 400) from error


def moment(text: str | None) -> datetime | None:
    """Return the time that a parameter says; raise RequestRefused (400) when it says none."""
    if text is None:
        return None
    try:
        said = datetime.fromisoformat(text)
        said = said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if text.startswith("0") else datetime.max.replace(tzinfo=UTC)
    except ValueError as error:
        stamp = parse_timestamp(text)  # a leap second
        if stamp is None:
            raise RequestRefused(f"{text[:40]!r} is no time; write one like 2026-03-09T14:00:00Z", 400) from error
        return datetime.fromtimestamp(stamp.ts / 1e6, UTC)
    return said


def zone_of(name: str) -> str:
    """Return the name of a time zone; raise RequestRefused (400) when there is none of that name."""
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        raise RequestRefused(f"timezone {name[:40]!r} is unknown; write one like 'Europe/Zurich'", 400) from error


def projects(principal: Principal, asked: Sequence[str] | None) -> list[str] | None:
    """Return the projects to read: those asked for, and never others than the principal's. None: all."""
    if principal.project is None:
        return None if asked is None else list(asked)
    foreign = [name for name in asked or () if name != principal.project]
    if foreign:
        raise RequestRefused(f"project {foreign[0][:80]!r} is not this key's", 403)
    return [principal.project]


def cursor_of(place: Sequence[Any]) -> str:
    """Return a place in a list as text that goes through a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def place_of(cursor: str | None, into: Any) -> Any:
    """Return the place that a cursor says; raise RequestRefused (404) when it is not one of this list."""
    if not cursor:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=into)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise RequestRefused("cursor is not one of this list's; begin without one", 404) from error


def names(query: msgspec.Struct, *fields: str) -> Mapping[str, list[str] | None]:
    """Return the filters that a query names."""
    return {field: getattr(query, field) for field in fields}
