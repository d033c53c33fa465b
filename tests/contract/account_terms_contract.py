"""Credit lines and closed accounts: what an account is held to, and who may change it."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from application.ports.change_requests import (
    AccountChange,
    Change,
    ChangeRequest,
    ChangeState,
    CloseAccount,
    CreditLine,
)
from application.ports.ledger import TermsChange
from application.ports.unit_of_work import Transaction
from domain.ledger.account import AccountKey, AccountStatus
from domain.ledger.account_terms import (
    AccountAwaited,
    AccountClosed,
    AccountNotEmpty,
    AccountNotStrict,
    CreditLineInvalid,
    FloorAboveAvailable,
)
from domain.ledger.chart import AccountCode
from domain.ledger.commands import PlaceHold, Post
from domain.ledger.outcomes import OutcomeCode
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, ChangeRequestId, OperatorId
from domain.shared.side import Side
from domain.tenants.operator import Operator, SecondOperatorRequired
from tests.contract.holds_contract import do, hold_on
from tests.contract.journal_contract import pair
from tests.contract.world import BTC, USDT, Party, World


class AccountTermsContract:
    async def test_credit_line_can_be_spent_to_the_unit(self, world: World) -> None:
        payer, payee = await pair(world)
        await set_floor(world, payer, -50)
        beyond = Post(world.moving(payer.usdt, payee.usdt, 151), world.now)
        assert await do(world, payer, beyond) == OutcomeCode.BELOW_FLOOR
        whole = Post(world.moving(payer.usdt, payee.usdt, 150), world.now)
        assert await do(world, payer, whole) == OutcomeCode.OK
        view = await world.view(payer.tenant_id, payer.usdt)
        assert (view.posted, view.account.floor_units) == (-50, -50)

    async def test_line_in_use_cannot_be_taken_away(self, world: World) -> None:
        payer, payee = await pair(world)
        await set_floor(world, payer, -50)
        await do(world, payer, Post(world.moving(payer.usdt, payee.usdt, 120), world.now))
        with pytest.raises(FloorAboveAvailable):
            await set_floor(world, payer, -19)
        await set_floor(world, payer, -20)
        assert (await world.view(payer.tenant_id, payer.usdt)).account.floor_units == -20

    async def test_floor_above_zero_or_of_a_deferred_account_is_refused(self, world: World) -> None:
        payer, _ = await pair(world)
        clearing = AccountKey(AccountCode.HOUSE_CLEARING, USDT.code)
        async with world.ports.ops_uow.begin(payer.tenant_id) as tx:
            deferred = (await tx.accounts.resolve((clearing,)))[clearing]
            with pytest.raises(AccountNotStrict):
                await tx.accounts.set_floor(deferred, -1)
            with pytest.raises(CreditLineInvalid):
                await tx.accounts.set_floor(payer.usdt, 1)
            with pytest.raises(NotFound):
                await tx.accounts.set_floor(AccountId(world.id()), 0)

    async def test_only_an_empty_account_is_closed_and_then_nothing_is_posted(
        self, world: World
    ) -> None:
        payer, payee = await pair(world)
        with pytest.raises(AccountNotEmpty):
            await close(world, payer)
        await do(world, payer, Post(world.moving(payer.usdt, payee.usdt, 100), world.now))
        await set_floor(world, payer, -50)
        await close(world, payer)
        account = (await world.view(payer.tenant_id, payer.usdt)).account
        assert (account.status, account.floor_units) == (AccountStatus.CLOSED, 0)
        back = Post(world.moving(payee.usdt, payer.usdt, 1), world.now)
        assert await do(world, payer, back) == OutcomeCode.ACCOUNT_CLOSED
        hold = PlaceHold(hold_on(world, payer, 1))
        assert await do(world, payer, hold) == OutcomeCode.ACCOUNT_CLOSED
        with pytest.raises(AccountClosed):
            await close(world, payer)

    async def test_account_with_a_hold_is_not_closed(self, world: World) -> None:
        payer, payee = await pair(world)
        await set_floor(world, payer, -50)
        await do(world, payer, PlaceHold(hold_on(world, payer, 50)))
        await do(world, payer, Post(world.moving(payer.usdt, payee.usdt, 100), world.now))
        with pytest.raises(AccountNotEmpty):
            await close(world, payer)

    @pytest.mark.parametrize("side", Side)
    async def test_account_an_open_order_would_pay_into_is_closed_only_after_it(
        self, world: World, side: Side
    ) -> None:
        party = await world.party()
        execution = await world.execution(party, side=side)
        receiving = execution.stored.receive_account_id
        await empty(world, party, receiving)
        async with world.ports.ops_uow.begin(party.tenant_id) as tx:
            with pytest.raises(AccountAwaited):
                await tx.accounts.close(receiving)
        assert await world.settle(party, await world.settlement(party, execution))
        await empty(world, party, receiving)
        async with world.ports.ops_uow.begin(party.tenant_id) as tx:
            terms = await tx.accounts.close(receiving)
            await on_record(tx, terms, new_id=world.id, now=world.now)
            await tx.commit()

    @pytest.mark.parametrize("side", Side)
    async def test_no_order_is_opened_that_would_pay_into_a_closed_account(
        self, world: World, side: Side
    ) -> None:
        party = await world.party()
        stored = await world.quote(party, side=side)
        await empty(world, party, stored.receive_account_id)
        async with world.ports.ops_uow.begin(party.tenant_id) as tx:
            terms = await tx.accounts.close(stored.receive_account_id)
            await on_record(tx, terms, new_id=world.id, now=world.now)
            await tx.commit()
        reservation = world.reservation(stored.quote.id)
        assert await world.reserve(party, reservation) is None
        view = await world.view(party.tenant_id, stored.pay_account_id)
        assert view.balance.held == 0
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert (await tx.quotes.get(stored.quote.id)).quote == stored.quote

    async def test_change_takes_two_people_and_stays_on_record(self, world: World) -> None:
        payer, _ = await pair(world)
        maker, checker = (Operator(OperatorId(world.id()), name) for name in ("Abena", "Kwame"))
        request = ChangeRequest(
            id=ChangeRequestId(world.id()),
            change=CreditLine(account_id=payer.usdt, floor_units="-50", floor_before="0"),
            reason="agreed",
            proposed_by=maker,
            proposed_at=world.now,
        )
        async with world.ports.ops_uow.begin(payer.tenant_id) as tx:
            await tx.change_requests.add(request)
            await tx.commit()
        renamed = Operator(maker.id, "Abena Owusu")
        for same in (maker, renamed):
            async with world.ports.ops_uow.begin(payer.tenant_id) as tx:
                assert await tx.change_requests.get(request.id) == request
                with pytest.raises(SecondOperatorRequired):
                    await tx.change_requests.decide(approved(request, same))
        async with world.ports.ops_uow.begin(payer.tenant_id) as tx:
            done = approved(await tx.change_requests.get(request.id), checker)
            await tx.change_requests.decide(done)
            terms = await tx.accounts.set_floor(payer.usdt, -50)
            change = AccountChange(request=done, before=terms.before, after=terms.after)
            await tx.account_changes.record(change)
            await tx.commit()
        async with world.ports.ops_uow.begin(payer.tenant_id) as tx:
            assert await tx.change_requests.page(ChangeState.PROPOSED, limit=5) == ()
            assert await tx.change_requests.page(None, limit=5) == (done,)
            (recorded,) = await tx.account_changes.of(payer.usdt)
        assert (recorded.floor_before, recorded.floor_after) == (0, -50)
        assert (recorded.proposed_by, recorded.approved_by) == ("Abena", "Kwame")


def approved(request: ChangeRequest, by: Operator) -> ChangeRequest:
    state = ChangeState.APPLIED
    return replace(request, state=state, decided_by=by, decided_at=request.proposed_at)


async def set_floor(world: World, party: Party, floor_units: int) -> None:
    async with world.ports.ops_uow.begin(party.tenant_id) as tx:
        terms = await tx.accounts.set_floor(party.usdt, floor_units)
        await on_record(tx, terms, new_id=world.id, now=world.now)
        await tx.commit()


async def empty(world: World, party: Party, account_id: AccountId) -> None:
    """To somebody else, all that is on it."""
    asset = USDT if account_id == party.usdt else BTC
    view = await world.view(party.tenant_id, account_id)
    other = await world.party(tenant_id=party.tenant_id)
    payee = other.usdt if asset is USDT else other.btc
    moving = world.moving(account_id, payee, view.posted, asset=asset)
    assert await do(world, party, Post(moving, world.now)) == OutcomeCode.OK


async def close(world: World, party: Party) -> None:
    async with world.ports.ops_uow.begin(party.tenant_id) as tx:
        terms = await tx.accounts.close(party.usdt)
        await on_record(tx, terms, new_id=world.id, now=world.now)
        await tx.commit()


async def on_record(
    tx: Transaction, terms: TermsChange, *, new_id: Callable[[], UUID], now: datetime
) -> None:
    """As two operators agree to it: without, the transaction does not commit."""
    account = terms.after
    change: Change = CreditLine(
        account_id=account.id,
        floor_units=str(account.floor_units),
        floor_before=str(terms.before.floor_units),
    )
    if account.status is AccountStatus.CLOSED:
        change = CloseAccount(account_id=account.id)
    maker, checker = (Operator(OperatorId(new_id()), name) for name in ("Abena", "Kwame"))
    request = ChangeRequest(
        id=ChangeRequestId(new_id()),
        change=change,
        reason="agreed",
        proposed_by=maker,
        proposed_at=now,
    )
    await tx.change_requests.add(request)
    done = approved(await tx.change_requests.get(request.id), checker)
    await tx.change_requests.decide(done)
    await tx.account_changes.record(
        AccountChange(request=done, before=terms.before, after=terms.after)
    )
