"""A fresh database and an empty home for the commands of a test."""

from pathlib import Path

import pytest

from agentobs.ingest.places import MOVED_BY


@pytest.fixture
def database(embedded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL that commands take from the environment; their data folder and home are the test's own."""
    monkeypatch.setenv("AGENTOBS_DATABASE_URL", embedded_url)
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    for variable in MOVED_BY.values():
        monkeypatch.delenv(variable.partition("/")[0], raising=False)
    return embedded_url
