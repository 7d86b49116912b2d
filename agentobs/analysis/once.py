"""What follows from a frame alone, computed once for it and kept as long as it lives.

Thirty detectors ask the same of the same million steps: which of them are one thread, which are checks, what each cost.
"""

import weakref
from collections.abc import Callable, Hashable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np
import pandas as pd

_P = ParamSpec("_P")
_T = TypeVar("_T")


def once_per_frame(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let a pure function of frames, given by position, and hashable values answer each question once.

    Frames are known by identity: whoever changes one in place gets the old answer, so nobody does. Answers are shared;
    arrays among them are read-only.
    """
    kept: dict[tuple[Hashable, ...], _T] = {}

    @wraps(function)
    def answer(*arguments: _P.args, **named: _P.kwargs) -> _T:
        frames = [one for one in arguments if isinstance(one, pd.DataFrame)]
        key = (
            *(id(one) if isinstance(one, pd.DataFrame) else one for one in arguments),
            *sorted(named.items()),
        )
        if key in kept:
            return kept[key]
        made = function(*arguments, **named)
        if isinstance(made, np.ndarray):
            made.setflags(write=False)
        kept[key] = made
        for frame in frames:
            weakref.finalize(frame, kept.pop, key, None).atexit = False
        return made

    return answer
