"""The embedded server starts by itself, is shared, outlives its users, stops when unused, and says what is wrong."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy

from agentobs.errors import EmbeddedServerError
from agentobs.store import embedded
from agentobs.store.embedded import account, binaries, places

QUICK = {"fsync": "off", "max_wal_size": "128MB", "min_wal_size": "80MB", "shared_buffers": "16MB"}
REPOSITORY = Path(__file__).parents[2]
USER = """
import sys, time
from pathlib import Path
from agentobs.store import embedded
server = embedded.start(Path(sys.argv[1]), idle_seconds=float(sys.argv[2]), settings={"fsync": "off"})
print(embedded.status(server.home).pid, server.url, flush=True)
time.sleep(float(sys.argv[3]))
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def home():
    """A folder of its own in the temporary folder: pytest's is closed to the user that root's server runs as."""
    folder = Path(tempfile.mkdtemp(prefix="agentobs-home-"))
    folder.chmod(0o711)
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder)


def start(home, idle_seconds=30.0, **settings):
    return embedded.start(home, idle_seconds=idle_seconds, settings=QUICK | settings)


def user(home, idle_seconds=30.0, python=sys.executable, **how):
    """Another process that uses the server and prints the server's pid and address."""
    command = [python, "-c", USER, str(home), str(idle_seconds), "60"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, **how)


def python_for(other):
    """An interpreter like ours that this user may run, and the environment in which it finds our packages."""
    packages = sysconfig.get_path("purelib")
    system = Path(f"/usr/bin/python3.{sys.version_info.minor}")
    for python in (Path(sys.executable), system):
        if (
            python.exists()
            and other.may_run(python.resolve())
            and all(map(other.may_enter, (REPOSITORY, Path(packages))))
        ):
            return str(python), {"PATH": os.defpath, "PYTHONPATH": packages}
    pytest.skip("the environment lies in a folder that only root may enter")


def said(process):
    pid, url = process.stdout.readline().split()
    return int(pid), url


def ended(process):
    process.kill()
    process.wait()
    process.stdout.close()


def query(url, text):
    with psycopg.connect(url) as connection:
        cursor = connection.execute(text)
        return cursor.fetchone() if cursor.description else None


