"""The contract of a detector.

A detector is one module that ends in `DETECTOR = Detector(...)` and one test table; nothing else changes. Its `find`

- gets the frames that `needs` names, in that order, of any number of whole sessions, and its parameters by keyword;
- is pure and vectorised: no clock, no database, no unseeded randomness; a million events take seconds;
- returns HITS (`hits`): which steps show it, and which of them were in vain;
- never takes unknown for known: a missing outcome is neither failure nor success, a missing text says nothing.

`steps` is always the first of `needs`; a hit names rows of it. What a hit wasted follows from its wasted steps, in one
place for all (`waste`), so that no second, token or dollar is billed twice. `version` changes when results change.
"""

from collections.abc import Callable, Iterable, Sequence
from inspect import Parameter, signature
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd

from agentobs.errors import SettingsError

SEVERITIES = ("info", "low", "medium", "high", "critical")
HIT_COLUMNS = ("steps", "wasted", "severity", "confidence", "explanation", "key")

Rows = Sequence[int] | np.ndarray


class Hit(NamedTuple):
    """One thing that a detector saw: rows of the steps frame (their index), first to last."""

    steps: Rows  # evidence, at least one, all of one session
    wasted: Rows  # calls and answers that were in vain; empty: nothing, or nobody can say
    severity: str  # one of SEVERITIES
    confidence: float  # in [0, 1]: how sure the definition is met, not how bad it is
    explanation: str  # one sentence with the numbers, no secrets, at most 300 characters
    key: str = ""  # what tells it from another hit of this detector on the same steps: a rule, a file; in no text


class Detector(msgspec.Struct, frozen=True, kw_only=True):
    """One pattern and how to find it."""

    name: str
    version: int
    title: str  # what it is called on a page: "Same call again and again"
    definition: str  # one sentence, with the defaults
    source: str  # where the definition comes from: a paper's number, or "agentobs"
    needs: tuple[str, ...] = ("steps",)  # names of frames; steps comes first
    find: Callable[..., pd.DataFrame]

    @property
    def parameters(self) -> dict[str, Any]:
        """The keyword arguments of `find` and their defaults."""
        keywords = signature(self.find).parameters.values()
        return {word.name: word.default for word in keywords if word.kind is Parameter.KEYWORD_ONLY}

    def chosen(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the defaults with these in their place; raise SettingsError for one that there is not."""
        unknown = sorted(set(parameters) - set(self.parameters))
        if unknown:
            known = ", ".join(self.parameters) or "none"
            raise SettingsError(f"detector {self.name} has no parameter {unknown[0]!r}; it has {known}")
        return self.parameters | parameters


def hits(found: Iterable[Hit]) -> pd.DataFrame:
    """Return hits as a frame: steps, wasted (lists of int), severity, confidence (Float64), explanation, key (str)."""
    rows = [(list(map(int, hit.steps)), list(map(int, hit.wasted)), *hit[2:]) for hit in found]
    data = pd.DataFrame(rows, columns=list(HIT_COLUMNS), dtype="object")
    return data.astype({"severity": "str", "confidence": "Float64", "explanation": "str", "key": "str"})
