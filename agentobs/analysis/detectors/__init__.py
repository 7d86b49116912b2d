"""Detectors: one module each, found by scanning this folder; and how what they see becomes findings."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from typing import Any

import pandas as pd

from agentobs import registry
from agentobs.analysis.detectors._base import Detector
from agentobs.analysis.waste import waste_of
from agentobs.analysis.zones import known
from agentobs.errors import SettingsError
from agentobs.frames import FINDINGS, conform, empty

Frames = Mapping[str, pd.DataFrame]


@cache
def detectors() -> dict[str, Detector]:
    """Return every known detector by its name."""
    return registry.plugins("agentobs.analysis.detectors", "DETECTOR", Detector)


def find(frames: Frames, names: Iterable[str] | None = None, **parameters: Mapping[str, Any]) -> pd.DataFrame:
    """What the detectors find in whole sessions.

    Parameters
    ----------
    frames : {"steps": STEPS, "model_calls": MODEL_CALLS, ...}: what the chosen detectors need
    names : detectors to run; default: all
    parameters : by name of a detector, values in place of its defaults

    Returns
    -------
    Frame of FINDINGS, by session, start and detector. Raises SettingsError for an unknown detector or parameter.
    """
    there = detectors()
    chosen = list(there) if names is None else list(names)
    unknown = sorted({*chosen, *parameters} - set(there))
    if unknown:
        raise SettingsError(f"no detector {unknown[0]!r}; there are {', '.join(there)}")
    parts = [run(there[name], frames, **parameters.get(name, {})) for name in chosen]
    filled = [part for part in parts if len(part)]
    if not filled:
        return empty(FINDINGS)
    whole = pd.concat(filled, ignore_index=True)
    return whole.sort_values(["session_id", "started_at", "detector", "finding_id"], kind="stable", ignore_index=True)


def run(detector: Detector, frames: Frames, **parameters: Any) -> pd.DataFrame:
    """Return the FINDINGS of one detector."""
    steps = frames["steps"]
    if not steps.index.equals(pd.RangeIndex(len(steps))):
        steps = steps.reset_index(drop=True)
    chosen = detector.chosen(parameters)
    given = [steps if name == "steps" else frames[name] for name in detector.needs]
    seen = detector.find(*given, **chosen)
    return empty(FINDINGS) if seen.empty else _findings(detector, seen, steps, frames["model_calls"], chosen)


def _findings(
    detector: Detector, seen: pd.DataFrame, steps: pd.DataFrame, model_calls: pd.DataFrame, parameters: dict[str, Any]
) -> pd.DataFrame:
    first, last = ([which(rows) for rows in seen["steps"]] for which in (min, max))
    evidence = _events(steps, [sorted(set(rows)) for rows in seen["steps"]])
    owners = steps["session_id"].array[first].tolist()
    started = steps["started_at"].array
    ended = steps["ended_at"].take(last).fillna(steps["started_at"].take(last))
    wasted = waste_of(seen["wasted"].tolist(), steps, model_calls)
    columns = {
        "finding_id": _names(detector, owners, evidence, seen["key"].tolist()),
        "detector": detector.name,
        "detector_version": detector.version,
        "session_id": owners,
        "severity": seen["severity"],
        "confidence": seen["confidence"],
        "started_at": started[first],
        "ended_at": ended.array,
        "event_ids": pd.Series(evidence, dtype="object"),
        "wasted_event_ids": pd.Series(_events(steps, seen["wasted"].tolist()), dtype="object"),
        "parameters": pd.Series([parameters] * len(seen), dtype="object"),
        "wasted_tokens": wasted["tokens"],
        "wasted_cost_usd": wasted["cost_usd"],
        "wasted_s": wasted["seconds"],
        "explanation": seen["explanation"].str.slice(0, 300),
    }
    found = pd.DataFrame(columns)
    for name in ("started_at", "ended_at"):
        found[name] = known(pd.to_datetime(found[name], utc=True))
    return conform(found, FINDINGS)


def _events(steps: pd.DataFrame, groups: list[list[int]]) -> list[list[str]]:
    """The ids of the events that groups of rows are."""
    ids = iter(steps["event_id"].array[[row for rows in groups for row in rows]].tolist())
    return [list(islice(ids, len(rows))) for rows in groups]


def _names(detector: Detector, owners: list[str], evidence: list[list[str]], keys: list[str]) -> list[str]:
    """The same pattern on the same events has the same id, whatever the version.

    Several on the same events differ by their key, and by their order where a detector gives none.
    """
    texts: list[str] = []
    met: Counter[str] = Counter()
    for owner, ids, key in zip(owners, evidence, keys, strict=True):
        plain = json.dumps([detector.name, owner, ids, *([key] if key else [])])
        texts.append(f"{plain} {met[plain]}" if met[plain] else plain)
        met[plain] += 1
    return [hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for text in texts]
