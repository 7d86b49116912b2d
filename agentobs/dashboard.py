"""Dashboards: where their files are, and the command that serves one on this machine only."""

import difflib
import ipaddress
import sys
from collections.abc import Sequence
from pathlib import Path

import agentobs
from agentobs.errors import ReportError, SettingsError


def folder() -> Path:
    """Return the folder of dashboards: inside the installed package, else the one of the checkout."""
    package = Path(agentobs.__file__).parent
    for place in (package / "_dashboards", package.parent / "dashboards"):
        if place.is_dir():
            return place
    raise ReportError(f"no dashboards were installed with {package}; install agentobs again")


def _files() -> list[Path]:
    return [path for path in sorted(folder().glob("*.py")) if not path.name.startswith("_")]


def find(name: str) -> Path:
    """Return the file of the dashboard `name`; raise ReportError when there is none."""
    known = {path.stem: path for path in _files()}
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise ReportError(f"no dashboard is named {name!r}{hint}; there are {', '.join(known) or 'none'}")


def command(name: str, port: int, address: str = "127.0.0.1") -> list[str]:
    """Return the command that serves the dashboard; raise SettingsError for an address that others can reach."""
    first = find(name)
    return serve(first, port, address, beside=[file for file in _files() if file != first])


def serve(file: Path, port: int, address: str = "127.0.0.1", beside: Sequence[Path] = ()) -> list[str]:
    """Return the command that serves this Panel app on a loopback address, to pages of that address only.

    The apps `beside` it are those that it leads to; the address without a name shows the first one.
    """
    if not _is_loopback(address):
        raise SettingsError(f"address {address!r} would show the sessions to others; use 127.0.0.1 or ::1")
    if not 0 < port < 65536:
        raise SettingsError(f"port {port} is not one of 1 to 65535")
    host = f"[{address}]" if ":" in address else address
    origins = dict.fromkeys((f"{host}:{port}", f"localhost:{port}", f"127.0.0.1:{port}"))
    allowed = [word for origin in origins for word in ("--allow-websocket-origin", origin)]
    return [
        *(sys.executable, "-m", "panel", "serve", str(file), *map(str, beside)),
        *("--index", file.stem),
        *("--address", address, "--port", str(port), *allowed),
        *("--session-token-expiration", "3600", "--unused-session-lifetime", "60000", "--log-level", "warning"),
        *("--exclude-headers", "Cookie", "Authorization"),
    ]


def address_of(name: str, port: int, address: str = "127.0.0.1") -> str:
    """Return the address to open in a browser."""
    return f"http://[{address}]:{port}/{name}" if ":" in address else f"http://{address}:{port}/{name}"


def _is_loopback(address: str) -> bool:
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
