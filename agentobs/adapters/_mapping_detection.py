"""Which files are of a mapping: what their first records have, else the names that a cut record must hold."""

import re
from typing import Any

from agentobs.adapters._mapping_rules import holds, table_of, when_of
from agentobs.adapters._mapping_values import Expression, Scope, expression
from agentobs.adapters._whole_document import read_value
from agentobs.errors import PluginError

_KEYS = ("required", "values", "score")
_LOOKED_AT = 10
_SCORE = 0.9


class Detection:
    """Tells a mapping's files by what their first records have."""

    def __init__(self, given: Any, records: Expression | None, where: str, *, is_document: bool) -> None:
        table = table_of({} if given is None else given, _KEYS, f"{where}: detect")
        required, values = table.get("required", []), table.get("values", {})
        if not isinstance(required, list) or not all(isinstance(path, str) for path in required):
            raise PluginError(
                f'{where}: detect.required is {required!r}; write a list of paths, such as ["ts", "kind"]'
            )
        if not required and not values:
            raise PluginError(f'{where}: detect names nothing; write required = ["ts"] or values = {{ app = "acme" }}')
        score = table.get("score", _SCORE)
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 < score <= 1:
            raise PluginError(f"{where}: detect.score is {score!r}; write a number above 0, at most 1")
        self._required = [expression(path, f"{where}: detect.required") for path in required]
        self._values = when_of(values, f"{where}: detect.values")
        self._score = float(score)
        self._records = records
        self._is_document = is_document
        self._patterns = [_key(path) for path in (*required, *values)]
        self._patterns += [_pair(path, value) for path, value in values.items() if isinstance(value, str)]

    def score(self, head: bytes) -> float:
        """Return how sure it is that a file is of this mapping."""
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not start.startswith((b"{", b"[")):
            return 0.0
        return self._score if (self._is_of_document(start) if self._is_document else self._is_of_lines(start)) else 0.0

    def _is_of_lines(self, head: bytes) -> bool:
        lines = [line for line in head.split(b"\n", 40) if line.strip()][:_LOOKED_AT]
        found = [read_value(line) for line in lines]
        records = [value[0] for value in found if not isinstance(value, str)]
        if not records and len(lines) == 1:
            return self._has_the_names(head)
        return any(self._fits(record, None) for record in records)

    def _is_of_document(self, head: bytes) -> bool:
        found = read_value(head)
        if isinstance(found, str):
            return self._has_the_names(head)
        document = found[0]
        records = document if self._records is None else self._records(Scope(document, document, document, ""))
        listed = records if isinstance(records, list) else [records]
        return any(self._fits(record, document) for record in listed[:_LOOKED_AT])

    def _fits(self, record: Any, document: Any) -> bool:
        scope = Scope(record, record, document, "")
        return (
            isinstance(record, dict)
            and all(path(scope) is not None for path in self._required)
            and holds(self._values, scope)
        )

    def _has_the_names(self, head: bytes) -> bool:
        return all(pattern.search(head) for pattern in self._patterns)


def _key(path: str) -> re.Pattern[bytes]:
    return re.compile(rb'"%s"\s*:' % re.escape(_last(path)))


def _pair(path: str, value: str) -> re.Pattern[bytes]:
    return re.compile(rb'"%s"\s*:\s*"%s"' % (re.escape(_last(path)), re.escape(value.encode())))


def _last(path: str) -> bytes:
    """Return the last name of a path that is no position in a list."""
    names = [name for name in path.split(".") if not name.lstrip("-").isdigit()]
    return (names[-1] if names else path).encode()
