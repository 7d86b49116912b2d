"""Process mining: graphs, variants and deviations that the eye can follow."""

import math

import pytest

from agentobs.analysis.mining import (
    activities,
    bottlenecks,
    conformance,
    directly_follows,
    entropy,
    first_deviations,
    good_ways,
    variant_entropy,
    variants,
)  # fmt: skip
from agentobs.analysis.mining.plot import common_variants, follows_graph, time_spent
from agentobs.errors import FrameError
from tests.analysis.corpus.sequences import steps

TWO = {"s1": "ret", "s2": "reet"}


def test_pairs_are_counted_with_start_and_end():
    graph = directly_follows(activities(steps(TWO))).set_index(["source", "target"])
    assert graph["count"].to_dict() == {
        ("edit", "test"): 2, ("read", "edit"): 2, ("start", "read"): 2, ("test", "end"): 2, ("edit", "edit"): 1,
    }  # fmt: skip
    assert graph.loc[("edit", "test"), "share"] == pytest.approx(2 / 3)
    assert graph.loc[("edit", "test"), "median_s"] == 8
    assert math.isnan(graph.loc[("start", "read"), "median_s"])


def test_pairs_never_cross_sessions_and_every_call_leaves_once():
    graph = directly_follows(activities(steps({"s1": "rr", "s2": "tt"})))
    assert ("read", "test") not in set(zip(graph["source"], graph["target"], strict=True))
    assert graph["count"].sum() == 4 + 2


def test_what_has_no_times_has_no_waits():
    found = activities(steps(TWO, timed=False))
    assert directly_follows(found)["median_s"].isna().all()
    assert bottlenecks(found).empty


def test_entropy_is_zero_where_it_is_sure_what_follows_and_one_bit_for_a_coin():
    open_ = entropy(directly_follows(activities(steps({"s1": "re", "s2": "rt"})))).set_index("activity")["bits"]
    assert (open_["start"], open_["read"]) == (0, 1)


def test_equal_ways_are_one_variant():
    found = variants(activities(steps({**TWO, "s3": "s"})))
    assert found[["variant", "sessions"]].to_numpy().tolist() == [["read > edit > test", 2], ["search", 1]]
    assert found["session_ids"].tolist() == [["s1", "s2"], ["s3"]]
    assert len(variants(activities(steps(TWO)), collapse=False)) == 2
    assert variant_entropy(found.head(1).assign(share=1.0)) == 0


def test_time_goes_where_it_was_spent():
    found = bottlenecks(activities(steps({"s1": "ret"}))).set_index("where")
    assert found.loc["read -> edit", "total_s"] == 8
    assert found.loc["edit", "total_s"] == 2
    assert found["share"].sum() == pytest.approx(1)


def test_a_session_leaves_the_way_of_good_ones_where_it_stops_without_a_check():
    good = activities(steps({f"g{n}": "retx" for n in range(5)}), by="phase")
    way = good_ways(good)
    found = conformance(activities(steps({"a": "retx", "b": "rex", "c": "etx"}), by="phase"), way).set_index(
        "session_id"
    )
    assert found["fitness"].tolist() == [1, 0.75, 0.75]
    assert found["first_deviation"].tolist()[1:] == ["edit -> finish", "start -> edit"]
    assert found.loc["b", ["first_step", "event_id"]].tolist() == [3, "b-3"]
    assert found.loc["a", "surprise"] < found.loc["b", "surprise"]
    assert first_deviations(found.reset_index())["sessions"].tolist() == [1, 1]


def test_the_end_of_a_session_can_be_the_deviation():
    way = good_ways(activities(steps({"g": "ret"}), by="phase"))
    found = conformance(activities(steps({"a": "re"}), by="phase"), way)
    assert found.loc[0, "first_deviation"] == "edit -> end"


def test_a_way_needs_a_good_session():
    with pytest.raises(FrameError, match="no good session"):
        good_ways(activities(steps({}), by="phase"))


def test_an_unknown_kind_of_activity_is_refused():
    with pytest.raises(FrameError, match="'colour'"):
        activities(steps(TWO), by="colour")


def test_long_ways_that_begin_alike_are_drawn_apart():
    ways = variants(activities(steps({f"s{n}": "re" * 9 + end for n, end in enumerate("tsf")})))
    (bars,) = common_variants(ways).data
    assert (list(bars.x), list(bars.y)) == ([1, 2], [0, 1])


def test_figures_show_the_counts():
    found = activities(steps(TWO))
    graph = follows_graph(directly_follows(found))
    nodes = next(trace for trace in graph.data if trace.name == "activity")
    assert dict(zip(nodes.text, nodes.customdata, strict=True)) == {
        "start": 0,
        "end": 2,
        "edit": 3,
        "read": 2,
        "test": 2,
    }
    assert list(common_variants(variants(found)).data[0].x) == [2]
    assert {trace.name for trace in time_spent(bottlenecks(found)).data} == {"during", "between"}
    assert len(follows_graph(directly_follows(activities(steps({})))).data) == 0
