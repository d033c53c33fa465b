"""A client that goes away in the middle of an order cancels nothing."""

import asyncio

from typing_extensions import override

from adapters.memory.liquidity import MemoryLiquidityProvider
from domain.liquidity.outcome import LpExecute, Outcome
from tests.api.world import LP, Caller, Partner, World


class SlowLp(MemoryLiquidityProvider):
    """Executes when it is told to."""

    def __init__(self, world: World) -> None:
        super().__init__(LP, clock=world.clock, prices=world.prices)
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    @override
    async def execute_quote(self, request: LpExecute) -> Outcome:
        self.asked.set()
        await self.may_answer.wait()
        return await super().execute_quote(request)


async def test_order_is_carried_out_when_the_client_hangs_up(
    world: World, caller: Caller, partner: Partner
) -> None:
    lp = SlowLp(world)
    world.providers[LP] = lp
    quote = await caller.quote(partner.customer_id)
    body = {"quote_id": quote["id"], "client_order_id": "o-1"}
    request = asyncio.create_task(caller.post("/v1/orders", body, key="k"))
    await lp.asked.wait()

    request.cancel()
    await asyncio.wait({request})
    pending = (await caller.read("/v1/orders", client_order_id="o-1"))["data"][0]
    lp.may_answer.set()
    await world.settled()

    replay = await caller.make("/v1/orders", body, key="k")
    assert request.cancelled()
    assert (pending["status"], pending["final"]) == ("pending", False)
    assert (replay["id"], replay["status"]) == (pending["id"], "filled")
    assert len(lp.executions) == 1
