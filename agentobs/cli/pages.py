"""report, dashboard, demo: what people look at."""

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from agentobs.cli import opening
from agentobs.errors import SettingsError, SourceError

_PORT = 5006


def report(
    name: str = "usage",
    *,
    out: Annotated[Path, Parameter(help="Folder to write to.")] = Path("reports"),
    parameter: Annotated[
        list[str], Parameter(name=["--parameter", "-p"], help="A parameter of the notebook: name=value.")
    ] = [],  # noqa: B006 never changed
) -> None:
    """Run a report and write it as one HTML file that opens offline.

    Parameters
    ----------
    name
        Which report.
    """
    from agentobs import reports

    values = {}
    for text in parameter:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise SettingsError(f"parameter {text!r} has no value; write -p name=value")
        values[key] = value
    print(reports.run(name, out, values).path)


def dashboard(name: str = "overview", *, port: Annotated[int, Parameter(help="Port on this machine.")] = _PORT) -> int:
    """Serve a dashboard to this machine only, until Ctrl-C.

    Parameters
    ----------
    name
        Which dashboard.
    """
    import signal
    import subprocess

    from agentobs import dashboard as dashboards

    command = dashboards.command(name, port)
    with opening.database(opening.settings()):  # it answers, and an embedded one stays as long as the dashboard
        print(f"dashboard: {dashboards.address_of(name, port)}  (Ctrl-C ends)", flush=True)
        with subprocess.Popen(command) as server:
            before = signal.signal(signal.SIGTERM, lambda number, frame: server.terminate())
            try:
                code = server.wait()
            except KeyboardInterrupt:  # the server heard it too
                server.wait()
                code = 130
            finally:
                signal.signal(signal.SIGTERM, before)
    return code if code >= 0 else 128 - code


def demo(
    path: Path = Path("data/claude_code"),
    *,
    out: Annotated[Path, Parameter(help="Folder for the report.")] = Path("reports"),
    port: Annotated[int, Parameter(help="Port of the dashboard.")] = _PORT,
) -> int:
    """Ingest the sample sessions, write the report, serve the dashboard (on a terminal, unless DEMO_SERVE=0).

    Parameters
    ----------
    path
        Folder of the samples.
    """
    from agentobs import dashboard as dashboards
    from agentobs import reports
    from agentobs.cli import ingest, reading

    if not path.is_dir():
        raise SourceError(
            f"no sample sessions in {str(path)!r}; run this in a checkout of agentobs, or name their folder"
        )
    chosen = opening.settings()
    with opening.database(chosen) as url:
        plan, failures = ingest.look([path])
        code = ingest.read(ingest.job_of(chosen, url), plan, failures, chosen.workers)
        if code:
            return code
        reading.usage(by="model")
        written = reports.run("usage", out).path
        _print_ways(chosen.home, written, dashboards.address_of("overview", port))
        if not sys.stdout.isatty() or os.environ.get("DEMO_SERVE") == "0":
            return 0
        return dashboard(port=port)


def _print_ways(home: Path, written: Path, address: str) -> None:
    setting = f"AGENTOBS_HOME={home}"
    program = Path(sys.argv[0])
    print(f"report:     {written}")
    print(f"dashboard:  {address}  ({setting} {program} dashboard)")
    print(f"notebook:   {setting} {program.with_name('jupyter')} lab notebooks")
    print(f"questions:  {setting} {program} sessions")
