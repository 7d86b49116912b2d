"""Settings: defaults, then the file, then the environment, then the caller; a wrong value is named with its place."""

from pathlib import Path

import pytest

from agentobs import settings
from agentobs.errors import SettingsError


def load(
    tmp_path: Path, text: str = "", environ: dict[str, str] | None = None, **overrides: object
) -> settings.Settings:
    if text:
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    return settings.load({"AGENTOBS_HOME": str(tmp_path), **(environ or {})}, **overrides)


def test_nothing_set_means_the_embedded_database_and_utc(tmp_path):
    found = load(tmp_path)
    assert (found.home, found.database_url, found.timezone, found.project, found.workers) == (
        tmp_path,
        None,
        "UTC",
        None,
        None,
    )
    assert found.database_home == tmp_path / "database"
    assert found.redaction_key == tmp_path / "redaction.key"


def test_without_a_home_it_is_the_users_data_folder():
    assert settings.load({}).home.name == "agentobs"


def test_the_environment_beats_the_file_and_the_caller_beats_both(tmp_path):
    text = 'timezone = "Asia/Tokyo"\nproject = "file"\nworkers = 1'
    assert load(tmp_path, text).timezone == "Asia/Tokyo"
    environ = {"AGENTOBS_TIMEZONE": "Europe/Zurich", "AGENTOBS_WORKERS": "3"}
    found = load(tmp_path, text, environ)
    assert (found.timezone, found.project, found.workers) == ("Europe/Zurich", "file", 3)
    assert load(tmp_path, text, environ, timezone="UTC", workers=None).timezone == "UTC"


def test_an_empty_variable_is_not_set(tmp_path):
    assert load(tmp_path, environ={"AGENTOBS_DATABASE_URL": ""}).database_url is None


def test_another_file_may_be_named(tmp_path):
    (tmp_path / "mine.toml").write_text('project = "mine"')
    assert load(tmp_path, environ={"AGENTOBS_CONFIG": str(tmp_path / "mine.toml")}).project == "mine"


@pytest.mark.parametrize(
    ("text", "environ", "message"),
    [
        ('timezone = "Mars"', {}, "timezone 'Mars' is unknown; write one like 'Europe/Zurich'"),
        ("", {"AGENTOBS_TIMEZONE": "../etc/passwd"}, "timezone '../etc/passwd' is unknown"),
        ("workers = 0", {}, "workers is 0; it must be at least 1"),
        ("", {"AGENTOBS_WORKERS": "many"}, "workers"),
        ('colour = "red"', {}, "colour"),
        ("project = [1]", {}, "project"),
        ("not toml", {}, "cannot read settings from"),
        ("", {"AGENTOBS_CONFIG": "/nowhere/x.toml"}, "AGENTOBS_CONFIG names '/nowhere/x.toml', which is not there"),
    ],
)
def test_a_value_we_cannot_use_is_named(tmp_path, text, environ, message):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text, environ)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_home_below_the_users_home_is_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings.load({"AGENTOBS_HOME": "~/data"}).home == tmp_path / "data"


def test_the_rules_of_the_user_lie_in_the_data_folder_or_where_they_are_named(tmp_path):
    assert load(tmp_path).redaction_rules is None
    (tmp_path / "redaction.toml").touch()
    assert load(tmp_path).redaction_rules == tmp_path / "redaction.toml"
    assert load(tmp_path, "redaction_rules = '/etc/rules.toml'").redaction_rules == Path("/etc/rules.toml")
    named = {"AGENTOBS_REDACTION_RULES": "~/mine.toml"}
    assert load(tmp_path, environ=named).redaction_rules == Path("~/mine.toml").expanduser()
    with pytest.raises(SettingsError, match="redaction_rules"):
        load(tmp_path, "redaction_rules = [1]")
