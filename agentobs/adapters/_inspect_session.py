"""The events of one sample of an Inspect log: dated, numbered, told apart by who speaks."""

from collections.abc import Iterator
from typing import Any

from agentobs.adapters._document_events import Maker
from agentobs.adapters._inspect_records import (
    Header,
    Sample,
    answer_of,
    milliseconds,
    prompt_of,
    said_in,
    usage_of,
)
from agentobs.adapters._inspect_tools import call_of, result_data, status_of
from agentobs.adapters._text import one_line, short_id, small_json
from agentobs.adapters._whole_document import Record, count, encode, inside, number, text
from agentobs.events import EARLIEST, Event, EventType, Item, Stamp, clean_text, parse_timestamp

NAME = "inspect_eval"

_SKIPPED = frozenset(
    "span_begin span_end step state store sample_init score score_edit info sandbox approval logger subtask"
    " checkpoint branch anchor interrupt".split()
)
_SEVERITIES = {"error": "error", "denied": "warning", "interrupted": "warning"}
_SCORER = "scorer"


class Session(Maker):
    """Makes the events of one sample: inherits times, knows which spans are a scorer's."""

    def __init__(self, sample: Sample, header: Header, offset: int) -> None:
        super().__init__(NAME, sample.session_id, offset)
        self.sample = sample
        self.header = header
        self.last = parse_timestamp(header.started or "") or Stamp(EARLIEST, "none")
        self.scoring: set[str] = set()
        self.steps = 0  # scorers' steps of old logs that are open
        packages, revision = header.eval.get("packages"), header.eval.get("revision")
        self._version = short_id(_clean(text(inside(packages, "inspect_ai"))))
        self._commit = short_id(_clean(text(inside(revision, "commit"))))

    def begin(self, found: Record, when: object) -> None:
        """Begin a record at the time that it says."""
        self.start(found)
        self.time(when)

    def time(self, when: object) -> Stamp:
        """Return the time that a record says, or the last one, inherited."""
        said = parse_timestamp(when) if isinstance(when, str) else None
        quality = self.last.quality if self.last.quality == "none" else "inherited"
        self._when = said or Stamp(self.last.ts, quality)
        self.last = self._when
        return self._when

    def event(self, kind: str, native_type: str, **fields: Any) -> Event:
        name = text(self.record.original.get("uuid")) or str(self.offset)
        native = short_id(_clean(text(self.record.value.get("uuid"))))
        common = {"native_id": native, "agent_version": self._version, "commit": self._commit}
        return self.make(kind, native_type, self._when, (self.sample.key, name), **common, **fields)

    def is_scoring(self, event: dict[str, Any]) -> bool:
        return self.steps > 0 or text(event.get("span_id")) in self.scoring

    def follow(self, event: dict[str, Any]) -> None:
        """Remember what belongs to a scorer: its span with the spans inside it, or its step."""
        kind, is_scorer = event.get("event"), event.get("type") in (_SCORER, "scorers")
        span = text(event.get("id"))
        if kind == "span_begin" and span and (is_scorer or text(event.get("parent_id")) in self.scoring):
            self.scoring.add(span)
        elif kind == "step" and is_scorer:
            self.steps = max(0, self.steps + (1 if event.get("action") == "begin" else -1))


def items_of(sample: Sample, header: Header, offset: int) -> Iterator[Item]:
    """Yield the events of a sample, numbered from behind the offset."""
    session = Session(sample, header, offset)
    yield from _start(session)
    for one in sample.events:
        session.follow(one.value)
        yield from _event(session, one)
    yield _end(session)


def _start(session: Session) -> Iterator[Event]:
    sample, header = session.sample, session.header
    first = sample.events[0].value.get("timestamp") if sample.events else None
    session.begin(sample.start, sample.value.get("started_at") or first)
    task = one_line(text(header.eval.get("task")))
    place = {name: sample.value.get(name) for name in ("id", "epoch")}
    yield session.event(
        EventType.SESSION_START,
        "sample",
        summary=task,
        data=small_json(
            {
                "task": task,
                "sample_id": _short(place["id"]),
                "epoch": count(place["epoch"]),
                "model": one_line(text(header.eval.get("model"))),
                "run_id": one_line(text(header.eval.get("run_id"))),
                "log_status": one_line(header.status),
            }
        ),
    )
    asked = prompt_of(sample.start.value.get("input"))
    if asked:
        yield session.event(EventType.USER_INTERACTION, "sample/input", role="user", summary=one_line(asked))


