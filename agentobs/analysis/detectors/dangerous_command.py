"""Shell commands that can destroy data, history or protection, whether they did or not.

A table of rules over the parsed line (`_dangers`): what a quoted text, a comment or a file written by `cat > x <<EOF`
says is not run. What an agent's tool does without a shell, and scripts whose text is elsewhere, are not seen.
"""

import re
from collections.abc import Iterator

import pandas as pd

from agentobs.analysis.detectors._base import SEVERITIES, Detector, Hit, hits
from agentobs.analysis.detectors._commands import commands
from agentobs.analysis.detectors._dangers import Danger, dangers

_WORTH_A_LOOK = (
    r"\brm\b|\bgit\b|chmod|chown|curl|wget|\bdd\b|mkfs|wipefs|fdisk|parted|shred|[Dd][Rr][Oo][Pp]|TRUNCATE|truncate"
    r"|DELETE|delete|[Ff]lush|docker|podman|prune|destroy|auto-approve|publish|upload|shutdown|reboot|halt"
    r"|poweroff|\binit\b"
    r"|\bkill\b|iptables|\bnft\b|\bufw\b|setenforce|crontab|userdel|history|\bnc\b|ncat|netcat|yolo|dangerously"
    r"|\bdel\b|\brd\b|rmdir|Remove-Item|\biex\b|base64|/dev/|/etc/|/boot/|\.ssh|db:|migrate|alembic|--force-reset"
    r"|:\(\)"
)
_FORK_BOMB = re.compile(r":\s*\(\)\s*\{\s*:\s*\|\s*:\s*&\s*\}\s*;\s*:")


def find(steps: pd.DataFrame, *, at_least: str = "low") -> pd.DataFrame:
    """Calls that ran, or wanted to run, a dangerous command.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : lowest severity that counts, one of info, low, medium, high, critical

    Returns
    -------
    HITS, one per call. Severity: that of the worst rule (`rm -rf /` critical, a force push high, `git reset --hard`
    medium); one less where the call was denied. Confidence: 0.95; 0.7 where a variable decides. Nothing was certainly
    in vain. A call whose command is unknown says nothing; failing does not make a command harmless.
    """
    return hits(_found(steps, SEVERITIES.index(at_least)))


def _found(steps: pd.DataFrame, floor: int) -> Iterator[Hit]:
    lines = steps["command"]
    chosen = lines[lines.str.contains(_WORTH_A_LOOK, na=False)]
    statuses = steps["status"].loc[chosen.index].tolist()
    seen: dict[str, list[Danger]] = {}
    for row, line, status in zip(chosen.index.tolist(), chosen.tolist(), statuses, strict=True):
        if line not in seen:
            seen[line] = _of_line(line)
        found = seen[line]
        if not found:
            continue
        worst = max(found, key=lambda danger: SEVERITIES.index(danger.severity))
        level = SEVERITIES.index(worst.severity) - (status == "denied")
        if level < floor:
            continue
        others = len({danger.rule for danger in found}) - 1
        said = f"a command that {worst.says} (rule {worst.rule})"
        said += f", and {others} more dangerous thing{'s' * (others > 1)}" if others else ""
        said += {"denied": "; it was denied", "error": "; it failed"}.get(str(status), "")
        yield Hit([row], [], SEVERITIES[level], 0.7 if worst.rule == "rm_variable" else 0.95, said)


def _of_line(line: str) -> list[Danger]:
    found = [danger for simple in commands(line) for danger in dangers(simple, line)]
    if _FORK_BOMB.search(line):
        found.append(Danger("fork_bomb", "critical", "starts processes without end"))
    return found


DETECTOR = Detector(
    name="dangerous_command",
    version=1,
    title="Dangerous command",
    definition="A shell command that a rule calls dangerous: rm -rf /, force push, chmod 777, curl piped to a shell.",
    source="agentobs",
    find=find,
)
