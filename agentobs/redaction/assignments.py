"""Keys that only their surroundings give away: a name before them, a header, a URL, a file format."""

from agentobs.redaction.rules import Anchor, Rule
from agentobs.redaction.shapes import (
    ASSIGN,
    BASE64,
    CONSTANT,
    FILLER,
    NO_DIGIT,
    NOT_CODE,
    PLACEHOLDER,
    RAW_GAP,
    START,
    WORDS,
    named,
    value,
)


def _pem(edge: bytes) -> bytes:
    return rb"-----" + edge + rb" [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----"


_SPACE = rb"(?:\\+[nrt]|\s)"
_FLAG_VALUE = rb"[ \t]+[^-\s]{6}"
_KEY_SUFFIX = rb"(?:[_-]?(?:key|value|base))?"
_NAMED_KEYS = (
    *(b"api_key", b"api-key", b"apikey", b"access_key", b"accesskey", b"auth_key", b"app_key", b"account_key"),
    *(b"private_key", b"privatekey", b"encryption_key", b"signing_key", b"master_key", b"access-key", b"auth-key"),
    *(b"subscription_key", b"subscription-key"),
)
# "-----BEGIN RSA PRIVATE KEY" and its kin in base64, as Kubernetes and CI settings keep them.
_PEM_IN_BASE64 = rb"(?:BSU0EgUFJJ|BQUklW|BFQyBQUklW|BEU0EgUFJJ|BPUEVOU1NI|BFTkNSWVBURUQ)"

PRIVATE_KEYS = (
    Rule(
        "private_key",
        (Anchor(b"-----BEGIN ", rb"[A-Z0-9 ]*PRIVATE KEY"),),
        rb"(?P<secret>" + _pem(b"BEGIN") + rb"(?:"
        rb"(?=[^\"'`<]{0,400}?[A-Za-z0-9+/]{32})(?:[^\"'`<-]|-(?!----BEGIN )){40,20000}?"
        + _pem(b"END")
        + rb"|(?:\\+[nr]|\s)*[A-Za-z0-9+/]{32}(?:\\+[nr]|[A-Za-z0-9+/=\s])*))",
    ),
    Rule(
        "private_key",
        (Anchor(b"Private-Lines:", rb""),),
        rb"Private-Lines: [0-9]+" + _SPACE + rb"+(?P<secret>[A-Za-z0-9+/]{32}(?:\\+[nr]|[A-Za-z0-9+/=\s])*)",
    ),
    Rule(
        "private_key",
        (Anchor(b"LS0tLS1CRUdJTi", _PEM_IN_BASE64, dense=True),),
        rb"(?P<secret>LS0tLS1CRUdJTi" + _PEM_IN_BASE64 + rb"[A-Za-z0-9+/]{40,20000}={0,2})",
    ),
)