def _event(session: Session, found: Record) -> Iterator[Item]:
    event = found.value
    kind = text(event.get("event")) or "untyped"
    if kind in _SKIPPED or (event.get("pending") is True and kind == "model"):
        session.time(event.get("timestamp"))
        yield session.skip(f"event/{kind}" if kind in _SKIPPED else "event/model_pending")
        return
    session.begin(found, event.get("timestamp"))
    thread = {"thread_id": _SCORER, "is_sidechain": True} if session.is_scoring(event) else {}
    native = f"event/{one_line(kind, 100)}"
    if kind == "model":
        yield _model(session, event, native, thread)
    elif kind == "tool":
        yield from _tool(session, event, native, thread)
    elif kind == "input":
        said = one_line(said_in(event.get("input")))
        yield session.event(EventType.USER_INTERACTION, native, role="user", summary=said, **thread)
    elif kind in ("error", "sample_limit"):
        said = text(inside(event.get("error"), "message")) or text(event.get("message"))
        severity = "error" if kind == "error" else "warning"
        yield session.event(EventType.ERROR_ENCOUNTERED, native, severity=severity, summary=one_line(said), **thread)
    elif kind == "compaction":
        yield session.event(EventType.CONTEXT_SWITCH, native, **thread)
    else:
        yield session.event(EventType.UNKNOWN, native, **thread)


def _model(session: Session, event: dict[str, Any], native: str, thread: dict[str, Any]) -> Event:
    output, asked = event.get("output"), text(event.get("model")) or ""
    provider, slash, rest = asked.partition("/")
    answer = answer_of(event)
    duration = milliseconds(inside(output, "time")) or milliseconds(event.get("working_time"))
    common: dict[str, Any] = {
        "model": short_id(_clean(text(inside(output, "model")) or rest or provider)),
        "provider": short_id(_clean(provider)) if slash else None,
        "duration_ms": duration,
        **thread,
    }
    error = text(event.get("error")) or text(inside(output, "error"))
    is_cached = event.get("cache") == "read"
    usage = None if is_cached else usage_of(inside(output, "usage"))
    if usage is not None:
        own = text(event.get("uuid")) or str(session.offset)
        answered = text(event.get("response_id"))
        key = answered if answered is not None and len(answered) >= 20 else f"{session.sample.key}:{answered or own}"
        common |= {"usage": usage, "usage_key": short_id(_clean(key)), "basis": "measured"}
        common["reported_cost_usd"] = number(inside(output, "usage", "total_cost"))
    if error and not answer:
        return session.event(EventType.ERROR_ENCOUNTERED, native, severity="error", summary=one_line(error), **common)
    choices = inside(output, "choices")
    stopped = inside(choices[0], "stop_reason") if isinstance(choices, list) and choices else None
    calls = answer.get("tool_calls")
    return session.event(
        EventType.LLM_RESPONSE,
        native,
        role="assistant",
        summary=one_line(said_in(answer.get("content"))),
        data=small_json(
            {
                "stop_reason": one_line(text(stopped), 60),
                "tool_calls": len(calls) if isinstance(calls, list) and calls else None,
                "cache": "read" if is_cached else None,
                "retries": count(event.get("retries")) or None,
            }
        ),
        **common,
    )


def _tool(session: Session, event: dict[str, Any], native: str, thread: dict[str, Any]) -> Iterator[Event]:
    call = call_of(event)
    call_id = short_id(_clean(text(event.get("id")))) or f"tool-{session.offset}"
    common: dict[str, Any] = {"tool_name": call.name, "tool_call_id": call_id, "file_path": call.path, **thread}
    yield session.event(call.type, native, role="assistant", summary=one_line(call.target), **common)
    if event.get("pending") is True:
        return
    session.time(event.get("completed"))
    status = status_of(event)
    said = text(inside(event.get("error"), "message")) or said_in(event.get("result"))
    yield session.event(
        EventType.TOOL_RESULT,
        f"{native}/result",
        role="tool",
        call_type=call.type,
        status=status,
        severity=_SEVERITIES.get(status, "info"),
        duration_ms=milliseconds(event.get("working_time")),
        summary=one_line(said, 200) if status != "ok" else None,
        data=result_data(event),
        **common,
    )


def _end(session: Session) -> Event:
    sample = session.sample
    session.begin(sample.end, sample.value.get("completed_at"))
    scores, error = sample.value.get("scores"), sample.value.get("error")
    given = (
        {one_line(name, 100): _score(inside(one, "value")) for name, one in scores.items()}
        if isinstance(scores, dict)
        else {}
    )
    return session.event(
        EventType.SESSION_END,
        "sample/end",
        severity="error" if error else "info",
        summary=one_line(text(inside(error, "message"))),
        data=small_json(
            {
                "scores": {name: one for name, one in list(given.items())[:50] if name} or None,
                "limit": one_line(text(inside(sample.value.get("limit"), "type"))),
                "total_seconds": number(sample.value.get("total_time")),
                "working_seconds": number(sample.value.get("working_time")),
            }
        ),
    )


def _score(value: object) -> str | float | bool | None:
    if isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return number(value) if value >= 0 else float(max(value, -(10**15)))
    return _short(value)


def _short(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return one_line(value, 200)
    return one_line(encode(value).decode(), 200)


def _clean(said: str | None) -> str | None:
    return clean_text(said) if said else None
