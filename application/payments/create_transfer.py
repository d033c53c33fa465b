from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import msgspec

from application import crash_points
from application.errors import CustomerNotFound, CustomerSuspended, InsufficientFunds
from application.idempotency import Answer, claim, store_refusal
from application.in_flight import InFlight
from application.payments.announcing import transfer_announcement
from application.payments.posting_refusals import payment_refusal
from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.movements import Transfer
from application.ports.parties import Customer, CustomerStatus
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.assets.asset import Asset
from domain.ledger.account import AccountKey, customer_owner
from domain.ledger.commands import Post
from domain.ledger.templates import Header, TransferAccounts, resolve, transfer
from domain.shared.errors import InvariantViolation, RuleViolation
from domain.shared.ids import (
    AccountId,
    CustomerId,
    EventId,
    IdPrefix,
    TenantId,
    TransactionId,
    TransferId,
    encode_id,
)
from domain.shared.money import AmountInvalid
from domain.tenants.tenant import require_active

RESOURCE = "transfer"
# True when it is posted; False when the transaction can only be left.
Posting: TypeAlias = Callable[[Transaction, Post], Awaitable[bool]]


class TransferToSelf(RuleViolation):
    code = "transfer_to_self"


class TransferCommand(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    request: IdempotentRequest
    from_customer_id: CustomerId
    to_customer_id: CustomerId
    asset: str
    units: int
    reference: str | None = None


class CreateTransfer:
    """- Moves money between two active customers of one tenant, at once and for good.
    - Never more than the payer has available: what is held for orders does not count.
    - Neither from nor to an account that was closed.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        platform: Platform,
        in_flight: InFlight,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._in_flight = in_flight
        self._clock = clock
        self._ids = ids

    async def execute(self, command: TransferCommand) -> Answer[Transfer]:
        require_active(await self._platform.tenant(command.tenant_id))
        asset = (await self._platform.view()).catalog.asset(command.asset)
        if command.units <= 0:
            raise AmountInvalid("a transfer is more than nothing")
        if command.from_customer_id == command.to_customer_id:
            raise TransferToSelf("payer and payee are one customer")
        async with self._in_flight.entry(command.tenant_id, command.request.key):
            done = await self._transfer(command, asset, post=_at_once)
            if done is not None:
                return done
            # Something speaks against it, or an account was never met: the ledger says which.
            try:
                done = await self._transfer(command, asset, post=_with_reasons)
            except InsufficientFunds as refusal:
                return await self._refused(command, refusal)
        if done is None:
            raise InvariantViolation("a transfer was neither made nor refused")
        return done

    async def _transfer(
        self, command: TransferCommand, asset: Asset, *, post: Posting
    ) -> Answer[Transfer] | None:
        """In a transaction of its own. None when `post` does not do it: then nothing is done."""
        async with self._uow.begin(command.tenant_id) as tx:
            return await self._carry_out(tx, command, asset, post=post)

    async def _carry_out(
        self, tx: Transaction, command: TransferCommand, asset: Asset, *, post: Posting
    ) -> Answer[Transfer] | None:
        transfer_id = TransferId(self._ids.new())
        earlier = await claim(tx, command.request, resource=RESOURCE, resource_id=transfer_id)
        if earlier is not None:
            return Answer(await tx.transfers.get(TransferId(earlier)), replayed=True)
        parties = (command.from_customer_id, command.to_customer_id)
        customers = await tx.customers.find_all(parties)
        for customer_id in parties:
            require_active_customer(customers.get(customer_id))
        now = self._clock.now()
        made = Transfer(
            id=transfer_id,
            from_customer_id=command.from_customer_id,
            to_customer_id=command.to_customer_id,
            asset=asset.code,
            units=command.units,
            reference=command.reference,
            status="completed",
            transaction_id=TransactionId(self._ids.new()),
            created_at=now,
            updated_at=now,
        )
        if not await post(tx, await _posting_of(tx, made)):
            return None
        await tx.transfers.add(made)
        await tx.outbox.add(transfer_announcement(EventId(self._ids.new()), made, asset))
        if crash_points.armed:
            await crash_points.reach(crash_points.TRANSFER_BEFORE_COMMIT)
        await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.TRANSFER_COMMITTED)
        return Answer(made)

    async def _refused(
        self, command: TransferCommand, refusal: InsufficientFunds
    ) -> Answer[Transfer]:
        if refusal.context.get("replayed"):
            raise refusal
        transfer_id = await store_refusal(
            self._uow, command.tenant_id, command.request, resource=RESOURCE, error=refusal
        )
        if transfer_id is None:
            raise refusal
        async with self._uow.begin(command.tenant_id) as tx:
            return Answer(await tx.transfers.get(TransferId(transfer_id)), replayed=True)


def require_active_customer(customer: Customer | None) -> None:
    """Raises `CustomerNotFound` and `CustomerSuspended`."""
    if customer is None:
        raise CustomerNotFound("no such customer")
    if customer.status is not CustomerStatus.ACTIVE:
        raise CustomerSuspended("a customer is suspended", customer_id=customer.id)


async def _posting_of(tx: Transaction, made: Transfer) -> Post:
    keys = account_keys(made)
    return posting_of(made, keys, await tx.accounts.resolve(keys.values()))


def account_keys(made: Transfer) -> Mapping[str, AccountKey]:
    return TransferAccounts.keys(
        payer=customer_owner(made.from_customer_id),
        payee=customer_owner(made.to_customer_id),
        asset=made.asset,
    )


def posting_of(
    made: Transfer, keys: Mapping[str, AccountKey], found: Mapping[AccountKey, AccountId]
) -> Post:
    """`found` are the ids of what `account_keys` named."""
    reference = encode_id(IdPrefix.TRANSFER, made.id)
    header = Header(made.transaction_id, reference, made.created_at.date())
    accounts = resolve(TransferAccounts, keys, found)
    return Post(transfer(header, made.asset, made.units, accounts), made.created_at)


async def _at_once(tx: Transaction, post: Post) -> bool:
    return await tx.journal.post_at_once(post)


async def _with_reasons(tx: Transaction, post: Post) -> bool:
    (outcome,) = await tx.journal.post((post,))
    if (refusal := payment_refusal(outcome)) is not None:
        raise refusal
    return True
