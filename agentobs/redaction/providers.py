"""Keys that name their provider by their form: a table of prefixes, and the few whose form needs more words.

The forms were compared with the public rule sets of gitleaks, trufflehog and GitHub's secret scanning. Lengths are a
little wider than what providers issue today; where a prefix is short, the length is exact.
"""

from agentobs.redaction.rules import Anchor, Rule
from agentobs.redaction.shapes import ALNUM, BASE64, FILLER, HEX, NO_DIGIT, START, WORD, prefixed

_ANY_HEX = rb"[A-Fa-f0-9]"
_UPPER = rb"[A-Z0-9]"
_DOTTED = rb"[A-Za-z0-9_.-]"
_UUID = HEX + rb"{8}(?:-" + HEX + rb"{4}){3}-" + HEX + rb"{12}"
_FEW_DIGITS = FILLER + rb"|" + NO_DIGIT

_MODELS = (
    Rule(
        "anthropic_key",
        (Anchor(b"sk-ant-", WORD + rb"{20}", dense=True),),
        START + rb"(?P<secret>sk-ant-[A-Za-z0-9_-]{20,300})",
        FILLER,
    ),
    prefixed("openrouter_key", b"sk-or-v1-", body=ALNUM, least=40, most=80),
    Rule(
        "langfuse_key",
        (Anchor(b"sk-lf-", HEX + rb"{8}-", dense=True),),
        START + rb"(?P<secret>sk-lf-" + _UUID + rb")(?![\w-])",
        FILLER,
    ),
    Rule(
        "openai_key",
        (
            *(Anchor(b"sk-" + kind + b"-", WORD + rb"{32}", dense=True) for kind in (b"proj", b"svcacct", b"admin")),
            Anchor(b"sk-", ALNUM + rb"{32}", dense=True),
        ),
        START + rb"(?P<secret>sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{32,300}|[A-Za-z0-9]{32,64}(?![A-Za-z0-9_-])))",
        _FEW_DIGITS,
    ),
    prefixed("groq_key", b"gsk_", body=ALNUM, least=40, most=64, unless=_FEW_DIGITS),
    prefixed("xai_key", b"xai-", body=ALNUM, least=60, most=100, unless=_FEW_DIGITS),
    prefixed("perplexity_key", b"pplx-", body=ALNUM, least=40, most=64),
    prefixed("nvidia_key", b"nvapi-", body=WORD, least=60, most=80),
    prefixed("cerebras_key", b"csk-", body=rb"[a-z0-9]", least=48, unless=_FEW_DIGITS),
    prefixed("hugging_face_token", b"hf_", b"api_org_", body=ALNUM, least=30, most=40),
    prefixed("replicate_token", b"r8_", body=ALNUM, least=37, most=40, unless=_FEW_DIGITS),
    prefixed("langsmith_key", b"lsv2_pt_", b"lsv2_sk_", body=rb"[A-Za-z0-9_]", least=32, most=80),
    prefixed("together_key", b"tgp_v1_", body=WORD, least=36, most=64),
    prefixed("pinecone_key", b"pcsk_", body=rb"[A-Za-z0-9_]", least=40, most=90, unless=_FEW_DIGITS),
    prefixed("jina_key", b"jina_", body=ALNUM, least=48, most=64),
    prefixed("tavily_key", b"tvly-", body=WORD, least=30, most=64, unless=_FEW_DIGITS),
    prefixed("firecrawl_key", b"fc-", body=HEX, least=32, unless=_FEW_DIGITS),
    prefixed("elevenlabs_key", b"sk_", body=HEX, least=48),
    prefixed("e2b_key", b"e2b_", body=HEX, least=40, most=72),
    prefixed("databricks_token", b"dapi", body=HEX, least=32, tail=rb"(?:-[0-9]{1,2})?"),
)

