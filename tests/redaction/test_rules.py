"""Every rule by examples. Secrets are put together here at runtime, so that no scanner takes this file for a leak."""

import json
import re

import pytest

from agentobs.redaction import RULES, RULES_VERSION, Redactor, rules_version

REDACTORS = {name: Redactor(b"k" * 32, engine=name) for name in ("hyperscan", "re")}
A36 = "A1b2C3d4E5f6" * 3
B40 = "aB3/cD+5eF7g" * 3 + "h9Ij"
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
BODY = "MIIEowIBAAKCAQEA7b9x+" + "Zk3/qP0a" * 12


def pem(kind, body=BODY):
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"


# name of the rule: texts with {} where the secret stands, and secrets
POSITIVE = {
    "anthropic_key": (
        ["{}", "export ANTHROPIC_KEY={}", "key is '{}'.", "\x1b[32m{}\x1b[0m", "x\n{}\n"],
        ["sk-" + "ant-api03-" + A36 * 2 + "AA", "sk-" + "ant-oat01-" + A36 + "-_" + A36],
    ),
    "openai_key": (
        ["{}", "client({})", "curl -H 'X: {}'", "\t{}", "a={};"],
        ["sk-" + "proj-" + A36 + "_-" + A36, "sk-" + A36 + "T3BlbkFJ2345", "sk-" + "svcacct-" + A36 * 2],
    ),
    "github_token": (
        ["{}", "https://{}@github.com/a/b", "git clone x:{}", "\n{}", "({})"],
        [f"gh{kind}_" + A36 for kind in "pousr"] + ["github" + "_pat_" + A36[:22] + "_" + A36 + A36[:23]],
    ),
    "aws_access_key_id": (
        ["{}", "aws_access_key_id = {}", "id:{},", "Credential={}/20260101/us-east-1", "[{}]"],
        ["AK" + "IAQ3EGRIA7KLMN2X5Y", "AS" + "IAZ7WQ2RTY4UIOP5A6"],
    ),
    "aws_secret_key": (
        [
            "aws_secret_access_key = {}",
            "AWS_SECRET_ACCESS_KEY={}",
            '"SecretAccessKey": "{}"',
            "AWS Secret Access Key [None]: {}",
            "secretAccessKey: '{}',",
        ],
        [B40],
    ),
    "google_api_key": (
        ["{}", "?key={}&x=1", "'{}'", "key:{}", "x {} y"],
        ["AI" + "zaSyA-1b_" + "C3d4E5f6g7H8i9J0kLmNoPqRstuV"],
    ),
    "slack_token": (
        ["{}", "SLACK={}", "'{}'", "\n{}\n", "x {},"],
        ["xox" + "b-123456789012-1234567890123-" + A36[:24], "xox" + "p-1234567890-" + A36, "xapp" + "-1-A01-" + A36],
    ),
    "stripe_key": (["{}", "Stripe({})", "'{}'", "k={}", "-u {}:"], ["sk_" + "live_" + A36[:24], "rk_" + "live_" + A36]),
    "private_key": (
        ["{}", "cat key\n{}\n$", "x = '''{}'''", "> {}", "{}\n{}"],
        [pem("RSA PRIVATE KEY"), pem("PRIVATE KEY"), pem("OPENSSH PRIVATE KEY"), pem("EC PRIVATE KEY", BODY[:64])],
    ),
    "jwt": (["{}", "jar: session={};", "'{}'", "\n{}", "jwt {}"], [JWT]),
    "url_password": (
        [
            "postgres://bob:{}@localhost:5432/db",
            "https://bob:{}@example.com/x",
            "redis://:{}@cache:6379",
            "mongodb+srv://u1:{}@c0.mongodb.net",
            "amqp://guest:{}@[::1]/",
        ],
        ["s3cr3t", "Tr0ub4dor&3", "with%40at"],
    ),
    "authorization": (
        [
            "Authorization: Bearer {}",
            '"authorization": "Bearer {}"',
            "-H 'Authorization: bearer {}'",
            "Authorization: Basic {}",
            "{{'Authorization': 'Basic {}'}}",
        ],
        ["dXNlcjpwYXNzd29yZDEyMw==", "c2VjcmV0OnNlY3JldDEyMzQ1"],
    ),
    "password": (
        [
            "password={}",
            'password = "{}"',
            '{{"password": "{}"}}',
            "DB_PASSWORD: {}",
            "passwd='{}'",
            "PGPASSWORD={} psql",
            'userPassword: "{}",',
        ],
        ["hunter2x!", "Tr0ub4dor-3", "9f8e7d6c"],
    ),
    "named_secret": (
        [
            "api_key={}",
            'API_KEY = "{}"',
            '{{"clientSecret": "{}"}}',
            "x-api-key: {}",
            "?access_token={}&page=2",
            "SECRET_KEY='{}'",
            "apiKey: `{}`",
        ],
        ["9f8e7d6c5b4a39281706", "tok_A1b2C3d4E5f6g7", "550e8400-e29b-41d4-a716-446655440000"],
    ),
}

