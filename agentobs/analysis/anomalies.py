"""Anomalies: sessions unlike others of their kind, and in which features. Unusual is not bad: read the reasons."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agentobs.analysis.features import FEATURES, SIZES
from agentobs.frames import require


def anomalies(
    features: pd.DataFrame, *, by: Sequence[str] = ("agent", "project"), names: Sequence[str] = tuple(FEATURES),
    share: float = 0.05, extreme: float = 5.0, least: int = 10, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """How unusual each session is within its stratum.

    Parameters
    ----------
    features : what features.features returns
    by : the columns that make a stratum: a session is only compared with those of the same agent and project
    names : the features to use
    share : of a stratum's sessions, how many an isolation forest may call anomalies, at most
    extreme : the robust z from which a single feature makes an anomaly; more than the
        customary 3.5, as many features are asked
    least : sessions a stratum needs; those of a smaller one are not judged
    seed : of the forest

    Returns
    -------
    One row per session, the most unusual of all first:

    ===========  =======  ==================================================================================
    session_id   str
    stratum      str      the values of `by`
    peers        int64    sessions of the stratum
    isolation    Float64  score of the isolation forest, in [0, 1], higher is more unusual; <NA>: too few peers
    largest_z    Float64  the largest absolute robust z of a feature: (value - median) / (1.4826 MAD), sizes as
                          logarithms. A feature whose MAD is 0 has none
    anomaly      boolean  isolated among the share of its stratum, with a z >= extreme / 2 to explain it, or
                          largest_z >= extreme; <NA>: too few peers
    reasons      object   the features with |z| >= extreme / 2, largest first: list of (name, z)
    ===========  =======  ==================================================================================
    """
    require(features, ["session_id", *by, *names], "features")
    rows = features.reset_index(drop=True)
    strata = rows[list(by)].astype("str").fillna("?").agg(" | ".join, axis=1) if by else pd.Series("all", rows.index)
    plain = rows[list(names)].astype("float64")
    plain = plain.assign(**{name: np.log1p(plain[name]) for name in SIZES if name in plain.columns})
    parts = [
        _stratum(rows.loc[own.index, "session_id"], str(stratum), plain.loc[own.index], share, extreme, least, seed)
        for stratum, own in rows.groupby(strata, sort=True)
    ]
    columns = ["session_id", "stratum", "peers", "isolation", "largest_z", "anomaly", "reasons"]
    made = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns, dtype="object")
    made = made.astype({"session_id": "str", "stratum": "str", "isolation": "Float64", "largest_z": "Float64"})
    made = made.astype({"anomaly": "boolean", "peers": "int64"})
    order = ["anomaly", "largest_z", "isolation", "session_id"]
    return made.sort_values(order, ascending=[False, False, False, True], ignore_index=True)[columns]


def robust_z(plain: pd.DataFrame) -> pd.DataFrame:
    """Return (value - median) / (1.4826 * MAD) of each column; NaN where the value is unknown or the MAD is 0."""
    centre = plain.median()
    spread = 1.4826 * (plain - centre).abs().median()
    return (plain - centre) / spread.where(spread > 0)


def _stratum(
    ids: pd.Series, stratum: str, plain: pd.DataFrame, share: float, extreme: float, least: int, seed: int
) -> pd.DataFrame:
    made = pd.DataFrame({"session_id": ids.to_numpy(), "stratum": stratum, "peers": len(ids)})
    if len(ids) < least:
        empty = pd.Series([[] for _ in range(len(ids))], dtype="object")
        none = pd.Series(pd.NA, index=made.index, dtype="Float64")
        return made.assign(isolation=none, largest_z=none, anomaly=none, reasons=empty)
    from sklearn.ensemble import IsolationForest

    z = robust_z(plain).to_numpy()
    filled = plain.fillna(plain.median()).fillna(0.0).to_numpy()
    isolation = -IsolationForest(n_estimators=200, random_state=seed).fit(filled).score_samples(filled)
    size = np.abs(np.nan_to_num(z))
    largest = size.max(axis=1)
    allowed = int(np.floor(share * len(ids)))
    isolated = np.zeros(len(ids), dtype=bool)
    isolated[np.argsort(-isolation, kind="stable")[:allowed]] = True
    reasons = [
        [(str(plain.columns[place]), round(float(z[row, place]), 2)) for place in np.argsort(-size[row], kind="stable")
         if size[row, place] >= extreme / 2]
        for row in range(len(ids))
    ]  # fmt: skip
    return made.assign(
        isolation=isolation,
        largest_z=np.where(np.isnan(z).all(axis=1), np.nan, largest),
        anomaly=(isolated & (largest >= extreme / 2)) | (largest >= extreme),
        reasons=pd.Series(reasons, dtype="object"),
    )
