"""Every speed that the service promises, and the proofs that none loses, in one recorded run: `make bench-service`.

Each line is a run of its own of one of the other benchmarks, with its oracle: where what was accepted is not what is
stored, there is no figure but a failure. A speed that is missed is told and fails nothing: it is the machine's, too.
After them the tests of the promises that these speeds rest on, with how many passed and how long they took.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

Row = tuple[str, str, str, str]  # what, measured, promised, kept or missed


class Figure(NamedTuple):
    """One number in what a benchmark prints."""

    name: str
    found: str  # a pattern whose group is the number
    least: float | None = None  # promised, as the most is
    most: float | None = None

    def row(self, text: str) -> Row:
        found = re.search(self.found, text)
        if found is None:
            raise SystemExit(f"{self.name} is not in what the benchmark printed; adapt its pattern {self.found!r}")
        value = float(found[1].replace(",", ""))
        promised = "" if self.least is None else f">= {self.least:,.0f}"
        promised = promised if self.most is None else f"<= {self.most:,.0f}"
        missed = (self.least is not None and value < self.least) or (self.most is not None and value > self.most)
        verdict = "MISSED" if missed else "kept" if promised else ""
        return f"  {self.name}", f"{value:,.0f}" if value >= 100 else f"{value:g}", promised, verdict


class Run(NamedTuple):
    """One benchmark and what is promised of it."""

    name: str
    command: list[str]
    figures: list[Figure]


MEMORY = Figure("memory of its three processes, MB", r"PSS of all its processes (\d+) MB", most=300)

RUNS = (
    Run(
        "HTTP bulk, offered 60,000 events/s",
        ["bench_server", "--rate", "60000", "--seconds", "8"],
        [
            Figure("accepted and fsynced, events/s", r"accepted (\d+)/s", least=50_000),
            MEMORY,
        ],
    ),
    Run(
        "burst, 50,000 events/s for 10 s",
        ["bench_server", "--rate", "50000", "--seconds", "10"],
        [
            Figure("refused of the burst, events", r"refused (\d+)", most=0),
            Figure("accepting p50, ms", r"latency ms p50 ([\d.]+)"),
            Figure("accepting p95, ms", r"latency ms .*p95 ([\d.]+)"),
            Figure("accepting p99, ms", r"latency ms .*p99 ([\d.]+)", most=100),
            Figure("accepting max, ms", r"latency ms .*max ([\d.]+)"),
            Figure("stored, events/s over all", r"\((\d+)/s over all\)"),
            MEMORY,
        ],
    ),
    Run(
        "OTLP protobuf, offered 25,000 spans/s",
        ["bench_otlp", "--rate", "25000", "--spans", "300000"],
        [
            Figure("stored, spans/s", r"stored +([\d,]+) spans/s", least=20_000),
            Figure("answered p50, ms", r"p50 (\d+) ms"),
            Figure("answered p95, ms", r"p95 (\d+) ms"),
            Figure("answered p99, ms", r"p99 (\d+) ms"),
            Figure("answered max, ms", r"max (\d+) ms after"),
        ],
    ),
    Run(
        "live delivery",
        ["bench_live"],
        [
            Figure("idle p95, ms", r"idle, single events: .*?p95 ([\d.]+)", most=50),
            Figure("idle p99, ms", r"idle, single events: .*?p99 ([\d.]+)"),
            Figure("5,000/s, sees all, p95, ms", r"sees all: .*?p95 ([\d.]+)", most=250),
            Figure("5,000/s, 100 of one session, p95, ms", r"one session each: .*?p95 ([\d.]+)", most=250),
            MEMORY,
        ],
    ),
    Run(
        "search, one million documents",
        ["bench_search"],
        [
            Figure("indexed, documents/s", r": ([\d,]+) per second"),
            Figure("p50, ms", r"\nall .*?p50 +([\d.]+)"),
            Figure("p95, ms", r"\nall .*?p95 +([\d.]+)", most=200),
            Figure("p99, ms", r"\nall .*?p99 +([\d.]+)"),
            Figure("max, ms", r"\nall .*?max +([\d.]+)"),
        ],
    ),
)

PROOFS = (
    ("R2, R7  killed before each system call; syncs that fail", "faults/test_spool_calls.py"),
    ("R3  the server killed while clients retry", "faults/test_spool_kill.py"),
    ("R5  the database away", "faults/test_spool_outage.py"),
    ("R6  slow, hanging, resetting networks", "faults/test_proxy.py"),
    ("R8  the database's disk full", "faults/test_disk_full.py"),
    ("R15  bombs and slow bodies; what requests are answered", "server/test_events.py"),
    ("R18  a migration while events come", "faults/test_migration.py"),
    ("R20  bursts of a thousand sessions", "server/test_load.py"),
    ("R21  partial success of OTLP; the exporter of the SDK", "server/test_otlp.py"),
    ("R22  SIGTERM under load; what a server goes through", "server/test_serve.py"),
    ("R23  events later than the retention", "faults/test_late_events.py"),
    ("R25  live clients that are slow or gone", "faults/test_live_clients.py"),
    ("schemathesis over the OpenAPI document", "server/test_schema.py"),
)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--phoenix", default="", help="the program `phoenix`, to compare with")
    arguments.add_argument("--mlflow", default="", help="the program `mlflow`, to compare with")
    options = arguments.parse_args()
    rows: list[Row] = [("", "measured", "promised", "")]
    failed: list[str] = []
    for run in RUNS:
        text, code = _output(run.command)
        rows.append((f"{run.name} (load {os.getloadavg()[0]:.1f})", "", "", "FAILED" if code else ""))
        failed += [run.name] if code else []
        rows += [] if code else [figure.row(text) for figure in run.figures]
    for name, path in PROOFS:
        text, code = _output(["pytest", "-q", "-p", "no:cacheprovider", f"tests/{path}"])
        rows.append((name, *_passed(text), "FAILED" if code else "proved"))
        failed += [name] if code else []
    rivals = [f"--{name}={path}" for name in ("phoenix", "mlflow") if (path := getattr(options, name))]
    compared, code = _output(["bench_compare", *rivals])
    failed += ["comparison"] if code else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    told = f"{platform.platform()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d %H:%M %Z')}"
    sys.stdout.write("\n".join(["", told, *lines, "", compared]))
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def _passed(text: str) -> tuple[str, str]:
    """How many tests passed, and how long it took."""
    found = re.search(r"(\d+ passed)?[^\n]* in ([\d.]+s)", text)
    return (found[1] or "none passed", f"in {found[2]}") if found else ("none ran", "")


def _output(command: list[str]) -> tuple[str, int]:
    """Run a benchmark or pytest, show what it says while it says it; return that and its exit code."""
    sys.stdout.write(f"== {' '.join(command)}\n")
    sys.stdout.flush()
    module = command[0] if command[0] == "pytest" else f"tests.benchmarks.{command[0]}"
    whole = [sys.executable, "-m", module, *command[1:]]
    lines = []
    with subprocess.Popen(whole, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            sys.stdout.write(line)
            sys.stdout.flush()
    return "".join(lines), process.returncode


if __name__ == "__main__":
    main()
