"""Findings: kept by the database while they are true, computed from a folder, and what people say of them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from agentobs.errors import FrameError, SettingsError, SourceError
from agentobs.ingest import backfill
from agentobs.redaction import load_key
from agentobs.settings import Settings
from agentobs.store import engine
from agentobs.workbench import Workbench, analyzing
from agentobs.workbench.database import Database
from agentobs.workbench.folder import Folder

SAMPLES = Path(__file__).parents[2] / "data" / "claude_code"
REPEATED = "7c1f3c52-5f0e-4a57-9d0e-1a2b3c4d5e6f"


def record(number: int) -> str:
    """One record of a session that reads the same file again and again."""
    call = f"toolu_01AbCdEfGhIjKlMnOp{number - number % 2:02d}"
    about = {"uuid": f"00000000-0000-4000-8000-{number:012d}", "sessionId": REPEATED, "cwd": "/home/ada/shop",
             "timestamp": f"2026-03-09T09:00:{number:02d}.000Z", "version": "2.1.0"}  # fmt: skip
    if number % 2:
        block = {"type": "tool_result", "tool_use_id": call, "content": "def total(): ..."}
        return json.dumps({"type": "user", **about, "message": {"role": "user", "content": [block]}})
    block = {"type": "tool_use", "id": call, "name": "Read", "input": {"file_path": "/home/ada/shop/cart.py"}}
    message = {"id": f"msg_{number:02d}", "role": "assistant", "model": "claude-sonnet-4-5", "content": [block],
               "usage": {"input_tokens": 10, "output_tokens": 5}}  # fmt: skip
    return json.dumps({"type": "assistant", **about, "message": message})


def write(folder: Path, reads: int) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{REPEATED}.jsonl"
    with path.open("a") as file:
        done = path.read_text().count("\n")
        file.write("".join(record(number) + "\n" for number in range(done, 2 * reads)))
    return folder


Ingest = Callable[[Path], Workbench]


@pytest.fixture
def ingest(database_url: str, tmp_path: Path) -> Iterator[Ingest]:
    """Reads a folder into the database and gives a workbench on it."""
    settings, opened = Settings(home=tmp_path), []

    def read(folder: Path) -> Workbench:
        job = backfill.Job(url=database_url, redaction_key=load_key(settings.redaction_key))
        outcomes = list(backfill.run(job, backfill.plan([folder]).found, lambda _: None))
        assert {outcome.error for outcome in outcomes} == {None}
        opened.append(Workbench(Database(database_url, settings)))
        return opened[-1]

    yield read
    for wb in opened:
        wb.close()


def test_nothing_is_found_before_it_is_analyzed_and_that_is_said(ingest: Ingest, tmp_path: Path):
    wb = ingest(write(tmp_path / "logs", 3))
    assert wb.findings().empty
    assert wb.findings().attrs["unanalyzed_sessions"] == 1


def test_findings_and_scores_are_kept_and_the_second_run_has_nothing_to_do(
    ingest: Ingest, database_url: str, tmp_path: Path
):
    wb = ingest(write(tmp_path / "logs", 3))
    done = analyzing.analyze(database_url)
    assert (done.sessions, done.events) == (1, 6)
    (finding,) = wb.findings(detector="tool_repetition").itertuples()
    assert (finding.session_id, finding.severity) == (REPEATED, "high")
    assert finding.parameters["at_least"] == 3
    assert set(finding.event_ids) <= set(wb.events()["event_id"])
    assert set(wb.scores()["session_id"]) == {REPEATED}
    assert wb.findings().attrs["unanalyzed_sessions"] == 0
    assert analyzing.analyze(database_url) == (0, 0, 0)


def test_findings_of_a_session_that_went_on_are_left_out_until_it_is_analyzed_again(
    ingest: Ingest, database_url: str, tmp_path: Path
):
    wb = ingest(write(tmp_path / "logs", 3))
    analyzing.analyze(database_url)
    ingest(write(tmp_path / "logs", 5))
    assert wb.findings().empty
    assert wb.scores().empty
    analyzing.analyze(database_url)
    (finding,) = wb.findings(detector="tool_repetition").itertuples()
    assert len(finding.event_ids) == 5


def test_findings_of_another_recipe_are_computed_anew(
    ingest: Ingest, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    wb = ingest(write(tmp_path / "logs", 3))
    analyzing.analyze(database_url)
    monkeypatch.setattr(analyzing, "recipe", lambda: "another version")
    assert wb.findings().empty
    assert analyzing.analyze(database_url).sessions == 1
    assert len(wb.findings(detector="tool_repetition")) == 1
    with engine.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM findings WHERE detector = 'tool_repetition'").fetchone() == (1,)


def test_a_folder_computes_what_a_database_keeps(ingest: Ingest, database_url: str, tmp_path: Path):
    database = ingest(SAMPLES)
    analyzing.analyze(database_url)
    folder = Workbench(Folder(SAMPLES, Settings(home=tmp_path)))
    for name, order in (("findings", ["session_id", "finding_id"]), ("scores", ["session_id", "variant"])):
        ours, theirs = (getattr(wb, name)().sort_values(order, ignore_index=True) for wb in (folder, database))
        assert len(ours) > 0
        pd.testing.assert_frame_equal(ours, theirs, check_exact=False, rtol=1e-9)


def test_findings_are_filtered_alike_from_both(ingest: Ingest, database_url: str, tmp_path: Path):
    logs = write(tmp_path / "logs", 3)
    database = ingest(logs)
    analyzing.analyze(database_url)
    for wb in (database, Workbench(Folder(logs, Settings(home=tmp_path)))):
        kept = {"agent": "claude_code", "project": "/home/ada/shop", "session": REPEATED, "severity": "high"}
        assert len(wb.findings(detector="tool_repetition", since="2026-03-09", until="2026-03-10", **kept)) == 1
        for nothing in (
            {"agent": "codex"},
            {"project": "x"},
            {"session": "x"},
            {"severity": "low"},
            {"since": "2026-03-10"},
            {"until": "2026-03-09"},
        ):
            assert wb.findings(detector="tool_repetition", **nothing).empty
        assert wb.scores(since="2026-03-10").empty
        with pytest.raises(SettingsError, match="findings are not filtered by tool"):
            wb.findings(tool="Read")


def test_people_label_sessions_and_judge_findings(ingest: Ingest, database_url: str, tmp_path: Path):
    wb = ingest(write(tmp_path / "logs", 3))
    analyzing.analyze(database_url)
    (finding,) = wb.findings(detector="tool_repetition")["finding_id"]
    assert wb.annotate(REPEATED, label="failure", note="read in circles", author="ada") == 1
    wb.annotate(REPEATED, finding=finding, agreed=True)
    rows = wb.annotations()
    assert rows["label"].tolist()[0] == "failure"
    assert rows["detector"].tolist()[1] == "tool_repetition"
    assert rows["agreed"].tolist()[1] is True
    assert rows["created_at"].dt.tz is not None
    with pytest.raises(FrameError, match="no session 'x'"):
        wb.annotate("x", label="success")
    with pytest.raises(FrameError, match="has no finding 'x'"):
        wb.annotate(REPEATED, finding="x", agreed=False)
    with pytest.raises(SettingsError, match="say a label"):
        wb.annotate(REPEATED)


def test_a_folder_keeps_no_annotations(tmp_path: Path):
    wb = Workbench(Folder(write(tmp_path / "logs", 3), Settings(home=tmp_path)))
    assert wb.annotations().empty
    with pytest.raises(SourceError, match="a folder keeps no annotations"):
        wb.annotate(REPEATED, label="success")


def test_metrics_are_the_same_from_a_folder_and_from_a_database(ingest: Ingest, database_url: str, tmp_path: Path):
    database = ingest(SAMPLES)
    analyzing.analyze(database_url)
    folder = Workbench(Folder(SAMPLES, Settings(home=tmp_path)))
    ours, theirs = (wb.metrics().sort_values("session_id", ignore_index=True) for wb in (folder, database))
    assert len(ours) == len(database.sessions())
    pd.testing.assert_frame_equal(ours, theirs, check_exact=False, rtol=1e-9)
    assert database.metrics(agent="codex").empty
