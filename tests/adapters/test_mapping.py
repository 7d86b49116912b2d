"""Mappings: a team's own log becomes events by a small file, and a wrong file says what is wrong with it."""

from __future__ import annotations

import copy
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentobs.adapters._base import Adapter
from agentobs.adapters._mapping import adapter_of
from agentobs.errors import PluginError
from agentobs.events import Event, Item, Usage
from tests.adapters import test_contract as contract
from tests.adapters.golden import ADAPTERS, FIXTURES, fixtures, golden_path, golden_text, lines_of, parse

FOLDER = FIXTURES / "mapping"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")


def given_in(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))


ACME = adapter_of(given_in("acme.toml"), "mapping 'acme.toml'")
NOTEBOOK = adapter_of(given_in("notebook.toml"), "mapping 'notebook.toml'")
PAIRS = [(ACME, FOLDER / "acme-1.jsonl"), (NOTEBOOK, FOLDER / "cart.notebook.json")]
each_fixture = pytest.mark.parametrize(("adapter", "path"), PAIRS, ids=["lines", "document"])


def small(**changes: Any) -> dict[str, Any]:
    """A mapping of one rule, changed."""
    whole = {
        "name": "mine",
        "patterns": ["*.jsonl"],
        "detect": {"required": ["k"]},
        "time": {"path": "t"},
        "defaults": {"session_id": "s"},
        "events": [{"type": "llm_response"}],
    }
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


def read(mapping: dict[str, Any], *records: Any, path: str = "") -> list[Item]:
    source = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    return parse(adapter_of(mapping, "m"), source, path)


def events(mapping: dict[str, Any], *records: Any, path: str = "") -> list[Event]:
    return [item for item in read(mapping, *records, path=path) if isinstance(item, Event)]


def one(rule: dict[str, Any], record: dict[str, Any], **changes: Any) -> Event:
    (event,) = events(small(events=[rule], **changes), {"k": 1, "s": "s1", **record})
    return event


@each_fixture
def test_the_contract_of_adapters_holds(adapter: Adapter, path: Path):
    contract.test_the_same_bytes_give_the_same_events(adapter, path)
    contract.test_every_record_is_events_or_one_skip_or_one_reject(adapter, path)
    contract.test_an_id_comes_twice_only_for_copies_with_the_same_payload(adapter, path)
    contract.test_what_is_redacted_changes_neither_ids_nor_digests(adapter, path)
    contract.test_events_are_what_the_database_takes(adapter, path)
    if adapter.whole:
        contract.test_a_document_read_again_gives_the_same_ids(adapter, path)
        contract.test_a_truncated_document_never_stops_an_adapter(adapter, path)
    else:
        contract.test_reading_on_from_any_line_gives_the_events_of_reading_through(adapter, path)
        contract.test_a_beginning_of_the_source_gives_a_beginning_of_the_events(adapter, path)


