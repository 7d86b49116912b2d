"""Who may use a server that listens to this machine alone: its programs, and no page of a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentobs.server.access import is_loopback
from tests.server.accepting import Accepting, accepting


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Accepting]:
    with accepting(tmp_path / "spool") as running:
        yield running


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "LOCALHOST"])
def test_addresses_of_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "localhost.example.com", "", "1"])
def test_addresses_that_others_reach(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:4318", "localhost.evil.example", ""])
def test_a_name_that_was_made_to_lead_here_is_refused(host: str, server: Accepting) -> None:
    """DNS rebinding."""
    answer = server.post(b"", host=host)
    assert answer.status_code in {400, 403}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8888", "http://127.0.0.1"])
def test_a_page_of_another_origin_is_refused(origin: str, server: Accepting) -> None:
    """A page may post text without asking; it must not."""
    assert server.post(b"", origin=origin).status_code == 403


@pytest.mark.parametrize("host", ["localhost:4318", "[::1]:4318", "127.0.0.1"])
def test_programs_of_this_machine_are_taken(host: str, server: Accepting) -> None:
    assert server.post(b"", host=host).status_code == 200
    assert server.post(b"", origin=server.url).status_code == 200
