"""A sample of `./dev soak guard`: random requests while everything lies by turns."""

from tests.liquidity.guard_stage import guard_stage
from tests.soak.guard import WallClock
from tests.soak.guard_run import Size, run


async def test_no_quote_of_misbehaving_providers_is_outside_the_guard() -> None:
    async with guard_stage(WallClock()) as stage:
        counts = await run(stage, Size(requests=400, together=8, seed=3, turn=20))
    assert counts.outside == []
    assert counts.requests == 400
    assert counts.is_proof(), counts.table()