NEGATIVE = {
    "anthropic_key": [
        "sk-ant-",
        "sk-ant-...",
        "sk-ant-api03-short",
        "sk-" + "ant-" + "x" * 40,
        "sk-" + "ant-your-key-goes-in-here-please",
        "task-ant-" + A36,
    ],
    "openai_key": [
        "sk-learn",
        "scikit-learn/sk-model-selection-is-a-long-name-of-a-page",
        "ri" + "sk-" + A36 + A36[:12],
        "sk-" + "proj-",
        "sk-" + "x" * 48,
        "sk-" + "abcdefghij" * 4,
    ],
    "github_token": [
        "ghp_",
        "ghp_" + "x" * 36,
        "ghp_tooshort1234",
        "gha_" + A36,
        "github_pat_docs",
        "high" + "p_" + A36,
    ],
    "aws_access_key_id": [
        "AKIA",
        "AKIA1234",
        "AKIAlowercase1234567",
        "XAK" + "IAQ3EGRIA7KLMN2X5Y",
        "AK" + "IA" + "X" * 16,
    ],
    "aws_secret_key": [
        B40,
        "aws_secret_access_key = <secret>",
        "aws_secret_access_key = os.environ['X']",
        "secret_key: " + "a" * 40,
        "AWS_SECRET_ACCESS_KEY",
    ],
    "google_api_key": ["AIza", "AIza" + "x" * 35, "XAI" + "za" + A36[:35], "AIzaShort", "AIza" + "a" * 80],
    "slack_token": [
        "xoxo",
        "xoxb-",
        "xoxb-your-token-goes-here",
        "xox" + "b-" + "x" * 20,
        "xapp-name-of-an-application",
    ],
    "stripe_key": [
        "sk_live_",
        "sk_live_xxxxxxxxxxxxxxxx",
        "pk_" + "live_" + A36[:24],
        "sk_" + "live_" + "x" * 24,
        "sk_live_short",
    ],
    "private_key": [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
        pem("PUBLIC KEY"),
        pem("CERTIFICATE"),
        "if text.startswith('-----BEGIN PRIVATE KEY-----'): return 'a private key'",
    ],
    "jwt": ["eyJhbGciOiJIUzI1NiJ9", "eyJ" + "a" * 400, "eyJhbGci.eyJzdWIi", "eyJhbGciOiJIUzI1NiJ9.x.y", "a.eyJ.b"],
    "url_password": [
        "https://example.com:8080/a@b",
        "http://localhost:3000",
        "postgres://user:password@localhost/db",
        "postgres://${USER}:${PASS}@host",
        "https://user:<token>@host",
        "git@github.com:a/b.git",
        "redis://:***@cache",
        "http://a:8080,x@y",
    ],
    "authorization": [
        "Authorization: Bearer <token>",
        "Bearer ${TOKEN}",
        "the bearer of this letter",
        "Authorization: Bearer YOUR_TOKEN_HERE_123",
        "f'Bearer {self.token}'",
        "bearer authentication-required",
        "Authorization: Basic auth",
    ],
    "password": [
        "password = getpass()",
        "password=request.form['password1']",
        "password: str",
        "password=settings.db1.password",
        '"password": "Enter your password, 8 letters"',
        "password = '***'",
        "PASSWORD=${DB_PASSWORD}",
        '"password": null',
        '"password": "required"',
        "password: changeme1",
        '{"password": 12345678}',
        '"name": "password", "value": "x1y2z3"',
        'PASSWORD="DB_PASSWORD_1"',
        "password='' + pass1",
    ],
    "named_secret": [
        'os.environ["API_KEY"]',
        "api_key=your-api-key-1",
        "api_key = 'xxxxxxxxxxxx'",
        "token = tokens[12345678]",
        "token: <token-123456>",
        "token=${TOKEN_123456}",
        "secret: null",
        '"input_tokens": 123456789012',
        '"token": "identifier_2"',
        "secret = hashlib.sha256(data1)",
        "api_key=settings.OPENAI_KEY_1",
        'token = "2026-01-01 00:00"',
        '"max_tokens":32000,"token_count":200000',
        "secret: /run/secrets/db1",
    ],
}

