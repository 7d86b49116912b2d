"""agentobs detectors: the list, and the bench on labelled sessions."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import agentobs
from agentobs.analysis.detectors import detectors
from tests.cli.sessions import said

PROGRAM = Path(agentobs.__file__).parents[1] / "data" / "labelled_sessions.py"


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Sessions that are about one detector."""
    out = tmp_path_factory.mktemp("bench") / "labelled"
    subprocess.run([sys.executable, str(PROGRAM), "--out", str(out), "--only", "edit_churn"], check=True)
    return out


def test_every_detector_is_listed_with_its_definition(capsys):
    listed = json.loads(said(capsys, "detectors", "--json").out)
    assert [one["name"] for one in listed] == list(detectors())
    assert all(one["definition"] and one["source"] and one["version"] >= 1 for one in listed)
    assert said(capsys, "detectors").out.startswith(f"{len(listed)} detectors")


def test_the_bench_counts_what_is_found_and_what_is_not(labelled, capsys):
    answer = said(capsys, "detectors", "bench", labelled, "--only", "edit_churn", "--json")
    assert answer.code == 0
    found = json.loads(answer.out)
    (row,) = found["detectors"]
    assert row["detector"] == "edit_churn"
    assert row["planted"] >= 15
    assert row["found"] + sum(case["kind"] == "planted" for case in found["wrong"]) == row["planted"]
    assert row["recall_low"] <= row["recall"] <= row["recall_high"]
    table = said(capsys, "detectors", "bench", labelled, "--only", "edit_churn").out
    assert f"{row['found']}/{row['planted']}" in table


def test_a_detector_without_labels_is_named(labelled, capsys):
    answer = said(capsys, "detectors", "bench", labelled, "--only", "edit_churn,rollback_nobody")
    assert answer.code == 2
    assert "no detector 'rollback_nobody'" in answer.err
    assert "without labels: tool_repetition" in said(
        capsys, "detectors", "bench", labelled, "--only", "edit_churn,tool_repetition"
    ).out  # fmt: skip


def test_sessions_that_are_made_are_kept_where_they_are_wanted(tmp_path, capsys):
    out = tmp_path / "kept"
    assert said(capsys, "detectors", "bench", "--only", "edit_churn", "--out", out, "--seed", "5").code == 0
    assert (out / "labels.jsonl").is_file()
    again = said(capsys, "detectors", "bench", "--only", "edit_churn", "--out", out)
    assert again.code == 3
    assert "is not empty; name a new folder" in again.err


def test_a_folder_without_labels_is_refused(tmp_path, capsys):
    answer = said(capsys, "detectors", "bench", tmp_path)
    assert answer.code == 3
    assert "no labels at" in answer.err


@pytest.mark.parametrize("line", ["no json", "7", '{"session_id": "s"}'])
def test_labels_that_cannot_be_read_are_refused(tmp_path, capsys, line):
    (tmp_path / "labels.jsonl").write_text(line + "\n")
    answer = said(capsys, "detectors", "bench", tmp_path)
    assert answer.code == 3
    assert "is no file of labels" in answer.err


def test_a_folder_and_a_seed_do_not_go_together(labelled, capsys):
    assert said(capsys, "detectors", "bench", labelled, "--seed", "3").code == 2


def test_peoples_votes_stand_beside(labelled, database, capsys):
    assert said(capsys, "ingest", labelled / "projects").code == 0
    assert said(capsys, "analyze").code == 0
    with agentobs.open() as wb:
        finding = wb.findings(detector="edit_churn").iloc[0]
        wb.annotate(finding["session_id"], finding=finding["finding_id"], agreed=True, author="ada")
    answer = said(capsys, "detectors", "bench", labelled, "--only", "edit_churn", "--labels", "--json")
    (people,) = json.loads(answer.out)["people"]
    assert (people["detector"], people["votes"], people["agreed"]) == ("edit_churn", 1, 1)
