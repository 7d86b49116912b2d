"""Prediction: how well the outcome of a session can be told from its first steps, beside what its length alone tells.

Nothing is tuned where it is measured: what is predicted for a session comes from a model that saw no session of its
group (and, with times, none that began later), and whose regularisation was chosen by a cross-validation inside.

What it is worth, on 133 runs of SWE-agent whose hidden tests are known (tests/benchmarks/bench_prediction): for new
tasks of repositories seen in training, AUC 0.65 (0.57-0.74) from the first 10 actions and 0.67 (0.58-0.75) from whole
runs, where the length alone has 0.52 and 0.62; nearly all of it comes from how the agent talks (against random deals:
p 0.05 and 0.02, before any correction). For repositories never seen, with as few as 28 runs to learn from, nothing
beats the length: 0.50 and 0.59. So few runs show gains from about 0.13 on only.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from agentobs.analysis.features import FEATURES, SIZES, features, prefix
from agentobs.analysis.intervals import wilson
from agentobs.errors import FrameError
from agentobs.frames import require

LENGTH = "length"
MODELS = {
    LENGTH: "the number of actions alone: the baseline",
    "numbers": "all features: a logistic regression, L2, hardly on the length",
    "words": "what the agent said: hashed TF-IDF, a logistic regression, L2",
    "all": "the mean of numbers and words",
}
PARTS = {"all": ("numbers", "words")}
PENALTIES = {LENGTH: (1.0,), "numbers": (0.001, 0.01, 0.1, 1.0), "words": (0.01, 0.1, 1.0, 10.0)}
MOST_WORDS = 20_000
LOOSE = 10.0  # the penalty on the length is a hundredth of that on other features


def words(steps: pd.DataFrame) -> pd.Series:
    """What the agent said in each session, as one text of at most 20,000 characters, by session_id."""
    said = steps.loc[(steps["kind"] == "answer") & steps["text"].notna(), ["session_id", "text"]]
    return said.groupby("session_id", sort=False)["text"].agg(" ".join).str.slice(0, MOST_WORDS)


def examples(
    steps: pd.DataFrame, outcomes: pd.DataFrame, model_calls: pd.DataFrame | None = None, *, first: int | None = None
) -> pd.DataFrame:
    """The sessions whose outcome is known, with what was seen of them.

    Parameters
    ----------
    steps : frame of STEPS, whole sessions
    outcomes : session_id (str), success (boolean; <NA>: unknown, left out) and, to split by, group (any; without it the
        project) and started_at (time; optional)
    model_calls : frame of MODEL_CALLS, for the features of tokens
    first : only the first n actions; default: the whole session

    Returns
    -------
    One row per session: what features.features returns, words (str), success (bool), group (str), started_at where
    given, and running (bool): it had not ended after the first n actions; with the whole session it is False.
    """
    require(outcomes, ["session_id", "success"], "outcomes")
    known = outcomes[outcomes["success"].notna()].drop_duplicates("session_id")
    chosen = steps[steps["session_id"].isin(known["session_id"])].reset_index(drop=True)
    made = features(chosen, model_calls, first=first)
    seen = chosen if first is None else prefix(chosen, first)
    calls = (chosen["kind"] == "call").groupby(chosen["session_id"]).sum()
    made["running"] = False if first is None else made["session_id"].map(calls > first).astype(bool)
    made["words"] = made["session_id"].map(words(seen)).astype("object").fillna("").astype("str")
    extra = [name for name in ("group", "started_at") if name in known.columns]
    joined = made.merge(known[["session_id", "success", *extra]], on="session_id", how="inner")
    group = joined["group"] if "group" in joined.columns else joined["project"]
    return joined.assign(group=group.astype("str").fillna(""), success=joined["success"].astype(bool))


def predict(
    data: pd.DataFrame, *, models: Sequence[str] = tuple(MODELS), folds: int = 5, repeats: int = 1, seed: int = 0
) -> pd.DataFrame:
    """What models that saw nothing of a session's group say of its outcome.

    Parameters
    ----------
    data : what examples returns. With started_at, training sessions also began before all those they are tested on
        (blocks of time, as many as folds); those of the first block get no prediction.
    models : names of MODELS
    folds : groups are dealt into so many folds; fewer groups than that: each is a fold
    repeats : so often with other deals of the groups; the probabilities are kept apart, in the column repeat
    seed : of the deals and of the inner folds

    Returns
    -------
    One row per repeat, model and session that could be predicted: repeat (int), model (str), session_id (str), group
    (str), fold (int), success (bool), probability (float64) of success, penalty (float64, the C chosen inside;
    NaN: there is no single one) and prevalence (float64, the share of successes in training: what one would say
    knowing nothing).
    """
    require(data, ["session_id", "group", "success", "words", *FEATURES], "examples")
    unknown = sorted(set(models) - set(MODELS))
    if unknown:
        raise FrameError(f"no model {unknown[0]!r}; there are {', '.join(MODELS)}")
    rows = data.reset_index(drop=True)
    seen = {part: _seen(rows, part) for part in {part for model in models for part in PARTS.get(model, (model,))}}
    parts = []
    for repeat in range(repeats):
        for fold, (train, test) in enumerate(_splits(rows, folds, seed + repeat)):
            for model in models:
                part = _one(rows, seen, train, test, model, seed + repeat)
                parts.append(part.assign(repeat=repeat, model=model, fold=fold))
    names = ["repeat", "model", "session_id", "group", "fold", "success", "probability", "penalty", "prevalence"]
    if not parts:
        raise FrameError(
            f"{len(rows)} sessions of {rows['group'].nunique()} groups can't be split into training and test sets "
            "with both outcomes; give more sessions, or other groups"
        )
    return pd.concat(parts, ignore_index=True)[names]


def _splits(data: pd.DataFrame, folds: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows to train on and rows to test: no group in both, and nothing later in the training than in the test."""
    from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold

    groups, success = data["group"].to_numpy(dtype=object), data["success"].to_numpy(bool)
    apart = len(set(groups)) <= folds
    splitter: Any = LeaveOneGroupOut() if apart else StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    if len(set(groups)) < 2:
        return
    blocks = _blocks(data, folds)
    for train, test in splitter.split(np.zeros(len(data)), success, groups):
        for block in np.unique(blocks[test]):
            now = test[blocks[test] == block]
            before = train[blocks[train] < block] if blocks.any() else train
            if len(before) >= 2 and success[before].any() and not success[before].all():
                yield before, now


