"""One response stands in several lines, and each says what was known by then: it counts once, by its best line."""

from tests.accounting.conftest import Reader
from tests.accounting.records import NOON, SONNET, answer, compaction, prompt, usage
from tests.accounting.said import bill, column, lanes, rows, usd

LATER = "2026-03-09T12:00:05.000Z"


def test_streamed_lines_with_growing_output_are_one_call_with_the_last_line_s_tokens(read: Reader) -> None:
    bench = read({"a": [
        prompt(),
        answer(usage(3, 1, read=1000), uuid="1"),
        answer(usage(3, 8, read=1000), uuid="2", at=LATER),
        answer(usage(3, 250, read=1000), uuid="3", at=LATER),
    ]})  # fmt: skip
    assert lanes(bench) == [(3, 250, 1000, 0, 0)]
    assert bill(bench) == usd(3 * 3.00 + 250 * 15.00 + 1000 * 0.30)
    assert column(bench.sessions(), "model_calls") == [1]


def test_the_largest_snapshot_counts_where_an_earlier_line_has_it(read: Reader) -> None:
    bench = read({"a": [answer(usage(3, 400), uuid="1"), answer(usage(3, 7), uuid="2", at=LATER)]})
    assert lanes(bench) == [(3, 400, 0, 0, 0)]
    assert bill(bench) == usd(3 * 3.00 + 400 * 15.00)


def test_the_best_line_counts_as_a_whole_never_a_maximum_of_each_lane(read: Reader) -> None:
    bench = read({"a": [answer(usage(900, 1, read=50), uuid="1"), answer(usage(3, 40, read=20), uuid="2", at=LATER)]})
    assert lanes(bench) == [(3, 40, 20, 0, 0)]
    assert bill(bench) == usd(3 * 3.00 + 40 * 15.00 + 20 * 0.30)


def test_of_equal_outputs_the_larger_total_counts(read: Reader) -> None:
    bench = read({"a": [answer(usage(3, 40, read=20), uuid="1"), answer(usage(3, 40, read=900), uuid="2", at=LATER)]})
    assert lanes(bench) == [(3, 40, 900, 0, 0)]


def test_a_response_without_request_id_counts_once(read: Reader) -> None:
    bench = read({"a": [answer(usage(3, n), uuid=str(n), request=None) for n in (1, 5, 9)]})
    assert lanes(bench) == [(3, 9, 0, 0, 0)]
    assert bill(bench) == usd(3 * 3.00 + 9 * 15.00)


def test_a_request_id_on_some_lines_only_makes_no_second_call(read: Reader) -> None:
    bench = read({"a": [answer(usage(3, 1), uuid="1", request=None), answer(usage(3, 9), uuid="2", request="r1")]})
    assert lanes(bench) == [(3, 9, 0, 0, 0)]


def test_one_message_id_under_two_request_ids_is_one_response(read: Reader) -> None:
    bench = read({"a": [answer(usage(3, 9), uuid="1", request="r1"), answer(usage(3, 9), uuid="2", request="r2")]})
    assert lanes(bench) == [(3, 9, 0, 0, 0)]


def test_without_message_id_the_request_id_names_the_response(read: Reader) -> None:
    bench = read({"a": [
        answer(usage(3, 1), uuid="1", message=None),
        answer(usage(3, 9), uuid="2", message=None),
        answer(usage(4, 5), uuid="3", message=None, request="r2", at=LATER),
    ]})  # fmt: skip
    assert lanes(bench) == [(3, 9, 0, 0, 0), (4, 5, 0, 0, 0)]
    assert bill(bench) == usd(7 * 3.00 + 14 * 15.00)


def test_without_both_ids_every_record_is_a_response_of_its_own(read: Reader) -> None:
    bench = read({"a": [answer(usage(3, n), uuid=str(n), message=None, request=None) for n in (1, 9)]})
    assert sorted(lanes(bench)) == [(3, 1, 0, 0, 0), (3, 9, 0, 0, 0)]
    assert bill(bench) == usd(6 * 3.00 + 10 * 15.00)


def test_without_both_ids_a_copy_of_the_record_counts_once(read: Reader) -> None:
    lines = [answer(usage(3, n), uuid=str(n), message=None, request=None) for n in (1, 9)]
    bench = read({"a": lines, "resumed": lines})
    assert sorted(lanes(bench)) == [(3, 1, 0, 0, 0), (3, 9, 0, 0, 0)]


def test_an_empty_message_id_is_none(read: Reader) -> None:
    bench = read(
        {"a": [answer(usage(3, 9), uuid="1", message="="), answer(usage(3, 5), uuid="2", message="=", request="r2")]}
    )
    assert sorted(lanes(bench)) == [(3, 5, 0, 0, 0), (3, 9, 0, 0, 0)]


def test_short_message_ids_in_two_sessions_are_two_responses(read: Reader) -> None:
    bench = read({
        "a": [answer(usage(3, 1), uuid="1", message="=msg_1"), answer(usage(3, 9), uuid="2", message="=msg_1")],
        "b": [answer(usage(4, 5), uuid="3", message="=msg_1", session="b", at=LATER)],
    })  # fmt: skip
    assert lanes(bench) == [(3, 9, 0, 0, 0), (4, 5, 0, 0, 0)]
    assert bill(bench) == usd(7 * 3.00 + 14 * 15.00)
    assert column(bench.sessions(), "output_tokens") == [9, 5]


