"""Adapters out of mappings: a team reads its own agent's JSON log by a small TOML file, without code.

A mapping says how its files look, how they are recognised, when a record was written, and what each kind of record is:

    name = "acme"                          # the agent; also the name of the adapter
    title = "Acme agent"
    patterns = ["acme-*.jsonl"]            # file names to look at
    locations = [".acme/logs/*.jsonl"]     # where they lie below the home folder (for `agentobs ingest` without a path)
    form = "lines"                         # or "document": one JSON document; then records = "path.of.the.list"
    carry = ["session_id", "model"]        # a record without such a field has that of the one before

    [detect]                               # what the first records of a file must have
    required = ["ts", "kind"]
    values = { app = "acme" }

    [time]
    path = "ts"
    format = "ms"                          # iso (default), s, ms, us, ns, or a strptime format
    zone = "Europe/Zurich"                 # of times without an offset; default UTC

    [defaults]                             # fields of every event; a rule may say otherwise
    session_id = "session"
    agent_version = "version"
    native_type = "kind"

    [[events]]                             # a record becomes an event of every rule that it fits, in this order
    when = { kind = "ask" }                # a path with its value or values; true: it is there
    type = "user_interaction"
    role = "user"
    text = "text"                          # what was said; the summary is its head, unless there is a `summary`

    [[events]]
    when = { kind = "answer" }
    type = "llm_response"
    role = "assistant"
    text = "text"
    model = "model"
    [events.usage]
    input_tokens = "tokens.in"
    output_tokens = "tokens.out"
    cache_read_tokens = "tokens.cached"
    input_includes_cache = true            # must be said where cached tokens are counted
    key = "answer_id"                      # names the response: its tokens count once

    [[events]]
    when = { "$.kind" = "answer" }
    each = "calls"                         # an event for each item of a list; paths start at the item, $. at the record
    type = "tool"                          # what the tool does, told by its name and arguments; or any event type
    role = "assistant"
    tool_name = "name"
    tool_call_id = "id"
    arguments = "args"

    [[events]]
    when = { kind = "result" }
    type = "tool_result"
    role = "tool"
    tool_call_id = "call"
    duration_ms = { path = "took_s", scale = 1000 }
    status = { path = "ok", map = { true = "ok", false = "error" } }
    text = "output"

    [[events]]
    when = { kind = "ping" }
    skip = "heartbeat"

`_mapping_values` lists what a field may be (paths, constants, templates, the file's name, translations), and
`_mapping_rules` has the fields. What no rule fits becomes an `unknown` event with its record.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._mapping_detection import Detection
from agentobs.adapters._mapping_records import Mapping, Memory, document_items, line_item, texts_of
from agentobs.adapters._mapping_rules import FIELDS, rule_of, table_of
from agentobs.adapters._mapping_times import clock
from agentobs.adapters._mapping_values import expression
from agentobs.adapters._whole_document import read_value
from agentobs.errors import PluginError
from agentobs.events import Item, Line

CARRIED = ("session_id", "model", "provider", "agent_version", "working_directory", "branch", "thread_id")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KEYS = (
    "name", "title", "patterns", "locations", "form", "records", "carry", "detect", "time", "defaults", "events",
    "version",
)  # fmt: skip


def adapter_of(given: Any, where: str) -> Adapter:
    """Return the adapter that a mapping describes; raise PluginError saying what is wrong, where, and what to write."""
    table_of(given, _KEYS, where)
    name = given.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise PluginError(f'{where}: name is {name!r}; write a name of small letters, digits and _, such as "acme"')
    is_document = _choice(given.get("form", "lines"), ("lines", "document"), f"{where}: form") == "document"
    mapping = _mapping(given, name, where)
    detection = Detection(given.get("detect"), mapping.records, where, is_document=is_document)

    def parse(lines: Iterable[Line], memory: Memory) -> Iterator[Item]:
        for line in lines:
            yield from document_items(mapping, line, memory) if is_document else line_item(mapping, line, memory)

    def content(raw: bytes, part: int) -> str | None:
        found = read_value(raw)
        texts = [] if isinstance(found, str) or part < 0 else texts_of(mapping, found[0])
        return texts[part] if part < len(texts) else None

    return Adapter(
        name=name,
        title=_text(given.get("title", name), f"{where}: title"),
        locations=tuple(_texts(given.get("locations", []), f"{where}: locations")),
        patterns=tuple(_texts(given.get("patterns"), f"{where}: patterns", required=True)),
        detect=detection.score,
        parse=parse,
        content=content,
        memory=Memory,
        whole=is_document,
        version=_version(given.get("version", 1), f"{where}: version"),
        fidelity=_fidelity(mapping, where),
    )


def _mapping(given: dict[str, Any], name: str, where: str) -> Mapping:
    defaults = table_of(given.get("defaults", {}), (*FIELDS, "role", "severity"), f"{where}: defaults")
    events = given.get("events")
    if not isinstance(events, list) or not events:
        raise PluginError(f"{where} has no [[events]]; write one for each kind of record")
    rules = [rule_of(one, defaults, f"{where}: events[{number}]") for number, one in enumerate(events)]
    if "session_id" not in defaults and not all(rule.skip or "session_id" in rule.fields for rule in rules):
        raise PluginError(
            f'{where} names no session_id; write defaults.session_id with its path, or {{ file = "stem" }}'
        )
    if "text" in defaults or "summary" in defaults:
        raise PluginError(f"{where}: defaults hold no text or summary; write them in the events they are of")
    time = given.get("time")
    if time is not None:
        table_of(time, ("path", "format", "zone"), f"{where}: time")
        if "path" not in time:
            raise PluginError(f"{where}: time lacks 'path'; write where the time of a record stands")
    carry = _texts(given.get("carry", []), f"{where}: carry")
    for field in carry:
        _choice(field, CARRIED, f"{where}: carry")
    records = given.get("records")
    return Mapping(
        name=name,
        rules=tuple(rules),
        unmatched=rule_of({"type": "unknown"}, defaults, f"{where}: defaults"),
        time=None if time is None else expression(time["path"], f"{where}: time.path"),
        clock=clock(
            None if time is None else time.get("format"), None if time is None else time.get("zone"), f"{where}: time"
        ),
        carry=tuple(carry),
        records=None if records is None else expression(records, f"{where}: records"),
    )


def _fidelity(mapping: Mapping, where: str) -> Fidelity:
    rules = mapping.rules
    fields = {name for rule in rules for name in rule.fields} | set(mapping.carry)
    types = {rule.type for rule in rules if isinstance(rule.type, str)}
    return Fidelity(
        times=mapping.time is not None,
        model="model" in fields,
        tokens=any(rule.tokens for rule in rules),
        cost="reported_cost_usd" in fields,
        outcomes=bool(fields & {"status", "exit_code"}),
        threads="thread_id" in fields,
        subagents="root_session_id" in fields,
        edits="lines_added" in fields or bool(types & {"file_write", "file_create", "tool"}),
        version="agent_version" in fields,
        basis=where,
    )


def _choice(value: Any, known: tuple[str, ...], where: str) -> str:
    if value not in known:
        raise PluginError(f"{where} {value!r} is none of {', '.join(known)}")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise PluginError(f"{where} is {value!r}; write a text")
    return value


def _texts(value: Any, where: str, *, required: bool = False) -> list[str]:
    if (
        not isinstance(value, list)
        or not all(isinstance(one, str) and one for one in value)
        or (required and not value)
    ):
        raise PluginError(f'{where} is {value!r}; write a list of texts, such as ["acme-*.jsonl"]')
    return value


def _version(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PluginError(
            f"{where} is {value!r}; write a whole number from 1 on, and raise it when the mapping changes"
        )
    return value
