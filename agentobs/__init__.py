"""agentobs: what AI coding agents really did, what it cost, what went wrong, and why.

import agentobs as ao

wb = ao.open()  # the embedded database; or a postgresql:// URL; or a folder of session files
wb.sessions()
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentobs.workbench import Workbench

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def open(  # noqa: A001 as in every library whose objects are opened
    target: "str | Path | None" = None, *, home: "str | Path | None" = None, tz: str | None = None
) -> "Workbench":
    """Return a workbench on `target`: a postgresql:// URL, a folder or file of session logs, or None.

    None means the database that AGENTOBS_DATABASE_URL or config.toml names, else the embedded PostgreSQL in the data
    folder (`home`, AGENTOBS_HOME), which starts by itself. Times in texts and days are those of `tz`.
    """
    from agentobs import settings
    from agentobs.workbench import open_workbench

    return open_workbench(target, settings.load(os.environ, home=home, timezone=tz))
