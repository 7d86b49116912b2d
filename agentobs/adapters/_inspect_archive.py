"""From an `.eval` archive to one JSON document, in the shape of the older `.json` logs: header fields and `samples`.

Only members of known names are read, into memory, never to a path; what they decompress to is capped over all of them.
An archive without `header.json` is a run that did not end: its journal says what was begun.
"""

import io
import re
import zipfile
import zlib

import msgspec
import zstandard

from agentobs.adapters._lenient import dumps, loads, sanitise

MOST_BYTES = 256 * 1024 * 1024
MOST_MEMBERS = 200_000

_MAGIC = b"PK\x03\x04"
_ENTRY = b"PK\x01\x02"  # of the archive's directory
_ZSTD = 93
_ENCRYPTED = 1
_LOCAL_HEADER = 30
_SAMPLE = re.compile(r"samples/.+\.json", re.DOTALL).fullmatch  # an id may hold slashes
_START = "_journal/start.json"
_HEADER = "header.json"
_decode = msgspec.json.Decoder(msgspec.Raw).decode


def unpack(data: bytes) -> bytes:
    """Return the log as one JSON document; a log that is JSON already is returned as it is.

    Raises ValueError when it is no archive, is damaged, or decompresses to more than MOST_BYTES.
    """
    if not data.startswith(b"PK"):
        return data
    if data.count(_ENTRY) > MOST_MEMBERS:
        raise ValueError(f"an .eval archive of more than {MOST_MEMBERS} members")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _document(archive, data)
    except (zipfile.BadZipFile, zlib.error, zstandard.ZstdError, EOFError, RuntimeError) as error:
        raise ValueError(f"no readable .eval archive: {error}") from error


def _document(archive: zipfile.ZipFile, data: bytes) -> bytes:
    members = {info.filename: info for info in archive.infolist()}  # of members of one name the last is the valid one
    head = members.get(_HEADER) or members.get(_START)
    if head is None:
        raise ValueError(f"no .eval archive: it has neither {_HEADER} nor {_START}")
    left = MOST_BYTES
    header = _read(archive, data, head, left)
    left -= len(header)
    samples = []
    for name, info in members.items():
        if _SAMPLE(name):
            sample = _read(archive, data, info, left)
            left -= len(sample)
            samples.append(_as_object(sample, name))
    opened = _as_object(header, head.filename).rstrip()
    separator = b"" if opened[:-1].rstrip().endswith(b"{") else b","
    return opened[:-1] + separator + b'"samples":[' + b",".join(samples) + b"]}"


def _read(archive: zipfile.ZipFile, data: bytes, info: zipfile.ZipInfo, left: int) -> bytes:
    if info.flag_bits & _ENCRYPTED:
        raise ValueError(f"no readable .eval archive: {info.filename[:200]!r} is encrypted")
    if info.compress_type == _ZSTD:
        content = _read_zstd(data, info, left)
    else:
        with archive.open(info) as member:
            content = member.read(left + 1)
    if len(content) > left:
        raise ValueError(f"an .eval archive that decompresses to more than {MOST_BYTES} bytes")
    return content


def _read_zstd(data: bytes, info: zipfile.ZipInfo, left: int) -> bytes:
    """Read a member that the standard library's zipfile cannot decompress yet."""
    local = data[info.header_offset : info.header_offset + _LOCAL_HEADER]
    if len(local) < _LOCAL_HEADER or not local.startswith(_MAGIC):
        raise ValueError(f"no readable .eval archive: {info.filename[:200]!r} has no header")
    start = info.header_offset + _LOCAL_HEADER + int.from_bytes(local[26:28], "little")
    start += int.from_bytes(local[28:30], "little")
    packed = data[start : start + info.compress_size]
    with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed, read_across_frames=True) as reader:
        content = reader.read(left + 1)
    if len(content) <= left and zlib.crc32(content) != info.CRC:
        raise ValueError(f"no readable .eval archive: {info.filename[:200]!r} fails its checksum")
    return content


def _as_object(content: bytes, name: str) -> bytes:
    """Return a member as strict JSON (Inspect writes NaN); for one that cannot be read, an object that names it."""
    size, content = len(content), content.strip()
    if content.startswith(b"{"):
        try:
            _decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            content = _tolerantly(content)
        if content:
            return content
    return dumps({"unreadable": name[:200], "size": size})


def _tolerantly(content: bytes) -> bytes:
    try:
        return dumps(loads(sanitise(content)))
    except (ValueError, RecursionError):
        return b""
