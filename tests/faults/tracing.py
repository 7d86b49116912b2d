"""System calls of a running process, made to fail or to kill it, by strace's fault injection."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def injected(pid: int, call: str, fault: str) -> Iterator[None]:
    """Inject a fault into a system call of a process and of all its threads, from now on.

    `fault` is what strace's `inject` takes, such as `signal=KILL:when=3`; it counts the calls of each thread apart.
    """
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    command = ["strace", "-f", "-p", str(pid), "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{fault}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline().decode()
        if "attached" not in said:
            tracer.kill()
            pytest.skip(f"strace may not trace: {said.strip()}")
        try:
            yield
        finally:
            tracer.terminate()
            tracer.communicate()
