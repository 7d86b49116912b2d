"""The user's own rules: what the file can say, and how it says that it cannot."""

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agentobs.errors import SettingsError
from agentobs.redaction import RULES, RULES_VERSION, Redactor, load_rules, rules_version
from agentobs.redaction.custom import _risk

KEY = b"k" * 32
GITHUB = "gh" + "p_" + "A1b2" * 9


@pytest.fixture(params=["hyperscan", "re"])
def redact(request, tmp_path):
    def redact(file: str, text: str) -> str:
        path = tmp_path / "redaction.toml"
        path.write_text(file, encoding="utf-8")
        said = Redactor(KEY, load_rules(path), engine=request.param).text(text)
        return re.sub(r"«redacted:([\w-]+):[0-9a-f]{8}»", r"<\1>", said)

    return redact


def refusal(tmp_path, file: str | bytes) -> str:
    path = tmp_path / "redaction.toml"
    path.write_bytes(file if isinstance(file, bytes) else file.encode())
    with pytest.raises(SettingsError) as caught:
        load_rules(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def rule(pattern: str, *more: str) -> str:
    return "\n".join(["[[rule]]", 'name = "acme"', f"pattern = '{pattern}'", *more])


PIN = '[[rule]]\nname = "pin"\nkeys = ["acme_pin"]'


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (rule("acme-[0-9a-f]{8}"), f"x acme-12345678 {GITHUB}", "x <acme> <github_token>"),
        (rule("acme-[0-9a-f]{8}", "unless = 'acme-0{8}'"), "acme-00000000 acme-1234567f", "acme-00000000 <acme>"),
        (rule("acme key: (?P<secret>[a-z]+)"), "acme key: open sesame", "acme key: <acme> sesame"),
        (rule("(?i)acme_[0-9]{4}"), "ACME_1234 Acme_1234 acme_12", "<acme> <acme> acme_12"),
        (rule("(?:A|B)cme[0-9]{2}", "literal = 'cme'"), "Acme12 Bcme34 Ccme56", "<acme> <acme> Ccme56"),
        (rule("(?P<secret>[A-Z]{4})@vault", "literal = '@vault'"), "in ABCD@vault", "in <acme>@vault"),
        (rule("acme(?P<secret>-[0-9]+)?:"), "acme-77: acme:", "acme<acme>: acme:"),
        (rule("acme=[0-9]{4}"), '{"a":"\\u0061cme\\u003d1234"}', '{"a":"<acme>"}'),
        (rule("gh" + "p_[A-Za-z0-9]{36}"), GITHUB, "<acme>"),
        (PIN, '{"acme_pin": "4711"}', '{"acme_pin": "<pin>"}'),
        (PIN, "ACME_PIN=4711 my_acme_pin=1234", "ACME_PIN=<pin> my_acme_pin=1234"),
        (PIN, "acme_pin = get_pin() acme_pin: ${PIN}", None),
        (PIN + '\nunless = "^0+$"', 'acme_pin: "0000" acme_pin: "9"', 'acme_pin: "0000" acme_pin: "<pin>"'),
        ('[allow]\nvalues = ["s3cr3t1"]', "password=s3cr3t1 passwd=s3cr3t12", "password=s3cr3t1 passwd=<password>"),
        ("[allow]\npatterns = ['(?i)test-[0-9]{1,9}', 'demo.{0,9}']", "password=TEST-123 password=demo1234", None),
        ("[allow]\npatterns = ['demo.{0,9}']", "password=xdemo123", "password=<password>"),
        ('disable = ["github_token"]', GITHUB + " password=Hunter2x!", GITHUB + " password=<password>"),
        ("", GITHUB, "<github_token>"),
    ],
)  # fmt: skip
def test_what_a_file_says_is_done(redact, file, text, said):
    assert redact(file, text) == (text if said is None else said)


def test_without_a_file_our_rules_hold(tmp_path):
    assert load_rules(None) is RULES
    (tmp_path / "empty.toml").touch()
    assert rules_version(load_rules(tmp_path / "empty.toml")) == RULES_VERSION == Redactor(KEY).version


