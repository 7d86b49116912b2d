"""Secrets of every kind that our rules know, made here from a seed, in the places where they turn up.

Nothing in this file looks like a secret: each is a prefix and a random body, put together when the test runs.
"""

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
WORD = ALNUM + "_-"
BASE64 = ALNUM + "+/"
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"

Make = Callable[[random.Random], str]


@dataclass(frozen=True)
class Positive:
    """A text with a secret, and how to read it back."""

    rule: str
    place: str
    text: str
    secret: str
    read: Callable[[str], str]


def body(chance: random.Random, letters: str, size: int) -> str:
    """A random run that ends in a letter and has a digit, as most keys do."""
    middle = "".join(chance.choice(letters) for _ in range(size - 2))
    digits = [letter for letter in letters if letter.isdigit()]
    ends = [letter for letter in letters if letter.isalpha()]
    return chance.choice(digits) + middle + chance.choice(ends)


def after(prefix: str, letters: str, size: int, *more: tuple[str, str, int]) -> Make:
    """Prefix and body, then further (separator, letters, size)."""
    return lambda chance: (
        prefix + body(chance, letters, size) + "".join(sign + body(chance, kind, long) for sign, kind, long in more)
    )


def uuid(chance: random.Random) -> str:
    """A random version 4 uuid."""
    return "-".join(body(chance, HEX, size) for size in (8, 4, 4, 4, 12))


