from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from application.ports.verification import AccountTotal, Finding, LedgerAudit, VerifiedMark
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
    """`entries_read` of the `entries` were read; the sums of the others were remembered."""

    accounts: int
    entries: int
    entries_read: int
    lines: tuple[TrialBalanceLine, ...]
    open_mirrors: int
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not self.findings


class VerifyLedger:
    """- Every asset sums to zero in every tenant's books.
    - Every stored balance, entry number, hold, checkpoint, day and answer is what the journal says.
    - No account is below its floor.
    - A tenant's clearing and the house's cancel out, once what is on its way has arrived.
    - What was verified is remembered, for tenants of which nothing was found: next time only what
      is newer is read. `full` reads everything, whatever is remembered.
    """

    def __init__(self, *, audit: LedgerAudit) -> None:
        self._audit = audit

    async def execute(self, *, full: bool = False) -> Verification:
        # Of one moment: compared across two, what was on its way in between would be missing.
        async with self._audit.snapshot(full=full) as snapshot:
            sums = _Sums()
            async for total in snapshot.account_totals():
                sums.add(total)
            moving = await snapshot.open_mirrors()
            stored = await snapshot.findings(limit=FINDINGS_MAX)
            marks = await snapshot.marks()
        lines = sums.lines()
        found = [*sums.findings, *_differences(lines), *sums.pairs(moving), *stored]
        await self._remember(marks, found)
        return Verification(
            accounts=sums.accounts,
            entries=sums.entries,
            entries_read=sums.entries_read,
            lines=lines,
            open_mirrors=len(moving),
            findings=tuple(found[:FINDINGS_MAX]),
        )

    async def _remember(self, marks: Iterable[VerifiedMark], found: Sequence[Finding]) -> None:
        if len(found) >= FINDINGS_MAX:
            # There may be more, and nobody knows whose.
            return
        concerned = {finding.tenant_id for finding in found}
        for mark in marks:
            if mark.tenant_id not in concerned:
                await self._audit.remember(mark)


class _Sums:
    """Adds accounts up as they come, so that no more than a few sums for each tenant are kept."""

    def __init__(self) -> None:
        self.accounts = self.entries = self.entries_read = 0
        self.findings: list[Finding] = []
        self._lines: dict[tuple[TenantId, AssetCode, AccountType], tuple[int, int]] = {}
        self._clearing: defaultdict[tuple[str, AssetCode], int] = defaultdict(int)
        self._tenants: dict[str, TenantId] = {}

    def add(self, total: AccountTotal) -> None:
        self.accounts += 1
        self.entries += total.entries
        self.entries_read += total.entries_read
        place = (total.tenant_id, total.account.asset, total.account.type)
        debited, credited = self._lines.get(place, (0, 0))
        self._lines[place] = (debited + total.debits, credited + total.credits)
        self._add_clearing(total)
        if len(self.findings) < FINDINGS_MAX:
            self.findings += _account_findings(total)

    def lines(self) -> tuple[TrialBalanceLine, ...]:
        return tuple(
            TrialBalanceLine(
                tenant_id=tenant_id, asset=asset, type=type_, debits=debited, credits=credited
            )
            for (tenant_id, asset, type_), (debited, credited) in sorted(self._lines.items())
        )

    def pairs(self, moving: Iterable[tuple[TenantId, AssetCode, int]]) -> Iterable[Finding]:
        """Tenant's house_clearing + house's tenant_clearing + what is on its way = 0, per asset."""
        sums = self._clearing.copy()
        for tenant_id, asset, units in moving:
            sums[tenant_owner(tenant_id), asset] -= units
        for (owner, asset), units in sums.items():
            if units != 0:
                yield Finding(
                    check="clearing_pair_nets_to_zero",
                    tenant_id=self._tenants.get(owner, HOUSE_TENANT_ID),
                    subject=f"{owner} {asset}",
                    detail=str(units),
                )

    def _add_clearing(self, total: AccountTotal) -> None:
        account, units = total.account, total.credits - total.debits
        if account.key.code is AccountCode.HOUSE_CLEARING:
            owner = tenant_owner(total.tenant_id)
            self._tenants[owner] = total.tenant_id
            self._clearing[owner, account.asset] += units
        elif account.key.code is AccountCode.TENANT_CLEARING and account.key.owner is not None:
            self._clearing[account.key.owner, account.asset] += units


def trial_balance(totals: Iterable[AccountTotal]) -> tuple[TrialBalanceLine, ...]:
    sums = _Sums()
    for total in totals:
        sums.add(total)
    return sums.lines()


def _account_findings(total: AccountTotal) -> Iterable[Finding]:
    account = total.account
    if not account.strict:
        return
    stored = (total.stored_debits, total.stored_credits, total.stored_version)
    derived = (total.debits, total.credits, total.entries)
    if stored != derived:
        yield _finding("balance_equals_entries", total, f"stored {stored}, entries make {derived}")
    if total.stored_held != total.active_holds:
        yield _finding("held_equals_holds", total, f"stored {total.stored_held}")
    posted = (total.credits - total.debits) * account.type.normal_sign
    if posted - total.active_holds < (account.floor_units or 0):
        yield _finding("not_below_floor", total, f"available {posted - total.active_holds}")


def _finding(check: str, total: AccountTotal, detail: str) -> Finding:
    return Finding(
        check=check, tenant_id=total.tenant_id, subject=str(total.account.id), detail=detail
    )


def _differences(lines: Iterable[TrialBalanceLine]) -> Iterable[Finding]:
    sums: defaultdict[tuple[TenantId, AssetCode], int] = defaultdict(int)
    for line in lines:
        sums[line.tenant_id, line.asset] += line.credits - line.debits
    for (tenant_id, asset), units in sums.items():
        if units != 0:
            yield Finding(
                check="asset_sums_to_zero", tenant_id=tenant_id, subject=asset, detail=str(units)
            )
