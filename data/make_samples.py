"""Write the sample sessions of data/claude_code, the same bytes every time; or as many as a benchmark needs.

python data/make_samples.py                                          the sample sessions
python data/make_samples.py --out DIR --scale 50                     50 times as many, with new ids and times
python data/make_samples.py --out DIR --events 1000000               as many as hold a million records
python data/make_samples.py --out DIR --events 1000000 --one-file    the same in a single session file
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from pathlib import Path

from _samples import engine, shop
from _samples.bulk import Template, write_many, write_one
from _samples.log import Json, Story

SAMPLES = Path(__file__).resolve().parent / "claude_code"
STORIES = shop.STORIES + engine.STORIES


def line(record: Json) -> bytes:
    """A record as its line in the file."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def tell() -> list[Story]:
    """Every story, each from a seed of its own: to change one leaves the others as they are."""
    told = []
    for write in STORIES:
        told.append(Story(random.Random(write.__name__)))
        write(told[-1])
    return told


def write_samples(out: Path) -> None:
    """The sample sessions. Only our own folder is emptied first: another one may hold somebody's sessions."""
    if out == SAMPLES:
        shutil.rmtree(out / "projects", ignore_errors=True)
    for story in tell():
        for path, records in story.files.items():
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"".join(map(line, records)))


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=SAMPLES, help="folder to write into")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--scale", type=int, help="how many times the sample sessions")
    size.add_argument("--events", type=int, help="at least so many records, to the end of a story")
    parser.add_argument("--one-file", action="store_true", help="one session file that holds everything")
    parser.add_argument(
        "--days", type=int, default=90, help="spread the sessions over so many days, from 2026-03-09 on"
    )
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.scale is None and given.events is None:
        write_samples(given.out)
        return
    if given.out.resolve() == SAMPLES:
        parser.error("--scale and --events need --out: the sample sessions are small on purpose")
    templates = [Template.of(story, line) for story in tell()]
    started = time.perf_counter()
    write = write_one if given.one_file else write_many
    whole = sum(template.lines for template in templates)
    count = given.events if given.scale is None else given.scale * whole
    lines, size_bytes = write(templates, given.out, count, random.Random(given.seed), given.days)
    seconds = time.perf_counter() - started
    print(f"{lines} records, {size_bytes / 1e6:.1f} MB, {size_bytes / 1e6 / seconds:.0f} MB/s")


if __name__ == "__main__":
    main()
