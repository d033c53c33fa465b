"""One tenant's rows do not exist for another: not by id, not in lists, not for a lease."""

import hashlib
from datetime import datetime

import pytest

from application.ports.intents import IntentKind
from application.ports.ledger_history import StatementRange
from application.ports.movements import Deposit, Transfer
from application.ports.parties import ApiKey
from application.ports.trading import OrderFilter
from domain.ledger.commands import Post, ReleaseHold
from domain.ledger.outcomes import OutcomeCode
from domain.shared.errors import NotFound
from domain.shared.ids import ApiKeyId, DepositId, HoldId, TransferId
from domain.tenants.permissions import Scope
from tests.contract.world import LONG_LEASE, USDT, Party, World


class IsolationContract:
    async def test_ids_of_another_tenant_are_not_found(self, world: World) -> None:
        party, stranger = await world.party(), await world.party()
        trade = await world.trade(party)
        key = new_key(world)
        deposit = new_deposit(world, party, world.now)
        transfer = await add_movements(world, party, key, deposit)
        async with world.ports.uow.begin(stranger.tenant_id) as tx:
            for looked_up in (
                tx.customers.get(party.customer.id),
                tx.api_keys.get(key.id),
                tx.accounts.get(party.usdt),
                tx.journal.transaction(trade.transaction.id),
                tx.quotes.get(trade.execution.stored.quote.id),
                tx.orders.get(trade.order.id),
                tx.orders.detail(trade.order.id),
                tx.deposits.get(deposit.id),
                tx.transfers.get(transfer.id),
            ):
                with pytest.raises(NotFound):
                    await looked_up

    async def test_lists_and_finds_show_nothing_of_another_tenant(self, world: World) -> None:
        party, stranger = await world.party(), await world.tenant()
        request, quote = world.request(), await world.quote(party)
        reservation = world.reservation(quote.quote.id, request=request, client_order_id="mine")
        execution = await world.reserve(party, reservation)
        assert execution is not None
        key = new_key(world)
        await add_movements(world, party, key, new_deposit(world, party, world.now))
        async with world.ports.uow.begin(stranger) as tx:
            assert await tx.customers.page(external_id=None, before=None, limit=10) == ()
            assert await tx.api_keys.find(key.lookup) is None
            assert await tx.api_keys.list() == ()
            assert await tx.accounts.of_customer(party.customer.id) == ()
            assert await tx.history.statement(party.usdt, StatementRange(), limit=10) == ()
            assert await tx.journal.hold(HoldId(reservation.order_id)) is None
            assert await tx.orders.page(OrderFilter(), before=None, limit=10) == ()
            assert await tx.orders.by_client_order_id("mine") is None
            assert await tx.trading.open_execution(reservation.order_id, lease_token=1) is None
            assert await tx.idempotency.find(request.key) is None

    async def test_ledger_knows_nothing_of_another_tenant(self, world: World) -> None:
        party, stranger = await world.party(), await world.party()
        execution = await world.execution(party)
        theirs = world.moving(stranger.usdt, party.usdt, 1)
        async with world.ports.uow.begin(stranger.tenant_id) as tx:
            posted, released = await tx.journal.post(
                (
                    Post(theirs, world.now),
                    ReleaseHold(HoldId(execution.order.id), world.now),
                )
            )
        assert posted.code is OutcomeCode.ACCOUNT_NOT_FOUND
        assert released.code is OutcomeCode.HOLD_NOT_FOUND

    async def test_intents_of_another_tenant_are_not_leased(self, world: World) -> None:
        tenant_id, stranger, subject = await world.tenant(), await world.tenant(), world.id()
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.intents.add(IntentKind.MIRROR, subject, payload=None)
            await tx.commit()
        async with world.ports.uow.begin(stranger) as tx:
            leased = await tx.intents.lease(IntentKind.MIRROR, (subject,), duration=LONG_LEASE)
        assert leased == ()

    async def test_names_that_must_be_unique_are_so_within_a_tenant_only(
        self, world: World
    ) -> None:
        for _ in range(2):
            party = await world.party()
            quote = await world.quote(party)
            reservation = world.reservation(
                quote.quote.id, request=world.request("one key"), client_order_id="one id"
            )
            assert await world.reserve(party, reservation) is not None


def new_key(world: World) -> ApiKey:
    now = world.now
    return ApiKey(
        id=ApiKeyId(world.id()),
        lookup=world.id().hex,
        secret_hash=hashlib.sha256(b"secret").digest(),
        scopes=frozenset({Scope.READ, Scope.TRADE}),
        label="a key",
        created_at=now,
        updated_at=now,
    )


def new_deposit(world: World, party: Party, at: datetime) -> Deposit:
    return Deposit(
        id=DepositId(world.id()),
        customer_id=party.customer.id,
        asset=USDT.code,
        units=5,
        method="sandbox",
        status="confirmed",
        transaction_id=world.header().transaction_id,
        created_at=at,
        updated_at=at,
    )


async def add_movements(world: World, party: Party, key: ApiKey, deposit: Deposit) -> Transfer:
    other = await world.party(party.tenant_id)
    transfer = Transfer(
        id=TransferId(world.id()),
        from_customer_id=party.customer.id,
        to_customer_id=other.customer.id,
        asset=USDT.code,
        units=5,
        reference="rent",
        status="completed",
        transaction_id=world.header().transaction_id,
        created_at=world.now,
        updated_at=world.now,
    )
    async with world.ports.uow.begin(party.tenant_id) as tx:
        await tx.api_keys.add(key)
        await tx.deposits.add(deposit)
        await tx.transfers.add(transfer)
        await tx.commit()
    return transfer
