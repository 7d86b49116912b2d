"""Projects: which repository a working directory belongs to, asked once per directory."""

from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=10_000)
def repository_of(working_directory: str) -> str | None:
    """Return the root folder of the repository's main worktree; None where there is no repository on this machine."""
    path = Path(working_directory)
    if not path.is_absolute():
        return None
    for folder in (path, *path.parents):
        try:
            git = folder / ".git"
            if git.is_dir():
                return str(folder)
            if git.is_file():
                return _main_worktree(folder, git)
        except OSError:
            return None
    return None


def _main_worktree(folder: Path, git: Path) -> str:
    """A linked worktree has a file `.git` that leads into the main one's `.git/worktrees/<name>`."""
    text = git.read_text(encoding="utf-8", errors="replace")[:4096].strip()
    target = (folder / text.removeprefix("gitdir:").strip()).resolve()
    for parent in target.parents:
        if parent.name == ".git":
            return str(parent.parent)
    return str(folder)  # a submodule, or a git directory elsewhere: the folder is its own repository


class Projects:
    """Gives each event its project: the repository, else the first working directory of its session here.

    Agents change directories inside a project; where no repository says which folders belong together, those below the
    session's first directory do. `first` is a part of the source's saved state, so that reading on changes nothing.
    """

    def __init__(self, first: dict[str, str], override: str | None = None) -> None:
        self.first = first
        self._override = override

    def resolve(self, session_id: str, working_directory: str | None) -> tuple[str | None, str | None]:
        """Return (project, repository)."""
        if working_directory is None:
            known = self.first.get(session_id)
            repository = repository_of(known) if known else None
            return self._override or repository or known, repository
        repository = repository_of(working_directory)
        root = self.first.get(session_id)
        if root is None:
            if len(self.first) >= 64:
                self.first.pop(next(iter(self.first)))
            root = self.first[session_id] = working_directory
        inside = working_directory == root or working_directory.startswith(root.rstrip("/\\") + "/")
        return self._override or repository or (root if inside else working_directory), repository

    def of_directory(self, working_directory: str) -> str:
        """Return the project of a session that begins here; nothing is remembered of it."""
        return self._override or repository_of(working_directory) or working_directory

    @property
    def seen(self) -> set[str]:
        """The projects of the sessions seen so far."""
        if self._override:
            return {self._override}
        return {self.of_directory(directory) for directory in self.first.values()}
