"""Who asks, and what they may: the place where every route is guarded."""

import ipaddress
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request

from agentobs.errors import RequestRefused
from agentobs.store.keys import hash_of, parts_of

if TYPE_CHECKING:
    from agentobs.server.keys import KeyRing
    from agentobs.server.routes import Route


class Scope(StrEnum):
    """What a route asks of who calls it."""

    OPEN = "open"  # of nobody: it tells nothing about anybody
    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


class Principal(msgspec.Struct, frozen=True):
    """Who asks. Without a project: all of them; without a key: the owner of this machine, who comes by loopback."""

    project: str | None = None
    key: str | None = None
    scopes: frozenset[Scope] = frozenset()
    events_per_s: float | None = None  # None: as the server says

    @property
    def actor(self) -> str:
        """Who it is, in the audit log."""
        return "owner" if self.key is None else f"key:{self.key}"


OWNER = Principal(scopes=frozenset(Scope))
_FORWARDED = {"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"}
NOBODY = Principal(key="", scopes=frozenset({Scope.OPEN}))

Access = Callable[[Request, "Route"], Awaitable[Principal]]
"""Returns who asks, or raises RequestRefused when they may not."""


class Guard:
    """Lets in who has a key for it; where `owner_needs_none`, programs of this machine without one are the owner."""

    def __init__(self, keys: "KeyRing", *, owner_needs_none: bool, hosts: Collection[str] = ()) -> None:
        """Take the keys, and the names by which the server may be called besides addresses."""
        self._keys = keys
        self._owner_needs_none = owner_needs_none
        self._hosts = None if owner_needs_none and not hosts else {host.lower() for host in hosts}

    async def __call__(self, request: Request, route: "Route") -> Principal:
        """Return who asks; raise RequestRefused (401, 403)."""
        check_browser(request, self._hosts)
        if route.scope is Scope.OPEN:
            return NOBODY
        text = _key_of(request)
        if text is None:
            if self._owner_needs_none and _is_from_here(request):
                return OWNER
            raise RequestRefused("no API key; send `Authorization: Bearer ao_...`", 401)
        principal = await self._principal(text)
        if route.scope not in principal.scopes:
            have = ", ".join(sorted(principal.scopes)) or "nothing"
            raise RequestRefused(f"this needs the scope {route.scope}; the key has {have}", 403)
        return principal

    async def _principal(self, text: str) -> Principal:
        parts = parts_of(text)
        key = None if parts is None else await self._keys.find(parts[0])
        if parts is None or key is None:
            hash_of(text)  # as long as for a key that is there
            raise RequestRefused("the API key is not known", 401)
        if not key.fits(parts[1]):
            raise RequestRefused("the API key is not known", 401)
        state = key.state(datetime.now(UTC))
        if state != "usable":
            raise RequestRefused(f"the API key is {state}", 401)
        return Principal(key.project, key.key_id, frozenset(map(Scope, key.scopes)), key.events_per_s)


async def owner_only(request: Request, route: "Route") -> Principal:
    """Take every program of this machine for the owner: right where the server listens to loopback alone."""
    check_browser(request, None)
    return OWNER


def check_browser(request: Request, hosts: Collection[str] | None) -> None:
    """Raise RequestRefused (403) for what a page of a browser may have been led to send.

    A Host must be an address or one of the names (None: must be of this machine): a name that was made to lead here is
    refused. An Origin must be the Host itself: pages of others have no business here.
    """
    host = request.headers.get("host", "")
    name = _without_port(host)
    if hosts is None:
        if not is_loopback(name):
            raise RequestRefused(f"host {host[:80]!r} is not this machine; use 127.0.0.1 or localhost", 403)
    elif not (_is_address(name) or is_loopback(name) or name.lower() in hosts):
        raise RequestRefused(f"host {host[:80]!r} is not a name of this server; allow it with --allow-host", 403)
    origin = request.headers.get("origin")
    if origin is not None and origin not in {f"https://{host}", f"{request.url.scheme}://{host}"}:
        raise RequestRefused(f"pages of {origin[:80]!r} may not use this server", 403)


def is_loopback(host: str) -> bool:
    """Tell whether a name or an address leads to this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_from_here(request: Request) -> bool:
    """Tell whether a program of this machine asks, and not a proxy for somebody else."""
    names = request.headers.keys()
    is_forwarded = any(name in _FORWARDED or name.startswith("x-forwarded-") for name in names)
    return is_loopback(_without_port(request.headers.get("host", ""))) and not is_forwarded


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _key_of(request: Request) -> str | None:
    """The key that a request brings, as it was sent."""
    header = request.headers.get("authorization")
    if header is not None:
        kind, _, text = header.partition(" ")
        return text.strip() if kind.lower() == "bearer" else header
    return request.headers.get("x-api-key")


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
