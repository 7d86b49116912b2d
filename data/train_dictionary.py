"""Train a zstd dictionary for raw records on the sample sessions: `python data/train_dictionary.py NAME.zdict`.

A dictionary that records were stored with must never change: a better one gets a new file beside the old.
"""

import sys
from pathlib import Path

import zstandard

SIZE_BYTES = 8192


def main() -> None:
    folder = Path(__file__).parent / "claude_code"
    samples = [line for path in sorted(folder.rglob("*.jsonl")) for line in path.read_bytes().splitlines()]
    Path(sys.argv[1]).write_bytes(zstandard.train_dictionary(SIZE_BYTES, samples).as_bytes())


if __name__ == "__main__":
    main()
