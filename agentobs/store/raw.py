"""Raw records as the store keeps them: zstd, with a small dictionary where we have one for the agent's format.

A frame names its dictionary, so that every blob can be read by itself. Dictionaries are trained on sample sessions of
our own, ship with the package and never change.
"""

import threading
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import zstandard

_LEVEL = 1
_LOCAL = threading.local()  # contexts of zstd serve one thread each


@cache
def _dictionaries() -> dict[str, zstandard.ZstdCompressionDict]:
    """The dictionaries by file name: `<agent>-<number>.zdict`, the highest number is the one to write with."""
    folder = files("agentobs.store") / "dictionaries"
    found = sorted(path.name for path in folder.iterdir() if path.name.endswith(".zdict"))
    made = {name: zstandard.ZstdCompressionDict((folder / name).read_bytes()) for name in found}
    for dictionary in made.values():
        dictionary.precompute_compress(level=_LEVEL)
    return made


def compressor(agent: str) -> Callable[[bytes], bytes]:
    """Return what compresses records of an agent; for one thread at a time."""
    own = [dictionary for name, dictionary in _dictionaries().items() if name.rsplit("-", 1)[0] == agent]
    if not own:
        return zstandard.ZstdCompressor(level=3).compress
    return zstandard.ZstdCompressor(level=_LEVEL, dict_data=own[-1]).compress


def compress(record: bytes) -> bytes:
    """Return a record compressed without a dictionary."""
    return zstandard.ZstdCompressor(level=3).compress(record)


def decompress(blob: bytes) -> bytes:
    """Return the record of a blob."""
    return _decompressor(zstandard.get_frame_parameters(blob).dict_id)(blob)


def _decompressor(dictionary_id: int) -> Callable[[bytes], bytes]:
    """This thread's decompressor for a dictionary; 0: none."""
    made: dict[int, Callable[[bytes], bytes]] = _LOCAL.__dict__.setdefault("made", {})
    if dictionary_id not in made:
        known = {dictionary.dict_id(): dictionary for dictionary in _dictionaries().values()}
        made[dictionary_id] = zstandard.ZstdDecompressor(dict_data=known.get(dictionary_id)).decompress
    return made[dictionary_id]
