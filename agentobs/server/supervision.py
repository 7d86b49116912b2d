"""A process beside the accepting one, seen from it: started, started again when it dies, told to finish."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from agentobs.server.draining import FINISH, Plan

_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.2, 10.0
_LONG_LIFE_S = 60.0
LAST_S = 1.0


class Beside:
    """One process of a kind at a time: draining or indexing. It dies with this one: its standard input ends."""

    def __init__(self, what: str, plan: Plan, say: Callable[[str], None]) -> None:
        self._what = what
        self._plan = plan
        self._say = say
        self._ending = threading.Event()
        self._guard = threading.Lock()
        self._process = self._start()
        self._thread = threading.Thread(target=self._watch, name=f"agentobs-{what}-watch", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of the process that drains now."""
        return self._process.pid

    def finish(self) -> None:
        """Tell it to finish. What is left then is taken up when it runs again."""
        with self._guard:
            self._ending.set()
        with suppress(OSError):  # it died just now: then nothing is lost, only not yet stored
            _input(self._process).write(FINISH)
            _input(self._process).flush()

    def ended(self, within_s: float) -> bool:
        """Wait until it has finished, and tell whether it was done in time; else it gets LAST_S more."""
        process = self._process
        try:
            process.wait(max(within_s, 0))
        except subprocess.TimeoutExpired:
            _close(process)  # it ends after the piece in hand
            try:
                process.wait(LAST_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return False
        finally:
            _close(process)
            self._thread.join()
        return process.returncode == 0

    def _start(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([sys.executable, "-m", f"agentobs.server.{self._what}"], stdin=subprocess.PIPE)
        with suppress(OSError):  # it died at once: the watch says so
            _input(process).write(self._plan.line())
            _input(process).flush()
        return process

    def _watch(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            code = self._process.wait()
            if self._ending.is_set():
                return
            pause = _FIRST_PAUSE_S if time.monotonic() - began > _LONG_LIFE_S else min(pause * 2, _MOST_PAUSE_S)
            self._say(
                f"the {self._what} process ended with code {code}; it is started again; nothing is lost meanwhile"
            )
            if self._ending.wait(pause):
                return
            with self._guard:
                if self._ending.is_set():
                    return
                _close(self._process)
                self._process = self._start()


def _input(process: "subprocess.Popen[bytes]"):
    assert process.stdin is not None
    return process.stdin


def _close(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):
        _input(process).close()
