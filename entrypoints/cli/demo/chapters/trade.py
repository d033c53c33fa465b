"""A trade from quote to books, once for each tenant."""

import msgspec

from entrypoints.cli.demo import tables
from entrypoints.cli.demo.amounts import exact, minus, shown, total
from entrypoints.cli.demo.chapters.events import tell_events
from entrypoints.cli.demo.chapters.postings import tell_postings
from entrypoints.cli.demo.client import Partner, new_key
from entrypoints.cli.demo.page import Page
from entrypoints.cli.demo.shapes import Account, Identified, Order, Quote
from entrypoints.cli.demo.stage import Customer, Stage


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` is what the customer fixes, as (field of the request, decimal text, asset)."""

    customer: str
    deposit: tuple[str, str]
    instrument: str
    side: str
    amount: tuple[str, str, str]
    wish: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What later chapters come back to."""

    customer: Customer
    quote: Quote
    order: Order
    key: str


async def tell(stage: Stage, partner: Partner, plan: Plan) -> Told:
    page = stage.page
    page.chapter(f"{partner.name}: {plan.wish}")
    customer = await _arrival(page, partner, plan)
    before = await customer.accounts()
    page.call("GET", "/v1/accounts", 200)
    tables.balances(page, customer.name, before.values())

    quote = await _quote(page, customer, plan)
    key = new_key()
    order = await _order(page, customer, quote, key)
    await tell_postings(stage, customer, quote, order)

    after = await customer.accounts()
    page.call("GET", "/v1/accounts", 200)
    tables.balances(page, customer.name, after.values())
    _check_change(page, quote, before, after)
    page.space()
    await tell_events(page, customer, order)
    return Told(customer=customer, quote=quote, order=order, key=key)


async def _arrival(page: Page, partner: Partner, plan: Plan) -> Customer:
    amount, asset = plan.deposit
    named = {"external_id": f"demo-{plan.customer.lower()}"}
    made = await partner.post("/v1/customers", named, Identified)
    customer = Customer(partner, made.value.id, plan.customer)
    deposit = {"customer_id": customer.id, "asset": asset, "amount": amount}
    await partner.post("/v1/sandbox/deposits", deposit, Identified)
    page.say(f"{customer.name} is a new customer of {partner.name} and deposits {amount} {asset}.")
    return customer


async def _quote(page: Page, customer: Customer, plan: Plan) -> Quote:
    field, amount, asset = plan.amount
    quote = await customer.quote(plan.instrument, plan.side, **{field: amount})
    page.call("POST", "/v1/quotes", 201, quote.id)
    tables.breakdown(page, quote, customer.name)
    fixed = quote.base_amount if field == "base_amount" else quote.quote_amount
    page.claim(
        f"the {amount} {asset} that {customer.name} named are exact", exact(fixed) == exact(amount)
    )
    parts = quote.breakdown
    margin = total((parts.platform_spread, parts.tenant_spread, parts.rounding, parts.fee))
    buys = plan.side == "buy"
    whole = total((parts.lp_amount, margin)) if buys else minus(parts.lp_amount, margin)
    page.claim("the parts add up to the unit", whole == exact(quote.quote_amount), quote)
    page.space()
    return quote


async def _order(page: Page, customer: Customer, quote: Quote, key: str) -> Order:
    order = (await customer.accept(quote, key=key)).value
    page.call("POST", "/v1/orders", 201, f"{order.id}  {order.status}")
    page.claim("filled and final, in one answer", order.final and order.status == "filled", order)
    check_filled_as_quoted(page, order, quote)
    page.space()
    return order


def check_filled_as_quoted(page: Page, order: Order, quote: Quote) -> None:
    wanted = (quote.base_amount, quote.quote_amount, quote.price, quote.fee)
    filled = [(each.base_amount, each.quote_amount, each.price, each.fee) for each in order.fills]
    page.claim(
        f"one fill at {quote.price}, to the unit what was quoted", filled == [wanted], order.fills
    )


def _check_change(
    page: Page,
    quote: Quote,
    before: dict[str, Account],
    after: dict[str, Account],
) -> None:
    pays, receives = quote.pays, quote.receives
    had = before[receives.asset].posted if receives.asset in before else "0"
    paid = minus(before[pays.asset].posted, after[pays.asset].posted)
    received = minus(after[receives.asset].posted, had)
    page.claim(
        f"{shown(pays.amount)} {pays.asset} less than before, {shown(receives.amount)} "
        f"{receives.asset} more, nothing held",
        (paid, received) == (exact(pays.amount), exact(receives.amount))
        and all(exact(each.held) == 0 for each in after.values()),
        after,
    )