_CLOUDS = (
    Rule(
        "aws_access_key_id",
        tuple(Anchor(kind, rb"[A-Z2-7]{16}", dense=True) for kind in (b"AKIA", b"ASIA", b"ABIA", b"ACCA")),
        START + rb"(?P<secret>A(?:KI|SI|BI|CC)A[A-Z2-7]{16})(?![A-Za-z0-9_-])",
        FILLER,
    ),
    Rule(
        "aws_bedrock_key",
        (Anchor(b"ABSK", BASE64 + rb"{20}"), Anchor(b"bedrock-api-key-", ALNUM + rb"{16}", dense=True)),
        START + rb"(?P<secret>(?:ABSK[A-Za-z0-9+/]{100,300}|bedrock-api-key-[A-Za-z0-9+/]{100,4000})={0,2})",
        FILLER,
    ),
    Rule(
        "google_api_key",
        (Anchor(b"AIza", WORD + rb"{35}", dense=True),),
        START + rb"(?P<secret>AIza[A-Za-z0-9_-]{35})(?![A-Za-z0-9_-])",
        FILLER,
    ),
    prefixed("google_oauth_secret", b"GOCSPX-", body=WORD, least=24, most=40),
    prefixed("google_oauth_token", b"ya29.", body=_DOTTED, least=20, most=2048, unless=_FEW_DIGITS),
    Rule(
        "google_oauth_token",
        (Anchor(b"1//0", WORD + rb"{30}"),),
        rb"(?<![A-Za-z0-9_/:.-])(?P<secret>1//0[A-Za-z0-9_-]{30,200})",
        _FEW_DIGITS,
    ),
    Rule(
        "azure_client_secret",
        (Anchor(b"Q~", rb"[A-Za-z0-9_.~-]{31}"),),
        rb"(?<![A-Za-z0-9_.~-])(?P<secret>[A-Za-z0-9_.~]{3}[0-9]Q~[A-Za-z0-9_.~-]{31,34})(?![A-Za-z0-9_~-])",
        FILLER,
        before=4,
    ),
    Rule(
        "azure_shared_access",
        (Anchor(b"sig=", rb"(?:[A-Za-z0-9+]|%2[BbFf]|\\?/){30}"),),
        rb"(?<=[?&;])sig=(?P<secret>(?:[A-Za-z0-9+/]|%2[BbFf]){40,90}(?:%3[dD]|=){0,2})(?![A-Za-z0-9%])",
        _FEW_DIGITS,
    ),
    prefixed("digitalocean_token", b"dop_v1_", b"doo_v1_", b"dor_v1_", body=HEX, least=64),
    prefixed("heroku_key", b"HRKU-", body=WORD, least=36, most=70),
    prefixed("fly_token", b"fo1_", body=WORD, least=43),
    Rule(
        "fly_token",
        (Anchor(b"fm", rb"(?:1[ar]|2)_" + BASE64 + rb"{20}"),),
        START + rb"(?P<secret>fm(?:1[ar]|2)_[A-Za-z0-9+/]{80,4000}={0,3})",
        FILLER,
    ),
    prefixed(
        "vercel_token",
        *(b"vcp_", b"vci_", b"vca_", b"vcr_", b"vck_", b"vercel_blob_rw_"),
        body=rb"[A-Za-z0-9_]",
        least=24,
        most=100,
        unless=_FEW_DIGITS,
    ),
    prefixed("netlify_token", b"nfp_", b"nfc_", b"nfo_", body=ALNUM, least=36, most=48, unless=_FEW_DIGITS),
    Rule(
        "cloudflare_key",
        (Anchor(b"v1.0-", HEX + rb"{24}-", dense=True),),
        START + rb"(?P<secret>v1\.0-[a-f0-9]{24}-[a-f0-9]{100,200})(?![A-Za-z0-9])",
        FILLER,
    ),
    prefixed("cloudflare_token", b"cfut_", b"cfat_", b"cfk_", body=ALNUM, least=40, most=60),
    prefixed("render_key", b"rnd_", body=ALNUM, least=28, most=40, unless=_FEW_DIGITS),
    prefixed("planetscale_token", b"pscale_tkn_", b"pscale_pw_", b"pscale_oauth_", body=_DOTTED, least=32, most=64),
    prefixed("supabase_key", b"sbp_", b"sbp_oauth_", body=HEX, least=40),
    prefixed("supabase_key", b"sb_secret_", body=WORD, least=20, most=64, unless=_FEW_DIGITS),
)

