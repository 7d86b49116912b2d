"""A task given in a prompt that names no criterion of success, no check and no code.

Only prompts that set work off are looked at; "yes", "go on" and answers to the agent's question are no tasks. What a
picture, a file or an earlier prompt beside it says is not seen: later prompts count with less confidence.
On labelled sessions (`agentobs detectors bench`): precision 1, recall 1, measured after version 2 had been made
with those sessions known.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors import _pushback_words as lexicon
from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._endings import sessions_of

_CRITERION = re.compile(
    r"\b(?:should|must|ought to|needs? to|has to|have to|so that|such that|expect\w*|ensure|make sure|until"
    r"|verif\w+|tests?|testing"
    r"|tested|check\w*|confirm|validat\w+|passes|passing|pass|without|instead of|at least|at most"
    r"|no more than"
    r"|(?<!what )(?<!why )(?<!\bhow )exactly|only|when(?:ever)?|acceptance|criteri\w+|requirements?|compiles?|lint"
    r"|coverage|build|returns?"
    r"|outputs?|result\w*"
    r"|(?:don't|do not)(?! (?:know|care|mind|understand|like|think|remember|see|get|have)\b)|never|always"
    r"|error|fail\w*|exception|trace|(?<!n't )(?<!not )(?<!nothing )(?:works|working(?! (?:on|through|at)\b))"
    r"|(?:make|let|get|have)\b.{1,40}\bwork)\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"`[^`]+`|```|https?://|(?<!\w)@[\w./-]+|#\d+|[\w-]+[/\\][\w.-]+|\b[\w-]+\.[A-Za-z]\w{0,7}\b|\b[a-z]\w*_\w+\b"
    r"|\b[a-z]+[A-Z]\w*\b|\b[A-Z][a-z0-9]+[A-Z]\w*\b|\w\(\)|[{};]|<[\w-]+|--\w|\$\w|\b[A-Z_]{4,}\b|\b[0-9a-f]{7,40}\b"
    r"|\b(?:[Cc]lass|[Ff]unction|[Mm]ethod|[Mm]odule|[Ff]iles?|[Ff]older|[Dd]irectory|[Rr]epo|[Rr]epository|[Bb]ranch"
    r"|[Cc]ommit|[Ee]ndpoint|[Cc]omponent|[Ss]cript|[Rr]eadme|[Cc]hangelog|push|pull|merge|release|install|run)\b"
)
_NO_TASK = re.compile(
    r"\A\W*(?:y|yes|yep|yeah|ok(?:ay)?|sure|go(?: ahead| on)?|continue|proceed|please (?:do|continue|proceed)"
    r"|next|thanks?(?: you)?"
    r"|no|nope|done|hi|hello|hey|stop|\d+|[a-d]\)?|do (?:it|that|both|all)|sounds good|looks good|perfect|great"
    r"|lgtm|retry|try again|resume)\b"
    r"|\A\s*(?:cd|ls|conda|pip|npm|npx|bun|yarn|pnpm|git|gh|python3?|node|cargo|docker|uv)\s+\S+"
    r"|\A\s*[/!]\w|\A\s*<|\A\W*(?:what|why|how|who|where|when|which|is|are|can|could|do|does|did|should|would"
    r"|will|have|has)\b[^?]*\?\W*\Z",
    re.IGNORECASE,
)

_ABOUT_WORK = lexicon.compiled(lexicon.REJECTS + lexicon.CORRECTS)


def find(steps: pd.DataFrame, *, max_words: int = 40, min_calls: int = 1) -> pd.DataFrame:
    """Prompts that gave a task without saying when it is done, how to check it, or which code it is about.

    Parameters
    ----------
    steps : frame of STEPS
    max_words : longest prompt that can be thin, in words: a longer one describes
    min_calls : tool calls that must follow before the next prompt: a prompt that set none off gave no task

    Returns
    -------
    HITS. Evidence: the prompt. Severity: low for the first of a session, info for a later one. Confidence: 0.7 and
    0.5. Nothing was certainly in vain. A prompt whose text is unknown says nothing. English and code only.
    """
    return hits(_found(steps, max_words, min_calls))


def _found(steps: pd.DataFrame, max_words: int, min_calls: int) -> Iterator[Hit]:
    chosen = steps[["session_id", "thread_id", "kind"]][steps["kind"].isin(["prompt", "call"])]
    is_prompt, rows = (chosen["kind"] == "prompt").to_numpy(bool), chosen.index.to_numpy()
    main = chosen["thread_id"].isna().to_numpy(bool)
    texts = steps["text"]
    for session in sessions_of(chosen):
        prompts = np.flatnonzero(is_prompt[session] & main[session])
        if not len(prompts):
            continue
        calls = np.diff(np.append(prompts, len(session))) - 1
        for number, (place, count) in enumerate(zip(prompts.tolist(), calls.tolist(), strict=True)):
            one = session[place]
            text = texts.iat[int(rows[one])]
            length = _thin(text, max_words) if count >= min_calls and not (number and _about_work(text)) else None
            if length is not None:
                said = f"a task of {length} word{'s' * (length > 1)} names no criterion, check or code"
                yield Hit(rows[[one]], [], "info" if number else "low", 0.5 if number else 0.7, said)


def _about_work(text: object) -> bool:
    """Tell whether a prompt rejects or corrects the work before it: that is what it is about."""
    return isinstance(text, str) and _ABOUT_WORK.search(text) is not None


def _thin(text: object, max_words: int) -> int | None:
    """Return how many words a thin prompt has; None: it is none."""
    if not isinstance(text, str):
        return None
    words = len(text.split())
    if not 0 < words <= max_words or _NO_TASK.search(text) or _CRITERION.search(text):
        return None
    foreign = sum(not letter.isascii() for letter in text if letter.isalpha())
    if 5 * foreign > sum(map(str.isalpha, text)):
        return None  # a language that the words above are not of
    return None if _CODE.search(text) else words


DETECTOR = Detector(
    name="thin_prompt",
    version=2,
    title="Thin prompt",
    definition="A prompt that sets work off (at most 40 words) without success criterion, check, or reference to code.",
    source="agentobs",
    find=find,
)
