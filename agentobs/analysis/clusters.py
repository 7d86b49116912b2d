"""Clusters: sessions that are alike, and prompts that ask for alike things; and how far to trust the grouping."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from agentobs.analysis.features import FEATURES, SIZES
from agentobs.errors import FrameError
from agentobs.frames import require


class Clusters(NamedTuple):
    """What came of clustering: members (a row each), clusters (a row each), choices (a row per number of clusters)."""

    members: pd.DataFrame
    clusters: pd.DataFrame
    choices: pd.DataFrame


def session_clusters(
    features: pd.DataFrame, *, names: Sequence[str] = tuple(FEATURES), most: int = 8, resamples: int = 20,
    steady: float = 0.6, clear: float = 0.15, least: int = 5, seed: int = 0,
) -> Clusters:  # fmt: skip
    """Sessions grouped by what they are like.

    Sizes go in as logarithms; every feature is scaled by its median and the range of its middle half and cut at 3 of
    those, so that no outlier makes a cluster of its own; an unknown value counts as the median. Of 2 to `most` clusters
    of KMeans those with the best silhouette are taken among the steady and clear ones; where there are none, all are
    one cluster.

    Parameters
    ----------
    features : what features.features returns
    names : the features to use; those that are unknown or the same for all are left out
    most : clusters, at most
    resamples : bootstraps for the stability
    steady : the least stability
    clear : the least silhouette: under it clusters are slices of one cloud
    least : sessions in a cluster of HDBSCAN
    seed : of KMeans and the bootstraps

    Returns
    -------
    members : session_id; cluster (int64, 0 the largest); distance (float64, from the centre, scaled); silhouette
        (float64, in [-1, 1]; NaN with one cluster); medoid (bool); density_cluster (int64, of HDBSCAN; -1: in none)
    clusters : cluster, sessions, name (str: its most unusual features, `actions +1.2`, in ranges of the middle half),
        medoid (session_id of the session nearest the centre: the one to open)
    choices : k, silhouette, stability (mean adjusted Rand index of bootstrapped clusterings with that of all), chosen
    """
    require(features, ["session_id", *names], "features")
    used, data = scaled_features(features, names)
    if len(data) < 10:
        raise FrameError(f"{len(data)} sessions are too few for clusters; give at least 10")
    choices, labels = _chosen(data, most, resamples, (steady, clear), seed)
    ids = features["session_id"].to_numpy(dtype=object)
    return Clusters(*_described(ids, data, labels, used, least), choices)


def scaled_features(features: pd.DataFrame, names: Sequence[str] = tuple(FEATURES)) -> tuple[list[str], np.ndarray]:
    """Return the features that differ, and their values as session_clusters sees them, a row per session."""
    plain = features[list(names)].astype("float64")
    plain = plain.assign(**{name: np.log1p(plain[name]) for name in SIZES if name in plain.columns})
    spread = plain.quantile(0.75) - plain.quantile(0.25)
    spread = spread.where(spread > 0, plain.std())
    used = [name for name in names if spread[name] > 0]
    if not used:
        raise FrameError("no feature differs between the sessions; there is nothing to cluster by")
    scaled = (plain[used] - plain[used].median()) / spread[used]
    return used, scaled.fillna(0.0).clip(-3, 3).to_numpy()


def _chosen(
    data: np.ndarray, most: int, resamples: int, bounds: tuple[float, float], seed: int
) -> tuple[pd.DataFrame, np.ndarray]:
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    random = np.random.default_rng(seed)
    draws = [random.integers(0, len(data), len(data)) for _ in range(resamples)]
    rows: list[dict[str, Any]] = []
    found: dict[int, np.ndarray] = {}
    for k in range(2, min(most, len(np.unique(data, axis=0)) - 1, len(data) // 3) + 1):
        labels = _kmeans(k, 10, seed).fit_predict(data)
        again = [
            _kmeans(k, 3, seed).fit(data[rows_]).predict(data)
            for rows_ in draws
            if len(np.unique(data[rows_], axis=0)) >= k
        ]
        stability = float(np.mean([adjusted_rand_score(labels, one) for one in again])) if again else np.nan
        rows.append({"k": k, "silhouette": float(silhouette_score(data, labels)), "stability": stability})
        found[k] = labels
    choices = pd.DataFrame(rows, columns=["k", "silhouette", "stability"])
    good = choices[(choices["stability"] >= bounds[0]) & (choices["silhouette"] >= bounds[1])]
    best = None if good.empty else int(good["k"].to_numpy()[good["silhouette"].to_numpy().argmax()])  # pyright: ignore[reportArgumentType]
    choices["chosen"] = choices["k"] == best if best else False
    return choices, np.zeros(len(data), dtype=np.int64) if best is None else found[best]


def _kmeans(k: int, starts: int, seed: int) -> Any:
    from sklearn.cluster import KMeans

    options: Any = {"n_init": starts, "random_state": seed}
    return KMeans(k, **options)


def _described(
    ids: np.ndarray, data: np.ndarray, labels: np.ndarray, names: list[str], least: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    from sklearn.cluster import HDBSCAN
    from sklearn.metrics import silhouette_samples

    dense: Any = HDBSCAN
    labels = _by_size(labels)
    count = int(labels.max()) + 1
    centres = np.array([data[labels == cluster].mean(axis=0) for cluster in range(count)])
    distance = np.linalg.norm(data - centres[labels], axis=1)
    nearest = [int(np.flatnonzero(labels == one)[np.argmin(distance[labels == one])]) for one in range(count)]
    members = pd.DataFrame({"session_id": ids, "cluster": labels, "distance": distance})
    alone = np.full(len(data), np.nan)
    members["silhouette"] = np.asarray(silhouette_samples(data, labels)) if count > 1 else alone
    members["medoid"] = members.index.isin(nearest)
    members["density_cluster"] = dense(min_cluster_size=least, copy=True).fit_predict(data).astype("int64")
    clusters = pd.DataFrame(
        {
            "cluster": range(count),
            "sessions": np.bincount(labels),
            "name": [_name(centre - data.mean(axis=0), names) for centre in centres] if count > 1 else ["all"],
            "medoid": ids[nearest],
        }
    )
    return members.astype({"session_id": "str"}), clusters.astype({"name": "str", "medoid": "str"})


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Labels counted from 0, the largest cluster first."""
    values, counts = np.unique(labels, return_counts=True)
    order = values[np.lexsort((values, -counts))]
    return np.argsort(order)[np.searchsorted(values, labels)].astype(np.int64)


