"""The human pushes back: the next prompt rejects or corrects what the agent did, or the agent is interrupted.

A lexicon of English phrases reads the first sentences of prompts that follow an agent's work; irony, a new task that
corrects without saying so, and more than an opening "no" of other languages are not seen. Interrupts are findings of
their own. On labelled sessions (`agentobs detectors bench`): precision 1, recall 1, measured after the lexicon of
version 2 had been written with those sessions known: other people's words will do less well.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors import _pushback_words as lexicon
from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._endings import sessions_of

_REJECTS = lexicon.compiled(lexicon.REJECTS)
_CORRECTS = lexicon.compiled(lexicon.CORRECTS)
_ACCEPTS = lexicon.compiled(lexicon.ACCEPTS)
_ANSWERS = lexicon.compiled((lexicon.ANSWERS,))
_HASTY = re.compile(lexicon.HASTY, re.IGNORECASE)
_ASKS = re.compile(r"\?[\s\W]*\Z")
_CODE = re.compile(
    r"```.*?(?:```|\Z)|`[^`]*`|^\s*(?:at |File \"|>|\|).*$|<[\w-]+>.*?</[\w-]+>", re.DOTALL | re.MULTILINE
)
_KINDS = ("prompt", "interrupt", "answer", "call")


def find(steps: pd.DataFrame, *, words: int = 60) -> pd.DataFrame:
    """Prompts that reject or correct the work before them, and interrupts.

    Parameters
    ----------
    steps : frame of STEPS
    words : how much of a prompt is read, in words; code and quotations are left out

    Returns
    -------
    HITS. Evidence: the prompt, and the last thing that the agent said or did before it; of an interrupt, its mark and
    the calls it stopped (those were in vain). Severity: high for a rejection, medium for a correction or an interrupt.
    Confidence: 0.8 for a rejection, 0.7 for a correction, 0.95 for an interrupt, which is recorded. The text of a
    prompt that is unknown says nothing, a first prompt can't push back.
    """
    return hits(_found(steps, words))


def _found(steps: pd.DataFrame, words: int) -> Iterator[Hit]:
    chosen = steps[["session_id", "thread_id", "kind", "status", "tool_name"]][steps["kind"].isin(_KINDS)]
    kinds, rows = chosen["kind"].to_numpy(object), chosen.index.to_numpy()
    main = chosen["thread_id"].isna().to_numpy(bool)
    stopped = (chosen["status"] == "interrupted").fillna(value=False).to_numpy(bool)
    tools, texts, outputs = chosen["tool_name"].tolist(), steps["text"], steps["output"]
    for session in sessions_of(chosen):
        own = session[main[session]]
        if (kinds[own] == "prompt").sum() + stopped[own].sum() < 2 and not stopped[own].any():
            continue
        work: int | None = None
        marks: list[int] = []
        for one in own.tolist():
            kind = kinds[one]
            if kind == "interrupt" or (
                stopped[one] and kind != "prompt" and not _is_sibling(outputs.iat[int(rows[one])])
            ):
                marks.append(one)
                continue
            if marks and kind == "prompt":
                yield _interrupt(marks, kinds, rows, tools)
                marks = []
            if kind == "prompt":
                asked = work is not None and kinds[work] == "answer" and _ends_in_question(texts.iat[int(rows[work])])
                degree = _degree(texts.iat[int(rows[one])], words, asked) if work is not None else None
                if degree is not None:
                    yield _prompt(rows[[work, one]].tolist(), degree)
                work = None
            else:
                work = one
        if marks:
            yield _interrupt(marks, kinds, rows, tools)


def _is_sibling(output: object) -> bool:
    """Tell whether a call was cancelled because another one of its response failed: no human did that."""
    return isinstance(output, str) and "ibling tool call" in output


def _ends_in_question(text: object) -> bool:
    return isinstance(text, str) and _ASKS.search(text[-400:]) is not None


def _degree(text: object, words: int, asked: bool) -> str | None:
    if not isinstance(text, str):
        return None
    read = _HASTY.sub(r"\1n't", " ".join(_CODE.sub(" ", text).replace("\u2019", "'").split()[:words]))
    if not read or _ACCEPTS.search(read):
        return None
    if asked:
        read = _ANSWERS.sub("", read)
    return "rejects" if _REJECTS.search(read) else "corrects" if _CORRECTS.search(read) else None


def _prompt(evidence: list[int], degree: str) -> Hit:
    rejects = degree == "rejects"
    return Hit(evidence, [], "high" if rejects else "medium", 0.8 if rejects else 0.7,
               f"the human's next prompt {degree} what the agent did")  # fmt: skip


def _interrupt(marks: list[int], kinds: np.ndarray, rows: np.ndarray, tools: list[object]) -> Hit:
    calls = [one for one in marks if kinds[one] == "call"]
    amid = f" amid {tools[calls[-1]]}" if calls else ""
    return Hit(rows[marks], rows[calls], "medium", 0.95, f"the human interrupted the agent{amid}")


DETECTOR = Detector(
    name="user_pushback",
    version=2,
    title="The human pushes back",
    definition="The human's next turn rejects or corrects what the agent did; an explicit interrupt counts apart.",
    source="SWE-chat, arXiv 2604.20779",
    find=find,
)
