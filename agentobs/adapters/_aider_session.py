"""One session of aider's history, record by record, as events."""

from collections.abc import Iterator
from typing import NamedTuple

from agentobs.adapters import _aider_words as words
from agentobs.adapters._aider_origin import Piece, Record, Session, hash_of, length_of_opening, repository_of
from agentobs.adapters._markdown_document import written
from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.events import Event, EventType

SPOKEN_LENGTH = 100  # of what the model says; the text itself is in the record
MOST_PARTS = 10_000

_READ, _WRITE, _CREATE = EventType.FILE_READ.value, EventType.FILE_WRITE.value, EventType.FILE_CREATE.value
_INTERACTION = EventType.USER_INTERACTION.value
_SWITCH = EventType.CONTEXT_SWITCH.value
_TEST, _INVOCATION = EventType.TEST_RUN.value, EventType.TOOL_INVOCATION.value
_RUNS = frozenset(("/run", "/git", "!"))
_RESETS = frozenset(("/clear", "/reset", "/drop"))
_ADD = ("Add file to the chat?", "Add these files to the chat?")
_NEW_FILE = "Allow creation of new file "
_MARK = "► **ANSWER**"
_THINKING = "► **THINKING**"
_RULE = "-" * 10


def session_events(session: Session, pieces: list[Piece]) -> Iterator[Event]:
    """Yield the events of a session, in order."""
    rest = iter(pieces)
    if pieces[0].kind == "session":
        length = length_of_opening(pieces)
        yield _opening(session, pieces[:length])
        rest = iter(pieces[length:])
    for piece in rest:
        if piece.kind == "aider":
            yield from _said(session, piece)
            continue
        yield from _output(session)
        session.running = False
        yield from _prompt(session, piece) if piece.kind == "user" else _answer(session, piece)
    yield from _output(session)


def thoughts_and_answer(text: str) -> list[tuple[str, str]]:
    """Return an answer as (thinking | text, the text), where aider shows what the model thought before it."""
    before, mark, after = text.partition(_MARK)
    if not mark or _THINKING not in before:
        return [("text", text)]
    thought = before.partition(_THINKING)[2].strip().removesuffix(_RULE).rstrip("-").strip()
    return [(kind, said) for kind, said in (("thinking", thought), ("text", after.strip())) if said] or [("text", text)]


def _opening(session: Session, pieces: list[Piece]) -> Event:
    for piece in pieces[1:]:
        _take_model(session, piece.text)
        session.version = session.version or short_id(words.version(piece.text))
    texts = [piece.text for piece in pieces]
    found = written({"kind": "session", "text": "\n".join(texts)}, {}, sanitised=session.sanitised)
    header = f"{pieces[0].original}\n{repository_of(pieces) or ''}"  # the rest may not be written yet
    record = Record(session, "session", texts[0], found, hash_of(header))
    event = record.event(EventType.SESSION_START.value, "session")
    event.role = "system"
    weak = next((found for text in texts if (found := words.weak_model(text))), None)
    repository = next((text.removeprefix("Git repo: ") for text in texts if text.startswith("Git repo: ")), None)
    event.data = small_json(
        {
            "edit_format": clip(session.edit_format, 100),
            "weak_model": clip(weak, 200),
            "git": clip(repository, 300),
        }
    )
    return event


def _take_model(session: Session, text: str) -> bool:
    found = words.model(text)
    if found is None or (found.edit_format is None and not text.startswith(("Model", "Main"))):
        return False
    session.model, session.edit_format = short_id(found.name), found.edit_format or session.edit_format
    return True


def _prompt(session: Session, piece: Piece) -> Iterator[Event]:
    record = session.record("user", [piece])
    event = record.event(_INTERACTION, "user")
    event.parent_event_id = event.model = None
    asked = words.answered(piece.text) is None and piece.text.strip() not in {"", "<blank>"}
    event.role = "user" if asked else "system"
    event.native_type = "user" if asked else "user/confirmation"
    event.summary = one_line(piece.text)
    yield event
    session.parent = event.id
    name, _, rest = piece.text.strip().partition(" ")
    if name.startswith("!") and len(name) > 1:
        name, rest = "!", f"{name[1:]} {rest}".strip()
    kind = _kind_of_command(name, rest.strip())
    if kind is not None:
        command = record.event(kind, "user/command")
        command.role, command.tool_name = "system", name
        command.summary = one_line(f"git {rest}" if name == "/git" else rest) or name
        yield command


def _kind_of_command(name: str, rest: str) -> str | None:
    if name in _RUNS and rest:
        return classify(f"git {rest}" if name == "/git" else rest)
    if name == "/test":
        return _TEST
    if name == "/undo":
        return EventType.ROLLBACK_PERFORMED.value
    return _SWITCH if name in _RESETS else None


def _answer(session: Session, piece: Piece) -> Iterator[Event]:
    record = session.record("answer", [piece])
    for kind, said in thoughts_and_answer(piece.text):
        event = record.event(EventType.LLM_RESPONSE.value, f"answer/{kind}")
        event.role = "assistant"
        event.summary = one_line(said, SPOKEN_LENGTH)
        yield event


