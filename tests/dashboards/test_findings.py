"""What went wrong: its parameters move what it shows, a person judges it, and a browser shows it."""

import datetime
from pathlib import Path

import pytest

import agentobs
from agentobs import dashboard
from agentobs.errors import SourceError
from agentobs.ingest import backfill
from agentobs.redaction import load_key
from agentobs.settings import Settings
from agentobs.workbench import analyzing
from tests import browser
from tests.analysis.samples import CANARY
from tests.dashboards import findings_app, loading
from tests.dashboards.findings_app import GOOD
from tests.dashboards.loading import served

SAMPLES = loading.ROOT / "data" / "claude_code"

# Bokeh's own call, in ColumnDataSource._data_from_df
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index is deprecated")


@pytest.fixture(scope="module")
def module():
    return loading.load("findings")


@pytest.fixture
def page(module):
    made = findings_app.page(module)
    made.ready = True
    return made


def said(figure) -> str:
    return " ".join(note.text for note in figure.layout.annotations)


def bars(figure) -> float:
    return sum(sum(trace.x) for trace in figure.data)


def marks(figure):
    (trace,) = [trace for trace in figure.data if trace.name == "evidence"]
    return trace


def test_without_frames_the_page_names_the_command_that_makes_them(module):
    empty = module.Findings(ready=True, waiting=0)
    assert empty.state() == "No session is stored yet: agentobs ingest reads them, then agentobs analyze looks at them."
    for figure in (empty.findings_figure(), empty.scores_figure(), empty.coverage_figure()):
        assert said(figure) == "no session is analyzed yet: run agentobs analyze"
    for figure in (empty.timeline_figure(), empty.context_figure(), empty.cost_figure()):
        assert said(figure) == "choose a finding in the table above"
    assert empty.__panel__() is not None


@pytest.mark.parametrize(
    ("waiting", "text"),
    [
        (None, ""),
        (0, "All 24 sessions are analyzed."),
        (1, "1 of 24 session waits for analysis"),
        (2, "2 of 24 sessions wait for analysis and are not in these numbers: run agentobs analyze"),
    ],
)
def test_the_page_says_how_many_sessions_wait(page, waiting, text):
    page.waiting = waiting
    assert page.state().startswith(text)
    assert bool(page.state()) == bool(text)


def test_the_worst_findings_come_first(page):
    assert page.table()["severity"].tolist() == ["critical", "high", "low"]


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ({"severity": "high"}, ["f14"]),
        ({"detector": "idle_gap"}, ["f7"]),
        ({"agent": "codex"}, ["f14"]),
        ({"project": "/home/dev/shop"}, ["f14", "f7"]),
        ({"since": datetime.date(2026, 3, 6), "until": datetime.date(2026, 3, 8)}, ["f14"]),
        ({"project": "/no/such/folder"}, []),
    ],
)
def test_settings_narrow_table_and_figure(page, settings, left):
    page.param.update(**settings)
    assert page.table()["finding_id"].tolist() == left
    if left:
        assert bars(page.findings_figure()) == len(left)
    else:
        assert said(page.findings_figure()) == "no finding with these settings"


def test_scores_follow_project_agent_and_days_but_not_the_detector(page):
    page.detector = "idle_gap"
    assert len(page.chosen_scores()) == 24
    assert "6 are unscored" in page.scores_figure().layout.title.subtitle.text
    assert {trace.name: len(trace.x) for trace in page.coverage_figure().data} == {"scored": 18, "unscored": 6}
    page.agent = "codex"
    assert 0 < len(page.chosen_scores()) < 24


def test_unknown_waste_is_not_zero(page):
    page.finding = "f7"
    assert page.table().set_index("finding_id")["wasted_tokens"].isna().to_dict() == {
        "f3": True,
        "f14": False,
        "f7": True,
    }
    assert "in vain: – tokens, –, –" in page.remarks()
    page.finding = "f14"
    assert "in vain: 17.0k tokens, $0.15, 3.0 s" in page.remarks()


