"""Inspect AI: archives and JSON logs, a session for each sample and epoch."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agentobs.adapters import _inspect_archive
from agentobs.adapters._inspect_records import usage_of
from agentobs.adapters.inspect_eval import ADAPTER
from agentobs.events import Event, Item, Reject, Skip, Usage
from tests.adapters.golden import FIXTURES, parse

LOGS = Path(__file__).parents[3] / "shared" / "logs"
REAL = sorted(LOGS.glob("inspect_eval/**/*.eval"))


def items(name_or_path: str | Path) -> list[Item]:
    return parse(ADAPTER, (FIXTURES / "inspect_eval" / name_or_path).read_bytes())


def events(name_or_path: str | Path) -> list[Event]:
    return [item for item in items(name_or_path) if isinstance(item, Event)]


def of(found: list[Event], *types: str) -> list[Event]:
    return [event for event in found if event.type in types]


def data_of(event: Event) -> dict[str, Any]:
    return {} if event.data is None else json.loads(event.data)


def archive(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in members.items():
            written.writestr(name.replace("__", "/") + ".json", content)
    return file.getvalue()


def test_each_sample_is_a_session_and_an_unreadable_one_is_rejected():
    found = items("tools.eval")
    sessions = {item.session_id for item in found if isinstance(item, Event)}
    assert sessions == {"inspect_eval:s1AAbbCCddEEffGGhhIIjj", "inspect_eval:s2AAbbCCddEEffGGhhIIjj"}
    assert [item.reason for item in found if isinstance(item, Reject)] == ["a sample that is no JSON object"]


def test_calls_are_typed_and_end_as_the_log_says():
    assert [(e.tool_name, e.call_type, e.status, e.duration_ms) for e in of(events("tools.eval"), "tool_result")] == [
        ("bash", "command_execute", "ok", 250.0),
        ("text_editor", "file_write", "ok", 500.0),
        ("bash", "test_run", "error", 5000.0),
        ("deploy", "tool_invocation", "denied", 0.0),
    ]


def test_usage_is_the_response_s_own_and_a_cached_answer_has_none():
    answers = of(events("tools.eval"), "llm_response")
    assert [(e.usage.input_tokens, e.usage.cache_read_tokens) if e.usage else None for e in answers] == [
        (200, 512),
        (300, None),
        None,
        (60, None),
    ]
    assert answers[0].usage_key == "resp_00112233445566778899aabbccddeeff"
    assert {(e.provider, e.model) for e in answers} == {("openai", "gpt-5-mini-2025-08-07")}


def test_the_model_of_a_scorer_is_a_thread_beside_the_agent_s():
    for name in ("tools.eval", "older.json"):
        answers = of(events(name), "llm_response")
        assert [(e.thread_id, e.is_sidechain) for e in answers[-1:]] == [("scorer", True)]
        assert {e.thread_id for e in answers[:-1]} == {None}


def test_attachments_are_back_in_their_place():
    found = events("tools.eval")
    assert of(found, "user_interaction")[0].summary == "What is the total of an empty cart? Fix cart.py until it is 0."
    call = of(found, "command_execute")[0]
    assert call.raw is not None
    assert ADAPTER.content(call.raw, 0) == "cat cart.py"
    assert ADAPTER.content(call.raw, 1) == "class Cart:\n    items = []\n"


def test_prompts_are_what_the_sample_asks_and_what_a_person_answered():
    assert [e.summary for e in of(events("tools.eval"), "user_interaction")] == [
        "What is the total of an empty cart? Fix cart.py until it is 0.",
        "Go on without deploying.",
        "Name a fruit.",
    ]


def test_errors_and_scores_are_told():
    found = events("tools.eval")
    assert [e.summary for e in of(found, "error_encountered")] == [
        "Exceeded message limit: 12",
        "RateLimitError: slow down",
        "RateLimitError: slow down",
    ]
    assert [data_of(e).get("scores") for e in of(found, "session_end")] == [
        {"match": "C", "steps": 0.5},
        {"match": None},
    ]


def test_a_run_that_did_not_end_is_read_from_its_journal_and_zstd_is_unpacked():
    found = events("unfinished_zstd.eval")
    assert [e.type for e in found] == ["session_start", "user_interaction", "llm_response", "session_end"]
    assert data_of(found[0])["task"] == "empty_cart"


def test_an_older_log_has_the_events_inside_of_its_tools():
    found = events("older.json")
    assert [e.summary for e in of(found, "llm_response")] == ["I ask a helper.", "apple", "C"]
    assert [e.usage.input_tokens for e in of(found, "llm_response") if e.usage is not None] == [88, 20, 30]


@pytest.mark.parametrize(
    ("given", "usage"),
    [
        ((100, 10, 110, 80, None), Usage(input_tokens=20, output_tokens=10, cache_read_tokens=80)),
        ((20, 10, 110, 80, None), Usage(input_tokens=20, output_tokens=10, cache_read_tokens=80)),
        ((20, 10, None, 80, None), Usage(input_tokens=20, output_tokens=10, cache_read_tokens=80)),
        ((20, 10, 35, None, 5), Usage(input_tokens=20, output_tokens=15, reasoning_tokens=5)),
        ((20, 10, 30, None, 5), Usage(input_tokens=20, output_tokens=10, reasoning_tokens=5)),
        ((20, 10, 115, 80, 5), Usage(input_tokens=20, output_tokens=15, cache_read_tokens=80, reasoning_tokens=5)),
        ((100, 10, 115, 80, 5), Usage(input_tokens=20, output_tokens=15, cache_read_tokens=80, reasoning_tokens=5)),
    ],
)
def test_the_total_tells_what_is_counted_apart(given, usage):
    names = ("input_tokens", "output_tokens", "total_tokens", "input_tokens_cache_read", "reasoning_tokens")
    assert usage_of(dict(zip(names, given, strict=True))) == usage


def test_a_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(_inspect_archive, "MOST_BYTES", 10_000)
    header = b'{"eval": {}}'
    assert _inspect_archive.unpack(archive(header=header, samples__1_epoch_1=b'{"id": 1}'))
    sample = b'{"id": "' + b"0" * 6_000 + b'"}'
    for bomb in (
        archive(header=header, samples__1_epoch_1=b"0" * 1_000_000),
        archive(header=header, samples__1_epoch_1=sample, samples__2_epoch_1=sample),
    ):
        with pytest.raises(ValueError, match="more than 10000 bytes"):
            _inspect_archive.unpack(bomb)


@pytest.mark.parametrize("broken", [b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, archive(other=b"{}")])
def test_what_is_no_archive_of_a_log_is_refused_with_a_reason(broken):
    with pytest.raises(ValueError, match=r"no (readable )?\.eval archive"):
        _inspect_archive.unpack(broken)


def test_a_member_that_fails_its_checksum_is_refused():
    source = (FIXTURES / "inspect_eval" / "unfinished_zstd.eval").read_bytes()
    start = source.index(b"PK\x01\x02")
    crc = zlib.crc32(b"another")
    with pytest.raises(ValueError, match="checksum"):
        _inspect_archive.unpack(source[: start + 16] + crc.to_bytes(4, "little") + source[start + 20 :])


@pytest.mark.skipif(not REAL, reason="the real logs are not on this machine")
def test_real_logs_say_what_was_counted_in_them_independently():
    facts = {row["file"].removeprefix("dev/"): row["facts"] for row in json.loads((LOGS / "facts.json").read_bytes())}
    for path in REAL:
        fact, found = facts[str(path.relative_to(LOGS))], items(path)
        counted = Counter(item.reason.removeprefix("event/") for item in found if isinstance(item, Skip))
        counted.update(str(e.native_type).removeprefix("event/") for e in found if isinstance(e, Event))
        assert {name: counted[name] for name in fact["events"]} == fact["events"]
        answers = [e for e in found if isinstance(e, Event) and e.usage is not None]
        assert len({e.session_id for e in found if isinstance(e, Event)}) == fact["samples"]
        assert len({e.usage_key for e in answers}) == fact["events"]["model"]
        for lane in ("input_tokens", "output_tokens"):
            expected = sum(value for name, value in fact["model_usage"].items() if name.endswith(f":{lane}"))
            assert sum(getattr(e.usage, lane) for e in answers) == expected
        assert ADAPTER.detect(path.read_bytes()[:65_536]) > 0
