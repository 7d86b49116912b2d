"""The rules for dangerous commands: each looks at one command of a line and says what it would do."""

import re
from collections.abc import Callable
from typing import NamedTuple

from agentobs.analysis.detectors._commands import SHELLS, Simple


class Danger(NamedTuple):
    """What one command would do."""

    rule: str
    severity: str
    says: str


_ROOTS = re.compile(
    r"/|/\*|/\.|~|~/|~/\*|~\w+/?|\$\{?HOME\}?/?\*?|/(?:bin|boot|dev|etc|home|lib|lib64|opt|root|sbin|srv|sys|usr"
    r"|var|Users"
    r"|System|Library|Applications|mnt|media)(?:/\*?)?|/(?:home|Users)/[^/]+/?\*?|[A-Za-z]:[\\/]*\*?|%USERPROFILE%"
    r"|\$env:USERPROFILE"
)
_SYSTEM = re.compile(r"/(?:bin|boot|etc|lib|lib64|sbin|sys|usr(?!/(?:local/)?src)|System)/.+")
_ALL_HERE = re.compile(r"\.|\./|\*|\./\*|\.\.(?:/\.\.)*/?\*?|\$\{?PWD\}?/?\*?|\.git/?")
_GUARDED = re.compile(
    r"/etc/(?:passwd|shadow|sudoers(?:\.d/.*)?|ssh/.*|hosts|crontab)|.*/\.ssh/authorized_keys|/boot/.*"
    r"|~/\.ssh/authorized_keys"
)
_DISK = re.compile(r"/dev/(?:sd|nvme|hd|vd|xvd|disk|mmcblk|mapper)\w*")
_DROPS = re.compile(
    r"\bdrop\s+(?:table|database|schema)\b|\btruncate\s+(?:table\s+)?\w|\bdelete\s+from\s+[\w.\"`]+\s*(?:;|\Z|[\"'])"
    r"|\bdropDatabase\(|\bflush(?:all|db)\b|\.drop\(\)",
    re.IGNORECASE,
)
_CLIENTS = frozenset(("psql", "mysql", "mariadb", "sqlite3", "mongo", "mongosh", "redis-cli", "sqlcmd",
                      "clickhouse-client",
                      "duckdb", "cqlsh", "snowsql", "bq"))  # fmt: skip
_INTERPRETERS = SHELLS | {"python", "python3", "node", "perl", "ruby", "iex", "Invoke-Expression"}
_FETCHES = ("curl", "wget", "iwr", "irm", "Invoke-WebRequest", "Invoke-RestMethod")
_WIDE_OPEN = re.compile(r"0?[0-7]?777|(?:[augo]*[ao][augo]*)[+=][rx]*w[rx]*|0?666")
_RESETS = re.compile(
    r"\b(?:manage\.py flush|db:(?:drop|reset|purge)|migrate:(?:fresh|reset)|prisma migrate reset|--force-reset"
    r"|--accept-data-loss|alembic downgrade base|artisan db:wipe|doctrine:(?:database|schema):drop)\b"
)


def dangers(simple: Simple, line: str) -> list[Danger]:
    """Return what is dangerous about one command of a line."""
    found = [danger for rule in (*_RULES.get(simple.name, ()), *_EVERY) if (danger := rule(simple, line)) is not None]
    shows_only = {"--dry-run", "--help", "--whatif", "-WhatIf"}.intersection(simple.words)
    return [] if shows_only else found


def _flags(words: tuple[str, ...]) -> set[str]:
    """Return the options: each letter of short ones, long ones whole."""
    letters = {letter for word in words if re.fullmatch(r"-[A-Za-z]+", word) for letter in word[1:]}
    return letters | {word.partition("=")[0] for word in words if word.startswith("--")}


def _plain(words: tuple[str, ...]) -> list[str]:
    return [word for word in words if not word.startswith("-")]


