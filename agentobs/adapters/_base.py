"""The contract of an adapter.

An adapter is one module that ends in `ADAPTER = Adapter(...)` and one fixture folder; nothing else changes. It

- yields Event, Skip or Reject for each record, in the order of the source; it never raises on content;
- looks at each line once; what it must remember lies in one small msgspec Struct (`memory`), which is saved with the
  offset, so that reading on in the middle gives the same events as reading from the start; it keeps that bounded;
- names each event after the record's own identity (events.ids), so that the same bytes give the same ids;
- takes times from the record only; a record without one inherits the last one and says so;
- keeps what it does not know as an `unknown` event with its raw record;
- is pure: no clock, no environment, no file.

A format whose files are one document, rewritten whole (`whole=True`), gets the document as the only line, at offset 0;
there Event.offset, Skip.offset and Reject.offset number its records (0, 1, 2, ...), and `raw` is a record's own JSON. A
record that may come again with more in it (a message that is updated) puts its `digest` into its id: each version is an
event of its own; calls and usage are folded by tool_call_id and usage_key. A binary file (a zip) is turned into such a
document by `unpack`, before redaction; an SQLite database by `tables`, which is given a connection that can only read,
inside one transaction, whose texts come as bytes; a folder with a file for each record by a `gathering`, from the file
of its session. They raise ValueError, with a reason, on what they cannot read.

Where no record names its session, the name of its file or folder may: a memory with a field `path: str = ""` is given
the source's path (with slashes) when its reading begins. Only the agent's own names in it may enter an id, never the
whole path, which differs between copies; it may be empty.

`lines` are events.Line tuples (offset, redacted line, original line), without the newline. The original serves only
identity (`content_digest`, ids of records without a native one); nothing else of it may reach an event.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import msgspec

from agentobs.events import Item, Line


class NoMemory(msgspec.Struct):
    """The memory of a format whose lines stand alone."""


class Fidelity(msgspec.Struct, frozen=True, kw_only=True):
    """What a source can know. True: measured in its records; False: it never says."""

    times: bool
    model: bool
    tokens: bool
    cost: bool
    outcomes: bool
    threads: bool
    subagents: bool
    edits: bool
    version: bool
    basis: str  # what the adapter was built from: "real files" or the address of the source that was read


class Records(Protocol):
    """The files of one folder, by their paths below it; what is a link, or leads out of it, is not there."""

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, sorted; none where there is no such folder."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return what a file holds; None when there is none."""
        ...


class Gathering(msgspec.Struct, frozen=True, kw_only=True):
    """How records that lie in files of their own become the document of their session."""

    levels: int  # the common folder is so many levels above the folder that a file lies in
    document: Callable[[bytes, Records], bytes]  # from the session's file, and the files below the common folder
    owner: Callable[[bytes], str | None]  # of a record's file, by its content: the session's file, a glob below there


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's format.

    `detect` gets the first 64 KiB of a file (complete lines where possible; of a database those of its write-ahead log,
    too) and returns a score in [0, 1]: how sure it is, by content only, that the file is its own. `parse` is described
    above. `content` gives the full text that an event stands for, from its raw record: (raw record, part) -> text or
    None.
    """

    name: str
    title: str
    locations: tuple[str, ...]  # globs below the home folder
    patterns: tuple[str, ...]  # file names worth looking at in a folder that the user names
    detect: Callable[[bytes], float]
    parse: Callable[[Iterable[Line], Any], Iterator[Item]]
    content: Callable[[bytes, int], str | None]
    memory: type[msgspec.Struct] = NoMemory
    whole: bool = False
    unpack: Callable[[bytes], bytes] | None = None
    tables: Callable[[sqlite3.Connection], bytes] | None = None
    gathering: Gathering | None = None
    agent: str | None = None  # whose sessions these are, where an agent has several formats; None: the adapter's name
    names_agents: bool = False  # its records say whose they are
    version: int = 1  # changes when the same bytes give other events
    fidelity: Fidelity | None = None

    @property
    def is_spread(self) -> bool:
        """Whether a session is more than the bytes of its file: rows of a database, or records in other files."""
        return self.tables is not None or self.gathering is not None
