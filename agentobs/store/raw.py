"""Raw records as the store keeps them: zstd, with a small dictionary where we have one for the agent's format.

A frame names its dictionary, so that every blob can be read by itself. Dictionaries are trained on sample sessions of
our own, ship with the package and never change.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import files

import zstandard

_LEVEL = 1
_PLAIN = zstandard.ZstdCompressor(level=3)


@cache
def _dictionaries() -> dict[str, zstandard.ZstdCompressionDict]:
    """The dictionaries by file name: `<agent>-<number>.zdict`, the highest number is the one to write with."""
    folder = files("agentobs.store") / "dictionaries"
    found = sorted(path.name for path in folder.iterdir() if path.name.endswith(".zdict"))
    return {name: zstandard.ZstdCompressionDict((folder / name).read_bytes()) for name in found}


@cache
def compressor(agent: str) -> Callable[[bytes], bytes]:
    """Return what compresses records of an agent. One thread at a time may use it."""
    own = [dictionary for name, dictionary in _dictionaries().items() if name.rsplit("-", 1)[0] == agent]
    if not own:
        return _PLAIN.compress
    own[-1].precompute_compress(level=_LEVEL)
    return zstandard.ZstdCompressor(level=_LEVEL, dict_data=own[-1]).compress


def compress(record: bytes) -> bytes:
    """Return a record compressed without a dictionary."""
    return _PLAIN.compress(record)


@cache
def _decompressor(dictionary_id: int) -> Callable[[bytes], bytes]:
    for dictionary in _dictionaries().values():
        if dictionary.dict_id() == dictionary_id:
            return zstandard.ZstdDecompressor(dict_data=dictionary).decompress
    return zstandard.ZstdDecompressor().decompress


def decompress(blob: bytes) -> bytes:
    """Return the record of a blob."""
    return _decompressor(zstandard.get_frame_parameters(blob).dict_id)(blob)