@each_fixture
def test_the_golden_file_says_what_a_mapping_makes_of_its_log(adapter: Adapter, path: Path):
    assert golden_path(path).read_text("utf-8") == golden_text(adapter, path)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damaged_records_never_stop_a_mapping(data):
    adapter, path = data.draw(st.sampled_from(PAIRS))
    source = path.read_bytes()
    line = source if adapter.whole else data.draw(st.sampled_from([line for _, line, _ in lines_of(source)]))
    damaged = bytearray(line)
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    contract.parse_lines(adapter, line, bytes(damaged), bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    try:
        record = json.loads(line)
    except ValueError:
        return
    place = data.draw(st.sampled_from(list(contract.places(record))))
    odd = contract.changed(record, place, data.draw(st.sampled_from(contract.ODD)), data.draw(st.booleans()))
    contract.parse_lines(adapter, json.dumps(odd).encode())


def test_the_example_of_the_documentation_is_the_one_that_is_tested():
    documented = sys.modules["agentobs.adapters._mapping"].__doc__ or ""
    for line in (FOLDER / "acme.toml").read_text("utf-8").splitlines():
        assert line in documented


def test_mapped_files_are_recognised_and_no_others():
    for adapter, path in PAIRS:
        assert adapter.detect(path.read_bytes()) > 0
        assert adapter.detect(path.read_bytes()[:200]) > 0  # cut inside the first record
        others = [other for name in ADAPTERS for other in fixtures(name)] + [
            other for _, other in PAIRS if other != path
        ]
        assert [other.name for other in others if adapter.detect(other.read_bytes()[:65_536])] == []
        assert [head for head in (b"", b"{", b"[]", b"1\n", b"[" * 5000) if adapter.detect(head)] == []


@real_files
def test_no_real_file_of_another_agent_is_claimed():
    heads = [(path, path.read_bytes()[:65_536]) for path in LOGS.rglob("*") if path.is_file()]
    assert [path for path, head in heads if ACME.detect(head) or NOTEBOOK.detect(head)] == []


def test_content_is_the_full_text_of_each_event():
    answer = next(line for _, line, _ in lines_of((FOLDER / "acme-1.jsonl").read_bytes()) if b'"answer"' in line)
    texts = [ACME.content(answer, part) for part in range(5)]
    assert texts == [
        "I run the tests.\nThen I fix the cart.",
        "python -m pytest -q",
        "shop/cart.py",
        "deploy: shop",
        None,
    ]


@pytest.mark.parametrize(
    ("usage", "record", "expected"),
    [
        (
            {"input_tokens": "i", "cache_read_tokens": "c", "input_includes_cache": True},
            {"i": 100, "c": 40},
            Usage(60, None, 40),
        ),
        (
            {"input_tokens": "i", "cache_read_tokens": "c", "input_includes_cache": False},
            {"i": 100, "c": 40},
            Usage(100, None, 40),
        ),
        (
            {"output_tokens": "o", "reasoning_tokens": "r", "output_excludes_reasoning": True},
            {"o": 10, "r": 4},
            Usage(None, 14, reasoning_tokens=4),
        ),
        ({"input_tokens": "i"}, {"i": "12"}, Usage(12)),
        ({"input_tokens": "i"}, {"i": -1}, None),
        ({"input_tokens": "i"}, {}, None),
    ],
)
def test_tokens_are_converted_as_the_mapping_says(usage, record, expected):
    event = one({"type": "llm_response", "usage": usage}, record)
    assert event.usage == expected
    assert (event.basis, event.usage_key is None) == (("measured", False) if expected else (None, True))


def test_a_response_that_several_records_tell_of_has_one_key_in_its_session():
    rule = {"type": "llm_response", "usage": {"output_tokens": "o", "key": "id"}}
    found = events(small(events=[rule]), *[{"k": 1, "s": "s1", "o": n, "id": "r"} for n in (1, 2)])
    assert {event.usage_key for event in found} == {"mine:s1:r"}


@pytest.mark.parametrize(
    ("time", "value", "expected"),
    [
        ({"path": "t"}, "2026-03-09T10:00:00Z", (1_773_050_400_000_000, "exact")),
        ({"path": "t", "zone": "Europe/Zurich"}, "2026-03-09T11:00:00", (1_773_050_400_000_000, "naive")),
        ({"path": "t", "format": "s"}, 1773050400.5, (1_773_050_400_500_000, "exact")),
        ({"path": "t", "format": "ms"}, "1773050400000", (1_773_050_400_000_000, "exact")),
        ({"path": "t", "format": "us"}, 1773050400000000, (1_773_050_400_000_000, "exact")),
        ({"path": "t", "format": "ns"}, 1773050400000000000, (1_773_050_400_000_000, "exact")),
        ({"path": "t", "format": "%d/%m/%Y %H.%M %z"}, "09/03/2026 11.00 +0100", (1_773_050_400_000_000, "exact")),
        ({"path": "t", "format": "s"}, 5, (2_051_136_000_000_000, "clamped")),
        ({"path": "t"}, None, (1_420_070_400_001_000, "none")),
        (None, "2026-03-09T10:00:00Z", (1_420_070_400_001_000, "none")),
    ],
)
def test_times_are_read_in_their_format(time, value, expected):
    event = one({"type": "llm_response"}, {"t": value}, time=time)
    assert (event.ts, event.ts_quality) == expected


def test_a_record_without_a_time_inherits_the_last_one():
    found = events(small(), {"k": 1, "s": "a", "t": "2026-03-09T10:00:00Z"}, {"k": 1, "s": "a"})
    assert [(event.ts, event.ts_quality) for event in found][1] == (1_773_050_400_000_000, "inherited")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("a.b", "deep"),
        ("list.1", "second"),
        ("list.9", None),
        (["nothing", "a.b"], "deep"),
        ({"const": "1.0"}, "1.0"),
        ({"template": "{k}: {a.b}"}, "1: deep"),
        ({"template": "{k}: {nothing}"}, None),
        ({"path": "flag", "map": {"true": "yes"}}, "yes"),
        ({"path": "k", "map": {"1": "one"}}, "one"),
        ({"path": "k", "map": {"2": "two"}}, None),
        ({"file": "stem"}, "run-7"),
        ({"file": "folder"}, "logs"),
        ("dotted\\.name", "dot"),
    ],
)
def test_a_field_is_what_its_expression_says(spec, expected):
    record = {"k": 1, "s": "s1", "a": {"b": "deep"}, "list": ["first", "second"], "flag": True, "dotted.name": "dot"}
    rule = {"type": "llm_response", "branch": spec}
    (event,) = events(small(events=[rule]), record, path="x/logs/run-7.jsonl")
    assert event.branch == expected


def test_a_session_may_be_named_by_the_file():
    (event,) = events(small(defaults={"session_id": {"file": "stem"}}), {"k": 1}, path="logs/run-7.jsonl")
    assert event.session_id == "mine:run-7"


def test_what_is_carried_comes_from_the_record_before_and_ends_with_the_session():
    mapping = small(carry=["session_id", "branch"], events=[{"type": "llm_response", "branch": "b"}])
    found = events(mapping, {"k": 1, "s": "a", "b": "main"}, {"k": 1}, {"k": 1, "s": "c"})
    assert [(e.session_id, e.branch) for e in found] == [("mine:a", "main"), ("mine:a", "main"), ("mine:c", None)]


