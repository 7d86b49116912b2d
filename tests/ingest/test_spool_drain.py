"""The spool and its drain together: what was appended is stored once, by its own adapter, under its own project."""

import json
import os
from pathlib import Path

import psycopg
import pytest

from agentobs.ingest import _spool_reader
from agentobs.ingest._segments import Header, payload_of, segments_in
from agentobs.ingest.backfill import Job
from agentobs.ingest.drain import Drainer
from agentobs.ingest.spool import Limits, Spool
from agentobs.redaction import RULES_VERSION
from tests.faults import simple
from tests.faults.oracle import Oracle

KEY = b"k" * 32


def _payload(lines: list[bytes], **header: object) -> bytes:
    return payload_of(Header(adapter="simple", rules=RULES_VERSION, **header), b"\n".join(lines))  # pyright: ignore[reportArgumentType]


def _drain(url: str, folder: Path) -> Drainer:
    with Drainer(Job(url=url, redaction_key=KEY), folder, known={"simple": simple.ADAPTER}) as drainer:
        drainer.drain()
    return drainer


def _rows(url: str, query: str) -> list[tuple]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def test_everything_appended_is_stored_once(database_url: str, tmp_path: Path) -> None:
    oracle, folder = Oracle(), tmp_path / "spool"
    spool = Spool(folder, Limits(segment_bytes=20_000))
    for number in range(100):
        lines = [simple.line(f"e{number}-{i}", n=i) for i in range(10)]
        for line in lines:
            oracle.issue(line)
        spool.append([_payload(lines, identity=str(number))]).result(10)
        if number == 50:
            _drain(database_url, folder)
    oracle.accept(*oracle.issued)
    assert len(segments_in(folder)) > 2
    _drain(database_url, folder)
    _drain(database_url, folder)
    assert len(segments_in(folder)) == 1, "what is stored is removed, the last segment stays"
    spool.close()
    oracle.check(database_url, tmp_path)


def _spooled(folder: Path, *payloads: bytes, limits: Limits = Limits()) -> None:  # noqa: B008
    spool = Spool(folder, limits)
    for payload in payloads:
        spool.append([payload]).result(10)
    spool.close()


