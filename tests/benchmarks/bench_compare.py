"""Spans stored a second, and what is lost, beside Arize Phoenix and MLflow: `python -m tests.benchmarks.bench_compare`.

All get the same OTLP protobuf batches of 1,000 spans on this machine, one program at a time, each as it comes from its
package, with a database of its own: theirs in SQLite, ours in the PostgreSQL that comes with it. Three loads each:

- speed: some seconds at a rate that the program can take, or without a pause, then as many again to store the rest;
- kill -9 of all its processes, the database's too, while clients send; it starts again and has time to settle;
- SIGTERM to its main process while clients send; the same.

Lost is a span whose batch was answered 2xx and that its database does not hold once it stands still. They are not
installed here: make an environment for each, and name their programs with --phoenix and --mlflow.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import _rivals as rivals
from tests.benchmarks._sending import Batches, Sending
from tests.benchmarks.bench_otlp import BATCH

_PAUSE_S = 2
_SETTLED_S = 20  # so long nothing moves: it has stored what it will, on a busy machine too
_WARM_S = 60
_EXIT_S = 30
_HEADS = (
    *("", "offered", "accepted/s", "stored/s", "agentobs is", "p50 ms", "p99 ms", "refused"),
    *("kill -9", "SIGTERM", "ends after"),
)


class Outcome(NamedTuple):
    """What one program did."""

    name: str
    offered: str
    accepted_s: float  # spans a second answered 2xx
    stored_s: float  # spans a second that its database held
    p50_ms: float
    p99_ms: float
    refused: int  # batches that were not answered 2xx in the load for speed
    killed: tuple[int, int]  # lost of accepted
    terminated: tuple[int, int]
    exit_s: float | None  # from SIGTERM to the end; None: it did not end


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--phoenix", type=Path, help="the program `phoenix` of an environment with arize-phoenix")
    arguments.add_argument("--mlflow", type=Path, help="the program `mlflow` of an environment with mlflow")
    arguments.add_argument("--seconds", type=float, default=10, help="of the load for speed")
    arguments.add_argument("--fault-seconds", type=float, default=4, help="of load before a kill or a SIGTERM")
    arguments.add_argument("--rate", type=float, default=20_000, help="spans a second to agentobs")
    arguments.add_argument("--phoenix-rate", type=float, default=1_000, help="a faster load keeps it from storing")
    arguments.add_argument("--mlflow-rate", type=float, default=0, help="0: the next batch when one is answered")
    arguments.add_argument("--mlflow-clients", type=int, default=1, help="more of them wait for its SQLite's lock")
    options = arguments.parse_args()
    contestants = [rivals.agentobs(options.rate)]
    if options.phoenix:
        contestants.append(rivals.phoenix(options.phoenix, options.phoenix_rate))
    if options.mlflow:
        contestants.append(rivals.mlflow(options.mlflow, options.mlflow_rate, options.mlflow_clients))
    batches = Batches(int(options.rate / BATCH * (options.seconds + 2 * options.fault_seconds)) + 20)
    outcomes, missing = [], []
    for one in contestants:
        try:
            outcomes.append(measured(one, batches, options.seconds, options.fault_seconds))
        except rivals.NotStartedError as error:
            if one is contestants[0]:
                raise
            missing.append(f"NOT MEASURED: {error}\n")
    sys.stdout.write("".join([table(outcomes), *missing]))
    for name in ("phoenix", "mlflow"):
        if not getattr(options, name):
            sys.stdout.write(f"NOT MEASURED: {name}; name its program with --{name}\n")
    if outcomes[0].killed[0] or outcomes[0].terminated[0]:
        raise SystemExit("agentobs has lost what it had accepted")


def measured(rival: rivals.Rival, batches: Batches, seconds: float, fault_seconds: float) -> Outcome:
    """Start a program in a folder of its own and measure it."""
    with tempfile.TemporaryDirectory(prefix="agentobs-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o711)
        batches.rewind()
        running = rivals.start(rival, home)
        try:
            warm = Sending(running.port, rival, batches).warm_up()
            _until_stored(rival, home, len(warm), _WARM_S)
            speed = Sending(running.port, rival, batches)
            accepting_s = speed.run(seconds)
            accepted = len(speed.accepted) * BATCH
            stored, more_s = _until_stored(rival, home, accepted + len(warm), seconds)
            stored_s = (stored - len(warm)) / (accepting_s + more_s)
            _say(rival, f"stores {stored_s:,.0f} spans/s, {accepted / accepting_s:,.0f} are accepted")
            kill = Sending(running.port, rival, batches)
            kill.run(fault_seconds, running.kill)
            running = rivals.start(rival, home)
            killed = _lost(rival, home, warm | speed.spans() | kill.spans())
            _say(rival, f"kill -9: lost {killed[0]:,} of {killed[1]:,} spans")
            term = Sending(running.port, rival, batches)
            term.run(fault_seconds, running.terminate)
            exit_s = running.ended(_EXIT_S)
            running = rivals.start(rival, home)
            terminated = _lost(rival, home, term.spans())
            _say(rival, f"SIGTERM: lost {terminated[0]:,} of {terminated[1]:,} spans")
        finally:
            running.kill()
    offered = f"{rival.rate:,.0f}/s" if rival.rate else f"no pause, {rival.clients} client(s)"
    latencies = speed.latency_ms(0.5), speed.latency_ms(0.99)
    accepted_s = accepted / accepting_s
    return Outcome(rival.name, offered, accepted_s, stored_s, *latencies, speed.refused, killed, terminated, exit_s)


def _until_stored(rival: rivals.Rival, home: Path, wanted: int, patience_s: float) -> tuple[int, float]:
    """Wait until so many spans are stored, at most so long; return how many are, and how long that took."""
    began = time.perf_counter()
    with rival.read(home) as database:
        while True:
            stored, took = database.count(), time.perf_counter() - began
            if stored >= wanted or took >= patience_s:
                return stored, took
            time.sleep(0.2)


def _lost(rival: rivals.Rival, home: Path, answered: set[int]) -> tuple[int, int]:
    """Wait until all is there or nothing moves any more; return how many answered spans are absent, of how many."""
    with rival.read(home) as database:
        count, since, looked, absent = -1, 0.0, False, answered
        while True:
            if (now := database.count()) != count:
                count, since, looked = now, time.monotonic(), False
            still_s = time.monotonic() - since
            if still_s >= _PAUSE_S and not looked:
                absent, looked = answered - database.spans(), True
            if not absent or still_s >= _SETTLED_S:
                return len(absent), len(answered)
            time.sleep(0.5)


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes side by side, the first one's speed as a multiple of each."""
    ours = outcomes[0].stored_s
    rows = [_HEADS]
    rows += [
        (
            one.name,
            one.offered,
            f"{one.accepted_s:,.0f}",
            f"{one.stored_s:,.0f}",
            f"{ours / one.stored_s:,.1f} x" if one.stored_s else "-",
            f"{one.p50_ms:,.0f}",
            f"{one.p99_ms:,.0f}",
            f"{one.refused}",
            "lost {:,} of {:,}".format(*one.killed),
            "lost {:,} of {:,}".format(*one.terminated),
            "never" if one.exit_s is None else f"{one.exit_s:.1f} s",
        )
        for one in outcomes
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    told = f"spans in batches of {BATCH}, {os.cpu_count()} cores, load of the machine {os.getloadavg()[0]:.1f}"
    return "\n".join([told, *lines]) + "\n"


def _say(rival: rivals.Rival, text: str) -> None:
    sys.stdout.write(f"{rival.name} {rival.version}: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
