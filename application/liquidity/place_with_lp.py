import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

from application.idempotency import claim, fingerprint
from application.liquidity.lp_account import account_of
from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.liquidity import LiquidityProvider
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Post
from domain.ledger.templates import (
    Header,
    LpPaymentAccounts,
    lp_prefunded,
    lp_withdrawn,
    resolve,
)
from domain.liquidity.quote import LpName
from domain.shared.errors import InvariantViolation, RuleViolation
from domain.shared.ids import TransactionId
from domain.tenants.tenant import HOUSE_TENANT_ID

RESOURCE: Final = "ledger_transaction"


class NotPrefunded(RuleViolation):
    """An LP that settles after the trade holds nothing of ours."""

    code = "lp_not_prefunded"


class PlaceCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`units` go from custody to the LP, or come back when below zero.

    `reference` is what custody calls the movement, one of this LP and asset.
    """

    lp: LpName
    asset: str
    units: int
    reference: str


class PlaceWithLp:
    """- What was moved between custody and an LP that holds our money is on the house's books.
    - The money itself is moved by custody; this records it, and each movement once: quotas are
      handed out against these books.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        platform: Platform,
        providers: Mapping[LpName, LiquidityProvider],
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._providers = providers
        self._clock = clock
        self._ids = ids

    async def execute(self, command: PlaceCommand) -> TransactionId:
        """Raises `NotFound`, `NotPrefunded`, `AmountInvalid`, or `IdempotencyKeyReused` for a
        movement that was recorded with another amount.
        """
        asset = (await self._platform.view()).catalog.asset(command.asset).code
        lp_account = account_of(self._providers, command.lp)
        if lp_account is not AccountCode.LP_INVENTORY:
            raise NotPrefunded("the provider settles after the trade: it holds nothing of ours")
        template = lp_withdrawn if command.units < 0 else lp_prefunded
        keys = LpPaymentAccounts.keys(lp=command.lp, lp_account=lp_account, asset=asset)
        now = self._clock.now()
        header = Header(TransactionId(self._ids.new()), command.reference, now.date())
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            earlier = await claim(
                tx, _once(command), resource=RESOURCE, resource_id=header.transaction_id
            )
            if earlier is not None:
                return TransactionId(earlier)
            accounts = resolve(LpPaymentAccounts, keys, await tx.accounts.resolve(keys.values()))
            posting = template(header, asset, abs(command.units), accounts)
            (outcome,) = await tx.journal.post((Post(posting, now),))
            if not outcome.accepted:
                raise InvariantViolation(f"the move was refused: {outcome.error_code}")
            await tx.commit()
        return header.transaction_id


def _once(command: PlaceCommand) -> IdempotentRequest:
    movement = (command.lp, command.asset, command.reference)
    named = hashlib.sha256(msgspec.json.encode(movement)).hexdigest()
    return IdempotentRequest(f"placed/{named}", fingerprint("place", (*movement, command.units)))
