"""Every night: read what agents have written, then the usage report of yesterday, one folder a day.

<out>/daily_usage/<day>/ holds usage.html, the notebook it came from, and summary.txt: what the run did, in one line. A
second run of the same day reads what is new and writes the same files again.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

from agentobs import reports
from agentobs.adapters._base import Adapter
from agentobs.errors import AgentobsError, ReportError, SettingsError, SourceError
from agentobs.ingest import backfill, places, worker
from agentobs.pipelines import Occasion, Parameter, Pipeline
from agentobs.redaction import load_key

NAME = "daily_usage"
_MOST_DAYS = 3660


def run(occasion: Occasion, *, target: str, out: str, days: int, project: str) -> str:
    """Return what was read and where the report is; raise when the report failed or no file could be read."""
    if not 1 <= days <= _MOST_DAYS:
        raise SettingsError(f"parameter 'days' is {days}; it is 1 to {_MOST_DAYS}")
    first = occasion.day - timedelta(days - 1)
    said = str(occasion.day) if days == 1 else f"{first}_{occasion.day}"
    folder = _made(Path(out).expanduser() / NAME / said)
    done = [f"{NAME} {said}"]
    try:
        outcomes = _ingest(occasion, target)
        done.append(_told(outcomes))
        done.append(str(_report(occasion, folder, first, project)))
        if outcomes and all(outcome.error for outcome in outcomes):
            raise SourceError(f"none of {len(outcomes)} files could be read, the first: {outcomes[0].error}")
    except AgentobsError as error:
        done.append(f"failed: {error}")
        raise
    finally:
        summary = "; ".join(done)
        (folder / "summary.txt").write_text(" ".join(summary.split()) + "\n", encoding="utf-8")
    return summary


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"reports cannot be written to {folder}: {error.strerror}; give -p out=FOLDER") from error
    return folder


def _ingest(occasion: Occasion, target: str) -> list[worker.Outcome]:
    known = backfill.adapters()
    roots = [Path(target).expanduser()] if target else _roots(occasion, known)
    plan = backfill.plan(roots, known)
    if target and not plan.found:
        raise SourceError(f"no session logs below {target!r}; `agentobs agents` says what can be read")
    job = backfill.Job(
        url=occasion.url,
        redaction_key=load_key(occasion.settings.redaction_key),
        project=occasion.settings.project,
        machine=occasion.machine,
        content=occasion.settings.content,
        redaction_rules=occasion.settings.redaction_rules,
    )
    return list(backfill.run(job, plan.found, worker.ignore, processes=occasion.settings.workers))


def _roots(occasion: Occasion, known: dict[str, Adapter]) -> list[Path]:
    return list(places.roots_of(known, places.Machine(occasion.home, sys.platform, occasion.environ)))


def _report(occasion: Occasion, folder: Path, first: date, project: str) -> Path:
    range_ = {"since": str(first), "until": str(occasion.day + timedelta(1)), "tz": occasion.settings.timezone}
    return reports.run("usage", folder, {**range_, "project": project}).path


def _told(outcomes: list[worker.Outcome]) -> str:
    failed = [outcome for outcome in outcomes if outcome.error]
    text = f"{len(outcomes) - len(failed)} files read, {sum(outcome.stored for outcome in outcomes)} new events"
    rejected = sum(outcome.rejected for outcome in outcomes)
    if rejected:
        text += f", {rejected} records rejected"
    if failed:
        text += f", {len(failed)} files not read, the first {failed[0].path}: {failed[0].error}"
    return text


PIPELINE = Pipeline(
    name=NAME,
    title="What the agents did yesterday, and what it cost",
    schedule="15 3 * * *",
    run=run,
    parameters={
        "target": Parameter("", "a folder or file of session logs to read; empty: where agents keep theirs"),
        "out": Parameter("reports", "the folder for reports"),
        "days": Parameter(1, "how many days the report is about; the last one is the run's"),
        "project": Parameter("", "one project's root folder; empty: all projects"),
    },
)
