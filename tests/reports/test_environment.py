"""A report's process sees what it needs and no secret."""

import stat

from agentobs.reports.environment import clean


def test_secrets_stay_outside(tmp_path):
    given = {
        "PATH": "/bin",
        "ANTHROPIC_API_KEY": "k",
        "AWS_SECRET_ACCESS_KEY": "k",
        "GITHUB_TOKEN": "k",
        "PGPASSWORD": "k",
    }
    given |= {"AGENTOBS_HOME": "/data", "AGENTOBS_API_KEY": "k", "PYTHONSTARTUP": "/x.py", "LC_ALL": "C.UTF-8"}
    seen = clean(given, tmp_path)
    assert (seen["PATH"], seen["AGENTOBS_HOME"], seen["LC_ALL"]) == ("/bin", "/data", "C.UTF-8")
    assert "k" not in seen.values()
    assert "PYTHONSTARTUP" not in seen


def test_the_password_of_the_database_moves_into_a_private_file(tmp_path):
    url = "postgresql://me:p%3Aw@db:5433/agents?sslmode=require"
    seen = clean({"AGENTOBS_DATABASE_URL": url}, tmp_path)
    assert seen["AGENTOBS_DATABASE_URL"] == "postgresql://me@db:5433/agents?sslmode=require"
    passwords = tmp_path / "pgpass"
    assert seen["PGPASSFILE"] == str(passwords)
    assert passwords.read_text() == "*:*:*:*:p\\:w\n"
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600


def test_a_url_without_a_password_is_left_alone(tmp_path):
    url = "postgresql:///agents?host=/tmp/s%20ocket"
    assert clean({"AGENTOBS_DATABASE_URL": url}, tmp_path)["AGENTOBS_DATABASE_URL"] == url
    assert not (tmp_path / "pgpass").exists()
