"""analyze: run detectors and scores over the sessions that are new or have changed."""

from typing import Annotated

from cyclopts import Parameter

from agentobs.cli import opening


def analyze(
    *, workers: Annotated[int | None, Parameter(help="Processes; default: one per core.")] = None
) -> None:  # fmt: skip
    """Find patterns and score the sessions that are new or have changed; `agentobs findings` lists what was found."""
    from tqdm.auto import tqdm

    from agentobs.workbench import analyzing

    chosen = opening.settings(workers=workers)
    with opening.database(chosen) as url:
        waiting = analyzing.waiting(url)
        if not waiting:
            print("nothing new: all sessions are analyzed")
            return
        events = sum(session.events for session in waiting)
        with tqdm(total=events, unit=" events", unit_scale=True, desc="analyzing", leave=False) as bar:
            done = analyzing.analyze(url, chosen, processes=chosen.workers, watch=lambda part: bar.update(part.events))
    print(f"{done.sessions:,} sessions analyzed, {done.events:,} events: {done.findings:,} findings")
