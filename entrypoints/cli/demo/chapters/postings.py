"""What a trade wrote into the journal: in the tenant's books, mirrored in the house's."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from entrypoints.cli.demo import tables
from entrypoints.cli.demo.amounts import exact, minus, total
from entrypoints.cli.demo.client import Partner
from entrypoints.cli.demo.page import Page
from entrypoints.cli.demo.reports import OrderReport, Posted, Posting
from entrypoints.cli.demo.shapes import Account, Entries, Entry, Leg, Order, Quote, Transaction
from entrypoints.cli.demo.stage import Customer, Stage


async def tell_postings(stage: Stage, customer: Customer, quote: Quote, order: Order) -> None:
    page = stage.page
    transaction = await _transaction_of(customer, quote, order)
    mine = await _with_names(customer.partner, transaction.entries)
    owners = {each.tenant.id: each.name for each in stage.partners} | {customer.id: customer.name}
    page.call("GET", f"/v1/transactions/{transaction.id}", 200)
    tables.journal(page, f"{customer.partner.name}'s books", mine, owners)
    check_zero(page, "debits equal credits in every asset", mine)
    page.space()

    report, posted = await asyncio.gather(
        stage.operator.ask("order", "show", order.id, shape=OrderReport),
        stage.posted_about(order.id),
    )
    page.command("aksum", "ledger", "show", order.id)
    by_book = {each.tenant: each for each in posted.data}
    house = by_book["house"]
    tables.journal(page, "the house's books", house.entries, owners)
    check_zero(page, "debits equal credits in every asset", house.entries)
    page.claim(
        "the mirror of the transaction above, which an operator sees as the tenant does",
        _same(by_book.get(customer.partner.tenant.id), transaction, mine)
        and house.mirror_of == transaction.id,
        posted,
    )
    await _check_lp(stage, report, house)
    page.space()


async def _transaction_of(customer: Customer, quote: Quote, order: Order) -> Transaction:
    """Found as a customer's statement shows it: the newest entry that names the order."""
    paid_from = (await customer.accounts())[quote.pays.asset]
    entries = await customer.partner.get(f"/v1/accounts/{paid_from.id}/entries", Entries)
    (entry,) = (each for each in entries.data if each.reference == order.id)
    path = f"/v1/transactions/{entry.transaction_id}"
    return await customer.partner.get(path, Transaction)


async def _with_names(partner: Partner, entries: Sequence[Entry]) -> list[Posting]:
    named = await asyncio.gather(
        *(partner.get(f"/v1/accounts/{each.account_id}", Account) for each in entries)
    )
    return [_posting(entry, account) for entry, account in zip(entries, named, strict=True)]


def _posting(entry: Entry, account: Account) -> Posting:
    amount = entry.amount.removeprefix("-")
    debit = entry.amount.startswith("-")
    return Posting(
        account=account.code,
        owner=account.customer_id,
        asset=entry.asset,
        debit=amount if debit else None,
        credit=None if debit else amount,
    )


def check_zero(page: Page, claim: str, entries: Sequence[Posting]) -> None:
    sums = {each.asset: Decimal(0) for each in entries}
    for asset in sums:
        mine = [each for each in entries if each.asset == asset]
        credited = total(each.credit for each in mine if each.credit)
        sums[asset] = minus(credited, total(each.debit for each in mine if each.debit))
    page.claim(claim, len(sums) > 0 and not any(sums.values()), sums)


def _same(posted: Posted | None, transaction: Transaction, entries: Sequence[Posting]) -> bool:
    return (
        posted is not None
        and posted.id == transaction.id
        and posted.type == transaction.type
        and posted.entries == list(entries)
    )


async def _check_lp(stage: Stage, report: OrderReport, house: Posted) -> None:
    """The LP's leg in our books against what the LP itself has on record."""
    attempt = report.attempt
    executed = [
        each
        for each in await stage.vendor(attempt.lp).executions()
        if each.quote_id == attempt.lp_quote_id
    ]
    booked = [each for each in house.entries if each.account == "lp_inventory"]
    stage.page.claim(
        f"{attempt.lp} has executed it once, by its own record: {attempt.lp_execution_id}",
        [each.id for each in executed] == [attempt.lp_execution_id],
        executed,
    )
    stage.page.claim(
        "both legs at the provider are booked as it has them on record",
        _by_asset(executed[0].legs)
        == {each.asset: exact(each.debit or f"-{each.credit}") for each in booked},
        (executed, booked),
    )


def _by_asset(legs: Sequence[Leg]) -> dict[str, Decimal]:
    return {leg.asset: exact(leg.amount) for leg in legs}
