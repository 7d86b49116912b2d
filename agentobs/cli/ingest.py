"""ingest: read session files into the database, once, or as they grow."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from agentobs.cli import found, opening
from agentobs.cli.output import one_line
from agentobs.errors import SourceError

_BAR = 5_000  # events from which on indexing takes a while

if TYPE_CHECKING:
    from agentobs.adapters._base import Adapter
    from agentobs.ingest.backfill import Job, Plan
    from agentobs.settings import Settings


def ingest(
    *paths: Path,
    watch: Annotated[bool, Parameter(help="Stay, and read what is appended or appears.")] = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], help="Do not ask before what was found is read.")] = False,
    project: Annotated[str | None, Parameter(help="Project of all of it; default: each repository's own.")] = None,
    workers: Annotated[int | None, Parameter(help="Processes; default: one per core.")] = None,
    replay: Annotated[bool, Parameter(help="Read everything known again from its start.")] = False,
    mapping: Annotated[
        list[Path] | None, Parameter(help="Mapping file (TOML) of an agent of your own; may be repeated.")
    ] = None,
) -> int:  # fmt: skip
    """Read session files into the database; what was read before is not read again.

    Parameters
    ----------
    paths
        Folders or files of session logs; default: where the agents of this machine keep theirs, after a question.
    """
    from agentobs.ingest import backfill, mappings

    chosen = opening.settings(project=project, workers=workers)
    taught = mappings.paths_of(chosen.home, mapping or ())
    known = backfill.adapters(taught)
    roots = [path.expanduser() for path in paths] or found.roots(known)
    plan, failures = (None, []) if watch and paths else look(roots, known, named=bool(paths))
    if plan is not None and not plan.found and not watch:
        return read_nothing(failures or [SourceError(_no_sessions(roots))])
    if plan is not None and not paths:
        found.print_found(plan, roots)
        if not yes and not found.agreed():
            print("nothing was read")
            return 1
    with opening.database(chosen) as url:
        if replay:
            print(f"{_rewound(url):,} sources are set back to their start")
        job = job_of(chosen, url, taught)
        if plan is not None and not watch:
            return read(job, plan, failures, chosen.workers)
        from agentobs.cli.following import follow

        return follow(job, chosen, roots, known)


def job_of(chosen: "Settings", url: str, taught: Sequence[str] = ()) -> "Job":
    """Return what every worker of this command needs to know."""
    import platform

    from agentobs.ingest.backfill import Job
    from agentobs.redaction import load_key

    key = load_key(chosen.redaction_key)
    return Job(
        url=url,
        redaction_key=key,
        project=chosen.project,
        machine=platform.node() or None,
        mappings=tuple(taught),
        content=chosen.content,
        redaction_rules=chosen.redaction_rules,
    )


def look(
    roots: Sequence[Path], known: "Mapping[str, Adapter] | None" = None, *, named: bool = True
) -> "tuple[Plan, list[SourceError]]":
    """Return what lies below the roots, and why some of them gave nothing; an empty one is no failure unless named."""
    from agentobs.ingest.backfill import Plan, plan

    whole, failures = Plan([], []), []
    for root in roots:
        try:
            part = plan([root], None if known is None else dict(known))
        except SourceError as error:
            failures.append(error)
            continue
        seen = {item.path for item in (*whole.found, *whole.passed_over)}
        whole.found += [item for item in part.found if item.path not in seen]
        whole.passed_over += [item for item in part.passed_over if item.path not in seen]
        if named and not part.found:
            failures.append(SourceError(_nothing(root, part)))
    return whole, failures


def read(job: "Job", plan: "Plan", failures: Sequence[SourceError], workers: int | None) -> int:
    """Read what was planned, say what came of it, then what could not be read; return the exit code."""
    from agentobs.cli.progress import Tally, shown
    from agentobs.ingest import backfill

    tally = Tally(plan)
    with shown(tally):
        for outcome in backfill.run(job, plan.found, tally.moved, processes=workers):
            tally.finished(outcome)
    tally.print_summary()
    index(job)
    code = SourceError.exit_code if len(tally.failed) == len(plan.found) else 0
    return read_nothing(failures) if failures else code


def index(job: "Job") -> None:
    """Index what is stored and not yet searched, with a bar where there is much of it."""
    from tqdm.auto import tqdm

    from agentobs.ingest import indexing
    from agentobs.store import engine, search

    with engine.connect(job.url) as connection:
        waiting = search.lag(connection).events
    with tqdm(
        total=waiting, unit=" events", unit_scale=True, desc="indexing", leave=False, disable=waiting < _BAR
    ) as bar:
        indexing.index(job.url, job.mappings, bar.update)


def read_nothing(failures: Sequence[SourceError]) -> int:
    """Say what could not be read, a line each; return the exit code."""
    for failure in failures:
        print(f"agentobs: {one_line(str(failure))}", file=sys.stderr)
    return SourceError.exit_code


def _nothing(root: Path, plan: "Plan") -> str:
    if not root.is_dir() and plan.passed_over:
        return f"cannot read {str(root)!r}: {plan.passed_over[0].reason}"
    seen = len(plan.passed_over)
    why = f"; {seen} files passed over, the first: {plan.passed_over[0].reason}" if seen else ""
    return f"no session logs below {str(root)!r}{why}; `agentobs agents` says what can be read"


def _no_sessions(roots: Sequence[Path]) -> str:
    return f"no session logs below {', '.join(map(found.shortened, roots))}; or name a folder: agentobs ingest PATH"


def _rewound(url: str) -> int:
    from agentobs.store import engine, sources

    with engine.connect(url) as connection, engine.translated():
        return sources.rewind(connection)
