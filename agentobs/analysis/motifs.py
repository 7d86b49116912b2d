"""Motifs: short sequences of activities that many sessions have in common, and those that tell outcomes apart.

Subsequences are found by PrefixSpan with a largest gap. Whether one tells outcomes apart is tested by permuting the
outcomes inside each stratum (a project is not compared with another), corrected for all motifs that were tested.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from agentobs.errors import FrameError
from agentobs.frames import require

ARROW = " > "


def motifs(
    activities: pd.DataFrame, *, at_least: float = 0.1, shortest: int = 2, longest: int = 4, gap: int = 0
) -> pd.DataFrame:
    """The sequences of activities that at least so large a share of the sessions contains.

    Parameters
    ----------
    activities : what mining.activities returns
    at_least : share of the sessions; never fewer than 2 of them
    shortest, longest : activities in a motif
    gap : other activities that may stand between two of them, at most; 0: directly one after the other

    Returns
    -------
    One row per motif, most sessions first: motif (str, `edit > test`), length (int64), sessions (int64), share
    (float64), session_ids (object, list of str in their order).
    """
    names, sequences = _sequences(activities)
    enough = max(2, int(np.ceil(at_least * len(names) - 1e-9)))
    found = [
        (ARROW.join(pattern), len(pattern), len(owners), len(owners) / len(names), [names[place] for place in owners])
        for pattern, owners in _prefixspan(sequences, enough, longest, gap)
        if len(pattern) >= shortest
    ]
    made = pd.DataFrame(found, columns=["motif", "length", "sessions", "share", "session_ids"])
    made = made.astype({"motif": "str", "length": "int64", "sessions": "int64", "share": "float64"})
    return made.sort_values(["sessions", "length", "motif"], ascending=[False, True, True], ignore_index=True)


def _sequences(activities: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    require(activities, ["session_id", "activity"], "activities")
    grouped = activities.groupby("session_id", sort=False)["activity"].agg(list)
    return grouped.index.tolist(), grouped.tolist()


def _prefixspan(
    sequences: Sequence[Sequence[str]], enough: int, longest: int, gap: int
) -> Iterator[tuple[tuple[str, ...], list[int]]]:
    """Yield each pattern with the sequences it occurs in. A projection keeps all ends: a gap may need a later one."""
    everywhere = {place: range(-1, len(sequence) - 1) for place, sequence in enumerate(sequences)}
    open_: list[tuple[tuple[str, ...], Mapping[int, Sequence[int]]]] = [((), everywhere)]
    while open_:
        pattern, ends = open_.pop()
        reach = gap if pattern else 0
        grown: dict[str, dict[int, list[int]]] = {}
        for place, stops in ends.items():
            sequence = sequences[place]
            seen = {at for stop in stops for at in range(stop + 1, min(stop + 2 + reach, len(sequence)))}
            for at in sorted(seen):
                grown.setdefault(sequence[at], {}).setdefault(place, []).append(at)
        for item in sorted(grown, reverse=True):
            projected = grown[item]
            if len(projected) >= enough:
                longer = (*pattern, item)
                yield longer, list(projected)
                if len(longer) < longest:
                    open_.append((longer, projected))


def contrast(
    found: pd.DataFrame, outcomes: pd.DataFrame, *, permutations: int = 4999, fdr: float = 0.05, seed: int = 0
) -> pd.DataFrame:
    """Which motifs tell successes from failures, within strata.

    Parameters
    ----------
    found : what motifs returns
    outcomes : session_id (str), success (boolean; <NA>: left out), stratum (any; optional: the project)
    permutations : of the outcomes inside each stratum; p is at least 1 / (1 + permutations)
    fdr : the largest q that is called significant: the expected share of false ones among those
    seed : of the permutations

    Returns
    -------
    One row per motif that some but not all of the sessions with an outcome contain, the smallest p first:

    ===========  =======  ==================================================================================
    motif        str
    sessions     int64    that contain it, of those with an outcome
    success_with float64  share of successes among them
    success_without float64 share of successes among the others
    odds_ratio   float64  Mantel-Haenszel over the strata, half a session added to each cell; > 1: with success
    p            float64  two-sided permutation test of the number of successes that contain it, given the strata
    q            float64  p after Benjamini-Hochberg
    significant  bool     q <= fdr
    session_ids  object   list of str that contain it
    ===========  =======  ==================================================================================
    """
    require(found, ["motif", "session_ids"], "motifs")
    require(outcomes, ["session_id", "success"], "outcomes")
    known = outcomes[outcomes["success"].notna()].drop_duplicates("session_id").reset_index(drop=True)
    success = known["success"].to_numpy(bool)
    strata = known["stratum"].astype("str").fillna("") if "stratum" in known.columns else pd.Series("", known.index)
    codes, _ = pd.factorize(strata)
    index = pd.Index(known["session_id"])
    has = np.zeros((len(known), len(found)), dtype=bool)
    for column, ids in enumerate(found["session_ids"]):
        has[np.flatnonzero(index.isin(ids)), column] = True
    tested = np.flatnonzero(has.any(axis=0) & ~has.all(axis=0))
    if not len(tested) or success.all() or not success.any():
        raise FrameError(f"nothing to contrast: {len(known)} outcomes, {int(success.sum())} successes, "
                         f"{len(tested)} motifs that only some sessions contain")  # fmt: skip
    has = has[:, tested]
    rows = found.iloc[tested].reset_index(drop=True)
    p = permuted(has, success, codes, permutations, seed)
    q = benjamini_hochberg(p)
    count = has.sum(axis=0)
    made = pd.DataFrame(
        {
            "motif": rows["motif"],
            "sessions": count,
            "success_with": has[success].sum(axis=0) / count,
            "success_without": (~has[success]).sum(axis=0) / (len(known) - count),
            "odds_ratio": _odds(has, success, codes),
            "p": p,
            "q": q,
            "significant": q <= fdr,
            "session_ids": pd.Series([index[has[:, place]].tolist() for place in range(len(rows))], dtype="object"),
        }
    )
    return made.sort_values(["p", "motif"], kind="stable", ignore_index=True)


def permuted(has: np.ndarray, success: np.ndarray, strata: np.ndarray, permutations: int, seed: int) -> np.ndarray:
    """Two-sided p of each column: is it with success more or less often than outcomes dealt out in the strata."""
    random = np.random.default_rng(seed)
    expected = np.zeros(has.shape[1])
    drawn = np.zeros((permutations, len(success)), dtype=np.float32)
    for stratum in np.unique(strata):
        own = np.flatnonzero(strata == stratum)
        expected += has[own].sum(axis=0) * success[own].mean()
        dealt = np.tile(success[own].astype(np.float32), (permutations, 1))
        drawn[:, own] = random.permuted(dealt, axis=1)
    marks = has.astype(np.float32)
    seen = np.abs(success.astype(np.float32) @ marks - expected)
    extreme = np.abs(drawn @ marks - expected) >= seen - 1e-3
    return (1 + extreme.sum(axis=0)) / (1 + permutations)


def benjamini_hochberg(p: Any) -> np.ndarray:
    """Return q values: the false discovery rate at which each p would be called significant."""
    values = np.asarray(p, dtype=float)
    order = np.argsort(values)
    ranked = values[order] * len(values) / np.arange(1, len(values) + 1)
    q = np.empty(len(values))
    q[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1)
    return q


def _odds(has: np.ndarray, success: np.ndarray, strata: np.ndarray) -> np.ndarray:
    top, bottom = np.zeros(has.shape[1]), np.zeros(has.shape[1])
    for stratum in np.unique(strata):
        own, good = has[strata == stratum], success[strata == stratum]
        if good.all() or not good.any():
            continue
        cells = [marks[chosen].sum(axis=0) + 0.5 for marks in (own, ~own) for chosen in (good, ~good)]
        total = sum(cells)
        top += cells[0] * cells[3] / total
        bottom += cells[1] * cells[2] / total
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)


def replays(activities: pd.DataFrame, motif: str, *, gap: int = 0) -> pd.DataFrame:
    """Where a motif occurs, so that one can open it: the first time in each stretch, not overlapping.

    Parameters
    ----------
    activities : what mining.activities returns; motif : `edit > test`; gap : as it was found with

    Returns
    -------
    One row per occurrence: session_id, first_step and last_step (Int64), event_ids (object, list of str).
    """
    require(activities, ["session_id", "activity", "step", "event_id"], "activities")
    pattern = motif.split(ARROW)
    found = []
    for session, rows in activities.groupby("session_id", sort=False):
        names, at = rows["activity"].tolist(), 0
        while at < len(names):
            places = _match(names, at, pattern, gap) if names[at] == pattern[0] else None
            if places is None:
                at += 1
                continue
            hit = rows.iloc[places]
            found.append((session, hit["step"].iloc[0], hit["step"].iloc[-1], hit["event_id"].tolist()))
            at = places[-1] + 1
    made = pd.DataFrame(found, columns=["session_id", "first_step", "last_step", "event_ids"])
    return made.astype({"session_id": "str", "first_step": "Int64", "last_step": "Int64"})


def _match(names: Sequence[str], start: int, pattern: Sequence[str], gap: int) -> list[int] | None:
    """The places of the pattern from this start on, with gaps where needed; None: it is not there."""
    ways = [[start]]
    for item in pattern[1:]:
        ends = {}
        for way in ways:
            for at in range(way[-1] + 1, min(way[-1] + 2 + gap, len(names))):
                if names[at] == item:
                    ends.setdefault(at, [*way, at])
        ways = list(ends.values())
    return ways[0] if ways else None
