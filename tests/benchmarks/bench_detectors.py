"""Seconds that all detectors take for a million events: `python -m tests.benchmarks.bench_detectors`.

The corpus is copies of the package's own labelled sessions (data/labelled_sessions.py), or of the session files in
`--folder`; each copy has ids of its own. It goes through the detectors as `agentobs analyze` does it: whole sessions in
batches of 20,000 events, over two processes, each of which holds the tool calls of the whole corpus. Making the corpus
is not measured.
"""

import argparse
import io
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import agentobs as ao
from agentobs.analysis.detectors import detectors, run

LIMIT_S = 60.0
BATCH = 20_000
PROGRAM = Path(__file__).resolve().parents[2] / "data" / "labelled_sessions.py"
IDS = ("session_id", "parent_session_id", "root_session_id", "event_id", "result_event_id", "usage_key", "response")

Frames = dict[str, pd.DataFrame]


class Measured(NamedTuple):
    """What one batch took."""

    events: int
    findings: int
    seconds: dict[str, float]  # of the processor, by detector
    busy_s: float  # of the clock, for all detectors together
    peak_mb: float  # of the process until now


_here: list[tuple[list[Frames], pd.DataFrame]] = []  # of a process of its own: batches of one copy, all tool calls


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--processes", type=int, default=2)
    arguments.add_argument("--folder", type=Path, help="session files in place of the labelled ones")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="agentobs-bench-") as made:
        folder = options.folder or Path(made) / "sessions"
        if options.folder is None:
            subprocess.run([sys.executable, str(PROGRAM), "--out", str(folder)], check=True)
        sizes = [len(batch["events"]) for batch in batches(evidence(folder))]
        copies = max(1, round(options.events / sum(sizes)))
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(options.processes, context, _begin, (folder, copies)) as pool:
            list(pool.map(_ready, range(options.processes * 4)))  # everybody has begun
            jobs = [(copy, batch) for copy in range(copies) for batch in range(len(sizes))]
            done = list(pool.map(_measure, jobs))
    _report(done, options.processes)


def evidence(folder: Path) -> Frames:
    """What `agentobs analyze` gives to detectors, of the sessions in a folder."""
    with redirect_stderr(io.StringIO()), ao.open(folder) as wb:
        return wb.evidence()


def batches(frames: Frames) -> list[Frames]:
    """Whole sessions, as many as have at most so many events."""
    sizes = frames["events"].groupby("session_id", sort=False).size().cumsum()
    number = (sizes - 1) // BATCH
    return [_of(frames, number.index[number == one]) for one in number.unique()]


def _of(frames: Frames, sessions: pd.Index) -> Frames:
    chosen = {name: data[data["session_id"].isin(sessions)] for name, data in frames.items()}
    return {name: data.reset_index(drop=True) for name, data in chosen.items()}


def copied(data: pd.DataFrame, copy: int) -> pd.DataFrame:
    """The same rows with other ids."""
    return data.assign(**{name: data[name] + f"-{copy}" for name in IDS if name in data.columns})


def _begin(folder: Path, copies: int) -> None:
    frames = evidence(folder)
    calls = pd.concat([copied(frames["tool_calls"], copy) for copy in range(copies)], ignore_index=True)
    _here.append((batches(frames), calls))
    detectors()


def _ready(_: int) -> None:
    time.sleep(0.2)


def _measure(job: tuple[int, int]) -> Measured:
    copy, number = job
    parts, calls = _here[0]
    frames = {name: copied(data, copy) for name, data in parts[number].items()} | {"tool_calls": calls}
    seconds: dict[str, float] = {}
    findings = 0
    begun = time.perf_counter()
    for name, detector in detectors().items():
        start = time.process_time()
        findings += len(run(detector, frames))
        seconds[name] = time.process_time() - start
    busy = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(len(frames["events"]), findings, seconds, busy, peak)


def _report(done: list[Measured], processes: int) -> None:
    total: dict[str, float] = {}
    for one in done:
        for name, seconds in one.seconds.items():
            total[name] = total.get(name, 0.0) + seconds
    for name, seconds in sorted(total.items(), key=lambda item: -item[1]):
        _say(f"{name:26} {seconds:7.2f} s")
    events, findings = sum(one.events for one in done), sum(one.findings for one in done)
    share = 1_000_000 / events / processes
    clock, processor = sum(one.busy_s for one in done) * share, sum(total.values()) * share
    _say(f"{events:,} events, {len(done)} batches, {findings:,} findings of {len(total)} detectors")
    _say(f"limit: {LIMIT_S:.0f} s a million events, over {processes} processes")
    _say(f"by the clock: {clock:.1f} s, {_verdict(clock)} (load of the machine {os.getloadavg()[0]:.1f})")
    _say(f"of each processor: {processor:.1f} s, {_verdict(processor)}")
    _say(f"peak memory: {max(one.peak_mb for one in done):.0f} MB a process")


def _verdict(seconds: float) -> str:
    return "kept" if seconds <= LIMIT_S else "MISSED"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