def _blocks(data: pd.DataFrame, folds: int) -> np.ndarray:
    """The block of time each session began in, 1 to folds; all 0 without times. An unknown time is in the last."""
    if "started_at" not in data.columns or data["started_at"].isna().all():
        return np.zeros(len(data), dtype=np.int64)
    rank = data["started_at"].rank(method="min", pct=True)
    return np.ceil(rank.fillna(1.0).to_numpy(dtype=float) * folds).astype(np.int64)


def _one(
    data: pd.DataFrame, seen: Mapping[str, Any], train: np.ndarray, test: np.ndarray, model: str, seed: int
) -> pd.DataFrame:
    success, groups = data["success"].to_numpy(bool), data["group"].to_numpy(dtype=object)
    parts = PARTS.get(model, (model,))
    fitted = [_fitted(part, seen[part][train], success[train], groups[train], seed) for part in parts]
    said = np.mean([one.predict_proba(seen[part][test])[:, 1] for part, one in zip(parts, fitted, strict=True)], axis=0)
    penalty = fitted[0].get_params()["classify__C"] if len(parts) == 1 else np.nan
    tested = data.iloc[test][["session_id", "group", "success"]].reset_index(drop=True)
    return tested.assign(probability=said, penalty=penalty, prevalence=success[train].mean())


class Predictor:
    """A model fitted to examples, for sessions whose outcome is not known yet."""

    def __init__(self, data: pd.DataFrame, *, model: str = "all", seed: int = 0) -> None:
        """Take what examples returns; raise FrameError where only one outcome is in it."""
        success, groups = data["success"].to_numpy(bool), data["group"].to_numpy(dtype=object)
        if success.all() or not success.any():
            raise FrameError(f"all {len(data)} examples have the same outcome; give some of each")
        self._parts = PARTS.get(model, (model,))
        self._fitted = [_fitted(part, _seen(data, part), success, groups, seed) for part in self._parts]

    def __call__(self, data: pd.DataFrame) -> pd.Series:
        """Return the probability of success of each session: FEATURES and words of the same prefix, by session_id."""
        pairs = zip(self._parts, self._fitted, strict=True)
        said = [fitted.predict_proba(_seen(data, part))[:, 1] for part, fitted in pairs]
        return pd.Series(np.mean(said, axis=0), index=pd.Index(data["session_id"]), name="probability")


def _fitted(model: str, seen: Any, success: np.ndarray, groups: np.ndarray, seed: int) -> Any:
    """A pipeline whose penalty has the best log loss in folds of these rows, by group where there are groups enough.

    With fewer than five sessions of either outcome the penalty is the strongest there is.
    """
    from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, StratifiedKFold

    pipeline, penalties = _pipeline(model), PENALTIES[model]
    if len(penalties) == 1 or min(success.sum(), (~success).sum()) < 5:
        return pipeline.set_params(classify__C=penalties[0]).fit(seen, success)
    many = len(set(groups)) >= 10
    inner: Any = (StratifiedGroupKFold if many else StratifiedKFold)(5, shuffle=True, random_state=seed)
    search = GridSearchCV(pipeline, {"classify__C": list(penalties)}, scoring="neg_log_loss", cv=inner)
    return search.fit(seen, success, groups=groups if many else None).best_estimator_


