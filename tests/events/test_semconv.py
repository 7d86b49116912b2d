"""OpenTelemetry's names: the same usage comes back, cached tokens inside the input there and outside here."""

import pytest
from hypothesis import given, settings

from agentobs.events import Event, Usage, semconv
from tests.events.made import events, usages

KEPT = ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens", "cache_write_1h_tokens")


def lanes(usage: Usage | None) -> tuple[int | None, ...]:
    return (None,) * len(KEPT) if usage is None else tuple(getattr(usage, name) for name in KEPT)


@given(usages)
def test_a_usage_comes_back(usage):
    back = semconv.usage_of(semconv.usage_attributes(usage))
    assert lanes(back) == lanes(usage)
    assert ((back and back.cache_write_5m_tokens) or 0) == (usage.cache_write_5m_tokens or 0)


@given(usages)
def test_the_input_there_includes_what_was_cached(usage):
    sent = semconv.usage_attributes(usage)
    if usage.input_tokens is not None:
        cached = sent.get(semconv.CACHE_READ, 0) + sent.get(semconv.CACHE_WRITE, 0)
        assert sent["gen_ai.usage.input_tokens"] == usage.input_tokens + cached


def test_the_example_of_the_conventions():
    sent = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.cache_read.input_tokens": 50,
            "gen_ai.usage.cache_creation.input_tokens": 25, "gen_ai.usage.output_tokens": 180}  # fmt: skip
    assert semconv.usage_of(sent) == Usage(
        input_tokens=25, output_tokens=180, cache_read_tokens=50, cache_write_5m_tokens=25
    )


def test_an_input_that_cannot_include_the_cache_is_taken_as_it_is():
    sent = {semconv.INPUT: 10, semconv.CACHE_READ: 5000}
    assert semconv.usage_of(sent) == Usage(input_tokens=10, cache_read_tokens=5000)


@pytest.mark.parametrize("value", [None, -1, 1.5, "7", True])
def test_what_is_no_count_is_unknown(value):
    assert semconv.usage_of({semconv.OUTPUT: value}) is None


@pytest.mark.parametrize(
    ("older", "field", "value"),
    [("gen_ai.system", "provider", "anthropic"), ("gen_ai.request.model", "model", "m")],
)
def test_older_names_are_taken_where_the_newer_one_is_missing(older, field, value):
    assert semconv.fields_of({older: value}) == {field: value}
    newer = semconv.OLDER[older]
    assert semconv.fields_of({older: value, newer: "new"}) == {field: "new"}


def test_older_token_names_are_taken():
    sent = {"gen_ai.usage.prompt_tokens": 7, "gen_ai.usage.completion_tokens": 3}
    assert semconv.fields_of(sent) == {"usage": Usage(input_tokens=7, output_tokens=3)}


@settings(deadline=None)
@given(events())
def test_named_fields_come_back(event):
    fields = semconv.fields_of(semconv.attributes_of(event))
    for name in semconv.NAMES.values():
        assert fields.get(name) == getattr(event, name)


def test_operations_are_those_of_the_conventions():
    event = Event(id=bytes(16), ts=0, type="llm_response", agent="a", session_id="s", offset=0, digest=0)
    assert semconv.attributes_of(event)[semconv.OPERATION] == "chat"
    event.tool_call_id = "t"
    assert semconv.attributes_of(event)[semconv.OPERATION] == "execute_tool"
    event.type, event.tool_call_id = "file_read", None
    assert semconv.OPERATION not in semconv.attributes_of(event)


def test_every_named_field_is_one_of_an_event():
    assert set(semconv.NAMES.values()) <= set(Event.__struct_fields__)
    assert set(semconv.OLDER.values()) <= set(semconv.NAMES) | {
        semconv.INPUT, semconv.OUTPUT, semconv.CACHE_READ, semconv.CACHE_WRITE,
    }  # fmt: skip
