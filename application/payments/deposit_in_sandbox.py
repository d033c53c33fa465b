import msgspec

from application import crash_points
from application.errors import CustomerSuspended
from application.idempotency import Answer, claim
from application.in_flight import InFlight
from application.payments.announcing import deposit_announcement
from application.payments.posting_refusals import payment_refusal
from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.intents import IntentKind
from application.ports.movements import Deposit
from application.ports.parties import CustomerStatus
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.assets.asset import Asset
from domain.ledger.account import customer_owner
from domain.ledger.commands import Post
from domain.ledger.entry import MirrorOf
from domain.ledger.templates import (
    DepositAccounts,
    Header,
    deposit_confirmed,
    deposit_instruction,
    resolve,
)
from domain.shared.ids import (
    CustomerId,
    DepositId,
    EventId,
    IdPrefix,
    TenantId,
    TransactionId,
    encode_id,
)
from domain.shared.money import AmountInvalid
from domain.tenants.tenant import require_active


class DepositCommand(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    request: IdempotentRequest
    customer_id: CustomerId
    asset: str
    units: int


class DepositInSandbox:
    """- Credits a customer as a confirmed deposit would, with the house's mirror following.
    - Exists in the sandbox only: nothing outside confirms that money arrived.
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

    async def execute(self, command: DepositCommand) -> Answer[Deposit]:
        require_active(await self._platform.tenant(command.tenant_id))
        asset = (await self._platform.view()).catalog.asset(command.asset)
        if command.units <= 0:
            raise AmountInvalid("a deposit is more than nothing")
        async with (
            self._in_flight.entry(command.tenant_id, command.request.key),
            self._uow.begin(command.tenant_id) as tx,
        ):
            return await self._deposit(tx, command, asset)

    async def _deposit(
        self, tx: Transaction, command: DepositCommand, asset: Asset
    ) -> Answer[Deposit]:
        deposit_id = DepositId(self._ids.new())
        earlier = await claim(tx, command.request, resource="deposit", resource_id=deposit_id)
        if earlier is not None:
            return Answer(await tx.deposits.get(DepositId(earlier)), replayed=True)
        customer = await tx.customers.get(command.customer_id)
        if customer.status is not CustomerStatus.ACTIVE:
            raise CustomerSuspended("the customer is suspended")
        now = self._clock.now()
        deposit = Deposit(
            id=deposit_id,
            customer_id=command.customer_id,
            asset=asset.code,
            units=command.units,
            method="sandbox",
            status="confirmed",
            transaction_id=TransactionId(self._ids.new()),
            created_at=now,
            updated_at=now,
        )
        await self._post(tx, command.tenant_id, deposit)
        await tx.deposits.add(deposit)
        await tx.outbox.add(deposit_announcement(EventId(self._ids.new()), deposit, asset))
        if crash_points.armed:
            await crash_points.reach(crash_points.DEPOSIT_BEFORE_COMMIT)
        await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.DEPOSIT_COMMITTED)
        return Answer(deposit)

    async def _post(self, tx: Transaction, tenant_id: TenantId, deposit: Deposit) -> None:
        reference = encode_id(IdPrefix.DEPOSIT, deposit.id)
        day = deposit.created_at.date()
        keys = DepositAccounts.keys(
            customer=customer_owner(deposit.customer_id), asset=deposit.asset
        )
        transaction = deposit_confirmed(
            Header(deposit.transaction_id, reference, day),
            deposit.asset,
            deposit.units,
            resolve(DepositAccounts, keys, await tx.accounts.resolve(keys.values())),
        )
        (outcome,) = await tx.journal.post((Post(transaction, deposit.created_at),))
        if (refusal := payment_refusal(outcome)) is not None:
            raise refusal
        mirror = deposit_instruction(
            Header(TransactionId(self._ids.new()), reference, day),
            deposit.asset,
            deposit.units,
            mirror_of=MirrorOf(tenant_id, transaction.id),
        )
        await tx.intents.add(IntentKind.MIRROR, transaction.id, payload=msgspec.json.encode(mirror))
