"""scope_drift: edits that leave the modules of the task."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.scope_drift import DETECTOR
from tests.analysis.detectors.scripts import Script

ROOT = "/home/ada/shop"


def edited(*paths: str, task: str = "Fix the total of the cart", then: str | None = None) -> Script:
    script = Script().prompt(task)
    for number in range(3):
        script.edit(f"{ROOT}/src/cart/total{number}.py")
    if then:
        script.prompt(then)
    for path in paths:
        script.edit(path if path.startswith("/") else f"{ROOT}/{path}")
    return script.say("Done.")


def test_edits_of_another_module_are_drift():
    script = edited("src/billing/a.py", "src/billing/b.py", "src/mail/c.py")
    (finding,) = run(DETECTOR, script.frames()).itertuples()
    assert len(finding.event_ids) == 3
    assert finding.severity == "medium"
    assert "src/billing, src/mail" in finding.explanation


def test_the_modules_of_the_first_edits_are_in_scope():
    assert run(DETECTOR, edited("src/cart/x.py", "src/cart/y.py", "src/cart/z.py").frames()).empty


def test_a_module_that_the_objective_names_is_in_scope():
    paths = ["src/billing/a.py", "src/billing/b.py", "src/billing/c.py"]
    assert run(DETECTOR, edited(*paths, task="Fix the cart and the billing").frames()).empty
    assert run(DETECTOR, edited(*paths, then="Now the same in billing").frames()).empty


def test_tests_documents_configuration_and_scratch_files_follow_from_anything():
    script = edited("tests/billing/test_a.py", "docs/billing.md", "config/app.toml", "setup.py", "/tmp/try.py")
    assert run(DETECTOR, script.frames()).empty


def test_two_edits_outside_are_not_enough():
    script = edited("src/billing/a.py", "src/billing/b.py", "src/cart/c.py")
    assert run(DETECTOR, script.frames()).empty
    assert len(run(DETECTOR, script.frames(), at_least=2)) == 1


NAMED = "Round only once in src/cart/total1.py"


@pytest.mark.parametrize(
    ("task", "paths", "findings"),
    [
        (NAMED, ["src/billing/a.py", "src/mail/c.py"], 1),
        ("total2.py rounds twice, once is enough", ["src/billing/a.py", "web/pages/b.ts"], 1),
        (NAMED, ["src/billing/a.py"] + ["src/cart/x.py"] * 2 + ["src/mail/c.py"], 1),
        (NAMED, ["src/billing/a.py"], 0),
        (NAMED, ["src/cart/deep/a.py", "src/cart/deep/b.py"], 0),
        (NAMED + " as src/billing/rates.py does", ["src/billing/a.py", "src/billing/b.py"], 0),
        (NAMED + ", and in billing", ["src/billing/a.py", "src/billing/b.py"], 0),
        (NAMED, ["src/billing/a.py", "src/mail/c.py"] + ["src/cart/x.py"] * 7, 0),
        (NAMED, ["tests/billing/test_a.py", "docs/mail.md"], 0),
        ("Follow what src/other.py does", ["src/billing/a.py", "src/mail/c.py"], 0),
        ("The subtotal1.py of another project is a model", ["src/billing/a.py", "src/mail/c.py"], 0),
    ],
)
def test_where_a_file_was_named_two_edits_outside_are_enough(task, paths, findings):
    assert len(run(DETECTOR, edited(*paths, task=task).frames())) == findings


def test_a_few_among_many_are_no_drift():
    paths = ["src/billing/a.py"] * 3 + ["src/cart/x.py"] * 17
    assert run(DETECTOR, edited(*paths).frames()).empty


def test_failed_edits_do_not_count():
    script = edited()
    for _ in range(4):
        script.edit(f"{ROOT}/src/billing/a.py", status="error")
    assert run(DETECTOR, script.frames()).empty
