import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from application import crash_points
from application.idempotency import Answer, claim, fingerprint
from application.liquidity.lp_account import account_of
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.ledger_clock import LedgerClock
from application.ports.liquidity import LiquidityProvider
from application.ports.lp_capacity import LpCapacities
from application.ports.lp_settlements import SettlementStep
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Post
from domain.ledger.entry import JournalTransaction
from domain.ledger.templates import (
    Header,
    LpPaymentAccounts,
    lp_settlement_paid,
    lp_settlement_received,
    resolve,
)
from domain.liquidity.exposure import LpTerms
from domain.liquidity.netting import (
    Action,
    LpSettlement,
    SettlementNotReady,
    confirmed,
    disputed,
    frozen,
    opened,
    paid,
    proposed,
    received,
    reopened,
)
from domain.liquidity.quote import LpName
from domain.shared.errors import InvariantViolation, RuleViolation
from domain.shared.ids import IdPrefix, SettlementId, TransactionId, encode_id
from domain.shared.money import AssetCode
from domain.tenants.operator import Operator
from domain.tenants.tenant import HOUSE_TENANT_ID

RESOURCE: Final = "lp_settlement"
TEXT_MAX: Final = 500
REF_MAX: Final = 128

Payment = Callable[[Header, AssetCode, int, LpPaymentAccounts], JournalTransaction]
Step = tuple[LpSettlement, SettlementStep]
Taking = Callable[[Transaction, LpSettlement], Awaitable[Step]]


class SettlementTextInvalid(RuleViolation):
    code = "settlement_text_invalid"


class SettleCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`units` and `ref` are of a statement or a payment, `reason` is of a dispute."""

    settlement_id: SettlementId
    by: Operator
    units: int | None = None
    ref: str | None = None
    reason: str | None = None
    request: IdempotentRequest | None = None


class SettleWithLp:
    """- What was booked with an LP that settles after the trade is in one settlement and no other:
      periods meet, and end where nothing can be booked before any more.
    - Freezing says what it comes to, and opens the next one in the same commit.
    - It is confirmed when the LP states the same amount, its period was reconciled with the LP's
      own list, and no break of it is open. Another amount is a dispute, and nothing is paid.
    - What we pay, one operator proposes and another makes; the house's books have it with the step.
    - Who pays first, and how much at once, is as agreed with the LP.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        capacities: LpCapacities,
        providers: Mapping[LpName, LiquidityProvider],
        ledger_clock: LedgerClock,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._uow = uow
        self._capacities = capacities
        self._providers = providers
        self._ledger_clock = ledger_clock
        self._clock = clock
        self._ids = ids

    async def open_missing(self) -> int:
        """Opens the first one of every asset that is agreed with such an LP; how many."""
        made = 0
        for terms in await self._capacities.terms():
            if not self._settles_later(terms.lp):
                continue
            async with self._uow.begin(HOUSE_TENANT_ID) as tx:
                previous = await tx.lp_settlements.last((terms.lp, terms.asset))
                if previous is None or previous.until is not None:
                    made += await self._open(tx, terms, previous)
                    await tx.commit()
        return made

    async def freeze(self, command: SettleCommand) -> Answer[LpSettlement]:
        """Raises `NotFound` or `SettlementNotReady`."""
        until = await self._ledger_clock.closed_until()
        if until is None:
            raise SettlementNotReady("no booking time is closed yet: is a worker running?")

        async def step(tx: Transaction, known: LpSettlement) -> Step:
            terms = await self._terms(known)
            if known.since is not None and until <= known.since:
                raise SettlementNotReady("no time has been closed since the one before it")
            units, entries = await tx.lp_settlements.net(
                (known.lp, known.asset), since=known.since, until=until
            )
            after = frozen(
                known,
                until=until,
                net_units=units,
                entries=entries,
                value_days=terms.value_days,
                at=self._clock.now(),
            )
            return after, _step(Action.FREEZE, after, command, units=units)

        return await self._take(command, step, opens_next=True)

    async def confirm(self, command: SettleCommand) -> Answer[LpSettlement]:
        """`units` are what the LP states, signed as ours; `ref` names its statement.

        Raises `NotFound`, `SettlementNotReady` or `SettlementNotReconciled`.
        """
        units, ref = _units(command), _ref(command)

        async def step(tx: Transaction, known: LpSettlement) -> Step:
            statement = await tx.reconciliation.last_statement(known.lp)
            breaks = await tx.reconciliation.open_breaks(known.lp)
            after = confirmed(
                known,
                stated_units=units,
                stated_ref=ref,
                reconciled_until=None if statement is None else statement.until,
                open_breaks=sum(each.asset == known.asset for each in breaks),
                at=self._clock.now(),
            )
            return after, _step(Action.CONFIRM, after, command, units=units, note=ref)

        return await self._take(command, step)

    async def propose(self, command: SettleCommand) -> Answer[LpSettlement]:
        """A payment of ours. Raises as `proposed`, or `NotFound`."""
        units, ref = _units(command), _ref(command)

        async def step(tx: Transaction, known: LpSettlement) -> Step:
            after = proposed(
                known,
                await self._terms(known),
                units=units,
                ref=ref,
                by=command.by,
                owed_to_us=await _owed_to_us(tx, known),
                at=self._clock.now(),
            )
            return after, _step(Action.PROPOSE, after, command, units=units, note=ref)

        return await self._take(command, step)

    async def pay(self, command: SettleCommand) -> Answer[LpSettlement]:
        """Makes the proposed payment, by another operator. Raises as `paid`, or `NotFound`."""
        units, ref = _units(command), _ref(command)

        async def step(tx: Transaction, known: LpSettlement) -> Step:
            after = paid(
                known,
                await self._terms(known),
                units=units,
                ref=ref,
                by=command.by,
                owed_to_us=await _owed_to_us(tx, known),
                at=self._clock.now(),
            )
            posted = await self._post(tx, known, lp_settlement_paid, units)
            made = _step(Action.PAY, after, command, units=units, note=ref)
            return after, replace(made, transaction_id=posted)

        return await self._take(command, step)

    async def receive(self, command: SettleCommand) -> Answer[LpSettlement]:
        """What the LP paid, under the name of the payment, and once under that name.

        Raises as `received`, or `NotFound`; `IdempotencyKeyReused` for a payment of another amount.
        """
        units, ref = _units(command), _ref(command)

        async def step(tx: Transaction, known: LpSettlement) -> Step:
            after = received(known, units=units, at=self._clock.now())
            posted = await self._post(tx, known, lp_settlement_received, units)
            made = _step(Action.RECEIVE, after, command, units=units, note=ref)
            return after, replace(made, transaction_id=posted)

        return await self._take(command, step, once=_payment(command.settlement_id, units, ref))

    async def dispute(self, command: SettleCommand) -> Answer[LpSettlement]:
        """Raises `NotFound` or `SettlementNotReady`."""
        reason = _text(command.reason, TEXT_MAX)

        async def step(_tx: Transaction, known: LpSettlement) -> Step:
            after = disputed(known, reason=reason, at=self._clock.now())
            return after, _step(Action.DISPUTE, after, command, note=reason)

        return await self._take(command, step)

    async def reopen(self, command: SettleCommand) -> Answer[LpSettlement]:
        """Raises `NotFound` or `SettlementNotReady`."""
        reason = _text(command.reason, TEXT_MAX)

        async def step(_tx: Transaction, known: LpSettlement) -> Step:
            after = reopened(known, reason=reason, at=self._clock.now())
            return after, _step(Action.REOPEN, after, command, note=reason)

        return await self._take(command, step)

    async def _take(
        self,
        command: SettleCommand,
        step: Taking,
        *,
        opens_next: bool = False,
        once: IdempotentRequest | None = None,
    ) -> Answer[LpSettlement]:
        """`once`: what is not to be done twice, whoever asks and under whatever key."""
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            for own in (_own(command), once):
                if own is not None and (replay := await _replay(tx, command, own)) is not None:
                    return replay
            known = await tx.lp_settlements.get(command.settlement_id)
            after, made = await step(tx, known)
            await tx.lp_settlements.update(after, made)
            if opens_next:
                await self._open(tx, await self._terms(known), after)
            if crash_points.armed:
                await crash_points.reach(crash_points.SETTLEMENT_BEFORE_COMMIT)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.SETTLEMENT_COMMITTED)
        return Answer(after)

    async def _open(self, tx: Transaction, terms: LpTerms, previous: LpSettlement | None) -> bool:
        at = self._clock.now()
        made = opened(SettlementId(self._ids.new()), terms, previous, at=at)
        step = SettlementStep(version=made.version, action=Action.OPEN, state=made.state, at=at)
        return await tx.lp_settlements.add(made, step)

    async def _post(
        self, tx: Transaction, known: LpSettlement, template: Payment, units: int
    ) -> TransactionId:
        now = self._clock.now()
        keys = LpPaymentAccounts.keys(
            lp=known.lp, lp_account=AccountCode.LP_SETTLEMENT, asset=known.asset
        )
        header = Header(
            TransactionId(self._ids.new()), encode_id(IdPrefix.SETTLEMENT, known.id), now.date()
        )
        accounts = resolve(LpPaymentAccounts, keys, await tx.accounts.resolve(keys.values()))
        posting = template(header, known.asset, units, accounts)
        (outcome,) = await tx.journal.post((Post(posting, now),))
        if not outcome.accepted:
            raise InvariantViolation(f"a settlement's payment was refused: {outcome.error_code}")
        return header.transaction_id

    async def _terms(self, known: LpSettlement) -> LpTerms:
        """As they are now; where nothing is agreed any more, what nobody has to agree on."""
        found = [
            each
            for each in await self._capacities.terms()
            if (each.lp, each.asset) == (known.lp, known.asset)
        ]
        return found[0] if found else LpTerms(lp=known.lp, asset=known.asset)

    def _settles_later(self, lp: LpName) -> bool:
        configured = lp in self._providers
        return configured and account_of(self._providers, lp) is AccountCode.LP_SETTLEMENT