@pytest.mark.parametrize(
    "file",
    [rule("acme-[0-9]{4}"), rule("acme-[0-9]{5}"), "[allow]\nvalues = ['a']", 'disable = ["jwt"]'],
)
def test_the_version_changes_with_the_file_and_only_with_it(tmp_path, file):
    path = tmp_path / "redaction.toml"
    path.write_text(file)
    version = rules_version(load_rules(path))
    assert version != RULES_VERSION
    assert version == rules_version(load_rules(path))
    path.write_text(f"# a comment\n{file}\n")
    assert version == rules_version(load_rules(path))
    path.write_text(rule("acme-[0-9]{6}"))
    assert version != rules_version(load_rules(path))


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (rule("acme-[0-9"), "rule 1 'acme': pattern 'acme-[0-9' is no regular expression: unterminated character set"),
        (rule("[0-9]{16}"), "does not begin with 3 plain characters; give as literal what every match holds"),
        (rule("acme|bcme"), "does not begin with 3 plain characters"),
        (rule("(?P<secret>acme|bcme)"), "does not begin with 3 plain characters"),
        (rule("acme-[0-9]", "literal = 'a'"), "does not begin with 3 plain characters"),
        (rule("(acme)?"), "matches an empty text"),
        (rule("acme(a+)+x"), "pattern 'acme(a+)+x' has a repeat or a choice inside a repeat; write"),
        (rule("acme(?:a|aa)*x"), "has a repeat or a choice inside a repeat"),
        (rule("acme.*a.*b.*c"), "has too many repeats without a narrow bound; write {1,80}"),
        (rule("acme-é"), "pattern 'acme-é' holds 'é', which JSON may write in two ways; write ASCII only"),
        (rule("acme", "unless = '('"), "unless '(' is no regular expression"),
        (rule("acme[[a]"), "is no regular expression: Possible nested set"),
        (rule("acme", "colour = 'red'"), "colour"),
        ('[[rule]]\nname = "acme"', "has neither pattern nor keys; write one of them"),
        ('[[rule]]\nname = "acme"\nliteral = "acme"\nkeys = ["pin"]', "has a literal but no pattern"),
        ('[[rule]]\nname = "a b"\npattern = "acme"', "rule 1 'a b': a name begins with a letter and has up to 40"),
        ('[[rule]]\npattern = "acme"', "name"),
        ('[[rule]]\nname = "acme"\nkeys = ["a"]', "key 'a' is no name; write 3 to 64"),
        ('disable = ["github_tokens"]', "which is no rule of ours; did you mean 'github_token'"),
        ('disable = ["zzz"]', "there are age_key, "),
        ("[allow]\npatterns = ['(?P<a>x)', '(?P<a>y)']", "redefinition of group name"),
        ("[allow]\npatterns = ['(a*)*']", "allow pattern '(a*)*' has a repeat"),
        ("rule = 3", "rule"),
        ("not toml", "cannot read redaction rules"),
        (b"\xff\xfe", "cannot read redaction rules"),
        (b"a = " + b"[" * 100_000, "cannot read redaction rules"),
        (b"a = " + b"1" * 5000, "cannot read redaction rules"),
        (b"#" * ((1 << 20) + 1), "have more than 1,048,576 bytes"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(tmp_path, file, message):
    assert message in refusal(tmp_path, file)


def test_a_named_file_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match="are not there; write the file or unset redaction_rules"):
        load_rules(tmp_path / "redaction.toml")
    with pytest.raises(SettingsError, match="cannot read redaction rules"):
        load_rules(tmp_path)


def test_a_rule_of_the_user_cannot_reach_into_a_mark(redact):
    file = rule("redacted:[a-z_]+") + "\n" + rule("github_token")
    assert redact(file, f"{GITHUB} github_token") == "<github_token> <acme>"


@pytest.mark.parametrize(
    ("pattern", "risky"),
    [
        (rb"a{1,80}\.b{1,80}\.c{1,80}", False),
        (rb"(?:[0-9]{4}-){3}[0-9]{4}", False),
        (rb"\(a+\)+", False),
        (rb"[(a+)]+", False),
        (rb"[]a+(]+b", False),
        (rb"(?:a|b)c+", False),
        (rb"(?:a?){3}", True),
        (rb"((?:a{2}){1,3}b)*", True),
        (rb"(?=(a+))(b)*", False),
        (rb"x(a(b|c)d)+", True),
        (rb"\w*\d*\s*", True),
    ],
)  # fmt: skip
def test_patterns_that_may_never_end_are_known(pattern, risky):
    re.compile(pattern)
    assert (_risk(pattern) is not None) == risky


SIGNS = r"a acme - ( ) [ ] { } * + ? | \ ^ $ . (?: (?P<secret> (?i) (?x) \d [a-z] {2,} {1,3} (?= (?<! é \1 # [[ \Z ' \n"
pieces = st.sampled_from([*SIGNS.split(" "), "\n", "(?P=secret)", " "])
patterns = st.lists(pieces, max_size=8).map("".join)
texts = st.text(st.sampled_from('acme-ACME01=:"\\ \n{}é'), max_size=60)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\u{ord(sign):04x}" for sign in text) + '"'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pattern=patterns, literal=st.none() | st.just("acme") | patterns, unless=st.none() | patterns, text=texts)
@example(pattern="acme()", literal=None, unless=None, text="acme acme")
@example(pattern="acme|", literal="acme", unless=None, text="acme")
def test_any_rule_is_refused_in_words_or_works(tmp_path, pattern, literal, unless, text):
    lines = ["[[rule]]", 'name = "acme"', f"pattern = {quoted(pattern)}"]
    lines += [
        f"{name} = {quoted(said)}" for name, said in (("literal", literal), ("unless", unless)) if said is not None
    ]
    path = tmp_path / "redaction.toml"
    path.write_text("\n".join(lines))
    try:
        rules = load_rules(path)
    except SettingsError:
        return
    results = [Redactor(KEY, rules, engine=engine).text(text) for engine in ("hyperscan", "re")]
    assert results[0] == results[1]
    assert "«redacted:" not in results[0] or "«redacted:acme:" in results[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200) | st.text(st.sampled_from("[]ruleallow=\"'{}.#\n1"), max_size=80).map(str.encode))
def test_any_file_is_refused_in_words_or_works(tmp_path, content):
    path = tmp_path / "redaction.toml"
    path.write_bytes(content)
    try:
        rules = load_rules(path)
    except SettingsError:
        return
    assert Redactor(KEY, rules).text(GITHUB) != GITHUB