def wait_until(fact, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_server_starts_by_itself_in_a_new_folder(home):
    folder = home / "new"
    with start(folder) as server:
        assert query(server.url, "SELECT current_database(), current_user") == ("agentobs", "agentobs")
        assert query(server.url, "SHOW server_encoding") == ("UTF8",)
        assert server.version == query(server.url, "SHOW server_version")[0]
        assert psutil.Process(embedded.status(folder).pid).username() != "root"
        for private in (folder / "data", folder / "run"):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
        engine = sqlalchemy.create_engine(server.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            assert connection.scalar(sqlalchemy.text("SELECT 1")) == 1
        engine.dispose()
    embedded.stop(folder)


def test_by_default_what_was_committed_is_on_the_disk_and_no_network_is_listened_on(home):
    with embedded.start(home) as server:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            assert query(server.url, f"SHOW {name}") == ("on",)
        assert query(server.url, "SHOW listen_addresses") == ("",)


@as_root
def test_another_user_starts_one_too(home):
    other = account.account_of(0)
    python, environment = python_for(other)
    os.chown(home, other.uid, other.gid)
    process = user(home, python=python, env=environment, user=other.uid, group=other.gid, extra_groups=[])
    pid, url = said(process)
    assert psutil.Process(pid).uids().effective == other.uid
    assert query(url, "SELECT 1") == (1,)
    with start(home) as server:  # root joins, and leaves everything usable for the owner
        assert server.url == url
    ended(process)


@as_root
def test_a_private_home_of_root_lets_the_servers_group_pass_and_nobody_else(home):
    home.chmod(0o700)
    with start(home) as server:
        assert query(server.url, "SELECT 1") == (1,)
    entry = home.stat()
    assert (stat.S_IMODE(entry.st_mode), entry.st_uid, entry.st_gid) == (0o710, 0, account.account_of(0).gid)


@as_root
def test_below_a_private_folder_the_data_goes_elsewhere_and_no_parent_is_opened(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    before = [parent.stat().st_mode for parent in (private, *private.parents)]
    folder = private / "home"
    with start(folder) as server:
        data = embedded.status(folder).data
        assert query(server.url, "SELECT 1") == (1,)
    embedded.stop(folder)
    shutil.rmtree(data.parent)
    assert data.parent.parent == places.SYSTEM_FOLDER
    assert [parent.stat().st_mode for parent in (private, *private.parents)] == before


def test_programs_copied_out_of_a_private_environment_run(tmp_path):
    copied = binaries.find().copied_into(tmp_path)
    subprocess.run([copied.initdb, "--version"], check=True, capture_output=True)
    answer = subprocess.run([copied.postgres, "--version"], check=True, capture_output=True, text=True)
    assert copied.folder.is_relative_to(tmp_path)
    assert copied.version in answer.stdout


def test_processes_that_start_it_at_once_get_one_server(home):
    users = [user(home) for _ in range(3)]
    answers = {said(process) for process in users}
    for process in users:
        ended(process)
    assert len(answers) == 1


def test_several_homes_have_several_servers(home):
    with start(home / "one") as one, start(home / "two") as two:
        assert one.url != two.url
        query(one.url, "CREATE TABLE only_here ()")
        assert query(two.url, "SELECT to_regclass('only_here')") == (None,)
    for name in ("one", "two"):
        assert embedded.stop(home / name)


def test_a_folder_too_deep_for_a_socket_gets_a_short_one(home):
    folder = home / ("deep" * 25)
    with start(folder) as server:
        assert query(server.url, "SELECT 1") == (1,)
        run = places.known(folder).run
        assert not run.is_relative_to(home)
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
    embedded.stop(folder)
    with start(folder) as server:
        assert places.known(folder).run == run
    embedded.stop(folder)
    shutil.rmtree(run)


@pytest.mark.faults
def test_it_outlives_its_user_and_stops_when_the_last_is_gone(home):
    process = user(home, idle_seconds=1.0, start_new_session=True)
    pid, url = said(process)
    second = start(home)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    os.killpg(process.pid, signal.SIGKILL)
    ended(process)
    time.sleep(2)  # twice the idle time
    assert query(url, "SELECT 1") == (1,)
    assert embedded.status(home).in_use
    second.close()
    wait_until(lambda: not psutil.pid_exists(pid))
    assert not embedded.status(home).running


@pytest.mark.faults
def test_a_process_killed_while_it_starts_the_server_leaves_nothing_in_the_way(home):
    for milliseconds in (300, 400, 500, 600, 900):  # its imports, initdb, the first start, the database
        process = user(home / "new")
        time.sleep(milliseconds / 1000)
        ended(process)
    with start(home / "new") as server:
        assert query(server.url, "SELECT count(*) FROM pg_roles WHERE rolname = 'agentobs_reader'") == (1,)
    embedded.stop(home / "new")


@pytest.mark.faults
def test_a_killed_server_is_started_again_with_what_was_committed(home):
    with start(home) as server:
        query(server.url, "CREATE TABLE kept AS SELECT 7 AS id")
        os.kill(embedded.status(home).pid, signal.SIGKILL)
        with start(home) as again:
            assert query(again.url, "SELECT id FROM kept") == (7,)
            assert query(server.url, "SELECT id FROM kept") == (7,)


@pytest.mark.faults
def test_a_server_whose_supervisor_was_killed_is_adopted_and_still_stops(home):
    server = start(home)
    pid = embedded.status(home).pid
    psutil.Process(pid).parent().kill()
    wait_until(lambda: not embedded.server.locks.held(home / "supervisor.lock", os.geteuid()))
    with start(home, idle_seconds=1.0) as again:
        assert query(again.url, "SELECT 1") == (1,)
        assert embedded.status(home).pid == pid
    server.close()
    wait_until(lambda: not embedded.status(home).running)
    wait_until(lambda: not embedded.server.locks.held(home / "supervisor.lock", os.geteuid()))


@pytest.mark.faults
def test_a_pid_file_that_names_another_program_does_not_matter(home):
    start(home).close()
    place = places.known(home)
    text = (place.data / "postmaster.pid").read_text()
    embedded.stop(home)
    other = subprocess.Popen(["sleep", "60"], **place.account.subprocess_arguments())
    (place.data / "postmaster.pid").write_text(text.replace(text.split("\n")[0], str(other.pid), 1))
    place.socket.with_name(f"{place.socket.name}.lock").write_text(f"{other.pid}\n")
    with start(home) as server:
        assert query(server.url, "SELECT 1") == (1,)
    assert other.poll() is None
    other.kill()
    other.wait()


@pytest.mark.faults
def test_a_server_whose_socket_was_cleaned_away_is_replaced(home, monkeypatch):
    monkeypatch.setattr(embedded.server.supervision, "SOCKET_SECONDS", 0.1)
    start(home).close()
    shutil.rmtree(places.known(home).run)
    with start(home) as server:
        assert query(server.url, "SELECT 1") == (1,)


def test_status_and_stop(home):
    nothing = embedded.status(home)
    assert (nothing.running, nothing.url, nothing.size_bytes, embedded.stop(home)) == (False, None, None, False)
    with start(home) as server:
        running = embedded.status(home)
        assert (running.running, running.in_use, running.url) == (True, True, server.url)
        assert running.version == server.version
        assert running.size_bytes > 2**20
    assert embedded.stop(home)
    stopped = embedded.status(home)
    assert (stopped.running, stopped.in_use, stopped.pid) == (False, False, None)
    assert not embedded.stop(home)


def test_the_reader_cannot_write(home):
    with start(home) as server:
        query(server.url, "CREATE TABLE facts AS SELECT 1 AS id")
        query(server.url, "GRANT SELECT ON facts TO agentobs_reader")
        reader = server.url.replace("agentobs@", "agentobs_reader@")
        assert query(reader, "SELECT id FROM facts") == (1,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            query(reader, "CREATE TABLE mine ()")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            query(f"{reader}&options=-cdefault_transaction_read_only%3Doff", "INSERT INTO facts VALUES (2)")


def test_the_log_holds_nothing_of_what_is_stored(home):
    with start(home) as server:
        for statement in (
            "SELECT 'canary'::int",
            "INSERT INTO canary VALUES (1)",
            "DO $$BEGIN RAISE WARNING 'canary'; END$$",
        ):
            try:
                query(server.url, statement)
            except psycopg.Error as error:
                assert "canary" in str(error)  # noqa: PT017 -- not every statement fails
    assert "canary" not in (home / "server.log").read_text()


def test_a_file_in_the_way_is_named(home):
    (home / "file").write_text("")
    for folder in (home / "file", home / "file" / "below"):
        with pytest.raises(
            EmbeddedServerError, match=r"cannot use .*file.* as data folder: a file is in its way; name another"
        ):
            embedded.start(folder)


def test_a_folder_of_another_version_names_both_versions(home):
    (home / "data").mkdir()
    (home / "data/PG_VERSION").write_text("13\n")
    with pytest.raises(
        EmbeddedServerError,
        match=r"data belongs to PostgreSQL 13: .*there is 1\d\.\d+ in .*install PostgreSQL 13, or move",
    ):
        start(home)


def test_a_folder_with_something_else_in_it_is_left_alone(home):
    (home / "data").mkdir()
    (home / "data/thesis.txt").write_text("")
    with pytest.raises(EmbeddedServerError, match="holds no PostgreSQL database, yet it is not empty"):
        start(home)
    assert (home / "data/thesis.txt").exists()


def test_a_broken_folder_shows_the_end_of_the_log(home):
    start(home).close()
    embedded.stop(home)
    (home / "data/global/pg_control").unlink()
    with pytest.raises(
        EmbeddedServerError,
        match=r"does not start; if the folder is broken, restore(.|\n)*could not open file .*pg_control",
    ):
        start(home)


def test_a_database_that_is_gone_is_not_replaced_by_an_empty_one(home):
    start(home).close()
    embedded.stop(home)
    shutil.rmtree(home / "data")
    with pytest.raises(EmbeddedServerError, match=r"which is gone; bring it back, or remove .*location\.json"):
        start(home)


def test_a_folder_that_cannot_be_written_is_named(home, monkeypatch):
    monkeypatch.setattr(places.os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(EmbeddedServerError, match="is not writable for this user; name another one in AGENTOBS_HOME"):
        start(home)


@as_root
def test_a_full_disk_is_said(home):
    disk = home / "disk"
    disk.mkdir(mode=0o755)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "tmpfs", disk], check=False).returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        with pytest.raises(EmbeddedServerError, match=r"disk of .* is full \(\d+ MB free"):
            start(disk)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_full_disk_at_a_later_start_is_said(home, monkeypatch):
    start(home).close()
    embedded.stop(home)
    (home / "data/global/pg_control").unlink()
    monkeypatch.setattr(embedded.server.cluster.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(EmbeddedServerError, match=r"is full \(0 MB free\); make room there and try again"):
        start(home)
