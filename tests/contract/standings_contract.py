"""What every process sees of an LP, whoever observed it, and what operators decide on top."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.clock import ManualClock
from application.ports.catalog import ListedLp, LpRole
from application.ports.lp_desk import Decision
from application.ports.standing import Standings
from domain.liquidity.breaker import PAUSE_FIRST, QUOTE_PROBE_LASTS, BreakerState
from domain.liquidity.health import (
    LOOKUP_FAILURES_TO_OPEN,
    MICRO,
    QUOTE_FAILURES_TO_OPEN,
    UNKNOWNS_TO_OPEN,
    HealthRow,
)
from domain.liquidity.observation import EVERY_INSTRUMENT, Observation, Operation, Result
from domain.liquidity.quote import LpName
from domain.liquidity.standing import GOOD, LpState, Standing
from domain.shared.errors import NotFound
from tests.contract.world import World

BTC, ETH = "BTC-USDT", "ETH-USDT"
Q, E, L = Operation.QUOTE, Operation.EXECUTE, Operation.LOOKUP


class Lp:
    """One that nobody else looks at, and processes that observe it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.name = LpName(f"lp_{world.id().hex[-12:]}")

    async def listed(self) -> "Lp":
        lp = ListedLp(name=self.name, dialect="sandbox", role=LpRole.BACKUP, rank=9)
        await self.world.ports.catalog_editor.list_lps((lp,))
        return self

    def saw(
        self, operation: Operation, result: Result, *, instrument: str = BTC, ms: int = 20
    ) -> Observation:
        return Observation(
            lp=self.name,
            instrument=instrument,
            operation=operation,
            result=result,
            at=self.world.ports.lp_clock.now(),
            cause=None if result is Result.OK else "timeout",
            latency_ms=ms,
        )

    async def seen(self, *observations: Observation) -> None:
        """By a process of its own, which has ended by now."""
        process = self.world.ports.new_standings()
        for each in observations:
            process.observe(each)
        await process.close()

    async def fail(self, operation: Operation, times: int, *, instrument: str = BTC) -> None:
        result = Result.UNKNOWN if operation is E else Result.FAILED
        await self.seen(*(self.saw(operation, result, instrument=instrument) for _ in range(times)))

    async def standing(self, instrument: str = BTC) -> Standing:
        return (await self.world.ports.new_standings().view()).of(self.name, instrument)

    async def row(self, operation: Operation, instrument: str = BTC) -> HealthRow:
        return (await self.world.ports.lp_desk.health())[self.name, instrument, operation]

    def later(self, duration: timedelta) -> None:
        clock = self.world.ports.lp_clock
        assert isinstance(clock, ManualClock)
        clock.advance(duration)

    def decision(self, reason: str = "a reason") -> Decision:
        return Decision(by="Ada", reason=reason, at=self.world.ports.lp_clock.now())


class OfOneLp:
    @pytest.fixture
    async def lp(self, world: World) -> Lp:
        return await Lp(world).listed()


