"""Event ids: deterministic, telling their time, sorting by it, different for what is different."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from agentobs.events import EARLIEST, LATEST, content_digest, event_id, is_uuid, source_key

KNOWN = "019cd20a-0d00-8a26-a47b-af4a8dc0bcfb"
times = st.integers(EARLIEST, LATEST - 1)
parts = st.lists(st.text() | st.binary(), min_size=1, max_size=4)


@given(times, parts)
def test_an_id_is_a_uuid_of_version_8_that_holds_its_milliseconds(ts, names):
    made = UUID(bytes=event_id(ts, *names))
    assert (made.version, made.variant) == (8, "specified in RFC 4122")
    assert made.int >> 80 == ts // 1000


@given(times, times, parts, parts)
def test_ids_sort_by_their_milliseconds(one, other, names, more):
    if one // 1000 < other // 1000:
        assert event_id(one, *names) < event_id(other, *more)


@given(times, parts)
def test_the_same_parts_give_the_same_id(ts, names):
    assert event_id(ts, *names) == event_id(ts, *list(names))


@given(times, parts, parts)
def test_other_parts_give_another_id(ts, names, others):
    def plain(values: list[str | bytes]) -> bytes:
        return b"\0".join(v if isinstance(v, bytes) else v.encode("utf-8", "surrogatepass") for v in values)

    assert (event_id(ts, *names) == event_id(ts, *others)) == (plain(names) == plain(others))


def test_an_id_never_changes():
    assert UUID(bytes=event_id(1_773_050_400_000_000, "claude_code", "u1", "0")) == UUID(KNOWN)


def test_text_and_its_bytes_are_one_part():
    assert event_id(EARLIEST, "é") == event_id(EARLIEST, "é".encode())
    assert event_id(EARLIEST, "\ud800")  # a lone surrogate of a broken source


@given(st.binary(), st.binary())
def test_digests_fit_a_signed_column_and_tell_contents_apart(one, other):
    assert 0 <= content_digest(one) < 1 << 63
    assert (content_digest(one) == content_digest(other)) == (one == other)
    assert 0 <= source_key("a", "b") < 1 << 63


@given(st.uuids())
def test_uuids_are_recognised(value):
    assert is_uuid(str(value))
    assert is_uuid(str(value).upper())
    assert not is_uuid(str(value) + "x")
    assert not is_uuid("u1")
