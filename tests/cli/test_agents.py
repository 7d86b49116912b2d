"""agents: the table of what can be read, and the README that shows it."""

import json
import re
from pathlib import Path

import pytest

from agentobs.cli import main
from agentobs.cli.agents import KNOWS, Here, files_of, markdown_of, merged
from agentobs.ingest import backfill
from agentobs.ingest.places import Machine
from tests.cli.sessions import said, write

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_shows_the_table_of_the_adapters_that_are_here():
    """`agentobs agents --markdown` between the marks brings it up to date."""
    shown = re.search(r"<!-- agents: [^>]*-->\n(.*?)\n<!-- /agents -->", README.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    assert shown[1] == markdown_of(backfill.adapters())


def test_every_adapter_says_what_its_source_can_know():
    for adapter in backfill.adapters().values():
        assert adapter.fidelity is not None, adapter.name
        assert adapter.fidelity.basis, adapter.name


def test_files_are_counted_where_an_agent_keeps_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in (".claude/projects/-home-ada", "else/projects/-home-ada"):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("a.jsonl", "b.jsonl", "notes.txt"):
            (tmp_path / folder / name).touch()
    machine = Machine(tmp_path, "linux", {"CLAUDE_CONFIG_DIR": str(tmp_path / "else")})
    found = files_of(backfill.adapters(), machine)
    here = [place for place in found.pop("claude_code") if "subagents" not in place.location]
    assert Here("~/else/projects/*/*.jsonl", 2) in here
    assert Here("~/.claude/projects/*/*.jsonl", 2) in here
    assert {place.files for places in found.values() for place in places} == {0}


@pytest.mark.parametrize(
    ("paths", "shown"),
    [
        (["~/a/b", "~/a/c"], ["~/a/{b,c}"]),
        (["~/a/b/x", "~/a/c/x", "~/a/b/y", "~/a/c/y"], ["~/a/{b,c}/{x,y}"]),
        (["~/a/b/x", "~/a/c/y"], ["~/a/b/x", "~/a/c/y"]),
        (["~/a/b", "~/c/b"], ["~/a/b", "~/c/b"]),
        (["~/a", "~/a/b"], ["~/a", "~/a/b"]),
        ([], []),
    ],
)
def test_paths_that_differ_in_one_part_are_shown_as_one(paths, shown):
    found = merged(paths)
    assert list(found) == shown
    assert sorted(path for meant in found.values() for path in meant) == sorted(paths)


def test_the_places_of_this_machine_are_told_to_programs_too(database, tmp_path, capsys, monkeypatch):
    write(tmp_path / "elsewhere", "one")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "elsewhere"))
    agents = {agent["name"]: agent for agent in json.loads(said(capsys, "agents", "--json").out)}
    assert {"location": f"{tmp_path}/elsewhere/projects/*/*.jsonl", "files": 1} in agents["claude_code"]["locations"]
    assert agents["claude_code"]["files"] == 1
    assert agents["codex"]["files"] == 0
    assert agents["swe_agent"]["files"] is None  # its files lie anywhere: nobody looked


def test_the_table_names_what_each_source_knows(capsys: pytest.CaptureFixture[str]):
    assert main(["agents"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in KNOWS)
