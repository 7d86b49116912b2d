"""The rules of a mapping: which records they are for, and what each makes of a record or of the items of a list."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from agentobs.adapters._atif_tools import asked_of, command_of
from agentobs.adapters._mapping_values import Expression, Scope, expression, key_of, number_of
from agentobs.adapters._objects import MOST_TOKENS
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.errors import PluginError
from agentobs.events import ROLES, SEVERITIES, STATUSES, Event, EventType, Usage

TOOL = "tool"  # as a type: what the tool does, told by its name and arguments
NAMES = (
    "root_session_id", "thread_id", "agent_version", "branch", "commit", "machine", "workspace", "model", "provider",
    "tool_name", "request_id", "native_type",
)  # fmt: skip
PATHS = ("working_directory", "file_path", "repository")
NUMBERS = ("exit_code", "lines_added", "lines_removed", "file_size_bytes")
FLOATS = ("duration_ms", "reported_cost_usd")
FLAGS = ("is_sidechain", "is_copy")
OTHERS = ("session_id", "native_id", "tool_call_id", "status", "summary", "text", "arguments", "tags")
FIELDS = (*NAMES, *PATHS, *NUMBERS, *FLOATS, *FLAGS, *OTHERS)
LANES = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "reasoning_tokens",
)  # fmt: skip

_TYPES = {kind.value for kind in EventType} | {TOOL}
_BASES = ("measured", "reported", "estimated")
_RULE_KEYS = ("when", "each", "type", "role", "severity", "skip", "usage", "data", *FIELDS)
_USAGE_KEYS = (*LANES, "key", "basis", "input_includes_cache", "output_excludes_reasoning")
_PATH_LENGTH, _VALUE_LENGTH, _MOST_ITEMS, _MOST_TAGS = 4096, 1000, 1000, 50
_OF_FILL = frozenset(("session_id", "native_id", "status", "summary", "text", "arguments"))
_SEVERITY_OF = {"error": "error", "denied": "warning", "interrupted": "warning"}


class Tokens(NamedTuple):
    """How a rule counts tokens."""

    lanes: dict[str, Expression]
    key: Expression | None
    basis: str
    input_includes_cache: bool
    output_excludes_reasoning: bool


class Rule(NamedTuple):
    """One rule: when, over which list, and each field's expression."""

    when: tuple[tuple[Expression, frozenset[str] | bool], ...]
    each: Expression | None
    skip: str | None
    type: str | Expression
    role: str | None
    severity: str | None
    fields: dict[str, Expression]
    data: dict[str, Expression]
    tokens: Tokens | None

    def scopes(self, scope: Scope) -> Iterator[Scope]:
        """Yield the record, or the items of its list, that the rule is for."""
        items: Any = [scope.item]
        if self.each is not None:
            found = self.each(scope)
            items = found[:_MOST_ITEMS] if isinstance(found, list) else [] if found is None else [found]
        for item in items:
            one = scope._replace(item=item)
            if all(_holds(path(one), wanted) for path, wanted in self.when):
                yield one


def rule_of(given: Any, defaults: dict[str, Any], where: str) -> Rule:
    """Return a rule of a mapping; raise PluginError saying what is wrong with it, and where."""
    table_of(given, _RULE_KEYS, where)
    whole = {**defaults, **given}
    skip = given.get("skip")
    if skip is not None and (not isinstance(skip, str) or not skip):
        raise PluginError(f"{where}.skip is {skip!r}; write the reason for which such records carry no event")
    if skip is None and "type" not in whole:
        raise PluginError(
            f"{where} lacks 'type'; write an event type such as llm_response, or 'tool', or skip = \"why\""
        )
    return Rule(
        when=when_of(given.get("when", {}), f"{where}.when"),
        each=expression(given["each"], f"{where}.each") if "each" in given else None,
        skip=skip,
        type=_type(whole.get("type", EventType.UNKNOWN.value), f"{where}.type"),
        role=_one_of(whole.get("role"), ROLES, f"{where}.role"),
        severity=_one_of(whole.get("severity"), SEVERITIES, f"{where}.severity"),
        fields={name: _field(name, given, defaults, where) for name in FIELDS if name in whole},
        data=_table_of_expressions(given.get("data", {}), f"{where}.data"),
        tokens=_tokens(whole["usage"], f"{where}.usage") if "usage" in whole else None,
    )


