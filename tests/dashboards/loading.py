"""Dashboards as modules, which lie in no package with what they share beside them; and served."""

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from agentobs import dashboard
from tests import browser

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "dashboards"
OURS = re.compile(r'/dashboards/\w+\.py", line.*')


def load(name: str) -> ModuleType:
    """Return the module of a dashboard."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    spec = importlib.util.spec_from_file_location(f"{name}_page", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def served(file: Path, folder: Path, *beside: Path, **environment: str) -> Iterator[str]:
    """Give the address of a dashboard that is being served; it may not have failed in the end."""
    browser.chromium()
    port = browser.free_port()
    url = f"http://127.0.0.1:{port}/{file.stem}"
    given = os.environ | {"PYTHONPATH": str(ROOT), "AGENTOBS_HOME": str(folder / "home")} | environment
    with browser.served(dashboard.serve(file, port, beside=beside), url, folder / "log", given):
        yield url
    log = (folder / "log").read_text()  # a tab closed while Bokeh was sending leaves a traceback of Bokeh's own
    assert OURS.findall(log) == [], log
