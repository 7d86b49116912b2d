"""PostgreSQL with TimescaleDB out of Debian's packages, unpacked into a folder, without installing anything.

apt resolves, downloads and checks the packages with the machine's own mirror, settings and keyring, but with state and
cache of its own and against an empty list of installed packages, so that the folder gets a C library and loader of its
own and runs on an older Debian. `patchelf` points the programs at them: the folder can't be moved afterwards.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

SUITE = "trixie"
PACKAGES = ("postgresql-17-timescaledb", "patchelf")
MAJOR = 17
LEFT_OUT = re.compile(
    r"perl.*|lib.*-perl|libperl.*|libllvm.*|llvm.*|locales.*|debconf.*|adduser|passwd|login.*|ssl-cert|postgresql-common.*"
    r"|postgresql-client-common|systemd.*|libsystemd-shared|init-system-helpers|sysvinit-utils|lsb-base|netbase|tzdata|ucf"
    r"|sensible-utils|dpkg|tar|sed|openssl|ca-certificates|gcc-.*-base|base-files|base-passwd|dash|debianutils|mawk"
)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Unavailable(Exception):
    """This machine cannot provide the server, and why."""


def unpacked(cache: Path) -> Path:
    """The folder `usr` of an unpacked PostgreSQL with TimescaleDB, made once per cache."""
    cache = cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / "root"
    if (root / "ready").exists():
        return root
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "ready").exists():
            shutil.rmtree(root, ignore_errors=True)
            _need("apt-get", "apt-config", "dpkg-deb", "dpkg", "tar")
            with tempfile.TemporaryDirectory(prefix="apt-", dir=cache) as work:
                _unpack(_downloaded(Path(work)), root)
            _point_at_own_libraries(root)
            (root / "ready").touch()
    return root


def programs(root: Path) -> Path:
    """The folder of postgres, initdb and psql."""
    return root / f"usr/lib/postgresql/{MAJOR}/bin"


def _need(*names: str) -> None:
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise Unavailable(f"TimescaleDB is unpacked from Debian packages, and this machine lacks {', '.join(missing)}")


def mirror(apt: Path = Path("/etc/apt"), os_release: Path = Path("/etc/os-release")) -> str:
    """The archive that this machine itself installs from; read from its settings, since its lists may be empty."""
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)', os_release.read_text(), re.MULTILINE))
    for uri, suites in _sources(apt):
        if release.get("ID") == "debian" and suites & {release.get("VERSION_CODENAME"), "stable"}:
            return uri
    raise Unavailable("TimescaleDB is unpacked from Debian packages, and this machine has no Debian mirror configured")


def _sources(apt: Path) -> Iterator[tuple[str, set[str]]]:
    """The address and suites of every configured archive, in both of apt's notations."""
    for path in (apt / "sources.list", *sorted(apt.glob("sources.list.d/*"))):
        text = path.read_text() if path.is_file() else ""
        if path.suffix == ".list":
            for uri, suite in re.findall(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)", text, re.MULTILINE):
                yield uri, {suite}
        elif path.suffix == ".sources":
            for stanza in re.split(r"\n\s*\n", text):
                fields = {
                    name.lower(): value for name, value in re.findall(r"^([\w-]+):[ \t]*(.*)", stanza, re.MULTILINE)
                }
                if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() != "no":
                    for uri in fields.get("uris", "").split():
                        yield uri, set(fields.get("suites", "").split())


def _downloaded(work: Path) -> list[Path]:
    for folder in ("lists/partial", "archives/partial", "parts", "debs"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    signed = f" [signed-by={KEYRING}]" if KEYRING.exists() else ""
    (work / "sources.list").write_text(f"deb{signed} {mirror()} {SUITE} main\n")
    configuration = work / "apt.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(_configuration(work))
    environment = {**os.environ, "APT_CONFIG": str(configuration), "LC_ALL": "C"}
    _output(["apt-get", "update", "--error-on=any"], environment)
    wanted = _output(["apt-get", "install", "--simulate", "--no-install-recommends", *PACKAGES], environment)
    closure = re.findall(r"^Inst (\S+) \((\S+)", wanted, re.MULTILINE)
    kept = [f"{name}={version}" for name, version in closure if not LEFT_OUT.fullmatch(name)]
    _output(["apt-get", "download", *kept], environment, work / "debs")
    return sorted((work / "debs").glob("*.deb"))


def _configuration(work: Path) -> str:
    """The machine's ways to fetch (proxies, mirrors' options), with every folder and the list of packages our own."""
    acquire = [line for line in _output(["apt-config", "dump"]).splitlines() if line.startswith("Acquire")]
    folders = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": work / "parts",
        "Dir::Etc::parts": work / "parts",
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::preferencesparts": work / "parts",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::State": work,
        "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work,
        "Dir::Cache::archives": work / "archives",
        "APT::Sandbox::User": "root",
        "APT::Get::Assume-Yes": "true",
    }
    return "\n".join([*acquire, *(f'{name} "{value}";' for name, value in folders.items())]) + "\n"


def _unpack(packages: list[Path], root: Path) -> None:
    root.mkdir(parents=True)
    for package in packages:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as archive:
            skip = ["--exclude=./usr/share/doc", "--exclude=./usr/share/man", "--exclude=./usr/share/locale"]
            subprocess.run(["tar", "-x", "--no-same-owner", "-C", root, *skip], stdin=archive.stdout, check=True)
        if archive.returncode:
            raise Unavailable(f"dpkg-deb cannot read {package.name}")
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink())):
        folder.chmod(0o755)


def _point_at_own_libraries(root: Path) -> None:
    """Make every program and module of PostgreSQL use the folder's own loader and libraries."""
    loader = next(iter(sorted(root.glob("usr/lib/*-linux-gnu*/ld-linux-*.so.*"))), None)
    loader = loader or next(iter(sorted(root.glob("usr/lib/ld-linux-*.so.*"))))
    libraries = next(path.parent for path in root.glob("usr/lib/*/libc.so.6"))
    patchelf = [
        loader,
        "--library-path",
        libraries,
        root / "usr/bin/patchelf",
        "--force-rpath",
        "--set-rpath",
        libraries,
    ]
    for program in programs(root).iterdir():
        if program.read_bytes()[:4] == b"\x7fELF":
            subprocess.run([*patchelf, "--set-interpreter", loader, program], check=True)


def _output(command: list[str], environment: dict[str, str] | None = None, folder: Path | None = None) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)
    if answer.returncode:
        last = (answer.stderr.strip() or answer.stdout.strip())[-400:]
        raise Unavailable(f"{' '.join(command[:2])} failed: {last}")
    return answer.stdout
