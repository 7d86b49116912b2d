"""What only looks like a secret: two thousand texts that sessions of coding agents are full of, made from a seed."""

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Callable, Iterator

from tests.redaction.positives import ALNUM, HEX, UPPER, WORD

Make = Callable[[random.Random], str]
WORDS = (
    "access account agent api auth batch bearer build cache client code commit config cookie count create data delete"
    " error event field file filter handler header index input item key list login machine merge message model name"
    " number option output page parser password path policy process project query read request response result role"
    " route row schema secret server session source state status store stream string table task team test text time"
    " token type update user value version view worker write"
).split(" ")


def run(chance: random.Random, letters: str, size: int) -> str:
    """Random letters."""
    return "".join(chance.choice(letters) for _ in range(size))


def word(chance: random.Random) -> str:
    """One of the words that code is made of."""
    return chance.choice(WORDS)


def snake(chance: random.Random, least: int = 2) -> str:
    """A name like test_parser_reads_token."""
    return "_".join(word(chance) for _ in range(chance.randint(least, 5)))


def camel(chance: random.Random) -> str:
    """A name like tokenHandlerFactory."""
    return word(chance) + "".join(word(chance).title() for _ in range(chance.randint(1, 4)))


def digest(kind: str) -> Make:
    """A hash in hexadecimal."""
    return lambda chance: hashlib.new(kind, chance.randbytes(8), usedforsecurity=False).hexdigest()


def integrity(chance: random.Random) -> str:
    """A lockfile's hash."""
    return "sha512-" + base64.b64encode(chance.randbytes(64)).decode()


def image(chance: random.Random) -> str:
    """The bytes of a picture."""
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chance.randbytes(chance.randint(300, 3000))).decode()


def filled(*templates: str, **makes: Make) -> Make:
    """One of the templates, its {names} made."""

    def make(chance: random.Random) -> str:
        values = {name: maker(chance) for name, maker in makes.items()}
        return chance.choice(templates).format(**values)

    return make


def upper(chance: random.Random) -> str:
    """A name like API_KEY_TOKEN."""
    return snake(chance).upper()


def number(chance: random.Random) -> str:
    """A count."""
    return str(chance.randrange(1, 10**9))


def placeholder(chance: random.Random) -> str:
    """What documentation writes for a secret."""
    return chance.choice(
        [
            *(
                "<token>",
                "<your-api-key>",
                "your_api_key_here",
                "YOUR-TOKEN",
                "${TOKEN}",
                "$API_KEY",
                "{{ vars.TOKEN }}",
            ),
            *("xxxxxxxxxxxxxxxx", "****************", "...", "changeme", "[REDACTED]", "%s", "{token}", "$(cat a.txt)"),
            *("example-token", "dummy-value-1", "my-secret", "insert_key_here", "null", "None", "true"),
            "process.env.KEY",
        ]
    )


PREFIXES = (
    "sk-|sk-ant-api03-|sk-proj-|ghp_|gho_|github_pat_|glpat-|npm_|pypi-AgEIcHlwaS5vcmc|hf_|gsk_|r8_|xai-|AKIA|AIza|xoxb-|"
    "sk_live_|whsec_|SG.|key-|dop_v1_|hvs.|lin_api_|figd_|ntn_|secret_|dckr_pat_|dapi|shpat_|ya29.|GOCSPX-|tskey-auth-"
).split("|")

