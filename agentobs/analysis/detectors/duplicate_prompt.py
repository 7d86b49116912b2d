"""A prompt that says again what an earlier prompt of the session said.

Words are compared as sets, in lower case; prompts of a few words ("go on", "yes please") repeat for good reasons.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._endings import sessions_of
from agentobs.analysis.detectors._sequences import of_kinds

_WORD = re.compile(r"[^\W_]+")


def find(steps: pd.DataFrame, *, similarity: float = 0.85, min_words: int = 5) -> pd.DataFrame:
    """Prompts whose words are nearly those of an earlier prompt of the same session.

    Parameters
    ----------
    steps : frame of STEPS
    similarity : Jaccard index of the sets of words from which on a prompt is a duplicate, in [0, 1]
    min_words : distinct words that a prompt must have

    Returns
    -------
    HITS, one per duplicate. Evidence: the earlier prompt that is most alike, and the duplicate. Severity: medium from
    the second duplicate of the same prompt on, else low. Confidence: 0.95 where the words are the same, else 0.85.
    What was done between may have been right: nothing was certainly in vain. A prompt without text says nothing.
    """
    return hits(_found(steps, similarity, min_words))


def _found(steps: pd.DataFrame, similarity: float, min_words: int) -> Iterator[Hit]:
    prompts = of_kinds(steps, "prompt")
    rows, texts = prompts.index.to_numpy(), prompts["text"].tolist()
    times_of = prompts["started_at"].tolist()
    for session in sessions_of(prompts):
        if len(session) < 2:
            continue
        earlier: list[tuple[int, frozenset[str]]] = []
        times: dict[int, int] = {}
        for one in session.tolist():
            words = frozenset(_WORD.findall(texts[one].lower())) if isinstance(texts[one], str) else frozenset()
            if len(words) < min_words:
                continue
            place, best = _most_alike(words, earlier)
            if place is not None and best == 1 and times_of[place] == times_of[one]:
                continue  # recorded twice, said once
            if place is not None and best >= similarity:
                times[place] = times.get(place, 0) + 1
                yield _hit(rows[[place, one]], best, times[place])
            else:
                earlier.append((one, words))


def _most_alike(words: frozenset[str], earlier: list[tuple[int, frozenset[str]]]) -> tuple[int | None, float]:
    place, best = None, 0.0
    for one, others in earlier:
        if min(len(words), len(others)) > best * max(len(words), len(others)):
            alike = len(words & others) / len(words | others)
            if alike > best:
                place, best = one, alike
    return place, best


def _hit(evidence: np.ndarray, alike: float, times: int) -> Hit:
    said = f"a prompt repeats an earlier one of the session (Jaccard {alike:.2f}"
    said += f", its repetition number {times})" if times > 1 else ")"
    return Hit(evidence, [], "medium" if times > 1 else "low", 0.95 if alike == 1 else 0.85, said)


DETECTOR = Detector(
    name="duplicate_prompt",
    version=1,
    title="The same prompt again",
    definition="A prompt whose words have a Jaccard index of at least 0.85 with an earlier prompt of the session.",
    source="agentobs",
    find=find,
)