def test_a_record_that_fits_no_rule_is_kept_as_unknown():
    rule = {"when": {"k": 2}, "type": "llm_response"}
    (event,) = events(small(events=[rule], defaults={"session_id": "s", "native_type": "k"}), {"k": 1, "s": "a"})
    assert (event.type, event.native_type, event.raw is not None) == ("unknown", "1", True)


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"k": "a"}, True),
        ({"k": ["b", "a"]}, True),
        ({"k": "b"}, False),
        ({"n.m": 3}, True),
        ({"k": True, "zz": False}, True),
        ({"zz": True}, False),
    ],
)
def test_a_rule_is_for_records_that_have_its_values(when, fits):
    rule = {"when": when, "type": "llm_response"}
    (event,) = events(small(events=[rule]), {"k": "a", "n": {"m": 3}, "s": "s"})
    assert (event.type == "llm_response") is fits


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": None}, "m: name is None; write a name of small letters"),
        ({"name": "My Agent"}, "m: name is 'My Agent'"),
        ({"patterns": []}, "m: patterns is []; write a list of texts"),
        ({"nmae": "x"}, "m has 'nmae', which nobody reads"),
        ({"detect": None}, "m: detect names nothing"),
        ({"detect": {"required": ["k"], "score": 2}}, "m: detect.score is 2"),
        ({"form": "xml"}, "m: form 'xml' is none of lines, document"),
        ({"time": {"format": "ms"}}, "m: time lacks 'path'"),
        ({"time": {"path": "t", "format": "unix"}}, "m: time.format is 'unix'; write iso, s, ms, us, ns"),
        ({"time": {"path": "t", "zone": "Mars"}}, "m: time.zone 'Mars' is unknown"),
        ({"events": []}, "m has no [[events]]"),
        ({"events": [{"role": "user"}]}, "m: events[0] lacks 'type'"),
        ({"events": [{"type": "answer"}]}, "m: events[0].type 'answer' is none of"),
        ({"events": [{"type": {"path": "k", "map": {"a": "answer"}}}]}, "m: events[0].type.map 'answer' is none of"),
        (
            {"events": [{"type": "tool", "toolname": "x"}]},
            "m: events[0] has 'toolname', which nobody reads; did you mean",
        ),
        ({"events": [{"type": "tool", "role": "king"}]}, "m: events[0].role 'king' is none of user, assistant"),
        ({"events": [{"type": "tool", "branch": "a..b"}]}, "m: events[0].branch is 'a..b', which is no path"),
        ({"events": [{"type": "tool", "branch": {"pth": "a"}}]}, "m: events[0].branch has 'pth'"),
        ({"events": [{"type": "tool", "branch": {"template": "x"}}]}, "m: events[0].branch.template is 'x'"),
        (
            {"events": [{"type": "tool", "branch": {"file": "name"}}]},
            "m: events[0].branch.file is 'name'; write one of",
        ),
        ({"events": [{"type": "tool", "branch": {"path": "a", "scale": 0}}]}, "m: events[0].branch.scale is 0"),
        ({"events": [{"type": "tool", "branch": {"path": "a", "map": {}}}]}, "m: events[0].branch.map is {}"),
        ({"events": [{"type": "tool", "usage": {}}]}, "m: events[0].usage names no tokens"),
        (
            {"events": [{"type": "tool", "usage": {"input_tokens": "i", "cache_read_tokens": "c"}}]},
            "m: events[0].usage must say input_includes_cache = true or false",
        ),
        ({"events": [{"skip": ""}]}, "m: events[0].skip is ''"),
        ({"events": [{"type": "tool", "when": {"k": {}}}]}, "m: events[0].when.k is {}"),
        ({"defaults": {}}, "m names no session_id"),
        ({"defaults": {"session_id": "s", "usage": {}}}, "m: defaults has 'usage', which nobody reads"),
        ({"carry": ["summary"]}, "m: carry 'summary' is none of session_id"),
        ({"version": 0}, "m: version is 0"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong_where_and_what_to_write(changes, said):
    with pytest.raises(PluginError) as caught:
        adapter_of(small(**changes), "m")
    assert str(caught.value).startswith(said)


def test_fidelity_is_what_the_mapping_tells():
    fidelity = ACME.fidelity
    assert fidelity is not None
    assert (fidelity.times, fidelity.tokens, fidelity.outcomes, fidelity.version) == (True, True, True, True)
    assert (fidelity.cost, fidelity.subagents) == (False, False)


def test_a_mapping_is_not_changed_by_being_read():
    mapping = given_in("acme.toml")
    before = copy.deepcopy(mapping)
    adapter_of(mapping, "m")
    assert mapping == before


if __name__ == "__main__":
    for adapter, path in PAIRS:
        golden_path(path).write_text(golden_text(adapter, path), "utf-8")
