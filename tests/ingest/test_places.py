"""Where agents keep their files: by the system, the environment, and what is there; no link leads out of a root."""

import os
from pathlib import Path

import msgspec
import pytest

from agentobs.ingest import backfill, places
from agentobs.ingest.places import Machine, Place
from tests.faults import simple

HOME = Path("/home/ada")


def globs(*locations: str, system: str = "linux", **environ: str) -> list[str]:
    adapter = msgspec.structs.replace(simple.ADAPTER, locations=locations)
    return [str(place.base / place.glob) for place in places.places_of(adapter, Machine(HOME, system, environ))]


@pytest.mark.parametrize(
    ("system", "found"),
    [
        ("linux", [".config/x/*.json", ".x/*.json"]),
        ("darwin", [".config/x/*.json", "Library/x/*.json", ".x/*.json"]),
        ("win32", [".config/x/*.json", "AppData/Roaming/x/*.json", ".x/*.json"]),
    ],
)
def test_a_place_of_another_system_is_left_out(system, found):
    every = (".config/x/*.json", "Library/x/*.json", "AppData/Roaming/x/*.json", ".x/*.json")
    assert globs(*every, system=system) == [f"{HOME}/{path}" for path in found]


@pytest.mark.parametrize(
    ("location", "variable", "moved"),
    [
        (".config/Code*/User/*.json", "XDG_CONFIG_HOME", "/else/Code*/User/*.json"),
        (".local/share/opencode/*.db", "XDG_DATA_HOME", "/else/opencode/*.db"),
        (".claude/projects/*/*.jsonl", "CLAUDE_CONFIG_DIR", "/else/projects/*/*.jsonl"),
        (".codex/sessions/*.jsonl", "CODEX_HOME", "/else/sessions/*.jsonl"),
        (".gemini/tmp/*.json", "GEMINI_CLI_HOME", "/else/.gemini/tmp/*.json"),
        (".cline/data/tasks/*.json", "CLINE_DATA_DIR", "/else/tasks/*.json"),
    ],
)
def test_a_folder_that_a_variable_names_is_looked_at_beside_the_usual_one(location, variable, moved):
    assert globs(location, **{variable: "/else"}) == [moved, f"{HOME}/{location}"]


@pytest.mark.parametrize("value", ["", "relative/folder", "~/x", str(HOME / ".codex")])
def test_a_variable_that_names_no_other_folder_changes_nothing(value):
    assert globs(".codex/sessions/*.jsonl", CODEX_HOME=value) == [f"{HOME}/.codex/sessions/*.jsonl"]


def test_a_name_that_only_begins_alike_is_not_moved():
    assert globs(".codex-fork/sessions/*.jsonl", CODEX_HOME="/else") == [f"{HOME}/.codex-fork/sessions/*.jsonl"]


@pytest.mark.parametrize(
    ("glob", "root"),
    [
        (".claude/projects/*/*.jsonl", ".claude/projects"),
        (".gemini/tmp/**/*.json", ".gemini/tmp"),
        ("Code*/User/tasks/*/ui_messages.json", "Code*/User/tasks"),
        (".x/last_*.json", ".x"),
        (".x/state.vscdb", ".x/state.vscdb"),
    ],
)
def test_what_is_looked_through_is_what_stands_before_the_first_wild_folder(glob, root):
    assert places.root_of(glob) == root


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with four sessions, among links, pipes and folders named like files; one session lies outside."""
    for name in (
        "home/logs/a/1.jsonl",
        "home/logs/a/2.jsonl",
        "home/logs/b/deep/3.jsonl",
        "home/state.db",
        "out/4.jsonl",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n", encoding="utf-8")
    logs = tmp_path / "home" / "logs"
    (logs / "a" / "folder.jsonl").mkdir()
    os.mkfifo(logs / "a" / "pipe.jsonl")
    (logs / "a" / "again.jsonl").symlink_to("1.jsonl")
    (logs / "out").symlink_to(tmp_path / "out")
    (logs / "b" / "loop").symlink_to("..")
    (tmp_path / "home" / "linked").symlink_to(tmp_path / "out")
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("glob", "names"),
    [
        ("logs/*/*.jsonl", ["1.jsonl", "2.jsonl"]),
        ("logs/**/*.jsonl", ["1.jsonl", "2.jsonl", "3.jsonl"]),
        ("logs/*/**/*.jsonl", ["1.jsonl", "2.jsonl", "3.jsonl"]),
        ("lo*/b/deep/*.jsonl", ["3.jsonl"]),
        ("logs/b/*/3.jsonl", ["3.jsonl"]),
        ("state.db", ["state.db"]),
        ("logs/a", []),
        ("nowhere/*.jsonl", []),
        ("linked/*.jsonl", ["4.jsonl"]),  # the root itself may be a link: it is where the agent says it is
    ],
)
def test_files_are_counted_once_and_links_inside_are_not_followed(home, glob, names):
    assert sorted(path.name for path in Place("x", home, glob).files()) == names


def test_brackets_in_the_name_of_a_home_are_no_pattern(tmp_path):
    (tmp_path / "[a]da" / "logs").mkdir(parents=True)
    (tmp_path / "[a]da" / "logs" / "1.jsonl").touch()
    assert len(list(Place("x", tmp_path / "[a]da", "lo*/*.jsonl").files())) == 1


def test_only_what_is_there_is_looked_through_and_each_root_once(home):
    locations = ("logs/*/*.jsonl", "logs/*/deep/*.jsonl", "state.db", "gone/*.jsonl")
    adapter = msgspec.structs.replace(simple.ADAPTER, locations=locations)
    found = places.roots_of({"simple": adapter}, Machine(home, "linux", {}))
    assert found == {home / "logs": "simple", home / "state.db": "simple"}


def test_every_adapter_has_its_places_on_every_system():
    for system in ("linux", "darwin", "win32"):
        for adapter in backfill.adapters().values():
            found = places.places_of(adapter, Machine(HOME, system, {}))
            assert bool(found) == bool(adapter.locations), (adapter.name, system)


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        ("linux", ".config/VSCodium/User/globalStorage"),
        ("linux", ".vscode-server/data/User/globalStorage"),
        ("darwin", "Library/Application Support/Code - Insiders/User/globalStorage"),
        ("darwin", "Library/Application Support/Cursor/User/globalStorage"),
    ],
)
def test_task_folders_are_found_in_every_editor(tmp_path, system, folder):
    path = tmp_path / folder / "saoudrizwan.claude-dev" / "tasks" / "17" / "ui_messages.json"
    path.parent.mkdir(parents=True)
    path.touch()
    found = places.places_of(backfill.adapters()["cline"], Machine(tmp_path, system, {}))
    assert [file for place in found for file in place.files()] == [path]
