"""What counts as a secret: one rule per kind of key, all of it data.

A rule is found by its anchors and decided by its pattern. An anchor is a literal and a short regular expression after
it that both engines understand (no look-around, no references, no unbounded run of word characters). It is searched
in raw JSON, so it must be tolerant: whatever the pattern accepts, the anchor finds, also with backslashes before
quotes. The pattern is matched by `re` where the literal stands; its group `secret` is what goes. `unless`, searched
in the secret, refuses placeholders.
`reach` spares long lines: where an anchor often stands for nothing, its surroundings are looked at first.
Two rules may share a name.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Anchor:
    """A literal and what must follow it."""

    literal: bytes
    then: bytes
    caseless: bool = False


@dataclass(frozen=True)
class Rule:
    """One kind of secret. Rules are ordered: where two meet, the earlier one names the secret."""

    name: str
    anchors: tuple[Anchor, ...]
    pattern: bytes
    unless: bytes = rb"(?!)"
    reach: int | None = None  # bytes of raw JSON after the anchor that suffice to see whether there is a secret

    @cached_property
    def matcher(self) -> re.Pattern[bytes]:
        """The compiled pattern."""
        return re.compile(self.pattern, re.DOTALL)

    @cached_property
    def refuser(self) -> re.Pattern[bytes]:
        """The compiled `unless`."""
        return re.compile(self.unless, re.DOTALL)


# Not inside a word, but right after a colour code of a terminal, which ends in a letter.
_START = rb"(?:(?<![A-Za-z0-9_-])|(?<=\[[0-9]m)|(?<=[\[;][0-9][0-9]m)|(?<=;[0-9]m))"
_FILLER = rb"[xX]{6}|\*{3}|\.{3}|(?i:your[-_]|placeholder|redacted)|(?P<same>.)(?P=same){11}"
_PLACEHOLDER = (
    rb"(?i:\Axxx|x{4}|\*{3}|\.{3}|\A<.*>\Z|\$\{|\{\{|\A\$\w+\Z|\A\$\(|\A%[(s]|\A[{(\[].*[})\]]\Z"
    rb"|your|example|placeholder|change[-_]?me|dummy|\A(?:my|fake|insert|replace)[-_]|redacted"
    rb"|[\"'] *\+|\+ *[\"']|\xe2\x80\xa6|\xe2\x80\xa2"
    rb"|\A(?P<one>.)(?:(?P=one)*|(?P=one)*(?!(?P=one))(?P<two>.)(?:(?P=one)|(?P=two))*)\Z)"
)

# Between a name and its value: in raw JSON (quotes and white space may be escaped, several times), and in plain text.
_RAW_GAP = rb"(?:\\|\\u000[9adAD]|\\[nrt]|[\"'`\s])*"
_ASSIGN = rb"(?P<key>[\"'`])?\s*(?:=>|:=|={1,3}|:)\s*"
_IN_QUOTES = rb"(?:(?!(?P=quote))[^\\\s]|\\[^\s])"
# An unquoted value that is code: a call, an index, a dotted path, a name with at most two digits at its end.
_CODE = (
    rb"(?![A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?![\w.+/=@-]))"
    rb"(?:(?<=(?-i:[A-Z])=)|(?![A-Za-z_]+[0-9]{0,2}(?![\w.!@#%^*~+/=-])))"
)
_CONSTANT = rb"\A[A-Z]+(?:_[A-Z0-9]+)+\Z"
_WORDS = _CONSTANT + rb"|\A[A-Za-z]+(?:[-_./: ][A-Za-z]+)*(?:[-_.]?v?[0-9]{1,2})?\Z"


def _value(quoted: bytes, bare: bytes) -> bytes:
    """The value of an assignment: in quotes of the given length, or bare after a bare name, and then no more code."""
    bare = rb"[A-Za-z0-9_\-+/=.!@#%^*~]" + bare + rb"+(?![\w(\[{<$])"
    return (
        rb"(?P<quote>[\"'`])?(?P<secret>(?(quote)"
        + (_IN_QUOTES + quoted)
        + rb"|"
        + (rb"(?(key)(?!))" + _CODE + bare)
        + rb"))(?(quote)(?:(?P=quote)|(?=\")|\Z))"
    )


def _named(*names: bytes, then: bytes = rb"") -> tuple[Anchor, ...]:
    return tuple(Anchor(name, then + _RAW_GAP + rb"[:=]", caseless=True) for name in names)


def _pem(edge: bytes) -> bytes:
    return rb"-----" + edge + rb" [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----"


_KEY_SUFFIX = rb"(?:[_-]?(?:key|value|base))?"

RULES: tuple[Rule, ...] = (
    Rule(
        "private_key",
        (Anchor(b"-----BEGIN ", rb"[A-Z0-9 ]*PRIVATE KEY"),),
        rb"(?P<secret>" + _pem(b"BEGIN") + rb"(?:"
        rb"(?=[^\"'`<]{0,400}?[A-Za-z0-9+/]{32})(?:[^\"'`<-]|-(?!----BEGIN )){40,20000}?"
        + _pem(b"END")
        + rb"|(?:\\+[nr]|\s)*[A-Za-z0-9+/]{32}(?:\\+[nr]|[A-Za-z0-9+/=\s])*))",
    ),
    Rule(
        "anthropic_key",
        (Anchor(b"sk-ant-", rb"[A-Za-z0-9_-]{20}"),),
        _START + rb"(?P<secret>sk-ant-[A-Za-z0-9_-]{20,300})",
        _FILLER,
    ),
    Rule(
        "openai_key",
        (
            Anchor(b"sk-proj-", rb"[A-Za-z0-9_-]{32}"),
            Anchor(b"sk-svcacct-", rb"[A-Za-z0-9_-]{32}"),
            Anchor(b"sk-admin-", rb"[A-Za-z0-9_-]{32}"),
            Anchor(b"sk-", rb"[A-Za-z0-9]{32}"),
        ),
        _START
        + rb"(?P<secret>sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{32,300}|[A-Za-z0-9]{32,64}(?![A-Za-z0-9_-])))",
        _FILLER + rb"|\A[^0-9]*\Z",
    ),
    Rule(
        "github_token",
        (
            *(Anchor(prefix, rb"[A-Za-z0-9]{36}") for prefix in (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_")),
            Anchor(b"github_pat_", rb"[A-Za-z0-9_]{50}"),
        ),
        _START + rb"(?P<secret>gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})",
        _FILLER,
    ),
    Rule(
        "aws_access_key_id",
        (Anchor(b"AKIA", rb"[A-Z2-7]{16}"), Anchor(b"ASIA", rb"[A-Z2-7]{16}")),
        _START + rb"(?P<secret>A[KS]IA[A-Z2-7]{16})(?![A-Za-z0-9_-])",
        _FILLER,
    ),
    Rule(
        "aws_secret_key",
        (Anchor(b"secret", rb"[_ -]?(?:access[_ -]?)?key(?: \[|" + _RAW_GAP + rb"[:=])", caseless=True),),
        rb"(?i:secret[_ -]?(?:access[_ -]?)?key)(?: \[[^\]\"]{0,40}\])?"
        + _ASSIGN
        + rb"[\"'`]?(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        _FILLER + rb"|\A[^0-9]*\Z|\A[0-9a-f]*\Z",
    ),
    Rule(
        "google_api_key",
        (Anchor(b"AIza", rb"[A-Za-z0-9_-]{35}"),),
        _START + rb"(?P<secret>AIza[A-Za-z0-9_-]{35})(?![A-Za-z0-9_-])",
        _FILLER,
    ),
    Rule(
        "slack_token",
        (Anchor(b"xox", rb"[abeoprs]-[A-Za-z0-9-]{16}"), Anchor(b"xapp-", rb"[A-Za-z0-9-]{16}")),
        _START + rb"(?P<secret>(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{16,300})",
        _FILLER + rb"|\A[^0-9]*\Z",
    ),
    Rule(
        "stripe_key",
        (Anchor(b"sk_live_", rb"[A-Za-z0-9]{16}"), Anchor(b"rk_live_", rb"[A-Za-z0-9]{16}")),
        _START + rb"(?P<secret>[sr]k_live_[A-Za-z0-9]{16,255})",
        _FILLER,
    ),
    Rule(
        "jwt",
        (Anchor(b"eyJ", rb"[A-Za-z0-9_-]{8}"),),
        _START + rb"(?P<secret>eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{8,16000}\.[A-Za-z0-9_-]{16,4000})",
    ),
    Rule(
        "url_password",
        (Anchor(b"://", rb"[^\s:@/\"']*:[^\s@/\"']+@"),),
        rb"://[^\s:@/\"'<>{}$\\]*:(?P<secret>[^\s/\"'`\\<>,()|]{3,256})@(?=[A-Za-z0-9\[])",
        _PLACEHOLDER + rb"|\A(?i:password|passwd|pass|pwd|secret|token|user|username)\Z|\A[0-9]{1,5}\Z",
        reach=2048,
    ),
    Rule(
        "authorization",
        (Anchor(b"bearer", rb"[ \t]+[A-Za-z0-9._~+/=-]{16}", caseless=True),),
        rb"(?i)bearer[ \t]+(?P<secret>[A-Za-z0-9._~+/=-]{16,4000})(?![\w(\[{<$])",
        _PLACEHOLDER + rb"|\A[^0-9]*\Z|" + _WORDS,
        reach=2048,
    ),
    Rule(
        "authorization",
        (Anchor(b"authorization", _RAW_GAP + rb"[:=]" + _RAW_GAP + rb"basic[ \t]+[A-Za-z0-9+/]{8}", caseless=True),),
        rb"(?i)authorization" + _ASSIGN + rb"[\"'`]?basic[ \t]+(?P<secret>[A-Za-z0-9+/]{8,1000}={0,2})(?![\w(\[{<$])",
        _PLACEHOLDER + rb"|" + _WORDS,
        reach=2048,
    ),
    Rule(
        "password",
        _named(b"password", b"passwd", b"passphrase"),
        rb"(?i)(?:password|passwd|passphrase)" + _ASSIGN + _value(rb"{6,256}", rb"{6,256}"),
        _PLACEHOLDER + rb"|\A[A-Za-z_.\-\s\x80-\xff]*\Z|\S\s+\S|\A.{0,5}\Z|" + _CONSTANT,
        reach=2048,
    ),
    Rule(
        "named_secret",
        (*_named(b"secret", b"token", then=_KEY_SUFFIX), *_named(b"api_key", b"api-key", b"apikey")),
        rb"(?i)(?:(?:secret|token)" + _KEY_SUFFIX + rb"|api[_-]?key)" + _ASSIGN + _value(rb"{8,512}", rb"{12,512}"),
        _PLACEHOLDER + rb"|\A[^0-9]*\Z|\A[^A-Za-z]*\Z|\S\s+\S|\A[.~]?/|://|\A.{0,7}\Z|" + _WORDS,
        reach=2048,
    ),
)

RULES_VERSION = "1." + hashlib.sha256(repr(RULES).encode()).hexdigest()[:12]
"""Changes with every rule; the number before the dot with the way they are applied."""
