"""Frames straight from a folder of session files, without any database: the same that one would give."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa

from agentobs import frames
from agentobs.adapters._base import Adapter
from agentobs.analysis import derive
from agentobs.errors import SourceError
from agentobs.frames import Frame
from agentobs.ingest import backfill, mappings
from agentobs.ingest.content import Keeper
from agentobs.ingest.discover import Found, PassedOver
from agentobs.redaction import Redactor, load_key, load_rules
from agentobs.settings import Settings
from agentobs.store import arrow
from agentobs.store.filters import Filters
from agentobs.store.reader import Body
from agentobs.workbench import folder_files, searching
from agentobs.workbench.folder_files import FileRows

_BAR = 32 << 20  # bytes from which on a progress bar is worth a look
_LANES = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")

State = tuple[tuple[str, int, int], ...]
"""(path, size in bytes, time of change) of every file below the root: when it differs, something is to be read."""


class Counts(msgspec.Struct):
    """What was read. records = event_records + skips + rejects; events = those in the frame + copies + conflicts."""

    files: int = 0
    records: int = 0
    event_records: int = 0
    events: int = 0
    copies: int = 0
    conflicts: int = 0
    skips: Counter[str] = msgspec.field(default_factory=Counter)
    rejects: Counter[str] = msgspec.field(default_factory=Counter)
    unknowns: Counter[str] = msgspec.field(default_factory=Counter)
    redactions: Counter[str] = msgspec.field(default_factory=Counter)
    passed_over: list[PassedOver] = msgspec.field(default_factory=list)


class _Derived:
    """Everything that follows from the files as they were at one time; each part is made when it is first needed."""

    def __init__(self, files: list[FileRows]) -> None:
        self.files = files
        tables = [table for file in files for table in file.tables]
        numbers = [
            number for number, file in enumerate(files, start=1) for table in file.tables for _ in range(len(table))
        ]
        place = folder_files.SCHEMA.get_field_index("source_id")
        whole = pa.concat_tables([folder_files.SCHEMA.empty_table(), *tables])
        whole = whole.set_column(place, "source_id", pa.array(numbers, pa.int64()))
        records = arrow.to_pandas(whole, derive.RECORDS)
        self.read = len(records)
        self._texts: list[str] | None = None
        self.events, self.lineage, self.copies, self.conflicts = derive.settle(records)

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The events as frames show them: a copy is what repeats something that is here."""
        return self.events.assign(is_copy=(~derive.is_own(self.events)).astype("boolean"))

    @cached_property
    def tool_calls(self) -> pd.DataFrame:
        return derive.tool_calls(self.events)

    @cached_property
    def model_calls(self) -> pd.DataFrame:
        return derive.model_calls(self.events)

    @cached_property
    def edits(self) -> pd.DataFrame:
        return derive.edits(self.tool_calls, self.events)

    @cached_property
    def sessions(self) -> pd.DataFrame:
        return derive.sessions(self.events, self.tool_calls, self.edits, self.model_calls, self.lineage)

    @cached_property
    def searched(self) -> pd.DataFrame:
        """The events whose words are searched, as the index has them: no copies."""
        shown = self.shown
        says = shown["type"].isin(["user_interaction", "llm_response"]) | (
            (shown["type"] == "context_switch") & shown["role"].notna()
        )
        named = shown["tool_call_id"].notna() | shown["summary"].notna() | shown["file_path"].notna()
        return shown[(says | named).astype(bool) & ~shown["is_copy"].astype(bool)].reset_index(drop=True)

    def texts(self, known: Mapping[str, Adapter]) -> list[str]:
        """What is searched of each of these events; read once."""
        if self._texts is None:
            data = self.searched
            rows = data[["summary", "file_path", "tool_call_id", "type", "status"]].itertuples(index=False)
            read = zip(self.adapters(data), self.raw(data), data["part"].astype("int64").tolist(), rows, strict=True)
            self._texts = [searching.text_of_row(known.get(name), raw, part, row) for name, raw, part, row in read]
        return self._texts

    @cached_property
    def messages(self) -> pd.DataFrame:
        return derive.messages(self.events)

    def adapters(self, places: pd.DataFrame) -> list[str]:
        """Return the name of the adapter that read each row."""
        return [self.files[number - 1].agent for number in places["source_id"].astype("int64").tolist()]

    def raw(self, places: pd.DataFrame) -> list[bytes | None]:
        """Return the record at each (source_id, source_offset)."""
        found: list[bytes | None] = [None] * len(places)
        places = places.reset_index(drop=True).sort_values(["source_id", "source_offset"])
        for number, group in places.groupby("source_id"):
            raw = self.files[int(number) - 1].raw  # pyright: ignore[reportArgumentType]
            offsets = group["source_offset"].astype("int64").tolist()
            for place, record in zip(group.index, raw.find(offsets), strict=True):
                found[place] = record
        return found


