"""The overview: its parameters move what it shows, and a browser shows it without leaving this machine."""

import datetime
import http.client
import itertools
from pathlib import Path

import pytest

import agentobs
from agentobs import dashboard
from agentobs.errors import ReportError, SettingsError
from tests import browser
from tests.dashboards import overview_app
from tests.dashboards.loading import served

# Bokeh's own call, in ColumnDataSource._data_from_df
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index is deprecated")

ROOT = Path(__file__).parents[2]
SESSION = "5e551011-0000-4000-8000-000000000014"
HOSTILE = "5e551011-0000-4000-8000-000000000003"


@pytest.fixture(scope="module")
def module():
    return overview_app.overview()


@pytest.fixture
def page(module):
    made = overview_app.page(module)
    made.ready = True
    return made


def total(figure) -> float:
    return sum(sum(value for value in trace.y if value) for trace in figure.data if trace.type == "bar")


def test_without_frames_the_page_says_that_there_is_nothing(module):
    empty = module.Overview(ready=True)
    assert empty.table().empty
    assert "no session" in empty.sessions_figure().layout.annotations[0].text
    assert "choose a session" in empty.timeline_figure().layout.annotations[0].text
    assert empty.__panel__() is not None


def test_a_project_narrows_every_part_of_the_page(page):
    everything = [
        len(page.table()),
        total(page.sessions_figure()),
        total(page.tokens_figure()),
        total(page.cost_figure()),
    ]
    page.project = "/home/dev/shop"
    one = [len(page.table()), total(page.sessions_figure()), total(page.tokens_figure()), total(page.cost_figure())]
    assert one[:2] == [16, 16]
    assert all(0 < part < whole for part, whole in zip(one, everything, strict=True))


def test_an_agent_and_days_narrow_the_table(page):
    page.agent = "codex"
    assert set(page.table()["agent"]) == {"codex"}
    page.param.update(agent="", since=datetime.date(2026, 3, 5), until=datetime.date(2026, 3, 6))
    assert set(page.table()["started_at"].dt.day) == {5, 6}


def test_the_choices_are_those_of_the_sessions(page):
    assert list(page.param.agent.objects) == ["", *sorted({overview_app.CANARY, "claude_code", "codex"})]


def test_a_setting_from_a_stale_link_shows_an_empty_page(page):
    page.project = "/no/such/folder"
    assert page.table().empty
    assert "no model call" in page.cost_figure().layout.annotations[0].text


def test_the_chosen_session_is_drawn_and_marked_in_the_table(page):
    page.session = SESSION
    assert page.timeline_figure().layout.title.text == "Invoice 14"
    page.__panel__()
    table = page._tabulator
    (row,) = table.selection
    assert table.value["session_id"].iloc[row] == SESSION
    page.agent = "codex"
    (row,) = table.selection
    assert table.value["session_id"].iloc[row] == SESSION
    page.session = "unknown"
    assert table.selection == []
    assert "no events" in page.timeline_figure().layout.annotations[0].text


def test_unpriced_usage_has_no_cost_on_the_page(page):
    page.agent = "codex"
    page.project = "/home/dev/billing-service"
    assert page.chosen_usage()["cost_usd"].notna().all()
    page.param.update(agent="", project="")
    figure = page.cost_figure()
    assert "unknown price" in [trace.name for trace in figure.data]
    assert "acme-coder-9" not in [trace.name for trace in figure.data]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_an_address_that_others_can_reach_is_refused(address):
    with pytest.raises(SettingsError, match="would show the sessions to others"):
        dashboard.command("overview", 5006, address)


def test_the_command_serves_the_page_to_its_own_address_only():
    command = dashboard.command("overview", 5006)
    assert command[1:5] == ["-m", "panel", "serve", str(ROOT / "dashboards" / "overview.py")]
    assert command[command.index("--address") + 1] == "127.0.0.1"
    assert command[5:8] == [str(ROOT / "dashboards" / "findings.py"), "--index", "overview"]
    origins = [word for before, word in itertools.pairwise(command) if before == "--allow-websocket-origin"]
    assert origins == ["127.0.0.1:5006", "localhost:5006"]
    with pytest.raises(ReportError, match=r"no dashboard is named 'overveiw' \(did you mean 'overview'\?\)"):
        dashboard.command("overveiw", 5006)
    with pytest.raises(SettingsError, match="port 0"):
        dashboard.command("overview", 0)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(Path(overview_app.__file__), tmp_path_factory.mktemp("dashboard")) as url:
        yield url


