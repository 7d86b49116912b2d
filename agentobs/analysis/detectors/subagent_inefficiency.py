"""Subagents that did the same work twice, and subagents whose answer nothing refers to afterwards.

A subagent is a call of a tool that starts one. Twins are found by their arguments; an unused answer by its telling
words (names of files, identifiers, URLs) that occur neither in the task nor in anything the caller does or says later.
An answer that was read and rightly led to nothing looks the same.
"""

import re
from collections.abc import Iterator

import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import flags, threads

_STARTS = (
    r"(?i)\A(?:task|agent|subagent|spawn_agent|dispatch_agent|new_task|delegate\w*|run_?subagent|call_omo_agent"
    r"|background_task"
    r"|use_subagent|codebase_investigator|generalist)\Z"
)
_FILLER = frozenset(
    "the and for all any please now then with that this from into also again every each of to in an is it".split()
)
_WORD = re.compile(r"[^\W_]{2,}")
_TELLING = re.compile(
    r"https?://[^\s)\"'<>]+|[\w-]+(?:/[\w.-]+)+|\b[\w-]+\.[A-Za-z]{1,5}\b|\b[a-z]+_\w+\b|\b[a-z]+[A-Z]\w+\b"
    r"|\b[A-Z][a-z]+[A-Z]\w+\b"
)


def find(
    steps: pd.DataFrame, *, similarity: float = 0.8, min_words: int = 8, telling: int = 5, later: int = 3
) -> pd.DataFrame:
    """Twins among subagents, and subagents whose results were not used.

    Parameters
    ----------
    steps : frame of STEPS
    similarity : Jaccard index of the words of two tasks from which on they are twins, in [0, 1]
    min_words : distinct words that a task must have to be compared
    telling : telling words that an answer must have before its use can be judged
    later : steps with text of the caller after the answer that are needed for the same

    Returns
    -------
    HITS. Twins: both calls (two tasks that each name something the other does not are none), medium, confidence 0.85.
    An answer nothing refers to: its call, low, 0.5. A call that failed
    is no twin of its retry and gives nothing to use; an unknown answer says nothing. Nothing was certainly in vain.
    """
    return hits(_found(steps, similarity, min_words, telling, later))


def _found(steps: pd.DataFrame, similarity: float, min_words: int, telling: int, later: int) -> Iterator[Hit]:
    started = steps["tool_name"].str.contains(_STARTS, na=False)
    sessions = steps["session_id"][started].unique()
    if not len(sessions):
        return
    chosen = steps[steps["session_id"].isin(sessions) & steps["kind"].isin(["call", "answer", "prompt"])]
    starts = started[chosen.index].to_numpy(bool) & ~flags(chosen["failed"])
    rows, texts, outputs = chosen.index.to_numpy(), chosen["text"].tolist(), chosen["output"].tolist()
    for thread in threads(chosen):
        if not starts[thread].any():
            continue
        calls = thread[starts[thread]].tolist()
        words = {one: _words(texts[one]) for one in calls}
        yield from (
            Hit(rows[list(pair)], [], "medium", 0.85, said) for pair, said in _twins(words, similarity, min_words)
        )
        for one in calls:
            after = [row for row in thread.tolist() if row > one]
            count = _unused(texts[one], outputs[one], [texts[row] for row in after], telling, later)
            if count is not None:
                said = (
                    f"of {count} telling words in a subagent's answer none occurs in what the caller did or said later"
                )
                yield Hit(rows[[one]], [], "low", 0.5, said)


def _words(text: object) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower())) if isinstance(text, str) else frozenset()


def _twins(
    words: dict[int, frozenset[str]], similarity: float, min_words: int
) -> Iterator[tuple[tuple[int, int], str]]:
    earlier: list[int] = []
    for one, own in words.items():
        if len(own) < min_words:
            continue
        alike = [(_alike(own, words[other]), other) for other in earlier]
        best = max(alike, default=(0.0, -1))
        if best[0] >= similarity:
            yield (best[1], one), f"two subagents got nearly the same task (Jaccard {best[0]:.2f} of their words)"
        earlier.append(one)


def _alike(own: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard; 0 where each names what the other does not: one template for several things is no twin."""
    mine, theirs = (own - other) - _FILLER, (other - own) - _FILLER
    return 0.0 if mine and theirs else len(own & other) / len(own | other)


def _unused(task: object, answer: object, after: list[object], telling: int, later: int) -> int | None:
    """Return how many telling words an answer has of which none is used later; None: one is, or nobody can say."""
    if not isinstance(answer, str):
        return None
    known = set(_TELLING.findall(task)) if isinstance(task, str) else set()
    own = set(_TELLING.findall(answer)) - known
    said = [text for text in after if isinstance(text, str)]
    if len(own) < telling or len(said) < later:
        return None
    whole = "\n".join(said)
    used = any(word in whole or word.rsplit("/", 1)[-1] in whole for word in own)
    return None if used else len(own)


DETECTOR = Detector(
    name="subagent_inefficiency",
    version=1,
    title="Subagents in vain",
    definition="Subagents whose results are never used again, or twins by similar arguments (Jaccard of at least 0.8).",
    source="agentobs",
    find=find,
)
