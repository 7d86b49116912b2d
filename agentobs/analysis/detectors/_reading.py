"""What a step showed of a file: reads, commands that print it, searches that print its lines, words that hold it."""

import posixpath
import re
from fnmatch import fnmatch

_PRINTS = re.compile(
    r"(?:^|[;&|(\n`]|\$\(|\b(?:sudo|xargs|exec|then|do|-exec|-c)\s)[\s'\"]*(?:-\S+\s+|\d+\s+)*(?:\S*/)?(?:cat"
    r"|bat|batcat|sed|head|tail|less|more|nl|awk"
    r"|grep|egrep|fgrep|rg|ag|ack|jq|yq|od|xxd|hexdump|strings|diff|cut|sort|view|type|gc|Get-Content"
    r"|Select-String|perl|python[\d.]*"
    r"|node|ruby|git\s+(?:-\S+\s+(?:\S+\s+)?)*(?:diff|show|blame|log|grep))\b",
    re.IGNORECASE,
)
_WRITES = re.compile(r">{1,2}|\btee\b|\b(?:cp|mv|touch|install|ln|patch|apply_patch)\b|\bsed\b[^|;&]*-i")
_GIT_SHOWS = re.compile(r"\bgit\s+(?:-\S+\s+(?:\S+\s+)?)*(?:diff|show|stash show|log\b[^|;&]*(?:-p\b|--patch))")
_LINE = re.compile(r"(?:^|[\s:])(?:Line )?\d+[:|\-→\t)]\s*\S", re.MULTILINE)
_GLOB = re.compile(r"[\w./{},-]*\*[\w./*{},-]*")
_READERS = re.compile(r"read|view|open|get|cat|show|fetch|symbol|context|content|diff|scroll|goto", re.IGNORECASE)
_ATTACHED = re.compile(r"```|Result of calling|Contents of|<file|<document|<selection|cat -n", re.IGNORECASE)
_NOTHING = re.compile(r"\A\s*(?:no (?:files?|matches|results)\b|0 (?:matches|results)|found 0\b|\Z)", re.IGNORECASE)
_SHOWN = 4_000  # characters of an output that the steps keep


def same_file(one: str, other: str) -> bool:
    """Tell whether two paths may name the same file: one is the other, or its end."""
    if one == other:
        return True
    short, long = sorted((_plain(one), _plain(other)), key=len)
    return short == long or long.endswith("/" + short)


def prints_files(command: str) -> bool:
    """Tell whether a shell command has a program that prints what is in files."""
    return _PRINTS.search(command) is not None


def shows_lines(output: str) -> bool:
    """Tell whether an output has lines of a file with their numbers."""
    return _LINE.search(output) is not None


def found_nothing(output: str) -> bool:
    """Tell whether a search says that it found nothing."""
    return _NOTHING.match(output) is not None


def command_shows(name: str, command: str, output: object, output_chars: object) -> bool:
    """Tell whether a command printed the file of this base name, or made it; an unknown output counts as printed."""
    silent = isinstance(output, str) and not output.strip()
    named = name in command
    if named and _WRITES.search(command):
        return True
    if silent or not prints_files(command):
        return False
    if named or any(fnmatch(name, glob.rpartition("/")[2]) for glob in _GLOB.findall(command)):
        return True
    if not isinstance(output, str):
        return False
    cut = isinstance(output_chars, int | float) and output_chars > _SHOWN and _GIT_SHOWS.search(command)
    return bool(cut) or (name in output and _LINE.search(output) is not None) or f"/{name}\n@@" in output


def search_shows(name: str, asked: str, output: object) -> bool:
    """Tell whether a search printed lines of a file of this base name; an unknown output counts if it asked for it."""
    if not isinstance(output, str):
        return name in asked
    if found_nothing(output):
        return False
    return (name in asked or name in output) and (_LINE.search(output) is not None or name in asked)


def tool_shows(name: str, tool: object, asked: str, output: object) -> bool:
    """Tell whether another tool was asked for the file of this base name and answered."""
    known = isinstance(tool, str) and _READERS.search(tool) is not None
    return known and name in asked and (not isinstance(output, str) or bool(output.strip()))


def words_show(name: str, text: str) -> bool:
    """Tell whether a message names the file and holds code, or attaches it (@name)."""
    if name not in text:
        return False
    return _ATTACHED.search(text) is not None or re.search(rf"@[\w./\\~-]*{re.escape(name)}", text) is not None


def _plain(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/"))
