"""What a pattern is here: how to plant it, and how to stay just outside its definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Act = Callable[[Any, int], None]  # a scene and the variant's number


@dataclass(frozen=True)
class Pattern:
    """A detector's definition as acts, between the scene's opening and closing unless they bring their own."""

    plant: Act
    miss: Act
    opens: bool = True
    closes: bool = True
    codex: bool = True  # whether Codex can show it too: some variants then are its
    variants: int = 16


def one_of(s: Any, i: int, *acts: Act) -> None:
    """Take turns: variant i is the act i modulo their number, told which round it is."""
    acts[i % len(acts)](s, i // len(acts))
