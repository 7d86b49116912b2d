"""The files of /home/ada/shop that its sessions read and change."""

SHOP = {
    "shop/cart.py": '''"""The cart: lines of products, and what they cost together."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """A product, how many of it, at which price, with which discount in [0, 1]."""

    sku: str
    quantity: int
    price: str
    discount: str = "0"

    def total(self):
        return round(float(self.price) * self.quantity * (1 - float(self.discount)), 2)


@dataclass
class Cart:
    """Lines in the order in which the customer added them."""

    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        for position, known in enumerate(self.lines):
            if known.sku == line.sku and known.price == line.price:
                more = known.quantity + line.quantity
                self.lines[position] = Line(line.sku, more, line.price, line.discount)
                return
        self.lines.append(line)

    def total(self) -> Decimal:
        return sum(line.total() for line in self.lines)
''',
    "shop/checkout.py": '''"""From a cart to a paid order."""

from decimal import Decimal

# -- pricing
FREE_FROM = Decimal("49.00")
SHIPPING = {"DE": Decimal("4.90"), "AT": Decimal("6.90"), "CH": Decimal("12.50")}


def shipping(country: str, total: Decimal) -> Decimal:
    """What sending the order costs; nothing from FREE_FROM on, inside Germany."""
    if country == "DE" and total >= FREE_FROM:
        return Decimal(0)
    return SHIPPING.get(country, Decimal("19.90"))


def quote(cart, country: str) -> Decimal:
    """The price of an order with shipping."""
    total = cart.total()
    return total + shipping(country, total)


# -- stock
def reserve_stock(db, cart) -> None:
    for line in cart.lines:
        rows = db.execute(
            "UPDATE stock SET free = free - %s WHERE sku = %s AND free >= %s",
            (line.quantity, line.sku, line.quantity),
        )
        if rows.rowcount != 1:
            raise OutOfStock(line.sku)


def release_stock(db, cart) -> None:
    for line in cart.lines:
        db.execute("UPDATE stock SET free = free + %s WHERE sku = %s", (line.quantity, line.sku))


class OutOfStock(Exception):
    """A product of which too few are left."""


# -- payment
def place_order(db, cart, country: str, pay) -> str:
    """Reserve, charge, and save; a failed charge gives the stock back."""
    reserve_stock(db, cart)
    try:
        charge = pay(quote(cart, country))
    except Exception:
        release_stock(db, cart)
        raise
    return db.insert_order(cart, country, charge)
''',
    "shop/web.py": '''"""The pages of the shop."""

from flask import Flask, redirect, render_template, request, session
from shop.checkout import place_order, quote
from shop.forms import OrderForm
from shop.payment import charge_card
from shop.search import find_products

app = Flask(__name__)


@app.get("/")
def home():
    text = request.args.get("q", "")
    return render_template("home.html", products=find_products(app.db, text), text=text)


@app.route("/order", methods=["GET", "POST"])
def order_page():
    form = OrderForm.of(request.form)
    cart = session["cart"]
    if request.method == "GET" or form.errors():
        return render_template("order.html", form=form, total=quote(cart, form.country))
    order_id = place_order(app.db, cart, form.country, lambda amount: charge_card(app.bank, cart.id, amount))
    return redirect(f"/orders/{order_id}")
''',
    "shop/forms.py": '''"""Forms: what a browser sent, checked."""

from dataclasses import dataclass, fields


@dataclass
class OrderForm:
    """The data of an order as the customer typed it."""

    name: str = ""
    email: str = ""
    street: str = ""
    city: str = ""
    country: str = "DE"
    note: str = ""

    @classmethod
    def of(cls, sent) -> "OrderForm":
        return cls(**{field.name: sent[field.name].strip() for field in fields(cls) if field.name in sent})

    def errors(self) -> dict[str, str]:
        found = {name: "is missing" for name in ("name", "email", "street", "city") if not getattr(self, name)}
        if self.email and "@" not in self.email:
            found["email"] = "is not an address"
        return found
''',
    "shop/payment.py": '''"""Charging a card, again if the bank does not answer."""

import time

RETRY_DELAY = 0.1
ATTEMPTS = 3


class Declined(Exception):
    """The bank said no: do not try again."""


def idempotency_key(order_id: str) -> str:
    """A charge with the same key is made only once."""
    return f"{order_id}-{int(time.time())}"


def charge_card(bank, order_id: str, amount) -> str:
    """The id of the charge. A timeout is tried again, a refusal is not."""
    for attempt in range(ATTEMPTS):
        try:
            return bank.charge(amount, key=idempotency_key(order_id))
        except TimeoutError:
            if attempt + 1 == ATTEMPTS:
                raise
            time.sleep(RETRY_DELAY)
    raise Declined(order_id)
''',
    "shop/search.py": '''"""Finding products by what people type."""

WHERE = "name ILIKE %(pattern)s"
LIMIT = 24


def find_products(db, text: str):
    """The products that match, at most LIMIT of them."""
    if not text.strip():
        return db.query("SELECT sku, name, price FROM product ORDER BY sold DESC LIMIT %(limit)s", limit=LIMIT)
    statement = f"SELECT sku, name, price FROM product WHERE {WHERE} LIMIT %(limit)s"
    return db.query(statement, text=text, pattern=f"%{text}%", limit=LIMIT)
''',
    "shop/jobs.py": '''"""Jobs that run at night."""

from datetime import UTC, datetime, timedelta
from shop.checkout import release_stock
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def next_run() -> datetime:
    """Tomorrow at two."""
    return datetime.now(BERLIN).replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=1)


def send_order_mails(db, send_mail) -> int:
    """Tell customers about orders that were paid since the last run."""
    orders = db.query("SELECT * FROM orders WHERE paid AND mailed_at IS NULL")
    for order in orders:
        send_mail(order["email"], "Your order", order["text"])
        db.execute("UPDATE orders SET mailed_at = now() WHERE id = %s", (order["id"],))
    return len(orders)


def drop_old_carts(db) -> None:
    for cart in db.query("SELECT * FROM cart WHERE touched_at < now() - interval '2 days'"):
        release_stock(db, cart)
        db.execute("DELETE FROM cart WHERE id = %s", (cart["id"],))
''',
    "shop/export.py": '''"""Orders as CSV, for the bookkeeping."""

import csv
import io

COLUMNS = ("id", "date", "email", "total", "newsletter")


def rows(orders):
    for order in orders:
        yield (
            order["id"],
            order["date"],
            order["customer"]["email"],
            order["total"],
            order["newsletter"],
        )


def export(orders) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(rows(orders))
    return out.getvalue()
''',
    "tests/test_cart.py": """from decimal import Decimal

from shop.cart import Cart, Line


def test_empty_cart_costs_nothing():
    assert Cart().total() == 0


def test_lines_add_up():
    assert Cart([Line("pen", 2, "1.50"), Line("ink", 1, "7.00")]).total() == Decimal("10.00")


def test_same_product_is_one_line():
    cart = Cart()
    cart.add(Line("pen", 1, "1.50"))
    cart.add(Line("pen", 2, "1.50"))
    assert [line.quantity for line in cart.lines] == [3]
""",
    "tests/test_orders.py": "from shop.checkout import FREE_FROM, quote, shipping\n",
    "docs/conventions.md": """# Conventions

## Money

- Money is `Decimal`, in the database `numeric(12, 2)`. A float never holds money, not even in a test.
- Round once, at the end, with `ROUND_HALF_EVEN`. A line of a cart is exact; a total is rounded.
- A price with tax is what people see. `net` in a name means without tax.

## Orders

- An order is written once and never changed. What happens to it later is a row in `order_event`.
- Stock is reserved before the card is charged and released when the charge fails.
- Every call to the bank carries an idempotency key. The same order gives the same key, however often it is tried.

## Search

- Whatever people type reaches SQL as a parameter. Patterns are escaped by `search.escape`.
- A query that takes longer than 200 ms on the test data needs an index, or a reason.

## Times

- The database and the code speak UTC. Only a template knows the customer's zone.
- Nightly jobs are planned in UTC: in Berlin an hour is missing in March and comes twice in October.

## Tests

- A bug is first shown by a test that fails. The commit holds both.
- No sleeping, no network, no clock: time comes in as an argument.
- `pytest -q` takes less than ten seconds. A slower test is marked `slow` and runs at night.

## Commits

- One change, one commit, in words that a customer would understand.
- `main` can be deployed at any time. What is not ready lives on a branch.
""",
    "frontend/src/cart.ts": """import { post } from "./api";

export interface Line {
  sku: string;
  quantity: number;
}

export function readLine(row: HTMLElement): Line {
  const input = row.querySelector("input") as HTMLInputElement;
  return { sku: row.dataset.sku ?? "", quantity: input.value };
}

export async function save(rows: Iterable<HTMLElement>): Promise<void> {
  await post("/cart", Array.from(rows, readLine));
}
""",
    "deploy/staging.md": """# Staging

1. `npm run build`
2. copy `dist/` to the bucket `shop-staging` (it also holds `invoices/`)
3. `ssh staging sudo systemctl restart shop`

Variables: AWS_PROFILE, AWS_ACCESS_KEY_ID
""",
    "pyproject.toml": '[project]\nname = "shop"\nversion = "2.4.0"\nrequires-python = ">=3.11"\n',
}