EVERYDAY = [
    '"requestId":"req_011CSbXYZabcdefghijk1234","id":"msg_01A2b3C4d5E6f7G8h9J0k1L2"',
    '"tool_use_id":"toolu_01A2b3C4d5E6f7G8h9J0k1L2"',
    '"uuid":"550e8400-e29b-41d4-a716-446655440000","parentUuid":null',
    '"signature":"' + "EqoBCkYIBhgCKkDw+/eyJsk/AKIA" * 200 + '=="',
    '"data":"iVBORw0KGgo' + "AIzaeyJhghp+sk/xoxb" * 300 + '"',
    "sha256:" + "9f86d081884c7d65" * 4,
    "commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "«redacted:password:0a1b2c3d»",
]


@pytest.mark.parametrize("engine", REDACTORS)
@pytest.mark.parametrize(
    ("rule", "text", "secret"),
    [(rule, text, secret) for rule, (texts, secrets) in POSITIVE.items() for text in texts for secret in secrets],
)
def test_a_secret_is_replaced_and_what_is_around_it_stays(engine, rule, text, secret):
    before = text.format(secret, secret)
    redacted = REDACTORS[engine].text(before)
    assert secret not in redacted
    mark = redacted[redacted.index("«") : redacted.index("»") + 1]
    assert mark.startswith(f"«redacted:{rule}:")
    assert redacted == text.format(mark, mark)


@pytest.mark.parametrize("engine", REDACTORS)
@pytest.mark.parametrize(
    "text", [*(text for texts in NEGATIVE.values() for text in texts), *EVERYDAY], ids=lambda text: text[:40]
)
def test_what_only_looks_like_a_secret_stays(engine, text):
    assert REDACTORS[engine].text(text) is text
    line = json.dumps({"text": text, "more": json.dumps([text])})
    assert REDACTORS[engine].text(line) is line


@pytest.mark.parametrize("engine", REDACTORS)
@pytest.mark.parametrize("rule", POSITIVE)
def test_a_secret_is_found_in_json_in_json_in_json(engine, rule):
    texts, secrets = POSITIVE[rule]
    for text in texts:
        before = text.format(secrets[0], secrets[0])
        line = json.dumps({"a": json.dumps({"b": json.dumps({"c": before})})})
        redacted = REDACTORS[engine].text(line)
        inner = json.loads(json.loads(json.loads(redacted)["a"])["b"])["c"]
        assert inner == REDACTORS[engine].text(before)
        assert secrets[0] not in inner


def test_every_rule_here_has_examples_and_near_misses():
    assert set(POSITIVE) == set(NEGATIVE) <= {rule.name for rule in RULES}
    assert min(len(texts) for texts, _ in POSITIVE.values()) >= 5
    assert min(len(texts) for texts in NEGATIVE.values()) >= 5


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_names_its_secret(rule):
    assert "secret" in rule.matcher.groupindex


def test_an_anchor_is_looked_for_where_it_can_stand():
    for anchor in (anchor for rule in RULES for anchor in rule.anchors):
        assert not (anchor.dense and anchor.caseless)
        assert not anchor.dense or re.fullmatch(rb"[A-Za-z0-9_.-]+", anchor.literal)
        assert anchor.literal


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.before], ids=lambda rule: rule.name)
def test_a_secret_may_begin_before_its_literal_but_must_hold_it(rule):
    for place in (0, 1, rule.before, rule.before + 1):
        assert rule.match(b"x" * 80, place) is None


def test_the_version_is_a_digest_of_the_rules():
    assert rules_version(RULES) == RULES_VERSION != rules_version(RULES[1:])
    number, digest = RULES_VERSION.split(".")
    assert number.isdigit()
    assert len(digest) == 12
