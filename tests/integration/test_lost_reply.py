"""The hardest thing that happens every day: the LP traded, and its answer never arrived.

Over real HTTP and a real PostgreSQL, in processes of their own; together with a thousand copies of
one request, because both are promises about "exactly once".
"""

import asyncio
import os
from decimal import Decimal
from pathlib import Path
from typing import Final

import aiohttp

from tests.integration.sandbox_process import Answer, Document, Sandbox, running_sandbox

PROOF_SECONDS: Final = 60
COPIES: Final = 1_000
ACCEPTANCES: Final = 200
CONNECTIONS: Final = 200
NOTHING: Final = Decimal(0)


async def balances(sandbox: Sandbox) -> dict[str, tuple[Decimal, Decimal]]:
    """By asset: posted and held."""
    customer = sandbox.describe().tenants[0].customers[0]
    answer = await sandbox.call("GET", f"/v1/accounts?customer_id={customer}")
    return {
        each["asset"]: (Decimal(each["posted"]), Decimal(each["held"]))
        for each in answer.body["data"]
    }


async def until_final(sandbox: Sandbox, order_id: str) -> Document:
    async with asyncio.timeout(PROOF_SECONDS):
        while True:
            order: Document = (await sandbox.call("GET", f"/v1/orders/{order_id}")).body
            if order["final"]:
                return order
            assert (order["status"], order["outcome"]) == ("pending", "unknown")
            await asyncio.sleep(0.1)


async def until_verified(sandbox: Sandbox) -> None:
    """Every asset at zero in every book, and the clearing pairs netting to zero."""
    async with asyncio.timeout(PROOF_SECONDS):
        while True:
            code, output = await sandbox.aksum("ledger", "verify")
            if code == 0 and "0 mirrors on their way, 0 findings" in output:
                return
            await asyncio.sleep(0.2)


async def post_order(sandbox: Sandbox, quote: Document, key: str) -> Answer:
    return await sandbox.call("POST", "/v1/orders", {"quote_id": quote["id"]}, key=key)


async def lost_reply_is_proven_and_booked_once(sandbox: Sandbox) -> None:
    before = await balances(sandbox)
    executed_before = len(await sandbox.executions("primary"))
    quote = await sandbox.quote()
    await sandbox.arm("primary", "execute_timeout_after_commit", count=1)
    await sandbox.arm("primary", "lookup_404_then_found", count=2)

    answer = await post_order(sandbox, quote, os.urandom(12).hex())

    assert answer.status == 202
    assert (answer.body["status"], answer.body["outcome"]) == ("pending", "unknown")
    assert answer.body["final"] is False
    paid, received = Decimal(quote["quote_amount"]), Decimal(quote["base_amount"])
    assert (await balances(sandbox))["USDT"] == (before["USDT"][0], paid)

    order = await until_final(sandbox, answer.body["id"])

    assert order["status"] == "filled"
    after = await balances(sandbox)
    assert after["USDT"] == (before["USDT"][0] - paid, NOTHING)
    assert after["BTC"] == (before["BTC"][0] + received, NOTHING)
    assert len(await sandbox.executions("primary")) == executed_before + 1
    assert await sandbox.executions("backup") == []
    await until_verified(sandbox)


async def copies_make_one_order(sandbox: Sandbox) -> None:
    executed_before = len(await sandbox.executions())
    quote = await sandbox.quote()
    answers = await asyncio.gather(
        *(post_order(sandbox, quote, "one-key-for-all") for _ in range(COPIES))
    )
    assert {answer.status for answer in answers} <= {201, 202, 409}
    refused = {answer.body["code"] for answer in answers if answer.status == 409}
    assert refused <= {"idempotency_in_progress"}
    assert len({answer.body["id"] for answer in answers if answer.status != 409}) == 1
    assert len(await sandbox.executions()) == executed_before + 1


async def acceptances_make_one_order(sandbox: Sandbox) -> None:
    executed_before = len(await sandbox.executions())
    quote = await sandbox.quote()
    answers = await asyncio.gather(
        *(post_order(sandbox, quote, os.urandom(12).hex()) for _ in range(ACCEPTANCES))
    )
    made = [answer.body["id"] for answer in answers if answer.status in (201, 202)]
    refused = [answer.body for answer in answers if answer.status == 409]
    assert len(made) == 1
    assert len(refused) == ACCEPTANCES - 1
    assert {each["code"] for each in refused} == {"quote_already_accepted"}
    assert {each["order_id"] for each in refused} == set(made)
    assert len(await sandbox.executions()) == executed_before + 1


async def test_lost_replies_and_copies_execute_once_and_are_booked_once(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path / "data") as sandbox:
        await lost_reply_is_proven_and_booked_once(sandbox)
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        async with aiohttp.ClientSession(connector=connector) as session:
            crowded = Sandbox(sandbox.data_dir, session)
            await copies_make_one_order(crowded)
            await acceptances_make_one_order(crowded)
        await until_verified(sandbox)
