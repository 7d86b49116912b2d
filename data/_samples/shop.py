"""The sessions of /home/ada/shop, a web shop in Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from _samples.log import Clock, Story
from _samples.outputs import full_run, pytest
from _samples.session import Session
from _samples.shop_sources import SHOP

OPUS = "claude-opus-4-5-20251101"
SONNET = "claude-sonnet-4-5-20250929"
HAIKU = "claude-haiku-4-5-20251001"


def begin(story: Story, at: str, version: str, model: str, **more: Any) -> Session:
    """A new session of the shop."""
    clock = Clock(datetime.fromisoformat(at).replace(tzinfo=UTC))
    return Session(story, "/home/ada/shop", clock, version, model, sources=dict(SHOP), **more)


def cart_rounding(story: Story) -> None:
    """A bug is found, tested, fixed and committed; hooks and progress are logged."""
    s = begin(story, "2026-03-09T08:12:04.310", "2.1.49", SONNET, slug="quiet-baking-otter")
    s.hook("SessionStart", "SessionStart:startup", "make -s env-check")
    s.prompt("Customers see totals that are off by one cent when a cart holds three lines at 10 % off. Why?")
    s.think("Off by a cent smells like floats or like rounding per line instead of on the sum. Look at cart.py first.")
    s.say("I'll look at how the cart computes its total, and at the conventions about money.")
    s.read("docs/conventions.md")
    s.grep(r"round\(|Decimal|float\(", "shop/")
    with s.parallel():
        s.say("`cart.py` rounds each line. Let me read it together with its tests.")
        s.read("shop/cart.py")
        s.read("tests/test_cart.py")
    s.think("line_total rounds each line with float arithmetic. A test with three lines at 10 % would show it.")
    s.say("Each line is rounded as a float before the sum. I'll first write a test that shows the cent.")
    old = "def test_empty_cart_costs_nothing():"
    test = 'def test_discount_is_rounded_once():\n    cart = Cart([Line("pen", 3, "0.35", "0.1")] * 3)\n'
    s.edit("tests/test_cart.py", old, test + '    assert cart.total() == Decimal("2.84")\n\n\n' + old)
    failure = "tests/test_cart.py::test_discount_is_rounded_once|AssertionError: assert 2.85 == Decimal('2.84')"
    s.hook("PreToolUse", "PreToolUse:Bash", "scripts/allow.sh")
    s.bash("pytest -q tests/test_cart.py", pytest(6, failure), exit_code=1, seconds=2.1, description="Run cart tests")
    s.say("The test fails as expected. Now the fix: decimals all the way, rounding once at the end.")
    s.edit(
        "shop/cart.py",
        "        return round(float(self.price) * self.quantity * (1 - float(self.discount)), 2)",
        "        return Decimal(self.price) * self.quantity * (1 - Decimal(self.discount))",
    )
    s.edit(
        "shop/cart.py",
        "        return sum(line.total() for line in self.lines)",
        "        return sum((line.total() for line in self.lines), Decimal(0)).quantize(CENT, ROUND_HALF_EVEN)",
    )
    s.bash("pytest -q tests/test_cart.py", pytest(7), seconds=1.9, description="Run cart tests")
    lines = ("collected 48 items", "tests/test_cart.py .......", "tests/test_orders.py ...........")
    s.bash("pytest -v", full_run(48, seconds=6.31), seconds=7.4, description="Run all tests", progress=lines)
    s.say("Totals are now exact: 48 tests pass. Shall I commit?")
    s.done(hook="make -s lint")
    s.prompt("yes, commit", after=74)
    s.diff(SHOP)
    commit = story.short_id()
    s.bash(
        'git add -A && git commit -m "Round cart totals once, as decimals"',
        f"[main {commit}] Round cart totals once, as decimals\n 2 files changed, 8 insertions(+), 2 deletions(-)",
        description="Commit the fix",
    )
    s.say(f"Committed as {commit}.")
    s.done(hook="make -s lint")


def checkout_split(story: Story) -> None:
    """A refactoring with a plan, parallel reads, and two subagents; the file of the second is missing."""
    s = begin(story, "2026-03-09T13:05:41.020", "2.1.49", OPUS, slug="brisk-weaving-heron", branch="checkout")
    s.hook("SessionStart", "SessionStart:startup", "make -s env-check")
    s.prompt("checkout.py does everything. Split pricing, stock and payment into their own modules, tests stay green.")
    s.think("A refactoring with several steps: plan first, then map who calls what. A subagent can map the callers.")
    s.say("I'll read the conventions, plan this, and have the callers mapped first.")
    s.read("docs/conventions.md")
    steps = ("Map callers of checkout.py", "Move pricing", "Move stock", "Move payment", "Run all tests")
    s.todo((steps[0], "in_progress"), *((step, "pending") for step in steps[1:]))
    ask = "List every module that imports shop.checkout, with the names it uses. Report file, line, name. Do not edit."
    with s.subagent("Map checkout callers", ask, HAIKU, shows_progress=True) as agent:
        agent.say("I'll search for imports of the module.")
        agent.grep("checkout", "shop/")
        agent.read("shop/web.py")
        agent.say("Callers:\n- shop/web.py:4 imports place_order, quote\n- shop/jobs.py:3 imports release_stock")
        agent.done()
    with s.parallel():
        s.read("shop/checkout.py")
        s.read("shop/web.py")
        s.glob("tests/*.py")
    s.queue("enqueue", "keep the public names importable from shop.checkout please")
    pricing = SHOP["shop/checkout.py"].split("# -- stock")[0].split("# -- pricing\n")[1].strip() + "\n"
    s.write("shop/pricing.py", '"""Prices of an order."""\n\nfrom decimal import Decimal\n\n' + pricing)
    s.queue("dequeue")
    s.prompt("keep the public names importable from shop.checkout please")
    s.say("Will do: `shop.checkout` re-exports them.")
    s.multi_edit(
        "shop/checkout.py",
        [
            (pricing, ""),
            ("# -- pricing\n", ""),
            (
                "from decimal import Decimal\n",
                "from decimal import Decimal\n\nfrom shop.pricing import quote, shipping\n",
            ),
        ],
    )
    broken = "tests/test_orders.py::test_quote_includes_shipping|ImportError: cannot import name 'FREE_FROM'"
    s.bash("python -m pytest -q tests", pytest(40, broken), exit_code=1, seconds=6.6, description="Run the tests")
    s.edit("shop/checkout.py", "import quote, shipping", "import FREE_FROM, quote, shipping")
    s.bash("python -m pytest -v tests", full_run(48, seconds=6.02), seconds=6.4, description="Run the tests")
    s.todo((steps[0], "completed"), (steps[1], "completed"), (steps[2], "in_progress"), (steps[3], "pending"))
    ask = "Read shop/checkout.py and tell which functions touch the stock table, and in which order. Do not edit."
    lost = s.subagent("Find stock functions", ask, HAIKU, shows_progress=True, keeps_file=False)
    with lost as agent:
        agent.read("shop/checkout.py")
        agent.say("reserve_stock, then release_stock on failure; both use the stock table.")
        agent.done()
    s.say("Pricing is out and all 48 tests pass. Stock comes next: `reserve_stock` and `release_stock` move together.")
    s.done(hook="make -s lint")
    s.prompt("good. commit this step, I review the rest tomorrow", after=412)
    s.diff(SHOP)
    s.bash(
        'git commit -am "Move pricing out of checkout"',
        f"[checkout {story.short_id()}] Move pricing out of checkout\n 2 files changed, 31 insertions(+)",
    )
    s.say("Committed on `checkout`; stock and payment are still to do.")
    s.done(hook="make -s lint")
    s.bare("custom-title", customTitle="split checkout", sessionId=s.session_id)


def old_version(story: Story) -> None:
    """An old Claude Code: a summary on top, slash commands, a subagent inside the same file."""
    s = begin(story, "2026-03-10T09:30:12.400", "1.0.98", SONNET)
    s.bare("summary", summary="Cart rounding and cent differences", leafUuid=story.uuid())
    s.slash("model", "sonnet", "Set model to sonnet (claude-sonnet-4-5-20250929)")
    s.prompt("add a newsletter opt-in to the order form, default off", after=21)
    s.say("I'll let a subagent find where the form is built.")
    ask = "Find where the order form is defined and validated. Report files and function names."
    with s.subagent("Find order form", ask, SONNET, kind="general-purpose") as agent:
        agent.grep("OrderForm", "shop/")
        agent.read("shop/forms.py")
        agent.say("OrderForm is in shop/forms.py, validated by OrderForm.errors, used by order_page in shop/web.py.")
        agent.done()
    s.read("shop/forms.py")
    s.fail(
        "Edit",
        {
            "file_path": s.full("shop/forms.py"),
            "old_string": "newsletter = False",
            "new_string": "newsletter: bool = False",
        },
        "String to replace not found in file.\nString: newsletter = False",
    )
    s.edit("shop/forms.py", '    note: str = ""\n', '    note: str = ""\n    newsletter: bool = False\n')
    s.bash("pytest -q tests/test_forms.py", pytest(5), seconds=1.2, description="Run form tests")
    s.say("The form has `newsletter`, off by default; the 5 form tests pass.")
    s.done()
    s.slash("cost", "", "Total cost: $0.31\nTotal duration (API): 48.2s", after=33)
    s.slash("exit", "", "Bye!", after=4)


def payment_loop(story: Story) -> None:
    """The same test fails again and again until the person stops it. Resumed next day, it is fixed."""
    s = begin(story, "2026-03-10T15:40:55.870", "2.1.49", SONNET, slug="tangled-hopping-crane", branch="payments")
    s.prompt("test_retry_is_idempotent is flaky since this morning, make it green")
    s.say("I'll run it first.")
    name = "tests/test_payment.py::test_retry_is_idempotent"
    failure = f"{name}|AssertionError: assert 2 == 1 (charges recorded)"
    command = f"pytest -q {name}"
    s.bash(command, pytest(0, failure), exit_code=1, seconds=3.3, description="Run the flaky test")
    s.read("shop/payment.py")
    tries = ("0.1", "0.2", "0.5", "1.0", "2.0")
    guess = "Perhaps the retry is too fast for the lock. I'll wait a little longer between the attempts."
    for before, after in pairwise(tries):
        s.think(guess)
        s.say("The charge is still recorded twice; I'll raise the delay." if before != "0.1" else guess)
        s.grep("idempotency_key", "shop/")
        s.edit("shop/payment.py", f"RETRY_DELAY = {before}", f"RETRY_DELAY = {after}")
        s.bash(command, pytest(0, failure), exit_code=1, seconds=3.6, description="Run the flaky test")
    s.say("Still twice. I could raise the delay to 5 seconds and")
    s.interrupt()
    s.prompt("stop. the delay is not the reason, undo that", after=19)
    s.bash("git checkout -- shop/payment.py", stderr="Updated 1 path from the index", description="Undo the delay")
    s.sources["shop/payment.py"] = SHOP["shop/payment.py"]
    s.say("Reverted `shop/payment.py`. The delay was a guess; the key deserves a look instead.")
    s.done()
    count = len(s.records)
    _resume_payment(s, count, command, name)


def _resume_payment(first: Session, count: int, command: str, name: str) -> None:
    s = first.resumed(count, datetime(2026, 3, 11, 9, 2, 31, tzinfo=UTC), rewrite=False)
    s.prompt("back to the flaky payment test. where is the idempotency key made?")
    s.think("The key is built from time.time(), so a retry a second later gets another key: two charges.")
    s.say("I'll look at where the key comes from, and at what the conventions say about it.")
    with s.parallel():
        s.read("shop/payment.py")
        s.read("docs/conventions.md")
    s.edit("shop/payment.py", 'f"{order_id}-{int(time.time())}"', 'f"order-{order_id}"')
    s.bash(command, pytest(1, seconds=0.42), seconds=1.1, description="Run the flaky test")
    loop = f"for i in $(seq 20); do pytest -q {name} || break; done"
    s.bash(loop, "\n".join([pytest(1, seconds=0.4)] * 20), seconds=19, description="Run it twenty times")
    s.say("The key held the time, so a retry was a new charge. It now depends on the order only; 20 runs pass.")
    s.done()
    s.prompt("nice. commit", after=41)
    s.diff(SHOP)
    said = "Make the idempotency key depend on the order only"
    s.bash(f'git commit -am "{said}"', f"[payments {s.story.short_id()}] {said}\n 1 file changed, 1 insertion(+)")
    s.say("Done.")
    s.done()
    s.bare("summary", summary="Flaky payment test: key held the time", leafUuid=str(s.leaf))


def product_search(story: Story) -> None:
    """A picture in a prompt, web searches, MCP tools that answer with documentation and a screenshot."""
    s = begin(story, "2026-03-11T14:20:09.150", "2.1.49", OPUS, slug="gentle-sorting-lynx", branch="search")
    s.prompt(
        "This is how search looks now. Make it find 'jumper' when people type 'jumpr'. Postgres only.", picture=True
    )
    s.think("Typo tolerance in Postgres: pg_trgm. Check what is current practice, then the query in search.py.")
    s.say("I'll check what Postgres offers for typos.")
    s.web_search(
        "postgresql fuzzy search typo pg_trgm similarity index",
        {
            "pg_trgm": "https://www.postgresql.org/docs/current/pgtrgm.html",
            "GIN": "https://www.postgresql.org/docs/current/gin.html",
        },
        "The pg_trgm extension compares trigrams; a GIN index with gin_trgm_ops serves the % operator.",
    )
    library = {"context7CompatibleLibraryID": "/postgres/postgres", "topic": "pg_trgm", "tokens": 4000}
    s.mcp("context7", "get-library-docs", library, "similarity(text, text) returns a number between 0 and 1. " * 12)
    with s.parallel():
        s.read("docs/conventions.md")
        s.read("shop/search.py")
    s.edit(
        "shop/search.py",
        'WHERE = "name ILIKE %(pattern)s"',
        'WHERE = "name %% %(text)s OR name ILIKE %(pattern)s"\nORDER = "similarity(name, %(text)s) DESC"',
    )
    s.write(
        "migrations/0014_trigrams.sql",
        "CREATE EXTENSION IF NOT EXISTS pg_trgm;\n"
        "CREATE INDEX product_name_trgm ON product USING gin (name gin_trgm_ops);\n",
    )
    s.bash("pytest -q tests/test_search.py", pytest(9, seconds=1.7), seconds=2.8, description="Run search tests")
    s.mcp("playwright", "browser_take_screenshot", {"filename": "search.png"}, "### Result\nsearch.png", picture=True)
    s.diff(SHOP)
    s.say("'jumpr' now finds 'jumper' first; the index is in migration 0014.")
    s.done()
    s.prompt("what about umlauts? people type pullover fur herren", after=655)
    s.web_search(
        "postgresql unaccent immutable index trigram",
        {"unaccent": "https://www.postgresql.org/docs/current/unaccent.html"},
        "unaccent() is STABLE; an IMMUTABLE wrapper is needed before it can be indexed.",
    )
    s.say("`unaccent` does it, but needs an immutable wrapper before it can be indexed. Shall I add migration 0015?")
    s.done()


def deploy(story: Story) -> None:
    """A build that fails and passes, a key in a command's output, and a command that the person denies."""
    s = begin(story, "2026-03-12T10:10:30.640", "2.0.76", SONNET, slug="noisy-packing-badger")
    s.prompt("build the frontend and deploy to staging")
    bad = "src/cart.ts(41,7): error TS2322: Type 'string' is not assignable to type 'number'."
    s.bash("npm run build", "> shop@2.4.0 build\n> tsc && vite build", stderr=bad, exit_code=2, seconds=11.2)
    s.read("frontend/src/cart.ts")
    s.edit("frontend/src/cart.ts", "quantity: input.value", "quantity: Number(input.value)")
    built = "> shop@2.4.0 build\n> tsc && vite build\n\n✓ 214 modules transformed.\n✓ built in 4.81s"
    s.bash("npm run build", built, seconds=13.7, description="Build the frontend")
    ask = "Read deploy/staging.md and list the steps and variables that a staging deployment needs."
    with s.subagent("Read the deployment notes", ask, HAIKU) as agent:
        agent.read("deploy/staging.md")
        agent.say(
            "Steps: build, sync dist/ to the bucket, restart the service. Needs AWS_ACCESS_KEY_ID and AWS_PROFILE."
        )
        agent.done()
    # The documented example key, put together here so that no scanner takes this module for a leak.
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    s.bash("env | grep AWS", f"AWS_PROFILE=staging\nAWS_ACCESS_KEY_ID={key}\nAWS_REGION=eu-central-1")
    s.say("The variables are set. I'll sync and restart now.")
    s.deny("Bash", {"command": "aws s3 sync dist/ s3://shop-staging --delete", "description": "Sync to staging"})
    s.interrupt(after=0.1, for_tool_use=True)
    s.prompt("not with --delete! the bucket also holds the invoices", after=15)
    s.bash("aws s3 sync dist/ s3://shop-staging", "upload: dist/index.html to s3://shop-staging/index.html", seconds=6)
    s.bash("ssh staging sudo systemctl restart shop", seconds=2.5, description="Restart the service")
    s.bash("curl -sf https://staging.shop.example/health", '{"status":"ok","version":"2.4.0"}', seconds=0.6)
    s.say("Staging runs 2.4.0; nothing was deleted from the bucket.")
    s.done()