class StandingsContract(OfOneLp):
    async def test_lp_that_nothing_is_known_of_is_good(self, lp: Lp) -> None:
        assert await lp.standing() == GOOD

    async def test_observations_of_several_processes_add_up(self, lp: Lp) -> None:
        saw = lp.saw(Q, Result.OK, ms=10), lp.saw(Q, Result.FAILED, ms=40)
        await asyncio.gather(*(lp.seen(*saw) for _ in range(4)))
        tally = (await lp.row(Q)).tally
        assert (tally.samples, tally.failed, tally.latency_ms) == (8 * MICRO, 4 * MICRO, 25)
        assert tally.causes == {"timeout": 4 * MICRO}
        assert tally.last_error == "timeout"

    async def test_failures_that_processes_saw_apart_open_the_breaker_together(
        self, lp: Lp
    ) -> None:
        for _ in range(QUOTE_FAILURES_TO_OPEN - 1):
            await lp.fail(Q, 1)
        assert (await lp.standing()).may_quote
        await lp.fail(Q, 1)
        standing = await lp.standing()
        assert (standing.may_quote, standing.may_execute) == (False, True)
        assert "in a row" in standing.reasons[0]
        # Its quotes for others are another matter.
        assert (await lp.standing(ETH)).may_quote

    async def test_row_is_read_as_it_was_written(self, lp: Lp) -> None:
        await lp.fail(E, UNKNOWNS_TO_OPEN)
        row = await lp.row(E)
        assert row.breaker.state is BreakerState.OPEN
        assert len(row.unknown_at) == UNKNOWNS_TO_OPEN
        assert row.breaker.probe_at == lp.world.ports.lp_clock.now() + PAUSE_FIRST

    async def test_lookups_that_fail_stop_executions_of_every_instrument(self, lp: Lp) -> None:
        await lp.fail(L, LOOKUP_FAILURES_TO_OPEN)
        for instrument in (BTC, ETH):
            standing = await lp.standing(instrument)
            assert (standing.may_quote, standing.may_execute) == (False, False)
        await lp.seen(lp.saw(L, Result.OK))
        assert (await lp.standing(ETH)).may_execute

    async def test_due_probe_is_claimed_by_one_process_only(self, lp: Lp) -> None:
        await lp.fail(Q, QUOTE_FAILURES_TO_OPEN)
        assert not (await lp.standing()).probe
        assert not await lp.world.ports.new_standings().claim_quote(lp.name, BTC)
        lp.later(PAUSE_FIRST)
        assert (await lp.standing()).probe
        assert sum(await asyncio.gather(*(claim(lp) for _ in range(5)))) == 1
        assert not (await lp.standing()).probe
        # Whoever claimed it was not heard of again.
        lp.later(QUOTE_PROBE_LASTS)
        assert (await lp.standing()).probe
        assert await claim(lp)

    async def test_quotes_as_probes_close_the_breaker(self, lp: Lp) -> None:
        await lp.fail(Q, QUOTE_FAILURES_TO_OPEN)
        lp.later(PAUSE_FIRST)
        assert await claim(lp)
        await lp.seen(lp.saw(Q, Result.OK))
        assert not (await lp.standing()).may_quote
        assert await claim(lp)
        await lp.seen(lp.saw(Q, Result.OK))
        standing = await lp.standing()
        assert (standing.may_quote, standing.probe, standing.reasons) == (True, False, ())

    async def test_execution_is_tried_once_after_quotes_as_probes(self, lp: Lp) -> None:
        await lp.fail(E, UNKNOWNS_TO_OPEN)
        lp.later(PAUSE_FIRST)
        for _ in range(2):
            assert await claim(lp)
            assert not (await lp.standing()).may_execute
            await lp.seen(lp.saw(Q, Result.OK))
        standing = await lp.standing()
        assert (standing.may_quote, standing.may_execute) == (False, True)
        assert standing.probe
        assert standing.claim_execution
        assert await claim(lp)
        tries = [lp.world.ports.new_standings().claim_execution(lp.name, BTC) for _ in range(4)]
        assert sum(await asyncio.gather(*tries)) == 1
        assert not (await lp.standing()).may_execute
        await lp.seen(lp.saw(E, Result.OK))
        assert await lp.standing() == Standing(latency_ms=20)

    async def test_execution_of_an_lp_in_good_standing_needs_no_claim(self, lp: Lp) -> None:
        assert not await lp.world.ports.new_standings().claim_execution(lp.name, BTC)
        assert not await claim(lp)


