"""Writing one segment: what `append` has returned for is on the disk; after any error nothing more is written to it."""

import os
from collections.abc import Sequence
from contextlib import suppress

from agentobs.ingest._segments import Segment

_MOST_PARTS = 1024  # IOV_MAX


class SegmentWriter:
    """One segment, made when its first frames come."""

    def __init__(self, segment: Segment, folder_fd: int) -> None:
        self.segment = segment
        self.size_bytes = 0  # durable ones
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(segment.path, flags, 0o600)
        try:
            os.fsync(folder_fd)  # a file without its name would be lost
        except OSError:
            self.abandon()
            raise

    def append(self, parts: Sequence[bytes]) -> None:
        """Write all parts and make them durable. After an OSError the segment must be abandoned."""
        size = 0
        for start in range(0, len(parts), _MOST_PARTS):
            size += self._write(parts[start : start + _MOST_PARTS])
        os.fdatasync(self._fd)
        self.size_bytes += size

    def abandon(self) -> None:
        """Cut what is not durable, as far as that still works; never sync again what a sync has failed for."""
        with suppress(OSError):
            os.ftruncate(self._fd, self.size_bytes)
        self.close()

    def close(self) -> None:
        """Close the file. Everything that was told to be safe was synced before."""
        with suppress(OSError):
            os.close(self._fd)

    def _write(self, parts: Sequence[bytes]) -> int:
        """Write all of the parts; the system may take fewer bytes at once."""
        size = sum(map(len, parts))
        written = os.writev(self._fd, parts)
        if written < size:
            rest = memoryview(b"".join(parts))[written:]
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        return size
