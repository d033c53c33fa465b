from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec

from application.ports.verification import AccountTotal, Finding, LedgerAudit
from domain.ledger.account import tenant_owner
from domain.ledger.chart import AccountCode, AccountType
from domain.shared.ids import TenantId
from domain.shared.money import AssetCode
from domain.tenants.tenant import HOUSE_TENANT_ID

FINDINGS_MAX: Final = 20


class TrialBalanceLine(msgspec.Struct, frozen=True, kw_only=True):
    """What all accounts of one type and asset in one tenant's books add up to, in units."""

    tenant_id: TenantId
    asset: AssetCode
    type: AccountType
    debits: int
    credits: int


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    accounts: int
    entries: int
    lines: tuple[TrialBalanceLine, ...]
    open_mirrors: int
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not self.findings


class VerifyLedger:
    """- Every asset sums to zero in every tenant's books.
    - Every stored balance, entry number and hold equals what the journal says.
    - No account is below its floor.
    - A tenant's clearing and the house's cancel out, once what is on its way has arrived.
    """

    def __init__(self, *, audit: LedgerAudit) -> None:
        self._audit = audit

    async def execute(self) -> Verification:
        # Of one moment: compared across two, what was on its way in between would be missing.
        async with self._audit.snapshot() as audit:
            totals = [total async for total in audit.account_totals()]
            moving = await audit.open_mirrors()
            stored = await audit.findings(limit=FINDINGS_MAX)
        lines = trial_balance(totals)
        found = [finding for total in totals for finding in _account_findings(total)]
        found += [*_sums(lines), *_pairs(totals, moving), *stored]
        return Verification(
            accounts=len(totals),
            entries=sum(total.entries for total in totals),
            lines=lines,
            open_mirrors=len(moving),
            findings=tuple(found[:FINDINGS_MAX]),
        )


def trial_balance(totals: Iterable[AccountTotal]) -> tuple[TrialBalanceLine, ...]:
    sums: dict[tuple[TenantId, AssetCode, AccountType], tuple[int, int]] = {}
    for total in totals:
        place = (total.tenant_id, total.account.asset, total.account.type)
        debited, credited = sums.get(place, (0, 0))
        sums[place] = (debited + total.debits, credited + total.credits)
    return tuple(
        TrialBalanceLine(
            tenant_id=tenant_id, asset=asset, type=type_, debits=debited, credits=credited
        )
        for (tenant_id, asset, type_), (debited, credited) in sorted(sums.items())
    )


def _account_findings(total: AccountTotal) -> Iterable[Finding]:
    account = total.account
    if not account.strict:
        return
    stored = (total.stored_debits, total.stored_credits, total.stored_version)
    if stored != (total.debits, total.credits, total.entries):
        yield _finding("balance_equals_entries", total, f"stored {stored}")
    if total.stored_held != total.active_holds:
        yield _finding("held_equals_holds", total, f"stored {total.stored_held}")
    posted = (total.credits - total.debits) * account.type.normal_sign
    if posted - total.active_holds < (account.floor_units or 0):
        yield _finding("not_below_floor", total, f"available {posted - total.active_holds}")


def _finding(check: str, total: AccountTotal, detail: str) -> Finding:
    return Finding(
        check=check, tenant_id=total.tenant_id, subject=str(total.account.id), detail=detail
    )


def _sums(lines: Iterable[TrialBalanceLine]) -> Iterable[Finding]:
    sums: defaultdict[tuple[TenantId, AssetCode], int] = defaultdict(int)
    for line in lines:
        sums[line.tenant_id, line.asset] += line.credits - line.debits
    for (tenant_id, asset), units in sums.items():
        if units != 0:
            yield Finding(
                check="asset_sums_to_zero", tenant_id=tenant_id, subject=asset, detail=str(units)
            )


def _pairs(
    totals: Iterable[AccountTotal], moving: Iterable[tuple[TenantId, AssetCode, int]]
) -> Iterable[Finding]:
    """Tenant's house_clearing + house's tenant_clearing + what is on its way = 0, per asset."""
    sums: defaultdict[tuple[str, AssetCode], int] = defaultdict(int)
    names: dict[str, TenantId] = {}
    for total in totals:
        account, units = total.account, total.credits - total.debits
        if account.key.code is AccountCode.HOUSE_CLEARING:
            owner = tenant_owner(total.tenant_id)
            names[owner] = total.tenant_id
            sums[owner, account.asset] += units
        elif account.key.code is AccountCode.TENANT_CLEARING and account.key.owner is not None:
            sums[account.key.owner, account.asset] += units
    for tenant_id, asset, units in moving:
        sums[tenant_owner(tenant_id), asset] -= units
    for (owner, asset), units in sums.items():
        if units != 0:
            yield Finding(
                check="clearing_pair_nets_to_zero",
                tenant_id=names.get(owner, HOUSE_TENANT_ID),
                subject=f"{owner} {asset}",
                detail=str(units),
            )