def encoded(text: str) -> str:
    """Base64 without padding, for URLs."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def discord(chance: random.Random) -> str:
    """A bot token: its number in base64, a time, a signature."""
    number = encoded(str(chance.randrange(10**17, 10**18)))
    return f"{number}.{body(chance, WORD, 6)}.{body(chance, WORD, 27)}"


def jwt(chance: random.Random) -> str:
    """Header, claims, signature."""
    claims = encoded(json.dumps({"sub": body(chance, HEX, 12)}))
    return f"{encoded(json.dumps({'alg': 'HS256'}))}.{claims}.{body(chance, WORD, 43)}"


def pem(kind: str) -> Make:
    """A private key file."""

    def make(chance: random.Random) -> str:
        lines = "\n".join(body(chance, BASE64, 64) for _ in range(4))
        return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"

    return make


# Secrets that tell themselves: rule, how one is made.
TOKENS: tuple[tuple[str, Make], ...] = (
    ("anthropic_key", after("sk-" + "ant-api03-", WORD, 93, ("", "A1a", 2))),
    ("anthropic_key", after("sk-" + "ant-admin01-", WORD, 93)),
    ("anthropic_key", after("sk-" + "ant-oat01-", WORD, 95)),
    ("openrouter_key", after("sk-" + "or-v1-", HEX, 64)),
    ("langfuse_key", lambda chance: "sk-" + "lf-" + uuid(chance)),
    ("openai_key", after("sk-" + "proj-", WORD, 120)),
    ("openai_key", after("sk-", ALNUM, 20, ("T3Blbk" + "FJ", ALNUM, 20))),
    ("openai_key", after("sk-", HEX, 32)),  # as other providers copy it
    ("groq_key", after("gsk_", ALNUM, 52)),
    ("xai_key", after("xai-", ALNUM, 80)),
    ("perplexity_key", after("pplx-", ALNUM, 48)),
    ("nvidia_key", after("nvapi-", WORD, 64)),
    ("cerebras_key", after("csk-", LOWER, 48)),
    ("hugging_face_token", after("hf_", ALNUM, 34)),
    ("replicate_token", after("r8_", ALNUM, 37)),
    ("langsmith_key", after("lsv2_" + "pt_", HEX, 32, ("_", HEX, 10))),
    ("together_key", after("tgp" + "_v1_", WORD, 43)),
    ("pinecone_key", after("pc" + "sk_", ALNUM, 6, ("_", ALNUM, 63))),
    ("jina_key", after("ji" + "na_", ALNUM, 60)),
    ("tavily_key", after("tv" + "ly-dev-", ALNUM, 32)),
    ("firecrawl_key", after("f" + "c-", HEX, 32)),
    ("elevenlabs_key", after("s" + "k_", HEX, 48)),
    ("e2b_key", after("e2" + "b_", HEX, 40)),
    ("databricks_token", after("da" + "pi", HEX, 32)),
    ("aws_access_key_id", lambda chance: "AK" + "IA" + "".join(chance.choice(BASE32) for _ in range(16))),
    ("aws_bedrock_key", after("AB" + "SK", BASE64, 130)),
    ("google_api_key", after("AI" + "za", WORD, 35)),
    ("google_oauth_secret", after("GOC" + "SPX-", WORD, 28)),
    ("google_oauth_token", after("ya" + "29.", WORD, 140)),
    ("google_oauth_token", after("1/" + "/0", WORD, 60)),
    ("azure_client_secret", lambda chance: body(chance, ALNUM, 3) + "8" + "Q~" + body(chance, WORD, 34)),
    ("digitalocean_token", after("dop" + "_v1_", HEX, 64)),
    ("digitalocean_token", after("doo" + "_v1_", HEX, 64)),
    ("heroku_key", after("HR" + "KU-AA", WORD, 58)),
    ("fly_token", after("fm" + "2_", BASE64, 200)),
    ("vercel_token", after("vcp" + "_", ALNUM, 56)),
    ("netlify_token", after("nfp" + "_", ALNUM, 36)),
    ("cloudflare_key", after("v1" + ".0-", HEX, 24, ("-", HEX, 146))),
    ("cloudflare_token", after("cf" + "ut_", ALNUM, 48)),
    ("render_key", after("rn" + "d_", ALNUM, 28)),
    ("planetscale_token", after("pscale" + "_tkn_", WORD, 43)),
    ("supabase_key", after("sbp" + "_", HEX, 40)),
    ("supabase_key", after("sb_" + "secret_", WORD, 31)),
    ("github_token", after("gh" + "p_", ALNUM, 36)),
    ("github_token", after("gh" + "s_", ALNUM, 36)),
    ("github_token", after("gh" + "r_", ALNUM, 76)),
    ("github_token", after("github" + "_pat_", ALNUM, 22, ("_", ALNUM, 59))),
    ("gitlab_token", after("gl" + "pat-", WORD, 20)),
    ("gitlab_token", after("gl" + "dt-", WORD, 20)),
    ("gitlab_token", after("gl" + "rt-", WORD, 20)),
    ("gitlab_token", after("gl" + "cbt-", WORD, 27)),
    ("gitlab_token", after("gl" + "ptt-", HEX, 40)),
    ("bitbucket_token", after("AT" + "BB", ALNUM, 32)),
    ("atlassian_token", after("AT" + "ATT3xFfGF0", WORD, 171, ("=", "0123456789ABCDEF", 8))),
    ("npm_token", after("np" + "m_", ALNUM, 36)),
    ("pypi_token", after("py" + "pi-AgEIcHlwaS5vcmc", WORD, 150)),
    ("rubygems_key", after("rubygems" + "_", HEX, 48)),
    ("crates_token", after("ci" + "o", ALNUM, 32)),
    ("nuget_key", after("oy" + "2", LOWER, 43)),
    ("docker_token", after("dckr" + "_pat_", WORD, 27)),
    ("artifactory_key", after("AKC" + "p", ALNUM, 69)),
    ("sonar_token", after("sq" + "u_", HEX, 40)),
    ("pulumi_token", after("pul" + "-", HEX, 40)),
    ("terraform_token", lambda chance: body(chance, ALNUM, 14) + ".atlas" + "v1." + body(chance, WORD, 67)),
    ("vault_token", after("hv" + "s.", WORD, 90)),
    ("doppler_token", after("dp" + ".pt.", ALNUM, 43)),
    ("age_key", lambda chance: "AGE-" + "SECRET-KEY-1" + "".join(chance.choice(BECH32) for _ in range(58))),
    ("one_password_token", after("ops" + "_eyJ", ALNUM, 300)),
    ("tailscale_key", after("ts" + "key-auth-k", ALNUM, 12, ("CNTRL-", ALNUM, 32))),
    ("slack_token", after("xo" + "xb-", string.digits + "ab", 12, ("-", ALNUM, 24))),
    ("slack_token", after("xa" + "pp-1-A", UPPER, 10, ("-", HEX, 64))),
    ("discord_token", discord),
    ("telegram_token", lambda chance: str(chance.randrange(10**9, 10**10)) + ":A" + "A" + body(chance, WORD, 33)),
    ("twilio_key", after("S" + "K", HEX, 32)),
    ("sendgrid_key", after("S" + "G.", WORD, 22, (".", WORD, 43))),
    ("mailgun_key", after("ke" + "y-", HEX, 32)),
    ("mailchimp_key", lambda chance: body(chance, HEX, 32) + "-us" + "12"),
    ("brevo_key", after("xkey" + "sib-", HEX, 64, ("-", ALNUM, 16))),
    ("stripe_key", after("sk_" + "live_", ALNUM, 24)),
    ("stripe_key", after("rk_" + "live_", ALNUM, 99)),
    ("stripe_key", after("sk_" + "test_", ALNUM, 24)),
    ("stripe_key", after("wh" + "sec_", ALNUM, 32)),
    ("twilio_key", after("A" + "C", HEX, 32)),
    ("posthog_key", after("ph" + "x_", ALNUM, 48)),
    ("hubspot_token", lambda chance: "pat" + "-na1-" + uuid(chance)),
    ("square_token", after("sq0" + "atp-", WORD, 22)),
    ("shopify_token", after("shp" + "at_", HEX, 32)),
    ("shopify_token", after("shp" + "ss_", HEX, 32)),
    ("linear_key", after("lin_" + "api_", ALNUM, 40)),
    ("notion_token", after("nt" + "n_", ALNUM, 46)),
    ("notion_token", after("secret" + "_", ALNUM, 43)),
    ("figma_token", after("fig" + "d_", WORD, 40)),
    ("airtable_token", after("pa" + "t", ALNUM, 14, (".", HEX, 64))),
    ("contentful_token", after("CF" + "PAT-", WORD, 43)),
    ("postman_key", after("PM" + "AK-", HEX, 24, ("-", HEX, 34))),
    ("new_relic_key", after("NR" + "AK-", UPPER, 27)),
    ("sentry_token", after("sntr" + "yu_", HEX, 64)),
    ("sentry_token", after("sntr" + "ys_eyJ", ALNUM, 90, ("_", ALNUM, 43))),
    ("grafana_token", after("gl" + "sa_", ALNUM, 32, ("_", HEX, 8))),
    ("grafana_token", after("gl" + "c_eyJ", ALNUM, 90)),
    ("jwt", jwt),
    ("private_key", pem("RSA " + "PRIVATE KEY")),
    ("private_key", pem("OPENSSH " + "PRIVATE KEY")),
    ("private_key", lambda chance: encoded(pem("RSA " + "PRIVATE KEY")(chance)).replace("-", "a").replace("_", "b")),
    ("password_hash", after("$2" + "y$10$", ALNUM + "./", 53)),
    ("password_hash", after("$ap" + "r1$", ALNUM, 8, ("$", ALNUM, 22))),
)

# Where a token may stand; JSON, YAML and the rest are added around by `cases`.
PLACES: tuple[tuple[str, str], ...] = (
    ("plain", "{}"),
    ("sentence", "I used {} as the key."),
    ("environment", "SERVICE_CREDENTIAL_X={}"),
    ("shell", "export X='{}' && run --fast"),
    ("yaml", "service:\n  credential: {}\n  retries: 3"),
    ("header", "X-Service: {}\r\nAccept: */*"),
    ("address", "https://api.example.org/v1/items?k={}&page=2"),
    ("diff", "@@ -1,2 +1,2 @@\n-old\n+{}\n"),
    ("code", 'client = Client("{}", timeout=30)'),
)

# Secrets that only their surroundings tell: rule, how one is made, texts.
ASSIGNED: tuple[tuple[str, Make, tuple[str, ...]], ...] = (
    (
        "password",
        after("", ALNUM, 14),
        ("password: {}", "DB_PASSWORD={}", "password = '{}'", '{{"password": "{}"}}', "MYSQL_PWD={}", "SMTP_PASS='{}'"),
    ),
    (
        "named_secret",
        after("", LOWER, 40),
        (
            "CO_API_KEY={}",
            "DD_API_KEY: {}",
            "WANDB_API_KEY={}",
            '{{"client_secret": "{}"}}',
            "TWILIO_AUTH_TOKEN='{}'",
            "access_key = '{}'",
            "DD_APP_KEY={}",
            "//registry.example.org/:_authToken={}",
            "users:\n- user:\n    token: {}",
            "encryption_key: '{}'",
            "APP_KEY=base64:{}",
        ),
    ),
    (
        "aws_secret_key",
        after("", BASE64, 40),
        ("aws_secret_access_key = {}", "AWS_SECRET_ACCESS_KEY={}", '{{"SecretAccessKey": "{}"}}'),
    ),
    (
        "aws_session_token",
        after("IQoJb3JpZ2luX2Vj", BASE64, 700),
        ("aws_session_token = {}", "AWS_SESSION_TOKEN={}", '{{"SessionToken": "{}"}}'),
    ),
    (
        "azure_account_key",
        lambda chance: body(chance, BASE64, 86) + "==",
        ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=core.windows.net",),
    ),
    (
        "azure_shared_access",
        lambda chance: body(chance, ALNUM, 43) + "%3D",
        ("https://a.blob.core.windows.net/c?sv=2024-01-01&sp=r&sig={}",),
    ),
    ("signed_address", after("", HEX, 64), ("https://b.s3.example.org/o?X-Amz-Date=1&X-Amz-Signature={}",)),
    (
        "slack_webhook",
        after("T", UPPER, 9, ("/B", UPPER, 9), ("/", ALNUM, 24)),
        ("https://hooks.slack.com/services/{}",),
    ),
    ("discord_webhook", after("", WORD, 68), ("https://discord.com/api/webhooks/123456789012345678/{}",)),
    ("url_password", after("", ALNUM, 16), ("postgres://bob:{}@db:5432/app", "amqps://u:{}@mq.example.org/v")),
    (
        "authorization",
        after("", ALNUM, 40),
        (
            "Authorization: Bearer {}",
            "curl -H 'Authorization: token {}' https://api",
            "authorization: Bot {}",
            '{{"Authorization": "Basic {}"}}',
        ),
    ),
    (
        "cookie",
        lambda chance: "session=" + body(chance, ALNUM, 32),
        ("Cookie: {}", "Set-Cookie: {}", '{{"cookie": "{}"}}'),
    ),
    ("cookie", after("", LOWER, 32), ("curl -b sessionid={} https://x", "JSESSIONID={}")),
    ("netrc_password", after("", ALNUM, 12), ("machine api.example.org\n  login bob\n  password {}\n",)),
    ("pgpass_password", after("", ALNUM, 12), ("db.example.org:5432:app:bob:{}", "localhost:5432:*:bob:{}\n")),
    (
        "connection_password",
        after("", ALNUM, 12),
        ("Server=db;Database=app;User Id=sa;Password={};Encrypt=true", "Driver=x;Server=y;Uid=sa;Pwd={};"),
    ),
    (
        "docker_auth",
        lambda chance: base64.b64encode(("bob:" + body(chance, ALNUM, 21)).encode()).decode(),
        ('{{"auths": {{"ghcr.io": {{"auth": "{}"}}}}}}',),
    ),
    ("command_line_user", after("", ALNUM, 14), ("curl -u bob:{} https://api", "curl --user 'bob:{}' https://api")),
    (
        "command_line_secret",
        after("", ALNUM, 14),
        (
            "mysql -h db -u root -p{} app",
            "mysqldump --single-transaction -uroot -p'{}' app > a.sql",
            "sshpass -p '{}' ssh bob@host",
            "docker login -u bob -p {} ghcr.io",
            "redis-cli -h cache -a {} ping",
        ),
    ),
    (
        "password",
        after("", ALNUM, 14),
        (
            "<username>bob</username><password>{}</password>",
            '<add key="ClearTextPassword" value="{}" />',
            "auth: {{ user: 'bob', pass: '{}' }}",
            'pwd = "{}"',
        ),
    ),
    ("named_secret", after("", HEX, 37), ("X-Auth-Key: {}", "Ocp-Apim-Subscription-Key: {}")),
    ("aws_secret_key", after("", BASE64, 40), ("aws configure set aws_secret_access_key {}",)),
    ("vault_token", after("s.", ALNUM, 24), ("X-Vault-Token: {}", "VAULT_TOKEN={}")),
    (
        "command_line_secret",
        after("", ALNUM, 20),
        ("deploy --token {} --region eu", "login --password '{}'", "x --api-key {}"),
    ),
    ("teams_webhook", after("", HEX, 80), ("https://contoso.webhook.office.com/webhookb2/{}",)),
)


def escaped(text: str) -> str:
    r"""Every third character as \u00XX, as a JSON string."""
    letters = json.dumps(text, ensure_ascii=False)[1:-1]
    if "\\" in letters:
        return f'"{letters}"'
    hidden = (f"\\u{ord(letter):04x}" if number % 3 == 0 else letter for number, letter in enumerate(letters))
    return '"' + "".join(hidden) + '"'


WRAPPINGS: tuple[tuple[str, Callable[[str], str], Callable[[str], str]], ...] = (
    ("as it is", lambda text: text, lambda text: text),
    ("in JSON", lambda text: json.dumps({"text": text}), lambda line: json.loads(line)["text"]),
    (
        "in JSON in JSON",
        lambda text: json.dumps({"content": json.dumps([text])}),
        lambda line: json.loads(json.loads(line)["content"])[0],
    ),
    ("in escapes", lambda text: '{"text":' + escaped(text) + "}", lambda line: json.loads(line)["text"]),
)


def positives() -> Iterator[Positive]:
    """Every kind in every place, always the same."""
    chance = random.Random(20)
    for rule, make in TOKENS:
        for number, (place, template) in enumerate(PLACES):
            secret = make(chance)
            wrapping, wrap, read = WRAPPINGS[number % len(WRAPPINGS)]
            yield Positive(rule, f"{place}, {wrapping}", wrap(template.format(secret)), secret, read)
    for rule, make, templates in ASSIGNED:
        for template in templates:
            for wrapping, wrap, read in WRAPPINGS:
                secret = make(chance)
                yield Positive(rule, wrapping, wrap(template.format(secret)), secret, read)
