"""secret_exposure: marks of redaction, and values that look like keys."""

import pytest

from agentobs.analysis.detectors import run, secret_exposure
from agentobs.analysis.detectors.secret_exposure import DETECTOR
from agentobs.redaction.catalog import RULES
from tests.analysis.detectors.scripts import Script

TOKEN = "\u00abredacted:github_token:0a1b2c3d\u00bb"
RANDOM = "q7Zk2Vt9Lw4Xc8Rb1Nf6Hy3Jd5"


def test_a_secret_is_one_finding_wherever_it_shows():
    script = Script().prompt(f"use {TOKEN}").bash(f"curl -H {TOKEN} https://example.com", f"echo {TOKEN}").say("ok")
    (finding,) = run(DETECTOR, script.frames()).itertuples()
    assert (finding.severity, finding.confidence, len(finding.event_ids)) == ("high", 0.95, 2)
    assert "github_token" in finding.explanation
    assert "a prompt" in finding.explanation
    assert "0a1b2c3d" not in finding.explanation


def test_secrets_of_the_same_steps_are_one_finding_others_their_own():
    key = "\u00abredacted:private_key:ffffffff\u00bb"
    (finding,) = run(DETECTOR, Script().bash("env", TOKEN + key).frames()).itertuples()
    assert finding.severity == "critical"
    assert "2 secrets" in finding.explanation
    apart = run(DETECTOR, Script().bash("env", TOKEN).bash("cat key", key).frames())
    assert sorted(apart["severity"]) == ["critical", "high"]


def test_a_candidate_beside_a_secret_in_the_same_step_is_a_finding_of_its_own():
    found = run(DETECTOR, Script().bash("cat .env", f"GH={TOKEN}\nAUTH_TOKEN={RANDOM}").frames())
    assert sorted(found["severity"]) == ["high", "low"]
    assert found["finding_id"].is_unique


@pytest.mark.parametrize(
    ("rule", "severity", "confidence"),
    [
        ("aws_access_key_id", "critical", 0.95),
        ("aws_session_token", "critical", 0.95),
        ("npm_token", "high", 0.95),
        ("named_secret", "high", 0.8),
        ("command_line_secret", "high", 0.8),
    ],
)
def test_a_rule_says_how_bad_and_how_sure_it_is(rule, severity, confidence):
    (finding,) = run(DETECTOR, Script().bash("env", f"KEY=\u00abredacted:{rule}:0a1b2c3d\u00bb").frames()).itertuples()
    assert (finding.severity, finding.confidence) == (severity, confidence)


def test_each_rule_that_is_named_is_one_that_redaction_has():
    known = {rule.name for rule in RULES}
    assert set(secret_exposure._GUESSED) | set(secret_exposure._FATAL) <= known


def test_a_guessed_password_in_a_file_of_tests_is_low():
    script = Script().read("tests/test_login.py", "password='\u00abredacted:password:0a1b2c3d\u00bb'")
    assert run(DETECTOR, script.frames())["severity"].tolist() == ["low"]
    script = Script().read("src/login.py", "password='\u00abredacted:password:0a1b2c3d\u00bb'")
    assert run(DETECTOR, script.frames())["severity"].tolist() == ["high"]


@pytest.mark.parametrize("text", [f"api_key = '{RANDOM}'", f'"clientSecret": "{RANDOM}"', f"AUTH_TOKEN={RANDOM}"])
def test_a_random_value_under_a_telling_name_is_a_candidate(text):
    (finding,) = run(DETECTOR, Script().bash("cat .env", text).frames()).itertuples()
    assert (finding.severity, finding.confidence) == ("low", 0.3)
    assert RANDOM not in finding.explanation
    assert run(DETECTOR, Script().bash("cat .env", text).frames(), candidates=False).empty


@pytest.mark.parametrize(
    "text",
    [
        f"checksum = '{RANDOM}'",
        "api_key = 'your-api-key-goes-here-1A'",
        "token = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1A'",
        "secret = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'",
        "token: 123e4567-e89b-12d3-a456-426614174000",
        "api_key = get_the_key_from_the_environment()",
        f"max_tokens_key = {RANDOM}",
        "\u00abredacted: nothing",
    ],
)
def test_other_values_are_none(text):
    assert run(DETECTOR, Script().bash("cat .env", text).frames()).empty