def _rm(simple: Simple, line: str) -> Danger | None:
    flags, targets = _flags(simple.words), _plain(simple.words)
    if not flags & {"r", "R", "--recursive"}:
        return None
    if "--no-preserve-root" in flags or any(map(_ROOTS.fullmatch, targets)):
        return Danger("rm_root", "critical", "deletes a root, home or system folder")
    if any(map(_SYSTEM.match, targets)):
        return Danger("rm_system", "high", "deletes system files recursively")
    if any(map(_ALL_HERE.fullmatch, targets)):
        return Danger("rm_all", "high", "deletes everything here, above, or the repository's history")
    if any(re.match(r"\$\{?\w+\}?/+\*?\Z", target) for target in targets):
        return Danger("rm_variable", "medium", "deletes a folder named by a variable that may be empty")
    return None


def _find(simple: Simple, line: str) -> Danger | None:
    start = next(iter(_plain(simple.words)), ".")
    narrowed = any(word.startswith(("-name", "-iname", "-path", "-mtime", "-regex", "-empty")) for word in simple.words)
    if "-delete" in simple.words and not narrowed and (_ROOTS.fullmatch(start) or _ALL_HERE.fullmatch(start)):
        return Danger("find_delete", "critical", "deletes every file under a folder")
    return None


def _git(simple: Simple, line: str) -> Danger | None:  # noqa: C901, PLR0911 (a table of subcommands)
    words = list(simple.words)
    while words[:1] and words[0] in {"-C", "-c"}:
        words = words[2:]
    while words[:1] and words[0].startswith("-"):
        words = words[1:]
    if not words:
        return None
    sub, rest = words[0], tuple(words[1:])
    flags = _flags(rest)
    if sub == "push":
        return _git_push(flags, rest)
    if sub == "reset" and "--hard" in flags:
        return Danger("git_reset_hard", "medium", "throws uncommitted changes away")
    if sub == "clean" and flags & {"f", "--force"} and not flags & {"n"}:
        return Danger("git_clean", "medium", "deletes untracked files")
    if sub in {"checkout", "restore"} and {".", ":/", "*"}.intersection(rest) and not {"--staged"} & flags:
        return Danger("git_discard_all", "medium", "throws all uncommitted changes away")
    if sub == "stash" and {"drop", "clear"}.intersection(rest[:1]):
        return Danger("git_stash_drop", "medium", "deletes stashed changes")
    if (
        sub in {"filter-branch", "filter-repo"}
        or (sub == "reflog" and "expire" in rest)
        or (sub == "gc" and "--prune" in flags)
    ):
        return Danger("git_history", "high", "rewrites or prunes history")
    if sub == "branch" and flags & {"D"}:
        return Danger("git_branch_delete", "low", "deletes a branch whether merged or not")
    if sub == "commit" and "--no-verify" in flags:
        return Danger("git_no_verify", "low", "commits past the hooks")
    return None


def _git_push(flags: set[str], rest: tuple[str, ...]) -> Danger | None:
    refs = _plain(rest)[1:]
    if flags & {"f", "--force", "--mirror"} or any(ref.startswith("+") for ref in refs):
        return Danger("git_force_push", "high", "overwrites the history of a remote")
    if "--force-with-lease" in flags:
        return Danger("git_force_with_lease", "medium", "overwrites the history of a remote unless it moved")
    if flags & {"d", "--delete"} or any(ref.startswith(":") for ref in refs):
        return Danger("git_push_delete", "medium", "deletes a branch or tag of a remote")
    return None


def _chmod(simple: Simple, line: str) -> Danger | None:
    words = _plain(simple.words)
    if not words:
        return None
    recursive = bool(_flags(simple.words) & {"R", "--recursive"})
    if _WIDE_OPEN.fullmatch(words[0]):
        wide = recursive or any(map(_ROOTS.fullmatch, words[1:]))
        return Danger("chmod_open", "high" if wide else "medium", "lets everybody write")
    if re.fullmatch(r"[ug]\+s|[246]7\d\d", words[0]):
        return Danger("chmod_setuid", "high", "lets a program run as its owner")
    return None


def _chown(simple: Simple, line: str) -> Danger | None:
    if _flags(simple.words) & {"R", "--recursive"} and any(map(_ROOTS.fullmatch, _plain(simple.words)[1:])):
        return Danger("chown_root", "high", "changes the owner of a root or system folder")
    return None