def _pipeline(model: str) -> Any:
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    classify = ("classify", LogisticRegression(max_iter=1000))
    if model == "words":
        return Pipeline([("weigh", TfidfTransformer(sublinear_tf=True)), classify])
    fill = SimpleImputer(strategy="median", keep_empty_features=True)
    loosen = FunctionTransformer(_loosen)
    return Pipeline([("fill", fill), ("scale", StandardScaler()), ("loosen", loosen), classify])


def _loosen(scaled: np.ndarray) -> np.ndarray:
    """The length, the first column, hardly penalised: a model of many features starts from the baseline."""
    return scaled * np.r_[LOOSE, np.ones(scaled.shape[1] - 1)]


def _seen(data: pd.DataFrame, model: str) -> Any:
    """What a model sees of each session before it learns: counts of hashed words; or numbers, sizes as logs."""
    if model == "words":
        from sklearn.feature_extraction.text import HashingVectorizer

        options: Any = {"alternate_sign": False, "norm": None, "token_pattern": r"[a-z]{3,}"}
        return HashingVectorizer(n_features=2**12, **options).transform(data["words"])
    names = ["actions"] if model == LENGTH else sorted(FEATURES, key=lambda name: name != "actions")
    plain = data[names].astype("float64")
    return plain.assign(**{name: np.log1p(plain[name]) for name in SIZES if name in names}).to_numpy()


