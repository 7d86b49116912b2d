"""The records of one request of Copilot Chat, as events."""

from collections.abc import Iterator
from typing import Any

from agentobs.adapters._copilot_chat_origin import Request, Session, Subject, begun, request_of, subject_of
from agentobs.adapters._copilot_chat_tools import PATH_LENGTH, call, result, shown_call
from agentobs.adapters._milliseconds import moment
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import count, inside, number, objects, record, text
from agentobs.events import Event, EventType, Item, Skip, Stamp, Usage, stamp

SPOKEN_LENGTH = 100  # of what the assistant says and thinks; the text itself is in the record

_RESPONSE = EventType.LLM_RESPONSE.value
_INTERACTION = EventType.USER_INTERACTION.value
_WRITE = EventType.FILE_WRITE.value
_EDITS = frozenset((_WRITE, EventType.FILE_CREATE.value))
_CANCELLED, _FAILED = 2, 3  # of modelState.value

_ASKED = ("requestId", "timestamp", "message", "variableData", "modelId", "slashCommand")
_ENDED = ("requestId", "responseId", "isCanceled", "modelState", "elapsedMs", "timeSpentWaiting", "vote", "usage")
_COUNTED = ("promptTokens", "completionTokens", "copilotCredits")
_BULKY = frozenset(("toolCallRounds", "toolCallResults", "renderedUserMessage", "renderedGlobalContext", "codeBlocks"))
_SPOKEN = frozenset(("markdown", "markdownContent", "thinking", "toolInvocationSerialized"))
_WINDOW = frozenset(
    "prepareToolInvocation mcpServersStarting undoStop codeblockUri inlineReference progressMessage progressTask"
    " progressTaskSerialized confirmation command warning textEdit notebookEditGroup notebookEdit treeData"
    " multiDiffData pullRequest extensions elicitation elicitationSerialized references usedContext"
    " clearToPreviousToolInvocation".split()
)
_INNER = "_internal"  # the end of the name of a tool that another one uses


class Numbers:
    """The numbers of a document's records, from 0."""

    def __init__(self) -> None:
        self.next = 0

    def take(self) -> int:
        """Return the next number."""
        self.next += 1
        return self.next - 1


class Reading:
    """One request being read: what its records share."""

    def __init__(self, value: dict[str, Any], original: object, session: Session, numbers: Numbers, sanitised: bool):
        self.value = value
        self.original = original
        self.session = session
        self.numbers = numbers
        self.sanitised = sanitised
        self.request: Request = request_of(value, original)
        self.window = _window(value)
        self.edited = False

    def subject(self, value: dict[str, Any], original: object, id_field: str) -> Subject:
        """Return the next record of the request."""
        found = record(value, original, sanitised=self.sanitised)
        return subject_of(found, self.numbers.take(), self.session, self.request, id_field)


def request_items(reading: Reading) -> Iterator[Item]:
    """Yield the events of a request: what was asked, the rounds with their calls, what the window showed, the end."""
    yield _prompt(reading)
    metadata = inside(reading.value, "result", "metadata")
    its_original = inside(reading.original, "result", "metadata")
    rounds = objects(inside(metadata, "toolCallRounds"), inside(its_original, "toolCallRounds"))
    results = _results(inside(metadata, "toolCallResults"), inside(its_original, "toolCallResults"))
    for one, other in rounds:
        events = _round(reading, one, other)
        yield from events or [Skip(reading.numbers.next - 1, "empty_round")]
        for event in events:
            if event.tool_call_id is not None and event.tool_call_id in results:
                yield _result(reading, *results.pop(event.tool_call_id), event)
    for one, other in results.values():
        yield _result(reading, one, other, None)
    for one, other in objects(reading.value.get("response"), inside(reading.original, "response")):
        yield from _shown(reading, one, other, bool(rounds))
    yield from _end(reading)


