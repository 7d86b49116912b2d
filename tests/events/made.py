"""Events of every shape, for property tests."""

from hypothesis import strategies as st

from agentobs.events import (
    BASES,
    EARLIEST,
    LATEST,
    QUALITIES,
    ROLES,
    SEVERITIES,
    STATUSES,
    Event,
    EventType,
    Usage,
    event_id,
)

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
maybe_text = st.none() | text
counts = st.none() | st.integers(0, 10**12)
measures = st.none() | st.floats(0, 1e12, allow_nan=False)
usages = st.builds(
    Usage,
    input_tokens=counts, output_tokens=counts, cache_read_tokens=counts, cache_write_5m_tokens=counts,
    cache_write_1h_tokens=counts, reasoning_tokens=counts, web_search_requests=counts, service_tier=maybe_text,
    speed=maybe_text, inference_geo=maybe_text,
)  # fmt: skip


@st.composite
def events(draw: st.DrawFn) -> Event:
    """An event with any of its fields unknown."""
    ts = draw(st.integers(EARLIEST, LATEST - 1))
    texts = (
        "native_type native_id root_session_id thread_id agent_version working_directory branch commit repository "
        "machine workspace model provider usage_key request_id tool_name tool_call_id call_type file_path summary"
    ).split()
    numbers = ("exit_code", "lines_added", "lines_removed", "file_size_bytes")
    return Event(
        id=event_id(ts, draw(text)),
        ts=ts,
        type=draw(st.sampled_from(list(EventType))).value,
        agent=draw(text),
        session_id=draw(text),
        offset=draw(st.integers(0, 2**53)),
        digest=draw(st.integers(0, 2**63 - 1)),
        ts_quality=draw(st.sampled_from(QUALITIES)),
        part=draw(st.integers(0, 1000)),
        seq=draw(st.integers(0, 2**53)),
        severity=draw(st.sampled_from(SEVERITIES)),
        status=draw(st.none() | st.sampled_from(STATUSES)),
        role=draw(st.none() | st.sampled_from(ROLES)),
        basis=draw(st.none() | st.sampled_from(BASES)),
        parent_event_id=draw(st.none() | st.uuids().map(lambda value: value.bytes)),
        is_sidechain=draw(st.booleans()),
        is_copy=draw(st.booleans()),
        sanitised=draw(st.booleans()),
        usage=draw(st.none() | usages),
        reported_cost_usd=draw(measures),
        duration_ms=draw(measures),
        data=draw(st.sampled_from([None, b"{}", b'{"title": "x",  "n": [1, 2.50]}'])),
        tags=tuple(draw(st.lists(text, max_size=3))),
        **{name: draw(maybe_text) for name in texts},
        **{name: draw(counts) for name in numbers},
    )
