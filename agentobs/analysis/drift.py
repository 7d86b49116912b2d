"""Drift: whether sessions of a later time are unlike those before, since when, and what else changed about then."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from agentobs.analysis.motifs import benjamini_hochberg
from agentobs.errors import FrameError
from agentobs.frames import require

INSTRUCTIONS = (
    r"(?i)(?:^|[/\\])(?:claude(?:\.local)?\.md|agents\.md|gemini\.md|\.cursorrules|\.clinerules"
    r"|copilot-instructions\.md|[^/\\]*\.mdc)$"
)


def psi(before: Any, after: Any, *, bins: int = 10) -> float:
    """Return the population stability index of two samples of a number: 0 equal; under 0.1 little, over 0.25 much.

    Bins have about equally many of both samples together; half a count is added to each, so that an empty one is not
    infinite: for equal samples of n the expectation is about (bins - 1) * (1 / n + 1 / m). NaN without values.
    """
    first, second = _known(before), _known(after)
    if not len(first) or not len(second):
        return float("nan")
    edges = np.unique(np.quantile(np.r_[first, second], np.linspace(0, 1, bins + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, one, side="right"), minlength=len(edges) + 1) for one in (first, second)
    ]
    old, new = [(one + 0.5) / (one.sum() + 0.5 * len(one)) for one in counts]
    return float(((new - old) * np.log(new / old)).sum())


def _known(values: Any) -> np.ndarray:
    numbers = pd.Series(values).astype("float64").to_numpy()
    return numbers[~np.isnan(numbers)]


def drift(
    before: pd.DataFrame, after: pd.DataFrame, *, names: Sequence[str], bins: int = 10, least: int = 10,
    fdr: float = 0.05,
) -> pd.DataFrame:  # fmt: skip
    """Which numbers are distributed otherwise in later sessions than in earlier ones.

    Parameters
    ----------
    before, after : frames with these columns, a row per session, such as features.features returns
    names : the columns to compare
    bins : of the PSI; fewer where there are few values (a bin for each 5 of the smaller sample)
    least : known values that either side needs; with fewer the row says <NA>
    fdr : the largest q that is called drift

    Returns
    -------
    One row per name, the smallest p first: name (str); before_n, after_n (int64, known values); before_median and
    after_median (Float64); psi (Float64); ks (Float64, the largest gap of the distributions, in [0, 1]); p (Float64, of
    the KS test), q (Float64, after Benjamini-Hochberg), drifted (boolean, q <= fdr).
    """
    from scipy.stats import ks_2samp

    require(before, list(names), "before")
    require(after, list(names), "after")
    rows: list[dict[str, Any]] = []
    for name in names:
        old, new = _known(before[name]), _known(after[name])
        row: dict[str, Any] = {"name": name, "before_n": len(old), "after_n": len(new)}
        row |= {
            "before_median": np.median(old) if len(old) else None,
            "after_median": np.median(new) if len(new) else None,
        }
        fewest = min(len(old), len(new))
        if fewest >= least:
            test: Any = ks_2samp(old, new)
            row |= {"psi": psi(old, new, bins=max(2, min(bins, fewest // 5))), "ks": test.statistic, "p": test.pvalue}
        rows.append(row)
    columns = ["name", "before_n", "after_n", "before_median", "after_median", "psi", "ks", "p"]
    made = pd.DataFrame(rows, columns=columns).astype({"name": "str", **dict.fromkeys(columns[3:], "Float64")})
    tested = made["p"].notna()
    made["q"] = pd.Series(pd.NA, index=made.index, dtype="Float64")
    made.loc[tested, "q"] = benjamini_hochberg(made.loc[tested, "p"])
    made["drifted"] = (made["q"] <= fdr).astype("boolean")
    return made.sort_values(["p", "name"], kind="stable", ignore_index=True)


def change_points(series: pd.DataFrame, *, value: str, at: str = "started_at", shortest: int = 5, penalty: float = 4.0,
                  permutations: int = 499, seed: int = 0) -> pd.DataFrame:  # fmt: skip
    """Since when a number is another one: the level of a series in stretches, found by PELT.

    The values go in as ranks, so that single outliers are no change. A change must reduce the squared error by
    `penalty` times log n of its variance.

    Parameters
    ----------
    series : a row per session or per day: `at` (time) and `value` (number); rows without either are left out
    shortest : values in a stretch, at least
    penalty : more finds fewer changes
    permutations : p is that of so large a difference of mean ranks at this place if the two stretches beside it were
        shuffled; the place was chosen to be the largest, so p is too small by itself: read the size
    seed : of the permutations

    Returns
    -------
    One row per change, in order: at (time, of the first value after it), previous (time, of the last before),
    before_median, after_median (float64), before_n, after_n (int64), p (float64).
    """
    require(series, [at, value], "series")
    rows = series[[at, value]].dropna().sort_values(at, kind="stable", ignore_index=True)
    values = rows[value].astype("float64").to_numpy()
    columns = ["at", "previous", "before_median", "after_median", "before_n", "after_n", "p"]
    if len(values) < 2 * shortest or np.ptp(values) == 0:
        return pd.DataFrame(
            {name: pd.Series(dtype=rows[at].dtype if name in columns[:2] else "float64") for name in columns}
        )
    import ruptures

    ranks = rows[value].astype("float64").rank().to_numpy()
    ranks = (ranks - ranks.mean()) / ranks.std()
    found = ruptures.Pelt(model="l2", min_size=shortest, jump=1).fit(ranks).predict(pen=penalty * np.log(len(ranks)))
    ends = [0, *found]
    random = np.random.default_rng(seed)
    made = []
    for first, place, last in zip(ends, ends[1:], ends[2:], strict=False):
        p = _shuffled(ranks[first:last], place - first, permutations, random)
        halves = values[first:place], values[place:last]
        made.append((rows[at].iloc[place], rows[at].iloc[place - 1], *map(np.median, halves), *map(len, halves), p))
    return pd.DataFrame(made, columns=columns).astype(
        {"at": rows[at].dtype, "previous": rows[at].dtype, "p": "float64"}
    )


def _shuffled(ranks: np.ndarray, place: int, permutations: int, random: np.random.Generator) -> float:
    seen = abs(ranks[:place].mean() - ranks[place:].mean())
    drawn = random.permuted(np.tile(ranks, (permutations, 1)), axis=1)
    gaps = np.abs(drawn[:, :place].mean(axis=1) - drawn[:, place:].mean(axis=1))
    return float((1 + (gaps >= seen - 1e-12).sum()) / (1 + permutations))


def changes(sessions: pd.DataFrame, edits: pd.DataFrame | None = None) -> pd.DataFrame:
    """When an agent's version, its models or the instructions it reads changed.

    Parameters
    ----------
    sessions : frame of SESSIONS
    edits : frame of EDITS: those of instruction files (CLAUDE.md, AGENTS.md, ...) count. Changes made by people outside
        of sessions are not seen

    Returns
    -------
    at (time), kind (str: version | model | instructions), project (str; <NA> for versions and models, which are the
    agent's), agent (str), what (str: `1.2 -> 1.3`, `+ opus`, the file), in order. A version's or model's change is at
    the first session that has it; the first of all is none.
    """
    require(sessions, ["agent", "agent_version", "models", "started_at"], "sessions")
    rows = sessions[sessions["started_at"].notna()].sort_values("started_at", kind="stable")
    made: list[tuple[Any, ...]] = []
    for agent, own in rows.groupby("agent", sort=True):
        versions = own[own["agent_version"].notna()].drop_duplicates("agent_version")
        names = versions["agent_version"].tolist()
        made += [
            (at, "version", None, agent, f"{old} -> {new}")
            for at, old, new in zip(versions["started_at"].iloc[1:], names, names[1:], strict=False)
        ]
        models = own[["started_at", "models"]].explode("models").dropna(subset="models").drop_duplicates("models")
        later = models[models["started_at"] > models["started_at"].min()]
        made += [(at, "model", None, agent, f"+ {name}") for at, name in later.itertuples(index=False)]
    if edits is not None:
        require(edits, ["ts", "agent", "project", "file_path"], "edits")
        own = edits[edits["file_path"].str.contains(INSTRUCTIONS, na=False) & edits["ts"].notna()]
        named = own[["ts", "project", "agent", "file_path"]].itertuples(index=False)
        made += [(at, "instructions", project, agent, path) for at, project, agent, path in named]
    found = pd.DataFrame(made, columns=["at", "kind", "project", "agent", "what"])
    found = found.astype({"kind": "str", "project": "str", "agent": "str", "what": "str"})
    found["at"] = pd.to_datetime(found["at"], utc=True).astype(sessions["started_at"].dtype)
    return found.sort_values(["at", "kind", "what"], kind="stable", ignore_index=True)


def explained(points: pd.DataFrame, changed: pd.DataFrame, *, within_days: float = 3.0) -> pd.DataFrame:
    """Change points with what changed about then: it may be the cause, and it may not.

    Parameters
    ----------
    points : what change_points returns, of times; changed : what changes returns
    within_days : before or after the change point, counted from the nearer end of (previous, at]

    Returns
    -------
    The points, with beside (object: list of str, `version 1.2 -> 1.3`; empty: nothing known changed).
    """
    require(points, ["at", "previous"], "change points")
    require(changed, ["at", "kind", "what"], "changes")
    if not isinstance(points["at"].dtype, pd.DatetimeTZDtype) and len(points):
        raise FrameError(f"change points are at {points['at'].dtype}, not at times; give a series with a time column")
    reach = pd.Timedelta(days=within_days)
    beside = [
        [f"{row.kind} {row.what}" for row in changed.itertuples() if previous - reach <= row.at <= at + reach]
        for at, previous in zip(points["at"], points["previous"], strict=True)
    ]
    return points.assign(beside=pd.Series(beside, dtype="object", index=points.index))
