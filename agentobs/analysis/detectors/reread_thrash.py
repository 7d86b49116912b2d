"""Reading the same again: a file and range whose content the context still holds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import base_name, codes, edits_of, flags, of_kinds, threads

CHARACTERS_PER_TOKEN = 4


def find(steps: pd.DataFrame, *, at_least: int = 1) -> pd.DataFrame:
    """Reads of a file and range that were read before, with no write to it and no compaction between.

    A shell command that does nothing but print the file is a read. Another command that names the file, a rollback and
    a new prompt of the human count as a possible write: somebody may have changed it. A read that failed, or that came
    back with another content, is none.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : repeated reads of the same that count

    Returns
    -------
    HITS, one for each file and range: the first read and the repeated ones, which were in vain. The explanation says
    the tokens read again, at 4 characters a token. Severity: medium from 3 repetitions or 10,000 tokens on, else low.
    """
    return hits(_found(steps, at_least))


def _found(steps: pd.DataFrame, at_least: int) -> Iterator[Hit]:
    chosen = of_kinds(steps, "call", "compaction", "prompt")
    kind, types = chosen["kind"].tolist(), chosen["type"].tolist()
    paths, commands = chosen["file_path"].tolist(), chosen["command"].tolist()
    printed = (chosen["type"] != "file_read") & chosen["command"].notna() & chosen["read_range"].notna()
    read = ((chosen["type"] == "file_read") | printed).to_numpy(bool) & ~flags(chosen["failed"])
    keys = codes(chosen["file_path"], chosen["read_range"]).tolist()
    outputs = codes(chosen["output_key"]).tolist()
    edited, rows = edits_of(chosen), chosen.index.to_numpy()
    sizes = chosen["output_chars"].fillna(0).to_numpy("int64")
    for thread in threads(chosen):
        seen: dict[int, list[int]] = {}
        for one in thread.tolist():
            if read[one] and keys[one] >= 0:
                before = seen.setdefault(keys[one], [])
                if before and outputs[before[0]] != outputs[one]:
                    yield from _closed({keys[one]: before}, rows, paths, sizes, at_least)
                    before = seen[keys[one]] = []
                before.append(one)
            elif kind[one] != "call" or types[one] == "rollback_performed":
                yield from _closed(seen, rows, paths, sizes, at_least)
                seen = {}
            elif edited[one] or isinstance(commands[one], str):
                gone = {key: reads for key, reads in seen.items() if _touches(one, reads[0], paths, commands)}
                yield from _closed(gone, rows, paths, sizes, at_least)
                seen = {key: reads for key, reads in seen.items() if key not in gone}
        yield from _closed(seen, rows, paths, sizes, at_least)


def _touches(one: int, read: int, paths: list[str], commands: list[str]) -> bool:
    name = base_name(paths[read])
    if isinstance(commands[one], str):
        return name in commands[one]
    return not isinstance(paths[one], str) or base_name(paths[one]) == name


def _closed(
    seen: dict[int, list[int]], rows: np.ndarray, paths: list[str], sizes: np.ndarray, at_least: int
) -> Iterator[Hit]:
    for reads in seen.values():
        again = reads[1:]
        if len(again) < at_least or not again:
            continue
        tokens = int(sizes[again].sum()) // CHARACTERS_PER_TOKEN
        severe = len(again) >= 3 or tokens >= 10_000
        said = f"{base_name(paths[reads[0]])} was read {len(reads)} times unchanged: about {tokens:,} tokens again"
        yield Hit(rows[reads], rows[again], "medium" if severe else "low", 0.9, said)


DETECTOR = Detector(
    name="reread_thrash",
    version=1,
    title="Reading the same again",
    definition="The same file and range read again with no write to it and no compaction between.",
    source="agentobs",
    find=find,
)
