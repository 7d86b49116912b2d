"""The file of the local key."""

import os
import stat
from multiprocessing import get_context

import pytest

from agentobs.errors import SettingsError
from agentobs.redaction import load_key


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    path = tmp_path / "home" / "redaction.key"
    key = load_key(path)
    assert len(key) == 32
    assert load_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["redaction.key"]


def test_two_folders_have_two_keys(tmp_path):
    assert load_key(tmp_path / "a") != load_key(tmp_path / "b")


def test_processes_that_race_get_the_same_key(tmp_path):
    with get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(load_key, [tmp_path / "key"] * 8, chunksize=1))) == 1


def test_the_loser_of_a_race_takes_the_key_of_the_winner(tmp_path, monkeypatch):
    def link(_draft, path):
        path.write_bytes(b"w" * 32)
        raise FileExistsError(17, "File exists")

    monkeypatch.setattr(os, "link", link)
    assert load_key(tmp_path / "key") == b"w" * 32
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("content", [b"", b"short", b"k" * 33])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(SettingsError, match=f"has {len(content)} bytes, not 32"):
        load_key(tmp_path / "key")


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SettingsError, match="cannot be used"):
        load_key(tmp_path / "file" / "key")