def _disk(simple: Simple, line: str) -> Danger | None:
    if simple.name == "dd":
        hit = any(word.startswith("of=") and _DISK.match(word[3:]) for word in simple.words)
        return Danger("disk", "critical", "overwrites a disk") if hit else None
    if simple.name == "shred" and not any(map(_DISK.match, simple.words)):
        return None
    if simple.name in {"fdisk", "parted"} and {"-l", "--list", "print"}.intersection(simple.words):
        return None
    return Danger("disk", "critical", "formats or repartitions a disk")


def _database(simple: Simple, line: str) -> Danger | None:
    told = " ".join((*simple.words, simple.fed or "", line if simple.piped else ""))
    if not _DROPS.search(told):
        return None
    scratch = simple.name in {"sqlite3", "duckdb"} or ":memory:" in told
    return Danger("drop_data", "medium" if scratch else "high", "drops or empties tables or databases")


def _dropdb(simple: Simple, line: str) -> Danger | None:
    if simple.name == "mysqladmin" and "drop" not in simple.words:
        return None
    return Danger("drop_data", "high", "drops a database")


def _docker(simple: Simple, line: str) -> Danger | None:
    words, flags = simple.words, _flags(simple.words)
    if "prune" in words or words[:2] == ("volume", "rm"):
        return Danger("docker_prune", "medium", "deletes containers, images or volumes")
    if "down" in words and flags & {"v", "--volumes"}:
        return Danger("docker_volumes", "medium", "deletes the volumes of containers")
    if "run" in words and "--privileged" in flags:
        return Danger("docker_privileged", "medium", "runs a container with all rights on the host")
    return None


def _cluster(simple: Simple, line: str) -> Danger | None:
    words, flags = simple.words, _flags(simple.words)
    if simple.name in {"terraform", "tofu", "pulumi"}:
        if "destroy" in words or "-destroy" in words:
            return Danger("destroy", "high", "destroys infrastructure")
        if "-auto-approve" in words or "--auto-approve" in flags:
            return Danger("auto_approve", "medium", "changes infrastructure unasked")
        return None
    if "delete" in words and ({"--all", "-A"} & {*words} or {"ns", "namespace", "pv", "pvc", "crd"} & {*words}):
        return Danger("kubectl_delete", "high", "deletes whole namespaces, volumes or all objects")
    return None


def _cloud(simple: Simple, line: str) -> Danger | None:
    told = " ".join(simple.words)
    if re.search(
        r"\bs3 (?:rm\b.*--recursive|rb\b.*--force)|terminate-instances|delete-(?:db|stack|bucket|table|cluster)"
        r"|\b(?:group|projects|instances|databases|clusters) delete\b|\brepo delete\b|\brm -r\b.*gs://|\bdestroy\b",
        told,
    ):
        return Danger("cloud_delete", "high", "deletes cloud resources or a repository")
    return None


def _publish(simple: Simple, line: str) -> Danger | None:
    if simple.words[:1] in {("publish",), ("upload",)} or (simple.name == "gem" and simple.words[:1] == ("push",)):
        return Danger("publish", "medium", "publishes a package, which can't be taken back")
    return None


def _machine(simple: Simple, line: str) -> Danger | None:
    words = simple.words
    if simple.name in {"shutdown", "reboot", "halt", "poweroff"} or (
        simple.name == "init" and words[:1] in {("0",), ("6",)}
    ):
        return Danger("shutdown", "high", "stops or restarts the machine")
    if simple.name == "kill" and words[-1:] == ("-1",) and len(words) > 1:
        return Danger("kill_all", "high", "ends every process")
    if simple.name in {"iptables", "nft"} and {"-F", "--flush", "flush"}.intersection(words):
        return Danger("firewall", "high", "takes the firewall down")
    if (simple.name, words[:1]) in {("ufw", ("disable",)), ("setenforce", ("0",)), ("crontab", ("-r",))}:
        return Danger("protection", "high", "turns protection off or deletes all timed jobs")
    if simple.name == "userdel":
        return Danger("userdel", "high", "deletes a user")
    return None


def _history(simple: Simple, line: str) -> Danger | None:
    if simple.words[:1] == ("-c",):
        return Danger("history", "medium", "deletes the traces of what ran")
    return None


def _reverse_shell(simple: Simple, line: str) -> Danger | None:
    if {"-e", "-c"}.intersection(simple.words) and any("sh" in word for word in simple.words):
        return Danger("reverse_shell", "critical", "gives a shell to whoever is on the other side")
    return None


