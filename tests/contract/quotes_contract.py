import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from application.errors import IdempotencyInProgress
from application.ports.idempotency import IdempotencyRecord, IdempotentRequest
from application.ports.parties import CustomerStatus
from application.ports.trading import StoredQuote
from domain.quotes.quote import QuoteStatus
from domain.shared.errors import NotFound
from domain.shared.ids import CustomerId, QuoteId
from domain.shared.side import Side
from tests.contract.world import Party, World

OVER = timedelta(seconds=-1)


class QuotesContract:
    @pytest.mark.parametrize("side", Side)
    async def test_offered_quote_is_read_back_to_the_unit(self, world: World, side: Side) -> None:
        party, request = await world.party(), world.request()
        stored = world.new_quote(party, side=side)
        assert await offer(world, party, stored, request)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.quotes.get(stored.quote.id) == stored
            assert await tx.idempotency.find(request.key) == IdempotencyRecord(
                key=request.key,
                fingerprint=request.fingerprint,
                resource="quote",
                resource_id=stored.quote.id,
            )

    async def test_unknown_quote_is_not_found(self, world: World) -> None:
        async with world.ports.uow.begin(await world.tenant()) as tx:
            with pytest.raises(NotFound):
                await tx.quotes.get(QuoteId(world.id()))

    async def test_offer_under_a_taken_key_writes_nothing(self, world: World) -> None:
        party, request = await world.party(), world.request()
        first, second = world.new_quote(party), world.new_quote(party)
        assert await offer(world, party, first, request)
        assert not await offer(world, party, second, request)
        await assert_absent(world, party, second)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            record = await tx.idempotency.find(request.key)
        assert record is not None
        assert record.resource_id == first.quote.id

    async def test_offer_to_an_unknown_customer_writes_nothing(self, world: World) -> None:
        party, request = await world.party(), world.request()
        stored = world.new_quote(party)
        strange = replace(stored, quote=replace(stored.quote, customer_id=CustomerId(world.id())))
        assert not await offer(world, party, strange, request)
        await assert_absent(world, party, strange, request)

    async def test_offer_to_a_suspended_customer_writes_nothing(self, world: World) -> None:
        party, request = await world.party(), world.request()
        suspended = replace(party.customer, status=CustomerStatus.SUSPENDED, version=2)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            await tx.customers.update(suspended)
            await tx.commit()
        stored = world.new_quote(party)
        assert not await offer(world, party, stored, request)
        await assert_absent(world, party, stored, request)

    async def test_offer_under_a_key_in_flight_is_told_so(self, world: World) -> None:
        party, request = await world.party(), world.request()
        async with world.ports.uow.begin(party.tenant_id) as first:
            assert await first.quotes.offer(world.new_quote(party), request)
            with pytest.raises(IdempotencyInProgress):
                await offer(world, party, world.new_quote(party), request)
            await first.commit()

    async def test_concurrent_offers_under_one_key_make_one_quote(self, world: World) -> None:
        party, request = await world.party(), world.request()
        quotes = [world.new_quote(party) for _ in range(4)]
        results = await asyncio.gather(
            *(offer(world, party, each, request) for each in quotes), return_exceptions=True
        )
        assert results.count(True) == 1
        others = [result for result in results if result is not True]
        assert all(each is False or isinstance(each, IdempotencyInProgress) for each in others)

    async def test_only_open_quotes_whose_time_is_up_expire(self, world: World) -> None:
        party = await world.party()
        due = await world.quote(party, expires_in=OVER)
        running = await world.quote(party)
        accepted = (await world.execution(party)).stored
        assert await expire_due(world, party, limit=10) == 1
        assert await expire_due(world, party, limit=10) == 0
        async with world.ports.uow.begin(party.tenant_id) as tx:
            expired = (await tx.quotes.get(due.quote.id)).quote
            assert await tx.quotes.get(running.quote.id) == running
            assert await tx.quotes.get(accepted.quote.id) == accepted
        assert (expired.status, expired.version) == (QuoteStatus.EXPIRED, 2)

    async def test_no_more_quotes_expire_than_asked(self, world: World) -> None:
        party = await world.party()
        for _ in range(3):
            await world.quote(party, expires_in=OVER)
        assert await expire_due(world, party, limit=2) == 2
        assert await expire_due(world, party, limit=2) == 1


async def offer(
    world: World, party: Party, stored: StoredQuote, request: IdempotentRequest
) -> bool:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        offered = await tx.quotes.offer(stored, request)
        await tx.commit()
    return offered


async def expire_due(world: World, party: Party, *, limit: int) -> int:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        expired = await tx.quotes.expire_due(now=world.now, limit=limit)
        await tx.commit()
    return expired


async def assert_absent(
    world: World, party: Party, stored: StoredQuote, request: IdempotentRequest | None = None
) -> None:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        with pytest.raises(NotFound):
            await tx.quotes.get(stored.quote.id)
        if request is not None:
            assert await tx.idempotency.find(request.key) is None
