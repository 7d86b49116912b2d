"""Searching without finding: many searches of which hardly any leads to a look at something that was found.

Searches of the web are left out: what they find is no file.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.derive.sessions import COMMANDS
from agentobs.analysis.detectors import _reading
from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import base_name, filtered, flags, threads
from agentobs.analysis.steps.outputs import named_files

_ELSEWHERE = r"web|tool_?search|memory|docs|library"
_READS_TOO = re.compile(r"\b(?:cat|sed -n|head|tail|nl)\b[^|;&]*\.\w+")
_COLUMNS = ("session_id", "thread_id", "kind", "type", "tool_name", "file_path", "failed", "status", "command",
            "output_chars", "named_files")  # fmt: skip
_SHOWN = 4_000  # characters of an output that the steps keep


def find(steps: pd.DataFrame, *, at_least: int = 5, share: float = 0.2, within: int = 10) -> pd.DataFrame:
    """Stretches of work with many searches and few reads of what they found (2512.02393).

    A stretch is a thread from one prompt of the human to the next. A search leads to a read when one of the next calls
    reads, prints or edits a file that it named, or the command printed a file itself.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : searches of a stretch that count, those whose result is known
    share : of them lead to a read: fewer than this, in [0, 1]
    within : calls after a search in which a read follows from it

    Returns
    -------
    HITS: the searches. Severity: medium from twice as many searches on or where none led anywhere, else low. Confidence
    0.85; 0.6 where the names of hits may be in the cut part of a result. Nothing was certainly in vain: not to find
    something is a result.
    """
    return hits(_found(steps, at_least, share, within))


def _found(steps: pd.DataFrame, at_least: int, share: float, within: int) -> Iterator[Hit]:
    wanted = steps["kind"].isin(["call", "prompt"]).to_numpy(bool)
    chosen, told = filtered(steps, wanted, _COLUMNS), steps["output"].notna()[wanted]
    elsewhere = chosen["tool_name"].str.contains(_ELSEWHERE, case=False, na=False)
    searches = (chosen["type"] == "search_performed") & (chosen["kind"] == "call") & ~elsewhere
    known = (searches & told & ~chosen["status"].isin(["denied", "interrupted"])).to_numpy(bool)
    prompts, rows = (chosen["kind"] == "prompt").to_numpy(bool), chosen.index.to_numpy()
    cut = (chosen["output_chars"].fillna(0) > _SHOWN).to_numpy(bool)
    reads = known.copy()
    reads[known] = chosen["command"][known].str.contains(_READS_TOO, na=False)
    seen, hit = _Looks(chosen), _Hits(steps.iloc[np.flatnonzero(wanted)[known]], np.flatnonzero(known))
    for thread in threads(chosen):
        if known[thread].sum() < at_least:
            continue
        for stretch in np.split(thread, np.flatnonzero(prompts[thread])):
            places = np.flatnonzero(known[stretch])
            if len(places) < at_least:
                continue
            led = [
                reads[stretch[place]] or bool(hit(stretch[place]) & seen(stretch[place + 1 : place + 1 + within]))
                for place in places.tolist()
            ]
            if sum(led) >= share * len(places):
                continue
            own = stretch[places]
            yield Hit(
                rows[own],
                [],
                "medium" if not any(led) or len(own) >= 2 * at_least else "low",
                0.6 if cut[own[~np.array(led)]].any() else 0.85,
                f"{len(own)} searches, of which {sum(led)} led to a look at a file that they had found",
            )


class _Hits:
    """Base names of the files that a search found."""

    def __init__(self, searches: pd.DataFrame, places: np.ndarray) -> None:
        self._named, self._output = searches["named_files"].tolist(), searches["output"].tolist()
        asked = searches["command"].where(searches["command"].notna(), searches["text"])
        self._asked, self._path = asked.tolist(), searches["file_path"].tolist()
        self._rows = dict(zip(places.tolist(), range(len(places)), strict=True))

    def __call__(self, search: int) -> set[str]:
        place = self._rows[search]
        if _reading.found_nothing(self._output[place]):
            return set()
        found, asked = self._named[place], self._asked[place]
        names = set(found) if isinstance(found, list) else set()
        if isinstance(asked, str):
            names |= set(named_files(asked))
        return names | ({base_name(self._path[place])} if isinstance(self._path[place], str) else set())


class _Looks:
    """Base names of the files that calls read, printed or edited."""

    def __init__(self, chosen: pd.DataFrame) -> None:
        looks = chosen["type"].isin(["file_read", "file_write"]) & ~flags(chosen["failed"])
        self._files = chosen["file_path"].where(looks).tolist()
        self._commands = chosen["command"].where(chosen["type"].isin(COMMANDS)).tolist()
        self._kept: dict[int, set[str]] = {}

    def __call__(self, places: np.ndarray) -> set[str]:
        return set().union(*(self._one(place) for place in places.tolist()))

    def _one(self, place: int) -> set[str]:
        if place not in self._kept:
            path, command = self._files[place], self._commands[place]
            names = {base_name(path)} if isinstance(path, str) else set()
            if isinstance(command, str) and _reading.prints_files(command):
                names |= set(named_files(command))
            self._kept[place] = names
        return self._kept[place]


DETECTOR = Detector(
    name="search_thrash",
    version=1,
    title="Searching without finding",
    definition="At least 5 searches between two prompts of which fewer than 20 % lead to a read of a hit.",
    source="arXiv 2512.02393",
    find=find,
)