class Folder:
    """A backend that reads session files when they are first needed, and again those that have changed since."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self._settings = settings
        self._files: dict[Path, tuple[tuple[int, int], FileRows]] = {}
        self._state = _state(path)
        self._adapters = backfill.adapters(mappings.paths_of(settings.home))
        self._plan = _plan(path, self._adapters)
        self._now: _Derived | None = None

    @property
    def name(self) -> str:
        """The folder's path."""
        return str(self.path)

    @property
    def counts(self) -> Counts:
        """What was read, skipped, rejected and passed over."""
        now = self._derived
        counts = Counts(files=len(now.files), events=now.read, copies=now.copies, conflicts=len(now.conflicts))
        counts.passed_over = self._plan.passed_over + [
            PassedOver(Path(file.path), file.error) for file in now.files if file.error is not None
        ]
        for file in now.files:
            counts.records += file.records
            counts.event_records += file.event_records
            for name in ("skips", "rejects", "unknowns", "redactions"):
                getattr(counts, name).update(getattr(file, name))
        return counts

    def events(self, filters: Filters) -> pd.DataFrame:
        data = self._derived.shown
        if filters["since"] is not None or filters["until"] is not None:
            data = data[~data["ts_quality"].isin(["clamped", "none"])]
        return _shaped(derive.select(data, filters, time=data["ts"]), frames.EVENTS)

    def sessions(self, filters: Filters) -> pd.DataFrame:
        now = self._derived
        data = derive.select(
            now.sessions, filters, time=now.sessions["started_at"], names=("session", "agent", "project")
        )
        owners = (("model", now.model_calls), ("tool", now.tool_calls), ("type", now.events))
        for name, owned in owners:
            if filters[name] is not None:
                column = derive.COLUMNS[name]
                data = data[data["session_id"].isin(owned["session_id"][owned[column].isin(filters[name])])]
        return _shaped(data, frames.SESSIONS)

    def tool_calls(self, filters: Filters) -> pd.DataFrame:
        data = self._derived.tool_calls
        time = data["started_at"].where(data["started_at"].notna(), data["ended_at"])
        return _shaped(derive.select(data, filters, time=time), frames.TOOL_CALLS)

    def model_calls(self, filters: Filters) -> pd.DataFrame:
        return _shaped(self._selected_calls(filters), frames.MODEL_CALLS)

    def edits(self, filters: Filters) -> pd.DataFrame:
        data = self._derived.edits
        return _shaped(derive.select(data, filters, time=data["ts"]), frames.EDITS)

    def messages(self, filters: Filters) -> tuple[pd.DataFrame, list[Body]]:
        now = self._derived
        names = ("session", "agent", "project", "model", "type")
        data = derive.select(now.messages, filters, time=now.messages["ts"], names=names)
        if filters["tool"] is not None:
            data = data.iloc[:0]
        raws, parts = now.raw(data), data["part"].astype("int64").tolist()
        bodies = list(zip(now.adapters(data), raws, parts, strict=True))
        return _shaped(data, frames.MESSAGES), bodies

    def contents(self, filters: Filters) -> Iterator[tuple[str, Body]]:
        now = self._derived
        data = derive.select(now.shown, filters, time=now.shown["ts"])
        data = data[data["tool_call_id"].notna() & ~data["is_copy"].astype(bool)]
        raws, parts = now.raw(data), data["part"].astype("int64").tolist()
        for event_id, adapter, raw, part in zip(data["event_id"], now.adapters(data), raws, parts, strict=True):
            yield event_id, (adapter, raw, part)

    def usage(self, filters: Filters, by: Sequence[str], zone: str) -> pd.DataFrame:
        if "session" in by or filters["session"] is not None:
            calls = self._selected_calls(filters)
        else:  # as the rollups have it: a range takes the quarter-hours that begin in it
            data = self._derived.model_calls
            quarters = data["started_at"].dt.floor("15min")
            calls = derive.select(data, filters, time=quarters, names=("agent", "project", "model"))
        return derive.usage(calls, by=by, zone=zone)

    def physical(self) -> pd.DataFrame:
        rows = [
            (number, file.path, file.agent, *(file.physical[lane] for lane in ("records", *_LANES)))
            for number, file in enumerate(self._derived.files, start=1)
        ]
        data = pd.DataFrame(rows, columns=["source_id", "path", "agent", "records", *_LANES])
        return data.astype({name: "Int64" for name in data.columns if name not in {"path", "agent"}})

    def raw(self, ids: Sequence[str]) -> dict[str, bytes]:
        now = self._derived
        found = now.events[now.events["event_id"].isin(list(ids))]
        raws = zip(found["event_id"], now.raw(found), strict=True)
        return {event_id: raw for event_id, raw in raws if raw is not None}

    @property
    def state(self) -> object:
        """What was read: another object when the files have changed."""
        return self._derived

    def analysis(self, what: str, recipe: str, chosen: Mapping[str, Any]) -> pd.DataFrame | None:
        return None  # nothing is kept beside a folder: the workbench computes it

    def annotate(self, session: str, values: Mapping[str, Any]) -> int:
        raise SourceError("a folder keeps no annotations; ingest it and open the database")

    def annotations(self) -> pd.DataFrame:
        return frames.empty(frames.ANNOTATIONS)

    def search(self, asked: searching.Search, known: Mapping[str, Adapter]) -> pd.DataFrame:
        now = self._derived
        data = now.searched.assign(said=pd.Series(now.texts(known), dtype="object"))
        if asked.chosen["since"] is not None or asked.chosen["until"] is not None:
            data = data[~data["ts_quality"].isin(["clamped", "none"])]
        data = derive.select(data, asked.chosen, time=data["ts"])
        return searching.of_events(data, data["said"].tolist(), asked)

    def sql(self, query: str, parameters: Mapping[str, Any] | None) -> pd.DataFrame:
        raise SourceError("a folder has no SQL; ingest it and open the database")

    def close(self) -> None:
        """Let go of everything that was read."""
        self._files, self._now = {}, None

    def _selected_calls(self, filters: Filters) -> pd.DataFrame:
        data = self._derived.model_calls
        return derive.select(data, filters, time=data["started_at"], names=("session", "agent", "project", "model"))

    @property
    def _derived(self) -> _Derived:
        state = _state(self.path)
        if self._now is None or state != self._state:
            if state != self._state:
                self._plan = _plan(self.path, self._adapters)
            self._now, self._state = _Derived(self._read(self._plan.found)), state
        return self._now

    def _read(self, found: list[Found]) -> list[FileRows]:
        """Read what is new or has changed; files in the order of their paths."""
        from tqdm.auto import tqdm

        versions = {item.path: _version(item.path) for item in found}
        # Rows may come into a log beside, records into files of their own: such a source is read again.
        stale = [
            item
            for item in found
            if item.adapter.is_spread or self._files.get(item.path, (None,))[0] != versions[item.path]
        ]
        size = sum(item.size_bytes for item in stale)
        key = load_key(self._settings.redaction_key)
        redactor = Redactor(key, load_rules(self._settings.redaction_rules))
        keeper = Keeper(self._settings.content, key, redactor)
        kept = {path: self._files[path] for path in versions if path in self._files}
        with tqdm(total=size, unit="B", unit_scale=True, desc="reading", leave=False, disable=size <= _BAR) as bar:
            made = folder_files.read(stale, keeper, self._settings.project, bar.update)
        kept |= {item.path: (versions[item.path], rows) for item, rows in zip(stale, made, strict=True)}
        self._files = kept
        return [self._files[path][1] for path in sorted(versions, key=str)]


def _shaped(data: pd.DataFrame, frame: Frame) -> pd.DataFrame:
    return data[frame.names].reset_index(drop=True)


def _plan(root: Path, known: dict[str, Adapter]) -> backfill.Plan:
    plan = backfill.plan([root], known)
    if not plan.found:
        looked = "; ".join(f"{a.title}: {', '.join(a.patterns)}" for a in known.values())
        seen = f", {len(plan.passed_over)} passed over ({plan.passed_over[0].reason})" if plan.passed_over else ""
        raise SourceError(f"no session logs in {str(root)!r}{seen}; looked for {looked or 'nothing: no adapters'}")
    return plan


def _version(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:  # it went away: reading it will say so
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def _state(root: Path) -> State:
    return tuple(sorted(_walk(root)))


def _walk(root: Path) -> Iterator[tuple[str, int, int]]:
    folders = os.walk(root) if root.is_dir() else [(str(root.parent), [], [root.name, root.name + "-wal"])]
    for folder, _, names in folders:
        for name in names:
            path = Path(folder, name)
            yield (str(path), *_version(path))
