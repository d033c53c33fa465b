"""The primary has no price: the backup quotes and fills."""

import asyncio
from typing import Final

from entrypoints.cli.demo.chapters.trade import check_filled_as_quoted
from entrypoints.cli.demo.reports import OrderReport
from entrypoints.cli.demo.stage import Customer, Stage

AMOUNT: Final = "0.05"


async def tell(stage: Stage, customer: Customer) -> None:
    page, primary, backup = stage.page, stage.primary, stage.backup
    page.chapter("The primary has no price")
    page.say(
        f"{primary.name} answers the next request for a quote with 503. Nothing has been traded "
        "yet, so the next provider may be asked."
    )
    await primary.arm("quote_5xx")
    counted = [len(await each.executions()) for each in (primary, backup)]
    quote = await customer.quote("BTC-USDT", "buy", base_amount=AMOUNT)
    page.call("POST", "/v1/quotes", 201, quote.id)
    order = (await customer.accept(quote)).value
    page.call("POST", "/v1/orders", 201, f"{order.id}  {order.status}")
    page.claim("filled and final", order.final and order.status == "filled", order)
    check_filled_as_quoted(page, order, quote)
    now, report = await asyncio.gather(
        asyncio.gather(primary.executions(), backup.executions()),
        stage.operator.ask("order", "show", order.id, shape=OrderReport),
    )
    page.claim(
        f"traded with {backup.name}, once, and not with {primary.name}",
        [len(each) for each in now] == [counted[0], counted[1] + 1]
        and report.attempt.lp == backup.name,
        report,
    )
