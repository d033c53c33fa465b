import msgspec

from application.errors import CustomerSuspended, InsufficientFunds
from application.idempotency import Answer, claim, store_refusal
from application.in_flight import InFlight
from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.movements import Transfer
from application.ports.parties import CustomerStatus
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.ledger.account import customer_owner
from domain.ledger.commands import Post
from domain.ledger.outcomes import OutcomeCode
from domain.ledger.templates import Header, TransferAccounts, resolve, transfer
from domain.shared.errors import InvariantViolation, RuleViolation
from domain.shared.ids import (
    CustomerId,
    IdPrefix,
    TenantId,
    TransactionId,
    TransferId,
    encode_id,
)
from domain.shared.money import AmountInvalid, AssetCode
from domain.tenants.tenant import require_active

RESOURCE = "transfer"


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
            try:
                async with self._uow.begin(command.tenant_id) as tx:
                    return await self._transfer(tx, command, asset.code)
            except InsufficientFunds as refusal:
                return await self._refused(command, refusal)

    async def _transfer(
        self, tx: Transaction, command: TransferCommand, asset: AssetCode
    ) -> Answer[Transfer]:
        transfer_id = TransferId(self._ids.new())
        earlier = await claim(tx, command.request, resource=RESOURCE, resource_id=transfer_id)
        if earlier is not None:
            return Answer(await tx.transfers.get(TransferId(earlier)), replayed=True)
        for customer_id in (command.from_customer_id, command.to_customer_id):
            customer = await tx.customers.get(customer_id)
            if customer.status is not CustomerStatus.ACTIVE:
                raise CustomerSuspended("a customer is suspended", customer_id=customer_id)
        now = self._clock.now()
        made = Transfer(
            id=transfer_id,
            from_customer_id=command.from_customer_id,
            to_customer_id=command.to_customer_id,
            asset=asset,
            units=command.units,
            reference=command.reference,
            status="completed",
            transaction_id=TransactionId(self._ids.new()),
            created_at=now,
            updated_at=now,
        )
        await self._post(tx, made)
        await tx.transfers.add(made)
        await tx.commit()
        return Answer(made)

    async def _post(self, tx: Transaction, made: Transfer) -> None:
        keys = TransferAccounts.keys(
            payer=customer_owner(made.from_customer_id),
            payee=customer_owner(made.to_customer_id),
            asset=made.asset,
        )
        header = Header(
            made.transaction_id, encode_id(IdPrefix.TRANSFER, made.id), made.created_at.date()
        )
        accounts = resolve(TransferAccounts, keys, await tx.accounts.resolve(keys.values()))
        posting = transfer(header, made.asset, made.units, accounts)
        (outcome,) = await tx.journal.post((Post(posting, made.created_at),))
        if outcome.code is OutcomeCode.BELOW_FLOOR:
            raise InsufficientFunds("the payer's available balance does not cover the transfer")
        if not outcome.accepted:
            raise InvariantViolation(f"a transfer was refused: {outcome.error_code}")

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