def abandoned(story: Story) -> None:
    """Requests fail, are retried, and the person leaves before there is an answer."""
    s = begin(story, "2026-03-12T17:55:02.900", "2.1.49", SONNET, slug="idle-wading-stork")
    s.prompt("why do order mails arrive twice for some customers?")
    s.say("I'll look at the mail job.")
    with s.parallel():
        s.read("shop/jobs.py")
        s.read("docs/conventions.md")
        s.grep("send_mail", "shop/")
    for attempt in range(1, 5):
        s.api_error(attempt)
    s.prompt("hello?", after=48)
    s.api_error(1)


def midnight_hotfix(story: Story) -> None:
    """A hotfix across midnight UTC, with a usage limit in between."""
    s = begin(story, "2026-03-13T23:35:48.230", "2.1.49", SONNET, slug="late-mending-owl", branch="hotfix")
    s.prompt("production: /orders/export gives 500 since the 20:00 deploy. log excerpt in var/export.log")
    s.bash(
        "tail -n 5 var/export.log",
        "File \"shop/export.py\", line 31, in rows\nKeyError: 'newsletter'",
        description="Read the log",
    )
    s.read("shop/export.py")
    s.think("Orders from before the newsletter field lack the key. row.get with a default is enough for the hotfix.")
    s.say("Old orders have no `newsletter`. I'll make the export tolerant and add a test.")
    s.edit("shop/export.py", 'order["newsletter"]', 'order.get("newsletter", False)')
    s.api_error(1, 429, "This request would exceed your rate limit")
    s.synthetic(
        "API Error: Rate limit reached",
        error="rate_limit",
        isApiErrorMessage=True,
        apiErrorStatus=429,
    )
    s.prompt("continue", after=1_310)
    failure = "tests/test_export.py::test_old_orders|TypeError: 'NoneType' object is not subscriptable"
    s.bash("pytest -q tests/test_export.py", pytest(3, failure), exit_code=1, seconds=2, description="Run export tests")
    s.edit("shop/export.py", 'order["customer"]["email"]', '(order["customer"] or {}).get("email", "")')
    s.bash("pytest -q tests/test_export.py", pytest(4), seconds=1.9, description="Run export tests")
    s.bash(
        'git commit -am "Export orders of before the newsletter" && git push origin hotfix',
        f"[hotfix {story.short_id()}] Export orders of before the newsletter\n 1 file changed, 2 insertions(+)",
        seconds=3.1,
    )
    s.say("Fixed and pushed: the export now takes orders without `newsletter` and without a customer.")
    s.done()
    s.prompt("thanks, deployed, works", after=905)
    s.say("Good to hear. Good night!")
    s.done()


