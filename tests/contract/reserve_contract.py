"""Accepting a quote: claim, hold, order, attempt and intent, or nothing of it."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from application.ports.idempotency import IdempotencyRecord
from application.ports.intents import IntentKind
from application.ports.trading import Reservation, StoredQuote
from domain.ledger.hold import HoldState
from domain.liquidity.resolution import AttemptStatus
from domain.orders.lifecycle import order_from_quote
from domain.orders.order import OrderStatus
from domain.quotes.lifecycle import accept
from domain.quotes.quote import QuoteStatus
from domain.shared.errors import NotFound
from domain.shared.ids import HoldId, QuoteId
from domain.shared.side import Side
from tests.contract.world import LONG_LEASE, NO_LEASE, Party, World

OVER = timedelta(seconds=-1)


class ReserveContract:
    @pytest.mark.parametrize("side", Side)
    async def test_reserving_writes_all_of_it(self, world: World, side: Side) -> None:
        party = await world.party()
        stored = await world.quote(party, side=side)
        reservation = world.reservation(stored.quote.id, client_order_id="order-1")
        opened = await world.reserve(party, reservation)
        assert opened is not None
        order_id, quote = reservation.order_id, stored.quote
        accepted = accept(quote, order_id=order_id, at=reservation.at)
        order = order_from_quote(
            accepted, order_id=order_id, client_order_id="order-1", at=reservation.at
        )
        assert opened.order == order
        assert opened.stored == replace(stored, quote=accepted)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.orders.get(order_id) == order
            assert await tx.quotes.get(quote.id) == opened.stored
            assert await tx.trading.open_execution(order_id, lease_token=1) == opened
            assert await tx.orders.by_client_order_id("order-1") == order_id
            record = await tx.idempotency.find(reservation.request.key)
        assert record == IdempotencyRecord(
            key=reservation.request.key,
            fingerprint=reservation.request.fingerprint,
            resource="order",
            resource_id=order_id,
        )

    @pytest.mark.parametrize("side", Side)
    async def test_reserving_holds_what_the_customer_pays(self, world: World, side: Side) -> None:
        party = await world.party()
        opened = await world.execution(party, side=side)
        pay = opened.stored.quote.pay
        async with world.ports.uow.begin(party.tenant_id) as tx:
            hold = await tx.journal.hold(HoldId(opened.order.id))
            account = await tx.accounts.get(opened.stored.pay_account_id)
        assert hold is not None
        assert (hold.account_id, hold.asset) == (opened.stored.pay_account_id, pay.asset)
        assert (hold.units, hold.state, hold.expires_at) == (pay.units, HoldState.ACTIVE, None)
        assert account.posted - account.available == pay.units

    async def test_attempt_is_on_record_before_anything_is_sent(self, world: World) -> None:
        party = await world.party()
        stored = await world.quote(party)
        reservation = world.reservation(stored.quote.id)
        opened = await world.reserve(party, reservation)
        assert opened is not None
        attempt, quote = opened.attempt, stored.quote
        assert (attempt.number, attempt.status) == (1, AttemptStatus.SENDING)
        assert (attempt.lp, attempt.lp_quote_id) == (quote.lp, quote.lp_quote_id)
        assert (attempt.client_ref, attempt.deadline) == (
            reservation.client_ref,
            reservation.deadline,
        )
        async with world.ports.uow.begin(party.tenant_id) as tx:
            detail = await tx.orders.detail(reservation.order_id)
        assert (detail.attempt, detail.transaction_id) == (attempt, None)

    async def test_settling_is_leased_until_the_lease_runs_out(self, world: World) -> None:
        party = await world.party()
        held = await world.execution(party, lease=LONG_LEASE)
        lapsed = await world.execution(party, lease=NO_LEASE)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            (intent,) = await tx.intents.lease(
                IntentKind.SETTLE_EXECUTION,
                (held.order.id, lapsed.order.id),
                duration=LONG_LEASE,
            )
        assert (intent.subject, held.lease_token) == (lapsed.order.id, 1)
        assert intent.lease_token == 2

    async def test_without_commit_nothing_is_reserved(self, world: World) -> None:
        party = await world.party()
        stored = await world.quote(party)
        reservation = world.reservation(stored.quote.id, client_order_id="order-1")
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.trading.reserve(reservation) is not None
        await assert_untouched(world, party, stored, reservation)

    async def test_taken_key_reserves_nothing(self, world: World) -> None:
        party, request = await world.party(), world.request()
        first, second = await world.quote(party), await world.quote(party)
        assert await world.reserve(party, world.reservation(first.quote.id, request=request))
        reservation = world.reservation(second.quote.id, request=request)
        assert await world.reserve(party, reservation) is None
        await assert_untouched(world, party, second, reservation, holds=1, key_is_free=False)

    async def test_key_in_flight_reserves_nothing(self, world: World) -> None:
        party, request = await world.party(), world.request()
        first, second = await world.quote(party), await world.quote(party)
        reservation = world.reservation(second.quote.id, request=request)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            opened = await tx.trading.reserve(world.reservation(first.quote.id, request=request))
            assert opened is not None
            assert await world.reserve(party, reservation) is None
        await assert_untouched(world, party, second, reservation)

    async def test_unknown_quote_reserves_nothing(self, world: World) -> None:
        party = await world.party()
        stored = await world.quote(party)
        reservation = world.reservation(QuoteId(world.id()), client_order_id="order-1")
        assert await world.reserve(party, reservation) is None
        await assert_untouched(world, party, stored, reservation)

    async def test_quote_of_another_tenant_reserves_nothing(self, world: World) -> None:
        party, stranger = await world.party(), await world.party()
        stored = await world.quote(party)
        assert await world.reserve(stranger, world.reservation(stored.quote.id)) is None
        await assert_untouched(world, party, stored, world.reservation(stored.quote.id))

    async def test_quote_whose_time_is_up_reserves_nothing(self, world: World) -> None:
        party = await world.party()
        stored = await world.quote(party, expires_in=OVER)
        reservation = world.reservation(stored.quote.id)
        assert await world.reserve(party, reservation) is None
        await assert_untouched(world, party, stored, reservation)

    async def test_at_the_very_moment_a_quote_expires_it_is_too_late(self, world: World) -> None:
        party = await world.party()
        stored = await world.quote(party)
        reservation = replace(world.reservation(stored.quote.id), at=stored.quote.expires_at)
        assert await world.reserve(party, reservation) is None
        await assert_untouched(world, party, stored, reservation)

    async def test_accepted_quote_reserves_nothing(self, world: World) -> None:
        party = await world.party()
        opened = await world.execution(party)
        reservation = world.reservation(opened.stored.quote.id)
        assert await world.reserve(party, reservation) is None
        await assert_untouched(world, party, opened.stored, reservation, holds=1)

    async def test_taken_client_order_id_reserves_nothing(self, world: World) -> None:
        party = await world.party()
        first, second = await world.quote(party), await world.quote(party)
        taken = world.reservation(first.quote.id, client_order_id="order-1")
        assert await world.reserve(party, taken) is not None
        reservation = world.reservation(second.quote.id, client_order_id="order-1")
        assert await world.reserve(party, reservation) is None
        await assert_untouched(
            world, party, second, replace(reservation, client_order_id=None), holds=1
        )
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.orders.by_client_order_id("order-1") == taken.order_id

    async def test_missing_funds_reserve_nothing(self, world: World) -> None:
        price = world.new_quote(await world.party()).quote.quote_units
        party = await world.party(usdt_units=price - 1)
        stored = await world.quote(party)
        reservation = world.reservation(stored.quote.id, client_order_id="order-1")
        assert await world.reserve(party, reservation) is None
        await assert_untouched(world, party, stored, reservation)

    async def test_funds_to_the_unit_are_enough(self, world: World) -> None:
        price = world.new_quote(await world.party()).quote.quote_units
        party = await world.party(usdt_units=price)
        await world.execution(party)
        assert (await world.view(party.tenant_id, party.usdt)).available == 0

    async def test_concurrent_reservations_of_one_quote_have_one_winner(self, world: World) -> None:
        party = await world.party()
        stored = await world.quote(party)
        wanted = [world.reservation(stored.quote.id) for _ in range(4)]
        opened = await asyncio.gather(*(world.reserve(party, each) for each in wanted))
        (winner,) = [each for each in opened if each is not None]
        view = await world.view(party.tenant_id, party.usdt)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            quote = (await tx.quotes.get(stored.quote.id)).quote
        assert (quote.status, quote.order_id) == (QuoteStatus.ACCEPTED, winner.order.id)
        assert view.posted - view.available == quote.quote_units

    async def test_concurrent_copies_of_one_request_make_one_order(self, world: World) -> None:
        party, request = await world.party(), world.request()
        stored = await world.quote(party)
        wanted = [world.reservation(stored.quote.id, request=request) for _ in range(4)]
        opened = await asyncio.gather(*(world.reserve(party, each) for each in wanted))
        assert len([each for each in opened if each is not None]) == 1

    async def test_concurrent_reservations_cannot_hold_the_same_funds(self, world: World) -> None:
        price = world.new_quote(await world.party()).quote.quote_units
        party = await world.party(usdt_units=2 * price - 1)
        quotes = [await world.quote(party) for _ in range(3)]
        wanted = [world.reservation(each.quote.id) for each in quotes]
        opened = await asyncio.gather(*(world.reserve(party, each) for each in wanted))
        assert len([each for each in opened if each is not None]) == 1
        assert (await world.view(party.tenant_id, party.usdt)).available == price - 1

    async def test_order_is_pending_until_settled(self, world: World) -> None:
        opened = await world.execution(await world.party())
        assert (opened.order.status, opened.order.outcome) == (OrderStatus.PENDING, None)


async def assert_untouched(
    world: World,
    party: Party,
    stored: StoredQuote,
    reservation: Reservation,
    *,
    holds: int = 0,
    key_is_free: bool = True,
) -> None:
    """Nothing of `reservation` is there; `holds` quotes like it were reserved before."""
    order_id = reservation.order_id
    account = await world.view(party.tenant_id, party.usdt)
    assert account.posted - account.available == holds * stored.quote.quote_units
    async with world.ports.uow.begin(party.tenant_id) as tx:
        assert await tx.quotes.get(stored.quote.id) == stored
        with pytest.raises(NotFound):
            await tx.orders.get(order_id)
        assert await tx.journal.hold(HoldId(order_id)) is None
        assert await tx.trading.open_execution(order_id, lease_token=1) is None
        if reservation.client_order_id is not None:
            assert await tx.orders.by_client_order_id(reservation.client_order_id) is None
        if key_is_free:
            assert await tx.idempotency.find(reservation.request.key) is None
        kind = IntentKind.SETTLE_EXECUTION
        assert await tx.intents.lease(kind, (order_id,), duration=LONG_LEASE) == ()
