"""A workbench straight on a folder of session files."""

from pathlib import Path

import pandas as pd
import pytest

from agentobs import frames
from agentobs.errors import SourceError
from agentobs.ingest import backfill
from agentobs.settings import Settings
from agentobs.workbench import Workbench, folder_files, open_workbench
from agentobs.workbench.folder import Folder
from tests.workbench import tiny


@pytest.fixture(autouse=True)
def tiny_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "adapters", lambda taught=(): {"tiny": tiny.ADAPTER})


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    tiny.write(
        tmp_path / "logs",
        {
            "one": [
                {"session": "s", "id": "1", "ts": 0, "type": "user_interaction", "role": "user", "says": "hello"},
                {"session": "s", "id": "2", "ts": 1, "type": "llm_response", "role": "assistant", "says": "hi"},
            ],
            "deep/two": [{"session": "t", "id": "3", "ts": 2, "type": "command_execute", "tool_call_id": "c"}],
        },
    )
    return tmp_path / "logs"


def bench(path: Path, **settings: str) -> Workbench:
    return open_workbench(path, Settings(home=path.parent / "home", **settings))


def test_every_frame_has_its_declared_columns_and_types(logs: Path) -> None:
    wb = bench(logs)
    for name in ("events", "sessions", "tool_calls", "model_calls", "edits", "messages"):
        found = getattr(wb, name)()
        declared = frames.empty(frames.FRAMES[name])
        assert found.columns.tolist() == declared.columns.tolist(), name
        assert [str(dtype) for dtype in found.dtypes] == [str(dtype) for dtype in declared.dtypes], name


def test_frames_that_filters_leave_empty_keep_their_columns_and_types(logs: Path) -> None:
    for name in ("events", "sessions", "tool_calls", "model_calls", "edits", "messages"):
        found = getattr(bench(logs), name)(session="nobody")
        pd.testing.assert_frame_equal(found, frames.empty(frames.FRAMES[name]), check_index_type=False)


def test_sources_are_numbered_in_the_order_of_their_paths(logs: Path) -> None:
    wb = bench(logs)
    assert wb.events()[["event_id", "source_id"]]["source_id"].tolist() == [2, 2, 1]
    assert [Path(path).name for path in wb.physical()["path"]] == ["two.jsonl", "one.jsonl"]


def test_messages_have_their_texts_and_events_their_records(logs: Path) -> None:
    wb = bench(logs)
    assert wb.messages()["text"].tolist() == ["hello", "hi"]
    record = wb.raw(wb.events()["event_id"].tolist()[0]).iloc[0]
    assert record == (logs / "one.jsonl").read_text().splitlines()[0]
    assert wb.raw("00000000-0000-8000-8000-000000000000").isna().all()


def test_secrets_are_redacted(logs: Path) -> None:
    secret = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6"
    tiny.write(logs, {"one": [{"session": "s", "id": "1", "type": "user_interaction", "says": f"use {secret}"}]})
    wb = bench(logs)
    assert secret not in wb.messages()["text"].iloc[0]
    assert secret not in wb.raw(wb.events()["event_id"].tolist()).str.cat()
    assert folder_of(wb).counts.redactions.total() == 1


def folder_of(wb: Workbench) -> Folder:
    backend = wb._backend
    assert isinstance(backend, Folder)
    return backend


def test_one_file_is_a_folder_too(logs: Path) -> None:
    assert bench(logs / "one.jsonl").sessions()["session_id"].tolist() == ["s"]


def test_what_changes_is_read_again_and_nothing_else(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    read = folder_files.read

    def noted(found, *rest):
        asked.append(sorted(item.path.name for item in found))
        return read(found, *rest)

    monkeypatch.setattr(folder_files, "read", noted)
    wb = bench(logs)
    assert asked == []
    assert len(wb.events()) == 3
    assert len(wb.sessions()) == 2
    with (logs / "one.jsonl").open("a") as file:
        file.write('{"tiny": 1, "session": "s", "id": "4", "ts": 3}\n')
    assert len(wb.events()) == 4
    tiny.write(logs, {"three": [{"session": "u", "id": "5", "ts": 4}]})
    assert wb.sessions()["session_id"].tolist() == ["s", "t", "u"]
    (logs / "one.jsonl").unlink()
    assert wb.sessions()["session_id"].tolist() == ["t", "u"]
    assert asked == [["one.jsonl", "two.jsonl"], ["one.jsonl"], ["three.jsonl"], []]


def test_every_record_is_an_event_a_skip_or_a_reject(logs: Path) -> None:
    with (logs / "one.jsonl").open("a") as file:
        file.write('{"tiny": 2}\n{"tiny": 1, "session": "s"}\n')
        file.write((logs / "one.jsonl").read_text().splitlines()[0] + "\n")
    (logs / "notes.jsonl").write_text('{"other": 1}\n')
    counts = folder_of(bench(logs)).counts
    assert (counts.files, counts.records, counts.event_records) == (2, 6, 4)
    assert (counts.skips, counts.rejects) == ({"not tiny": 1}, {"no id": 1})
    assert (counts.events, counts.copies, counts.conflicts) == (4, 1, 0)
    assert [(item.path.name, item.reason) for item in counts.passed_over] == [("notes.jsonl", "no format that we know")]


def test_an_unreadable_file_is_counted_and_the_rest_is_read(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wb = bench(logs)
    (logs / "one.jsonl").unlink()
    (logs / "one.jsonl").symlink_to(logs / "deep" / "two.jsonl")
    monkeypatch.setattr("agentobs.workbench.folder._state", lambda root: folder_of(wb)._state)
    assert wb.sessions()["session_id"].tolist() == ["t"]
    assert [item.path.name for item in folder_of(wb).counts.passed_over] == ["one.jsonl"]


def test_the_project_of_the_settings_is_everybodys(logs: Path) -> None:
    assert set(bench(logs, project="shop").events()["project"]) == {"shop"}


def test_a_folder_without_logs_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "notes.jsonl").write_text('{"other": 1}\n')
    with pytest.raises(SourceError) as caught:
        bench(tmp_path / "logs")
    assert str(caught.value) == (
        f"no session logs in {str(tmp_path / 'logs')!r}, 1 passed over (no format that we know); "
        "looked for Tiny: *.jsonl"
    )


def test_a_folder_has_no_sql(logs: Path) -> None:
    with pytest.raises(SourceError, match="a folder has no SQL; ingest it and open the database"):
        bench(logs).sql("SELECT 1")
