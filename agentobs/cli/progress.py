"""How far an ingest is, and what came of it."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agentobs.cli.output import count, duration, one_line
from agentobs.cli.tables import print_table

if TYPE_CHECKING:
    from agentobs.ingest.backfill import Plan
    from agentobs.ingest.worker import Outcome, Progress

_MOST = 10  # reasons or files that a summary names


class Tally:
    """The sums of one ingest."""

    def __init__(self, plan: "Plan") -> None:
        self.plan = plan
        self.began = time.monotonic()
        self.sums: Counter[str] = Counter()
        self.failed: list[Outcome] = []
        self.files = 0
        self.events = 0
        self.rejected = 0
        self.bytes_done = 0
        self._sizes = {str(found.path): found.size_bytes for found in plan.found}
        self._read: Counter[str] = Counter()

    @property
    def events_per_s(self) -> int:
        """Events read per second so far."""
        return round(self.events / max(time.monotonic() - self.began, 0.001))

    def moved(self, progress: "Progress") -> None:
        """Count a commit."""
        self.events += progress.events
        self.rejected += progress.rejected
        self.bytes_done += progress.bytes_read
        self._read[progress.path] += progress.bytes_read

    def finished(self, outcome: "Outcome") -> None:
        """Count a source that was read to its end; what had been read before counts as done."""
        self.files += 1
        self.bytes_done += max(self._sizes.get(outcome.path, 0) - self._read[outcome.path], 0)
        if outcome.error is not None:
            self.failed.append(outcome)
        for name in ("records", "events", "stored", "copies", "conflicts", "rejected", "redactions"):
            self.sums[name] += getattr(outcome, name)

    def print_summary(self) -> None:
        """Print what was read, and what was not and why."""
        took, sums = time.monotonic() - self.began, self.sums
        if not sums["records"] and not self.failed:
            print(f"nothing new in {self.files:,} files")
        else:
            rows = [
                ("files", count(self.files - len(self.failed)), f"of {len(self.plan.found):,}"),
                ("records", count(sums["records"]), "lines read"),
                ("events", count(sums["events"]), f"{self.events_per_s:,} a second"),
                ("  new", count(sums["stored"]), ""),
                ("  copies", count(sums["copies"]), "stored before: resumed, forked or repeated records"),
                ("rejected", count(sums["rejected"]), "in the quarantine: agentobs doctor lists them"),
                ("redactions", count(sums["redactions"]), "secrets replaced before storing"),
                ("took", duration(took), f"{self.plan.size_bytes / 1e6:,.1f} MB of files"),
            ]
            print_table("Ingested", {"": "left", " ": "right", "  ": "left"}, rows, header=False)
        reasons = Counter(item.reason for item in self.plan.passed_over)
        for reason, number in reasons.most_common(_MOST):
            paths = [item.path for item in self.plan.passed_over if item.reason == reason]
            print(one_line(f"passed over: {number:,} x {reason} ({paths[0]}{', ...' if number > 1 else ''})"))
        for outcome in self.failed[:_MOST]:
            print(one_line(f"not read: {outcome.path}: {outcome.error}"))
        if len(self.failed) > _MOST:
            print(f"not read: {len(self.failed) - _MOST} more")


@contextmanager
def shown(tally: Tally) -> Iterator[None]:
    """Show a progress bar on the terminal, if there is one, while the block runs."""
    import threading

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.fields[files]} files"), BarColumn(), DownloadColumn(),
        TextColumn("{task.fields[rate]} events/s"), TextColumn("{task.fields[rejected]} rejected"),
        TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    ended = threading.Event()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=tally.plan.size_bytes, files="", rate="", rejected="")

        def draw() -> None:
            bar.update(
                task, completed=tally.bytes_done, files=f"{tally.files:,}/{len(tally.plan.found):,}",
                rate=f"{tally.events_per_s:,}", rejected=f"{tally.rejected:,}",
            )  # fmt: skip

        def redraw() -> None:
            while not ended.wait(0.2):
                draw()

        draw()
        thread = threading.Thread(target=redraw, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            draw()
