"""Events as JSON: the same event comes back; what is sent without an id gets a deterministic one."""

import json
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentobs.errors import SourceError
from agentobs.events import Event, EventType, wire
from tests.events.made import events

SENT = {"timestamp": "2026-03-09T10:00:00Z", "type": "tool_invocation", "agentId": "mine", "sessionId": "s1"}


def decode(**changes: object) -> Event:
    return wire.decode(json.dumps({**SENT, **changes}).encode())


@settings(deadline=None)
@given(events())
def test_an_event_comes_back_as_it_was(event):
    assert wire.decode(wire.encode(event)) == event


@settings(deadline=None)
@given(events())
def test_the_json_has_the_names_of_the_specification(event):
    sent = json.loads(wire.encode(event, project="shop"))
    assert set(sent) <= {
        "id", "timestamp", "type", "agentId", "agentVersion", "sessionId", "projectId", "parentEventId", "context",
        "data", "metrics", "tags", "severity",
    }  # fmt: skip
    assert UUID(sent["id"]).bytes == event.id
    assert sent["projectId"] == "shop"
    inner = [sent.get("context", {}), sent.get("metrics", {}), sent.get("metrics", {}).get("usage", {})]
    assert [name for names in inner for name in names if "_" in name] == []


def test_numbers_and_names_stand_where_people_look():
    sent = json.loads(
        wire.encode(
            decode(
                metrics={"durationMs": 12.5, "usage": {"inputTokens": 3, "cacheWrite1hTokens": 4}, "exitCode": 1},
                context={"filePath": "a.py", "toolName": "Bash"},
                data={"command": "ls"},
            )
        )
    )
    assert sent["metrics"]["durationMs"] == 12.5
    assert sent["metrics"]["usage"] == {"inputTokens": 3, "cacheWrite1hTokens": 4}
    assert sent["context"]["filePath"] == "a.py"
    assert sent["data"] == {"command": "ls"}


def test_data_passes_byte_for_byte():
    body = b'{"timestamp":"2026-03-09T10:00:00Z","type":"unknown","agentId":"a","sessionId":"s","data":{"n": 1.50}}'
    assert wire.decode(body).data == b'{"n": 1.50}'


@pytest.mark.parametrize(
    ("alias", "kind"),
    [
        ("tool_use", "tool_invocation"),
        ("file_modify", "file_write"),
        ("command_execution", "command_execute"),
        *((kind.value, kind.value) for kind in EventType),
    ],
)
def test_types_and_their_aliases_are_taken(alias, kind):
    assert decode(type=alias).type == kind


def test_an_unknown_type_is_kept_as_the_native_one():
    event = decode(type="moon_phase")
    assert (event.type, event.native_type) == ("unknown", "moon_phase")


def test_without_an_id_the_same_body_gives_the_same_event():
    assert decode() == decode()
    assert decode(sessionId="s2").id != decode().id
    assert decode(data={"n": 1}).id != decode(data={"n": 2}).id


def test_an_id_of_others_is_hashed_and_kept_beside():
    theirs = "0b9b3c39-6b8e-4b1f-9a50-0123456789ab"
    event = decode(id=theirs)
    assert UUID(bytes=event.id).version == 8
    assert event.native_id == theirs
    assert decode(id=theirs, data={"n": 1}).id == event.id
    assert decode(id="u1").id != decode(id="u1", sessionId="s2").id


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"timestamp": "yesterday"}, "timestamp 'yesterday' is no time"),
        ({"timestamp": 5}, "$.timestamp"),
        ({"severity": "fatal"}, "severity 'fatal' is none of debug"),
        ({"context": {"status": "meh"}}, "context.status 'meh'"),
        ({"context": {"timestampQuality": "vague"}}, "context.timestampQuality 'vague'"),
        ({"context": {"digest": "xyz"}}, "context.digest 'xyz' is not hexadecimal"),
        ({"context": {"digest": "f" * 16}}, "is not in [0, 2^63)"),
        ({"parentEventId": "p1"}, "parentEventId 'p1' is no uuid"),
        ({"data": [1]}, "data must be an object"),
        ({"metrics": {"usage": {"inputTokens": "many"}}}, "$.metrics.usage.inputTokens"),
        ({"agentId": None}, "$.agentId"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(changes, text):
    with pytest.raises(SourceError) as caught:
        decode(**changes)
    assert text in str(caught.value)


@given(
    st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_no_body_raises_anything_else(body):
    with pytest.raises(SourceError):
        wire.decode(body)


def test_a_time_outside_our_range_is_marked():
    event = decode(timestamp="1999-01-01T00:00:00Z")
    assert event.ts_quality == "clamped"
    assert wire.decode(wire.encode(event)) == event


def test_all_fields_of_an_event_but_its_record_travel():
    left_out = {"raw"}
    fields = set(Event.__struct_fields__) - left_out
    event = msgspec.structs.replace(decode(), raw=b"{}")
    back = wire.decode(wire.encode(event))
    assert {name for name in fields if getattr(back, name) != getattr(event, name)} == set()
    assert back.raw is None
