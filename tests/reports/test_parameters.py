"""Reports take only the parameters that the notebook declares, with values of their types."""

import pytest

from agentobs.errors import ReportError
from agentobs.reports.parameters import checked, declared
from agentobs.reports.templates import find, names
from tests.reports.notebooks import notebook


@pytest.fixture
def card(tmp_path):
    return notebook(tmp_path / "notebooks") / "07_greeting_card.ipynb"


def test_the_declaration_is_read_with_types_defaults_and_meanings(card):
    found = [(each.name, each.type, each.default, each.meaning) for each in declared(card).values()]
    assert found[:2] == [("name", str, "x", "whom to greet"), ("how_many", int, 3, "times")]
    assert found[2:] == [("rate", float, 0.5, ""), ("loud", bool, False, "")]


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("name", "y", "y"),
        ("name", "5", "5"),
        ("how_many", 4, 4),
        ("how_many", "4", 4),
        ("rate", 1, 1.0),
        ("rate", "0.25", 0.25),
        ("loud", "true", True),
        ("loud", False, False),
    ],
)
def test_a_value_is_read_as_the_declared_type(card, name, value, read):
    made = checked(card, {name: value})[name]
    assert (made, type(made)) == (read, type(read))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("how_many", "abc"),
        ("how_many", 1.5),
        ("how_many", "1.5"),
        ("how_many", True),
        ("rate", "nan"),
        ("rate", "inf"),
        ("loud", "perhaps"),
        ("loud", 1),
        ("name", 5),
        ("name", None),
        ("name", ["x"]),
    ],
)
def test_a_value_of_another_type_is_refused(card, name, value):
    with pytest.raises(ReportError, match=f"parameter '{name}' of 07_greeting_card.ipynb takes"):
        checked(card, {name: value})


@pytest.mark.parametrize("name", ["nam", "x = 1; import os", "__builtins__", ""])
def test_a_name_that_the_notebook_does_not_declare_is_refused(card, name):
    with pytest.raises(ReportError, match="declares no parameter"):
        checked(card, {name: "x"})


def test_a_refused_name_comes_with_what_was_probably_meant(card):
    with pytest.raises(
        ReportError, match=r"no parameter 'howmany' \(did you mean 'how_many'\?\); it has name, how_many"
    ):
        checked(card, {"howmany": 1})


@pytest.mark.parametrize("url", ["postgresql://me:secret@host/db", "postgresql://host/db?password=secret"])
def test_a_password_does_not_get_into_a_notebook(card, url):
    with pytest.raises(ReportError, match="holds a password") as caught:
        checked(card, {"name": url})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("line", ["import os", "x = 1", "x: list = []", "x: int = len('a')", "print('hi')"])
def test_a_parameters_cell_holds_declarations_only(tmp_path, line):
    folder = notebook(tmp_path, parameters=line)
    with pytest.raises(ReportError, match=r"07_greeting_card\.ipynb"):
        declared(folder / "07_greeting_card.ipynb")


def test_reports_are_named_by_what_their_notebooks_are_called(card):
    assert list(names(card.parent)) == ["greeting", "greeting_card"]
    with pytest.raises(ReportError, match=r"no report is named 'greetings' \(did you mean 'greeting'\?\)"):
        find("greetings", card.parent)


@pytest.mark.parametrize("name", ["../07_greeting_card", "07_greeting_card.ipynb", "/etc/passwd", ""])
def test_a_report_is_never_found_by_a_path(card, name):
    with pytest.raises(ReportError, match="no report is named"):
        find(name, card.parent)


def test_every_notebook_of_ours_declares_explained_parameters():
    for name, path in names().items():
        assert all(each.meaning for each in declared(path).values()), name
    assert names()["usage"].name == "01_usage_and_sessions.ipynb"
