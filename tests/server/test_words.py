"""What comes by network has the words that it has in a file: in messages, contents and searches."""

import shutil
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from agentobs.ingest.backfill import adapters, plan
from agentobs.ingest.discover import Found
from agentobs.ingest.documents import is_archive
from agentobs.ingest.indexing import index
from agentobs.settings import Settings
from agentobs.workbench import Workbench
from agentobs.workbench.database import Database
from agentobs.workbench.folder import Folder
from tests.server.accepting import accepting, drain

FIXTURES = Path(__file__).parents[1] / "fixtures"
SPOKEN = {"aider", "claude_code", "codex", "copilot_chat", "native", "opencode", "otlp", "swe_agent"}


def sent() -> list[Found]:
    """The fixtures that can come as the body of a request."""
    known = adapters()
    found = [one for folder in sorted(FIXTURES.iterdir()) if folder.is_dir() for one in plan([folder], known).found]
    return [
        one
        for one in found
        if not (one.adapter.is_spread or (one.adapter.unpack and is_archive(one.path.read_bytes())))
    ]


def said(bench: Workbench) -> dict[str, str]:
    messages, contents = bench.messages(), bench.contents()
    both = pd.concat([messages[["event_id", "text"]], contents[["event_id", "text"]]])
    return {str(one): str(text) for one, text in both.dropna().itertuples(index=False)}


@pytest.mark.parametrize("found", sent(), ids=lambda one: f"{one.adapter.name}-{one.path.name}")
def test_a_session_that_is_sent_says_what_it_says_in_its_file(found: Found, tmp_path: Path, embedded_url: str) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    shutil.copy(found.path, logs / found.path.name)
    with accepting(tmp_path / "spool") as server:
        answer = server.post(found.path.read_bytes(), f"?adapter={found.adapter.name}&stream={logs / found.path.name}")
        assert answer.status_code == 200, answer.text
    drain(embedded_url, tmp_path / "spool")
    settings = Settings(home=tmp_path / "home")
    with Workbench(Folder(logs, settings)) as folder, Workbench(Database(embedded_url, settings)) as database:
        here, there = said(folder), said(database)
    assert there == here
    assert here or found.adapter.name not in SPOKEN


def test_the_words_of_a_record_that_was_sent_are_found(tmp_path: Path, embedded_url: str) -> None:
    """Not only those of its summary."""
    sent = {
        "timestamp": "2026-03-09T14:00:00Z", "type": "user_interaction", "agentId": "bot", "sessionId": "s",
        "context": {"role": "user"}, "data": {"text": "the zebra is out of its cage"},
    }  # fmt: skip
    with accepting(tmp_path / "spool") as server:
        assert server.post(msgspec.json.encode([sent])).json()["accepted"] == 1
    drain(embedded_url, tmp_path / "spool")
    assert index(embedded_url) == 1
    with Workbench(Database(embedded_url, Settings(home=tmp_path))) as bench:
        assert bench.messages()["text"].tolist() == ["the zebra is out of its cage"]
        assert bench.search("zebra cage")["snippet"].tolist() == ["the «zebra» is out of its «cage»"]
