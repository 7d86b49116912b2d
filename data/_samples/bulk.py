"""Many sessions from a few: the rendered lines are cut at every id and every minute, and joined again with others."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from operator import itemgetter
from pathlib import Path

from _samples.log import Json, Story

FIRST_DAY = datetime(2026, 3, 9, tzinfo=UTC)
SHOP = "-home-ada-shop"
PAUSE = timedelta(minutes=5)  # between two stories of the single file
UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
API_ID = rb"(?:msg_|req_|toolu_|srvtoolu_)01[1-9A-Za-z]{22}"
MINUTE = rb"2026-\d\d-\d\dT\d\d:\d\d(?=:\d\d\.\d{3}Z)"
MINUTE_FORMAT = "%Y-%m-%dT%H:%M"
AGENT_DIGITS = 17
BUFFER_BYTES = 1 << 22


@dataclass(frozen=True)
class Text:
    """Bytes cut at their holes: pieces and holes take turns."""

    pieces: list[bytes]
    holes: Callable[[list[bytes]], tuple[bytes, ...]] | None

    def filled(self, values: list[bytes]) -> bytes:
        if self.holes is None:
            return self.pieces[0]
        whole = self.pieces.copy()
        whole[1::2] = self.holes(values)
        return b"".join(whole)


@dataclass(frozen=True)
class Template:
    """A story whose ids and minutes can be replaced."""

    names: list[bytes]  # what the holes held
    minutes: dict[int, datetime]
    session: int  # the hole of the first session's id
    files: list[tuple[Text, Text, int]]  # path, content, lines
    lines: int
    in_shop: bool  # the project of the single file

    @classmethod
    def of(cls, story: Story, line: Callable[[Json], bytes]) -> Template:
        short = rb"\b(?:" + b"|".join(sorted({name.encode() for name in story.short_ids} or {b"\x00"})) + rb")\b"
        pattern = re.compile(b"(" + b"|".join((UUID, API_ID, MINUTE, short)) + b")")
        numbers: dict[bytes, int] = {}

        def cut(text: bytes) -> Text:
            pieces = pattern.split(text)
            found = [numbers.setdefault(name, len(numbers)) for name in pieces[1::2]]
            if len(found) == 1:  # itemgetter with one index gives no tuple
                only = found[0]
                return Text(pieces, lambda values: (values[only],))
            return Text(pieces, itemgetter(*found) if found else None)

        files, total = [], 0
        for path, records in story.files.items():
            files.append((cut(path.encode()), cut(b"".join(map(line, records))), len(records)))
            total += len(records)
        first = next(record["sessionId"] for record in next(iter(story.files.values())) if "sessionId" in record)
        minutes = {
            number: datetime.strptime(name.decode(), MINUTE_FORMAT).replace(tzinfo=UTC)
            for name, number in numbers.items()
            if name.startswith(b"2026-")
        }
        in_shop = next(iter(story.files)).startswith(f"projects/{SHOP}/")
        return cls(list(numbers), minutes, numbers[first.encode()], files, total, in_shop)

    def values(self, rng: random.Random, start: datetime) -> list[bytes]:
        """New ids of the old shapes, and the minutes moved so that the story begins at `start`."""
        fresh = rng.randbytes(16 * len(self.names)).hex()
        shift = start - min(self.minutes.values())
        made = [_like(name, fresh[32 * at : 32 * at + 32]) for at, name in enumerate(self.names)]
        for number, minute in self.minutes.items():
            made[number] = (minute + shift).strftime(MINUTE_FORMAT).encode()
        return made

    def length(self) -> timedelta:
        return max(self.minutes.values()) - min(self.minutes.values())


def _like(name: bytes, digits: str) -> bytes:
    if b"_01" in name:
        return name[: name.index(b"_") + 3] + digits[:22].encode()
    if len(name) == 36:
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}".encode()
    # Agents get the longer ids of newer versions: in a big folder seven digits would meet.
    return f"a{digits[1:AGENT_DIGITS]}".encode() if name.startswith(b"a") else digits[: len(name)].encode()


def _starts(rng: random.Random, days: int) -> Iterator[datetime]:
    while True:
        yield FIRST_DAY + timedelta(minutes=int(rng.random() * days * 1440))


def write_many(templates: list[Template], out: Path, count: int, rng: random.Random, days: int) -> tuple[int, int]:
    """Session files as in ~/.claude/projects until they hold `count` records. Returns records and bytes."""
    lines = size = 0
    known: set[Path] = set()
    for template, start in zip(cycle(templates), _starts(rng, days), strict=False):
        if lines >= count:
            break
        values = template.values(rng, start)
        for path, content, number in template.files:
            target = out / path.filled(values).decode()
            if target.parent not in known:
                target.parent.mkdir(parents=True, exist_ok=True)
                known.add(target.parent)
            size += target.write_bytes(content.filled(values))
            lines += number
    return lines, size


def write_one(templates: list[Template], out: Path, count: int, rng: random.Random, days: int) -> tuple[int, int]:
    """A single session that lives through the stories one after the other. Returns records and bytes.

    Stories with copies of history stay out: their files hold records twice. `days` plays no role: time only goes on.
    """
    del days
    session = _like(b"0" * 36, rng.randbytes(16).hex())
    plain = [template for template in templates if template.in_shop and template.length() < timedelta(hours=6)]
    target = out / "projects" / SHOP / f"{session.decode()}.jsonl"
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = size = 0
    start = FIRST_DAY
    with target.open("wb", buffering=BUFFER_BYTES) as file:
        for template in cycle(plain):
            if lines >= count:
                break
            values = template.values(rng, start)
            values[template.session] = session
            _, content, number = template.files[0]
            size += file.write(content.filled(values))
            lines += number
            start += template.length() + PAUSE
    return lines, size