class LpDeskContract(OfOneLp):
    async def test_states_differ_in_what_they_allow(self, lp: Lp) -> None:
        allowed = {}
        for state in LpState:
            changed = await lp.world.ports.lp_desk.set_state(lp.name, state, lp.decision("why"))
            assert (changed.lp.state, changed.reason) == (state, "why")
            standing = await lp.standing()
            allowed[state] = (standing.may_quote, standing.may_execute)
        assert allowed == {
            LpState.ACTIVE: (True, True),
            LpState.REDUCING: (False, True),
            LpState.HALTED: (False, False),
        }

    async def test_state_holds_for_instruments_that_were_observed_too(self, lp: Lp) -> None:
        await lp.seen(lp.saw(Q, Result.OK))
        await lp.world.ports.lp_desk.set_state(lp.name, LpState.HALTED, lp.decision())
        for instrument in (BTC, ETH):
            assert not (await lp.standing(instrument)).may_execute

    async def test_nobody_probes_what_an_operator_halted(self, lp: Lp) -> None:
        await lp.fail(Q, QUOTE_FAILURES_TO_OPEN)
        lp.later(PAUSE_FIRST)
        await lp.world.ports.lp_desk.set_state(lp.name, LpState.HALTED, lp.decision())
        assert not (await lp.standing()).probe

    async def test_listed_states_say_why_and_since_when(self, lp: Lp) -> None:
        desk = lp.world.ports.lp_desk
        (before,) = [each for each in await desk.listed() if each.lp.name == lp.name]
        assert (before.lp.state, before.reason, before.since) == (LpState.ACTIVE, None, None)
        decision = lp.decision("they are being rebuilt")
        await desk.set_state(lp.name, LpState.REDUCING, decision)
        (after,) = [each for each in await desk.listed() if each.lp.name == lp.name]
        assert (after.reason, after.since) == (decision.reason, decision.at)

    async def test_reset_closes_breakers_of_the_instrument_and_of_lookups(self, lp: Lp) -> None:
        await lp.fail(Q, QUOTE_FAILURES_TO_OPEN)
        await lp.fail(Q, QUOTE_FAILURES_TO_OPEN, instrument=ETH)
        await lp.fail(L, LOOKUP_FAILURES_TO_OPEN)
        desk = lp.world.ports.lp_desk
        assert await desk.reset(lp.name, BTC, lp.decision("we asked them")) == 2
        assert (await lp.standing()).may_quote
        assert not (await lp.standing(ETH)).may_quote
        assert await desk.reset(lp.name, None, lp.decision()) == 1
        assert (await lp.standing(ETH)).may_quote
        assert await desk.reset(lp.name, None, lp.decision()) == 0
        assert (await lp.row(L, EVERY_INSTRUMENT)).breaker.is_closed

    async def test_turns_and_decisions_are_kept_newest_first(self, lp: Lp) -> None:
        desk = lp.world.ports.lp_desk
        await lp.fail(Q, QUOTE_FAILURES_TO_OPEN)
        await desk.reset(lp.name, None, lp.decision("we asked them"))
        await desk.set_state(lp.name, LpState.HALTED, lp.decision("better not"))
        halted, closed, opened = await desk.events(lp.name, limit=10)
        assert (opened.before, opened.after, opened.by) == ("closed", "open", None)
        assert (opened.instrument, opened.operation) == (BTC, "quote")
        assert opened.cause == "5 failures in a row, the last: timeout"
        assert (closed.before, closed.after, closed.by) == ("open", "closed", "Ada")
        assert (halted.operation, halted.after, halted.cause) == (None, "halted", "better not")
        assert await desk.events(lp.name, limit=1) == (halted,)

    async def test_lp_that_is_not_listed_cannot_be_decided_on(self, world: World) -> None:
        nobody = Lp(world)
        with pytest.raises(NotFound):
            await world.ports.lp_desk.set_state(nobody.name, LpState.HALTED, nobody.decision())
        with pytest.raises(NotFound):
            await world.ports.lp_desk.reset(nobody.name, None, nobody.decision())

    async def test_open_executions_are_counted_by_lp_across_tenants(self, world: World) -> None:
        async def count() -> int:
            found = await world.ports.lp_desk.open_executions()
            mine = [e for e in found if (e.lp, e.instrument) == ("sandbox_a", "BTC-USDT")]
            return sum(each.unknown + each.pending for each in mine)

        before = await count()
        first, second = await world.party(), await world.party()
        execution = await world.execution(first)
        await world.execution(second)
        assert await count() == before + 2
        assert await world.settle(first, await world.settlement(first, execution))
        assert await count() == before + 1


async def claim(lp: Lp) -> bool:
    claimer: Standings = lp.world.ports.new_standings()
    return await claimer.claim_quote(lp.name, BTC)