def _field(name: str, given: dict[str, Any], defaults: dict[str, Any], where: str) -> Expression:
    """Return a field's expression; a default speaks of the record, also where the rule is for items of a list."""
    if name in given:
        return expression(given[name], f"{where}.{name}")
    found = expression(defaults[name], f"defaults.{name} of {where}")
    return lambda scope: found(scope._replace(item=scope.record))


def table_of(given: Any, known: tuple[str, ...], where: str) -> dict[str, Any]:
    """Return a table whose keys are all known; raise PluginError naming the one that is not."""
    if not isinstance(given, dict):
        raise PluginError(f"{where} is {given!r}; it must be a table")
    for key in given:
        if key not in known:
            close = next((name for name in known if name.replace("_", "") == key.replace("_", "").lower()), None)
            hint = f"did you mean {close!r}?" if close else f"known are {', '.join(known)}"
            raise PluginError(f"{where} has {key!r}, which nobody reads; {hint}")
    return given


def when_of(given: Any, where: str) -> tuple[tuple[Expression, frozenset[str] | bool], ...]:
    """Return conditions: a path and the values that it may have; true: any value; false: none."""
    if not isinstance(given, dict):
        raise PluginError(f'{where} is {given!r}; write paths with their values, such as {{ kind = "tool" }}')
    found: list[tuple[Expression, frozenset[str] | bool]] = []
    for path, wanted in given.items():
        values = wanted if isinstance(wanted, list) else [wanted]
        if isinstance(wanted, dict) or not values or any(isinstance(value, (dict, list)) for value in values):
            raise PluginError(f"{where}.{path} is {wanted!r}; write a value, a list of values, or true (is there)")
        is_presence = isinstance(wanted, bool)
        found.append((expression(path, f"{where}.{path}"), wanted if is_presence else frozenset(map(key_of, values))))
    return tuple(found)


def _holds(value: Any, wanted: frozenset[str] | bool) -> bool:
    if isinstance(wanted, bool):  # true: it is there and not false; a flag is asked for like that too
        return (value is not None and value is not False) == wanted
    return value is not None and key_of(value) in wanted


def holds(conditions: tuple[tuple[Expression, frozenset[str] | bool], ...], scope: Scope) -> bool:
    """Tell whether all conditions hold."""
    return all(_holds(path(scope), wanted) for path, wanted in conditions)


def _type(given: Any, where: str) -> str | Expression:
    if isinstance(given, dict):
        for value in given.get("map", {}).values() if isinstance(given.get("map"), dict) else ():
            _one_of(value, tuple(sorted(_TYPES)), f"{where}.map")
        return expression(given, where)
    return _one_of(given, tuple(sorted(_TYPES)), where) or EventType.UNKNOWN.value


def _one_of(value: Any, known: tuple[str, ...], where: str) -> str | None:
    if value is not None and value not in known:
        raise PluginError(f"{where} {value!r} is none of {', '.join(known)}")
    return value


def _table_of_expressions(given: Any, where: str) -> dict[str, Expression]:
    if not isinstance(given, dict):
        raise PluginError(f"{where} is {given!r}; write names with their paths")
    return {str(name): expression(spec, f"{where}.{name}") for name, spec in given.items()}


def _tokens(given: Any, where: str) -> Tokens:
    table_of(given, _USAGE_KEYS, where)
    lanes = {name: expression(given[name], f"{where}.{name}") for name in LANES if name in given}
    if not lanes:
        raise PluginError(f"{where} names no tokens; write at least input_tokens or output_tokens with their paths")
    flags = [given.get(name, False) for name in ("input_includes_cache", "output_excludes_reasoning")]
    if "cache_read_tokens" in lanes and "input_includes_cache" not in given:
        raise PluginError(
            f"{where} must say input_includes_cache = true or false: do input_tokens include cached ones?"
        )
    if not all(isinstance(flag, bool) for flag in flags):
        raise PluginError(f"{where}: input_includes_cache and output_excludes_reasoning are true or false")
    basis = _one_of(given.get("basis", "measured"), _BASES, f"{where}.basis") or "measured"
    key = expression(given["key"], f"{where}.key") if "key" in given else None
    return Tokens(lanes, key, basis, *flags)