ASSIGNMENTS: tuple[Rule, ...] = (
    Rule(
        "aws_secret_key",
        (
            Anchor(
                b"secret",
                rb"[_ -]?(?:access[_ -]?)?key(?: \[|" + RAW_GAP + rb"[:=]|[ \t]+[A-Za-z0-9/+]{9})",
                caseless=True,
            ),
        ),
        rb"(?i:secret[_ -]?(?:access[_ -]?)?key)(?: \[[^\]\"]{0,40}\])?(?:"
        + ASSIGN
        + rb"|[ \t]+)[\"'`]?(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        FILLER + rb"|" + NO_DIGIT + rb"|\A[0-9a-f]*\Z",
    ),
    Rule(
        "aws_session_token",
        named(b"token", then=_KEY_SUFFIX),
        rb"(?i:(?:(?<=session)|(?<=session[_-])|(?<=security[_-]))token)"
        + ASSIGN
        + rb"[\"'`]?(?P<secret>[A-Za-z0-9/+]{100,4000}={0,2})",
        FILLER + rb"|" + NO_DIGIT,
    ),
    Rule(
        "azure_account_key",
        named(b"accountkey", b"sharedaccesskey"),
        rb"(?i:accountkey|sharedaccesskey)" + ASSIGN + rb"[\"'`]?(?P<secret>[A-Za-z0-9/+]{43,86}={1,2})",
        FILLER,
    ),
    Rule(
        "jwt",
        (Anchor(b"eyJ", rb"[A-Za-z0-9_-]{8}", dense=True),),
        START + rb"(?P<secret>eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{8,16000}\.[A-Za-z0-9_-]{16,4000})",
    ),
    Rule(
        "password_hash",
        (Anchor(b"$", rb"(?:2[aby]\$[0-9]{2}\$|apr1\$|[56]\$[A-Za-z0-9.=\\/]{2}|argon2(?:id|i|d)\$v=)"),),
        rb"(?P<secret>\$2[aby]\$[0-9]{2}\$[A-Za-z0-9./]{53}|\$apr1\$[A-Za-z0-9./]{1,8}\$[A-Za-z0-9./]{22}"
        rb"|\$5\$(?:rounds=[0-9]+\$)?[A-Za-z0-9./]{1,16}\$[A-Za-z0-9./]{43}"
        rb"|\$6\$(?:rounds=[0-9]+\$)?[A-Za-z0-9./]{1,16}\$[A-Za-z0-9./]{86}"
        rb"|\$argon2(?:id|i|d)\$v=[0-9]+\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]{8,100}\$[A-Za-z0-9+/]{16,200})",
        FILLER,
    ),
    Rule(
        "url_password",
        (Anchor(b"://", rb"[^\s:@/\"']*:[^\s@/\"']+@"),),
        rb"://[^\s:@/\"'<>{}$\\]*:(?P<secret>[^\s/\"'`\\<>,()|]{3,256})@(?=[A-Za-z0-9\[])",
        PLACEHOLDER + rb"|\A(?i:password|passwd|pass|pwd|secret|token|user|username)\Z|\A[0-9]{1,5}\Z",
        reach=2048,
    ),
    Rule(
        "authorization",
        (Anchor(b"bearer", rb"[ \t]+[A-Za-z0-9._~+/=-]{16}", caseless=True),),
        rb"(?i)bearer[ \t]+(?P<secret>[A-Za-z0-9._~+/=-]{16,4000})" + NOT_CODE,
        PLACEHOLDER + rb"|" + NO_DIGIT + rb"|" + WORDS,
        reach=2048,
    ),
    Rule(
        "authorization",
        (Anchor(b"auth", rb"orization" + RAW_GAP + rb"[:=]", caseless=True),),
        rb"(?i)authorization" + ASSIGN + rb"[\"'`]?basic[ \t]+(?P<secret>[A-Za-z0-9+/]{8,1000}={0,2})" + NOT_CODE,
        PLACEHOLDER + rb"|" + WORDS,
        reach=2048,
    ),
    Rule(
        "authorization",
        (Anchor(b"auth", rb"orization" + RAW_GAP + rb"[:=]", caseless=True),),
        rb"(?i)authorization"
        + ASSIGN
        + rb"[\"'`]?(?:token|bot|ssws|api-?key|geniekey)[ \t]+(?P<secret>[A-Za-z0-9._~+/=-]{16,1000})"
        + NOT_CODE,
        PLACEHOLDER + rb"|" + NO_DIGIT + rb"|" + WORDS,
        reach=2048,
    ),
    Rule(
        "signed_address",
        tuple(Anchor(kind, rb"[A-Fa-f0-9]{40}") for kind in (b"X-Amz-Signature=", b"X-Goog-Signature=")),
        rb"X-(?:Amz|Goog)-Signature=(?P<secret>[A-Fa-f0-9]{40,1024})",
        FILLER,
    ),
    Rule(
        "cookie",
        (Anchor(b"cookie", RAW_GAP + rb":", caseless=True),),
        rb"(?i)(?:set-)?cookie[\"'`]?\s*:\s*[\"'`]?(?P<secret>[\w.-]{1,64}=[^\s;\"'\\,]{0,4000}"
        rb"(?:; ?[\w.-]{1,64}=[^\s;\"'\\,]{0,4000}){0,40})",
        rb"\$\{|\{\{|<|[xX]{4}|\*{3}|\.{3}|\A(?!.*=(?=[^;=]*[0-9])(?=[^;=]*[A-Za-z])[^;=]{16})",
        reach=2048,
    ),
    Rule(
        "cookie",
        tuple(Anchor(kind, rb"=", caseless=True) for kind in (b"sessionid", b"sessid", b"connect.sid")),
        rb"(?:sessionid|JSESSIONID|PHPSESSID|connect\.sid)=(?P<secret>[A-Za-z0-9%+/=._:~-]{16,400})" + NOT_CODE,
        PLACEHOLDER + rb"|" + NO_DIGIT + rb"|" + WORDS + rb"|\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z",
        before=3,
    ),
    Rule(
        "netrc_password",
        (Anchor(b"machine", _SPACE + rb"+[^\s\\]+" + _SPACE + rb"+login"),),
        rb"machine" + _SPACE + rb"+[^\s\\]+" + _SPACE + rb"+login" + _SPACE + rb"+[^\s\\]+" + _SPACE + rb"+password"
        rb"[ \t\n]+(?P<secret>[^\s\"'\\<$]{4,256})",
        PLACEHOLDER,
    ),
    Rule(
        "pgpass_password",
        (Anchor(b":5432:", rb"[^\s:\\]+:[^\s:\\]+:"),),
        rb":5432:[^\s:\\]{1,64}:[^\s:\\]{1,64}:(?P<secret>[^\s:\\\"'`]{4,128})(?![^\s\\\"'`])",
        PLACEHOLDER,
    ),
    Rule(
        "connection_password",
        (Anchor(b"pwd", rb"[ \t]?=", caseless=True),),
        rb"(?i)(?<=;)pwd ?= ?(?P<secret>[^\s;\"'`\\/$<{][^\s;\"'`\\]{3,127})(?=[;\"'`\s\\]|\Z)",
        PLACEHOLDER,
        reach=2048,
    ),
    Rule(
        "connection_password",
        (Anchor(b"passw", rb"ord[ \t]?=", caseless=True),),
        rb"(?i)(?<=;)password ?= ?(?P<secret>[^\s;\"'`\\/$<{][^\s;\"'`\\]{3,127})(?=[;\"'`\s\\]|\Z)",
        PLACEHOLDER,
        reach=2048,
    ),
    Rule(
        "docker_auth",
        (Anchor(b"auth", RAW_GAP + rb"[:=]" + RAW_GAP + BASE64 + rb"{12}", caseless=True),),
        rb"(?<![A-Za-z])auth(?P<key>\")?\s*(?(key):|=)\s*(?(key)\")(?P<secret>[A-Za-z0-9+/]{12,400}={0,2})"
        rb"(?![A-Za-z0-9+/=_.(\[-])",
        PLACEHOLDER + rb"|\A[^A-Z]*\Z|\A[^a-z]*\Z|\A[^0-9=]*\Z",
    ),
    Rule(
        "command_line_user",
        (Anchor(b"-u ", rb"[\"'`\\]*[A-Za-z0-9_.@+-]+:"), Anchor(b"--user ", rb"[\"'`\\]*[A-Za-z0-9_.@+-]+:")),
        rb"(?<=\s)(?:-u|--user) [\"']?[A-Za-z0-9_.@+-]{1,64}:(?P<secret>[^\s\"'`\\$<{(]{6,256})(?=[\s\"'\\]|\Z)",
        PLACEHOLDER + rb"|" + NO_DIGIT + rb"|\A[0-9]*\Z|" + WORDS,
    ),
    Rule(
        "command_line_secret",
        (
            Anchor(b"passw", rb"ord[ \t]+[^-\s]{6}", caseless=True),
            *(Anchor(kind, _FLAG_VALUE, caseless=True) for kind in (b"passphrase", b"token", b"api-key", b"secret")),
        ),
        rb"--(?:(?:auth|access|api)-)?(?:password|passphrase|token|api-key|secret)[ \t]+"
        rb"[\"']?(?P<secret>[A-Za-z0-9_+/=.!@#%^*~][^\s\"'`\\;|&<>(){}$]{7,256})(?=[\s\"'\\;|&]|\Z)",
        PLACEHOLDER + rb"|" + NO_DIGIT + rb"|\A[^A-Za-z]*\Z|\A[.~]?/|://|" + WORDS,
        reach=2048,
        before=9,
    ),
    Rule(
        "command_line_secret",
        (
            Anchor(b"mysql", rb"(?:dump|admin)?[ \t]+-"),
            Anchor(b"sshpass ", rb"-p[ \t]*\\*[\"']?[^\s]{4}"),
            Anchor(b"docker login ", rb""),
            Anchor(b"redis-cli ", rb"[ \t]*-"),
        ),
        rb"(?:mysql(?:dump|admin)?\b[^\n|;&\"]{0,120}?[ \t]-p|sshpass -p[ \t]*|docker login [^\n|;&\"]{0,120}?-p[ \t]+"
        rb"|redis-cli [^\n|;&\"]{0,120}?-a[ \t]+)[\"']?(?P<secret>[^\s\"'`\\;|&<>(){}$-][^\s\"'`\\;|&<>(){}$]{3,128})",
        PLACEHOLDER + rb"|" + NO_DIGIT + rb"|\A[.~]?/|" + WORDS,
        reach=2048,
    ),
    Rule(
        "vault_token",
        named(b"token", then=_KEY_SUFFIX),
        rb"(?i:(?<=vault[_-])token)" + ASSIGN + rb"[\"'`]?(?P<secret>s\.[A-Za-z0-9]{24,26})(?![\w.])",
        FILLER + rb"|" + NO_DIGIT,
    ),
    Rule(
        "password",
        (*named(b"passw", then=rb"(?:or)?d"), *named(b"passphrase")),
        rb"(?i)(?:password|passwd|passphrase)" + ASSIGN + value(rb"{6,256}", rb"{6,256}"),
        PLACEHOLDER + rb"|\A[A-Za-z_.\-\s\x80-\xff]*\Z|\S\s+\S|\A.{0,5}\Z|" + CONSTANT,
        reach=2048,
    ),
    Rule(
        "password",
        named(b"pass", b"pwd"),
        rb"(?<=[A-Z]_)(?:PASS|PWD)" + ASSIGN + value(rb"{6,256}", rb"{6,256}"),
        PLACEHOLDER
        + rb"|\A[A-Za-z_.\-\s\x80-\xff]*\Z|\A[^A-Za-z]*\Z|\A0[xX][0-9A-Fa-f]+\Z|\S\s+\S|\A[.~]?/|"
        + CONSTANT,
        reach=2048,
    ),
    Rule(
        "password",
        (
            Anchor(b"passw", rb"ord(?:>|\\u003[eE])[^<\s]{4}", caseless=True),
            Anchor(b"passw", rb"ord\\*[\"']\s+value", caseless=True),
        ),
        rb"(?i)(?:(?<=<)password>|(?<=[\"'t])password[\"']\s+value=[\"'])(?P<secret>[^<>\s\"'\\]{4,128})(?=</|[\"'])",
        PLACEHOLDER + rb"|\A[A-Za-z_.\-\s\x80-\xff]*\Z|" + CONSTANT,
        reach=2048,
    ),
    Rule(
        "password",
        named(b"pass", b"pwd"),
        rb"(?<![\w-])(?i:pass|pwd)[\"']?\s*[:=]\s*(?P<quote>[\"'])(?P<secret>[^\s\"'\\]{6,128})(?P=quote)",
        PLACEHOLDER + rb"|" + NO_DIGIT + rb"|\A[^A-Za-z]*\Z|\A[.~]?/|" + WORDS,
        reach=2048,
    ),
    Rule(
        "named_secret",
        (Anchor(b"KEY=base64:", BASE64 + rb"{20}"),),
        rb"KEY=base64:(?P<secret>[A-Za-z0-9+/]{20,128}={0,2})",
        FILLER,
    ),
    Rule(
        "named_secret",
        (*named(b"secret", b"token", then=_KEY_SUFFIX), *named(*_NAMED_KEYS)),
        rb"(?i)(?:(?:secret|token)"
        + _KEY_SUFFIX
        + rb"|api[_-]?key|(?:access|auth|app|account|private|encryption|signing|master|subscription)[_-]?key)"
        + ASSIGN
        + value(rb"{8,512}", rb"{12,512}"),
        PLACEHOLDER + rb"|" + NO_DIGIT + rb"|\A[^A-Za-z]*\Z|\S\s+\S|\A[.~]?/|://|\A.{0,7}\Z|" + WORDS,
        reach=2048,
    ),
)
