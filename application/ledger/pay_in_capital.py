import msgspec

from application.idempotency import Answer, claim
from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.commands import Post
from domain.ledger.templates import CapitalAccounts, Header, capital_paid_in, resolve
from domain.liquidity.quote import LpName
from domain.shared.errors import InvariantViolation
from domain.shared.ids import TransactionId
from domain.shared.money import AmountInvalid
from domain.tenants.tenant import HOUSE_TENANT_ID

RESOURCE = "capital"


class PayInCapitalCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`reference` is what the bank or custodian calls the payment."""

    request: IdempotentRequest
    lp: LpName
    asset: str
    units: int
    reference: str


class PayInCapital:
    """- The owners' money that lies with an LP is on the house's books before it is traded with."""

    def __init__(
        self, *, uow: UnitOfWork, platform: Platform, clock: Clock, ids: IdGenerator
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._clock = clock
        self._ids = ids

    async def execute(self, command: PayInCapitalCommand) -> Answer[TransactionId]:
        asset = (await self._platform.view()).catalog.asset(command.asset)
        if command.units <= 0:
            raise AmountInvalid("capital is more than nothing")
        transaction_id = TransactionId(self._ids.new())
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            earlier = await claim(
                tx, command.request, resource=RESOURCE, resource_id=transaction_id
            )
            if earlier is not None:
                return Answer(TransactionId(earlier), replayed=True)
            now = self._clock.now()
            keys = CapitalAccounts.keys(lp=command.lp, asset=asset.code)
            posting = capital_paid_in(
                Header(transaction_id, command.reference, now.date()),
                asset.code,
                command.units,
                resolve(CapitalAccounts, keys, await tx.accounts.resolve(keys.values())),
            )
            (outcome,) = await tx.journal.post((Post(posting, now),))
            if not outcome.accepted:
                raise InvariantViolation(f"capital was refused: {outcome.error_code}")
            await tx.commit()
        return Answer(transaction_id)