def pieces(said: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what a round holds, in order: (thinking | text, the text) and (call, the call)."""
    found: list[tuple[str, Any]] = []
    thought = joined(inside(said, "thinking", "text"))
    if thought:
        found.append(("thinking", thought))
    if text(said.get("response")):
        found.append(("text", said["response"]))
    found += [("call", one) for one, _ in objects(said.get("toolCalls"), None)]
    return found


def joined(value: object) -> str | None:
    """Return a text that may stand there in pieces."""
    if isinstance(value, list):
        return "".join(item for item in value if isinstance(item, str)) or None
    return text(value)


def prompt_text(value: dict[str, Any]) -> str | None:
    """Return what was asked: a text, or in an object."""
    return text(value.get("message")) or text(inside(value, "message", "text"))


def _prompt(reading: Reading) -> Event:
    subject = reading.subject(_only(reading.value, _ASKED), _only(reading.original, _ASKED), "requestId")
    if "message" not in reading.value:
        return begun(subject, 0, EventType.UNKNOWN.value, "request", reading.request.at)
    asked = reading.value.get("isSystemInitiated") is not True  # else VS Code itself told the model something
    event = begun(subject, 0, _INTERACTION, "user" if asked else "user/system_initiated", reading.request.at)
    event.role = "user" if asked else "system"
    event.model = event.provider = None
    event.summary = one_line(prompt_text(reading.value))
    variables = inside(reading.value, "variableData", "variables")
    event.data = small_json(
        {
            "slash_command": clip(text(inside(reading.value, "slashCommand", "name")), 200),
            "attachments": len(variables) if isinstance(variables, list) and variables else None,
        }
    )
    reading.request.parent = event.id
    return event


def _round(reading: Reading, value: dict[str, Any], original: object) -> list[Event]:
    subject = reading.subject(value, original, "id")
    when = moment(value.get("timestamp"))
    events: list[Event] = []
    for part, (kind, said) in enumerate(pieces(value)[:10_000]):
        if kind == "call":
            event = call(subject, part, said, when)
            reading.edited = reading.edited or event.type in _EDITS
        else:
            event = _spoken(subject, part, kind, said, when)
        events.append(event)
    return events


def _spoken(subject: Subject, part: int, kind: str, said: str | None, when: Stamp | None) -> Event:
    event = begun(subject, part, _RESPONSE, f"assistant/{kind}", when)
    event.role = "assistant"
    event.summary = one_line(said, SPOKEN_LENGTH)
    return event


def _results(value: object, original: object) -> dict[str, tuple[dict[str, Any], object]]:
    """Return the results by the (shortened) id of their call, each as a record beside its original."""
    if not isinstance(value, dict):
        return {}
    others = original if isinstance(original, dict) and len(original) == len(value) else value
    pairs = zip(value.items(), others.items(), strict=True)
    return {
        short_id(key) or "": ({"toolCallId": key, "result": said}, {"toolCallId": its_key, "result": its_said})
        for (key, said), (its_key, its_said) in pairs
    }


def _result(reading: Reading, value: dict[str, Any], original: object, answered: Event | None) -> Event:
    subject = reading.subject(value, original, "toolCallId")
    return result(subject, 0, answered, reading.window.get(answered.tool_call_id or "") if answered else None)


def _window(value: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the window showed of each call, by its id, where as many calls of a name were shown as were made."""
    made: dict[str, list[str]] = {}
    for said, _ in objects(inside(value, "result", "metadata", "toolCallRounds"), None):
        for one, _ in objects(said.get("toolCalls"), None):
            made.setdefault(text(one.get("name")) or "", []).append(short_id(text(one.get("id"))) or "")
    shown: dict[str, list[dict[str, Any]]] = {}
    for part, _ in objects(value.get("response"), None):
        shown.setdefault(text(part.get("toolId")) or "", []).append(part)
    return {
        its_id: part
        for name, ids in made.items()
        if name and len(ids) == len(shown.get(name, []))
        for its_id, part in zip(ids, shown[name], strict=True)
    }


def _shown(reading: Reading, value: dict[str, Any], original: object, told: bool) -> list[Event] | list[Skip]:
    """Return the events of a part of the answer as the window showed it; where rounds tell of it, none."""
    kind = text(value.get("kind")) or ("markdown" if "value" in value else "untyped")
    subject = reading.subject(value, original, "toolCallId")
    if kind in _WINDOW or (told and kind in _SPOKEN) or (kind == "textEditGroup" and reading.edited):
        return [Skip(subject.offset, f"response/{kind}")]
    if kind == "toolInvocationSerialized":
        inner = (text(value.get("toolId")) or "").endswith(_INNER)
        return [Skip(subject.offset, "response/inner_tool")] if inner else shown_call(subject)
    if kind == "textEditGroup":
        return [_edit(subject)]
    if kind not in _SPOKEN:
        return [begun(subject, 0, EventType.UNKNOWN.value, f"response/{clip(kind, 100)}", None)]
    said = (
        joined(value.get("value")) or text(inside(value, "content", "value")) or text(inside(value, "value", "value"))
    )
    return [_spoken(subject, 0, "thinking" if kind == "thinking" else "text", said, None)]


def _edit(subject: Subject) -> Event:
    event = begun(subject, 0, _WRITE, "response/textEditGroup", None)
    event.role = "assistant"
    uri = subject.record.value.get("uri")
    event.file_path = clip(text(inside(uri, "fsPath")) or text(inside(uri, "path")), PATH_LENGTH)
    event.summary = one_line(event.file_path)
    return event


def _end(reading: Reading) -> list[Event]:
    """Return the model's part of a request, and what stopped it; nothing while it goes on."""
    state = inside(reading.value, "modelState", "value")
    ended = isinstance(reading.value.get("result"), dict) or state in (_CANCELLED, _FAILED)
    if not ended and reading.value.get("isCanceled") is not True:
        return []
    subject = reading.subject(_ended(reading.value), _ended(reading.original), "responseId")
    when = _end_time(reading) or reading.request.at
    event = begun(subject, 0, EventType.LLM_REQUEST.value, "result", when)
    event.role = "assistant"
    timings = inside(reading.value, "result", "timings")
    event.data = small_json(
        {
            "details": clip(text(inside(reading.value, "result", "details")), 200),
            "first_progress_ms": number(inside(timings, "firstProgress")),
            "total_ms": number(inside(timings, "totalElapsed")),
            "credits": number(reading.value.get("copilotCredits")),
        }
    )
    _add_usage(event, reading)
    stopped = _stopped(subject, reading, state)
    return [event] if stopped is None else [event, stopped]


def _add_usage(event: Event, reading: Reading) -> None:
    """Give the request what its agent says all its rounds used; whether the prompt was cached it does not say."""
    metadata = inside(reading.value, "result", "metadata")
    given, answered = count(reading.value.get("promptTokens")), count(reading.value.get("completionTokens"))
    given = count(inside(metadata, "promptTokens")) if given is None else given
    answered = count(inside(metadata, "outputTokens")) if answered is None else answered
    if given is None and answered is None:
        return
    event.usage, event.basis = Usage(given, answered), "reported"
    event.usage_key = short_id(f"{event.session_id}:{reading.request.id or event.id.hex()}")


def _stopped(subject: Subject, reading: Reading, state: object) -> Event | None:
    error = inside(reading.value, "result", "errorDetails")
    code, message = text(inside(error, "code")), text(inside(error, "message"))
    cancelled = reading.value.get("isCanceled") is True or state == _CANCELLED or code == "canceled"
    if not cancelled and not isinstance(error, dict) and state != _FAILED:
        return None
    kind = _INTERACTION if cancelled else EventType.ERROR_ENCOUNTERED.value
    event = begun(subject, 1, kind, "result/cancelled" if cancelled else "result/error", _end_time(reading))
    event.role = "system" if cancelled else "assistant"
    event.status = "interrupted" if cancelled else None
    event.severity = "warning" if cancelled else "error"
    event.summary = one_line(message or code)
    event.data = small_json({"error": clip(code, 200)})
    return event


def _end_time(reading: Reading) -> Stamp | None:
    completed = moment(inside(reading.value, "modelState", "completedAt"))
    lasted = number(inside(reading.value, "result", "timings", "totalElapsed"))
    at = reading.request.at
    if completed is not None or at is None or lasted is None or at.quality != "exact":
        return completed
    return stamp(at.ts + round(lasted * 1000))


def _only(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value} if isinstance(value, dict) else {}


def _ended(value: object) -> dict[str, Any]:
    """Return what a request says of its end, without what has records of its own."""
    kept = _only(value, (*_ENDED, *_COUNTED))
    found = inside(value, "result")
    if isinstance(found, dict):
        kept["result"] = dict(found)
        if isinstance(found.get("metadata"), dict):
            kept["result"]["metadata"] = {key: one for key, one in found["metadata"].items() if key not in _BULKY}
    return kept
