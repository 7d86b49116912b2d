"""A tab for every test of a page."""

import pytest

from tests import browser


@pytest.fixture
def opened():
    """A page and what went wrong on it; no request may leave 127.0.0.1."""
    requests, errors = [], []
    with browser.browser() as chromium:
        tab = chromium.new_page(viewport={"width": 1440, "height": 1600})
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("websocket", lambda socket: requests.append(socket.url))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        yield tab
        assert tab.evaluate("window.__xss") is None
    assert errors == []
    hosts = {url.split("/")[2].split(":")[0] for url in requests if url.split(":")[0] not in {"data", "blob"}}
    assert hosts == {"127.0.0.1"}
    assert len(requests) > 5
