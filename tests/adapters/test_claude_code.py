"""Claude Code's records: what is counted once, who spoke, how calls ended, whose thread it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from agentobs.adapters.claude_code import ADAPTER, Memory
from agentobs.events import EARLIEST, Event, Item, Reject, Skip, Usage
from tests.adapters.golden import FIXTURES, lines_of, parse

FOLDER = FIXTURES / "claude_code"
SESSION = "5a000000-0000-4000-8000-000000000006"
SUBAGENT = f"{SESSION}/subagents/agent-a9f8e7d.jsonl"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")


def fixture(*names: str) -> list[Event]:
    return [item for name in names for item in parse(ADAPTER, (FOLDER / name).read_bytes()) if isinstance(item, Event)]


def read(*records: dict | bytes, memory: Memory | None = None) -> list[Item]:
    lines = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
    return list(ADAPTER.parse(lines_of(b"\n".join(lines) + b"\n"), memory or Memory()))


def one(*records: dict | bytes) -> Event:
    (*_, event) = read(*records)
    assert isinstance(event, Event)
    return event


def record(kind: str = "user", content: object = "hello", uuid: str = "u1", **more: object) -> dict:
    base = {"type": kind, "sessionId": "s", "uuid": uuid, "timestamp": "2026-03-01T09:00:00.000Z"}
    return base | {"message": {"content": content}} | more


def calls(events: Iterable[Event]) -> dict[str, Usage]:
    """Return the winning snapshot of each response: an original beats a copy, then the largest output."""
    best: dict[str, tuple[bool, int, Usage]] = {}
    for event in events:
        if event.usage is not None and event.usage_key is not None:
            rank = (not event.is_copy, event.usage.output_tokens or 0)
            if event.usage_key not in best or rank > best[event.usage_key][:2]:
                best[event.usage_key] = (*rank, event.usage)
    return {key: usage for key, (_, _, usage) in best.items()}


def test_a_streamed_response_is_one_call_with_its_largest_snapshot():
    response = calls(fixture("streamed.jsonl"))["msg_01AAAAAAAAAAAAAAAAAAAAAA"]
    assert (response.output_tokens, response.cache_write_1h_tokens) == (80, 1000)


@pytest.mark.parametrize("copy", ["resumed.jsonl", "forked.jsonl"])
def test_copied_history_adds_no_event_and_no_call(copy):
    original, both = fixture("streamed.jsonl"), fixture("streamed.jsonl", copy)
    assert calls(both) == calls(original)
    new = {event.id for event in both} - {event.id for event in original}
    human = [event.summary for event in both if event.id in new and event.role == "user"]
    assert human == [{"resumed.jsonl": "And push it", "forked.jsonl": "Now do it for the invoice"}[copy]]
    digests = {event.id: event.digest for event in original}
    assert all(digests.get(event.id, event.digest) == event.digest for event in both)


def test_a_fork_with_rewritten_session_ids_keeps_ids_and_digests():
    original, fork = fixture("streamed.jsonl"), fixture("forked.jsonl")
    assert [(e.id, e.digest) for e in original] == [(e.id, e.digest) for e in fork[: len(original)]]
    assert {e.session_id for e in original}.isdisjoint(e.session_id for e in fork)


def test_each_response_has_a_key_of_its_own_whatever_ids_are_missing():
    keys = {event.summary: event.usage_key for event in fixture("accounting.jsonl") if event.usage}
    assert keys["no request id"] == "msg_02AAAAAAAAAAAAAAAAAAAAAA"
    assert keys["no message id"] == "req_022AAAAAAAAAAAAAAAAAAA"
    assert keys["neither"] == "aaaaaaaa-0000-4000-8000-000000000103"
    assert keys["a short id"] == "5a000000-0000-4000-8000-000000000002:msg_1"
    assert len(set(keys.values())) == len(keys)


def test_a_response_without_any_id_counts_by_its_event():
    event = one(
        record("assistant", [{"type": "text", "text": "hi"}], uuid="") | {"message": {"usage": {"output_tokens": 3}}}
    )
    assert event.usage_key == event.id.hex()


@pytest.mark.parametrize(
    ("usage", "short", "long", "basis"),
    [
        ({"cache_creation_input_tokens": 0}, 0, None, "measured"),
        ({"cache_creation_input_tokens": 5}, 5, None, "estimated"),
        ({"cache_creation_input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 5}}, None, 5, "measured"),
        ({"cache_creation_input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 3}}, 2, 3, "estimated"),
        ({"cache_creation_input_tokens": 5, "cache_creation": {"ephemeral_5m_input_tokens": 9}}, 9, None, "measured"),
        ({"output_tokens": 1}, None, None, "measured"),
    ],
)
def test_cache_writes_without_a_lifetime_go_to_the_short_lane_as_an_estimate(usage, short, long, basis):
    event = one(record("assistant") | {"message": {"id": "m", "content": "x", "usage": usage}})
    assert event.usage is not None
    assert (event.usage.cache_write_5m_tokens, event.usage.cache_write_1h_tokens, event.basis) == (short, long, basis)


def test_what_the_client_made_itself_is_no_call_and_has_no_model():
    made = [
        e for e in fixture("accounting.jsonl") if e.summary in ("No response requested.", "API Error: 529 overloaded")
    ]
    assert [(e.type, e.model, e.usage) for e in made] == [
        ("llm_response", None, None),
        ("error_encountered", None, None),
    ]


def test_only_the_first_event_of_a_record_carries_usage_and_record():
    first, second = [e for e in fixture("accounting.jsonl") if e.native_id == "aaaaaaaa-0000-4000-8000-000000000110"]
    assert (first.usage is not None, first.raw is not None, second.usage, second.raw) == (True, True, None, None)
    assert second.parent_event_id == first.id


def test_without_its_own_file_a_subagent_counts_by_its_progress_records():
    passed = calls(fixture("agent_progress.jsonl"))
    assert passed["msg_05EEEEEEEEEEEEEEEEEEEEEE"].output_tokens == 8
    both = calls(fixture("agent_progress.jsonl", SUBAGENT))
    assert both.keys() == passed.keys()
    assert both["msg_05EEEEEEEEEEEEEEEEEEEEEE"].output_tokens == 50


def test_a_message_in_two_progress_records_is_one_copy():
    copies = [event for event in fixture("agent_progress.jsonl") if event.is_copy]
    assert len(copies) == 4
    assert len({event.id for event in copies}) == 3
    assert {event.id for event in copies}.isdisjoint(event.id for event in fixture(SUBAGENT))


def test_subagents_of_all_layouts_are_threads_of_the_parent_session():
    events = fixture("sidechain_in_file.jsonl", "agent-a1b2c3d.jsonl", SUBAGENT, "agent_progress.jsonl")
    assert {event.session_id for event in events} == {SESSION}
    threads = {event.thread_id: event.is_sidechain for event in events}
    first, second = "aaaaaaaa-0000-4000-8000-000000000503", "aaaaaaaa-0000-4000-8000-000000000504"
    assert threads == {None: False, first: True, second: True, "a1b2c3d": True, "a9f8e7d": True}


def test_the_result_of_a_task_names_its_subagent():
    (done,) = [event for event in fixture("sidechain_in_file.jsonl") if event.type == "tool_result"]
    assert msgspec.json.decode(done.data or b"") == {
        "agent_id": "a1b2c3d",
        "status": "completed",
        "total_tokens": 21008,
        "tool_uses": 0,
    }
    assert (done.tool_name, done.call_type, done.duration_ms) == ("Task", "tool_invocation", 2000)


def test_human_prompts_are_those_of_role_user():
    prompts = [event.summary for event in fixture("people.jsonl") if event.role == "user"]
    assert prompts == ["A real prompt", "Why does it fail?", "Typed by a person", "also fix b.py"]
    names = ("sidechain_in_file.jsonl", SUBAGENT)
    assert [event.summary for event in fixture(*names) if event.role == "user"] == ["Look into both"]


def test_an_image_is_named_and_never_copied():
    images = [event for event in fixture("people.jsonl") if event.native_type == "user/image"]
    assert [(event.summary, event.data) for event in images] == [("[image]", None)] * 2


@pytest.mark.parametrize(
    ("result", "content", "error", "status", "exit_code"),
    [
        ({"stdout": "a"}, "a", False, "ok", 0),
        (None, "a", False, "ok", 0),
        (None, "a", None, "ok", None),
        ("Error: Exit code 2\nx", "Exit code 2\nx", True, "error", 2),
        ("Error: command timed out", "command timed out", True, "error", None),
        ({"stdout": "", "interrupted": True}, "", False, "interrupted", None),
        ({"stdout": "", "returnCodeInterpretation": "No matches found"}, "", False, "ok", None),
        ({"stdout": "", "backgroundTaskId": "b1"}, "running", False, "ok", None),
        ("User rejected tool use", "rejected", True, "denied", None),
        (None, "The user doesn't want to proceed with this tool use.", True, "denied", None),
        (None, "Permission to use Bash with command rm has been denied.", True, "denied", None),
        (None, "[Request interrupted by user for tool use]", None, "interrupted", None),
        (None, "<tool_use_error>no</tool_use_error>", None, "error", None),
        ("Error: no such tool", "no such tool", None, "error", None),
        ({"stdout": "Error: in the log"}, "Error: in the log", False, "ok", 0),
        ({"stdout": "", "is_error": True}, "", None, "error", None),
    ],
)
def test_how_a_command_ended(result, content, error, status, exit_code):
    use = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "x"}}
    answer = {"type": "tool_result", "tool_use_id": "t1", "content": content, "is_error": error}
    event = one(record("assistant", [use], "a1"), record("user", [answer], "u1", toolUseResult=result))
    assert (event.status, event.exit_code, event.call_type) == (status, exit_code, "command_execute")


def test_a_failed_edit_changes_no_lines():
    counts = [(e.status, e.lines_added, e.lines_removed) for e in fixture("outcomes.jsonl") if e.tool_name == "Edit"]
    assert [count for count in counts if count[0]] == [("denied", None, None), ("error", None, None)]


def test_the_result_object_belongs_to_no_answer_where_there_are_several():
    answers = [{"type": "tool_result", "tool_use_id": f"t{n}", "content": "x"} for n in (1, 2)]
    items = read(record("user", answers, toolUseResult={"durationMs": 5}))
    assert [item.duration_ms for item in items if isinstance(item, Event)] == [None, None]


def test_children_of_skipped_records_hang_on_what_came_before():
    events = {event.native_id: event for event in fixture("system.jsonl")}
    child, error = (events[f"aaaaaaaa-0000-4000-8000-000000000{n}"] for n in (404, 402))
    assert child.parent_event_id == error.id


def test_equal_records_without_time_or_id_are_told_apart():
    modes = [event for event in fixture("system.jsonl") if event.native_type == "permission-mode"]
    assert len({event.id for event in modes}) == 2
    assert {event.ts_quality for event in modes} == {"inherited"}


def test_a_record_before_any_time_has_none():
    (event,) = read({"type": "mode", "mode": "plan", "sessionId": "s"})
    assert isinstance(event, Event)
    assert (event.ts, event.ts_quality) == (EARLIEST, "none")


def test_a_record_before_any_session_is_skipped():
    assert read({"type": "user", "message": {"content": "x"}}) == [Skip(0, "user_without_session")]
    assert read({"type": "holo"}) == [Skip(0, "holo_without_session")]


@pytest.mark.parametrize("uuid", ["u1", "[trimmed for fixture]", ""])
def test_reused_ids_that_are_no_uuid_name_different_events(uuid):
    first, second = read(record(content="one", uuid=uuid), record(content="two", uuid=uuid))
    other = one(record(content="one", uuid=uuid, sessionId="other"))
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert len({first.id, second.id, other.id}) == 3


def test_an_unknown_version_of_an_unknown_type_is_kept():
    event = one({"type": "holo", "version": "99.0", "sessionId": "s", "x": 1})
    assert (event.type, event.native_type, event.agent_version) == ("unknown", "holo", "99.0")
    assert event.raw is not None


def test_replaced_bytes_are_flagged_and_others_are_not():
    flags = {event.summary: event.sanitised for event in fixture("odd_bytes.jsonl")}
    assert flags["a NUL \ufffd escape"]
    assert flags["a lone \ufffd surrogate"]
    assert not flags["an escaped backslash \\u0000 is none"]
    assert not flags["a pair 😀"]


def test_what_cannot_be_read_says_why_and_where():
    rejects = [item for item in parse(ADAPTER, (FOLDER / "odd_bytes.jsonl").read_bytes()) if isinstance(item, Reject)]
    assert [item.reason.split(":")[0] for item in rejects] == ["JSON nested deeper than 100 levels"] * 2 + [
        "not JSON"
    ] * 2


def test_memory_stays_small():
    memory = Memory()
    for number in range(3000):
        use = {"type": "tool_use", "id": f"t{number}", "name": "Read", "input": {}}
        read(record("assistant", [use], f"a{number}", isSidechain=True), memory=memory)
        read({"type": "mode", "mode": str(number), "sessionId": "s"}, memory=memory)
    assert len(msgspec.json.encode(memory)) < 100_000


def test_endless_ids_and_paths_fit_their_columns():
    use = {"type": "tool_use", "id": "t" * 9000, "name": "n" * 9000, "input": {"file_path": "p" * 9000}}
    event = one(record("assistant", [use], "u" * 9000, sessionId="s" * 9000, cwd="c" * 9000, version="v" * 9000))
    for value in (event.session_id, event.native_id, event.tool_call_id, event.tool_name, event.agent_version):
        assert value is not None
        assert len(value) <= 200
    assert len(event.file_path or "") <= 4096


@pytest.mark.parametrize(
    ("name", "native_id", "part", "text"),
    [
        ("streamed.jsonl", 2, 0, "Look at the file first."),
        ("streamed.jsonl", 8, 0, "cd /home/dev/shop && pytest -q"),
        ("streamed.jsonl", 9, 0, "Exit code 1\n1 failed, 3 passed"),
        ("people.jsonl", 302, 1, "Why does it fail?"),
        ("people.jsonl", 302, 2, "[image]"),
        ("people.jsonl", 302, 9, None),
        ("people.jsonl", 310, 0, "also fix b.py"),
        ("outcomes.jsonl", 227, 0, "#1\n[image]"),
        ("agent_progress.jsonl", 523, 0, "src/c.py"),
        ("system.jsonl", 408, 0, "Conversation compacted"),
        ("accounting.jsonl", 109, 0, "API Error: 529 overloaded"),
    ],
)
def test_the_full_text_of_an_event(name, native_id, part, text):
    (raw,) = {e.raw for e in fixture(name) if e.native_id == f"aaaaaaaa-0000-4000-8000-{native_id:012d}" and e.raw}
    assert ADAPTER.content(raw, part) == text


def test_the_full_text_of_other_calls_is_their_input():
    raw = json.dumps(record("assistant", [{"type": "tool_use", "name": "Grep", "input": {"pattern": "x"}}])).encode()
    assert json.loads(ADAPTER.content(raw, 0) or "") == {"pattern": "x"}


@pytest.mark.parametrize(
    ("line", "score"),
    [
        ({"type": "summary", "summary": "x", "leafUuid": "y"}, 0.6),
        ({"type": "file-history-snapshot", "messageId": "x", "snapshot": {}}, 0.6),
        ({"type": "started", "key": "v2:a", "agentId": "a"}, 0.4),
        ({"type": "user", "sessionId": "s", "uuid": "u", "message": {"content": "x"}}, 0.95),
        ({"agentType": "general-purpose", "spawnDepth": 1}, 0),
        ({"role": "user", "message": {"content": [{"type": "text", "text": "cursor"}]}}, 0),
        ({"timestamp": "2026-01-01T00:00:00Z", "type": "response_item", "payload": {}}, 0),
        ({"type": "message", "id": "1", "timestamp": "x", "message": {"role": "user", "content": []}}, 0),
        ({"type": "user.message", "data": {}, "id": "1", "parentId": None}, 0),
        ({"type": "session", "version": 3, "id": "1", "cwd": "/"}, 0),
    ],
)
def test_a_file_is_known_by_its_records(line, score):
    assert ADAPTER.detect(json.dumps(line).encode() + b"\n") == score


def test_a_file_whose_first_line_is_longer_than_its_head_is_known_by_its_envelope():
    line = json.dumps({"parentUuid": None, "sessionId": "s", "message": {"content": "x" * 100_000}})
    assert ADAPTER.detect(b"// a comment\n" + line.encode()[:70_000]) == 0.9


@real_files
def test_of_the_real_files_its_own_are_claimed_and_no_other():
    for path in LOGS.rglob("*"):
        if path.suffix in (".json", ".jsonl", ".md", ".traj") and path.is_file():
            with path.open("rb") as file:
                score = ADAPTER.detect(file.read(65_536))
            own = "claude_code" in path.relative_to(LOGS).parts and path.suffix == ".jsonl"
            assert (score > 0) == own, path


EXPLAINED = {
    ("edge_cases.jsonl", "bad_lines"): "three lines are JSON but no objects",
    ("schema_drift.jsonl", "tool_uses"): "a call that is a record by itself",
    ("schema_drift.jsonl", "tool_results"): "its result, likewise",
}


@real_files
def test_counts_of_the_real_files_agree_with_those_of_another_reader():
    rows = [row for row in json.loads((LOGS / "facts.json").read_text()) if row["format"] == "claude_code"]
    differences = set()
    for row in rows:
        path = LOGS / row["file"].removeprefix("dev/")
        if path.suffix == ".jsonl" and path.exists():
            ours, theirs = counted(path), row["facts"]
            theirs["api_calls"] -= theirs["models"].get("<synthetic>", 0)  # the client's own messages are no calls
            differences |= {(path.name, key) for key, value in ours.items() if theirs[key] != value}
    assert len(rows) > 30
    assert differences == set(EXPLAINED)


def counted(path: Path) -> dict[str, int]:
    source = path.read_bytes()
    items = parse(ADAPTER, source if source.endswith(b"\n") else source + b"\n")
    own = [item for item in items if isinstance(item, Event) and not item.is_copy]
    usages = calls(own).values()
    uses = {event.tool_call_id for event in own if (event.native_type or "").endswith("/tool_use")}
    results = {event.tool_call_id for event in own if event.type == "tool_result"}
    blank = sum(isinstance(item, Skip) and item.reason == "blank" for item in items)
    return {
        "lines": len({item.offset for item in items}) - blank,
        "bad_lines": sum(isinstance(item, Reject) for item in items),
        "sessions": len({item.session_id for item in items if isinstance(item, Event)}),
        "tool_uses": len(uses),
        "tool_results": len(results),
        "compactions": sum(event.native_type == "system/compact_boundary" for event in own),
        "api_calls": len(usages),
        "input": sum(usage.input_tokens or 0 for usage in usages),
        "output": sum(usage.output_tokens or 0 for usage in usages),
        "cache_read": sum(usage.cache_read_tokens or 0 for usage in usages),
        "cache_creation": sum((u.cache_write_5m_tokens or 0) + (u.cache_write_1h_tokens or 0) for u in usages),
    }


LONG = "word " * 200


def failing(text: str, **more: object) -> Event:
    block = {"type": "tool_result", "tool_use_id": "t", "content": text, "is_error": True} | more
    return one(record(content=[block]))


def test_a_summary_is_as_long_as_its_use_needs():
    prompt = one(record(content=LONG))
    said = one(record("assistant", [{"type": "text", "text": LONG}]))
    command = one(
        record("assistant", [{"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "echo " + LONG}}])
    )
    assert [len(event.summary or "") for event in (prompt, said, command, failing(LONG))] == [300, 100, 300, 200]


def test_a_result_has_a_summary_only_where_it_failed():
    assert failing("fine", is_error=False).summary is None
    assert failing("it broke\nat line 3").summary == "it broke"


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("Exit code 1\n2 failed, 1 passed\nsee above", "2 failed, 1 passed"),
        ("Error: Exit code 2\n\nmake: no rule", "make: no rule"),
        ("Exit code 1", "Exit code 1"),
        ("<tool_use_error>String not found.</tool_use_error>", "String not found."),
        ("<tool_use_error></tool_use_error>", "<tool_use_error></tool_use_error>"),
        ("", None),
    ],
)
def test_the_summary_of_a_failure_says_what_went_wrong(text, summary):
    assert failing(text).summary == summary


ADVISED = [
    {"type": "message", "input_tokens": 2, "output_tokens": 3},
    {"type": "advisor_message", "model": "claude-opus-4-7", "input_tokens": 70, "output_tokens": 8},
    {"type": "advisor_message", "input_tokens": -1, "output_tokens": 9},
    {"type": "compaction", "input_tokens": 500, "output_tokens": 40},
    None,
]


def test_an_advisor_and_a_compaction_inside_a_response_are_calls_of_their_own():
    message = {
        "id": "msg_07GGGGGGGGGGGGGGGGGGGGGG",
        "model": "claude-sonnet-4-6",
        "content": "hi",
        "usage": {"input_tokens": 2, "output_tokens": 3, "iterations": ADVISED},
    }
    _, *inside = [e for e in read(record("assistant") | {"message": message}) if isinstance(e, Event)]
    assert [(e.part, e.native_type, e.model, e.usage, e.usage_key) for e in inside] == [
        (1, "assistant/advisor", "claude-opus-4-7", Usage(70, 8), f"{message['id']}:advisor_message:0"),
        (2, "assistant/advisor", "claude-sonnet-4-6", Usage(None, 9), f"{message['id']}:advisor_message:1"),
        (3, "assistant/compaction", "claude-sonnet-4-6", Usage(500, 40), f"{message['id']}:compaction:0"),
    ]


@pytest.mark.parametrize(("cost", "read_as"), [(0.25, 0.25), (0, 0.0), (None, None), (-1, None), ("1", None)])
def test_the_cost_that_old_versions_told_is_kept_as_reported(cost, read_as):
    told = record("assistant", costUSD=cost) | {"message": {"id": "m", "content": "x", "usage": {"output_tokens": 1}}}
    assert one(told).reported_cost_usd == read_as


def test_no_response_has_more_than_a_billion_tokens():
    event = one(
        record("assistant") | {"message": {"content": "x", "usage": {"input_tokens": 2**40, "output_tokens": 1}}}
    )
    assert event.usage == Usage(None, 1)


STAMP = {"sessionId": "original", "messageUuid": "u0"}


def test_what_a_fork_copied_is_forked_even_where_it_holds_it_twice():
    later = {"timestamp": "2026-03-01T09:00:01.000Z"}
    events = read(
        record(uuid="a", forkedFrom=STAMP), record(uuid="a"), record(uuid="b", **later), record(forkedFrom=None)
    )
    assert [event.is_forked for event in events if isinstance(event, Event)] == [True, True, False, True]
    assert [event.is_forked for event in read(record(forkedFrom=None)) if isinstance(event, Event)] == [False]


def test_the_stamp_of_a_fork_is_no_part_of_what_a_record_carries():
    title = {"type": "custom-title", "sessionId": "s", "customTitle": "Totals", "timestamp": "2026-03-01T09:00:00Z"}
    assert one(title | {"forkedFrom": STAMP}).digest == one(title).digest


def test_a_line_with_a_wrong_type_before_a_nan_is_stored_without_it():
    event = one(b'{"type":"later","uuid":1,"sessionId":"s","timestamp":"2026-03-01T09:00:00Z","x":NaN}')
    assert (event.type, event.sanitised) == ("unknown", True)
    assert b"NaN" not in (event.raw or b"")
