"""ingest --watch: a line for each change, until Ctrl-C."""

import signal
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agentobs.cli.output import one_line
from agentobs.errors import AgentobsError, SourceError

if TYPE_CHECKING:
    from agentobs.adapters._base import Adapter
    from agentobs.ingest.backfill import Job
    from agentobs.ingest.worker import Outcome
    from agentobs.settings import Settings


def follow(job: "Job", chosen: "Settings", roots: Sequence[Path], known: "Mapping[str, Adapter]") -> int:
    """Read what changes below the roots until SIGINT or SIGTERM; return the exit code."""
    from agentobs.ingest import indexing
    from agentobs.ingest.watch import Follower
    from agentobs.store import engine

    for root in roots:
        if not root.exists():
            raise SourceError(f"cannot watch {str(root)!r}: it is not there; name a folder or file of session logs")
    waits = _Waits(chosen)
    follower = Follower(job, roots, known, warn=waits.say)
    told: list[int] = []

    def stop(number: int, _: object) -> None:
        told.append(number)
        follower.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    print(f"watching {', '.join(map(str, roots))}; Ctrl-C ends", flush=True)
    ended = threading.Event()

    def index() -> None:
        indexing.follow(
            lambda: engine.connect(job.url), job.mappings, ended, lambda error: waits.say(f"index: {error}")
        )

    behind = threading.Thread(target=index, name="agentobs-index", daemon=True)
    behind.start()
    try:
        follower.run(waits.done, waits.waiting)
    finally:
        ended.set()
        behind.join()
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 + told[0] if told else 0


class _Waits:
    """Prints what comes in, and once per outage that the database keeps us waiting."""

    def __init__(self, chosen: "Settings") -> None:
        self._chosen = chosen
        self._zone = ZoneInfo(chosen.timezone)
        self._waiting = False

    def done(self, outcome: "Outcome") -> None:
        self._waiting = False
        what = outcome.error or f"+{outcome.events} events"
        if outcome.rejected:
            what += f", {outcome.rejected} rejected"
        self.say(f"{what}  {outcome.path}")

    def waiting(self, error: AgentobsError) -> None:
        if not self._waiting:
            self.say(f"waiting for the database: {error}")
        self._waiting = True
        if self._chosen.database_url is None:  # ours was stopped by somebody: nobody else brings it back
            from agentobs.store import embedded

            try:
                self._server = embedded.start(self._chosen.database_home)
            except AgentobsError as refused:
                self.say(f"the embedded server does not start: {refused}")

    def say(self, text: str) -> None:
        """Print a line with the time."""
        now = datetime.now(self._zone)
        print(f"{now:%H:%M:%S}  {one_line(text)}", flush=True)
