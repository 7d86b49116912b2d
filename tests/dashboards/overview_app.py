"""The overview with frames made by hand, text of others in every field; served by the tests."""

from types import ModuleType

from agentobs.analysis.usage import usage_by
from tests.analysis.samples import CANARY, work
from tests.dashboards.loading import load


def overview() -> ModuleType:
    """Return the module of the dashboard."""
    return load("overview")


def hostile() -> dict[str, object]:
    """Return the frames of samples.work; session 3 and its calls carry the canary wherever text can stand."""
    frames = work()
    for frame in frames.values():
        rows = frame["session_id"].str.endswith("000000000003")
        for name in ("agent", "project", "model", "title", "objective", "summary", "target", "tool_name", "thread_id"):
            if name in frame:
                frame.loc[rows & frame[name].notna(), name] = CANARY
    return frames


def page(module: ModuleType) -> object:
    """Return the Viewer with the hostile frames."""
    frames = hostile()
    usage = usage_by(frames["model_calls"], by=module.GROUPS)
    return module.Overview(
        sessions=frames["sessions"], usage=usage, events=frames["events"], tool_calls=frames["tool_calls"]
    )


if __name__.startswith("bokeh_app_"):
    served = overview()
    served.serve(page(served), "overview", "session")
