"""The event: its types are the specification's, and what the source did not say is None."""

import pytest

from agentobs.events import Event, EventType, Usage, call_key

SPECIFIED = """session_start session_end file_read file_write file_create file_delete command_execute test_run
build_trigger search_performed llm_request llm_response error_encountered rollback_performed commit_created
tool_invocation user_interaction context_switch""".split()


def test_every_type_of_the_specification_is_there_and_two_more():
    assert {kind.value for kind in EventType} == {*SPECIFIED, "tool_result", "unknown"}


def test_what_the_source_did_not_say_is_none_and_never_zero():
    event = Event(id=bytes(16), ts=0, type="unknown", agent="a", session_id="s", offset=0, digest=0)
    measured = (
        "duration_ms",
        "exit_code",
        "lines_added",
        "lines_removed",
        "file_size_bytes",
        "usage",
        "reported_cost_usd",
    )
    assert [getattr(event, name) for name in measured] == [None] * len(measured)
    assert Usage().input_tokens is None


def test_the_total_counts_each_lane_once_and_reasoning_inside_the_output():
    usage = Usage(
        input_tokens=1, output_tokens=20, cache_read_tokens=300, cache_write_5m_tokens=4000,
        cache_write_1h_tokens=50000, reasoning_tokens=15,
    )  # fmt: skip
    assert usage.total_tokens == 54321
    assert Usage(output_tokens=5).total_tokens == 5


@pytest.mark.parametrize(
    ("tool_call_id", "key"),
    [("toolu_01AbCdEfGhIjKlMn", "toolu_01AbCdEfGhIjKlMn"), ("call_1", "s1:call_1"), ("u1", "s1:u1")],
)
def test_a_short_call_id_is_one_only_in_its_session(tool_call_id, key):
    assert call_key("s1", tool_call_id) == key
