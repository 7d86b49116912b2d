"""The same error over and over, with nothing done about the files that it names."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.derive.sessions import COMMANDS
from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import base_name, codes, edits_of, flags, of_kinds, threads
from agentobs.analysis.steps.outputs import named_files

_WRITES = re.compile(
    r"(?<![0-9&])>{1,2} ?[\w./~$\"'-]*[\w\"']|\bsed -i|\btee\b|\bpatch\b"
    r"|\bgit (?:apply|checkout|restore|reset|revert)\b"
)


def find(steps: pd.DataFrame, *, at_least: int = 3) -> pd.DataFrame:
    """Failed calls with the same fingerprint (numbers, folders, hex masked) and no edit of an implicated file between.

    Implicated are the files that the error or the call names. Where neither names one, and where a command failed (a
    test, a build, a script), which may be about any file, any edit is an attempt to mend it. A command that writes a
    file (a redirection, sed -i, tee, patch) is an edit. A new prompt of the human begins anew. Calls that were denied
    or interrupted are no errors.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : occurrences that count

    Returns
    -------
    HITS. Evidence is every occurrence; all but the first were in vain. Severity: high where also the arguments were
    the same each time, else medium.
    """
    return hits(_found(steps, at_least))


def _found(steps: pd.DataFrame, at_least: int) -> Iterator[Hit]:
    chosen = of_kinds(steps, "call", "prompt")
    failed = flags(chosen["failed"]) & ~chosen["status"].isin(["denied", "interrupted"]).to_numpy(bool)
    keys = np.where(failed, codes(chosen["error_key"]), -1)
    arguments, rows = codes(chosen["argument_key"]), chosen.index.to_numpy()
    tools, is_prompt = chosen["tool_name"].tolist(), (chosen["kind"] == "prompt").to_numpy(bool)
    edited = edits_of(chosen)
    for thread in threads(chosen):
        own = keys[thread]
        counts = np.bincount(own[own >= 0], minlength=1)
        wanted = set(np.flatnonzero(counts >= at_least).tolist())
        if not wanted:
            continue
        for run in _runs(steps, rows, thread, keys, wanted, edited, is_prompt):
            if len(run) >= at_least:
                same = len(set(arguments[run].tolist())) == 1 and arguments[run[0]] >= 0
                how = "the same call each time" if same else "different calls"
                said = (
                    f"{tools[run[0]]} failed {len(run)} times with the same error, no file it names was edited ({how})"
                )
                yield Hit(rows[run], rows[run[1:]], "high" if same else "medium", 0.9, said)


def _runs(
    steps: pd.DataFrame, rows: np.ndarray, thread: np.ndarray, keys: np.ndarray, wanted: set[int],
    edited: np.ndarray, is_prompt: np.ndarray,
) -> Iterator[list[int]]:  # fmt: skip
    """Yield the occurrences of each error of a thread, broken where somebody tried to do something about it."""
    paths, commands = steps["file_path"].array, steps["command"].array
    runs: dict[int, list[int]] = {}
    named: dict[int, set[str]] = {}
    for one in thread.tolist():
        key = int(keys[one])
        if key in wanted:
            runs.setdefault(key, []).append(one)
            if key not in named:
                named[key] = _implicated(steps, int(rows[one]))
        elif is_prompt[one]:
            yield from runs.values()
            runs = {}
        elif runs and (edited[one] or _writes(commands[rows[one]])):
            path = paths[rows[one]]
            name = base_name(path) if isinstance(path, str) else None
            for key in [key for key in runs if not named[key] or name is None or name in named[key]]:
                yield runs.pop(key)
    yield from runs.values()


def _writes(command: object) -> bool:
    return isinstance(command, str) and _WRITES.search(command) is not None


def _implicated(steps: pd.DataFrame, row: int) -> set[str]:
    """The base names of the files that an error is about; empty: it may be any, as where a test fails."""
    kind, output, target, path = (steps[name].iat[row] for name in ("type", "output", "target", "file_path"))
    if kind in COMMANDS:
        return set()
    said = "\n".join(text for text in (output, target) if isinstance(text, str))
    found = {name for name in named_files(said) if not name[0].isdigit()}
    return found | ({base_name(path)} if isinstance(path, str) else set())


DETECTOR = Detector(
    name="same_error_retry",
    version=1,
    title="The same error again and again",
    definition="The same error fingerprint at least 3 times with no edit to an implicated file between.",
    source="agentobs",
    find=find,
)
