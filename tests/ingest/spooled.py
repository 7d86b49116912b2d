"""Spools of tests: what is put into one, and all that lies in it."""

from pathlib import Path

from agentobs.ingest._segments import Damage, Frame, Header, frames, payload_of, segments_in
from agentobs.ingest.spool import Spool

HEADER = Header(adapter="simple", identity="r")


def put(spool: Spool, *lines: bytes) -> None:
    """Append each text as a frame of its own; return when all are durable."""
    spool.append([payload_of(HEADER, line) for line in lines]).result(10)


def contents_of(folder: Path) -> list[tuple[int, bytes]]:
    """All frames of a spool: (number, lines). Damage raises."""
    found = []
    segments = segments_in(folder)
    for segment in segments:
        with segment.path.open("rb") as file:
            for part in frames(file.fileno(), segment, 0, sealed=segment is not segments[-1]):
                assert not isinstance(part, Damage), f"{part} in {segment.path.name}"
                assert isinstance(part, Frame)
                found.append((part.number, part.lines()))
    return found