async def _owed_to_us(tx: Transaction, known: LpSettlement) -> int:
    if known.value_date is None:
        return 0
    return await tx.lp_settlements.owed_to_us(known.lp, known.value_date)


def _step(
    action: Action,
    after: LpSettlement,
    command: SettleCommand,
    *,
    units: int | None = None,
    note: str | None = None,
) -> SettlementStep:
    return SettlementStep(
        version=after.version,
        action=action,
        state=after.state,
        units=units,
        by=command.by,
        note=note,
        at=after.updated_at,
    )


def _units(command: SettleCommand) -> int:
    if command.units is None:
        raise SettlementTextInvalid("an amount is missing")
    return command.units


def _ref(command: SettleCommand) -> str:
    return _text(command.ref, REF_MAX)


def _text(text: str | None, most: int) -> str:
    stripped = (text or "").strip()
    if not 0 < len(stripped) <= most or not stripped.isprintable():
        raise SettlementTextInvalid(f"a text of 1 to {most} printable characters is needed")
    return stripped


def _own(command: SettleCommand) -> IdempotentRequest | None:
    if command.request is None:
        return None
    key = f"settlement/{hashlib.sha256(command.request.key.encode()).hexdigest()}"
    return replace(command.request, key=key)


def _payment(settlement_id: SettlementId, units: int, ref: str) -> IdempotentRequest:
    named = hashlib.sha256(settlement_id.bytes + ref.encode()).hexdigest()
    payment = (settlement_id.hex, ref, units)
    return IdempotentRequest(f"lp_payment/{named}", fingerprint("receive", payment))


async def _replay(
    tx: Transaction, command: SettleCommand, own: IdempotentRequest
) -> Answer[LpSettlement] | None:
    """The resource is the settlement; a repetition answers as it is now."""
    earlier = await claim(tx, own, resource=RESOURCE, resource_id=command.settlement_id)
    if earlier is None:
        return None
    return Answer(await tx.lp_settlements.get(SettlementId(earlier)), replayed=True)
