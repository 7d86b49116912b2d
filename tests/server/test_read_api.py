"""The API for those who read: what frames say, as JSON; pages that inserts do not shift; a document of it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agentobs.frames import FRAMES
from agentobs.ingest.indexing import index
from agentobs.server.access import Principal, Scope
from agentobs.server.openapi import document
from agentobs.server.read_api_query import cursor_of
from agentobs.server.routes import ROUTES
from tests.server.following import Following, following


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Following]:
    with following(database_url, tmp_path / "spool") as running:
        yield running


@pytest.fixture
def embedded(embedded_url: str, tmp_path: Path) -> Iterator[Following]:
    with following(embedded_url, tmp_path / "spool") as running:
        yield running


def event(name: str, session: str = "s1", minute: int = 0, **fields: Any) -> dict[str, Any]:
    known = {"id": name, "timestamp": f"2026-03-09T14:{minute:02}:00Z", "type": "command_execute", "agentId": "mine",
             "sessionId": session, "context": {"summary": name}}  # fmt: skip
    return {**known, **fields}


def pages(server: Following, path: str, what: str, limit: int, **query: Any) -> list[Any]:
    """All rows, page by page."""
    rows, cursor = [], None
    for _ in range(100):
        told = server.get(path, limit=limit, **query, **({} if cursor is None else {"cursor": cursor}))
        assert len(told[what]) <= limit
        rows += told[what]
        cursor = told["next"]
        if cursor is None:
            return rows
    raise AssertionError("the pages never end")


def test_sessions_are_the_rows_of_the_frame_the_newest_first(server: Following) -> None:
    server.store(event("a", "s1", 1), event("b", "s2", 5, projectId="/srv/shop"), event("c", "s1", 3))
    told = server.get("/v1/sessions")
    assert [row["session_id"] for row in told["sessions"]] == ["s2", "s1"]
    assert told["next"] is None
    second = told["sessions"][1]
    assert list(second) == FRAMES["sessions"].names
    assert (second["started_at"], second["duration_s"], second["events"]) == ("2026-03-09T14:01:00Z", 120.0, 2)
    assert (second["cost_usd"], second["input_tokens"], second["models"]) == (None, None, []), "null: nobody said"
    assert server.get("/v1/sessions/s1") == second


@pytest.mark.parametrize(
    ("query", "sessions"),
    [
        ({"project": "/srv/shop"}, ["s2"]),
        ({"agent": ["mine", "other"]}, ["s3", "s2", "s1"]),
        ({"agent": "other"}, ["s3"]),
        ({"type": "test_run"}, ["s1"]),
        ({"since": "2026-03-09T14:02:00Z"}, ["s3", "s2"]),
        ({"since": "2026-03-09T15:02:00+01:00", "until": "2026-03-09T14:07:00"}, ["s2"]),
        ({"until": "2026-03-09"}, []),
        ({"agent": "no\0body"}, []),
        ({"tool": "Bash"}, []),
        ({"model": "m"}, []),
    ],
)
def test_filters(query: dict[str, Any], sessions: list[str], embedded: Following) -> None:
    embedded.store(
        event("a", "s1", 1, type="test_run"),
        event("b", "s2", 5, projectId="/srv/shop"),
        event("c", "s3", 9, agentId="other"),
    )
    assert [row["session_id"] for row in embedded.get("/v1/sessions", **query)["sessions"]] == sessions


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_hold_every_session_once(limit: int, embedded: Following) -> None:
    embedded.store(*(event(f"e{number}", f"s{number}", number // 2) for number in range(7)))
    names = [row["session_id"] for row in pages(embedded, "/v1/sessions", "sessions", limit)]
    assert names == ["s6", "s5", "s4", "s3", "s2", "s1", "s0"]


def test_pages_of_sessions_are_not_shifted_by_what_comes_meanwhile(embedded: Following) -> None:
    embedded.store(*(event(f"e{number}", f"s{number}", number) for number in range(1, 7)))
    first = embedded.get("/v1/sessions", limit=3)
    embedded.store(event("new", "s9", 30), event("late", "s4", 31), event("old", "s0", 0))
    second = embedded.get("/v1/sessions", limit=3, cursor=first["next"])
    third = embedded.get("/v1/sessions", limit=3, cursor=second["next"])
    found = [[row["session_id"] for row in page["sessions"]] for page in (first, second, third)]
    assert found == [["s6", "s5", "s4"], ["s3", "s2", "s1"], ["s0"]]


def test_a_timeline_goes_on_where_its_page_ended_whatever_comes_meanwhile(server: Following) -> None:
    server.store(*(event(f"e{number}", minute=number) for number in (1, 3, 5, 7)), event("other", "s2"))
    first = server.get("/v1/sessions/s1/timeline", limit=2)
    server.store(event("e2", minute=2), event("e6", minute=6))
    rest = pages(server, "/v1/sessions/s1/timeline", "events", 2, type=["command_execute", "test_run"])
    second = server.get("/v1/sessions/s1/timeline", limit=2, cursor=first["next"])
    assert [one["context"]["summary"] for one in first["events"]] == ["e1", "e3"]
    assert [one["context"]["summary"] for one in second["events"]] == ["e5", "e6"]
    assert [one["context"]["summary"] for one in rest] == ["e1", "e2", "e3", "e5", "e6", "e7"]
    assert server.get("/v1/sessions/s1/timeline", type="test_run") == {"events": [], "next": None}


def test_events_of_one_instant_are_paged_in_their_order(embedded: Following) -> None:
    embedded.store(*(event(f"e{number}") for number in range(9)))
    names = [one["context"]["summary"] for one in pages(embedded, "/v1/sessions/s1/timeline", "events", 2)]
    assert names == [f"e{number}" for number in range(9)]


@pytest.mark.parametrize("session", ["a/b", "über uns", "%2F", "x?y&z", "a.b:c"])
def test_a_session_may_have_any_name(session: str, embedded: Following) -> None:
    from urllib.parse import quote

    embedded.store(event("e", session))
    name = quote(session, safe="")
    assert embedded.get(f"/v1/sessions/{name}")["session_id"] == session
    assert len(embedded.get(f"/v1/sessions/{name}/timeline")["events"]) == 1


@pytest.mark.parametrize("path", ["/v1/sessions/nobody", "/v1/sessions/nobody/timeline", "/v1/sessions/no%00body"])
def test_a_session_that_is_not_there_is_404(path: str, embedded: Following) -> None:
    answer = embedded.client.get(path)
    assert answer.status_code == 404
    assert "no session" in answer.json()["error"]


def call(name: str, minute: int, model: str, tokens: int) -> dict[str, Any]:
    metrics = {"usage": {"inputTokens": tokens, "outputTokens": 1}, "usageKey": f"key-of-the-response-{name}"}
    return event(name, minute=minute, type="llm_response", context={"model": model}, metrics=metrics)


def test_usage_is_grouped_and_paged(server: Following) -> None:
    server.store(call("a", 1, "m1", 10), call("b", 2, "m2", 20), call("c", 3, "m2", 30), event("d"))
    rows = server.get("/v1/usage", by="model")["usage"]
    assert [(row["model"], row["model_calls"], row["input_tokens"]) for row in rows] == [("m1", 1, 10), ("m2", 2, 50)]
    assert [row["unpriced_calls"] for row in rows] == [1, 2]
    assert [row["cost_usd"] for row in rows] == [None, None], "an unknown price is not zero"
    by_day = pages(server, "/v1/usage", "usage", 1, by=["day", "model"], tz="Asia/Tokyo")
    assert [(row["day"], row["model"]) for row in by_day] == [("2026-03-09", "m1"), ("2026-03-09", "m2")]
    assert server.get("/v1/usage", session="nobody")["usage"] == []


def dangerous(session: str, number: int) -> list[dict[str, Any]]:
    """A command that nobody should run, and its result."""
    context = {"toolName": "Bash", "toolCallId": f"a-long-id-of-a-call-{session}-{number}"}
    name = f"{session}-{number}"
    return [
        event(name, session, number, context=context, data={"command": "rm -rf ~/"}),
        event(
            f"{name}r", session, number, type="tool_result", context={**context, "status": "ok"}, data={"output": "x"}
        ),
    ]


def test_findings_are_those_of_the_analysis(embedded: Following, tmp_path: Path) -> None:
    from agentobs.settings import Settings
    from agentobs.workbench import analyzing, open_workbench

    for session in ("s1", "s2", "s3"):
        embedded.store(*(part for n in range(4) for part in dangerous(session, n)))
    settings = Settings(home=tmp_path / "home")
    analyzing.analyze(embedded.database, settings, processes=1)
    with open_workbench(embedded.database, settings) as bench:
        kept = bench.findings()
    assert len(kept) >= 3
    rows = pages(embedded, "/v1/findings", "findings", 2)
    kept = kept.sort_values(["session_id", "started_at", "finding_id"])
    assert [row["finding_id"] for row in rows] == kept["finding_id"].tolist()
    assert list(rows[0]) == FRAMES["findings"].names
    detector = rows[0]["detector"]
    chosen = embedded.get("/v1/findings", session="s2", detector=detector)["findings"]
    assert {(row["session_id"], row["detector"]) for row in chosen} == {("s2", detector)}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/sessions?limit=0", "limit"),
        ("/v1/sessions?limit=1001", "limit"),
        ("/v1/sessions?limit=x", "limit"),
        ("/v1/sessions?limit=1&limit=2", "is given 2 times"),
        ("/v1/sessions?since=soon", "is no time"),
        ("/v1/sessions?agents=a", "no parameter 'agents'"),
        ("/v1/sessions/s1?limit=1", "no parameter 'limit'"),
        ("/v1/usage?by=colour", "colour"),
        ("/v1/usage?tz=Mars", "timezone 'Mars' is unknown"),
        ("/v1/findings?model=m", "no parameter 'model'"),
        ("/v1/openapi.json?x=1", "no parameter 'x'"),
    ],
)
def test_what_cannot_be_asked_is_400_and_says_why(path: str, words: str, embedded: Following) -> None:
    answer = embedded.client.get(path)
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/sessions?cursor=abc",
        "/v1/sessions?cursor=WyJhIl0",
        "/v1/sessions?cursor=%C3%BC",
        "/v1/sessions?cursor=W251bGwsICIwIgo",
        "/v1/usage?cursor=WyJhIiwiYiJd",
    ],
)
def test_a_cursor_of_another_list_is_404(path: str, embedded: Following) -> None:
    answer = embedded.client.get(path)
    assert answer.status_code == 404
    assert "begin without one" in answer.json()["error"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "2016-12-31T23:59:60Z"])
def test_every_time_can_be_asked_for(moment: str, embedded: Following) -> None:
    assert embedded.get("/v1/sessions", since=moment)["sessions"] == []


def test_a_key_reads_its_project_only(embedded_url: str, tmp_path: Path) -> None:
    async def shop_only(request: Any, route: Any) -> Principal:
        return Principal(project="/srv/shop", scopes=frozenset({Scope.READ}))

    with following(embedded_url, tmp_path / "spool") as owner:
        owner.store(event("a", "mine", projectId="/srv/bank"), event("b", "theirs", 1, projectId="/srv/shop"))
        owner.store(call("c", 2, "m", 5))
    with following(embedded_url, tmp_path / "other", access=shop_only) as server:
        assert [row["session_id"] for row in server.get("/v1/sessions")["sessions"]] == ["theirs"]
        assert server.client.get("/v1/sessions/mine").status_code == 404
        assert server.client.get("/v1/sessions/mine/timeline").status_code == 404
        assert server.get("/v1/sessions", session=["mine", "c"])["sessions"] == []
        assert server.get("/v1/usage")["usage"] == []
        assert server.get("/v1/findings")["findings"] == []
        for path in ("/v1/sessions", "/v1/usage", "/v1/findings", "/v1/stream"):
            assert server.client.get(path, params={"project": "/srv/bank"}).status_code == 403
        assert server.get("/v1/sessions", project="/srv/shop")["sessions"]


def test_a_server_without_a_database_accepts_and_says_that_it_cannot_read(tmp_path: Path) -> None:
    with following("postgresql://nobody@127.0.0.1:9/nothing", tmp_path / "spool") as server:
        assert server.post(json.dumps(event("a"))).status_code == 200
        for path in ("/v1/sessions", "/v1/usage", "/v1/sessions/x"):
            answer = server.client.get(path)
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
        assert "agentobs_database_up 0" in server.client.get("/metrics").text


def test_metrics_are_in_the_format_of_prometheus_and_count(embedded: Following) -> None:
    embedded.store(event("a"), event("b", data={"key": "AKIA" + "IOSFODNN7EXAMPLQ"}))
    embedded.post(json.dumps(event("c", timestamp="never")))
    embedded.post(b"x", "?adapter=nobody")
    text = embedded.client.get("/metrics").text
    families = list(text_string_to_metric_families(text))
    kinds = {family.name: family.type for family in families}
    assert len(kinds) == len(families), "a family stands once"
    assert "unknown" not in kinds.values()
    assert all(family.documentation for family in families)
    found = {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}
    assert text.endswith("\n")
    assert kinds["agentobs_accepted"] == "counter"
    assert (found["agentobs_accepted_total",], found["agentobs_rejected_total",]) == (2, 1)
    assert (found["agentobs_stored_total",], found["agentobs_batches_total",]) == (2, 1)
    assert found["agentobs_refusals_total", "RequestRefused"] == 1
    assert found["agentobs_database_up",] == 1
    assert found["agentobs_spool_bytes",] > 0
    assert kinds["agentobs_request_seconds"] == "histogram"
    below = [value for (name, *_), value in found.items() if name == "agentobs_request_seconds_bucket"]
    assert below == sorted(below)
    assert (below[-1], found["agentobs_request_seconds_count",]) == (2, 2), "a refusal is none"
    assert found["agentobs_request_seconds_sum",] > 0


def test_the_document_describes_every_route(embedded: Following) -> None:
    told = embedded.get("/v1/openapi.json")
    assert told == json.loads(json.dumps(document(ROUTES)))
    described = {(path, method) for path, methods in told["paths"].items() for method in methods}
    served = {(re.sub(r":\w+\}", "}", route.path), method.lower()) for route in ROUTES for method in route.methods}
    assert described == served
    for reference in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(told)):
        assert reference in told["components"]["schemas"]


def test_answers_are_as_the_document_says(embedded: Following) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    embedded.store(event("a", "s1", 1), call("b", 2, "m1", 10))
    told = embedded.get("/v1/openapi.json")
    for path in (
        "/v1/sessions",
        "/v1/sessions/{session}",
        "/v1/sessions/{session}/timeline",
        "/v1/usage",
        "/v1/findings",
    ):
        answer = embedded.get(path.replace("{session}", "s1"))
        schema = told["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer, {**schema, "components": told["components"]})


def test_a_search_gives_hits_page_by_page_and_says_what_waits(server: Following) -> None:
    server.store(event("a", minute=1, context={"summary": "ls cart"}), event("b", minute=2))
    assert server.get("/v1/search", q="cart") == {"hits": [], "next": None, "unindexed_events": 2}
    index(server.database)
    told = server.get("/v1/search", q="cart or b")
    assert [row["snippet"] for row in told["hits"]] == ["«b»", "ls «cart»"]
    assert list(told["hits"][0]) == FRAMES["hits"].names
    server.store(*(event(f"e{n}", minute=n % 7, context={"summary": "rm basket"}) for n in range(9)))
    index(server.database)
    rows = pages(server, "/v1/search", "hits", 2, q="basket")
    assert len({row["event_id"] for row in rows}) == len(rows) == 9
    assert server.get("/v1/search", q="cart", errors=True)["hits"] == []
    for query in ({"q": "-cart"}, {}, {"q": "cart", "since": "yesterday"}, {"q": "cart", "model": "x"}):
        assert server.client.get("/v1/search", params=query).status_code == 400, query
    for cursor in ("x", cursor_of(("soon", "s1")), cursor_of(("soon", "0" * 32))):
        assert server.client.get("/v1/search", params={"q": "cart", "cursor": cursor}).status_code == 404


def test_a_search_never_shows_another_project(embedded_url: str, tmp_path: Path) -> None:
    async def shop_only(request: Any, route: Any) -> Principal:
        return Principal(project="shop", scopes=frozenset({Scope.READ}))

    with following(embedded_url, tmp_path / "spool") as owner:
        owner.store(event("a", projectId="shop"), event("b", "s2", projectId="bank", context={"summary": "a"}))
        index(owner.database)
        assert len(owner.get("/v1/search", q="a")["hits"]) == 2
    with following(embedded_url, tmp_path / "other", access=shop_only) as server:
        assert [row["project"] for row in server.get("/v1/search", q="a")["hits"]] == ["shop"]
        assert server.client.get("/v1/search", params={"q": "a", "project": "bank"}).status_code == 403