def quick_question(story: Story) -> None:
    """One question, one answer, no tool."""
    s = begin(story, "2026-03-18T16:01:20.500", "2.1.49", HAIKU, slug="swift-asking-wren")
    s.prompt("what is the difference between ROUND_HALF_UP and ROUND_HALF_EVEN?")
    s.say("They differ at ties only: HALF_UP goes away from zero (2.5 -> 3), HALF_EVEN to the even digit (2.5 -> 2).")
    s.done()


def daylight_saving(story: Story) -> None:
    """A release in the night in which Europe's clocks go forward (01:00 UTC, 2026-03-29)."""
    s = begin(
        story,
        "2026-03-29T00:41:17.760",
        "2.1.81",
        SONNET,
        slug="early-leaping-hare",
        branch="release",
        cache_minutes=60,
    )
    s.prompt("release 2.5.0: bump the version, run all, tag")
    s.edit("pyproject.toml", 'version = "2.4.0"', 'version = "2.5.0"')
    failure = "tests/test_jobs.py::test_next_run_is_tomorrow_at_two|AssertionError: 2026-03-29 02:00 does not exist"
    s.bash("pytest -q", pytest(51, failure, seconds=7.4), exit_code=1, seconds=8.6, description="Run all tests")
    s.read("shop/jobs.py")
    s.read("docs/conventions.md")
    s.say("02:00 does not exist tonight in Berlin. The job should be planned in UTC.")
    s.edit("shop/jobs.py", "datetime.now(BERLIN).replace(hour=2", "datetime.now(UTC).replace(hour=1")
    s.clock.wait(timedelta(minutes=22).total_seconds())
    s.bash("pytest -v", full_run(52, seconds=7.1), seconds=8.1, description="Run all tests")
    s.diff(SHOP)
    tag = 'git commit -am "Release 2.5.0" && git tag v2.5.0'
    s.bash(tag, f"[release {story.short_id()}] Release 2.5.0\n 2 files changed, 2 insertions(+), 2 deletions(-)")
    s.say("2.5.0 is tagged; 52 tests pass.")
    s.done()
    s.bare("last-prompt", lastPrompt="release 2.5.0: bump the version, run all, tag", sessionId=s.session_id)


STORIES = (
    cart_rounding,
    checkout_split,
    old_version,
    payment_loop,
    product_search,
    deploy,
    abandoned,
    midnight_hotfix,
    quick_question,
    daylight_saving,
)
