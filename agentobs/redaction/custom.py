r"""The user's own rules, from a TOML file.

    disable = ["twilio_key"]          # rules of ours that are not wanted, by name; stands above the tables

    [[rule]]
    name = "acme_key"                 # stands in the mark and in the counts
    pattern = 'acme-[0-9a-f]{32}'     # of `re`, on bytes; a group (?P<secret>...) says what goes, else all of it
    unless = 'acme-0{32}'             # searched in the secret: then it is none
    keys = ["acme_pin"]               # and every text that is assigned to this name

    [[rule]]
    name = "acme_session"
    pattern = '(?P<secret>[A-Z]{8})@acme-session'
    literal = "@acme-session"         # in every match, at most 64 bytes after its beginning

    [allow]
    values = ["hunter2"]              # never secrets
    patterns = ['test-\w{1,40}']      # the same, whole

A pattern is only tried where its literal stands: its first characters, at least three, or what `literal` says. So a
rule costs nothing elsewhere. It sees 1,024 bytes after the literal, and patterns that can take time without bound on a
text made for it are refused: repeats inside repeats, and many repeats without a narrow bound. Rules of the user name a
secret before ours do.
"""

import re
import tomllib
import warnings
from dataclasses import replace
from pathlib import Path

import msgspec

from agentobs.errors import SettingsError
from agentobs.redaction.catalog import RULES
from agentobs.redaction.rules import NEVER, Anchor, Rule
from agentobs.redaction.shapes import ASSIGN, named, value

_LEAST_LITERAL = 3
_BEFORE = 64
_WINDOW = 1024
_FILE_BYTES = 1 << 20
_MOST_WAYS = 1 << 24  # in which a pattern may divide what it matches
_NAME = re.compile(r"[A-Za-z][\w-]{0,39}", re.ASCII)
_KEY = re.compile(r"[\w.-]{3,64}", re.ASCII)
_FLAGS = re.compile(rb"\(\?([aims]+)\)")
_CASELESS = re.compile(rb"\(\?[a-z]*i")
_SECRET = b"(?P<secret>"
_TEMPLATE = rb"\$\{|\{\{|\A\$\w+\Z|\A<.*>\Z"


class _UserRule(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    pattern: str | None = None
    literal: str | None = None
    unless: str | None = None
    keys: list[str] = []


class _Allow(msgspec.Struct, forbid_unknown_fields=True):
    values: list[str] = []
    patterns: list[str] = []


class _File(msgspec.Struct, forbid_unknown_fields=True):
    rule: list[_UserRule] = []
    allow: _Allow = msgspec.field(default_factory=_Allow)
    disable: list[str] = []


class _Unusable(Exception):
    """What is wrong with one value, and what to write instead."""


def load_rules(path: Path | None) -> tuple[Rule, ...]:
    """Our rules with what this file adds, allows and disables; ours alone without a file.

    Raises SettingsError naming the file, the rule, what is wrong with it and what to write instead.
    """
    if path is None:
        return RULES
    file = _read(path)
    try:
        allowed = _allowed(file.allow)
        kept = _without(file.disable)
    except _Unusable as error:
        raise SettingsError(f"redaction rules {str(path)!r}: {error}") from error
    added: list[Rule] = []
    for number, rule in enumerate(file.rule, start=1):
        try:
            added += _compiled(rule)
        except _Unusable as error:
            raise SettingsError(f"redaction rules {str(path)!r}, rule {number} {rule.name!r}: {error}") from error
    rules = (*added, *kept)
    return rules if allowed == NEVER else tuple(replace(rule, allowed=allowed) for rule in rules)


def _read(path: Path) -> _File:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
        if len(data) > _FILE_BYTES:
            raise SettingsError(
                f"redaction rules {str(path)!r} have more than {_FILE_BYTES:,} bytes; name a rules file"
            )
        return msgspec.convert(tomllib.loads(data.decode("utf-8")), _File)
    except FileNotFoundError as error:
        raise SettingsError(
            f"redaction rules {str(path)!r} are not there; write the file or unset redaction_rules"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"cannot read redaction rules from {str(path)!r}: {error}") from error


def _without(disabled: list[str]) -> tuple[Rule, ...]:
    import difflib

    names = {rule.name for rule in RULES}
    for name in disabled:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}" if near else f"there are {', '.join(sorted(names))}"
            raise _Unusable(f"disable names {name!r}, which is no rule of ours; {hint}")
    return tuple(rule for rule in RULES if rule.name not in disabled)


