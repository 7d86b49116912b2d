"""Labelled sessions: the same every time, enough of each kind, and labels that point at what was planted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import agentobs

PROGRAM = Path(__file__).resolve().parents[2] / "data" / "labelled_sessions.py"
CATALOGUE = """tool_repetition cycle_pingpong same_error_retry edit_test_fail_loop edit_churn edit_oscillation
 reread_thrash search_thrash blind_edit failure_cascade runaway_window analysis_paralysis rogue_actions
 premature_disengagement unverified_finish false_completion_claim context_pressure mid_task_compaction
 postcompact_reread cache_waste
 permission_friction user_pushback rollback scope_drift test_tampering dangerous_command secret_exposure stuck_tool
 idle_gap subagent_inefficiency duplicate_prompt thin_prompt abandonment""".split()

Label = dict[str, Any]


def make(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), "--out", str(out), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def labels(folder: Path) -> list[Label]:
    return [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All labelled sessions of the default seed."""
    out = tmp_path_factory.mktemp("labelled") / "all"
    made = make(out)
    assert made.returncode == 0, made.stderr
    return out


def test_every_detector_of_the_catalogue_is_planted_and_just_missed(whole):
    counted = Counter((label["detector"], label["expected"]) for label in labels(whole))
    assert set(CATALOGUE) == {name for name, _ in counted if name is not None}
    assert [key for key, count in counted.items() if count < 15] == []
    assert counted[None, False] >= 60
    assert (None, True) not in counted


def test_every_label_points_at_lines_of_its_session(whole):
    for label in labels(whole):
        content = (whole / label["path"]).read_bytes()
        planted = [content[at:].split(b"\n", 1)[0] for at in label["offsets"]]
        assert bool(planted) == label["expected"], label
        assert bool(label["evidence"]) == label["expected"], label
        assert all(json.loads(line) for line in planted)
        joined = b"\n".join(planted).decode()
        assert all(name in joined for name in label["evidence"]), label


def test_several_agents_show_the_patterns(whole):
    counted = Counter(label["agent"] for label in labels(whole))
    assert set(counted) == {"claude_code", "codex"}
    assert counted["codex"] > 100


def test_a_seed_gives_the_same_bytes_and_another_one_other_bytes(tmp_path):
    chosen = ("--only", "edit_churn,subagent_inefficiency")
    for name, seed in (("one", "3"), ("same", "3"), ("other", "4")):
        assert make(tmp_path / name, *chosen, "--seed", seed).returncode == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "same")
    assert not set(contents(tmp_path / "one")) & set(contents(tmp_path / "other")) - {"labels.jsonl"}


def test_a_detectors_sessions_do_not_depend_on_the_others(whole, tmp_path):
    make(tmp_path / "part", "--only", "rollback")
    everything = contents(whole)
    part = contents(tmp_path / "part")
    del part["labels.jsonl"]
    assert len(part) > 90
    assert all(everything[path] == content for path, content in part.items())


def test_the_adapters_read_every_session_whole(tmp_path):
    folder = tmp_path / "logs"
    make(folder, "--only", "dangerous_command,mid_task_compaction")
    known = labels(folder)
    with agentobs.open(folder) as wb:
        sessions, calls = wb.sessions(), wb.tool_calls()
    assert sorted(sessions["session_id"]) == sorted(label["session_id"] for label in known)
    assert set(sessions["agent"]) == {"claude_code", "codex"}
    assert calls["result_event_id"].notna().all()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("--only", "edit_churn,telepathy"), "no patterns for 'telepathy'"), ((), "is not empty; name a new folder")],
)
def test_what_cannot_be_made_is_refused(tmp_path, arguments, says):
    (tmp_path / "somebodys.jsonl").write_text("{}\n")
    made = make(tmp_path, *arguments)
    assert made.returncode == 2
    assert says in made.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["somebodys.jsonl"]