@pytest.mark.browser
def test_the_page_shows_numbers_figures_sessions_and_a_timeline(opened, address):
    opened.goto(address)
    opened.wait_for_selector(".tabulator-row")
    opened.wait_for_selector("text=Cost by model")
    assert opened.locator(".tabulator-row").count() == 12
    assert opened.locator(".js-plotly-plot .gtitle").first.text_content() == "Sessions over time"
    assert opened.locator("text=unknown price").count() > 0
    opened.click(".tabulator-col[tabulator-field='cost_usd'] .tabulator-col-content")
    opened.wait_for_selector(".tabulator-row:first-child:has-text('$0.')")
    opened.click(".tabulator-col[tabulator-field='cost_usd'] .tabulator-col-content")
    opened.wait_for_selector(".tabulator-row:first-child:has-text('$4.24')")
    opened.locator(".tabulator-row").first.click()
    opened.wait_for_selector(".js-plotly-plot .gtitle:has-text('Invoice 14')")
    opened.wait_for_url(f"**session={SESSION}*")


@pytest.mark.browser
def test_text_of_others_stays_text_everywhere(opened, address):
    opened.goto(f"{address}?session={HOSTILE}&project=")
    opened.wait_for_selector(".js-plotly-plot .gtitle:has-text('<img src=x')")
    opened.locator(".js-plotly-plot .scatterlayer .point").last.hover(force=True)
    opened.wait_for_selector(".js-plotly-plot .hovertext:has-text('<img src=x')")
    opened.click("text=all projects")
    opened.wait_for_selector("li:has-text('<img src=x')")
    opened.keyboard.press("Escape")
    opened.click(".tabulator-page[data-page='2']")
    opened.wait_for_selector(".tabulator-cell:has-text('<img src=x')")
    assert opened.locator(".tabulator-cell img, li img, .js-plotly-plot img").count() == 0


@pytest.mark.browser
def test_a_link_opens_with_its_settings(opened, address):
    opened.goto(f"{address}?agent=codex&session={SESSION}")
    opened.wait_for_selector(".js-plotly-plot .gtitle:has-text('Invoice 14')")
    opened.wait_for_selector(".tabulator-row")
    assert set(opened.locator(".tabulator-cell[tabulator-field='agent']").all_inner_texts()) == {"codex"}


@pytest.mark.browser
def test_a_page_of_another_site_gets_no_connection(address):
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    headers |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "bokeh, x"}
    host, path = address.removeprefix("http://").split("/")
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("GET", f"/{path}/ws", headers=headers | {"Origin": "http://elsewhere.example"})
    assert connection.getresponse().status == 403
    connection.close()


@pytest.mark.browser
def test_the_page_reads_what_the_settings_name_and_opens_a_link_to_a_session(opened, tmp_path):
    samples = ROOT / "data" / "claude_code"
    wb = agentobs.open(samples)
    sessions = wb.sessions()
    last = sessions.sort_values("started_at").iloc[0]  # of the last page
    with served(dashboard.find("overview"), tmp_path, AGENTOBS_DATABASE_URL=str(samples)) as url:
        opened.goto(f"{url}?session={last['session_id']}")
        opened.wait_for_selector(".tabulator-row")
        title = last["objective"][:40].split("'")[0]
        opened.wait_for_selector(f".js-plotly-plot .gtitle:has-text('{title}')")
        assert opened.locator(f"h4:has-text('{len(sessions)}')").count() == 1
        opened.locator(".tabulator-row").nth(1).click()
        opened.wait_for_selector(".tabulator-row.tabulator-selected")
        row = sessions.sort_values("started_at", ascending=False).iloc[1]
        opened.wait_for_selector(f".js-plotly-plot .gtitle:has-text('{row['objective'][:20]}')")
        opened.wait_for_selector(".js-plotly-plot .ytick:has-text('model')")
        opened.wait_for_url(f"**session={row['session_id']}*")


@pytest.mark.browser
def test_a_database_that_is_down_is_said_on_the_page(opened, tmp_path):
    down = f"postgresql://127.0.0.1:{browser.free_port()}/agents"
    with served(dashboard.find("overview"), tmp_path, AGENTOBS_DATABASE_URL=down) as url:
        opened.goto(url)
        opened.wait_for_selector("pre:has-text('127.0.0.1')")
