"""How the embedded server is set up. Numbers measured on a machine with two cores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agentobs.store.embedded.binaries import Binaries

PORT = 5432  # only names the socket: the server listens on no network address
SUPERUSER = "agentobs"
DATABASE = "agentobs"
READER = "agentobs_reader"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "max_wal_size": "4GB",
    "min_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "max_locks_per_transaction": "256",
    "jit": "off",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # An error's message, detail, context and statement can hold what a user stored: none of them is logged.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_checkpoints": "off",
    "logging_collector": "off",
}


def arguments(binaries: Binaries, data: Path, run: Path, memory_bytes: int, settings: Mapping[str, str]) -> list[str]:
    """The command line of postgres."""
    quoted = str(run).replace('"', '""')
    chosen = {
        **SETTINGS,
        "unix_socket_directories": f'"{quoted}"',
        "shared_buffers": "256MB" if memory_bytes >= 4 * 2**30 else "128MB",
    }
    if binaries.has_lz4():
        chosen["default_toast_compression"] = "lz4"
        if binaries.major >= 15:
            chosen["wal_compression"] = "lz4"
    chosen |= settings
    return [
        str(binaries.postgres),
        "-D",
        str(data),
        *(part for name, value in chosen.items() for part in ("-c", f"{name}={value}")),
    ]
