"""Sessions that end in the middle: on a call without a result, on an error, or on a question nobody answered.

A record that is cut off, or a session still running, looks the same. An agent's closing offer ("shall I also ...?")
after work was done is no open question; a session that its record says ended well is none.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._endings import FINISHING, sessions_of
from agentobs.analysis.detectors._sequences import edits_of, flags

_KINDS = ("prompt", "answer", "call", "error", "end")
_QUESTION = re.compile(r"\?[\s\W]*\Z")
_OFFER = re.compile(
    r"\b(?:would you like|want me to|do you want|shall i|should i|anything else|let me know|if you(?:'d"
    r"| would)? (?:like|want|prefer)"
    r"|happy to|can i help|may i help|help you|next step|like me to|what would you like|how can i)\b",
    re.IGNORECASE,
)
_FAREWELL = re.compile(
    r"\A\W*(?:thanks?|thank you|bye|great|perfect|nice|ok(?:ay)?|cool|done|lgtm|/?(?:exit|quit|clear|compact|cost"
    r"|status|login|logout|model|help))\b",
    re.IGNORECASE,
)


def find(steps: pd.DataFrame) -> pd.DataFrame:
    """How sessions ended that did not come to an end.

    Parameters
    ----------
    steps : frame of STEPS

    Returns
    -------
    HITS, at most one per session: the last thing in its main thread is a call without a result (medium, though results
    of other calls are recorded), an error or a failed call (high), a prompt without an answer (medium), or an answer
    that asks the human something (low). Confidence: 0.8, for the agent's question 0.5, for a prompt 0.7. A call that
    was in vain: the pending one. Where no call of the session has a result, a missing one is unknown.
    """
    return hits(_found(steps))


def _found(steps: pd.DataFrame) -> Iterator[Hit]:
    columns = ["session_id", "thread_id", "kind", "type", "status", "failed", "result_event_id", "tool_name"]
    chosen = steps[columns][steps["kind"].isin(_KINDS)]
    kinds, rows = chosen["kind"].to_numpy(object), chosen.index.to_numpy()
    main = chosen["thread_id"].isna().to_numpy(bool)
    answered = chosen["result_event_id"].notna().to_numpy(bool)
    failed, edited = flags(chosen["failed"]), edits_of(chosen) & (kinds == "call")
    statuses, tools, texts = chosen["status"].tolist(), chosen["tool_name"].tolist(), steps["text"]
    commands = steps["command"]
    for session in sessions_of(chosen):
        own = session[main[session]]
        if not len(own):
            continue
        ends = own[kinds[own] == "end"]
        status = statuses[ends[-1]] if len(ends) else None
        said = own[kinds[own] != "end"]
        if not len(said) or status == "ok":
            continue
        last = int(said[-1])
        pending = _pending(said, kinds, answered)
        if pending and answered[session].any():
            yield _pending_hit(rows[pending], tools[pending[-1]])
        elif status == "error":
            yield Hit(
                rows[[last, ends[-1]]], [], "high", 0.9, "the session's own record says that it ended in an error"
            )
        elif kinds[last] == "error" or (
            kinds[last] == "call" and failed[last] and not _finishing(tools[last], commands.iat[rows[last]])
        ):
            what = "an error" if kinds[last] == "error" else f"a failed call of {tools[last]}"
            yield Hit([rows[last]], [], "high", 0.8, f"the session ends on {what}, nothing was said or done after it")
        elif kinds[last] == "prompt" and len(said) > 0 and not _closes(texts.iat[rows[last]]):
            yield Hit([rows[last]], [], "medium", 0.7, "the session ends on a prompt that nobody answered")
        elif kinds[last] == "answer" and _asks(texts.iat[rows[last]], bool(edited[session].any())):
            yield Hit([rows[last]], [], "low", 0.5, "the session ends on the agent's question to the human")


def _pending(said: np.ndarray, kinds: np.ndarray, answered: np.ndarray) -> list[int]:
    """Calls at the end without a result: no answer, prompt or other result comes after them."""
    found: list[int] = []
    for one in said[::-1].tolist():
        if kinds[one] != "call" or answered[one]:
            break
        found.append(one)
    return found[::-1]


def _pending_hit(rows: np.ndarray, tool: object) -> Hit:
    count = len(rows)
    what = f"a call of {tool}" if count == 1 else f"{count} calls"
    return Hit(rows, rows, "medium", 0.8, f"the session ends on {what} without a result")


def _finishing(tool: object, command: object) -> bool:
    return tool in FINISHING or (isinstance(command, str) and "SUBMIT" in command)


def _closes(text: object) -> bool:
    return not isinstance(text, str) or _FAREWELL.search(text) is not None or not text.strip()


def _asks(text: object, worked: bool) -> bool:
    if not isinstance(text, str) or not _QUESTION.search(text[-400:]):
        return False
    final = re.split(r"(?<=[.!?])\s+|\n+", text.strip()[-400:])[-1]
    return not (worked and _OFFER.search(final)) and not re.search(
        r"\banything else|how can i|help you\b", final, re.IGNORECASE
    )


DETECTOR = Detector(
    name="abandonment",
    version=1,
    title="Ended in the middle",
    definition="The session ends on a pending tool, an error or an unanswered question.",
    source="agentobs",
    find=find,
)