def _allowed(allow: _Allow) -> bytes:
    parts = [re.escape(text.encode("utf-8", "surrogatepass")) for text in allow.values if text]
    for text in allow.patterns:
        parts.append(_scoped(_ascii(text, "allow pattern"), "allow pattern"))
    if not parts:
        return NEVER
    allowed = b"|".join(parts)
    _compile(allowed, "allow patterns")  # together: two groups of one name do not go
    return allowed


def _compiled(rule: _UserRule) -> list[Rule]:
    if not _NAME.fullmatch(rule.name):
        raise _Unusable("a name begins with a letter and has up to 40 letters, digits, _ and -")
    if rule.pattern is None and not rule.keys:
        raise _Unusable("has neither pattern nor keys; write one of them")
    unless = NEVER if rule.unless is None else _scoped(_ascii(rule.unless, "unless"), "unless")
    rules = []
    if rule.pattern is not None:
        rules.append(_by_pattern(rule.name, rule.pattern, rule.literal, unless))
    elif rule.literal is not None:
        raise _Unusable("has a literal but no pattern; write one or take the literal out")
    if rule.keys:
        rules.append(_by_key(rule.name, rule.keys, unless))
    return rules


def _by_pattern(name: str, text: str, given: str | None, unless: bytes) -> Rule:
    pattern = _scoped(_ascii(text, "pattern"), "pattern")
    if "secret" not in _compile(pattern, "pattern").groupindex:
        pattern = _SECRET + pattern + rb")"
    matcher = _compile(pattern, "pattern")
    if matcher.match(b""):
        raise _Unusable(f"pattern {text!r} matches an empty text; let it ask for something")
    literal = _ascii(given, "literal") if given is not None else _leading(_ascii(text, "pattern"))
    if len(literal) < _LEAST_LITERAL:
        raise _Unusable(
            f"pattern {text!r} does not begin with {_LEAST_LITERAL} plain characters; give as literal what every match"
            f" holds, of at least {_LEAST_LITERAL} characters"
        )
    anchor = Anchor(literal, b"", caseless=_CASELESS.search(pattern) is not None)
    return Rule(name, (anchor,), pattern, unless, before=0 if given is None else _BEFORE, window=_WINDOW)


def _by_key(name: str, keys: list[str], unless: bytes) -> Rule:
    for key in keys:
        if not _KEY.fullmatch(key):
            raise _Unusable(f"key {key!r} is no name; write 3 to 64 ASCII letters, digits, _, - and .")
    names = b"|".join(re.escape(key.encode()) for key in keys)
    pattern = rb"(?i)(?<![A-Za-z0-9_])(?:" + names + rb")" + ASSIGN + value(rb"{1,512}", rb"{3,512}")
    return Rule(name, named(*(key.encode() for key in keys)), pattern, _TEMPLATE + rb"|" + unless, reach=2048)


