"""serve: take events by HTTP, keep them durable, and store them."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from agentobs.cli import opening
from agentobs.errors import SettingsError


def serve(
    *,
    host: Annotated[str, Parameter(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port; 4318 is the one of OpenTelemetry exporters; 0: any free one.")] = 4318,
    spool_cap: Annotated[str, Parameter(help="Most that waits for the database, such as 500MB or 8GB.")] = "8GB",
    keep_free: Annotated[str, Parameter(help="What is left free on the spool's disk.")] = "512MB",
    require_keys: Annotated[bool, Parameter(help="Of programs of this machine, too: say it behind a proxy.")] = False,
    allow_host: Annotated[list[str] | None, Parameter(help="Name by which it may be called; repeatable.")] = None,
    rate: Annotated[float, Parameter(help="Most events per second of a key, unless it says another number.")] = 20_000,
    tls_certificate: Annotated[Path | None, Parameter(help="PEM file: serve https. Renewed, it is taken anew.")] = None,
    tls_key: Annotated[Path | None, Parameter(help="PEM file of the private key.")] = None,
) -> int:  # fmt: skip
    """Take events by HTTP and store them, until SIGTERM or Ctrl-C. What was accepted survives a crash.

    Programs of this machine need no key. Another --host needs one at least: `agentobs keys create`.
    """
    from agentobs.cli.ingest import job_of
    from agentobs.ingest import mappings
    from agentobs.ingest.spool import Limits
    from agentobs.server.serving import Serving
    from agentobs.server.serving import serve as run

    limits = Limits(cap_bytes=size_of(spool_cap, "spool-cap"), free_bytes=size_of(keep_free, "keep-free"))
    chosen = opening.settings()
    return run(
        Serving(
            job=job_of(chosen, chosen.database_url or "", mappings.paths_of(chosen.home)),
            database_home=None if chosen.database_url else chosen.database_home,
            folder=chosen.home / "spool",
            host=host,
            port=port,
            limits=limits,
            needs_keys=require_keys,
            allowed_hosts=tuple(allow_host or ()),
            certificate=tls_certificate,
            private_key=tls_key,
            events_per_s=rate,
        )
    )


def size_of(text: str, name: str) -> int:
    """Return the bytes that a text such as 500MB says; raise SettingsError."""
    units = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "B": 1, "": 1}
    number = text.strip().upper().rstrip("KMGTB")
    unit = text.strip().upper()[len(number) :]
    try:
        size = int(float(number) * units[unit])
    except (ValueError, KeyError) as error:
        raise SettingsError(f"--{name} {text!r} is no size; write one like 500MB") from error
    if size <= 0:
        raise SettingsError(f"--{name} {text!r} must be more than nothing")
    return size
