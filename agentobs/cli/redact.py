"""redact: what is replaced before anything is stored; with --rescan, in what is stored already."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from agentobs.cli import opening
from agentobs.cli.output import count, print_json
from agentobs.cli.tables import print_table
from agentobs.errors import SettingsError

if TYPE_CHECKING:
    from agentobs.store.rescan import Found, Progress

_LEFT = "the server's write-ahead log holds it until it is overwritten, backups and reports as long as they are kept"


def redact(
    *,
    rescan: Annotated[bool, Parameter(help="Apply the present rules to everything that is stored.")] = False,
    dry_run: Annotated[bool, Parameter(help="With --rescan: only count what would be replaced.")] = False,
    erase: Annotated[
        bool, Parameter(help="With --rescan: also rewrite the tables' files; they are locked meanwhile.")
    ] = False,
    json: Annotated[bool, Parameter(help="Print JSON.")] = False,
) -> None:
    """Say which rules there are and what was stored under others; with --rescan, redact that anew.

    An interrupted rescan goes on where it was. Ids stay, and so do sums.
    """
    from agentobs.redaction import Redactor, load_key
    from agentobs.store import rescan as rescanning

    if (dry_run or erase) and not rescan:
        raise SettingsError(f"--{'dry-run' if dry_run else 'erase'} belongs to --rescan")
    chosen = opening.settings()
    rules, version = opening.rules(chosen)
    with opening.connection(chosen, read_only=dry_run or not rescan) as connection:
        older = rescanning.older(connection, version)
        if not rescan:
            names = sorted({rule.name for rule in rules})
            _say(json, {"rules_version": version, "rules": names, "older_events": older}, _rules)
            return
        redactor = Redactor(load_key(chosen.redaction_key), rules)
        with _shown() as watch:
            found = rescanning.rescan(connection, redactor, version, chosen.content, is_dry=dry_run, watch=watch)
        if erase and not dry_run:
            rescanning.erase(connection, [place for place, changed in found.changed.items() if changed])
    _say(json, _plain(found, version, older, is_dry=dry_run), _found)
    if found.changed.total() and not dry_run and not json:
        print(_LEFT if erase else f"the tables' files hold the old text until they are rewritten (--erase); {_LEFT}")


def _plain(found: "Found", version: str, older: int, *, is_dry: bool) -> dict[str, Any]:
    return {
        "rules_version": version,
        "is_dry_run": is_dry,
        "older_events": older,
        "places": [
            {"place": place, "rows": rows, "changed": found.changed[place]} for place, rows in found.rows.items()
        ],
        "redactions": [{"rule": rule, "secrets": secrets} for rule, secrets in found.redactions.most_common()],
    }


def _say(as_json: bool, found: dict[str, Any], show: Callable[[dict[str, Any]], None]) -> None:
    if as_json:
        print_json(found)
    else:
        show(found)


def _rules(found: dict[str, Any]) -> None:
    print(f"{len(found['rules'])} kinds of secrets are replaced (rules {found['rules_version']}): "
          f"{', '.join(found['rules'])}")  # fmt: skip
    if found["older_events"]:
        print(f"stored with older rules: {found['older_events']:,} events, run `agentobs redact --rescan`")
    else:
        print("everything stored went through these rules")


def _found(found: dict[str, Any]) -> None:
    rows = [(row["place"], count(row["rows"]), count(row["changed"])) for row in found["places"] if row["rows"]]
    print_table("Looked at", {"": "left", "rows": "right", "changed": "right"}, rows)
    if found["redactions"]:
        title = "Secrets to replace" if found["is_dry_run"] else "Secrets replaced"
        print_table(title, {"rule": "left", "secrets": "right"},
                    [(row["rule"], count(row["secrets"])) for row in found["redactions"]])  # fmt: skip
    else:
        print("no secret was found")
    if found["is_dry_run"]:
        print("nothing was changed: without --dry-run it is")


@contextmanager
def _shown() -> "Iterator[Callable[[Progress], None]]":
    """Give what shows how far a rescan is, on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("")

        def watch(progress: "Progress") -> None:  # pyright: ignore[reportGeneralTypeIssues]
            bar.update(task, description=progress.place, completed=progress.rows, total=max(progress.of, progress.rows))

        yield watch