def _ascii(text: str, what: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        raise _Unusable(
            f"{what} {text!r} holds {text[error.start]!r}, which JSON may write in two ways; write ASCII only"
        ) from error


def _scoped(text: bytes, what: str) -> bytes:
    """The pattern as a group with its leading flags, checked."""
    flags = _FLAGS.match(text)
    rest = text[flags.end() :] if flags else text
    scoped = (rb"(?" + flags[1].replace(b"a", b"") + rb":" if flags else rb"(?:") + rest + rb")"
    _compile(scoped, what, shown=text)
    risk = _risk(rest)
    if risk is not None:
        raise _Unusable(f"{what} {text.decode()!r} {risk}")
    return scoped


def _compile(pattern: bytes, what: str, shown: bytes | None = None) -> re.Pattern[bytes]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(pattern, re.DOTALL)
    except (re.error, OverflowError, RecursionError, Warning, ValueError) as error:
        text = (pattern if shown is None else shown).decode()
        raise _Unusable(f"{what} {text!r} is no regular expression: {error}") from error


_QUANTIFIER = re.compile(rb"[*+?]|\{(\d*)(,?)(\d*)\}")
_GROUP = re.compile(rb"\((?:\?(?:P<\w+>|P=\w+|[aimsx-]*:|[=!>]|<[=!])?)?")
_SET = re.compile(rb"\[\^?\]?(?:[^\\\]]|\\.)*\]", re.DOTALL)


def _risk(pattern: bytes) -> str | None:
    """Why this pattern could run without bound on some text, and what to write; None if it cannot."""
    varies = [False]  # by group that is open: whether what it matches has no fixed length, or several ways
    ways, position = 1, 0
    while position < len(pattern):
        position, inner, whole = _atom(pattern, position, varies)
        ways *= 1 if whole else 2
        quantifier = _QUANTIFIER.match(pattern, position) if whole else None
        least, most = (1, 1) if quantifier is None else _bounds(quantifier)
        if inner and most > 1:
            return "has a repeat or a choice inside a repeat; write the repeated part as one class like [\\w.-]{1,80}"
        position = position if quantifier is None else quantifier.end()
        ways *= 1 + max(0, most - least)
        varies[-1] |= inner or least != most
    if ways > _MOST_WAYS:
        return "has too many repeats without a narrow bound; write {1,80} and the like instead of * and +"
    return None


def _atom(pattern: bytes, position: int, varies: list[bool]) -> tuple[int, bool, bool]:
    """Where the atom ends, whether it is a group whose inside varies, and whether it is one: `(` and `|` are none."""
    sign = pattern[position : position + 1]
    known = (_SET if sign == b"[" else _GROUP).match(pattern, position)
    if sign == b"(":
        varies.append(False)
        return (known.end() if known else position + 1), False, True
    if sign == b"|":
        varies[-1] = True
        return position + 1, False, False
    if sign == b")" and len(varies) > 1:
        return position + 1, varies.pop(), True
    return (known.end() if known else position + 1 + (sign == b"\\")), False, True


def _bounds(quantifier: re.Match[bytes]) -> tuple[int, int]:
    least, comma, most = quantifier[1], quantifier[2], quantifier[3]
    if least is None:
        return (int(quantifier[0] == b"+"), 1 if quantifier[0] == b"?" else _WINDOW)
    return int(least or 0), int(most or _WINDOW) if comma else int(least or 0)


_PLAIN = re.compile(rb"\\([^A-Za-z0-9])|([A-Za-z0-9_\-:/@#%&=,;!~ '\"`<>])")


def _leading(pattern: bytes) -> bytes:
    """The plain characters that every match begins with, as far as they are seen; none where there are choices."""
    flags = _FLAGS.match(pattern)
    rest = pattern[flags.end() :] if flags else pattern
    inside = rest.startswith(_SECRET)
    depth = 0
    for sign in re.sub(rb"\\.", b"", _SET.sub(b"", rest)):
        depth += (sign == ord("(")) - (sign == ord(")"))
        if sign == ord("|") and depth <= inside:
            return b""
    literal, position = b"", len(_SECRET) if inside else 0
    while (plain := _PLAIN.match(rest, position)) is not None and not _QUANTIFIER.match(rest, plain.end()):
        literal += plain[1] or plain[2]
        position = plain.end()
    return literal
