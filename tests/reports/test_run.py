"""A report is made, or it fails with its reason, its partial notebook kept and no kernel left behind."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

import agentobs
from agentobs import reports
from agentobs.errors import ReportError
from tests.analysis.samples import CANARY
from tests.browser import browser
from tests.reports.notebooks import notebook

GREETING = "from pathlib import Path\nprint('hello', name, how_many)"


def run(tmp_path: Path, *cells: str, **more):
    folder = notebook(tmp_path / "notebooks", *cells)
    return reports.run("greeting", tmp_path / "out", more.pop("parameters", {}), folder=folder, **more)


def alive(pid_file: Path) -> bool:
    """Whether the kernel that wrote its id is still there, five seconds later at the most."""
    pid = int(pid_file.read_text())
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return False
        time.sleep(0.05)
    return True


def who(tmp_path: Path) -> str:
    return f"import os, pathlib; pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))"


def test_a_report_is_one_html_file_with_its_notebook_beside_it(tmp_path):
    seen = []
    made = run(tmp_path, GREETING, parameters={"how_many": "4"}, progress=lambda *step: seen.append(step))
    assert made.path == tmp_path / "out" / "greeting.html"
    assert "hello x 4" in made.path.read_text()
    assert json.loads(made.notebook.read_text())["metadata"]["papermill"]["parameters"] == {"how_many": 4}
    assert seen[0][:2] == (0, 3)
    assert [step[2] for step in seen][-1] == "writing HTML"
    assert sorted(path.name for path in made.path.parent.iterdir()) == ["greeting.html", "greeting.ipynb"]


def test_the_kernel_is_this_interpreter_and_sees_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "canary-of-a-secret")
    made = run(tmp_path, "import os, sys; print(sys.executable); print(sorted(os.environ.values()))")
    page = made.path.read_text()
    assert sys.executable in page
    assert "canary-of-a-secret" not in page


def test_a_failed_cell_is_named_and_what_ran_before_it_is_kept(tmp_path):
    with pytest.raises(
        ReportError, match=r"report 'greeting' failed in cell 3: ZeroDivisionError: division by zero"
    ) as caught:
        run(tmp_path, who(tmp_path) + "; print('so far')", "1 / 0", "print('never')")
    partial = tmp_path / "out" / "greeting.failed.ipynb"
    assert str(partial) in str(caught.value)
    assert "so far" in partial.read_text()
    assert not (tmp_path / "out" / "greeting.html").exists()
    assert not alive(tmp_path / "pid")


@pytest.mark.faults
def test_a_cell_that_hangs_ends_the_run_and_its_kernel(tmp_path):
    with pytest.raises(ReportError, match="in cell 2: it took longer than 1 s"):
        run(tmp_path, who(tmp_path) + "; import time; time.sleep(600)", cell_timeout_s=1)
    assert (tmp_path / "out" / "greeting.failed.ipynb").is_file()
    assert not alive(tmp_path / "pid")


@pytest.mark.faults
def test_a_kernel_that_dies_is_reported(tmp_path):
    with pytest.raises(ReportError, match="its kernel died"):
        run(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert (tmp_path / "out" / "greeting.failed.ipynb").is_file()


@pytest.mark.faults
def test_a_killed_run_leaves_no_kernel(tmp_path):
    def kill_the_run() -> None:
        while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
            time.sleep(0.05)
        kernel = psutil.Process(int((tmp_path / "pid").read_text()))
        os.kill(kernel.ppid(), signal.SIGKILL)

    killer = threading.Thread(target=kill_the_run)
    killer.start()
    with pytest.raises(ReportError, match="without an answer: its process ended with -9"):
        run(tmp_path, who(tmp_path), "import time; time.sleep(600)")
    killer.join()
    assert not alive(tmp_path / "pid")


@pytest.mark.faults
def test_an_interrupted_run_leaves_no_kernel(tmp_path):
    def interrupt(done: int, total: int, what: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, who(tmp_path), "import time; time.sleep(600)", progress=interrupt)
    assert not alive(tmp_path / "pid")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ReportError, match=r"reports cannot be written to .*out"):
        run(tmp_path, GREETING)


def test_the_usage_report_of_the_sample_sessions_says_what_the_frames_say(tmp_path):
    samples = Path(__file__).parents[2] / "data" / "claude_code"
    made = reports.run("usage", tmp_path, {"target": samples, "tz": "Europe/Berlin", "top": "5"})
    page = made.path.read_text()
    wb = agentobs.open(samples)
    total = wb.usage(by=("model",))
    assert f">{len(wb.sessions())}</span><br/><span" in page
    assert f">${total['cost_usd'].sum():,.2f}</span>" in page
    assert f"{total['unpriced_calls'].sum()} calls of unknown price" in page
    assert f"the first 5 of {len(wb.sessions())}" in page
    assert page.count('<div class="figure"') == 5
    assert "Warning" not in made.notebook.read_text()


def test_the_usage_report_of_a_range_without_sessions_says_so(tmp_path):
    samples = Path(__file__).parents[2] / "data" / "claude_code"
    page = reports.run("usage", tmp_path, {"target": samples, "since": "2031-01-01"}).path.read_text()
    assert "no session with a known time in this range" in page
    assert "unknown price" in page
    assert "$0.00" not in page


def test_a_target_that_is_not_there_fails_with_its_own_words(tmp_path):
    with pytest.raises(ReportError, match=r"failed in cell 3: SourceError: '/no/such/folder' is neither"):
        reports.run("usage", tmp_path, {"target": "/no/such/folder"})
    assert (tmp_path / "usage.failed.ipynb").is_file()


@pytest.mark.browser
def test_the_page_draws_its_figures_offline_and_runs_nothing_that_others_wrote(tmp_path):
    figure = (
        "import plotly.graph_objects as go\nfrom IPython.display import HTML, Javascript, Markdown, display\n"
        f"evil = {CANARY!r}\n"
        "display(HTML(evil + '<a href=\"javascript:window.__xss=1\">x</a>'), Markdown(evil))\n"
        "display(Javascript('window.__xss=1'))\n"
        "print(evil)\ngo.Figure(go.Bar(x=[evil, '</script>' + evil], y=[1, 2]), {'title': evil})"
    )
    made = run(tmp_path, figure, parameters={"name": CANARY})
    requests, errors = [], []
    with browser() as chromium:
        page = chromium.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(made.path.as_uri())
        page.wait_for_selector("div.figure .main-svg")
        assert page.locator("div.figure .point").count() == 2
        assert page.evaluate("window.__xss") is None
        with pytest.raises(Exception, match="Failed to fetch"):
            page.evaluate("fetch('http://127.0.0.1:9/')")
    assert [url for url in requests if not url.startswith("data:")] == [made.path.as_uri()]
    assert errors == []
