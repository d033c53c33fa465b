"""Credit lines and closed accounts: proposed by one operator, approved by another."""

import hashlib
from typing import Final

import msgspec
from msgspec.structs import replace

from application import crash_points
from application.errors import ChangeDecided
from application.idempotency import Answer, claim
from application.ledger.announcing import terms_announcement
from application.ports.catalog import Platform
from application.ports.change_requests import (
    AccountChange,
    Change,
    ChangeRequest,
    ChangeState,
    CloseAccount,
    CreditLine,
)
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.ledger import AccountView, TermsChange
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.ledger.account_terms import credit_line_floor, require_changeable, with_floor
from domain.ledger.reversible import require_reason
from domain.shared.errors import Conflict, InvariantViolation
from domain.shared.ids import AccountId, ChangeRequestId, EventId, TenantId
from domain.tenants.operator import Operator, require_second_person

RESOURCE: Final = "change_request"


class ChangeOutdated(Conflict):
    """The account's terms are no longer those that were seen when it was proposed."""

    code = "change_outdated"


class ProposeCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`line_units` is the credit line, zero for none; None proposes to close the account."""

    tenant_id: TenantId
    account_id: AccountId
    line_units: int | None
    reason: str
    by: Operator
    request: IdempotentRequest | None = None


class DecideCommand(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    change_id: ChangeRequestId
    by: Operator
    request: IdempotentRequest | None = None


class ChangeTerms:
    """- A credit line, and closing an account for good, take two operators: one proposes, another
      approves, and both are on record with the account, with the reason.
    - What is approved is done at once, or refused and still proposed. Anybody may reject.
    - A credit line is the units an account may owe; what is owed already cannot be taken away.
    - Closed is only an account with nothing on it, nothing held, and no open order that would pay
      into it: what a provider has executed must find its account.
    - If somebody else changed the account's line since, the request is outdated.
    """

    def __init__(
        self, *, uow: UnitOfWork, platform: Platform, clock: Clock, ids: IdGenerator
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._clock = clock
        self._ids = ids

    async def propose(self, command: ProposeCommand) -> Answer[ChangeRequest]:
        """Raises `NotFound`, `ReasonInvalid`, and for a line as `with_floor`."""
        reason = require_reason(command.reason)
        async with self._uow.begin(command.tenant_id) as tx:
            change_id = ChangeRequestId(self._ids.new())
            if (replay := await _replay(tx, command.request, change_id)) is not None:
                return replay
            view = await tx.accounts.get(command.account_id)
            proposed = ChangeRequest(
                id=change_id,
                change=_change(view, command.line_units),
                reason=reason,
                proposed_by=command.by,
                proposed_at=self._clock.now(),
            )
            await tx.change_requests.add(proposed)
            if crash_points.armed:
                await crash_points.reach(crash_points.CHANGE_BEFORE_PROPOSED)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.CHANGE_PROPOSED)
        return Answer(proposed)

    async def approve(self, command: DecideCommand) -> Answer[ChangeRequest]:
        """Raises `NotFound`, `ChangeDecided`, `SecondOperatorRequired`, `ChangeOutdated`, and as
        `Accounts.set_floor` and `Accounts.close`: then it is still proposed.
        """
        catalog = (await self._platform.view()).catalog
        async with self._uow.begin(command.tenant_id) as tx:
            if (replay := await _replay(tx, command.request, command.change_id)) is not None:
                return replay
            proposed = await _open(tx, command.change_id)
            require_second_person(proposed.proposed_by, command.by)
            applied = self._decided(proposed, ChangeState.APPLIED, command.by)
            await tx.change_requests.decide(applied)
            terms = await _apply(tx, applied.change)
            change = AccountChange(request=applied, before=terms.before, after=terms.after)
            await tx.account_changes.record(change)
            number = len(await tx.account_changes.of(terms.after.id))
            event_id = EventId(self._ids.new())
            await tx.outbox.add(
                terms_announcement(event_id, change, number=number, catalog=catalog)
            )
            if crash_points.armed:
                await crash_points.reach(crash_points.CHANGE_BEFORE_APPLIED)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.CHANGE_APPLIED)
        return Answer(applied)

    async def reject(self, command: DecideCommand) -> Answer[ChangeRequest]:
        """Raises `NotFound` or `ChangeDecided`."""
        async with self._uow.begin(command.tenant_id) as tx:
            if (replay := await _replay(tx, command.request, command.change_id)) is not None:
                return replay
            proposed = await _open(tx, command.change_id)
            rejected = self._decided(proposed, ChangeState.REJECTED, command.by)
            await tx.change_requests.decide(rejected)
            await tx.commit()
        return Answer(rejected)

    def _decided(self, proposed: ChangeRequest, state: ChangeState, by: Operator) -> ChangeRequest:
        return replace(proposed, state=state, decided_by=by, decided_at=self._clock.now())


def _change(view: AccountView, line_units: int | None) -> Change:
    account = view.account
    if line_units is None:
        require_changeable(account)
        return CloseAccount(account_id=account.id)
    after = with_floor(account, view.balance, credit_line_floor(line_units))
    return CreditLine(
        account_id=account.id,
        floor_units=str(after.floor_units),
        floor_before=str(account.floor_units),
    )


async def _open(tx: Transaction, change_id: ChangeRequestId) -> ChangeRequest:
    """Locked. Raises `NotFound` or `ChangeDecided`."""
    found = await tx.change_requests.get(change_id)
    if found.state is not ChangeState.PROPOSED:
        raise ChangeDecided(f"it was {found.state.value} before")
    return found


async def _apply(tx: Transaction, change: Change) -> TermsChange:
    if isinstance(change, CloseAccount):
        return await tx.accounts.close(change.account_id)
    terms = await tx.accounts.set_floor(change.account_id, int(change.floor_units))
    # Known for certain only under the lock: raising undoes what was just written.
    if terms.before.floor_units != int(change.floor_before):
        raise ChangeOutdated("the account's credit line was changed since: propose it again")
    return terms


async def _replay(
    tx: Transaction, request: IdempotentRequest | None, change_id: ChangeRequestId
) -> Answer[ChangeRequest] | None:
    """Operators' keys lie in the tenant's book beside the partner's and never meet them."""
    if request is None:
        return None
    own = replace(request, key=f"operator/{hashlib.sha256(request.key.encode()).hexdigest()}")
    earlier = await claim(tx, own, resource=RESOURCE, resource_id=change_id)
    if earlier is None:
        return None
    return Answer(await tx.change_requests.get(ChangeRequestId(earlier)), replayed=True)


def credit_line_units(floor_units: int | str | None) -> int:
    """What a floor allows an account to owe."""
    if floor_units is None:
        raise InvariantViolation("an account without a floor has no credit line")
    return -int(floor_units)
