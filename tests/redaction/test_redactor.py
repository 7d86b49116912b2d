"""What redaction does to lines, documents and strings, whatever the rules are."""

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.redaction import RULES, Anchor, Redactor, Rule
from agentobs.redaction.escapes import Origin, inside_escape, unescape

KEY = b"k" * 32
REDACTORS = {name: Redactor(KEY, engine=name) for name in ("hyperscan", "re")}
TOKEN = "ghp_" + "A1b2" * 9
AWS = "AK" + "IAQ3EGRIA7KLMN2X5Y"


@pytest.fixture(params=REDACTORS)
def redactor(request):
    return REDACTORS[request.param]


def escaped(text):
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


def test_a_chunk_gives_its_lines_and_says_which_were_altered(redactor):
    redacted = redactor.chunk(f'{{"a":1}}\n{{"b":"{TOKEN}"}}\r\n\n{{"c":"{AWS} {TOKEN}"}}\n'.encode())
    assert [line.count("«redacted:".encode()) for line in redacted.lines] == [0, 1, 0, 2]
    assert redacted.lines[0] == b'{"a":1}'
    assert redacted.lines[1].endswith(b'"}\r')
    assert redacted.altered == [1, 3]
    assert redacted.counts == {"github_token": 2, "aws_access_key_id": 1}


@pytest.mark.parametrize("data", [b"", b"\n", b"a\nb", b"a\nb\n"])
def test_clean_lines_are_the_same_lines(redactor, data):
    redacted = redactor.chunk(data)
    assert redacted.lines == data.split(b"\n")[: data.count(b"\n") + (not data.endswith(b"\n") and data != b"")]
    assert (redacted.altered, redacted.counts) == ([], {})
    assert redactor.lines(redacted.lines).lines == redacted.lines


def test_a_secret_at_either_end_of_a_line_belongs_to_that_line(redactor):
    lines = [b"x", TOKEN.encode(), AWS.encode(), b"y"]
    assert redactor.lines(lines).altered == [1, 2]
    assert redactor.chunk(b"\n".join(lines)).altered == [1, 2]


def test_the_same_secret_gets_the_same_mark_however_it_is_written(redactor):
    plain = redactor.text(f"x {TOKEN}")[2:]
    assert json.loads(redactor.text('["' + escaped(TOKEN) + '"]')) == [plain]
    assert redactor.text(f"other {AWS}")[6:] != plain
    assert Redactor(b"q" * 32).text(TOKEN) != plain


def test_the_mark_of_a_password_does_not_depend_on_its_escapes(redactor):
    once = json.dumps({"password": 'ab"c\\d9é'})
    marks = {redactor.text(text).split("«")[1].split("»")[0] for text in (once, json.dumps(once))}
    assert len(marks) == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"k":"' + escaped("A") + AWS[1:] + '"}',
        '{"k":"' + escaped(AWS) + '"}',
        '{"k":"' + escaped(AWS).upper().replace("\\U", "\\u") + '"}',
        '{"' + AWS[:6] + escaped(AWS[6]) + AWS[7:] + '":1}',
        json.dumps({"k": '{"j":"' + escaped(AWS[:2]) + AWS[2:] + '"}'}),
        json.dumps({"k": json.dumps({"j": '["' + AWS[:9] + escaped(AWS[9:]) + '"]'})}),
        '{"k":"\\n' + AWS + '\\n"}',
        '{"k":"\\u00e9' + AWS + '\\u00e9"}',
    ],
)
def test_a_key_cannot_hide_in_escapes(redactor, line):
    redacted = redactor.text(line)
    json.loads(redacted)
    assert redacted.count("«redacted:aws_access_key_id:") == 1
    assert AWS[10:] not in redacted
    assert escaped(AWS[10:]) not in redacted


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('{"u":"https:\\/\\/bob:s3cr3t@host\\/x"}', {"u": "https://bob:*@host/x"}),
        ('{"a":"api_key\\u003d\\u00279f8e7d6c5b4a\\u0027"}', {"a": "api_key='*'"}),
        ('{"a":"{\\u0022password\\u0022:\\u0022hunter2x\\u0022}"}', {"a": '{"password":"*"}'}),
        ('{"password":"ab\\"c\\\\9\\u0041"}', {"password": "*"}),
        ('{"a":"password=\'abc12345","b":"it\'s"}', {"a": "password='*", "b": "it's"}),
        ('{"a":"say password=\\"abc12345","b":"x"}', {"a": 'say password="*', "b": "x"}),
        ('{"password":"abc12345\\\\","token":"z"}', {"password": "*", "token": "z"}),
        ('{"password":"\\u00ab\\u00bb"}', {"password": "«»"}),
        ('{"password":12345678}', {"password": 12345678}),
    ],
)
def test_only_the_value_goes_and_the_line_stays_json(redactor, line, kept):
    value = json.loads(redactor.text(line))
    assert {name: _starred(text) for name, text in value.items()} == kept


def _starred(text):
    if not isinstance(text, str) or "«redacted:" not in text:
        return text
    return text[: text.index("«")] + "*" + text[text.index("»") + 1 :]


def test_a_key_file_read_with_line_numbers_is_found(redactor):
    body = "".join(f"     {n}→{'MIIEow1B' * 8}\n" for n in range(2, 9))
    text = f"     1→-----BEGIN RSA PRIVATE KEY-----\n{body}     9→-----END RSA PRIVATE KEY-----\nrest"
    redacted = json.loads(redactor.text(json.dumps([text])))[0]
    assert redacted.startswith("     1→«redacted:private_key:")
    assert redacted.endswith("»\nrest")