def fill(event: Event, rule: Rule, scope: Scope, calls: dict[str, list[str | None]]) -> str | None:
    """Give an event what its rule says of a scope; return the full text that it stands for."""
    said = {name: value(scope) for name, value in rule.fields.items()}
    _plain_fields(event, said)
    kind = rule.type if isinstance(rule.type, str) else rule.type(scope)
    event.type = kind if kind in _TYPES else EventType.UNKNOWN.value
    event.role = rule.role
    text, summary = _text(said.get("text")), _text(said.get("summary"))
    facts = {name: _fact(value(scope)) for name, value in rule.data.items()}
    if event.type == TOOL:
        done = _as_tool(event, said.get("arguments"), facts)
        text = done if text is None else text
    elif facts:
        event.data = small_json(facts)
    if event.summary is None or summary is not None:
        subject = None if event.type == EventType.TOOL_RESULT.value else event.file_path or event.tool_name
        event.summary = one_line(summary or text or subject)
    _outcome(event, said.get("status"), rule, calls)
    if rule.tokens is not None:
        event.usage = usage_of(rule.tokens, scope)
        if event.usage is not None:
            event.basis = rule.tokens.basis
            event.usage_key = None if rule.tokens.key is None else name_of(rule.tokens.key(scope))
    return text or summary


def _plain_fields(event: Event, said: dict[str, Any]) -> None:
    """Set what needs no more than to be of the right type and not too long."""
    for name, value in said.items():
        if value is None or name in _OF_FILL:
            continue
        if name in PATHS:
            setattr(event, name, clip(_text(value), _PATH_LENGTH))
        elif name in FLAGS:
            setattr(event, name, value is True)
        elif name == "tags":
            event.tags = _tags(value)
        elif name in NUMBERS or name in FLOATS:
            _set_number(event, name, number_of(value))
        else:
            setattr(event, name, name_of(value))


def _set_number(event: Event, name: str, number: float | None) -> None:
    if number is None or abs(number) >= 1 << 53:
        return
    if name in NUMBERS:
        setattr(event, name, int(number))
    elif number >= 0:
        setattr(event, name, float(number))


def _tags(value: Any) -> tuple[str, ...]:
    tags = value[:_MOST_TAGS] if isinstance(value, list) else [value]
    return tuple([tag[:100] for tag in tags if isinstance(tag, str) and tag])


def _as_tool(event: Event, arguments: Any, facts: dict[str, Any]) -> str | None:
    given = arguments if isinstance(arguments, dict) else {}
    asked = asked_of(event.tool_name, given)
    event.type, event.summary = asked.type, asked.summary
    event.file_path = event.file_path or asked.file_path
    event.data = small_json(facts) if any(value is not None for value in facts.values()) else asked.data
    return command_of(given) or asked.summary


def _outcome(event: Event, status: Any, rule: Rule, calls: dict[str, list[str | None]]) -> None:
    if event.type == EventType.TOOL_RESULT.value:
        known = calls.get(event.tool_call_id or "")
        if known is not None:
            event.call_type, event.tool_name = known[0], event.tool_name or known[1]
            event.file_path = event.file_path or known[2]
    event.status = status if isinstance(status, str) and status in STATUSES else None
    if event.status is None and event.exit_code is not None:
        event.status = "ok" if event.exit_code == 0 else "error"
    event.severity = rule.severity or _SEVERITY_OF.get(event.status or "", "info")


def usage_of(tokens: Tokens, scope: Scope) -> Usage | None:
    """Return the tokens of a response, converted: input without the cache, reasoning inside the output."""
    lanes: dict[str, Any] = {}
    for name, found in tokens.lanes.items():
        value = number_of(found(scope))
        lanes[name] = int(value) if value is not None and 0 <= value <= MOST_TOKENS else None
    if all(value is None for value in lanes.values()):
        return None
    cached = sum(lanes.get(name) or 0 for name in LANES[2:5])
    given, answered, thought = lanes.get("input_tokens"), lanes.get("output_tokens"), lanes.get("reasoning_tokens")
    if tokens.input_includes_cache and given is not None and given >= cached:
        lanes["input_tokens"] = given - cached
    if tokens.output_excludes_reasoning and answered is not None:
        lanes["output_tokens"] = answered + (thought or 0)
    return Usage(**lanes)


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or value is None or value == "":
        return None
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        parts = [part if isinstance(part, str) else part.get("text") for part in value if isinstance(part, (str, dict))]
        return "\n".join([part for part in parts if isinstance(part, str) and part]) or None
    return value if isinstance(value, str) else None


def name_of(value: Any) -> str | None:
    """Return a value as an id or a name; None when it is none."""
    return (
        short_id(str(value)) if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "" else None
    )


def _fact(value: Any) -> Any:
    if isinstance(value, str):
        return clip(value, _VALUE_LENGTH)
    if isinstance(value, list):
        return [clip(part, 200) for part in value[:_MOST_TAGS] if isinstance(part, str)] or None
    return value if isinstance(value, bool) else number_of(value)
