"""The LP trades and its answer never arrives: the hardest honest case."""

import asyncio
from typing import Final

from domain.shared.money import format_units
from entrypoints.cli.demo.amounts import exact, minus, shown
from entrypoints.cli.demo.chapters.trade import check_filled_as_quoted
from entrypoints.cli.demo.page import Page
from entrypoints.cli.demo.reports import OrderReport
from entrypoints.cli.demo.shapes import Account, Order, Quote
from entrypoints.cli.demo.stage import Customer, Stage, until

LOOKUPS_DENIED: Final = 2
AMOUNT: Final = "0.1"


async def tell(stage: Stage, customer: Customer) -> Order:
    page, lp = stage.page, stage.primary
    page.chapter("A reply is lost")
    page.say(
        f"{lp.name} will execute {customer.name}'s next trade and never answer. Asked about it, it "
        "will deny it twice. Whether we have traded is then unknown, so nothing "
        "may be repeated, given back or tried elsewhere."
    )
    await lp.arm("execute_timeout_after_commit")
    await lp.arm("lookup_404_then_found", lookups=LOOKUPS_DENIED)
    executed = {each.name: len(await each.executions()) for each in (lp, stage.backup)}
    before = (await customer.accounts())["USDT"]
    quote = await customer.quote("BTC-USDT", "buy", base_amount=AMOUNT)
    order = await _accept(page, customer, quote, before)
    at_lp, at_backup = await asyncio.gather(lp.executions(), stage.backup.executions())
    page.claim(f"at {lp.name} it did happen, once", len(at_lp) == executed[lp.name] + 1, at_lp)
    page.claim(f"{stage.backup.name} was not asked", len(at_backup) == executed[stage.backup.name])
    page.space()

    page.say("The worker keeps asking, at growing intervals.")
    began = asyncio.get_running_loop().time()
    order = await _until_proven(customer, order)
    waited = asyncio.get_running_loop().time() - began
    page.call("GET", f"/v1/orders/{order.id}", 200, f"{order.status}, {waited:.1f} s later")
    page.claim("proven, and therefore final", order.status == "filled", order)
    check_filled_as_quoted(page, order, quote)
    page.space()
    await _evidence(stage, order)
    await _check_once(stage, customer, quote, before)
    return order


async def _accept(page: Page, customer: Customer, quote: Quote, before: Account) -> Order:
    clock = asyncio.get_running_loop().time
    began = clock()
    reply = await customer.accept(quote, expect=(201, 202))
    order = reply.value
    page.call("POST", "/v1/orders", reply.status, f"{order.id}  after {clock() - began:.1f} s")
    page.claim(
        "pending, outcome unknown, with a place to look again",
        (reply.status, order.status, order.final, order.outcome)
        == (202, "pending", False, "unknown")
        and (reply.location or "").endswith(f"/v1/orders/{order.id}"),
        reply,
    )
    held = (await customer.accounts())["USDT"]
    page.claim(
        f"{shown(quote.quote_amount)} USDT of {customer.name}'s are held, none are gone",
        exact(held.held) == exact(quote.quote_amount) and held.posted == before.posted,
        held,
    )
    return order


async def _until_proven(customer: Customer, order: Order) -> Order:
    path = f"/v1/orders/{order.id}"

    async def look() -> Order | None:
        found = await customer.partner.get(path, Order)
        return found if found.final else None

    return await until(look, "the proof of what became of the lost execution")


async def _evidence(stage: Stage, order: Order) -> None:
    page = stage.page
    report = await stage.operator.ask("order", "show", order.id, shape=OrderReport)
    attempt = report.attempt
    page.command("aksum", "order", "show", order.id)
    base, priced_in = (
        format_units(int(attempt.seen[name]), scale=stage.scales[asset])
        for name, asset in (("base_units", "BTC"), ("quote_units", "USDT"))
    )
    page.table(
        ("<evidence", "<on record"),
        [
            ("asked", attempt.lp),
            ("about its quote", attempt.lp_quote_id),
            ("without proof", f"{attempt.looks} times"),
            ("then seen", f"{attempt.seen['outcome']}, {base} BTC for {priced_in} USDT"),
            ("as its execution", attempt.seen["lp_execution_id"]),
            ("executed at", attempt.seen["executed_at"]),
            ("concluded by", attempt.resolved_by or ""),
        ],
    )
    page.claim(
        "settled by the resolver, on the provider's own record",
        (attempt.resolved_by, attempt.status) == ("resolver", "filled")
        and attempt.looks >= LOOKUPS_DENIED,
        report,
    )
    executions = await stage.vendor(attempt.lp).executions()
    found = [each.id for each in executions if each.quote_id == attempt.lp_quote_id]
    page.claim(
        f"{attempt.lp} has exactly one execution of it, the one named here",
        found == [attempt.lp_execution_id] == [attempt.seen["lp_execution_id"]],
        found,
    )


async def _check_once(stage: Stage, customer: Customer, quote: Quote, before: Account) -> None:
    after = (await customer.accounts())["USDT"]
    stage.page.claim(
        f"{customer.name} paid once, and nothing is held any more",
        minus(before.posted, after.posted) == exact(quote.quote_amount) and exact(after.held) == 0,
        after,
    )
    stage.page.claim("both faults have struck", not await stage.primary.armed())