def evaluate(
    predictions: pd.DataFrame, *, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """How good predictions are, beside the baseline, with bootstrap intervals over the sessions.

    Parameters
    ----------
    predictions : what predict returns
    resamples, confidence, seed : of the bootstrap; sessions are drawn within each fold and keep all their repeats

    Returns
    -------
    One row per model, in the order of MODELS:

    ==========  =======  ============================================================================================
    model       str
    sessions    int64    predicted
    successes   int64    of them
    pairs       int64    pairs of a success and a failure of the same fold: what the AUC is made of
    auc         float64  share of these pairs in which the success was given more; half for equal. Across folds it would
                         compare models. NaN: no pair
    auc_low     float64  and auc_high: its interval
    brier       float64  mean squared error of the probability, with brier_low and brier_high
    brier_none  float64  the same for who says the training's share of successes each time
    gain        float64  auc - the baseline's, with gain_low and gain_high, of the same resamples
    gain_seen   float64  the smallest gain that so many sessions show four times out of five (2.8 standard errors)
    ==========  =======  ============================================================================================
    """
    require(
        predictions, ["repeat", "model", "session_id", "fold", "success", "probability", "prevalence"], "predictions"
    )
    names = [name for name in MODELS if (predictions["model"] == name).any()]
    scored = {name: _Scores(predictions[predictions["model"] == name]) for name in names}
    if not names:
        raise FrameError("frame predictions has no row of a known model; give what predict returns")
    weights = scored[names[0]].draws(resamples, seed)
    drawn = {name: scores.measured(weights) for name, scores in scored.items()}
    return pd.DataFrame([_summary(name, scored, drawn, confidence) for name in names])


def against_chance(
    data: pd.DataFrame, *, model: str = "all", permutations: int = 99, folds: int = 5, seed: int = 0
) -> pd.DataFrame:
    """Whether a model tells more than it would of outcomes dealt at random: the whole of predict, learning included.

    The interval of evaluate is for given models; small corpora give AUCs far from one half by chance alone, which only
    this shows.

    Parameters
    ----------
    data : what examples returns; permutations : deals of the outcomes over all sessions; folds, seed : as in predict

    Returns
    -------
    One row: model (str), auc (float64), permutations (int64), chance and chance_sd (float64, mean and standard
    deviation of the AUC of the deals), p (float64, share of the deals, this one counted, with as large an AUC).
    """
    random = np.random.default_rng(seed)
    deals = [data, *(data.assign(success=random.permutation(data["success"])) for _ in range(permutations))]
    found = [_Scores(predict(one, models=[model], folds=folds, seed=seed)) for one in deals]
    auc = np.array([scores.measured(np.ones((1, len(scores.sessions))))["auc"][0] for scores in found])
    dealt = auc[1:]
    row = {
        "model": model,
        "auc": auc[0],
        "permutations": permutations,
        "chance": dealt.mean(),
        "chance_sd": dealt.std(),
    }
    return pd.DataFrame([row | {"p": (1 + (dealt >= auc[0]).sum()) / (1 + permutations)}])


class _Scores:
    """One model's probabilities: AUC and Brier as weighted means, so that a bootstrap only draws weights."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows.sort_values(["session_id", "repeat"], kind="stable")
        self.sessions, self.places = np.unique(self.rows["session_id"].to_numpy(dtype=object), return_inverse=True)
        self.success = self.rows["success"].to_numpy(bool)
        self.probability = self.rows["probability"].to_numpy(dtype=float)
        self.error = (self.probability - self.success) ** 2
        self.blind = (self.rows["prevalence"].to_numpy(dtype=float) - self.success) ** 2
        self.pairs = list(self._pairs())

    def _pairs(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """For each repeat and fold: places of successes and failures, and who was given more."""
        for _, rows in self.rows.groupby(["repeat", "fold"]).indices.items():
            good, bad = rows[self.success[rows]], rows[~self.success[rows]]
            if len(good) and len(bad):
                gap = self.probability[good][:, None] - self.probability[bad][None, :]
                won = np.where(np.abs(gap) < 1e-12, 0.5, (gap > 0).astype(float))
                yield self.places[good], self.places[bad], won

    def draws(self, resamples: int, seed: int) -> np.ndarray:
        """How often each session is drawn, by resample; the first row is once each. Within the folds of repeat 0."""
        random = np.random.default_rng(seed)
        drawn = np.ones((resamples + 1, len(self.sessions)))
        drawn[1:] = 0
        first = self.rows["repeat"].to_numpy() == self.rows["repeat"].min()
        folds, places = self.rows["fold"].to_numpy()[first], self.places[first]
        for fold in np.unique(folds):
            own = places[folds == fold]
            drawn[1:, own] = random.multinomial(len(own), np.full(len(own), 1 / len(own)), size=resamples)
        return drawn

    def measured(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """AUC and Brier for each row of weights."""
        won = np.zeros(len(weights))
        whole = np.zeros(len(weights))
        for good, bad, more in self.pairs:
            won += np.einsum("ri,ij,rj->r", weights[:, good], more, weights[:, bad], optimize=True)
            whole += weights[:, good].sum(axis=1) * weights[:, bad].sum(axis=1)
        drawn = weights[:, self.places]
        total = drawn.sum(axis=1)
        auc = np.divide(won, whole, out=np.full(len(weights), np.nan), where=whole > 0)
        return {"auc": auc, "brier": drawn @ self.error / total, "blind": drawn @ self.blind / total}


def _summary(
    name: str, scored: dict[str, _Scores], drawn: dict[str, dict[str, np.ndarray]], confidence: float
) -> dict[str, Any]:
    scores, own = scored[name], drawn[name]
    baseline = drawn.get(LENGTH)
    gain = np.full(len(own["auc"]), np.nan) if baseline is None else own["auc"] - baseline["auc"]
    ends = {part: _ends(values[1:], confidence) for part, values in (*own.items(), ("gain", gain))}
    once = scores.rows["repeat"] == scores.rows["repeat"].min()
    return {
        "model": name,
        "sessions": len(scores.sessions),
        "successes": int(scores.success[once.to_numpy()].sum()),
        "pairs": sum(more.size for *_, more in scores.pairs),
        "auc": own["auc"][0],
        "auc_low": ends["auc"][0],
        "auc_high": ends["auc"][1],
        "brier": own["brier"][0],
        "brier_low": ends["brier"][0],
        "brier_high": ends["brier"][1],
        "brier_none": own["blind"][0],
        "gain": gain[0],
        "gain_low": ends["gain"][0],
        "gain_high": ends["gain"][1],
        "gain_seen": np.nan if name == LENGTH or np.isnan(gain).all() else 2.8 * np.nanstd(gain[1:]),
    }


def _ends(values: np.ndarray, confidence: float) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def calibration(predictions: pd.DataFrame, *, bins: int = 5, confidence: float = 0.95) -> pd.DataFrame:
    """How often sessions succeed that were given about the same probability.

    Parameters
    ----------
    predictions : what predict returns; of repeated deals, the mean probability of a session counts
    bins : groups of about equally many sessions, by probability

    Returns
    -------
    One row per model and bin: model (str), sessions and successes (int64), predicted (float64, mean probability),
    observed (float64, share of successes) with low and high (Wilson interval).
    """
    require(predictions, ["model", "session_id", "success", "probability"], "predictions")
    means = predictions.groupby(["model", "session_id"], sort=False)[["success", "probability"]].mean().reset_index()
    rank = means.groupby("model")["probability"].rank(method="first", pct=True)
    means["bin"] = np.ceil(rank * bins).astype(int)
    made = means.groupby(["model", "bin"], sort=True).agg(
        sessions=("success", "size"), successes=("success", "sum"), predicted=("probability", "mean")
    )
    made = made.reset_index().astype({"successes": "int64"})
    low, high = wilson(made["successes"], made["sessions"], confidence=confidence)
    made = made.assign(observed=made["successes"] / made["sessions"], low=low, high=high)
    return made[["model", "sessions", "successes", "predicted", "observed", "low", "high"]]