def _said(session: Session, piece: Piece) -> Iterator[Event]:
    """Yield the events of some words of aider's own; what stands for nothing waits for what follows."""
    fixing = words.FIXING.fullmatch(piece.text)
    if fixing is not None:
        yield from _failed_check(session, piece, fixing[1])
        return
    question = words.answered(piece.text)
    if question is not None:
        yield from _agreed(session, piece, question)
        return
    found = _facts(session, piece)
    if found:
        yield from found
    else:
        session.output.append(piece)


def _facts(session: Session, piece: Piece) -> list[Event]:
    """Return the events of words that tell what happened; before them those of the words that waited."""
    tokens = words.report(piece.text)
    if tokens is not None:
        return [*_output(session), _tokens(session.record("tokens", [piece]), tokens)]
    done = _done(session, piece.text)
    if done is not None:
        return [*_output(session), *_call(session.record(done.tool, [piece]), done)]
    if _take_model(session, piece.text):
        before = list(_output(session))
        event = session.record("model", [piece]).event(_SWITCH, "model")
        event.role, event.summary = "system", one_line(piece.text)
        return [*before, event]
    return []


class Done(NamedTuple):
    """Something that aider did, or that it was not allowed to do."""

    kind: str
    tool: str
    target: str
    status: str | None = None
    commit: str | None = None


def _done(session: Session, text: str) -> Done | None:
    if (edited := words.EDITED.fullmatch(text)) is not None:
        return Done(_CREATE if edited[1] in session.created else _WRITE, "edit", edited[1], "ok")
    if (refused := words.REFUSED.fullmatch(text)) is not None:
        return Done(_WRITE, "edit", refused[1], "denied")
    if (committed := words.COMMITTED.fullmatch(text)) is not None:
        return Done(EventType.COMMIT_CREATED.value, "commit", committed[2], "ok", committed[1])
    if session.running and (running := words.RUNNING.fullmatch(text)) is not None:
        return Done(classify(running[1]), "shell", running[1])
    added = words.ADDED.fullmatch(text)
    return None if added is None else Done(_READ, "add", added[1])


def _call(record: Record, done: Done) -> list[Event]:
    events = record.call(done.kind, done.tool, done.target, done.status)
    events[0].commit = done.commit
    return events


def _tokens(record: Record, found: words.Report) -> Event:
    event = record.event(EventType.LLM_REQUEST.value, "tokens")
    event.role = "assistant"
    event.usage, event.basis = found.usage, "measured" if found.exact else "estimated"
    event.usage_key = f"{record.session.session_id}:{record.session.next_call('message')}"
    event.reported_cost_usd = found.cost_usd
    event.data = small_json({"session_cost_usd": found.session_cost_usd, "edit_format": record.session.edit_format})
    return event


def _failed_check(session: Session, piece: Piece, check: str) -> Iterator[Event]:
    """Yield the failed run of a linter or of the tests, whose output came just before."""
    pieces, session.output = [*session.output, piece], []
    record = session.record(check, pieces)
    command = words.LINTED.search(record.text)
    kind = _TEST if check == "test" else _INVOCATION
    yield from record.call(kind, check, command[1] if command is not None else None, "error")


def _agreed(session: Session, piece: Piece, question: words.Answered) -> Iterator[Event]:
    """Take what the person said to a question; a command that may not run is a refused call."""
    before = session.output[-1].text.strip() if session.output else ""
    session.output.append(piece)
    if question.question.startswith("Run shell command"):
        session.running = question.agreed
        if before and not question.agreed:
            pieces, session.output = session.output[-2:], session.output[:-2]
            yield from _output(session)
            yield from session.record("shell", pieces).call(classify(before), "shell", before, "denied")
    elif question.agreed and question.question in _ADD:
        yield from _added(session)
    elif question.agreed and question.question == "Create new file?":
        session.created.add(before)
    elif question.agreed and question.question.startswith(_NEW_FILE):
        session.created.add(question.question.removeprefix(_NEW_FILE).removesuffix("?"))


def _added(session: Session) -> Iterator[Event]:
    """Yield the files that the person agreed to show to the model: their names stand before the question."""
    length = 1
    while length < len(session.output) and " " not in session.output[-length - 1].text:
        length += 1
    pieces, session.output = session.output[-length:], session.output[:-length]
    if length == 1:
        session.output += pieces
        return
    yield from _output(session)
    record = session.record("add", pieces)
    for piece in pieces[:-1][:MOST_PARTS]:
        yield from record.call(_READ, "add", piece.text)


def _output(session: Session) -> Iterator[Event]:
    """Yield what aider only showed: an error, or something for the person to see."""
    if not session.output:
        return
    pieces, session.output = session.output, []
    failure = next((piece.text for piece in pieces if words.FAILED.match(piece.text)), None)
    record = session.record("output", pieces)
    event = record.event(_INTERACTION if failure is None else EventType.ERROR_ENCOUNTERED.value, "output")
    event.role = "system"
    event.summary = one_line(failure or record.text)
    event.severity = "debug" if failure is None else "error"
    if failure is None and any(piece.text.startswith("^C") for piece in pieces):
        event.severity, event.status = "warning", "interrupted"
    yield event
