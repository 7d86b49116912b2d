"""The PostgreSQL process of a data folder, whoever started it. A pid file alone is never believed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from agentobs.errors import EmbeddedServerError

FAST_STOP_SECONDS = 120.0
IMMEDIATE_STOP_SECONDS = 20.0
IMPOSSIBLE_PID = 2**31 - 1  # above every kernel's limit


def pid_of(data: Path) -> int | None:
    """The pid of the living server of this data folder."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise EmbeddedServerError(f"cannot read {data}/postmaster.pid ({error.strerror})") from error
    return pid if _serves(pid, data) else None


def disown(data: Path, socket: Path) -> None:
    """Make the lock files of a server that is gone harmless: its pid may belong to another program by now.

    The file in the data folder stays: PostgreSQL finds in it the shared memory that a last process may still hold.
    """
    socket.with_name(f"{socket.name}.lock").unlink(missing_ok=True)
    try:
        with (data / "postmaster.pid").open("r+b") as file:
            lines = file.read().split(b"\n")
            lines[0] = b"%d" % IMPOSSIBLE_PID
            file.seek(0)
            file.write(b"\n".join(lines))
    except FileNotFoundError:
        return


def stop(data: Path) -> bool:
    """Stop the server cleanly, else at once (which its log repairs at the next start). False if there was none."""
    pid = pid_of(data)
    if pid is None:
        return False
    for number, seconds in ((signal.SIGINT, FAST_STOP_SECONDS), (signal.SIGQUIT, IMMEDIATE_STOP_SECONDS)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        except PermissionError as error:
            raise EmbeddedServerError(
                f"the server of {data} (pid {pid}) belongs to another user; stop it as that user"
            ) from error
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not _serves(pid, data):
                return True
            time.sleep(0.02)
    raise EmbeddedServerError(f"the server of {data} (pid {pid}) does not stop; end that process yourself")


def _serves(pid: int, data: Path) -> bool:
    """Whether this process is alive and a postgres of this data folder."""
    command = _command_line(pid)
    return len(command) >= 3 and Path(command[0]).name == "postgres" and str(data) in command[1:]


def _command_line(pid: int) -> list[str]:
    entry = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return entry.read_bytes().decode(errors="surrogateescape").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return []
    answer = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
    return answer.stdout.split()
