"""What predictors and detectors are worth where outcomes are known: `python -m tests.benchmarks.bench_prediction`.

Its argument, or AGENTOBS_OUTCOMES, names a folder that holds `outcomes.json` ({"resolved": {task: bool}}) and session
files named after the tasks, such as SWE-agent's `<repository>__<task>.traj`. Prints, for the first 10, 20 and 40
actions and for the whole runs, AUC and Brier with bootstrap intervals beside the baseline that knows the length only:
once for repositories that training never saw (each is a fold) and once for new tasks of known ones; the same for the
runs still going at that point; then which detectors separate the outcomes, and what the scores say.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import agentobs as ao
from agentobs.analysis import detectors, outcome
from agentobs.analysis.intervals import bootstrap
from agentobs.analysis.motifs import contrast
from agentobs.analysis.prediction import against_chance, calibration, evaluate, examples, predict
from agentobs.workbench import Workbench

PREFIXES: tuple[int | None, ...] = (10, 20, 40, None)
NAMES_OF_CODE = r"`[^`]*`|\w*[._/]\w[\w./]*|\w*_\w*|[a-z]+[A-Z]\w+"
FRAMES = ("steps", "model_calls", "tool_calls", "sessions", "messages", "edits", "events")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", nargs="?", default=os.environ.get("AGENTOBS_OUTCOMES", ""))
    arguments.add_argument("--repeats", type=int, default=5, help="deals of the tasks into folds")
    options = arguments.parse_args()
    folder = Path(options.folder)
    if not options.folder or not (folder / "outcomes.json").is_file():
        sys.stderr.write(
            f"SKIPPED: no outcomes.json in {options.folder!r}; name the folder, or set AGENTOBS_OUTCOMES\n"
        )
        return
    with ao.open(folder) as wb:
        outcomes = _outcomes(wb, folder)
        frames = {name: getattr(wb, name)() for name in FRAMES}
        scores = wb.scores()
    _say(f"{len(outcomes)} runs, {int(outcomes['success'].sum())} resolved")
    _say(outcomes.groupby("repository")["success"].agg(runs="size", resolved="sum").to_string())
    _predictors(frames, outcomes, options.repeats)
    _controls(frames, outcomes, options.repeats)
    _belief(frames, outcomes, _detectors(frames, outcomes))
    _scores(scores, outcomes)


def _outcomes(wb: Workbench, folder: Path) -> pd.DataFrame:
    resolved = json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))["resolved"]
    sessions = wb.events()[["session_id", "source_id"]].drop_duplicates()
    told = sessions.merge(wb.physical()[["source_id", "path"]], on="source_id")
    told["task"] = [Path(path).stem for path in told["path"]]
    told["success"] = told["task"].map(resolved).astype("boolean")
    told["repository"] = told["task"].str.split("__").str[0]
    return told[told["success"].notna()].drop_duplicates("session_id").reset_index(drop=True)


def _predictors(frames: dict[str, pd.DataFrame], outcomes: pd.DataFrame, repeats: int) -> None:
    ways = {"new repositories": ("repository", 1), "new tasks of known repositories": ("task", repeats)}
    for name, (group, times) in ways.items():
        parts, still, said = [], [], None
        for first in PREFIXES:
            data = examples(frames["steps"], outcomes.assign(group=outcomes[group]), frames["model_calls"], first=first)
            said = predict(data, repeats=times)
            seen = "whole run" if first is None else f"first {first}"
            parts.append(evaluate(said).assign(seen=seen))
            running = set(data.loc[data["running"], "session_id"])
            if running:
                still.append(evaluate(said[said["session_id"].isin(running)]).assign(seen=f"still going at {first}"))
        _say(f"\n== outcome of {name} ==\n{_table(pd.concat([*parts, *still]))}")
        if said is not None:
            _say(f"\ncalibration, {name}, whole run\n{calibration(said).round(2).to_string(index=False)}")


def _controls(frames: dict[str, pd.DataFrame], outcomes: pd.DataFrame, repeats: int) -> None:
    """What words of the first 10 actions are worth without what they may betray, and against random outcomes."""
    data = examples(frames["steps"], outcomes.assign(group=outcomes["task"]), first=10)
    steps = frames["steps"]
    prompts = steps[steps["kind"] == "prompt"].drop_duplicates("session_id").set_index("session_id")["text"]
    given = {
        "what the agent said": data,
        "without names of code": data.assign(words=data["words"].str.replace(NAMES_OF_CODE, " ", regex=True)),
        "the prompt instead": data.assign(words=data["session_id"].map(prompts).fillna("").str.slice(0, 20_000)),
    }
    _say("\n== words of the first 10 actions, new tasks of known repositories: controls ==")
    for name, one in given.items():
        row = evaluate(predict(one, models=["words"], repeats=repeats)).iloc[0]
        _say(f"{name:30} AUC {row['auc']:.2f} ({row['auc_low']:.2f}-{row['auc_high']:.2f})")
    row = against_chance(data, model="words").iloc[0]
    told = f"AUC {row['auc']:.2f}, by chance {row['chance']:.2f} +- {row['chance_sd']:.2f}, p {row['p']:.2f}"
    _say(f"against {row['permutations']} deals of the outcomes: {told}")


def _table(scores: pd.DataFrame) -> str:
    rows = [
        f"{row.seen:22} {row.model:8} n {row.sessions:3}  AUC {row.auc:.2f} ({row.auc_low:.2f}-{row.auc_high:.2f})  "
        f"gain {row.gain:+.2f} ({row.gain_low:+.2f} to {row.gain_high:+.2f}; seen from {row.gain_seen:.2f})  "
        f"Brier {row.brier:.3f} ({row.brier_low:.3f}-{row.brier_high:.3f}; knowing nothing {row.brier_none:.3f})"
        for row in scores.itertuples(index=False)
    ]
    return "\n".join(rows)


def _detectors(frames: dict[str, pd.DataFrame], outcomes: pd.DataFrame) -> pd.DataFrame:
    chosen = [name for name, detector in detectors.detectors().items() if set(detector.needs) <= set(frames)]
    found = detectors.find(frames, chosen)
    sessions = found.groupby("detector")["session_id"].agg(lambda ids: sorted(set(ids))).reset_index()
    marks = sessions.rename(columns={"detector": "motif", "session_id": "session_ids"})
    made = contrast(marks, outcomes.rename(columns={"repository": "stratum"}))
    columns = ["motif", "sessions", "success_with", "success_without", "odds_ratio", "p", "q", "significant"]
    shown = made[columns].rename(columns={"motif": "detector"}).round(3)
    title = "detectors: share resolved with and without a finding; tested within repositories"
    _say(f"\n== {title} ==\n{shown.to_string(index=False)}")
    return found


def _belief(frames: dict[str, pd.DataFrame], outcomes: pd.DataFrame, findings: pd.DataFrame) -> None:
    told = outcome.outcomes(frames["steps"], outcomes["session_id"], findings)
    known = told.merge(outcomes[["session_id", "success"]], on="session_id")
    own = known[known["success_belief"].notna()]
    belief, success = own["success_belief"].to_numpy(dtype=float), own["success"].to_numpy(bool)
    low, high = bootstrap(_auc, belief, success)
    _say(f"\n== outcome metric: AUC of its belief {_auc(belief, success):.2f} ({low:.2f}-{high:.2f}), "
         f"{len(own)} of {len(known)} have one ==")  # fmt: skip
    _say(pd.crosstab(known["outcome"], known["success"]).to_string())


def _scores(scores: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    known = scores.merge(outcomes[["session_id", "success"]], on="session_id")
    _say("\n== scores: AUC for resolved, of the scored sessions; outcome beside the truth ==")
    for variant, rows in known.groupby("variant", sort=True):
        own = rows[rows["score"].notna()]
        score, success = own["score"].to_numpy(dtype=float), own["success"].to_numpy(bool)
        low, high = bootstrap(_auc, score, success)
        _say(f"{variant}: {len(own)} of {len(rows)} scored, AUC {_auc(score, success):.2f} ({low:.2f}-{high:.2f})")
        _say(pd.crosstab(rows["outcome"], rows["success"]).to_string())


def _auc(score: np.ndarray, success: np.ndarray) -> float:
    gap = score[success][:, None] - score[~success][None, :]
    return float(np.where(gap == 0, 0.5, gap > 0).mean()) if gap.size else float("nan")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
