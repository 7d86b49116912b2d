"""The records of a SWE-agent trajectory: its head, the messages before the first answer, its steps, its end."""

from typing import Any

import msgspec

from agentobs.adapters._text import short_id
from agentobs.adapters._whole_document import Document, Record, encode, inside, nested, objects, record, text
from agentobs.events import clean_text, content_digest

_HEAD = ("environment", "replay_config")
_NO_MODELS = frozenset(("replay", "human", "human_thought", "instant_empty_submit"))


class Run(msgspec.Struct):
    """A trajectory taken apart. `key` names the run: what it begins with, from the source as it stands."""

    key: str
    session_id: str
    instance: str | None
    model: str | None
    config: dict[str, Any]
    head: Record
    opening: list[Record]
    answered: list[Record]  # of the history, from the first answer on
    steps: list[Record]
    info: Record | None
    attempts: int


def run_of(document: Document) -> Run:
    """Return a document's run."""
    value, original = document.value, document.original
    other = original if isinstance(original, dict) else value

    def records(name: str) -> list[Record]:
        found = objects(value.get(name), other.get(name))
        return [record(one, there, sanitised=document.sanitised) for one, there in found]

    history = records("history")
    first = next((place for place, message in enumerate(history) if _answers(message.value)), len(history))
    opening, answered, steps = history[:first], history[first:], records("trajectory")
    head = _part(value, other, _HEAD, document.sanitised)
    config = nested(value.get("replay_config"))
    instance = _instance(config)
    key = f"{_beginning(other, opening, steps, answered):016x}"
    info = value.get("info")
    attempts = value.get("attempts")
    return Run(
        key=key,
        session_id=f"swe_agent:{instance}:{key}" if instance else f"swe_agent:{key}",
        instance=instance,
        model=_model(config),
        config=config,
        head=head,
        opening=opening,
        answered=answered,
        steps=steps,
        info=record(info, other.get("info"), sanitised=document.sanitised) if isinstance(info, dict) and info else None,
        attempts=len(attempts) if isinstance(attempts, list) else 0,
    )


def steps_of(run: Run) -> tuple[list[Record], list[str]]:
    """Return a run's steps, and for each record that says nothing else why it is skipped."""
    behind = ["attempt"] * run.attempts
    if run.steps:
        return run.steps, behind + ["history/in_trajectory"] * len(run.answered)
    steps: list[Record] = []
    for message in run.answered:
        if message.value.get("role") == "assistant":
            steps.append(_step_of(message))
        elif steps and "observation" not in steps[-1].value:
            steps[-1] = _observed(steps[-1], message)
        else:
            behind.append("history/message")
    return steps, behind


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record's part: the task, an answer, its action, what was observed, the submission."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    if "role" in found:
        said = found.get("content")
        parts = said if isinstance(said, list) else [{"text": said}]
        texts = [one.get("text") for one in parts if isinstance(one, dict)] if part == 0 else []
        return _clean("\n".join([one for one in texts if isinstance(one, str)]))
    names = ("response", "action", "observation") if "action" in found else ("submission",)
    said = found.get(names[part]) if 0 <= part < len(names) else None
    return _clean(said if isinstance(said, str) else None)


def _clean(said: str | None) -> str | None:
    return clean_text(said) if said else None


def _answers(message: dict[str, Any]) -> bool:
    return message.get("role") == "assistant" and not message.get("is_demo")


def _part(value: dict[str, Any], other: dict[str, Any], names: tuple[str, ...], sanitised: bool) -> Record:
    mine = {name: value[name] for name in names if name in value}
    theirs = {name: other[name] for name in names if name in other}
    return record(mine, theirs, sanitised=sanitised)


def _beginning(other: dict[str, Any], opening: list[Record], steps: list[Record], answered: list[Record]) -> int:
    """Two runs of one task differ in their first step; what comes later may not be written yet."""
    first = (steps or answered)[:1]
    return content_digest(
        encode(other.get("environment")),
        encode([message.original for message in opening if not message.original.get("is_demo")]),
        encode([step.original for step in first]),
    )


def _instance(config: dict[str, Any]) -> str | None:
    for names in (("problem_statement", "id"), ("agent", "name")):
        found = text(inside(config, *names))
        if found is not None and found not in ("main", "primary"):
            return short_id(clean_text(found))
    return None


def _model(config: dict[str, Any]) -> str | None:
    name = text(inside(config, "agent", "model", "name"))
    return None if name is None or name in _NO_MODELS else short_id(clean_text(name))


def _step_of(message: Record) -> Record:
    """Return a message of the history as the step that a trajectory would hold."""
    made = [
        {
            "response": one.get("content"),
            "thought": one.get("thought"),
            "action": one.get("action"),
        }
        for one in (message.value, message.original)
    ]
    return record(made[0], made[1], sanitised=message.sanitised)


def _observed(step: Record, message: Record) -> Record:
    made = [
        {**one, "observation": there.get("content")}
        for one, there in ((step.value, message.value), (step.original, message.original))
    ]
    return record(made[0], made[1], sanitised=step.sanitised)
