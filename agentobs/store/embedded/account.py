"""The user that owns the data and runs the server; never root, which PostgreSQL refuses."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Account:
    """The user that owns the data and runs the server."""

    uid: int
    gid: int

    @property
    def switches(self) -> bool:
        return self.uid != os.geteuid()

    def may_enter(self, folder: Path) -> bool:
        """Whether this user can reach the folder through all of its parents."""
        return all(self._passes(part.stat()) for part in (folder, *folder.parents))

    def may_run(self, program: Path) -> bool:
        return self.may_enter(program.parent) and self._passes(program.stat())

    def _passes(self, entry: os.stat_result) -> bool:
        if self.uid in (0, os.geteuid()):
            return True
        if entry.st_uid == self.uid:
            return bool(entry.st_mode & stat.S_IXUSR)
        if entry.st_gid == self.gid:
            return bool(entry.st_mode & stat.S_IXGRP)
        return bool(entry.st_mode & stat.S_IXOTH)

    def subprocess_arguments(self) -> dict[str, Any]:
        """The arguments that make subprocess run something as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switches else {}


def account_of(owner: int) -> Account:
    """The account for a home folder with this owner: root's server runs as that owner, or as nobody."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    user = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    return Account(user.pw_uid, user.pw_gid)


def private_folder(folder: Path, account: Account) -> None:
    """Make a folder that only the server's user may enter."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account.switches:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def is_private(folder: Path, account: Account) -> bool:
    """Whether the folder is still there, the account's, and closed to everybody else."""
    try:
        entry = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(entry.st_mode) and entry.st_uid == account.uid and not entry.st_mode & 0o077
