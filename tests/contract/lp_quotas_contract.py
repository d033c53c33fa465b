"""Capacity of LPs: reserved with the order, kept while nobody knows, and never handed out twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace

from application.liquidity.lp_account import lp_needs
from application.ports.catalog import ListedLp, LpRole
from application.ports.lp_capacity import CapacityKey
from application.ports.trading import OpenExecution
from domain.liquidity.capabilities import Settlement
from domain.liquidity.exposure import Exposure, LpTerms
from domain.liquidity.quotas import LpQuota
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import AttemptStatus
from domain.orders.events import Rejected
from domain.orders.lifecycle import apply
from domain.shared.errors import NotFound
from domain.shared.side import Side
from tests.contract.reprice_contract import BACKUP, reprice, repricing
from tests.contract.world import BASE_UNITS, BTC, EVIDENCE, LP_QUOTE_UNITS, USDT, Party, World

LP = LpName("sandbox_a")
KEY: CapacityKey = (LP, USDT.code)
TERMS = LpTerms(lp=LP, asset=USDT.code, low_water_units=5, slice_units=7, limit_units=10**29)


class LpQuotasContract:
    @pytest.fixture
    async def watched(self, world: World) -> AsyncIterator[None]:
        """Without its terms again afterwards: other contracts trade with the LP as well."""
        listed = ListedLp(name=LP, dialect="sandbox", role=LpRole.PRIMARY, rank=1)
        await world.ports.catalog_editor.list_lps((listed,))
        await world.ports.lp_capacities.agree(TERMS, reason="contract")
        yield
        await world.ports.lp_capacities.forget(KEY)

    @pytest.mark.usefixtures("watched")
    async def test_reserving_takes_of_the_quota_what_goes_to_the_lp(self, world: World) -> None:
        party = await given(world, 3 * LP_QUOTE_UNITS)
        await world.execution(party)
        assert await quota(world, party) == (3 * LP_QUOTE_UNITS, LP_QUOTE_UNITS, 0)

    @pytest.mark.usefixtures("watched")
    async def test_quota_to_the_unit_is_enough(self, world: World) -> None:
        party = await given(world, LP_QUOTE_UNITS)
        stored = await world.quote(party)
        key, units = lp_needs(stored.quote)
        assert (key, units) == (KEY, LP_QUOTE_UNITS)
        assert await covers(world, party, units)
        assert await world.reserve(party, world.reservation(stored.quote.id)) is not None
        assert not await covers(world, party, 1)

    @pytest.mark.usefixtures("watched")
    async def test_beyond_the_quota_nothing_is_reserved(self, world: World) -> None:
        party = await given(world, LP_QUOTE_UNITS - 1)
        stored = await world.quote(party)
        assert not await covers(world, party, LP_QUOTE_UNITS)
        assert await world.reserve(party, world.reservation(stored.quote.id)) is None
        assert await quota(world, party) == (LP_QUOTE_UNITS - 1, 0, 0)
        account = await world.view(party.tenant_id, party.usdt)
        assert account.posted == account.available
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.quotes.get(stored.quote.id) == stored

    @pytest.mark.usefixtures("watched")
    async def test_tenant_without_a_quota_takes_nothing_of_what_is_watched(
        self, world: World
    ) -> None:
        party = await world.party()
        stored = await world.quote(party)
        assert await world.reserve(party, world.reservation(stored.quote.id)) is None
        assert not await covers(world, party, 1)

    @pytest.mark.usefixtures("watched")
    async def test_asset_that_is_not_watched_takes_nothing(self, world: World) -> None:
        party = await given(world, LP_QUOTE_UNITS)
        opened = await world.execution(party, side=Side.SELL)
        assert lp_needs(opened.stored.quote) == ((LP, BTC.code), BASE_UNITS)
        assert await quota(world, party) == (LP_QUOTE_UNITS, 0, 0)

    async def test_where_nothing_is_agreed_nothing_is_counted(self, world: World) -> None:
        party = await world.party()
        settled = await world.trade(party)
        async with world.ports.worker_uow.begin(party.tenant_id) as tx:
            await tx.lp_quotas.booked((settled.order.id,))
            assert await tx.lp_quotas.get(KEY) is None
            assert await tx.lp_quotas.covers(KEY, 10**29)

    @pytest.mark.usefixtures("watched")
    async def test_what_began_unwatched_frees_nothing_when_it_ends(self, world: World) -> None:
        party = await given(world, LP_QUOTE_UNITS)
        await world.ports.lp_capacities.forget(KEY)
        execution = await world.execution(party)
        await world.ports.lp_capacities.agree(TERMS, reason="contract")
        await reject(world, party, execution)
        assert await quota(world, party) == (LP_QUOTE_UNITS, 0, 0)

    @pytest.mark.usefixtures("watched")
    async def test_rejection_frees_the_quota(self, world: World) -> None:
        party = await given(world, LP_QUOTE_UNITS)
        await reject(world, party, await world.execution(party))
        assert await quota(world, party) == (LP_QUOTE_UNITS, 0, 0)

    @pytest.mark.usefixtures("watched")
    async def test_second_attempt_takes_of_the_next_lps_quota_and_frees_the_first(
        self, world: World
    ) -> None:
        party = await given(world, LP_QUOTE_UNITS)
        execution = await world.execution(party)
        wanted = repricing(world, execution)
        needed = wanted.attempt.lp_quote_units
        async with backup_watched(world) as key:
            assert not await reprice(world, party.tenant_id, wanted)
            assert await quota(world, party) == (LP_QUOTE_UNITS, LP_QUOTE_UNITS, 0)
            await hand_out(world, party, needed - 1, key=key)
            assert not await reprice(world, party.tenant_id, wanted)
            await hand_out(world, party, 1, key=key)
            assert await reprice(world, party.tenant_id, wanted)
            assert await quota(world, party) == (LP_QUOTE_UNITS, 0, 0)
            assert await quota(world, party, key) == (needed, needed, 0)

    @pytest.mark.usefixtures("watched")
    async def test_unknown_outcome_keeps_the_quota(self, world: World) -> None:
        party = await given(world, LP_QUOTE_UNITS)
        execution = await world.execution(party)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.trading.keep_open(
                execution,
                execution.order,
                status=AttemptStatus.UNKNOWN,
                evidence=None,
                looks=1,
                look_again_in=timedelta(0),
                at=world.now,
                announcement=None,
            )
            await tx.commit()
        assert await quota(world, party) == (LP_QUOTE_UNITS, LP_QUOTE_UNITS, 0)

    @pytest.mark.usefixtures("watched")
    async def test_fill_stays_used_until_the_house_has_booked_it(self, world: World) -> None:
        party = await given(world, 3 * LP_QUOTE_UNITS)
        settled = await world.trade(party)
        assert await quota(world, party) == (3 * LP_QUOTE_UNITS, 0, LP_QUOTE_UNITS)
        async with world.ports.worker_uow.begin(party.tenant_id) as tx:
            await tx.lp_quotas.booked((settled.order.id,))
            await tx.commit()
        assert await quota(world, party) == (2 * LP_QUOTE_UNITS, 0, 0)

    @pytest.mark.usefixtures("watched")
    async def test_losing_the_race_to_settle_changes_no_quota(self, world: World) -> None:
        party = await given(world, LP_QUOTE_UNITS)
        execution = await world.execution(party)
        settled = await world.settlement(party, execution)
        assert await world.settle(party, settled)
        assert not await world.settle(party, settled)
        assert await quota(world, party) == (LP_QUOTE_UNITS, 0, LP_QUOTE_UNITS)

    @pytest.mark.usefixtures("watched")
    async def test_concurrent_acceptances_never_take_more_than_the_quota(
        self, world: World
    ) -> None:
        wanted, covered = 8, 3
        party = await given(world, covered * LP_QUOTE_UNITS + LP_QUOTE_UNITS // 2)
        quotes = [await world.quote(party) for _ in range(wanted)]
        opened = await asyncio.gather(
            *(world.reserve(party, world.reservation(each.quote.id)) for each in quotes)
        )
        assert len([each for each in opened if each is not None]) == covered
        _, reserved, _ = await quota(world, party)
        assert reserved == covered * LP_QUOTE_UNITS

    @pytest.mark.usefixtures("watched")
    async def test_claiming_makes_what_is_missing_and_fades_what_was_drawn(
        self, world: World
    ) -> None:
        party = await given(world, LP_QUOTE_UNITS)
        await world.execution(party)
        fence = await world.ports.worker_capacities.next_fence()
        other = (LP, BTC.code)
        async with world.ports.worker_uow.begin(party.tenant_id) as tx:
            claimed = await tx.lp_quotas.claim((KEY, other), fence=fence)
            await tx.commit()
        assert claimed is not None
        assert claimed[other] == LpQuota(fence=fence)
        assert claimed[KEY].drawn_units == LP_QUOTE_UNITS // 2

    @pytest.mark.usefixtures("watched")
    async def test_older_refill_writes_nothing(self, world: World) -> None:
        party = await world.party()
        older = await world.ports.worker_capacities.next_fence()
        later = await world.ports.worker_capacities.next_fence()
        assert later > older
        await claim(world, party, later)
        async with world.ports.worker_uow.begin(party.tenant_id) as tx:
            assert await tx.lp_quotas.claim((KEY,), fence=older) is None
        async with world.ports.worker_uow.begin(party.tenant_id) as tx:
            assert not await tx.lp_quotas.add(KEY, 5, fence=older)
            assert await tx.lp_quotas.lower(KEY, to=0, fence=older) is None
            assert await tx.lp_quotas.add(KEY, 5, fence=later)
            await tx.commit()
        assert await quota(world, party) == (5, 0, 0)

    @pytest.mark.usefixtures("watched")
    async def test_lowering_stops_at_what_is_under_way(self, world: World) -> None:
        party = await given(world, 2 * LP_QUOTE_UNITS)
        await world.execution(party)
        fence = await claim(world, party)
        async with world.ports.worker_uow.begin(party.tenant_id) as tx:
            assert await tx.lp_quotas.lower(KEY, to=1, fence=fence) == LP_QUOTE_UNITS
            assert await tx.lp_quotas.lower(KEY, to=10**20, fence=fence) == LP_QUOTE_UNITS
            await tx.commit()
        assert await quota(world, party) == (LP_QUOTE_UNITS, LP_QUOTE_UNITS, 0)

    @pytest.mark.usefixtures("watched")
    async def test_sample_is_kept_with_what_is_agreed(self, world: World) -> None:
        seen = Exposure(
            terms=TERMS,
            settlement=Settlement.POST_TRADE,
            balance_units=-3,
            handed_out_units=10,
            reserved_units=2,
            used_units=1,
        )
        await world.ports.worker_capacities.keep_sample((seen,), at=world.now)
        (kept,) = await world.ports.lp_capacities.exposures()
        assert (kept.exposure, kept.exposure.available_units) == (seen, 10**29 - 6)
        assert await world.ports.worker_capacities.terms() == (TERMS,)

    async def test_what_is_not_listed_has_no_terms(self, world: World) -> None:
        nobody = LpTerms(lp=LpName("nobody"), asset=USDT.code)
        with pytest.raises(NotFound):
            await world.ports.lp_capacities.agree(nobody, reason="contract")
        with pytest.raises(NotFound):
            await world.ports.lp_capacities.forget((nobody.lp, nobody.asset))


async def claim(world: World, party: Party, fence: int | None = None) -> int:
    fence = fence or await world.ports.worker_capacities.next_fence()
    async with world.ports.worker_uow.begin(party.tenant_id) as tx:
        assert await tx.lp_quotas.claim((KEY,), fence=fence) is not None
        await tx.commit()
    return fence


async def given(world: World, units: int) -> Party:
    """Somebody of a tenant that may take so much of what the LP can take."""
    party = await world.party()
    await hand_out(world, party, units)
    return party


async def hand_out(world: World, party: Party, units: int, *, key: CapacityKey = KEY) -> None:
    fence = await world.ports.worker_capacities.next_fence()
    async with world.ports.worker_uow.begin(party.tenant_id) as tx:
        assert await tx.lp_quotas.claim((key,), fence=fence) is not None
        assert await tx.lp_quotas.add(key, units, fence=fence)
        await tx.commit()


@asynccontextmanager
async def backup_watched(world: World) -> AsyncIterator[CapacityKey]:
    listed = ListedLp(name=BACKUP, dialect="sandbox", role=LpRole.BACKUP, rank=1)
    await world.ports.catalog_editor.list_lps((listed,))
    await world.ports.lp_capacities.agree(replace(TERMS, lp=BACKUP), reason="contract")
    key = (BACKUP, USDT.code)
    try:
        yield key
    finally:
        await world.ports.lp_capacities.forget(key)


async def quota(world: World, party: Party, key: CapacityKey = KEY) -> tuple[int, int, int]:
    """Handed out, reserved and used."""
    async with world.ports.uow.begin(party.tenant_id) as tx:
        found = await tx.lp_quotas.get(key)
    assert found is not None
    return found.quota_units, found.reserved_units, found.used_units


async def covers(world: World, party: Party, units: int) -> bool:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        return await tx.lp_quotas.covers(KEY, units)


async def reject(world: World, party: Party, execution: OpenExecution) -> None:
    order = apply(execution.order, Rejected(order_id=execution.order.id, at=world.now, reason="no"))
    async with world.ports.uow.begin(party.tenant_id) as tx:
        assert await tx.trading.reject(
            execution,
            order,
            evidence=EVIDENCE,
            at=world.now,
            announcement=world.news(execution.order, order),
        )
        await tx.commit()
