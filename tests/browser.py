"""Chromium for tests: found or loudly missing, opened without a way out of this machine."""

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--font-render-hinting=none"),
]
PATIENCE_S = 60
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def chromium() -> str:
    """Return the path of a Chromium; skip the test where there is none, fail it where everything is required."""
    found = os.environ.get("AGENTOBS_CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found:
        return found
    reason = f"no Chromium on this machine (looked for {', '.join(NAMES)}; apt-get install chromium)"
    if os.environ.get("AGENTOBS_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def browser() -> Iterator[Browser]:
    """Give a headless Chromium for a while."""
    path = chromium()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield opened
        finally:
            opened.close()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(command: list[str], url: str, log: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Run a server until the block ends; it must answer on the url first."""
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=dict(environment))
    try:
        give_up = time.monotonic() + PATIENCE_S
        while not _answers(url):
            if server.poll() is not None or time.monotonic() > give_up:
                pytest.fail(f"{command[2:5]} does not answer on {url}:\n{log.read_text('utf-8', 'replace')[-3000:]}")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