def test_a_key_file_cut_off_is_found(redactor):
    text = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow1B" * 8 + "\n" + "Zk3/qP0a" * 8
    assert json.loads(redactor.text(json.dumps([text])))[0].startswith("«redacted:private_key:")
    assert "qP0a" not in redactor.text(json.dumps([text]))


@pytest.mark.parametrize("where", [0, 9_000, 50_000])
def test_a_long_line_is_searched_to_its_end(redactor, where):
    noise = "token = parser.next()\n" * (where // 22)
    line = json.dumps({"a": noise + "api_key='9f8e7d6c5b4a'" + noise})
    assert redactor.text(line).count("«redacted:named_secret:") == 1
    clean = json.dumps({"a": noise + noise})
    assert redactor.text(clean) is clean


@pytest.mark.parametrize("text", ["\ud800" + TOKEN, TOKEN + "\0", '{"a":"' + TOKEN, "\\" + TOKEN + "\\", '"' + TOKEN])
def test_broken_text_is_redacted_too(redactor, text):
    assert redactor.text(text) == text.replace(TOKEN, redactor.text(TOKEN))


def test_broken_bytes_are_redacted_too(redactor):
    assert (
        redactor.text(b"\xff\xfe" + TOKEN.encode() + b"\xff") == b"\xff\xfe" + redactor.text(TOKEN).encode() + b"\xff"
    )


def test_rules_of_others_can_be_given():
    rule = Rule("acme_key", (Anchor(b"acme-", rb"[0-9]{4}"),), rb"(?P<secret>acme-[0-9]{4,9})")
    for engine in REDACTORS:
        redacted = Redactor(KEY, rules=(*RULES, rule), engine=engine).lines([b"acme-12345", TOKEN.encode()])
        assert redacted.counts == {"acme_key": 1, "github_token": 1}


def test_threads_share_a_redactor():
    line, results = (f'{{"a":"{TOKEN}"}}\n' * 200).encode(), []
    work = lambda: results.append(REDACTORS["hyperscan"].chunk(line).counts["github_token"])  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200] * 4


# Values that hold nothing like a secret, but every kind of escape and quote.
harmless = st.text(st.sampled_from("xyz é€😀\"'\\/\n\t\b\u2028<>&{}[]:,=-«»\x00\x7f"), max_size=12)
letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
token = st.lists(st.sampled_from(letters), min_size=36, max_size=36, unique=True).map("".join).map("ghp_{}".format)
google = st.lists(st.sampled_from(letters), min_size=35, max_size=35, unique=True).map("".join).map("AIza{}".format)
password = st.text(st.sampled_from('abQZ79!#$%^&*"\\/é<>'), min_size=6, max_size=14).map("q1W{}".format)
leaves = st.one_of(harmless, st.integers(-9, 2**70), st.booleans(), st.none(), st.floats(allow_nan=False))
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(harmless, inner, max_size=3)
)


@st.composite
def planted(draw):
    """A document of three harmless parts around a planted secret; what was planted, and how deep."""
    kind = draw(st.sampled_from(["value", "key", "password", "inside"]))
    secret = draw(password if kind == "password" else token | google)
    place = {
        "value": secret,
        "key": {secret: 1},
        "password": {"password": secret},
        "inside": f'see:\n{secret}\n"it\'s"\\',
    }[kind]
    document = [draw(documents), {"x": place}, draw(documents)]
    for _ in range(draw(st.integers(0, 2))):
        document = [draw(harmless), json.dumps(document, ensure_ascii=draw(st.booleans())), draw(harmless)]
    line = json.dumps(document, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        line = line.replace("/", "\\/")
    if draw(st.booleans()):
        for part in (secret[0], secret[-1]):
            line = (
                line.replace(part, f"\\u{ord(part):04X}") if part.isalnum() and _only_in(part, secret, line) else line
            )
    return document, secret, line


def _only_in(part, secret, line):
    return line.count(part) == line.count(secret) > 0


def _deep(value, secret, mark):
    """The value with the secret replaced in every string, also in JSON inside strings."""
    if isinstance(value, str):
        try:
            inner = json.loads(value)
        except ValueError:
            return value.replace(secret, mark)
        if isinstance(inner, list | dict):
            return f"json {_deep(inner, secret, mark)}"
        return value.replace(secret, mark)
    if isinstance(value, list):
        return [_deep(item, secret, mark) for item in value]
    if isinstance(value, dict):
        return {_deep(key, secret, mark): _deep(item, secret, mark) for key, item in value.items()}
    return value


@given(planted())
def test_a_planted_secret_goes_and_everything_else_stays(case):
    document, secret, line = case
    redacted = REDACTORS["hyperscan"].text(line)
    assert secret not in redacted
    start = redacted.index("«redacted:")
    mark = redacted[start : redacted.index("»", start) + 1]
    assert _deep(json.loads(redacted), secret, mark) == _deep(document, secret, mark)
    assert REDACTORS["hyperscan"].text(redacted) is redacted
    assert REDACTORS["re"].text(line) == redacted


@given(st.text(st.sampled_from('a"\\/u0041dD8Cbn\n'), max_size=40))
def test_an_unescaped_text_knows_where_it_comes_from(text):
    source = text.encode()
    plain, origin = unescape(source), Origin.of(source)
    for start in range(len(plain)):
        first, last = origin.span(start, start + 1)
        assert first < last
        assert not inside_escape(source, first)
        assert plain[start : start + 1] in unescape(source[first:last])


@given(documents.map(json.dumps))
def test_harmless_documents_stay(line):
    assert REDACTORS["hyperscan"].text(line) is line
