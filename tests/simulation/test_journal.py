"""A vendor that is killed and started again knows what it knew; ids never come twice."""

from pathlib import Path

from entrypoints.simulator.clock import ManualClock
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from tests.simulation.harness import CREDENTIALS, START_MS, VendorClient


async def start(journal: Path | None, clock: ManualClock) -> RunningSimulator:
    app = create_simulator("binance_convert", credentials=CREDENTIALS, clock=clock, journal=journal)
    return await serve(app)


async def test_restart_keeps_trades_balances_and_open_quotes(tmp_path: Path) -> None:
    journal, clock = tmp_path / "lp" / "binance.jsonl", ManualClock(START_MS)
    first = await start(journal, clock)
    async with VendorClient(first, clock) as client:
        done, still_open = await client.quote_id(), await client.quote_id()
        await client.accept(done)
        await client.control("POST", "balances", {"asset": "ETH", "amount": "12.5"})
        before = (await client.executions(), await client.balance("BTC"))
        found = (await client.status(done)).json
    await first.close()
    with journal.open("ab") as file:
        file.write(b'{"kind":"execution","row":{"id":"cut sh')

    second = await start(journal, clock)
    async with VendorClient(second, clock) as client:
        assert (await client.executions(), await client.balance("BTC")) == before
        assert (await client.status(done)).json == found
        assert str(await client.balance("ETH")) == "12.5"
        assert (await client.accept(done)).code == 345232
        assert (await client.accept(still_open)).status == 200
        assert len(await client.executions()) == 2
    await second.close()


async def test_same_seed_and_time_give_the_same_ids_and_later_ones_differ() -> None:
    seen = []
    for later_ms in (0, 0, 1):
        clock = ManualClock(START_MS + later_ms)
        running = await start(None, clock)
        async with VendorClient(running, clock) as client:
            quote_id = await client.quote_id()
            seen.append((quote_id, (await client.accept(quote_id)).text("orderId")))
        await running.close()
    assert seen[0] == seen[1]
    assert seen[2][0] != seen[0][0]
    assert seen[2][1] != seen[0][1]
