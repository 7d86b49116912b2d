"""A server of a test's own: others would not like what happens to it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentobs.store import embedded


@pytest.fixture
def home() -> Iterator[Path]:
    """Where an embedded server of this test's own lies, which may be stopped or frozen; it is stopped in the end."""
    folder = Path(tempfile.mkdtemp(prefix="agentobs-own-"))
    folder.chmod(0o711)
    yield folder / "server"
    embedded.stop(folder / "server")
    shutil.rmtree(folder)
