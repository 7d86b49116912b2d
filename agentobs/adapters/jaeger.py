"""Traces as Jaeger's UI and its HTTP API give them: {"data": [{traceID, spans, processes}]}, or one such trace.

Each span is a record; they are read in the order of their start and become events as in _otel_spans. Times and
durations are microseconds, attributes are `tags`, events are `logs`, the resource is the span's process.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._otel_document import Fields, Found, content_of, document_items
from agentobs.adapters._otel_lenient import hex_id
from agentobs.adapters._otel_records import Attributes, Origin, Span
from agentobs.adapters._whole_document import encode, inside, read_document, text
from agentobs.events import Item, Line, Reject, Skip, content_digest

NAME = "jaeger"

_KEYS = tuple(re.compile(rb'"%s"\s*:' % key) for key in (b"traceID", b"spanID", b"operationName"))
_OPENING = re.compile(rb"\s*[{\[]")
_MOST_MICROSECONDS = 2**53


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of a document's spans, in the order of their start."""
    for line in lines:
        if not line[1].strip():
            yield Skip(line[0], "blank")
            continue
        document = read_document(line)
        if isinstance(document, str):
            yield Reject(line[0], document, line[1])
            continue
        found = _spans(document.value)
        if found:
            same = document.original is document.value
            originals = found if same else _spans(document.original)
            yield from document_items(found, originals, sanitised=document.sanitised)
        elif _traces(document.value):
            yield Skip(line[0], "traces_without_spans")
        else:
            yield Reject(line[0], "no traces with spans in the document", line[1])


def _traces(document: Any) -> list[Fields]:
    data = document.get("data", document) if isinstance(document, dict) else document
    traces = data if isinstance(data, list) else [data]
    return [trace for trace in traces if isinstance(trace, dict) and isinstance(trace.get("spans"), list)]


def _spans(document: Any) -> list[Found]:
    found: list[Found] = []
    for trace in _traces(document):
        processes = trace.get("processes")
        origins: dict[str, Origin] = {}
        if isinstance(processes, dict):
            origins = {name: _origin(process) for name, process in processes.items()}
        for span in trace["spans"]:
            if isinstance(span, dict):
                own = origins.get(str(span.get("processID"))) or _origin(span.get("process"))
                found.append(Found(_span(span, own), span))
    return found


def _origin(process: object) -> Origin:
    attributes = _tags(inside(process, "tags"))
    service = text(inside(process, "serviceName"))
    if service is not None:
        attributes["service.name"] = service
    return Origin(attributes)


def _span(fields: Fields, origin: Origin | None = None) -> Span:
    attributes = _tags(fields.get("tags"))
    start, took = _microseconds(fields.get("startTime")), _microseconds(fields.get("duration"))
    status = attributes.get("otel.status_code")
    failed = True if status == "ERROR" or attributes.get("error") is True else False if status == "OK" else None
    return Span(
        origin=origin or Origin({}, None),
        trace_id=hex_id(fields.get("traceID")) or "",
        span_id=hex_id(fields.get("spanID")) or "",
        parent_id=_parent(fields),
        name=text(fields.get("operationName")) or "",
        start=start * 1000 if start else None,
        end=(start + took) * 1000 if start and took is not None else None,
        failed=failed,
        message=text(attributes.get("otel.status_description")),
        attributes=attributes,
        events=[_event(log) for log in _objects(fields.get("logs"))],
        digest=content_digest(encode(fields)),
    )


def _parent(fields: Fields) -> str | None:
    for reference in _objects(fields.get("references")):
        if reference.get("refType", "CHILD_OF") == "CHILD_OF":
            return hex_id(reference.get("spanID"))
    return hex_id(fields.get("parentSpanID"))


def _event(log: Fields) -> tuple[str, Attributes]:
    fields = _tags(log.get("fields"))
    return text(fields.get("event")) or text(fields.get("name")) or "", fields


def _tags(value: object) -> Attributes:
    return {tag["key"]: tag.get("value") for tag in _objects(value) if isinstance(tag.get("key"), str)}


def _objects(value: object) -> list[Fields]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _microseconds(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST_MICROSECONDS:
        return None
    return int(value)


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a span's event: what was asked, answered, called or given back."""
    return content_of(raw, part, _span)


def detect(head: bytes) -> float:
    """Return how sure it is that a document holds traces as Jaeger writes them."""
    if _OPENING.match(head.removeprefix(b"\xef\xbb\xbf")) is None:
        return 0.0
    return 0.9 if all(key.search(head) for key in _KEYS) else 0.0


ADAPTER = Adapter(
    name=NAME,
    title="Jaeger traces",
    locations=(),  # downloaded by hand
    patterns=("*.json",),
    detect=detect,
    parse=parse,
    content=content,
    names_agents=True,
    whole=True,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=True,
        outcomes=True,
        threads=False,
        subagents=False,
        edits=False,
        version=True,
        basis="real files",
    ),
)