def test_the_chosen_finding_shows_its_session_with_the_evidence_marked(page):
    page.finding = "f14"
    timeline = page.timeline_figure()
    assert timeline.layout.title.text == "Invoice 14"
    found = marks(timeline)
    assert [words for (words,) in found.customdata] == ["Edit src/invoice.py", "Read src/invoice.py"]
    starts = {round(at, 3) for trace in timeline.data if "tool" in trace.name for at in trace.base}
    assert {round(at, 3) for at in found.x} <= starts
    assert found.x[0] < found.x[1]
    assert list(marks(page.context_figure()).x) == [2, 3]
    assert "evidence: this finding names $0.15" in said(page.cost_figure())
    assert page.evidence_table()["vain"].tolist() == ["", "yes"]


def test_a_finding_that_is_gone_is_said(page):
    page.finding = "of yesterday"
    assert page.heading() == "This finding is not here (any longer)"
    for figure in (page.timeline_figure(), page.context_figure(), page.cost_figure()):
        assert said(figure) == "this finding is not here (any longer)"
    page.decide(agreed=True)
    assert page.annotations.empty


def test_what_a_person_says_is_kept_and_shown(page):
    page.__panel__()
    page.param.update(finding="f14", note="seen it")
    page.decide(agreed=False)
    assert page.annotations[["session_id", "finding_id", "agreed", "note"]].values.tolist() == [
        [GOOD, "f14", False, "seen it"]
    ]
    assert page.note == ""
    assert page._tabulator.value.set_index("finding_id")["verdict"].to_dict() == {"f3": "", "f14": "disagree", "f7": ""}
    page.decide(agreed=True)
    assert "judged: agree" in page.remarks()


def test_why_a_judgement_was_not_kept_is_said_and_the_note_stays(page):
    def refuse(*given):
        raise SourceError("a folder keeps no annotations")

    page.judge = refuse
    page.param.update(finding="f14", note="seen it")
    page.decide(agreed=True)
    assert (page.unkept, page.note) == ("a folder keeps no annotations", "seen it")
    page.finding = "f7"
    assert page.unkept == ""


def test_the_chosen_finding_stays_marked_in_the_table(page):
    page.finding = "f14"
    page.__panel__()
    (row,) = page._tabulator.selection
    assert page._tabulator.value["finding_id"].iloc[row] == "f14"
    page.severity = "low"
    assert page._tabulator.selection == []


def test_a_link_to_the_other_page_takes_the_settings_along(module):
    link = module.plot.__globals__["link"]
    assert link("overview", "/a b", CANARY[:4], datetime.date(2026, 3, 1), None) == (
        "overview?project=%2Fa+b&agent=%3Cimg&since=2026-03-01"
    )
    assert link("overview", "", "", None, None) == "overview"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(Path(findings_app.__file__), tmp_path_factory.mktemp("dashboard")) as url:
        yield url


@pytest.mark.browser
def test_a_click_shows_the_session_and_a_button_keeps_the_verdict(opened, address):
    opened.goto(f"{address}?severity=high")
    opened.wait_for_selector(".tabulator-row:has-text('tool_repetition')")
    assert opened.locator("button:has-text('agree')").first.is_disabled()
    opened.locator(".tabulator-row").first.click()
    opened.wait_for_selector(".js-plotly-plot .gtitle:has-text('Invoice 14')")
    opened.wait_for_url("**finding=f14*")
    opened.wait_for_selector(".js-plotly-plot .legendtext:has-text('evidence')")
    opened.wait_for_selector("text=this finding names $0.15")
    opened.click("button:text-is('disagree')")
    opened.wait_for_selector("pre:has-text('judged: disagree')")
    opened.wait_for_selector(".tabulator-row:has-text('tool_repetition') .tabulator-cell:has-text('disagree')")


