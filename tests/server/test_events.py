"""POST /v1/events: what is answered 200 is stored, each item once; what is refused is told by its index."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import zstandard

from agentobs.events import event_id, parse_timestamp
from agentobs.ingest.spool import Limits
from agentobs.server import intake
from agentobs.server.service import Patience
from tests.server.accepting import Accepting, accepting, drain, rows

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Accepting]:
    with accepting(tmp_path / "spool") as running:
        yield running


def event(number: int = 0, **fields: Any) -> dict[str, Any]:
    known = {
        "timestamp": f"2026-03-09T14:00:{number % 60:02}Z",
        "type": "command_execute",
        "agentId": "mine",
        "sessionId": "s1",
    }
    return {**known, **fields}


def ndjson(*events: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(one).encode() for one in events)


@pytest.mark.parametrize("shape", ["array", "indented array", "ndjson", "ndjson with blank lines", "crlf"])
def test_every_shape_of_a_body_gives_its_events(shape: str, server: Accepting, embedded_url: str) -> None:
    events = [event(number, id=f"e{number}") for number in range(3)]
    bodies = {
        "array": json.dumps(events).encode(),
        "indented array": json.dumps(events, indent=2).encode(),
        "ndjson": ndjson(*events),
        "ndjson with blank lines": b"\n" + ndjson(*events).replace(b"\n", b"\n\n") + b"\n\n",
        "crlf": ndjson(*events).replace(b"\n", b"\r\n") + b"\r\n",
    }
    answer = server.post(bodies[shape])
    assert (answer.status_code, answer.json()) == (200, {"accepted": 3, "rejected": 0, "errors": []})
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT count(*) FROM agent_events") == [(3,)]
    assert rows(embedded_url, "SELECT count(*) FROM quarantine") == [(0,)]


@pytest.mark.parametrize("indent", [None, 2])
def test_one_object_is_one_event(indent: int | None, server: Accepting) -> None:
    assert server.post(json.dumps(event(), indent=indent)).json()["accepted"] == 1


def test_compressed_bodies_are_taken(server: Accepting) -> None:
    body = ndjson(event(id="a"))
    two = zstandard.compress(body + b"\n") + zstandard.compress(ndjson(event(id="b")))
    assert server.post(gzip.compress(body), content_encoding="gzip").json()["accepted"] == 1
    assert server.post(zstandard.compress(body), content_encoding="zstd").json()["accepted"] == 1
    assert server.post(two, content_encoding="zstd").json()["accepted"] == 2
    assert server.post(gzip.compress(body + b"\n") * 2, content_encoding="gzip").json()["accepted"] == 2


@pytest.mark.parametrize(
    ("body", "encoding", "status", "words"),
    [
        (b"nonsense", "gzip", 400, "no valid gzip"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-9], "gzip", 400, "ends too early"),
        (b"nonsense", "zstd", 400, "no valid zstd"),
        (b"x", "br", 415, "send gzip, zstd or none"),
    ],
)
def test_what_cannot_be_decompressed_is_refused(
    body: bytes, encoding: str, status: int, words: str, server: Accepting
) -> None:
    answer = server.post(body, content_encoding=encoding)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def _bomb(encoding: str, size: int) -> bytes:
    if encoding == "gzip":
        import zlib

        squeezer = zlib.compressobj(9, wbits=31)
        return b"".join(squeezer.compress(b"\0" * (1 << 20)) for _ in range(size >> 20)) + squeezer.flush()
    writer = zstandard.ZstdCompressor().compressobj()
    return b"".join(writer.compress(b"\0" * (1 << 20)) for _ in range(size >> 20)) + writer.flush()


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_ends_at_the_cap(encoding: str, server: Accepting) -> None:
    """R15: a gigabyte of zeros."""
    answer = server.post(_bomb(encoding, 1 << 30), content_encoding=encoding)
    assert answer.status_code == 413
    assert server.post(ndjson(event())).status_code == 200


def test_a_body_above_the_cap_is_refused_before_it_is_read(server: Accepting) -> None:
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_comes_too_slowly_is_refused(tmp_path: Path) -> None:
    """R15."""
    with accepting(tmp_path / "spool", patience=Patience(step_s=0.1)) as server:
        with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as connection:
            connection.sendall(b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{")
            assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
        assert server.post(ndjson(event())).status_code == 200


def test_a_body_that_drips_is_refused_at_the_end_of_all_patience(tmp_path: Path) -> None:
    """R15: each piece comes in time, the whole does not."""
    with (
        accepting(tmp_path / "spool", patience=Patience(step_s=5, body_s=0.3)) as server,
        socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as connection,
    ):
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{")
        connection.settimeout(0.05)
        answer = b""
        for _ in range(200):
            connection.sendall(b" ")
            try:
                answer = connection.recv(1000)
                break
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_refused_items_are_told_by_index_and_the_others_are_stored(server: Accepting, embedded_url: str) -> None:
    bad = [
        (1, event(timestamp="yesterday"), "timestamp 'yesterday' is no time"),
        (3, {"type": "command_execute"}, "timestamp"),
        (4, event(severity="loud"), "severity 'loud' is none of"),
        (6, event(metrics={"exitCode": "1"}), "exitCode"),
        (7, event(data=[1]), "data must be an object"),
    ]
    events = [event(number, id=f"e{number}") for number in range(9)]
    for index, wrong, _ in bad:
        events[index] = wrong
    answer = server.post(ndjson(*events)).json()
    assert (answer["accepted"], answer["rejected"]) == (4, 5)
    assert [error["index"] for error in answer["errors"]] == [index for index, _, _ in bad]
    for error, (_, _, words) in zip(answer["errors"], bad, strict=True):
        assert words in error["reason"]
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT count(*) FROM agent_events") == [(4,)]
    assert rows(embedded_url, "SELECT count(*) FROM quarantine") == [(0,)]


def test_a_body_of_which_nothing_is_accepted_is_422(server: Accepting) -> None:
    answer = server.post(b'{"a": 1}\nnonsense')
    assert answer.status_code == 422
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (0, 2)


def test_an_empty_body_is_nothing(server: Accepting) -> None:
    assert server.post(b"").json() == {"accepted": 0, "rejected": 0, "errors": []}
    assert server.post(b"[]").json() == {"accepted": 0, "rejected": 0, "errors": []}


def test_a_broken_array_is_refused_as_a_whole(server: Accepting) -> None:
    answer = server.post(json.dumps([event()])[:-1])
    assert answer.status_code == 400
    assert "begins like a JSON array" in answer.json()["error"]


@pytest.mark.parametrize("query", ["?adapter=claude_code", ""])
def test_lines_of_a_known_agent_are_taken_as_they_are(query: str, server: Accepting, embedded_url: str) -> None:
    from agentobs.adapters import claude_code
    from agentobs.ingest.worker import Worker

    file = FIXTURES / "claude_code" / "streamed.jsonl"
    assert server.post(file.read_bytes(), query).status_code == 200
    drain(embedded_url, server.folder)
    stored = rows(embedded_url, "SELECT count(*) FROM agent_events")[0][0]
    with Worker(embedded_url, None) as worker:
        outcome = worker.ingest(file, claude_code.ADAPTER)
    assert (outcome.copies, outcome.stored, outcome.conflicts) == (stored, 0, 0), "one session, by either way"


@pytest.mark.parametrize("query", ["?adapter=opencode", ""])
def test_a_document_of_a_known_agent_is_taken_as_it_is(query: str, server: Accepting, embedded_url: str) -> None:
    from agentobs.adapters import opencode
    from agentobs.ingest.worker import Worker

    file = FIXTURES / "opencode" / "session.json"
    answer = server.post(file.read_bytes(), query)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    drain(embedded_url, server.folder)
    counts = "SELECT events, records - event_records - skipped - rejected FROM sources WHERE adapter = 'spool'"
    ((events, unaccounted),) = rows(embedded_url, counts)
    with Worker(embedded_url, None) as worker:
        outcome = worker.ingest(file, opencode.ADAPTER)
    assert (outcome.copies, outcome.stored, outcome.conflicts) == (events, 0, 0)
    assert unaccounted == 0


@pytest.mark.parametrize("adapter", ["cursor", "opencode_database", "opencode_storage"])
def test_what_is_no_stream_of_bytes_is_not_taken_by_name(adapter: str, server: Accepting) -> None:
    answer = server.post(b"{}", f"?adapter={adapter}")
    assert (answer.status_code, "agentobs ingest" in answer.json()["error"]) == (400, True)


def test_the_line_break_at_the_end_is_no_item(server: Accepting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_ITEMS", 2)
    assert server.post(ndjson(event(1), event(2)).rstrip(b"\n") + b"\n").status_code == 200
    assert server.post(ndjson(event(1), event(2), event(3))).status_code == 413


def test_an_adapter_that_is_not_known_is_refused(server: Accepting) -> None:
    answer = server.post(b"{}", "?adapter=nobody")
    assert answer.status_code == 400
    assert "claude_code" in answer.json()["error"]


def test_the_same_request_again_adds_nothing(server: Accepting, embedded_url: str) -> None:
    body = ndjson(*(event(0) for _ in range(5)), event(1, id="named"))
    for _ in range(3):
        assert server.post(body).json()["accepted"] == 6
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT count(*) FROM agent_events") == [(6,)], "equal events of one body are five"


def test_an_idempotency_key_is_the_identity_of_a_request(server: Accepting, embedded_url: str) -> None:
    body = ndjson(event(0), event(0))
    server.post(body, idempotency_key="one")
    server.post(gzip.compress(body), idempotency_key="one", content_encoding="gzip")
    server.post(body, idempotency_key="two")
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT count(*) FROM agent_events") == [(4,)]
    assert server.post(body, idempotency_key="x" * 201).status_code == 400


def test_an_index_counts_what_was_refused_and_empty(server: Accepting, embedded_url: str) -> None:
    """The same body sent by an older server that refuses an item less would give the others the same ids."""
    events = [event(0), event(0, timestamp="never"), event(0)]
    body = ndjson(events[0]) + b"\n\n" + ndjson(*events[1:])
    server.post(body, idempotency_key="k")
    server.post(ndjson(event(9, id="x"), event(9, id="y"), event(9, id="z"), events[2]), idempotency_key="k")
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT count(*) FROM agent_events") == [(5,)]


def test_ids_stay_as_they_were_sent(server: Accepting, embedded_url: str) -> None:
    """An event of ours that comes back over the wire is the same event."""
    moment = parse_timestamp("2026-03-09T14:00:00Z")
    assert moment is not None
    own = UUID(bytes=event_id(moment.ts, "mine", "x"))
    server.post(ndjson(event(0, id=str(own)), event(0, id="foreign")))
    drain(embedded_url, server.folder)
    assert (own,) in rows(embedded_url, "SELECT id FROM agent_events")


def test_a_project_that_an_event_names_is_its_project(server: Accepting, embedded_url: str) -> None:
    server.post(ndjson(event(0, id="a", projectId="shop"), event(1, id="b")))
    drain(embedded_url, server.folder)
    query = "SELECT c.project FROM agent_events e JOIN contexts c USING (context_id) ORDER BY e.ts"
    assert rows(embedded_url, query) == [("shop",), (None,)]


def test_a_secret_is_nowhere_in_the_spool(server: Accepting) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 3 + "F6g7h8"
    server.post(ndjson(event(0, data={"token": secret}), event(1, timestamp=secret)))
    kept = b"".join(path.read_bytes() for path in server.folder.iterdir())
    assert secret.encode() not in kept
    assert "«redacted:".encode() in kept
    assert server.service.counts["redactions"] == 2


def test_a_large_body_is_put_into_several_frames_and_stored_once(server: Accepting, embedded_url: str) -> None:
    body = ndjson(*(event(number, id=f"e{number}", data={"text": "x" * 3000}) for number in range(2000)))
    assert len(body) > 3 * (1 << 20)
    assert server.post(body).json()["accepted"] == 2000
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT count(*), count(DISTINCT id) FROM agent_events") == [(2000, 2000)]


def test_a_full_spool_says_when_to_come_again_and_the_server_is_not_ready(tmp_path: Path) -> None:
    with accepting(tmp_path / "spool", Limits(cap_bytes=20_000)) as server:
        statuses = []
        for number in range(100):
            answer = server.post(ndjson(event(number, data={"text": "x" * 1000})))
            statuses.append(answer.status_code)
            if answer.status_code == 503:
                break
        assert statuses == [200] * (len(statuses) - 1) + [503]
        assert int(answer.headers["retry-after"]) > 0
        assert "spool holds" in answer.json()["error"]
        assert server.client.get("/healthz").status_code == 200


def test_bodies_in_hand_are_bounded(tmp_path: Path) -> None:
    """R20: memory is bounded; what is too much at once is sent again."""
    with accepting(tmp_path / "spool", patience=Patience(in_hand_bytes=1000)) as server:
        answer = server.post(ndjson(event(0, data={"text": "x" * 3000})))
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert server.post(ndjson(event(0))).status_code == 200
        assert server.service._in_hand == 0


def test_readiness_tells_how_far_the_drain_is_behind(tmp_path: Path) -> None:
    from agentobs.ingest.drain import Reached

    reached = Reached(10, 25, "no connection")
    with accepting(tmp_path / "spool", drained=lambda: reached) as server:
        told = server.client.get("/readyz").json()
    assert told["status"] == "ready", "the database's absence is no reason to refuse"
    assert (told["drain_behind_bytes"], told["drain_waits_for"]) == (15, "no connection")


def test_what_is_not_there_is_404_and_what_may_not_be_done_405(server: Accepting) -> None:
    assert server.client.get("/nothing").status_code == 404
    assert server.client.get("/v1/events").status_code == 405


def test_a_client_that_goes_away_in_the_middle_of_its_body_leaves_nothing(server: Accepting) -> None:
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as connection:
        connection.sendall(
            b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n" + ndjson(event())
        )
    deadline = time.monotonic() + 10
    while server.service.counts["RequestRefused"] == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.service._in_hand == 0
    assert server.service.spool.usage().appended == 0
