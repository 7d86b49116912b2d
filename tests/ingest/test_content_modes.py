"""Content modes: how much of what was said is stored, by project; numbers, types, statuses and times always stay."""

import json
from pathlib import Path

import pandas as pd
import psycopg
import pytest

import agentobs as ao
from agentobs.cli import main
from agentobs.errors import SettingsError
from agentobs.ingest import backfill
from agentobs.ingest.backfill import Job, worker_of
from agentobs.settings import Content, Mode, Settings, load
from agentobs.store import raw
from agentobs.workbench import open_workbench

KEY = bytes(32)
SECRET = "AKIA" + "QWERTYUIOPASDFGH"
PROMPT, COMMAND, PATH = f"use {SECRET} for the lighthouse", "grep harbour notes.txt", "/shop/harbour/rates.py"
CONTENT = ("lighthouse", "harbour", "tides", "whales")


def line(place: int, session: str, project: str | None, **more: object) -> dict[str, object]:
    record: dict[str, object] = {
        "uuid": f"00000000-0000-4000-8000-{place:012}", "sessionId": session, "version": "2.1.49", "isSidechain": False,
        "timestamp": f"2026-03-09T10:00:{place:02}.000Z", "gitBranch": "main", "userType": "external", **more,
    }  # fmt: skip
    return record if project is None else record | {"cwd": project}


def session(name: str, project: str | None, first: int = 0) -> list[dict[str, object]]:
    """A prompt, a command with its output, a file read, an answer; every text holds one of CONTENT."""
    calls = [
        {"type": "tool_use", "id": f"toolu_{name}_{'1' * 20}", "name": "Bash", "input": {"command": COMMAND}},
        {"type": "tool_use", "id": f"toolu_{name}_{'2' * 20}", "name": "Read", "input": {"file_path": PATH}},
    ]
    usage = {"input_tokens": 7, "output_tokens": 3, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    answer = {"id": f"msg_{name}", "role": "assistant", "model": "claude-haiku-4-5", "usage": usage}
    results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "tides: high"} for call in calls]
    said = [{"type": "text", "text": "there are whales"}]
    return [
        line(first, name, project, type="user", message={"role": "user", "content": PROMPT}),
        line(first + 1, name, project, type="assistant", message={**answer, "content": [*said, *calls]}),
        line(first + 2, name, project, type="user", message={"role": "user", "content": results}),
    ]


def write(path: Path, records: list[dict[str, object]], broken: str = "") -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records) + broken, encoding="utf-8")
    return path


def ingest(url: str, path: Path, content: Content) -> None:
    known = backfill.adapters()
    with worker_of(Job(url=url, redaction_key=KEY, content=content)) as worker:
        assert worker.ingest(path, known["claude_code"]).error is None


