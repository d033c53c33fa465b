"""The same request again, as a client sends it that never saw the answer."""

import asyncio

from entrypoints.cli.demo.chapters.trade import Told
from entrypoints.cli.demo.shapes import Order, Problem
from entrypoints.cli.demo.stage import Stage


async def tell(stage: Stage, told: Told) -> None:
    page, customer = stage.page, told.customer
    vendors = (stage.primary, stage.backup)
    page.chapter("The same request again")
    page.say(
        f"{customer.partner.name} sends its first order once more, with the same "
        "[cyan]Idempotency-Key[/] and the same body. Then with the same key and another body."
    )
    before = await customer.accounts()
    executed = await asyncio.gather(*(each.executions() for each in vendors))
    again = await customer.accept(told.quote, key=told.key)
    page.call("POST", "/v1/orders", again.status, f"{again.value.id}  {again.value.status}")
    page.claim(
        "the order of the first time, marked Idempotent-Replayed: true",
        again.replayed and again.value == told.order,
        again,
    )
    page.claim(
        "nothing moved and nobody was called",
        await customer.accounts() == before
        and await asyncio.gather(*(each.executions() for each in vendors)) == executed,
    )
    other = {"quote_id": told.quote.id, "client_order_id": "another"}
    refused = await customer.partner.post("/v1/orders", other, Problem, key=told.key, expect=(422,))
    page.call("POST", "/v1/orders", refused.status, refused.value.code)
    page.claim(
        "one key stands for one request", refused.value.code == "idempotency_key_reused", refused
    )
    found = await customer.partner.get(f"/v1/orders/{told.order.id}", Order)
    page.claim("the order is as it was", found == told.order, found)
