"""How well outcome, score and metrics tell solved from unsolved runs whose truth is known.

`python -m tests.benchmarks.bench_outcomes FOLDER`, or AGENTOBS_OUTCOMES: a folder with outcomes.json ({"resolved":
{run: bool}}) and runs/<run>.traj; without such a folder there is nothing to do. An AUC is 0.5 for chance, 1 where each
success stands above each failure, and below 0.5 where a large number speaks for failure. Intervals: 95 %, bootstrap
with runs drawn within their repository, and, in brackets, with whole repositories drawn (of only four, read
it as a warning).
"""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import agentobs as ao
from agentobs.analysis.intervals import bootstrap, wilson
from agentobs.frames import METRICS

DIMENSIONS = ("verification", "rework", "efficiency", "reliability", "safety", "human_effort")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=os.environ.get("AGENTOBS_OUTCOMES", "."))
    folder = Path(parser.parse_args().folder)
    if not (folder / "outcomes.json").is_file():
        sys.stdout.write(f"skipped: no outcomes.json in {folder}\n")
        return
    data = joined(folder)
    heads = f"{len(data)} runs, {int(data['resolved'].sum())} resolved, {data['repository'].nunique()} repositories"
    tables = [table.to_string(index=False) for table in (confusion(data), aucs(data))]
    sys.stdout.write("\n\n".join([heads, *tables]) + "\n")


def joined(folder: Path) -> pd.DataFrame:
    """Metrics and scores of each run, with its truth: a session belongs to the file that its events were read from."""
    truth = json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))["resolved"]
    with ao.open(folder / "runs") as wb:
        made, scores, events = wb.metrics(), wb.scores(), wb.events()
        calls = wb.sessions().set_index("session_id")["total_tokens"]
        paths = wb.physical().set_index("source_id")["path"]
    owners = events[["session_id", "source_id"]].drop_duplicates()
    owners = owners.assign(run=[Path(paths[source]).stem for source in owners["source_id"]])
    assert owners["session_id"].is_unique, "a session in two files: which run is it?"
    made["run"] = made["session_id"].map(owners.set_index("session_id")["run"])
    missing = sorted(set(truth) ^ set(made["run"]))
    assert not missing, f"runs without truth or truths without run: {missing[:3]}"
    made["resolved"] = made["run"].map(truth).astype(bool)
    made["repository"] = made["run"].str.partition("__")[0]
    made["total_tokens"] = made["session_id"].map(calls)
    for variant, part in scores.groupby("variant"):
        rows = part.set_index("session_id").reindex(made["session_id"])
        made[variant] = rows["score"].to_numpy()
        if variant == "agentobs_v1":
            made = made.assign(**{f"{variant}.{name}": rows[name].to_numpy() for name in DIMENSIONS})
    return made


def confusion(data: pd.DataFrame) -> pd.DataFrame:
    """How many runs of each outcome were resolved, with Wilson's interval, and what confidence was claimed."""
    groups = data.groupby("outcome")
    table = groups["resolved"].agg(runs="size", resolved="sum").reset_index()
    low, high = wilson(table["resolved"], table["runs"])
    share = table["resolved"] / table["runs"]
    table["share"] = [f"{s:.2f} [{a:.2f}, {b:.2f}]" for s, a, b in zip(share, low, high, strict=True)]
    table["confidence"] = groups["outcome_confidence"].mean().astype("Float64").round(2).to_numpy()
    table["belief"] = groups["success_belief"].mean().astype("Float64").round(2).to_numpy()
    return table


def aucs(data: pd.DataFrame) -> pd.DataFrame:
    """The AUC of every number, those furthest from chance first; the belief and the scores above all."""
    heads = ["success_belief", "agentobs_v1", "devlog_v1", *(f"agentobs_v1.{name}" for name in DIMENSIONS)]
    kinds = {column.name: column.kind for column in METRICS.columns}
    others = [name for name, kind in kinds.items() if kind in {"int", "float", "bool"} and name not in heads]
    rows = [row for name in [*heads, *others, "total_tokens"] if (row := _row(data, name)) is not None]
    table = pd.DataFrame(rows)
    table["top"] = ~table["what"].isin(heads)
    table["far"] = -(table["auc"] - 0.5).abs()
    return table.sort_values(["top", "far"]).drop(columns=["top", "far"]).round(2)


def _row(data: pd.DataFrame, name: str) -> dict[str, object] | None:
    values = data[name].astype("Float64").to_numpy("float64", na_value=np.nan)
    known = ~np.isnan(values)
    if known.sum() < 20 or len(np.unique(values[known])) < 2:
        return None
    x, y, repository = values[known], data["resolved"].to_numpy(bool)[known], data["repository"].to_numpy()[known]
    within = bootstrap(auc, x, y, strata=repository)
    whole = bootstrap(auc, x, y, groups=repository)
    return {
        "what": name, "n": int(known.sum()), "auc": auc(x, y), "low": within[0], "high": within[1],
        "(low": whole[0], "high)": whole[1], "same repository": _inside(x, y, repository),
    }  # fmt: skip


def auc(values: np.ndarray, truth: np.ndarray) -> float:
    """The share of pairs in which the success has the larger value; ties count half; NaN without both."""
    good, bad = values[truth], values[~truth]
    if not len(good) or not len(bad):
        return float("nan")
    return float((np.sign(good[:, None] - bad[None, :]) + 1).mean() / 2)


def _inside(values: np.ndarray, truth: np.ndarray, groups: np.ndarray) -> float:
    """The AUC over pairs of one repository: what remains when repositories differ in how hard they are."""
    wins, pairs = 0.0, 0
    for group in np.unique(groups):
        mine = groups == group
        count = int(truth[mine].sum() * (~truth[mine]).sum())
        wins += auc(values[mine], truth[mine]) * count if count else 0.0
        pairs += count
    return wins / pairs if pairs else float("nan")


if __name__ == "__main__":
    main()