def _agent(simple: Simple, line: str) -> Danger | None:
    unguarded = {"--dangerously-skip-permissions", "--yolo", "--dangerously-bypass-approvals-and-sandbox"}
    if unguarded.intersection(simple.words):
        return Danger("unguarded_agent", "medium", "starts an agent that asks for no permission")
    return None


def _windows(simple: Simple, line: str) -> Danger | None:
    words = [word.lower() for word in simple.words]
    recursive = {"/s", "-recurse", "-r"}.intersection(words)
    if recursive and any(_ROOTS.fullmatch(word) for word in simple.words if not word.startswith(("-", "/s", "/q"))):
        return Danger("rm_root", "critical", "deletes a root or home folder")
    return None


def _piped(simple: Simple, line: str) -> Danger | None:
    """A program that runs whatever comes in."""
    if simple.name not in _INTERPRETERS:
        return None
    runs_input = not _plain(simple.words) or "-s" in simple.words
    if simple.piped in _FETCHES and (runs_input or simple.words[:1] == ("-",)):
        return Danger("fetched_code", "high", "runs code straight from the network")
    if simple.piped in {"base64", "xxd"} and runs_input and simple.name in SHELLS:
        return Danger("decoded_code", "high", "runs code that was hidden in an encoding")
    return None


def _fetched(simple: Simple, line: str) -> Danger | None:
    runner = r"\b(?:bash|sh|zsh|source|eval|iex)\b[^|;&\n]{0,20}"
    if simple.name in _FETCHES and re.search(runner + r"(?:<\(|\$\(|\()\s*" + re.escape(simple.name), line):
        return Danger("fetched_code", "high", "runs code straight from the network")
    return None


def _writes(simple: Simple, line: str) -> Danger | None:
    targets = [*simple.writes, *(_plain(simple.words) if simple.name in {"tee", "truncate"} else ())]
    if any(map(_DISK.match, targets)):
        return Danger("disk", "critical", "overwrites a disk")
    if any(map(_GUARDED.fullmatch, targets)):
        return Danger("system_file", "high", "writes a file that guards the system")
    return None


def _reset(simple: Simple, line: str) -> Danger | None:
    if simple.name in {"echo", "cat", "grep", "rg", "git", "sed"}:
        return None
    if _RESETS.search(" ".join((simple.name, *simple.words))):
        return Danger("reset_data", "medium", "drops the application's database")
    return None


_DISK_TOOLS = ("dd", "mkfs", "mkfs.ext4", "mkfs.xfs", "mkfs.vfat", "wipefs", "fdisk", "parted", "shred")
_Rule = Callable[[Simple, str], Danger | None]
_EVERY: tuple[_Rule, ...] = (_piped, _fetched, _writes, _reset)
_RULES: dict[str, tuple[_Rule, ...]] = {
    "rm": (_rm,),
    "find": (_find,),
    "git": (_git,),
    "chmod": (_chmod,),
    "chown": (_chown,),
    **dict.fromkeys(_DISK_TOOLS, (_disk,)),
    **dict.fromkeys(_CLIENTS, (_database,)),
    **dict.fromkeys(("dropdb", "mysqladmin"), (_dropdb,)),
    **dict.fromkeys(("docker", "podman", "docker-compose"), (_docker,)),
    **dict.fromkeys(("terraform", "tofu", "pulumi", "kubectl", "oc"), (_cluster,)),
    **dict.fromkeys(("aws", "gcloud", "gsutil", "az", "gh", "doctl", "flyctl", "heroku"), (_cloud,)),
    **dict.fromkeys(("npm", "pnpm", "yarn", "cargo", "twine", "gem", "poetry", "uv", "flit", "hatch"), (_publish,)),
    **dict.fromkeys(("shutdown", "reboot", "halt", "poweroff", "init", "kill", "iptables", "nft", "ufw", "setenforce",
                     "crontab", "userdel"), (_machine,)),
    "history": (_history,),
    **dict.fromkeys(("nc", "ncat", "netcat"), (_reverse_shell,)),
    **dict.fromkeys(("claude", "codex", "gemini"), (_agent,)),
    **dict.fromkeys(("del", "rd", "rmdir", "Remove-Item", "ri"), (_windows,)),
}  # fmt: skip
