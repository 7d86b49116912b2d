"""Write labelled sessions: what each detector should find, and what it should leave alone.

python data/labelled_sessions.py --out DIR                  every pattern planted and just missed, and plain sessions
python data/labelled_sessions.py --out DIR --seed 7         other ones of the same kinds
python data/labelled_sessions.py --out DIR --only edit_churn,rollback

DIR/labels.jsonl says it, a line a session: session_id, path, agent, detector (null: a plain good session), expected,
variant, evidence (uuids and call ids of the planted records) and offsets (of those records in the file, in bytes). A
label is about its own detector only. The patterns and near misses follow from the definitions of the detectors, not
from their code. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from _samples.labelled.scenes import PATTERNS, Labelled, evidence, scenes
from _samples.log import Json

LABELS = "labels.jsonl"


def line(record: Json) -> bytes:
    """A record as its line in the file."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write(out: Path, seed: int = 0, only: set[str] | None = None) -> int:
    """Write sessions and labels into a folder; return how many sessions."""
    labels = []
    for made in scenes(seed, only):
        for path, records in made.story.files.items():
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            lines = [line(record) for record in records]
            target.write_bytes(b"".join(lines))
            if records is made.scene.records:
                labels.append(_label(made, path, records, lines))
    (out / LABELS).write_bytes(b"".join(map(line, labels)))
    return len(labels)


def _label(made: Labelled, path: str, records: list[Json], lines: list[bytes]) -> Json:
    planted = {id(record) for record in made.scene.evidence}
    offsets, at = [], 0
    for record, text in zip(records, lines, strict=True):
        if id(record) in planted:
            offsets.append(at)
        at += len(text)
    about = {"session_id": made.scene.session_id, "path": path, "agent": made.scene.agent}
    about |= {"detector": made.detector, "expected": made.expected, "variant": made.variant}
    return {**about, "evidence": evidence(made.scene), "offsets": offsets}


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into; new or empty")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="detectors, separated by commas; plain sessions come along")
    given = parser.parse_args()
    only = None if given.only is None else {name for name in given.only.split(",") if name}
    unknown = sorted((only or set()) - set(PATTERNS))
    if unknown:
        parser.error(f"no patterns for {unknown[0]!r}; there are {', '.join(sorted(PATTERNS))}")
    if given.out.exists() and any(given.out.iterdir()):
        parser.error(f"{given.out} is not empty; name a new folder")
    write(given.out, given.seed, only)


if __name__ == "__main__":
    main()
