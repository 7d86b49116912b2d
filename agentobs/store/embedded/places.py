"""Where a server's files are, and as whom it runs.

PostgreSQL refuses to run as root. Root's server runs as the owner of the home folder, or as `nobody` if that is root
itself, who must be able to enter the data folder:

- home in a place that everybody may enter: the data is in home, which lets that user's group pass (mode 0710);
- home below a private folder (/root): the permissions of parents are never touched, the data goes to
  /var/lib/agentobs/<hash of home>, or where that cannot be written to a private temporary folder.

`location.json` in home records the choice. The database itself is always in a 0700 folder; every client that may enter
it is trusted, which is the server's user and root.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from agentobs.errors import EmbeddedServerError
from agentobs.store.embedded.account import Account, account_of, is_private, private_folder
from agentobs.store.embedded.configuration import DATABASE, PORT, SUPERUSER

SOCKET_PATH_BYTES = 100  # the kernel's limit is 108, 104 on macOS
SYSTEM_FOLDER = Path("/var/lib/agentobs")


@dataclass(frozen=True)
class Place:
    """The files of one server."""

    home: Path
    owner: int
    account: Account
    data: Path
    run: Path

    @property
    def base(self) -> Path:
        return self.data.parent

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def socket(self) -> Path:
        return self.run / f".s.PGSQL.{PORT}"

    @property
    def start_lock(self) -> Path:
        return self.home / "start.lock"

    @property
    def users_lock(self) -> Path:
        return self.home / "users.lock"

    @property
    def supervisor_lock(self) -> Path:
        return self.home / "supervisor.lock"

    def url(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        """The address for libpq and SQLAlchemy."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.run))}&port={PORT}"


def made_home(home: Path) -> Path:
    """The home folder, made if need be, writable, with nothing in the way."""
    home = Path(os.path.abspath(home.expanduser()))  # noqa: PTH100 -- a symlink keeps its name
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise EmbeddedServerError(
            f"cannot use {home} as data folder: a file is in its way; name another folder in AGENTOBS_HOME"
        ) from error
    except OSError as error:
        text = f"cannot make the data folder {home} ({error.strerror}); name a writable one in AGENTOBS_HOME"
        raise EmbeddedServerError(text) from error
    if not os.access(home, os.W_OK | os.X_OK):
        raise EmbeddedServerError(
            f"the data folder {home} is not writable for this user; name another one in AGENTOBS_HOME"
        )
    return home


def known(home: Path) -> Place | None:
    """The place that an earlier start recorded."""
    record = home / "location.json"
    try:
        found = json.loads(record.read_text())
        data, run = home / found["data"], home / found["run"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EmbeddedServerError(
            f"cannot read {record} ({error}); restore it: it says where the database is"
        ) from error
    owner = home.stat().st_uid
    return Place(home, owner, account_of(owner), data, run)


def prepared(home: Path) -> Place:
    """The place of the server, chosen on first use, its folders made. Call it under the start lock."""
    place = known(home)
    if place is None:
        owner = home.stat().st_uid
        account = account_of(owner)
        base = _base(home, account)
        place = Place(home, owner, account, base / "data", base / "run")
    elif not place.data.exists():
        gone = f"the database of {home} was in {place.data}, which is gone"
        text = f"{gone}; bring it back, or remove {home / 'location.json'} to begin with an empty one"
        raise EmbeddedServerError(text)
    return Place(home, place.owner, place.account, place.data, _run_folder(place))


def record(place: Place) -> None:
    """Write down where the server is; what is inside home by its relative path, so that home can be moved."""
    paths = {"data": place.data, "run": place.run}
    inside = {
        name: str(path.relative_to(place.home) if path.is_relative_to(place.home) else path)
        for name, path in paths.items()
    }
    fresh = place.home / "location.json.new"
    fresh.unlink(missing_ok=True)
    with fresh.open("x") as file:
        file.write(json.dumps(inside, indent=1) + "\n")
        if os.geteuid() == 0:
            os.fchown(file.fileno(), place.owner, -1)
    fresh.replace(place.home / "location.json")


def _base(home: Path, account: Account) -> Path:
    if not account.switches or account.may_enter(home):
        return home
    root_home = Path(pwd.getpwuid(0).pw_dir)
    if home != root_home and account.may_enter(home.parent):
        os.chown(home, -1, account.gid)
        home.chmod(0o710)
        return home
    name = hashlib.sha256(bytes(home)).hexdigest()[:16]
    try:
        SYSTEM_FOLDER.mkdir(mode=0o711, exist_ok=True)
        base = SYSTEM_FOLDER / name
        private_folder(base, account)
    except OSError:  # a read-only system
        base = Path(tempfile.mkdtemp(prefix="agentobs-"))
        os.chown(base, account.uid, account.gid)
    return base


def _run_folder(place: Place) -> Path:
    """The socket's folder: beside the data, or a short one where that path is too long for a socket."""
    if len(bytes(place.socket)) <= SOCKET_PATH_BYTES:
        if place.run.parent == place.base:
            private_folder(place.run, place.account)
            return place.run
        if is_private(place.run, place.account):
            return place.run
    run = Path(tempfile.mkdtemp(prefix="agentobs-"))
    if place.account.switches:
        os.chown(run, place.account.uid, place.account.gid)
    return run