def _name(offsets: np.ndarray, names: list[str], most: int = 3) -> str:
    order = np.argsort(-np.abs(offsets), kind="stable")[:most]
    return ", ".join(f"{names[place]} {offsets[place]:+.1f}" for place in order)


def prompt_clusters(prompts: pd.DataFrame, *, most: int = 8, resamples: int = 20, steady: float = 0.6,
                    clear: float = 0.1, least: int = 5, dimensions: int = 32, seed: int = 0) -> Clusters:  # fmt: skip
    """Prompts grouped by their words: TF-IDF, SVD, then as session_clusters does.

    Parameters
    ----------
    prompts : session_id (str), text (str): one prompt of each session; without words it is left out
    dimensions : of the SVD, at most
    most, resamples, steady, clear, least, seed : as in session_clusters

    Returns
    -------
    As session_clusters; a cluster's name is its most unusual words.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    require(prompts, ["session_id", "text"], "prompts")
    told = prompts[prompts["text"].str.contains(r"[^\W\d_]{3,}", na=False)].drop_duplicates("session_id")
    if len(told) < 10:
        raise FrameError(f"{len(told)} prompts with words are too few for clusters; give at least 10")
    options: Any = {"token_pattern": r"[^\W\d_]{3,}", "stop_words": "english", "max_df": 0.8, "max_features": 5000}
    weigh = TfidfVectorizer(sublinear_tf=True, **options)
    try:
        weights: Any = weigh.fit_transform(told["text"])
    except ValueError as error:
        raise FrameError("the prompts say nothing that tells them apart: the same words are in nearly all") from error
    dimensions = min(dimensions, weights.shape[1] - 1, len(told) - 1)
    if dimensions < 1:
        raise FrameError("the prompts hold a single word; there is nothing to cluster by")
    data: Any = normalize(TruncatedSVD(dimensions, random_state=seed).fit_transform(weights))
    choices, labels = _chosen(data, most, resamples, (steady, clear), seed)
    ids = told["session_id"].to_numpy(dtype=object)
    members, clusters = _described(ids, data, labels, [""] * dimensions, least)
    vocabulary, mean = weigh.get_feature_names_out(), np.asarray(weights.mean(axis=0)).ravel()
    own = members["cluster"].to_numpy()
    for cluster in range(len(clusters)):
        offset = np.asarray(weights[np.flatnonzero(own == cluster)].mean(axis=0)).ravel() - (
            mean if len(clusters) > 1 else 0
        )
        words = vocabulary[np.argsort(-offset, kind="stable")[:4]]
        clusters.loc[cluster, "name"] = ", ".join(words)
    return Clusters(members, clusters, choices)