@pytest.mark.browser
def test_text_of_others_stays_text_everywhere(opened, address):
    opened.goto(f"{address}?finding=f3")
    opened.wait_for_selector(".js-plotly-plot .gtitle:has-text('<img src=x')")
    opened.wait_for_selector("pre:has-text('<img src=x')")
    opened.wait_for_selector(".tabulator-cell[tabulator-field='message']:has-text('<img src=x')")
    opened.wait_for_selector(".tabulator-cell[tabulator-field='what']:has-text('<img src=x')")
    opened.wait_for_selector(".js-plotly-plot .xtick:has-text('<img src=x')")
    opened.click("text=all projects")
    opened.wait_for_selector("li:has-text('<img src=x')")
    opened.keyboard.press("Escape")
    opened.wait_for_selector("li:has-text('<img src=x')", state="detached")
    assert opened.locator("pre img, .tabulator-cell img, li img, .js-plotly-plot img").count() == 0
    assert opened.locator("pre script, .tabulator-cell script, .js-plotly-plot script").count() == 0


@pytest.mark.browser
def test_a_database_is_shown_before_and_after_it_is_analyzed_and_keeps_what_is_said(opened, embedded_url, tmp_path):
    home = Settings(home=tmp_path)
    job = backfill.Job(url=embedded_url, redaction_key=load_key(home.redaction_key))
    assert [outcome.error for outcome in backfill.run(job, backfill.plan([SAMPLES]).found, lambda _: None)] == [
        None for _ in backfill.plan([SAMPLES]).found
    ]
    pages = [dashboard.find("findings"), dashboard.find("overview")]
    with served(pages[0], tmp_path, pages[1], AGENTOBS_DATABASE_URL=embedded_url) as url:
        opened.goto(url.rsplit("/", 1)[0])  # the address without a name
        opened.wait_for_selector("pre:has-text('wait for analysis')")
        opened.wait_for_selector("text=no session is analyzed yet: run agentobs analyze")
        done = analyzing.analyze(embedded_url, processes=1)
        opened.goto(url)
        opened.wait_for_selector(f"pre:has-text('All {done.sessions} sessions are analyzed.')")
        opened.locator(".tabulator-row").first.click()
        opened.wait_for_selector(".js-plotly-plot .legendtext:has-text('evidence')")
        opened.locator("input[type=text]").last.fill("seen it")
        opened.keyboard.press("Tab")
        opened.click("button:text-is('agree')")
        opened.wait_for_selector("pre:has-text('judged: agree')")
        with agentobs.open(embedded_url) as wb:
            (kept,) = wb.annotations().itertuples()
            assert (bool(kept.agreed), kept.note) == (True, "seen it")
            assert wb.findings(session=kept.session_id)["finding_id"].isin([kept.finding_id]).sum() == 1
        opened.click("a:has-text('Overview')")
        opened.wait_for_selector(".js-plotly-plot .gtitle:has-text('Sessions over time')")
        opened.click("a:has-text('What went wrong')")
        opened.wait_for_selector(".js-plotly-plot .gtitle:has-text('What was found')")


@pytest.mark.browser
def test_a_folder_says_that_it_keeps_nothing(opened, tmp_path):
    with served(dashboard.find("findings"), tmp_path, AGENTOBS_DATABASE_URL=str(SAMPLES)) as url:
        opened.goto(url)
        opened.wait_for_selector("pre:has-text('sessions are analyzed')")
        opened.locator(".tabulator-row").first.click()
        opened.click("button:text-is('agree')")
        opened.wait_for_selector("pre:has-text('a folder keeps no annotations')")


@pytest.mark.browser
def test_a_database_that_is_down_is_said_on_the_page(opened, tmp_path):
    down = f"postgresql://127.0.0.1:{browser.free_port()}/agents"
    with served(dashboard.find("findings"), tmp_path, AGENTOBS_DATABASE_URL=down) as url:
        opened.goto(url)
        opened.wait_for_selector("pre:has-text('127.0.0.1')")
