"""agents: the table of what can be read, and the README that shows it."""

import re
from pathlib import Path

import pytest

from agentobs.cli import main
from agentobs.cli.agents import KNOWS, files_of, markdown_of
from agentobs.ingest import backfill

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


def test_files_are_counted_where_an_agent_keeps_its_own(tmp_path):
    folder = tmp_path / ".claude" / "projects" / "-home-ada"
    folder.mkdir(parents=True)
    for name in ("a.jsonl", "b.jsonl", "notes.txt"):
        (folder / name).touch()
    found = files_of(backfill.adapters(), tmp_path)
    assert found.pop("claude_code") == 2
    assert set(found.values()) <= {0}


def test_the_table_names_what_each_source_knows(capsys: pytest.CaptureFixture[str]):
    assert main(["agents"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in KNOWS)
