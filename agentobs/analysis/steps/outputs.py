"""What a tool's result said, read alike whatever the tool: errors, failing tests, files it names."""

import re

from agentobs.analysis.steps.arguments import key_of

HEAD = TAIL = 2_000
MOST_FILES = 200
_TELLING = 12  # characters from which on a line that speaks of an error says which

_VOLATILE = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\b"
    r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b|\b0x[0-9a-fA-F]+\b|\b\d+(?:\.\d+)? ?(?:ms|s|seconds|secs)\b|\bpid \d+\b"
)
_MASKED = re.compile(
    r"(?P<path>(?:[A-Za-z]:)?(?:[\w.@~+-]*[/\\])+[\w.@+-]*)|\b0x[0-9a-fA-F]+\b|\b[0-9a-f]{7,}\b|\d+|[ \t]+"
)
_PYTEST = re.compile(r"^(?:FAILED|ERROR) (\S+::\S+)", re.MULTILINE)
_UNITTEST = re.compile(r"^(?:FAIL|ERROR): (\w+ \([\w.]+\))", re.MULTILINE)
_GO = re.compile(r"^\s*--- FAIL: (\S+)", re.MULTILINE)
_CARGO = re.compile(r"^test (\S+) \.\.\. FAILED", re.MULTILINE)
_JEST = re.compile(r"^\s*(?:✕|✗|×|not ok \d+ -?) (.+?)(?: \(?\d+(?:\.\d+)? ?m?s\)?)?$", re.MULTILINE)
_NAMES = (_PYTEST, _UNITTEST, _GO, _CARGO, _JEST)
_FAILED = re.compile(r"\b(\d+) (?:tests? |specs? )?fail(?:ed|ing|ures?)?\b|\bfailures?[=:] ?(\d+)", re.IGNORECASE)
_FAILED_ALONE = re.compile(r"^[ \t]*(\d+) fail(?:ed|ing)?[ \t]*$", re.MULTILINE)  # of bun and mocha
_PASSED = re.compile(
    r"\b[1-9]\d* (?:tests? |specs? )?pass(?:ed|ing)?\b|^OK(?: \(.*\))?$|^ok\s+\S+|test result: ok|\ball tests pass"
    r"|build succeeded|compiled successfully|^0 errors?\b|\bBUILD SUCCESS",
    re.IGNORECASE | re.MULTILINE,
)
_BROKEN = re.compile(
    r"^FAILED\b|^FAIL\b|Traceback \(most recent call last\)|^error(?:\[\w+\])?:|^E   |^make: \*\*\*|npm ERR!"
    r"|error TS\d+|test result: FAILED|\bBUILD FAIL|^\w*(?:Error|Exception): |[Cc]ommand not found|^E[A-Z]+:",
    re.MULTILINE,
)
_FILE = re.compile(r"[\w@+-][\w.@+-]*\.[A-Za-z][A-Za-z0-9]{0,9}\b")


def shown(output: str) -> str:
    """Return the first and the last part of an output."""
    if len(output) <= HEAD + TAIL:
        return output
    return f"{output[:HEAD]}\n...\n{output[-TAIL:]}"


def output_key(output: str) -> int:
    """Return a hash of an output in which times, durations and ids do not count."""
    return key_of(_VOLATILE.sub("#", output))


def error_key(tool: str | None, output: str) -> int:
    """Return the fingerprint of an error: its telling lines without numbers, paths and hex.

    A file's base name stays: the same error in another file is another error.
    """
    lines = [line.strip() for line in output.split("\n") if line.strip()]
    telling = [line for line in lines if len(line) > _TELLING and (_BROKEN.search(line) or "rror" in line)] or lines
    masked = "\n".join(_MASKED.sub(_mask, line)[:300] for line in telling[-5:])
    return key_of(tool, masked)


def _mask(found: re.Match[str]) -> str:
    path = found["path"]
    if path is not None:
        return "/" + re.split(r"[/\\]", path)[-1]
    return " " if found[0].isspace() else "#"


def failing_tests(output: str) -> list[str]:
    """Return the names of the tests that an output says failed, sorted."""
    return sorted({name.strip() for pattern in _NAMES for name in pattern.findall(output)})


def failed_count(output: str) -> int | None:
    """Return how many tests an output says failed; None where it says nothing."""
    told = output[-HEAD - TAIL :]
    alone = _FAILED_ALONE.findall(told)
    counts = [int(a or b) for a, b in _FAILED.findall(told)]
    if alone or counts:
        return int(alone[-1]) if alone else counts[-1]
    return 0 if _PASSED.search(told) else None


def verdict(status: str | None, exit_code: int | None, output: str | None) -> bool | None:
    """Return whether a test, build or check passed: by its summary, its exit code, its status; None: it never says.

    A summary of failures beats an exit code of 0: `pytest | tail` ends well whatever the tests did.
    """
    if status in {"denied", "interrupted"}:
        return None
    said = output[-HEAD - TAIL :] if output else ""
    failed = failed_count(said)
    if failed or status == "error" or (exit_code is not None and exit_code != 0):
        return False
    if failed == 0:
        return True
    if _BROKEN.search(said):
        return False
    return True if exit_code == 0 or status == "ok" else None


def named_files(output: str) -> list[str]:
    """Return the base names of the files that an output names, in order, each once."""
    found: dict[str, None] = {}
    for match in _FILE.finditer(output):
        found.setdefault(match[0])
        if len(found) >= MOST_FILES:
            break
    return list(found)
