"""Reports: a notebook of ours, run with checked parameters in a process of its own, written as one HTML file."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agentobs.errors import ReportError
from agentobs.reports.environment import clean
from agentobs.reports.parameters import checked
from agentobs.reports.templates import find

Progress = Callable[[int, int, str], None]
GRACE_S = 15


@dataclass(frozen=True)
class Report:
    """A finished report: the HTML file, and the executed notebook beside it."""

    name: str
    path: Path
    notebook: Path
    parameters: Mapping[str, object]


def run(
    name: str,
    out: Path,
    parameters: Mapping[str, object] | None = None,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
    cell_timeout_s: int = 600,
) -> Report:
    """Return the report `name`, written into the folder `out` as <name>.html with <name>.ipynb beside it.

    Parameters
    ----------
    name : usage, ... ; one of templates.names()
    parameters : values for what the notebook declares; text is read as the declared type
    folder : where the notebooks are; ours when not given
    progress : called with (cells done, cells in all, what is going on)
    cell_timeout_s : a cell that takes longer fails the run, in seconds

    Raises
    ------
    ReportError : no such report or parameter, a value of another type, or a cell that failed; the notebook as far
        as it came then stays beside the report, its name ending in .failed.ipynb
    """
    source = find(name, folder)
    values = checked(source, parameters or {})
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"reports cannot be written to {out}: {error.strerror}; name another folder") from error
    partial = out / f"{name}.failed.ipynb"
    task = {
        "source": str(source),
        "partial": str(partial),
        "html": str(out / f"{name}.html"),
        "parameters": values,
        "cell_timeout_s": cell_timeout_s,
    }
    answer = _in_child(task, progress or (lambda done, total, what: None))
    if "error" in answer:
        kept = f"; the notebook as far as it came is {partial}" if partial.is_file() else ""
        raise ReportError(f"report {name!r} failed {answer['error']}{kept}")
    notebook = partial.replace(out / f"{name}.ipynb")
    return Report(name, Path(task["html"]), notebook, values)


def _in_child(task: dict[str, object], progress: Progress) -> dict[str, str]:
    """Run the task in a process of its own, without our secrets; end it and its kernel whatever happens here."""
    with tempfile.TemporaryDirectory(prefix="agentobs-report-") as folder:
        scratch = Path(folder)
        log = scratch / "stderr"
        with log.open("wb") as stderr:
            child = subprocess.Popen(
                [sys.executable, "-m", "agentobs.reports.execute"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=clean(os.environ, scratch),
                text=True,
                encoding="utf-8",
            )
        try:
            return _talk(child, json.dumps(task), progress, log)
        except BaseException:
            child.terminate()
            raise
        finally:
            _end(child)


def _talk(child: subprocess.Popen[str], task: str, progress: Progress, log: Path) -> dict[str, str]:
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(task)
        child.stdin.close()
    except BrokenPipeError:
        return {"error": f"before it began: its process ended with {child.wait()}"}
    for line in child.stdout:
        message = json.loads(line)
        if "what" not in message:
            return message
        progress(message["done"], message["total"], message["what"])
    return {"error": f"without an answer: its process ended with {child.wait()}{_last_line(log)}"}


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").split("\n") if log.is_file() else []
    said = [line for line in lines if line.strip()]
    return f", saying {said[-1].strip()!r}" if said else ""


def _end(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        try:
            child.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
