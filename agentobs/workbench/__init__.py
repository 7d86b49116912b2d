"""The one way to read: typed pandas frames, from a database or straight from a folder of session files."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import pandas as pd

from agentobs import frames
from agentobs.adapters._base import Adapter
from agentobs.errors import FrameError, SettingsError, SourceError
from agentobs.ingest import backfill, mappings
from agentobs.settings import Settings
from agentobs.store.filters import Filters
from agentobs.store.reader import Body

if TYPE_CHECKING:
    from agentobs.workbench.searching import After, Search

Moment = str | date | datetime | pd.Timestamp | None
Names = str | Sequence[str] | None
GROUPS = ("day", "hour", "model", "project", "agent", "session")


class Backend(Protocol):
    """Where frames come from."""

    @property
    def name(self) -> str: ...
    def events(self, filters: Filters) -> pd.DataFrame: ...
    def sessions(self, filters: Filters) -> pd.DataFrame: ...
    def tool_calls(self, filters: Filters) -> pd.DataFrame: ...
    def model_calls(self, filters: Filters) -> pd.DataFrame: ...
    def edits(self, filters: Filters) -> pd.DataFrame: ...
    def messages(self, filters: Filters) -> tuple[pd.DataFrame, list[Body]]: ...
    def contents(self, filters: Filters) -> Iterator[tuple[str, Body]]: ...
    def usage(self, filters: Filters, by: Sequence[str], zone: str) -> pd.DataFrame: ...
    def physical(self) -> pd.DataFrame: ...
    def raw(self, ids: Sequence[str]) -> dict[str, bytes]: ...
    @property
    def state(self) -> object: ...
    def analysis(self, what: str, recipe: str, chosen: Mapping[str, Any]) -> pd.DataFrame | None: ...
    def annotate(self, session: str, values: Mapping[str, Any]) -> int: ...
    def annotations(self) -> pd.DataFrame: ...
    def search(self, asked: "Search", known: Mapping[str, Adapter]) -> pd.DataFrame: ...
    def sql(self, query: str, parameters: Mapping[str, Any] | None) -> pd.DataFrame: ...
    def close(self) -> None: ...


class Workbench:
    """Frames of one database or folder. Every method filters where the data is; `None` leaves everything in.

    since, until: [since, until) of the time that the frame is about; texts and naive times are read in `tz`.
    agent, project, session, model, tool, type: a name or a list of names.
    """

    def __init__(self, backend: Backend, tz: str = "UTC", taught: Sequence[str] = ()) -> None:
        """Take the mapping files of a team's own agents as `taught`."""
        self._backend = backend
        self._taught = tuple(taught)
        self._analyzed: tuple[object, dict[str, pd.DataFrame]] | None = None
        self.tz = tz

    def __repr__(self) -> str:
        return f"Workbench({self._backend.name!r})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<b>agentobs</b> workbench on <code>{escape(self._backend.name)}</code>, days cut in {escape(self.tz)}"

    def __enter__(self) -> "Workbench":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; an embedded server stops a while after its last user."""
        self._backend.close()

    def events(self, *, since: Moment = None, until: Moment = None, **names: Names) -> pd.DataFrame:
        """Return frames.EVENTS: one row per event, by time. With a time range, events without a known time are out."""
        return self._attributed(self._backend.events(self._filters(since, until, names)))

    def sessions(self, *, since: Moment = None, until: Moment = None, **names: Names) -> pd.DataFrame:
        """Return frames.SESSIONS: one row per session that started in the range, by start."""
        return self._attributed(self._backend.sessions(self._filters(since, until, names)))

    def tool_calls(self, *, since: Moment = None, until: Moment = None, **names: Names) -> pd.DataFrame:
        """Return frames.TOOL_CALLS: one row per call, however many copies were read, by time of the call."""
        return self._attributed(self._backend.tool_calls(self._filters(since, until, names)))

    def model_calls(self, *, since: Moment = None, until: Moment = None, **names: Names) -> pd.DataFrame:
        """Return frames.MODEL_CALLS: one row per response of a model, by time; the only frame that has tokens."""
        return self._attributed(self._backend.model_calls(self._filters(since, until, names)))

    def edits(self, *, since: Moment = None, until: Moment = None, **names: Names) -> pd.DataFrame:
        """Return frames.EDITS: one row per change of a file that did not fail, by time."""
        return self._attributed(self._backend.edits(self._filters(since, until, names)))

    def messages(self, *, since: Moment = None, until: Moment = None, **names: Names) -> pd.DataFrame:
        """Return frames.MESSAGES with their whole, redacted texts, by time."""
        return self._attributed(self._messages(self._filters(since, until, names)))

    def contents(self, *, since: Moment = None, until: Moment = None, **names: Names) -> pd.DataFrame:
        """Return frames.CONTENTS: what each tool call was given and what its result said, whole and redacted."""
        return self._attributed(self._contents(self._filters(since, until, names)))

    def steps(self, *, since: Moment = None, until: Moment = None, **names: Names) -> pd.DataFrame:
        """Return frames.STEPS of the sessions that started in the range: what detectors read.

        The filters choose sessions, and each session is whole: agent, project, session, model, tool, type.
        """
        whole, _ = self._whole(self._filters(since, until, names))
        return self._attributed(self._steps(whole, self._backend.events(whole), self._backend.tool_calls(whole)))

    def evidence(self, *, since: Moment = None, until: Moment = None, **names: Names) -> dict[str, pd.DataFrame]:
        """Return what detectors and metrics read: steps, model_calls, sessions, events and tool_calls, each read once.

        The filters choose sessions as in `steps`, and each session is whole.
        """
        chosen = self._filters(since, until, names)
        whole, sessions = self._whole(chosen)
        events, calls = self._backend.events(whole), self._backend.tool_calls(whole)
        made = {
            "steps": self._steps(whole, events, calls),
            "model_calls": self._backend.model_calls(whole),
            "sessions": self._backend.sessions(chosen) if sessions is None else sessions,
            "events": events,
            "tool_calls": calls,
        }
        return {name: self._attributed(data) for name, data in made.items()}

    def findings(
        self, *, detector: Names = None, severity: Names = None, since: Moment = None, until: Moment = None,
        **names: Names,
    ) -> pd.DataFrame:  # fmt: skip
        """Return frames.FINDINGS that began in the range, by session and start, of agent, project, session.

        From a database: what `agentobs analyze` has kept, and only while it is true: findings of sessions that have
        changed since, or of another version of a detector, are left out; `attrs["unanalyzed_sessions"]` says how many
        sessions wait for it. From a folder: computed now.
        """
        return self._analysis("findings", since, until, names, {"detector": detector, "severity": severity})

    def scores(
        self, *, variant: Names = None, since: Moment = None, until: Moment = None, **names: Names
    ) -> pd.DataFrame:
        """Return frames.SCORES of sessions that started in the range; kept and computed as findings are."""
        return self._analysis("scores", since, until, names, {"variant": variant})

    def metrics(self, *, since: Moment = None, until: Moment = None, **names: Names) -> pd.DataFrame:
        """Return frames.METRICS of the sessions that started in the range: outcome, verification, rework, ...

        What was wasted rests on `findings`: for sessions that wait for `agentobs analyze` it is unknown or too low.
        """
        from agentobs.analysis.metrics import metrics

        data = self.evidence(since=since, until=until, **names)
        found = self.findings(session=data["sessions"]["session_id"].tolist())
        return self._attributed(metrics(data["sessions"], data["steps"], data["model_calls"], found, data["events"]))

    def annotate(
        self, session: str, *, label: str | None = None, note: str | None = None, finding: str | None = None,
        agreed: bool | None = None, author: str | None = None,
    ) -> int:  # fmt: skip
        """Keep what a person says of a session (a label, a note) or of one of its findings (agreed or not).

        Returns the annotation's number. Raises SettingsError when nothing is said, FrameError for an unknown session or
        finding, SourceError on a folder.
        """
        if label is None and note is None and agreed is None:
            raise SettingsError("say a label, a note, or whether a finding is agreed")
        if (agreed is None) != (finding is None):
            raise SettingsError("agreed is of a finding: give both, finding=... and agreed=True or False")
        values = {"finding_id": finding, "label": label, "agreed": agreed, "note": note, "author": author}
        return self._backend.annotate(session, values)

    def annotations(self) -> pd.DataFrame:
        """Return frames.ANNOTATIONS: what people said of sessions and findings, in the order in which they did."""
        return self._attributed(self._backend.annotations())

    def search(
        self, text: str, *, errors: bool = False, limit: int = 50, after: "After | None" = None, since: Moment = None,
        until: Moment = None, **names: Names,
    ) -> pd.DataFrame:  # fmt: skip
        """Return frames.HITS: prompts, answers, calls, results, errors and files whose words answer a query.

        All words must be there; "in quotes" they stand one after the other; -word must not be there; `or` separates
        alternatives. English words count by their stem. Of what a tool was given or printed, the first 4,000 characters
        are searched (and the last 1,000 where it failed), of what was said the first 20,000.

        errors: only what failed. limit: at most so many hits; `attrs["next"]` goes on as `after`, None: there are no
        more. `attrs["unindexed_events"]`: stored events that are not searched yet. What has no time comes last, and is
        left out of a time range. Raises SettingsError for a query without a word, and when a search of a database takes
        longer than 10 s.
        """
        from agentobs.analysis.search import parse
        from agentobs.workbench.searching import Search

        chosen = self._filters(since, until, names)
        if chosen["model"] is not None:
            raise SettingsError("search is not filtered by model; choose sessions by it first")
        if limit < 1:
            raise SettingsError(f"a search gives at least 1 hit, not {limit}")
        asked = Search(parse(text), chosen, errors, limit, after)
        return self._attributed(self._backend.search(asked, backfill.adapters(self._taught)))

    def timeline(self, session: str) -> pd.DataFrame:
        """Return frames.EVENTS of one session in the order in which it went; raise FrameError when it is not there."""
        found = self.events(session=session)
        if found.empty:
            raise FrameError(f"no session {session!r} here; wb.sessions() lists them")
        return found

    def usage(
        self, by: str | Sequence[str] = "day", *, tz: str | None = None, since: Moment = None, until: Moment = None,
        **names: Names,
    ) -> pd.DataFrame:  # fmt: skip
        """Return frames.USAGE after columns for what it is grouped by: day, hour, model, project, agent, session.

        Days are cut in `tz` (default: the workbench's), as text `YYYY-MM-DD`; hours are UTC.
        """
        groups = [by] if isinstance(by, str) else list(by)
        unknown = [group for group in groups if group not in GROUPS]
        if unknown:
            raise SettingsError(f"cannot group usage by {unknown[0]!r}; choose from {', '.join(GROUPS)}")
        zone = _zone(tz or self.tz)
        found = self._backend.usage(self._filters(since, until, names), groups, zone)
        shape = frames.Frame("usage", "", tuple(_group_column(group) for group in groups) + frames.USAGE.columns)
        return self._attributed(frames.conform(found, shape))

    def physical(self) -> pd.DataFrame:
        """Return one row per source with the tokens as its records say, repeats and copies included.

        Columns: source_id, path, agent, records (with usage), input_tokens, output_tokens, cache_read_tokens,
        cache_write_5m_tokens, cache_write_1h_tokens (Int64). What is billed is in `usage`: each response once.
        """
        return self._backend.physical()

    def raw(self, ids: str | Sequence[str]) -> pd.Series:
        """Return the redacted records that events were read from, as text by event id; unknown ids are <NA>."""
        wanted = [ids] if isinstance(ids, str) else list(ids)
        found = self._backend.raw(wanted)
        texts = [found[i].decode("utf-8", "replace") if i in found else None for i in wanted]
        return pd.Series(texts, index=wanted, dtype="str", name="raw")

    def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the rows of a read-only SQL query; `:name` stands for a parameter. A folder has none: SourceError."""
        return self._backend.sql(query, parameters)

    def _analysis(
        self, what: str, since: Moment, until: Moment, names: Mapping[str, Names], more: Mapping[str, Names]
    ) -> pd.DataFrame:
        from agentobs.workbench import analyzing

        chosen = {**self._filters(since, until, names), **_many(more)}
        beside = sorted(name for name in ("model", "tool", "type") if chosen[name] is not None)
        if beside:
            raise SettingsError(f"{what} are not filtered by {beside[0]}; choose sessions by it first")
        kept = self._backend.analysis(what, analyzing.recipe(), chosen)
        if kept is not None:
            return self._attributed(kept)
        state = self._backend.state
        if self._analyzed is None or self._analyzed[0] is not state:
            self._analyzed = (state, dict(zip(("findings", "scores"), analyzing.analyzed(self), strict=True)))
        return self._attributed(analyzing.select(self._analyzed[1][what], self.sessions(), chosen))

    def _whole(self, chosen: Filters) -> tuple[Filters, pd.DataFrame | None]:
        """Filters for all of the sessions that these choose, and the sessions; everything, and None: all are chosen."""
        if all(value is None for value in chosen.values()):
            return chosen, None
        sessions = self._backend.sessions(chosen)
        return Filters(session=sessions["session_id"].tolist()), sessions

    def _steps(self, whole: Filters, events: pd.DataFrame, tool_calls: pd.DataFrame) -> pd.DataFrame:
        from agentobs.analysis.steps import steps

        return steps(events, tool_calls, self._messages(whole), self._contents(whole))

    def _messages(self, chosen: Filters) -> pd.DataFrame:
        data, bodies = self._backend.messages(chosen)
        return data.assign(text=pd.Series(self._texts(bodies), dtype="str", index=data.index))

    def _contents(self, chosen: Filters) -> pd.DataFrame:
        found = list(self._backend.contents(chosen))
        columns = {"event_id": [event_id for event_id, _ in found], "text": self._texts(body for _, body in found)}
        return frames.conform(pd.DataFrame(columns), frames.CONTENTS)

    def _texts(self, bodies: Iterable[Body]) -> list[str | None]:
        """The text of each body, as its adapter reads it."""
        known: dict[str, Adapter] = backfill.adapters(self._taught)
        return [
            known[adapter].content(raw, part) if raw is not None and adapter in known else None
            for adapter, raw, part in bodies
        ]

    def _filters(self, since: Moment, until: Moment, names: Mapping[str, Names]) -> Filters:
        unknown = sorted(set(names) - {"agent", "project", "session", "model", "tool", "type"})
        if unknown:
            raise SettingsError(
                f"no filter {unknown[0]!r}; there are agent, project, session, model, tool, type, since and until"
            )
        return Filters(since=self._moment(since), until=self._moment(until), **names)

    def _moment(self, value: Moment) -> datetime | None:
        if value is None or value == "":
            return None
        try:
            moment = pd.Timestamp(value)  # pyright: ignore[reportArgumentType]
        except ValueError as error:
            raise SettingsError(f"{value!r} is no time; write one like 2026-03-09 or 2026-03-09T14:00+01:00") from error
        return (moment.tz_localize(_zone(self.tz)) if moment.tzinfo is None else moment).to_pydatetime()

    def _attributed(self, data: pd.DataFrame) -> pd.DataFrame:
        data.attrs.update(agentobs_source=self._backend.name)
        return data


def open_workbench(target: str | Path | None, settings: Settings) -> Workbench:
    """Return a workbench on a postgresql:// URL, a folder or file of sessions, or (None) the settings' database."""
    from agentobs.store import engine

    text = str(target) if target is not None else settings.database_url
    if text is None or engine.is_url(text):
        from agentobs.workbench.database import Database

        return Workbench(Database(text, settings), settings.timezone, mappings.paths_of(settings.home))
    if re.match(r"[a-z][a-z0-9+.-]*://", text):
        engine.normalise(text)  # raises: no URL that we know
    path = Path(text).expanduser()
    if not path.exists():
        raise SourceError(f"{text!r} is neither a folder, a file, nor a postgresql:// URL")
    from agentobs.workbench.folder import Folder

    return Workbench(Folder(path, settings), settings.timezone, mappings.paths_of(settings.home))


def _many(names: Mapping[str, Names]) -> dict[str, list[str] | None]:
    return {key: [value] if isinstance(value, str) else value and list(value) for key, value in names.items()}  # pyright: ignore[reportReturnType]


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(f"timezone {name!r} is unknown; write one like 'Europe/Zurich'") from error


def _group_column(group: str) -> frames.Column:
    return frames.Column(group, "time" if group == "hour" else "str")
