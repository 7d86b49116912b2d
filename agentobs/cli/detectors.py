"""detectors: list them, and measure them on sessions in which it is known what they should find."""

import json as js
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

import agentobs
from agentobs.cli import opening, output
from agentobs.cli.output import one_line, print_json
from agentobs.cli.reading import AsJson
from agentobs.cli.tables import print_table
from agentobs.errors import SettingsError, SourceError

if TYPE_CHECKING:
    import pandas as pd

app = App(name="detectors", help="List detectors; measure them on labelled sessions.")
LABELS = "labels.jsonl"


@app.default
def list_(*, json: AsJson = False) -> None:
    """List the detectors: what each looks for, where that comes from, and what it can be told."""
    from agentobs.analysis.detectors import detectors

    known = detectors().values()
    if json:
        print_json([
            {"name": one.name, "version": one.version, "title": one.title, "definition": one.definition,
             "source": one.source, "parameters": one.parameters}
            for one in known
        ])  # fmt: skip
        return
    columns = {"detector": "left", "version": "right", "definition": "wide", "source": "left", "parameters": "left"}
    rows = [
        (one.name, str(one.version), one.definition, one.source,
         ", ".join(f"{name}={value}" for name, value in one.parameters.items()))
        for one in known
    ]  # fmt: skip
    print_table(f"{len(rows)} detectors", columns, rows, optional=("parameters", "source", "version"))


@app.command
def bench(
    folder: Path | None = None,
    *,
    out: Annotated[Path | None, Parameter(help="Keep the sessions that are made in this new folder.")] = None,
    seed: Annotated[int, Parameter(help="Other sessions of the same kinds.")] = 0,
    only: Annotated[str | None, Parameter(help="Detectors, separated by commas; default: all.")] = None,
    labels: Annotated[bool, Parameter(help="Show too how often people agree, from our database.")] = False,
    json: AsJson = False,
) -> None:
    """Measure precision and recall of detectors on sessions in which patterns are planted, or just missed.

    Parameters
    ----------
    folder
        Labelled sessions (with a labels.jsonl); default: made for this run, and gone afterwards.
    """
    from agentobs.analysis import bench as measuring
    from agentobs.analysis.detectors import detectors

    known = list(detectors())
    chosen = known if only is None else [name.strip() for name in only.split(",") if name.strip()]
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        raise SettingsError(f"no detector {unknown[0]!r}; there are {', '.join(known)}")
    with _labelled(folder, out, seed, only and ",".join(chosen)) as where:
        labelled = _read_labels(where / LABELS)
        ours = labelled[labelled["detector"].isin(chosen) | labelled["detector"].isna()].reset_index(drop=True)
        cases = _judge(where, ours, chosen)
    table = measuring.quality(cases, int(ours["detector"].isna().sum()))
    people = _agreement() if labels else None
    if json:
        wrong = cases[~cases["right"]].merge(ours[["session_id", "path", "variant"]], on="session_id", how="left")
        found = {"detectors": output.records(table), "wrong": output.records(wrong)}
        print_json(found if people is None else {**found, "people": output.records(people)})
        return
    _print(table, sorted(set(chosen) - set(table["detector"])))
    if people is not None:
        _print_people(people)


def _judge(where: Path, labels: "pd.DataFrame", chosen: list[str]) -> "pd.DataFrame":
    """What the detectors say of the labelled sessions, right or wrong."""
    from agentobs.analysis.bench import verdicts
    from agentobs.analysis.detectors import find

    with opening.workbench(str(where), None) as wb:
        data = wb.evidence()
    return verdicts(labels, find(data, chosen), data["events"])


@contextmanager
def _labelled(folder: Path | None, out: Path | None, seed: int, only: str | None) -> Iterator[Path]:
    """Give the folder of labelled sessions; ours are made for this run, and gone afterwards unless `out` is named."""
    if folder is not None:
        if out is not None or seed:
            raise SettingsError("a folder has its sessions already: leave out --out and --seed")
        yield folder
    elif out is not None:
        _make(out, seed, only)
        yield out
    else:
        with tempfile.TemporaryDirectory(prefix="agentobs-bench-") as made:
            _make(Path(made), seed, only)
            yield Path(made)


def _make(out: Path, seed: int, only: str | None) -> None:
    """Let the program beside the sample sessions write labelled ones, in a process of its own."""
    package = Path(agentobs.__file__).parent
    places = [place / "labelled_sessions.py" for place in (package / "_data", package.parent / "data")]
    program = next((place for place in places if place.is_file()), None)
    if program is None:
        raise SourceError(f"nothing that makes labelled sessions was installed with {package}; install agentobs again")
    command = [sys.executable, str(program), "--out", str(out), "--seed", str(seed)]
    command += ["--only", only] if only else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["nothing was said"]
        raise SourceError(f"labelled sessions could not be made in {str(out)!r}: {one_line(said[0])}")


def _read_labels(path: Path) -> "pd.DataFrame":
    """The labels of a folder: session_id, path, detector, expected, variant, offsets."""
    import pandas as pd

    names = ("session_id", "path", "detector", "expected", "variant", "offsets")
    try:
        rows = [js.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        cells = [tuple(row[name] for name in names) for row in rows]
    except FileNotFoundError as error:
        raise SourceError(f"no labels at {str(path)!r}; `agentobs detectors bench --out DIR` makes some") from error
    except (ValueError, TypeError, KeyError) as error:
        raise SourceError(f"{str(path)!r} is no file of labels: {error}; each line holds {', '.join(names)}") from error
    return pd.DataFrame(cells, columns=pd.Index(names)).astype({"session_id": "str", "detector": "str"})


def _agreement() -> "pd.DataFrame":
    from agentobs.analysis.bench import agreement

    with opening.workbench(None, None) as wb:
        return agreement(wb.annotations())


def _print(table: "pd.DataFrame", unlabelled: list[str]) -> None:
    columns = {"detector": "left", "": "left", "found": "right", "precision": "left", "recall": "left",
               "alarms on near misses": "right", "alarms on plain": "right"}  # fmt: skip
    rows = [
        (row["detector"], "weak" if row["weak"] else "", f"{row['found']}/{row['planted']}", _span(row, "precision"),
         _span(row, "recall"), f"{row['false_alarms']}/{row['near_misses']}",
         f"{row['plain_alarms']}/{row['plain_sessions']}")
        for row in output.records(table)
    ]  # fmt: skip
    weak = int(table["weak"].sum())
    title = (
        f"{len(rows)} detectors on labelled sessions, 95 % intervals; {weak} weak: precision < 0.95 or recall < 0.90"
    )
    print_table(title, columns, rows)
    if unlabelled:
        print(f"without labels: {', '.join(unlabelled)}")


def _print_people(people: "pd.DataFrame") -> None:
    if people.empty:
        print("nobody has agreed or disagreed with a finding yet")
        return
    columns = {"detector": "left", "votes": "right", "agreed": "right", "precision": "left"}
    rows = [
        (row["detector"], str(row["votes"]), str(row["agreed"]), _span(row, "precision"))
        for row in output.records(people)
    ]
    print_table("What people say of findings", columns, rows)


def _span(row: dict[str, Any], name: str) -> str:
    if row[name] is None:
        return output.UNKNOWN
    return f"{row[name]:.2f} ({row[f'{name}_low']:.2f}-{row[f'{name}_high']:.2f})"