def stored(url: str) -> str:
    """Everything that the database holds of it, with raw records and quarantine opened."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT raw, (e.*)::text FROM agent_events e").fetchall()
        rows += connection.execute("SELECT raw, (q.*)::text FROM quarantine q").fetchall()
        for table in ("tool_calls", "agent_sessions", "session_files", "model_calls"):
            rows += connection.execute(f"SELECT NULL, (t.*)::text FROM {table} t".encode()).fetchall()
    return "\n".join(text + (raw.decompress(blob).decode() if blob else "") for blob, text in rows)


def holds(text: str) -> set[str]:
    return {word for word in (*CONTENT, SECRET) if word in text}


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        ("full", {*CONTENT, SECRET}),
        ("redacted", {*CONTENT}),
        ("hashed", set()),
        ("metadata", set()),
    ],
)
def test_a_mode_stores_what_it_says_and_no_more(embedded_url, tmp_path, mode: Mode, found):
    broken = '{"type": "user", "message": "whales and tides and ' + SECRET + "\n"
    ingest(embedded_url, write(tmp_path / "a.jsonl", session("a", "/shop"), broken), Content(default=mode))
    assert holds(stored(embedded_url)) == found


@pytest.mark.parametrize("mode", ["hashed", "metadata"])
def test_numbers_types_names_statuses_and_times_are_the_same_in_every_mode(embedded_url, tmp_path, mode: Mode):
    ingest(embedded_url, write(tmp_path / "a.jsonl", session("a", "/shop")), Content(default=mode))
    (tmp_path / "a.jsonl").rename(tmp_path / "plain.jsonl")
    with ao.open(embedded_url) as kept, ao.open(tmp_path / "plain.jsonl") as plain:
        columns = ["event_id", "ts", "type", "status", "tool_name", "duration_ms", "session_id", "project", "branch"]
        assert kept.events()[columns].equals(plain.events()[columns])
        calls, expected = (wb.tool_calls().drop(columns=["target", "file_path"]) for wb in (kept, plain))
        assert calls.equals(expected)
        assert kept.model_calls()["output_tokens"].tolist() == [3]
        sessions = kept.sessions()
        assert sessions["human_turns"].tolist() == plain.sessions()["human_turns"].tolist() == [1]


def test_metadata_has_no_texts_in_frames(embedded_url, tmp_path):
    ingest(embedded_url, write(tmp_path / "a.jsonl", session("a", "/shop")), Content(default="metadata"))
    with ao.open(embedded_url) as wb:
        events = wb.events()
        assert wb.raw(events["event_id"].tolist()).isna().all()
        assert events["summary"].isna().all()
        assert wb.messages()["text"].isna().all()
        assert wb.sessions()["objective"].isna().all()
        assert wb.tool_calls()["tool_name"].tolist() == ["Bash", "Read"]


def test_hashed_texts_tell_what_is_equal_and_how_long_it_is(embedded_url, tmp_path):
    records = session("a", "/shop") + session("b", "/shop", 10)
    records[3]["message"] = {"role": "user", "content": "whales"}
    ingest(embedded_url, write(tmp_path / "a.jsonl", records), Content(default="hashed"))
    with ao.open(embedded_url) as wb:
        events = wb.events()
        prompts = events[events["type"] == "user_interaction"]["summary"].tolist()
        commands = events[events["type"] == "search_performed"]["summary"]
        assert commands.nunique() == 1 < len(commands)
        assert len(set(prompts)) == len(prompts)
        assert any(text.endswith(":6»") for text in prompts)
        assert all(text.startswith("«hashed:") for text in (*prompts, *commands))
        assert events["file_path"].dropna().nunique() == 1
        assert wb.messages()["text"].isna().all()


def test_each_project_has_its_own_mode(embedded_url, tmp_path):
    content = Content(default="redacted", projects={"/srv/bank": "metadata", "lab": "hashed", "/srv/own": "full"})
    for name, project in {"bank": "/srv/bank", "lab": "/srv/lab", "own": "/srv/own", "shop": "/srv/shop"}.items():
        place = ["bank", "lab", "own", "shop"].index(name) * 10
        ingest(embedded_url, write(tmp_path / f"{name}.jsonl", session(name, project, place)), content)
    with ao.open(embedded_url) as wb:
        prompts = dict(wb.sessions()[["session_id", "objective"]].astype(object).to_numpy().tolist())
    assert prompts["own"] == PROMPT
    assert "lighthouse" in prompts["shop"]
    assert SECRET not in prompts["shop"]
    assert prompts["lab"].startswith("«hashed:")
    assert pd.isna(prompts["bank"])


def test_a_full_source_that_enters_another_project_loses_the_secrets_there(embedded_url, tmp_path):
    long = {"role": "user", "content": "x" * 290 + " " + SECRET}  # the summary would hold half of the secret
    content = Content(projects={"/own": "full"})
    ingest(embedded_url, write(tmp_path / "a.jsonl", session("a", "/own")), content)
    records = [
        line(8, "a", "/shop", type="user", message=long),
        line(9, "a", "/shop", type="user", message={"role": "user", "content": "whales " * 20}),
    ]
    with (tmp_path / "a.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    ingest(embedded_url, tmp_path / "a.jsonl", content)
    with ao.open(embedded_url) as wb:
        events = wb.events()
        own, shop = events[events["project"] == "/own"], events[events["project"] == "/shop"]
        raws = " ".join(wb.raw(shop["event_id"].tolist()).dropna())
    assert SECRET in " ".join(own["summary"].dropna())
    assert "«redacted:" in raws
    assert SECRET[:6] not in raws + " ".join(shop["summary"].dropna())
    assert "whales" in " ".join(shop["summary"].dropna())


def test_a_source_of_a_full_and_another_project_is_read_without_secrets(embedded_url, tmp_path):
    records = session("a", "/own") + session("b", "/shop", 10)
    ingest(embedded_url, write(tmp_path / "a.jsonl", records), Content(projects={"/own": "full"}))
    assert holds(stored(embedded_url)) == {*CONTENT}


def test_what_names_no_project_obeys_the_strictest_mode(embedded_url, tmp_path):
    content = Content(default="redacted", projects={"/bank": "metadata"})
    write(tmp_path / "a.jsonl", session("a", None), '{"whales": broken\n')
    ingest(embedded_url, tmp_path / "a.jsonl", content)
    assert holds(stored(embedded_url)) == set()


def test_the_mode_for_what_names_no_project_can_be_set(embedded_url, tmp_path):
    content = Content(projects={"/bank": "metadata"}, unknown="redacted")
    ingest(embedded_url, write(tmp_path / "a.jsonl", session("a", None)), content)
    assert holds(stored(embedded_url)) == {*CONTENT}


def test_records_before_the_first_directory_obey_the_mode_of_what_follows(embedded_url, tmp_path):
    content = Content(default="redacted", projects={"/bank": "metadata"})
    records = session("a", None) + session("a", "/bank", 10)
    ingest(embedded_url, write(tmp_path / "a.jsonl", records), content)
    records = session("b", None, 20) + session("b", "/shop", 30)
    ingest(embedded_url, write(tmp_path / "b.jsonl", records), content)
    with ao.open(embedded_url) as wb:
        objectives = wb.sessions().set_index("session_id")["objective"]
    assert objectives.isna()["a"]
    assert "lighthouse" in objectives["b"]


@pytest.mark.parametrize("mode", ["hashed", "metadata"])
def test_every_frame_can_be_read_where_there_is_no_text(embedded_url, tmp_path, capsys, monkeypatch, mode: Mode):
    ingest(embedded_url, write(tmp_path / "a.jsonl", session("a", "/shop")), Content(default=mode))
    with ao.open(embedded_url) as wb:
        assert wb.contents()["text"].isna().all()
        assert len(wb.steps(session="a")) > 0
    monkeypatch.setenv("AGENTOBS_DATABASE_URL", embedded_url)
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path))
    for command in (["show", "a"], ["sessions"], ["doctor"], ["rebuild"]):
        assert main(command) == 0
    assert holds(capsys.readouterr().out) == set()


@pytest.mark.parametrize("mode", ["full", "redacted", "hashed", "metadata"])
def test_a_folder_gives_what_a_database_would_store(embedded_url, tmp_path, mode: Mode):
    path = write(tmp_path / "a.jsonl", session("a", "/shop"))
    ingest(embedded_url, path, Content(default=mode))
    (tmp_path / "redaction.key").write_bytes(KEY)
    chosen = Settings(home=tmp_path, content=Content(default=mode))
    with ao.open(embedded_url) as stored_there, open_workbench(path, chosen) as folder:
        assert folder.events()["summary"].equals(stored_there.events()["summary"])
        ids = folder.events()["event_id"].tolist()
        assert folder.raw(ids).equals(stored_there.raw(ids))


@pytest.mark.parametrize(
    ("text", "environ", "modes"),
    [
        ("", {}, ("redacted", "redacted", "redacted")),
        ('[content]\ndefault = "hashed"', {}, ("hashed", "hashed", "hashed")),
        ('[content.projects]\nbank = "metadata"', {}, ("metadata", "redacted", "metadata")),
        ('[content.projects]\n"/srv/bank" = "full"', {}, ("full", "redacted", "redacted")),
        ('[content.projects]\nbank = "full"', {}, ("redacted", "redacted", "redacted")),
        ('[content]\nunknown = "redacted"\nprojects.bank = "metadata"', {}, ("metadata", "redacted", "redacted")),
        ('[content.projects]\nbank = "metadata"', {"AGENTOBS_CONTENT": "hashed"}, ("metadata", "hashed", "metadata")),
    ],
)
def test_modes_are_set_in_the_file_and_their_default_by_the_environment(tmp_path, text, environ, modes):
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    content = load({"AGENTOBS_HOME": str(tmp_path), **environ}).content
    assert (content.of("/srv/bank"), content.of("/srv/shop"), content.of(None)) == modes


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        ('[content]\ndefault = "none"', {}),
        ('[content.projects]\nbank = "secret"', {}),
        ("[content]\ncolour = 1", {}),
        ("", {"AGENTOBS_CONTENT": "metadat"}),
    ],
)
def test_a_mode_that_is_none_is_named(tmp_path, text, environ):
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="content"):
        load({"AGENTOBS_HOME": str(tmp_path), **environ})


@pytest.mark.parametrize("name", sorted(backfill.adapters()))
def test_every_adapter_says_nothing_of_a_hashed_record(name):
    assert backfill.adapters()[name].content("«hashed:0123456789abcdef:42»".encode(), 0) is None
