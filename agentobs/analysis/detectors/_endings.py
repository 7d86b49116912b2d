"""How sessions end: what they changed last, what was checked after it, and who stopped."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._checks import FAILED, NONE, PASSED, UNKNOWN, checks_of, code_edits_of
from agentobs.analysis.detectors._sequences import sessions_of

# Aider applies its answer: edits after the last answer are a part of it
_EDITS_FROM_ANSWERS = ("aider",)
FINISHING = ("submit", "finish", "attempt_completion", "task_complete", "complete_task", "exit_plan", "done")
_SUBMITS = re.compile(r"COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
_KINDS = ("prompt", "answer", "thought", "interrupt", "call", "error")


class Ending(NamedTuple):
    """The end of one session that changed code; numbers are rows of the steps."""

    rows: np.ndarray  # all of the session
    edit: int  # the last edit
    checks: np.ndarray  # checks after it
    passed: bool  # one of them did
    unknown: bool  # one of them does not say
    failed: bool  # one of them failed
    last: int  # the last step of the main thread that says something
    how: str  # finished: the agent said or sent its last word | stopped: amid work | human: prompt or interrupt
    answer: int | None  # the agent's last message in the main thread


def endings(steps: pd.DataFrame, outcome: np.ndarray | None = None) -> Iterator[Ending]:
    """Yield the end of each session that changed code; `outcome` is checks_of(steps), where that is at hand."""
    edited, outcome = code_edits_of(steps), checks_of(steps) if outcome is None else outcome
    kinds = steps["kind"].to_numpy(dtype=object)
    main = steps["thread_id"].isna().to_numpy(bool) & np.isin(kinds, _KINDS)
    tools, commands, agents = (steps[name].array for name in ("tool_name", "command", "agent"))
    for rows in sessions_of(steps):
        changed = rows[edited[rows]]
        own = rows[main[rows]]
        if not len(changed) or not len(own):
            continue
        edit, last = int(changed[-1]), int(own[-1])
        later = rows[rows > edit]
        checks = later[outcome[later] != NONE]
        said = own[kinds[own] == "answer"]
        passed, unknown, failed = (bool((outcome[checks] == one).any()) for one in (PASSED, UNKNOWN, FAILED))
        how = _how(kinds[last], tools[last], commands[last])
        if edited[last] and len(said) and agents[last] in _EDITS_FROM_ANSWERS:
            how = "finished"
        answer = int(said[-1]) if len(said) else None
        yield Ending(rows, edit, checks, passed, unknown, failed, last, how, answer)


def _how(kind: str, tool: object, command: object) -> str:
    if kind in {"prompt", "interrupt"}:
        return "human"
    finished = kind == "answer" or tool in FINISHING or (isinstance(command, str) and bool(_SUBMITS.search(command)))
    return "finished" if finished else "stopped"