KINDS: dict[str, Make] = {
    "hashes": filled(
        *(
            "{sha1}",
            "sha256:{sha256}",
            "commit {sha1}",
            '"sha": "{sha1}"',
            "{sha1} {sha1} refs/heads/main",
            "ETag: {md5}",
        ),
        *("index {short}..{short} 100644", "md5={md5}", "cache-key: {sha256}", "@sha256:{sha256}", "v{short}.{md5}.js"),
        sha1=digest("sha1"),
        sha256=digest("sha256"),
        md5=digest("md5"),
        short=lambda chance: run(chance, HEX, 9),
    ),
    "uuids": filled(
        *(
            "{uuid}",
            '"sessionId":"{uuid}","parentUuid":"{uuid}"',
            "id={uuid}",
            "/sessions/{uuid}.jsonl",
            "uuid: {uuid}",
        ),
        *("?sessionId={uuid}", '{{"request_id": "{uuid}", "type": "error"}}', "trace {uuid}"),
        uuid=lambda chance: str(uuid.UUID(bytes=chance.randbytes(16), version=4)),
    ),
    "ids of agents": filled(
        *(
            '"id":"msg_{id}"',
            '"tool_use_id":"toolu_{id}"',
            '"requestId":"req_{id}"',
            "call_{id}",
            '"call_id":"call_{id}"',
        ),
        *("chatcmpl-{long}", "resp_{long}", "rs_{long}", "fc_{long}", "gen-{count}-{id}", "run_{id}", "thread_{id}"),
        *(
            "file-{id}",
            "org-{id}",
            "proj_{id}",
            "user_{id}",
            "batch_{id}",
            "asst_{id}",
            "evt_{id}",
            "price_{id}",
            "cus_{id}",
        ),
        id=lambda chance: run(chance, ALNUM, 24),
        long=lambda chance: run(chance, HEX, 48),
        count=number,
    ),
    "pictures": image,
    "thinking": lambda chance: (
        f'"signature":"{base64.b64encode(chance.randbytes(chance.randint(200, 2000))).decode()}"'
    ),
    "lockfiles": filled(
        *('"integrity": "{hash}"', "    --hash=sha256:{sha256} \\", "  resolution: {{integrity: {hash}}}"),
        *(
            'checksum = "{sha256}"',
            "github.com/a/b v1.2.3/go.mod h1:{h1}=",
            '"resolved": "https://r.example/{name}.tgz#{sha1}"',
        ),
        hash=integrity,
        sha256=digest("sha256"),
        sha1=digest("sha1"),
        h1=lambda chance: base64.b64encode(chance.randbytes(32)).decode().rstrip("="),
        name=snake,
    ),
    "code that reads secrets": filled(
        *('{name} = os.environ["{upper}"]', "const {camel} = process.env.{upper}", 'token = os.getenv("{upper}")'),
        *(
            "api_key=settings.{name}",
            "password = getpass.getpass()",
            "secret = config.get('{name}')",
            "token = next({name})",
        ),
        *(
            'self.token = {name}["token"]',
            "password: str = Field(...)",
            "apiKey: {camel}.apiKey,",
            "token := r.Header.Get(k)",
        ),
        *("secret = load_secret('{name}')", 'access_key=os.environ.get("{upper}", "")', "if token == {name}:"),
        *("export {upper}=$(vault read -field=x secret/{name})", 'headers = {{"Authorization": f"Bearer {{token}}"}}'),
        *("def test_{name}(token, api_key):", "private_key = rsa.generate_private_key(65537, 2048)", "auth={camel}()"),
        *("SECRET_KEY = env('{upper}')", "token: ${{{{ secrets.{upper} }}}}", "cookie: cookies.get('{name}')"),
        *("--token $TOKEN --retries {count}", "curl -u $USER:$PASS https://x", "docker run -u 1000:1000 {name}"),
        name=snake,
        camel=camel,
        upper=upper,
        count=number,
    ),
    "placeholders": filled(
        *(
            "API_KEY={hole}",
            'api_key: "{hole}"',
            '{{"token": "{hole}"}}',
            "password={hole}",
            "Authorization: Bearer {hole}",
        ),
        *(
            "https://user:{hole}@host/x",
            "--token {hole}",
            "secret = '{hole}'",
            "AccountKey={hole};",
            "x-api-key: {hole}",
        ),
        *("machine h login u password {hole}", "Cookie: session={hole}", "Server=db;Password={hole};"),
        hole=placeholder,
    ),
    "prefixes with nothing behind": filled(
        *(
            "starts with {prefix}",
            "{prefix}...",
            "`{prefix}`",
            "{prefix}" + "x" * 40,
            "{prefix}<token>",
            "r'{prefix}[a-z]+'",
        ),
        *("if key.startswith('{prefix}'):", "{prefix}your-key-here", "{prefix}abc", "my{prefix}{name}"),
        prefix=lambda chance: chance.choice(PREFIXES),
        name=snake,
    ),
    "numbers of use": filled(
        '"usage":{{"input_tokens":{n},"output_tokens":{n},"cache_read_input_tokens":{n},"service_tier":"standard"}}',
        *('"max_tokens": {n}', "tokens: {n}/{n}", "total_tokens={n}", "token_count: {n}", "{n} tokens ({n} cached)"),
        n=number,
    ),
    "tests": filled(
        *("tests/{name}.py::test_{name}[{camel}-{count}] PASSED", "{name} ... ok", "FAIL src/{camel}.test.ts > {name}"),
        *("    at {camel} (src/{name}.ts:{count}:12)", 'File "/app/{name}.py", line {count}, in {name}'),
        *("test {name}::tests::{name} ... ok", "E       KeyError: 'password'", "assert token == expected"),
        name=snake,
        camel=camel,
        count=lambda chance: str(chance.randrange(1, 2000)),
    ),
    "styles": filled(
        *(
            ".{name}{{color:#{hex6};margin:0 {n}px}}",
            "background:url(data:image/png;base64,{image})",
            "--token-{name}: {n}px;",
        ),
        *(
            'class="token-{name} key-{n} mt-4"',
            '<path d="M{n} {n}c.3-.1.5.2z"/>',
            "key-frames {name}",
            "grid-{name}-us1",
        ),
        name=lambda chance: snake(chance).replace("_", "-"),
        hex6=lambda chance: run(chance, HEX, 6),
        n=lambda chance: str(chance.randrange(1, 999)),
        image=image,
    ),
    "minified": filled(
        *(
            "function {a}({b},{c}){{return {b}.token={c},{a}}}var {b}={{key:{c},password:!0}};",
            "e.secret=t,n.apiKey=r(12)",
        ),
        *(
            '{a}.exports={{"{b}":"./{c}.js","{c}":{b}(function(e){{return e.token}})}}',
            "//# sourceMappingURL={a}.{hash}.js.map",
        ),
        a=lambda chance: run(chance, "abcdefghijk", 2),
        b=lambda chance: run(chance, "lmnopqr", 1),
        c=camel,
        hash=lambda chance: run(chance, HEX, 20),
    ),
    "addresses": filled(
        *(
            "https://{host}.example.org:8443/{path}?page={n}#{path}",
            "http://localhost:{port}/{path}",
            "git@{host}.org:{path}.git",
        ),
        *(
            "s3://{host}/{path}/{n}.parquet",
            "redis://cache:6379/{n}",
            "postgres://localhost/{host}",
            "127.0.0.1:5432:5432",
        ),
        *(
            "jdbc:postgresql://{host}:5432/{host}",
            "https://{host}.us-east1.example.org/{path}",
            "ws://{host}:{port}/{path}",
        ),
        host=lambda chance: word(chance) + run(chance, "abc123", 3),
        path=lambda chance: "/".join(word(chance) for _ in range(3)),
        port=lambda chance: str(chance.randrange(1024, 65535)),
        n=number,
    ),
    "prose": lambda chance: (
        " ".join(word(chance) for _ in range(30)) + f". The {word(chance)} token: see {camel(chance)}."
    ),
    "settings": filled(
        *(
            "{name}_token_file: /run/secrets/{name}",
            "password_policy: strict-{n}",
            "token_ttl={n}s",
            "secret_name: {name}",
        ),
        *(
            '"keyId": "{camel}"',
            "auth: oauth2",
            'auth: "bearer"',
            "auth_method={name}",
            "cookie_name: {name}",
            "api_key_header: x",
        ),
        *(
            "key_length = {n}",
            "token_endpoint: https://x.example/{name}",
            "private_key_path=~/.ssh/{name}",
            "password: required",
        ),
        name=snake,
        camel=camel,
        n=lambda chance: str(chance.randrange(1, 4096)),
    ),
    "certificates": lambda chance: (
        f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(chance.randbytes(300)).decode()}\n-----END CERTIFICATE-----"
    ),
    "public keys": filled(
        *(
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{key} bob@host",
            "pk_live_{id}",
            "age1{low}",
            "pk-lf-{id}",
            "SHA256:{fp}",
        ),
        key=lambda chance: base64.b64encode(chance.randbytes(32)).decode(),
        id=lambda chance: run(chance, ALNUM, 40),
        low=lambda chance: run(chance, "qpzry9x8gf2tvdw0s3jn54khce6mua7l", 58),
        fp=lambda chance: base64.b64encode(chance.randbytes(32)).decode().rstrip("="),
    ),
    "names in capitals": filled(
        *("{upper}", "raise {upper}", "{upper}={n}", "AKIA_{upper}", "errors.{upper}", "SK{id}"),
        upper=upper,
        n=number,
        id=lambda chance: run(chance, UPPER, 10),
    ),
    "long words": filled(
        *(
            "{name}",
            "node_modules/.pnpm/{name}/dist/{word}.js",
            "/var/lib/docker/overlay2/{word}/merged",
            "chunk-{name}.js",
        ),
        name=lambda chance: "-".join(snake(chance) for _ in range(4)),
        word=lambda chance: run(chance, WORD, 40),
    ),
    "marks": filled(
        "password: «redacted:password:{hash}»",
        "«redacted:github_token:{hash}» and «redacted:jwt:{hash}»",
        hash=lambda chance: run(chance, HEX, 8),
    ),
}


def negatives(each: int) -> Iterator[tuple[str, str]]:
    """(kind, text), so many of each kind, by turns as they are and inside JSON, always the same."""
    for kind, make in KINDS.items():
        chance = random.Random(kind)
        for turn in range(each):
            text = make(chance)
            yield kind, text if turn % 2 else json.dumps({"type": "user", "message": {"content": text}})
