"""Traces and logs of OpenTelemetry in one document: OTLP/JSON with line breaks, Tempo's export, lists of spans.

    {"resourceSpans": [...]}, {"resourceLogs": [...]}    OTLP/JSON that is not one request a line
    {"batches": [...]}, {"trace": {"resourceSpans"}}      what Tempo gives for a trace
    [{trace_id, span_id, start_time, attributes}, ...]    an SDK's own spans, Phoenix's; also one a line, or by trace
    {hrTime, attributes, resource} after each other       what the JavaScript SDK's records look like in a file, such as
                                                          Gemini CLI's telemetry.log
    {"trace": {...}, "observations": [...]}               Langfuse's export of a trace

Each span or log record is a record; they are read in the order of their start, see _otel_spans and _otel_logs.
"""

import json
import re
from collections.abc import Iterable, Iterator

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._lenient import sanitise, too_deep
from agentobs.adapters._otel_batch import REQUEST, is_of_lines
from agentobs.adapters._otel_document import Found, content_of, document_items
from agentobs.adapters._otel_span_lists import read_record, records_of
from agentobs.adapters._whole_document import read_value
from agentobs.events import Item, Line, Reject, Skip

NAME = "otel_document"

_decoder = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
_VALUE = re.compile(r"^[{\[]", re.MULTILINE)
_TEMPO = re.compile(rb'\s*\{\s*(?:"(?:trace|result)"\s*:\s*\{\s*)?"(?:batches|resourceSpans|resource_spans)"\s*:\s*\[')
_LANGFUSE = re.compile(rb'"(?:traceId|parentObservationId)"\s*:')
_OBSERVATIONS = re.compile(rb'"observations"\s*:\s*\[')
_OPENING = re.compile(rb"\s*[{\[]")
_TRACE = re.compile(rb'(?<!\\)"(?:trace_id|traceId)"\s*:')
_SPAN = re.compile(rb'(?<!\\)"(?:span_id|spanId)"\s*:')
_TIME = re.compile(rb'(?<!\\)"(?:start_time(?:_unix_nano)?|startTime(?:UnixNano)?)"\s*:')
_CLOCK = re.compile(rb'(?<!\\)"hrTime"\s*:\s*\[\s*\d+\s*,\s*\d+\s*\]')
_EVENT = re.compile(rb'(?<!\\)"event\.name"\s*:\s*"')
_ATTRIBUTES = re.compile(rb'(?<!\\)"attributes"\s*:\s*[{\[]')


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of a document's spans and log records, in the order of their start."""
    for offset, line, original in lines:
        if not line.strip():
            yield Skip(offset, "blank")
            continue
        found, sanitised = _records(line)
        if isinstance(found, str):
            yield Reject(offset, found, line)
        elif found:
            originals = found if original is line else _records(original)[0]
            yield from document_items(found, originals if isinstance(originals, list) else [], sanitised=sanitised)
        else:
            yield Reject(offset, "no spans or log records in the document", line)


def _records(line: bytes) -> tuple[list[Found] | str, bool]:
    """Return the records of a document, or of several that stand one after the other."""
    document = read_value(line)
    if not isinstance(document, str):
        return records_of(document[0]), document[1]
    if too_deep(line):
        return document, False
    found: list[Found] = []
    text, place = sanitise(line).decode(), 0
    while (start := _VALUE.search(text, place)) is not None:
        try:
            value, place = _decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):  # cut, or damaged: on with the next line
            place = text.find("\n", start.end()) + 1 or len(text)
        else:
            found += records_of(value)
    return found or document, text.encode() != line


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record's event: what was asked, answered, called or given back."""
    return content_of(raw, part, read_record)


def detect(head: bytes) -> float:
    """Return how sure it is that a document holds spans or log records of OpenTelemetry."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if REQUEST.match(head) is not None:
        return 0.0 if is_of_lines(head) else 0.9
    if _TEMPO.match(head) is not None:
        return 0.9
    if _OPENING.match(head) is None or b'"operationName"' in head:
        return 0.0
    if _OBSERVATIONS.search(head) is not None and _LANGFUSE.search(head) is not None:
        return 0.8
    if _CLOCK.search(head) is not None and _EVENT.search(head) is not None:
        return 0.8
    return 0.7 if all(key.search(head) for key in (_TRACE, _SPAN, _TIME, _ATTRIBUTES)) else 0.0


ADAPTER = Adapter(
    name=NAME,
    title="OpenTelemetry documents (Tempo, Phoenix, Langfuse, span lists)",
    locations=(),  # downloaded by hand, or where a setting says
    patterns=("*.json", "*.jsonl", "*.log"),
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
        basis="real files (Tempo); https://github.com/Arize-ai/openinference/tree/main/spec, "
        "https://api.reference.langfuse.com, "
        "https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/telemetry/file-exporters.ts",
    ),
)