def test_duplicate_identical_lines_count_once_and_physically_twice(read: Reader) -> None:
    line = answer(usage(3, 9, read=100), uuid="1")
    bench = read({"a": [line, line]})
    assert lanes(bench) == [(3, 9, 100, 0, 0)]
    said = rows(bench.physical(), "records", "input_tokens", "output_tokens", "cache_read_tokens")
    assert said == [(2, 6, 18, 200)]


def test_physical_totals_say_what_the_lines_say_and_logical_ones_what_is_billed(read: Reader) -> None:
    bench = read({"a": [answer(usage(3, n, read=1000, short=10, hour=7), uuid=str(n)) for n in (1, 8, 250)]})
    assert lanes(bench) == [(3, 250, 1000, 10, 7)]
    said = rows(bench.physical(), "records", "input_tokens", "output_tokens", "cache_read_tokens",
                "cache_write_5m_tokens", "cache_write_1h_tokens")  # fmt: skip
    assert said == [(3, 9, 259, 3000, 30, 21)]


def test_a_compaction_between_the_lines_of_a_response_makes_no_second_call(read: Reader) -> None:
    bench = read({"a": [
        answer(usage(3, 1), uuid="1"),
        compaction(at=LATER),
        prompt("This session is being continued", isCompactSummary=True, at=LATER),
        answer(usage(3, 90), uuid="2", at=LATER),
        answer(usage(5, 7), uuid="3", message="m2", request="r2", at="2026-03-09T12:01:00.000Z"),
    ]})  # fmt: skip
    assert lanes(bench) == [(3, 90, 0, 0, 0), (5, 7, 0, 0, 0)]
    assert column(bench.sessions(), "compactions") == [1]
    assert bill(bench) == usd(8 * 3.00 + 97 * 15.00)


def test_a_response_starts_at_its_earliest_line_whatever_line_counts(read: Reader) -> None:
    bench = read({"a": [answer(usage(3, 90), uuid="2", at=LATER), answer(usage(3, 1), uuid="1")]})
    assert [str(at) for at in bench.model_calls()["started_at"]] == ["2026-03-09 12:00:00+00:00"]


def test_a_second_ingest_of_the_same_file_changes_nothing(read: Reader) -> None:
    files = {"a": [answer(usage(3, n), uuid=str(n)) for n in (1, 8)]}
    before = read(files)
    calls, physical = before.model_calls(), before.physical()
    read.ingest(read.logs)
    again = read.look()
    assert again.model_calls().equals(calls)
    assert again.physical().equals(physical)
    assert lanes(again) == [(3, 8, 0, 0, 0)]


def test_a_larger_snapshot_that_is_appended_later_moves_every_total(read: Reader) -> None:
    before = read({"a": [answer(usage(3, 8), uuid="1", at="2026-03-09T23:59:59.000Z")]})
    assert bill(before) == usd(3 * 3.00 + 8 * 15.00)
    after = read.append("a", answer(usage(3, 900, read=50), uuid="2", at="2026-03-10T00:00:01.000Z"))
    assert lanes(after) == [(3, 900, 50, 0, 0)]
    assert bill(after) == usd(3 * 3.00 + 900 * 15.00 + 50 * 0.30)
    assert rows(after.usage("day"), "day", "output_tokens") == [("2026-03-09", 900)]
    assert column(after.sessions(), "total_tokens") == [953]


def test_a_smaller_snapshot_that_is_appended_later_changes_nothing(read: Reader) -> None:
    read({"a": [answer(usage(3, 900), uuid="1")]})
    after = read.append("a", answer(usage(3, 8), uuid="2", at=LATER))
    assert lanes(after) == [(3, 900, 0, 0, 0)]
    assert bill(after) == usd(3 * 3.00 + 900 * 15.00)


def test_an_earlier_line_that_is_read_later_moves_the_response_to_its_day(read: Reader) -> None:
    read({"late": [answer(usage(3, 90), uuid="2", at="2026-03-10T00:00:01.000Z")]})
    after = read({"early": [answer(usage(3, 1), uuid="1", at="2026-03-09T23:59:59.000Z")]})
    assert rows(after.usage("day"), "day", "model_calls", "output_tokens") == [("2026-03-09", 1, 90)]


def test_a_response_with_several_blocks_in_one_line_counts_once(read: Reader) -> None:
    line = answer(usage(3, 9), uuid="1")
    line["message"]["content"] = [
        {"type": "thinking", "thinking": "Hm.", "signature": "x"},
        {"type": "text", "text": "Look."},
        {"type": "tool_use", "id": "toolu_01aaaaaaaaaaaaaaaaaaaaaa", "name": "Read", "input": {"file_path": "/srv/a"}},
    ]
    bench = read({"a": [line]})
    assert lanes(bench) == [(3, 9, 0, 0, 0)]
    assert column(bench.model_calls(), "model") == [SONNET]
    assert rows(bench.physical(), "records", "output_tokens") == [(1, 9)]


def test_calls_at_one_instant_are_counted_apart(read: Reader) -> None:
    bench = read(
        {"a": [answer(usage(3, n), uuid=str(n), message=f"m{n}", request=f"r{n}", at=NOON) for n in (1, 2, 3)]}
    )
    assert sorted(lanes(bench)) == [(3, 1, 0, 0, 0), (3, 2, 0, 0, 0), (3, 3, 0, 0, 0)]
