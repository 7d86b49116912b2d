"""Mapping files: found in the data folder or named, one name each, known to every process that reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from agentobs.errors import PluginError, SettingsError
from agentobs.ingest import backfill, mappings
from agentobs.redaction import load_key
from tests.adapters.golden import FIXTURES

SAMPLES = FIXTURES / "mapping"


def home_with(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "home" / mappings.FOLDER
    folder.mkdir(parents=True)
    for name in names:
        shutil.copy(SAMPLES / name, folder / name)
    return folder.parent


def test_mappings_lie_in_the_data_folder_or_are_named(tmp_path):
    home = home_with(tmp_path, "notebook.toml", "acme.toml")
    own, named = [str(home / "mappings" / name) for name in ("acme.toml", "notebook.toml")], SAMPLES / "acme.toml"
    assert mappings.paths_of(home) == tuple(own)
    assert mappings.paths_of(home, [named, home / "mappings" / "acme.toml"]) == (*own, str(named))
    assert mappings.paths_of(tmp_path / "nowhere") == ()


def test_a_named_mapping_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SettingsError, match=r"mapping '.*x\.toml' is not there; name a TOML file"):
        mappings.paths_of(tmp_path, [tmp_path / "x.toml"])


def test_they_are_adapters_beside_the_others():
    known = backfill.adapters([SAMPLES / "acme.toml"])
    assert set(known) == set(backfill.adapters()) | {"acme"}
    assert list(known) == sorted(known)


def test_a_name_that_is_taken_raises(tmp_path):
    text = (SAMPLES / "acme.toml").read_text("utf-8")
    again, taken = tmp_path / "again.toml", tmp_path / "taken.toml"
    again.write_text(text, "utf-8")
    taken.write_text(text.replace('name = "acme"', 'name = "codex"', 1), "utf-8")
    with pytest.raises(PluginError, match=r"again\.toml' is named 'acme', as is the mapping '.*acme\.toml'; rename"):
        backfill.adapters([SAMPLES / "acme.toml", again])
    with pytest.raises(PluginError, match=r"'codex', as is the adapter agentobs\.adapters\.codex; rename one of them"):
        backfill.adapters([taken])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name = ", r"mapping '.*wrong\.toml' is no TOML: "),
        (b"\xff", r"cannot read the mapping '.*wrong\.toml': "),
        (b'name = "a"', r"mapping '.*wrong\.toml' has no \[\[events\]\]"),
    ],
)
def test_a_file_that_is_no_mapping_is_said_with_its_place(tmp_path, content, said):
    (tmp_path / "wrong.toml").write_bytes(content)
    with pytest.raises(PluginError, match=said):
        mappings.read(tmp_path / "wrong.toml")


@pytest.mark.parametrize("apart", [False, True], ids=["here", "in two processes"])
def test_every_process_of_a_backfill_knows_them(embedded_url, tmp_path, monkeypatch, apart):
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in ("acme-1.jsonl", "cart.notebook.json"):
        shutil.copy(SAMPLES / name, logs / name)
    if apart:
        monkeypatch.setattr(backfill, "_ALONE", 0)
    taught = mappings.paths_of(home_with(tmp_path, "acme.toml", "notebook.toml"))
    job = backfill.Job(url=embedded_url, redaction_key=load_key(tmp_path / "key"), mappings=taught)
    found = backfill.plan([logs], backfill.adapters(taught)).found
    assert sorted(item.adapter.name for item in found) == ["acme", "notebook_agent"]
    outcomes = list(backfill.run(job, found, lambda _: None, processes=2))
    assert [outcome.error for outcome in outcomes] == [None, None]
    with psycopg.connect(embedded_url) as connection:
        rows = connection.execute("SELECT adapter, events, rejected, skipped FROM sources ORDER BY 1").fetchall()
    assert rows == [("acme", 14, 1, 2), ("notebook_agent", 9, 0, 0)]