def test_a_large_frame_is_stored_in_several_commits_and_read_on_from_its_middle(
    embedded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentobs.ingest import reading

    monkeypatch.setattr(reading, "MOST_EVENTS", 7)
    oracle, folder = Oracle(), tmp_path / "spool"
    lines = [simple.line(f"e{i}", n=i) for i in range(50)]
    for line in lines:
        oracle.issue(line)
    _spooled(folder, _payload(lines[:40], identity="a"), _payload(lines[40:], identity="b"))
    for _ in range(4):  # each stops after its first piece, as a killed one does
        with Drainer(Job(url=embedded_url, redaction_key=KEY), folder, known={"simple": simple.ADAPTER}) as drainer:
            drainer.stop = True
            drainer._drain()
    assert _rows(embedded_url, "SELECT count(*) FROM agent_events") == [(28,)]
    _drain(embedded_url, folder)
    oracle.accept(*oracle.issued)
    oracle.check(embedded_url, tmp_path)
    assert _rows(embedded_url, "SELECT seq FROM agent_events WHERE session_id = 's' ORDER BY seq") == [
        (seq,) for seq in range(50)
    ]


def test_a_batch_opens_no_more_chunks_than_it_may_though_frames_span_years(embedded_url: str, tmp_path: Path) -> None:
    days = [f"{year}-{month:02}-15T00:00:00Z" for year in range(2018, 2026) for month in range(1, 13)]
    lines = [simple.line(f"e{i}", ts=day) for i, day in enumerate(days)]
    _spooled(tmp_path / "spool", *(_payload(lines[i : i + 10], identity=str(i)) for i in range(0, len(lines), 10)))
    _drain(embedded_url, tmp_path / "spool")
    most = _rows(embedded_url, "SELECT max(n) FROM (SELECT count(DISTINCT ts) n FROM agent_events GROUP BY batch_id) x")
    assert most == [(31,)]
    assert _rows(embedded_url, "SELECT count(*) FROM agent_events") == [(96,)]


def test_the_same_lines_of_two_projects_are_two_events_and_of_one_project_one(
    embedded_url: str, tmp_path: Path
) -> None:
    line = simple.line("e1", use={"input_tokens": 3}, key="m1", call="toolu_0123456789012345", tool="Bash")
    sent = [_payload([line], identity=str(i), project=p) for i, p in enumerate(["a", "b", "a", None, None])]
    _spooled(tmp_path / "spool", *sent)
    _drain(embedded_url, tmp_path / "spool")
    file = tmp_path / "s.jsonl"
    file.write_bytes(line + b"\n")
    from agentobs.ingest.worker import Worker

    with Worker(embedded_url, None) as worker:
        assert worker.ingest(file, simple.ADAPTER).copies == 1, "what the owner sent is what the file says"
    rows = _rows(
        embedded_url,
        "SELECT c.project, e.usage_key, e.tool_call_id FROM agent_events e JOIN contexts c USING (context_id)",
    )
    assert sorted(rows, key=str) == [
        ("/srv/shop", "m1", "toolu_0123456789012345"),
        ("a", "a:m1", "a:toolu_0123456789012345"),
        ("b", "b:m1", "b:toolu_0123456789012345"),
    ]
    assert _rows(embedded_url, "SELECT count(*), sum(input_tokens)::int FROM model_calls") == [(3, 9)]


def test_damaged_bytes_go_to_the_quarantine_and_all_other_frames_are_stored(embedded_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    _spooled(folder, *(_payload([simple.line(f"e{i}")], identity=str(i)) for i in range(5)))
    path = segments_in(folder)[0].path
    data = bytearray(path.read_bytes())
    data[data.index(b'"e2"')] ^= 1
    path.write_bytes(bytes(data))
    _spooled(folder, _payload([simple.line("e5")], identity="5"))
    _drain(embedded_url, folder)
    names = [json.loads(raw_)["id"] for raw_ in _raws(embedded_url)]
    assert sorted(names) == ["e0", "e1", "e3", "e4", "e5"]
    reasons = _rows(embedded_url, "SELECT reason FROM quarantine ORDER BY source_offset, reason")
    size = len(data) // 5
    assert reasons == [(f"{size} bytes of the spool are no frame",), ("the frames 2 to 2 of the spool are missing",)]
    counts = "SELECT records, event_records, skipped, rejected FROM sources WHERE adapter = 'spool'"
    assert _rows(embedded_url, counts) == [(7, 5, 0, 2)]


def test_a_segment_that_was_removed_by_hand_is_told(embedded_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    spool = Spool(folder, Limits(segment_bytes=1))
    spool.append([_payload([simple.line("e0")], identity="0")]).result(10)
    _drain(embedded_url, folder)
    for name in ("e1", "e2", "e3"):
        spool.append([_payload([simple.line(name)], identity=name)]).result(10)
    spool.close()
    middle = next(segment for segment in segments_in(folder) if segment.first == 1 and segment.path.stat().st_size)
    middle.path.unlink()
    _drain(embedded_url, folder)
    assert _rows(embedded_url, "SELECT reason FROM quarantine") == [("the frames 1 to 1 of the spool are missing",)]
    assert len(_raws(embedded_url)) == 3


def test_a_second_drain_is_fenced_and_nothing_is_stored_twice(embedded_url: str, tmp_path: Path) -> None:
    oracle, folder = Oracle(), tmp_path / "spool"
    job, known = Job(url=embedded_url, redaction_key=KEY), {"simple": simple.ADAPTER}
    spool = Spool(folder, Limits(segment_bytes=4000))
    number = 0
    with Drainer(job, folder, known=known) as one, Drainer(job, folder, known=known) as other:
        for round_ in range(10):
            for _ in range(20):
                line = simple.line(f"e{number}")
                oracle.issue(line)
                spool.append([_payload([line], identity=str(number))]).result(10)
                number += 1
            first, second = (one, other) if round_ % 2 else (other, one)
            _until_done(first)
            _until_done(second)
    spool.close()
    oracle.accept(*oracle.issued)
    oracle.check(embedded_url, tmp_path)


def _until_done(drainer: Drainer) -> None:
    from agentobs.errors import FenceError

    for _ in range(3):
        try:
            drainer.drain()
        except FenceError:
            continue
        return
    raise AssertionError("fenced three times though nobody else drains")


def test_draining_all_again_adds_no_row(embedded_url: str, tmp_path: Path) -> None:
    """R16, for what still lies in the spool."""
    from agentobs.store import engine, sources

    folder = tmp_path / "spool"
    _spooled(folder, *(_payload([simple.line(f"e{i}"), b"nonsense"], identity=str(i)) for i in range(20)))
    _drain(embedded_url, folder)
    before = _rows(embedded_url, "SELECT count(*), (SELECT count(*) FROM quarantine) FROM agent_events")
    with engine.connect(embedded_url) as connection:
        assert sources.rewind(connection) == 1
    _drain(embedded_url, folder)
    assert _rows(embedded_url, "SELECT count(*), (SELECT count(*) FROM quarantine) FROM agent_events") == before
    assert before == [(20, 20)]


def test_lines_of_an_adapter_that_is_not_installed_go_to_the_quarantine(embedded_url: str, tmp_path: Path) -> None:
    payload = payload_of(Header(adapter="gone", rules=RULES_VERSION, identity="x"), b'{"a":1}\n{"a":2}')
    _spooled(tmp_path / "spool", payload)
    _drain(embedded_url, tmp_path / "spool")
    reasons = _rows(embedded_url, "SELECT reason, size_bytes FROM quarantine")
    assert reasons == [("no adapter 'gone' is installed", 7)] * 2


def test_what_older_rules_left_in_the_spool_is_redacted_before_it_is_stored(embedded_url: str, tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 3 + "F6g7h8"
    payload = payload_of(Header(adapter="simple", rules="older", identity="x"), simple.line("e1", text=secret))
    _spooled(tmp_path / "spool", payload)
    _drain(embedded_url, tmp_path / "spool")
    assert secret.encode() not in _raws(embedded_url)[0]
    assert _rows(embedded_url, "SELECT redactions <> '{}' FROM sources") == [(True,)]


def test_the_lines_of_one_stream_may_come_in_many_requests_and_give_the_events_of_its_file(
    embedded_url: str, tmp_path: Path
) -> None:
    from agentobs.adapters import codex
    from agentobs.ingest.worker import Worker

    file = Path(__file__).parents[1] / "fixtures" / "codex" / "session.jsonl"
    lines = file.read_bytes().splitlines()
    with Worker(embedded_url, None) as worker:
        outcome = worker.ingest(file, codex.ADAPTER)
    assert outcome.stored > 0
    other = [b'{"type":"session_meta","payload":{"id":"other"}}']
    payloads = []
    for number in range(0, len(lines), 5):
        for stream, part in ((str(file), lines[number : number + 5]), ("other", other)):
            header = Header(adapter="codex", rules=RULES_VERSION, stream=stream, identity=f"{stream}{number}")
            payloads.append(payload_of(header, b"\n".join(part)))
    _spooled(tmp_path / "spool", *payloads)
    job = Job(url=embedded_url, redaction_key=KEY)
    for _ in range(2):
        with Drainer(job, tmp_path / "spool", known={"codex": codex.ADAPTER}) as drainer:
            drainer.drain()
    stored = _rows(embedded_url, "SELECT copies, conflicts FROM sources WHERE adapter = 'spool'")
    assert stored == [(outcome.stored, 0)], "every event of the file was known already"


def test_what_adapters_remember_of_streams_stays_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agentobs.adapters import codex
    from agentobs.redaction import Redactor

    monkeypatch.setattr(_spool_reader, "_MOST_STREAMS", 5)
    line = b'{"type":"session_meta","payload":{"id":"x"}}'
    _spooled(
        tmp_path / "spool",
        *(payload_of(Header(adapter="codex", rules=RULES_VERSION, stream=str(n)), line) for n in range(20)),
    )
    reader = _spool_reader.SpoolReader(tmp_path / "spool", {"codex": codex.ADAPTER}, Redactor(KEY), None)
    for _ in reader.read(0):
        pass
    assert [key.rsplit("\0", 1)[1] for key in reader.memory.streams] == ["15", "16", "17", "18", "19"]


def test_addresses_that_were_lost_with_the_power_are_never_written_again(embedded_url: str, tmp_path: Path) -> None:
    """What a drain has read of a segment may be gone after a crash; what comes then is read all the same."""
    folder = tmp_path / "spool"
    _spooled(folder, *(_payload([simple.line(f"e{i}")], identity=str(i)) for i in range(5)))
    _drain(embedded_url, folder)
    os.truncate(segments_in(folder)[0].path, 0)
    _spooled(folder, *(_payload([simple.line(f"f{i}")], identity=str(i)) for i in range(3)))
    _drain(embedded_url, folder)
    assert len(_raws(embedded_url)) == 8


def _raws(url: str) -> list[bytes]:
    from agentobs.store import raw

    return [raw.decompress(blob) for (blob,) in _rows(url, "SELECT raw FROM agent_events WHERE raw IS NOT NULL")]
