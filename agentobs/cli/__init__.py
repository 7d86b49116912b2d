"""The command line: thin commands over the floors below. What they need is imported when they run."""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group, Parameter

import agentobs
from agentobs.errors import AgentobsError

_BEGIN, _ASK, _KEEP = Group("Begin", sort_key=1), Group("Ask", sort_key=2), Group("Look after", sort_key=3)
_COMMANDS = (
    (_BEGIN, "ingest", "ingest:ingest", "Read session files into the database; with --watch, as they grow."),
    (_BEGIN, "agents", "agents:agents", "List the agents whose sessions can be read, and where they are looked for."),
    (_BEGIN, "serve", "serve:serve", "Take events by HTTP, keep them durable, and store them."),
    (_BEGIN, "send", "send:send", "Send session files to a server."),
    (_BEGIN, "demo", "pages:demo", "Ingest the sample sessions, write the report, serve the dashboard."),
    (_ASK, "sessions", "reading:sessions", "List sessions, the newest first, with what they cost."),
    (_ASK, "show", "showing:show", "Show what happened in a session, step by step."),
    (_ASK, "usage", "reading:usage", "Count tokens and cost by day, model, project, agent or session."),
    (_ASK, "search", "search:search", "Find words in what was asked, answered, run and printed."),
    (_ASK, "analyze", "analyze:analyze", "Find patterns and score the sessions that are new or have changed."),
    (_ASK, "findings", "findings:findings", "List what went wrong, the worst first, with what it wasted."),
    (_ASK, "detectors", "detectors:app", "List detectors; measure them on labelled sessions."),
    (_ASK, "tail", "tail:tail", "Follow events as a server stores them."),
    (_ASK, "report", "pages:report", "Run a report and write it as one HTML file that opens offline."),
    (_ASK, "dashboard", "pages:dashboard", "Serve a dashboard to this machine only."),
    (_KEEP, "pipeline", "running:app", "List pipelines, run one, or print what schedules it."),
    (_KEEP, "doctor", "doctor:doctor", "Reconcile all that was read with all that is stored."),
    (_KEEP, "redact", "redact:redact", "List what is redacted; with --rescan, redact what is stored."),
    (_KEEP, "keys", "keys:app", "Create, list and revoke the API keys of the server."),
    (_KEEP, "db", "database:app", "Start, stop and find the database."),
    (_KEEP, "rebuild", "database:rebuild", "Derive sessions, calls and sums anew from the stored events."),
    (_KEEP, "prune", "prune:prune", "Drop old events for good; what was counted from them stays."),
)
app = App(
    name="agentobs",
    help="What your AI coding agents really did, what it cost, and what went wrong.\n\n"
    "Settings: AGENTOBS_HOME (data folder), AGENTOBS_DATABASE_URL (another PostgreSQL), AGENTOBS_TIMEZONE, "
    "AGENTOBS_PROJECT, AGENTOBS_WORKERS, AGENTOBS_CONTENT, or config.toml in the data folder.",
    version=agentobs.__version__,
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative="", show_default=lambda value: value if value not in (False, None) else None),
)
app["--help"].group = app["--version"].group = _KEEP
for _place, (_group, _name, _target, _help) in enumerate(_COMMANDS):
    app.command(f"agentobs.cli.{_target}", name=_name, group=_group, sort_key=_place, help=_help)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; every error is one line. AGENTOBS_DEBUG=1 shows where it came from."""
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    except AgentobsError as error:
        return _failed(str(error), error.exit_code, error)
    except Exception as error:  # noqa: BLE001 the door: a person gets a line
        text = f"unexpected {type(error).__name__}: {error} (AGENTOBS_DEBUG=1 shows where it happened)"
        return _failed(text, 70, error)


def _run(arguments: list[str]) -> int:
    try:
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _failed(f"{error} (agentobs --help shows what there is)", 2)
    sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _failed(text: str, code: int, error: BaseException | None = None) -> int:
    if error is not None and os.environ.get("AGENTOBS_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    from agentobs.cli.output import one_line

    print(f"agentobs: {one_line(text)}", file=sys.stderr)
    return code
