"""Building blocks of rules: where a key begins, what a placeholder looks like, how names are given values."""

from agentobs.redaction.rules import DENSE_RUN, Anchor, Rule

# Not inside a word, but right after a colour code of a terminal, a percent escape, or the minus of a diff.
START = (
    rb"(?:(?<![A-Za-z0-9_-])|(?<=\[[0-9]m)|(?<=[\[;][0-9][0-9]m)|(?<=;[0-9]m)|(?<=%[0-9A-Fa-f][0-9A-Fa-f])|(?<=\n-))"
)
FILLER = rb"[xX]{6}|\*{3}|\.{3}|(?i:your[-_]|placeholder|redacted)|(?P<same>.)(?P=same){11}"
NO_DIGIT = rb"\A[^0-9]*\Z"
PLACEHOLDER = (
    rb"(?i:\A(?:null|none|true|false|process\.env\.\w+)\Z|\Axxx|x{4}|\*{3}|\.{3}|\A<.*>\Z|\$\{|\{\{|\A\$\w+\Z|\A\$\(|\A%[(s]|\A[{(\[].*[})\]]\Z"
    rb"|your|example|placeholder|change[-_]?me|dummy|\A(?:my|fake|insert|replace)[-_]|redacted"
    rb"|[\"'] *\+|\+ *[\"']|\xe2\x80\xa6|\xe2\x80\xa2"
    rb"|\A(?P<one>.)(?:(?P=one)*|(?P=one)*(?!(?P=one))(?P<two>.)(?:(?P=one)|(?P=two))*)\Z)"
)

# Between a name and its value: in raw JSON (quotes and white space may be escaped, several times), and in plain text.
RAW_GAP = rb"(?:\\|\\u000[9adAD]|\\[nrt]|[\"'`\s])*"
ASSIGN = rb"(?P<key>[\"'`])?\s*(?:=>|:=|={1,3}|:)\s*"
_IN_QUOTES = rb"(?:(?!(?P=quote))[^\\\s]|\\[^\s])"
# An unquoted value that is code: a call, an index, a dotted path, a name with at most two digits at its end.
_CODE = (
    rb"(?![A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?![\w.+/=@-]))"
    rb"(?:(?<=(?-i:[A-Z])=)|(?![A-Za-z_]+[0-9]{0,2}(?![\w.!@#%^*~+/=-])))"
)
CONSTANT = rb"\A[A-Z]+(?:_[A-Z0-9]+)+\Z"
WORDS = CONSTANT + rb"|\A[A-Za-z]+(?:[-_./: ][A-Za-z]+)*(?:[-_.]?v?[0-9]{1,2})?\Z"
NOT_CODE = rb"(?![\w(\[{<$])"

ALNUM = rb"[A-Za-z0-9]"
WORD = rb"[A-Za-z0-9_-]"
HEX = rb"[a-f0-9]"
BASE64 = rb"[A-Za-z0-9+/]"
DENSE_BODIES = (ALNUM, WORD, HEX, rb"[A-Fa-f0-9]", rb"[A-Z0-9]", rb"[a-z0-9]", rb"[A-Za-z0-9_.-]", rb"[A-Za-z0-9_]")


def value(quoted: bytes, bare: bytes) -> bytes:
    """The value of an assignment: in quotes of the given length, or bare after a bare name, and then no more code."""
    bare = rb"[A-Za-z0-9_\-+/=.!@#%^*~]" + bare + rb"+" + NOT_CODE
    return (
        rb"(?P<quote>[\"'`])?(?P<secret>(?(quote)"
        + (_IN_QUOTES + quoted)
        + rb"|"
        + (rb"(?(key)(?!))" + _CODE + bare)
        + rb"))(?(quote)(?:(?P=quote)|(?=\")|\Z))"
    )


def named(*names: bytes, then: bytes = rb"") -> tuple[Anchor, ...]:
    """Anchors of names that are given a value."""
    return tuple(Anchor(name, then + RAW_GAP + rb"[:=]", caseless=True) for name in names)


def prefixed(
    name: str,
    *prefixes: bytes,
    body: bytes,
    least: int,
    most: int | None = None,
    tail: bytes = b"",
    unless: bytes = FILLER,
) -> Rule:
    """The rule of tokens that are a prefix and a run of these characters, `least` to `most` of them, whole words.

    `tail` may follow as a part of the token.
    """
    dense = body in DENSE_BODIES
    size = b"{%d,%d}" % (least, most or least)
    first = b"{%d}" % min(least, DENSE_RUN)
    known = b"|".join(prefix.replace(b".", rb"\.") for prefix in prefixes)
    pattern = START + rb"(?P<secret>(?:" + known + rb")" + body + size + tail + rb")(?!" + ALNUM + rb"|" + body + rb")"
    return Rule(name, tuple(Anchor(prefix, body + first, dense=dense) for prefix in prefixes), pattern, unless)
