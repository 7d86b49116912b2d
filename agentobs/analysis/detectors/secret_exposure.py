"""Secrets in what an agent was given, sent to a tool, or was shown by one.

Definite ones are the marks that redaction left (`«redacted:rule:hmac8»`): one finding per secret and session, wherever
it showed. Candidates are long random values under a telling name that no rule knows. A secret's text is never printed.
Where redaction was off, definite secrets are not found. What redaction hid can't be told from a documented example key
(Amazon's AKIA...EXAMPLE): a rule that takes one for a secret makes it a finding.
On labelled sessions (`agentobs detectors bench`): precision 0.93, recall 1; both false alarms are such example keys.
Version 2 was made after those sessions had been seen.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._test_files import is_test_file

_MARK = re.compile("\u00abredacted:(?P<rule>[\\w-]+):(?P<tag>[0-9a-f]{8})\u00bb")
_GUESSED = ("password", "named_secret", "connection_password", "command_line_secret", "cookie")  # by a name beside it
_FATAL = ("private_key", "aws_secret_key", "aws_access_key_id", "aws_session_token", "azure_account_key")
_NEAR = r"(?i)secret|token|passw|credential|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key"
_LONG = r"[A-Za-z0-9+/_=-]{20}"
_CANDIDATE = re.compile(
    r"(?P<name>(?:api[_-]?key|secret|token|passw(?:or)?d|credential|access[_-]?key|private[_-]?key"
    r"|auth[_-]?key)[\w.-]{0,20}?)"
    r"[\"'`]?\s{0,3}(?:[:=]|=>)\s{0,3}[\"'`]?(?P<value>[A-Za-z0-9+/_=-]{20,200})(?![A-Za-z0-9+/_=.(\[-])",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"(?i)example|placeholder|your|dummy|sample|changeme|redacted|xxxx|test|fake|mock|todo|undefined"
    r"|\A[0-9a-f]{40}\Z|\A[0-9a-f]{64}\Z"
    r"|\A[0-9a-f]{8}-[0-9a-f]{4}-|\A\d+\Z|\A[a-z_]+\Z|\A[A-Z_]+\Z|\A[A-Za-z]+\Z|/.*/|__"
)
_COUNTS = re.compile(
    r"(?i)tokens?_(?:count|limit|budget|usage|type)|max_?tokens|(?:input|output|cache\w*)_?tokens|tokenizer"
    r"|next_?page"
)


def find(steps: pd.DataFrame, *, candidates: bool = True, entropy: float = 4.0, min_length: int = 24) -> pd.DataFrame:
    """Secrets that showed in a session.

    Parameters
    ----------
    steps : frame of STEPS
    candidates : whether values that only look like secrets count too
    entropy : bits per character from which on a value is random enough
    min_length : characters that a candidate has at least

    Returns
    -------
    HITS: one per secret and session, with all the steps that show it; secrets of the same steps are one, candidates of
    the same steps another. Severity: critical for private keys and those of a cloud account, high for other definite
    ones, low for candidates. Confidence: 0.95 for a rule that knows the key's own shape, 0.8
    for one that goes by the name before it (low and 0.4 where only files of tests show it), 0.3 for a candidate.
    A text that is unknown or cut off says nothing.
    """
    return hits(_found(steps, candidates, entropy, min_length))


def _found(steps: pd.DataFrame, candidates: bool, entropy: float, min_length: int) -> Iterator[Hit]:
    seen: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    sessions = steps["session_id"].tolist()
    for name in ("text", "output"):
        column = steps[name]
        rows = np.flatnonzero(column.str.contains("\u00abredacted:", regex=False, na=False).to_numpy(bool))
        for row, text in zip(rows.tolist(), column.iloc[rows].tolist(), strict=True):
            for rule, tag in dict.fromkeys(_MARK.findall(text)):
                seen.setdefault((sessions[row], rule, tag), []).append((row, name))
    kinds, paths = steps["kind"].tolist(), steps["file_path"]
    together: dict[tuple[int, ...], list[tuple[str, tuple[int, str]]]] = {}
    for (_, rule, _tag), places in seen.items():
        together.setdefault(tuple(sorted({row for row, _ in places})), []).append((rule, min(places)))
    for rows, secrets in together.items():
        known = [path for path in paths.iloc[list(rows)].tolist() if isinstance(path, str)]
        yield _definite(rows, secrets, kinds, in_tests=bool(known) and all(map(is_test_file, known)))
    if candidates:
        yield from _candidates(steps, sessions, kinds, entropy, min_length)


def _definite(
    rows: tuple[int, ...], secrets: list[tuple[str, tuple[int, str]]], kinds: list[str], *, in_tests: bool
) -> Hit:
    """One finding for the secrets that the same steps show."""
    rules = list(dict.fromkeys(rule for rule, _ in secrets))
    severity = "critical" if any(rule in _FATAL for rule in rules) else "high"
    times = "once" if len(rows) == 1 else f"in {len(rows)} steps"
    what = (
        f"a secret (rule {rules[0]})" if len(secrets) == 1 else f"{len(secrets)} secrets (rules {', '.join(rules[:5])})"
    )
    said = f"{what} showed {times}, first in {_where(*min(place for _, place in secrets), kinds)}"
    guessed = all(rule in _GUESSED for rule in rules)
    if in_tests and guessed:
        return Hit(rows, [], "low", 0.4, f"{said}; it stands in a file of tests")
    return Hit(rows, [], severity, 0.8 if guessed else 0.95, said)


def _where(row: int, column: str, kinds: list[str]) -> str:
    if kinds[row] == "call":
        return "the output of a call" if column == "output" else "the arguments of a call"
    return {"prompt": "a prompt", "answer": "an answer", "thought": "a thought"}.get(kinds[row], "a message")


def _candidates(
    steps: pd.DataFrame, sessions: list[str], kinds: list[str], entropy: float, min_length: int
) -> Iterator[Hit]:
    seen: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for name in ("text", "output"):
        column = steps[name]
        near = column[column.str.contains(_NEAR, na=False)]
        rows = near.index.to_numpy()[near.str.contains(_LONG, na=False).to_numpy(bool)]
        for row, text in zip(rows.tolist(), column.iloc[rows].tolist(), strict=True):
            for found in _CANDIDATE.finditer(text):
                if _is_random(
                    text[max(0, found.start() - 30) : found.end("name")], found["value"], entropy, min_length
                ):
                    seen.setdefault((sessions[row], found["value"]), []).append((row, name))
    together: dict[tuple[int, ...], list[tuple[int, str]]] = {}
    for places in seen.values():
        together.setdefault(tuple(sorted({row for row, _ in places})), []).append(min(places))
    for rows, first in together.items():
        what = (
            "a value under a telling name looks" if len(first) == 1 else f"{len(first)} values under telling names look"
        )
        yield Hit(rows, [], "low", 0.3, f"{what} random, first in {_where(*min(first), kinds)}", "candidate")


def _is_random(name: str, value: str, entropy: float, min_length: int) -> bool:
    if len(value) < min_length or _NO_SECRET.search(value) or _COUNTS.search(name):
        return False
    mixed = re.search(r"\d", value) and re.search(r"[a-z]", value) and re.search(r"[A-Z]", value)
    counts = Counter(value).values()
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
    return bool(mixed) and bits >= entropy


DETECTOR = Detector(
    name="secret_exposure",
    version=2,
    title="Secret exposed",
    definition="A secret in input or output: definite (a redaction rule) or candidate (entropy of at least 4 bits).",
    source="agentobs",
    find=find,
)