_CODE = (
    Rule(
        "github_token",
        (
            *(Anchor(kind, ALNUM + rb"{36}", dense=True) for kind in (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_")),
            Anchor(b"github_pat_", rb"[A-Za-z0-9_]{50}", dense=True),
        ),
        START + rb"(?P<secret>gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})",
        FILLER,
    ),
    prefixed(
        "gitlab_token",
        *(b"glpat-", b"gldt-", b"glrt-", b"glcbt-", b"glptt-", b"glft-", b"glimt-", b"glagent-", b"gloas-"),
        *(b"glsoat-", b"glffct-", b"glwt-", b"GR1348941"),
        body=WORD,
        least=20,
        most=300,
        tail=rb"(?:\.[0-9a-z]{2,9}){0,2}",
        unless=_FEW_DIGITS,
    ),
    prefixed("bitbucket_token", b"ATBB", body=ALNUM, least=28, most=40),
    prefixed("atlassian_token", b"ATATT3", b"ATCTT3", body=WORD, least=100, most=300, tail=rb"(?:=[A-F0-9]{8})?"),
    prefixed("npm_token", b"npm_", body=ALNUM, least=36, most=64),
    prefixed("pypi_token", b"pypi-AgE", body=WORD, least=50, most=1000),
    prefixed("rubygems_key", b"rubygems_", body=HEX, least=48),
    prefixed("crates_token", b"cio", body=ALNUM, least=32, unless=_FEW_DIGITS),
    prefixed("nuget_key", b"oy2", body=rb"[a-z0-9]", least=43),
    prefixed("docker_token", b"dckr_pat_", b"dckr_oat_", body=WORD, least=24, most=64),
    prefixed("artifactory_key", b"AKCp", body=ALNUM, least=60, most=80),
    prefixed("artifactory_key", b"cmVmdGtuOj", body=ALNUM, least=54),
    prefixed("sonar_token", b"squ_", b"sqp_", b"sqa_", body=HEX, least=40),
    prefixed("pulumi_token", b"pul-", body=HEX, least=40),
    Rule(
        "terraform_token",
        (Anchor(b".atlasv1.", WORD + rb"{20}", dense=True),),
        START + rb"(?P<secret>[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{55,100})",
        FILLER,
        before=14,
    ),
    Rule(
        "vault_token",
        tuple(Anchor(kind, WORD + rb"{24}", dense=True) for kind in (b"hvs.", b"hvb.", b"hvr.")),
        START + rb"(?P<secret>hv[sbr]\.[A-Za-z0-9_-]{24,400})(?![A-Za-z0-9_-])",
        _FEW_DIGITS,
    ),
    Rule(
        "doppler_token",
        (Anchor(b"dp.", rb"(?:pt|ct|st|sa|scim|audit)\.[a-z0-9A-Z_.-]{40}", dense=True),),
        START
        + rb"(?P<secret>dp\.(?:pt|ct|sa|scim|audit|st(?:\.[a-z0-9_-]{2,35})?)\.[A-Za-z0-9]{40,44})(?![A-Za-z0-9])",
        FILLER,
    ),
    prefixed("age_key", b"AGE-SECRET-KEY-1", body=_UPPER, least=58),
    Rule(
        "one_password_token",
        (Anchor(b"ops_eyJ", ALNUM + rb"{16}", dense=True),),
        START + rb"(?P<secret>ops_eyJ[A-Za-z0-9+/_-]{200,4000}={0,3})",
        FILLER,
    ),
    Rule(
        "one_password_token",
        (Anchor(b"A3-", rb"[A-Z0-9]{6}-[A-Z0-9]{6}", dense=True),),
        START + rb"(?P<secret>A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3})(?![\w-])",
        _FEW_DIGITS,
    ),
    prefixed("tailscale_key", b"tskey-", body=WORD, least=20, most=120, unless=_FEW_DIGITS),
)

_SERVICES = (
    Rule(
        "slack_token",
        (
            Anchor(b"xox", rb"[abcdeoprs]-[A-Za-z0-9%-]{16}"),
            Anchor(b"xapp-", rb"[A-Za-z0-9-]{16}", dense=True),
        ),
        START + rb"(?P<secret>(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{16,300}|xoxd-[A-Za-z0-9%-]{16,300})",
        _FEW_DIGITS,
    ),
    Rule(
        "slack_webhook",
        (Anchor(b"hooks.slack.com", rb"\\*/"),),
        rb"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9/]{20,120})",
        _FEW_DIGITS,
    ),
    Rule(
        "discord_webhook",
        (Anchor(b"/webhooks", rb"\\*/[0-9]{17}"),),
        rb"/webhooks/[0-9]{17,20}/(?P<secret>[A-Za-z0-9_-]{60,80})(?![A-Za-z0-9_-])",
        FILLER,
    ),
    Rule(
        "teams_webhook",
        (Anchor(b".webhook.office.com", rb"\\*/webhookb2", dense=True),),
        rb"\.webhook\.office\.com/webhookb2/(?P<secret>[A-Za-z0-9@/_-]{60,400})",
        FILLER,
    ),
    # The first part is the decimal number of the bot in base64: few letters can follow each other.
    Rule(
        "discord_token",
        tuple(
            Anchor(digits, rb"[AEIMQUYcgk][wxyz0-5](?:[MNO][DTjz][AEIMQUYcgk][wxyz0-5]){4}", dense=True)
            for digits in (b"MT", b"Mj", b"Mz", b"ND", b"NT", b"Nj", b"Nz", b"OD", b"OT")
        ),
        START + rb"(?P<secret>(?:[MNO][DTjz][AEIMQUYcgk][wxyz0-5]){5,6}[A-Za-z0-9_-]{0,3}"
        rb"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38})(?![A-Za-z0-9_-])",
        FILLER,
    ),
    Rule(
        "telegram_token",
        (Anchor(b":AA", WORD + rb"{32}"),),
        rb"(?:(?<![A-Za-z0-9_:-])|(?<=/bot))(?P<secret>[0-9]{8,10}:AA[A-Za-z0-9_-]{32,34})(?![A-Za-z0-9_-])",
        FILLER,
        before=10,
    ),
    prefixed("twilio_key", b"SK", b"AC", body=HEX, least=32, unless=_FEW_DIGITS),
    Rule(
        "sendgrid_key",
        (Anchor(b"SG.", WORD + rb"{16}", dense=True),),
        START + rb"(?P<secret>SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,64})(?![A-Za-z0-9_-])",
        FILLER,
    ),
    prefixed("mailgun_key", b"key-", body=HEX, least=32, unless=_FEW_DIGITS),
    Rule(
        "mailchimp_key",
        (Anchor(b"-us", rb"[0-9]"),),
        rb"(?<![A-Za-z0-9_-])(?P<secret>[a-f0-9]{32}-us[0-9]{1,2})(?![A-Za-z0-9_-])",
        FILLER,
        before=32,
    ),
    prefixed("brevo_key", b"xkeysib-", body=HEX, least=64, tail=rb"-[A-Za-z0-9]{16}"),
    Rule(
        "stripe_key",
        tuple(
            Anchor(kind, ALNUM + rb"{16}", dense=True) for kind in (b"sk_live_", b"rk_live_", b"sk_test_", b"rk_test_")
        ),
        START + rb"(?P<secret>[sr]k_(?:live|test)_[A-Za-z0-9]{16,255})",
        FILLER,
    ),
    Rule(
        "stripe_key",
        (Anchor(b"whsec_", BASE64 + rb"{24}"),),
        START + rb"(?P<secret>whsec_[A-Za-z0-9+/]{24,128}={0,2})",
        _FEW_DIGITS,
    ),
    prefixed("posthog_key", b"phx_", body=ALNUM, least=40, most=60),
    Rule(
        "hubspot_token",
        (Anchor(b"pat-", rb"(?:na|eu|ap)[0-9]-[a-f0-9]{8}-", dense=True),),
        START + rb"(?P<secret>pat-(?:na|eu|ap)[0-9]-" + _UUID + rb")(?![\w-])",
        FILLER,
    ),
    prefixed("square_token", b"sq0atp-", b"sq0csp-", body=WORD, least=22, most=64),
    prefixed("shopify_token", b"shpat_", b"shpca_", b"shppa_", b"shpss_", b"shptka_", body=_ANY_HEX, least=32),
    prefixed("linear_key", b"lin_api_", b"lin_oauth_", body=ALNUM, least=40, most=64),
    prefixed("notion_token", b"ntn_", body=ALNUM, least=40, most=50),
    prefixed("notion_token", b"secret_", body=ALNUM, least=43, unless=_FEW_DIGITS),
    prefixed("figma_token", b"figd_", body=WORD, least=36, most=64),
    Rule(
        "airtable_token",
        (Anchor(b"pat", ALNUM + rb"{14}\.[a-f0-9]{20}", dense=True),),
        START + rb"(?P<secret>pat[A-Za-z0-9]{14}\.[a-f0-9]{64})(?![A-Za-z0-9])",
        FILLER,
    ),
    prefixed("contentful_token", b"CFPAT-", body=WORD, least=40, most=64),
    Rule(
        "postman_key",
        (Anchor(b"PMAK-", HEX + rb"{24}-", dense=True),),
        START + rb"(?P<secret>PMAK-[a-f0-9]{24}-[a-f0-9]{34})(?![A-Za-z0-9])",
        FILLER,
    ),
    prefixed("new_relic_key", b"NRAK-", b"NRII-", body=WORD, least=27, most=32),
    prefixed("sentry_token", b"sntryu_", body=HEX, least=64),
    Rule(
        "sentry_token",
        (Anchor(b"sntrys_eyJ", ALNUM + rb"{10}", dense=True),),
        START + rb"(?P<secret>sntrys_eyJ[A-Za-z0-9+/=_]{60,500})",
        FILLER,
    ),
    prefixed("grafana_token", b"glsa_", body=rb"[A-Za-z0-9_]", least=41),
    Rule(
        "grafana_token",
        (Anchor(b"glc_eyJ", ALNUM + rb"{13}", dense=True), Anchor(b"eyJrIjoi", ALNUM + rb"{20}", dense=True)),
        START + rb"(?P<secret>(?:glc_eyJ|eyJrIjoi)[A-Za-z0-9+/]{40,400}={0,3})(?![A-Za-z0-9_.-])",
        FILLER,
    ),
)

PROVIDERS: tuple[Rule, ...] = (*_MODELS, *_CLOUDS, *_CODE, *_SERVICES)
