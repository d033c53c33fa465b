"""In a healthy history the audit finds nothing, and all sums come out at zero."""

from collections import defaultdict
from datetime import datetime

from msgspec.structs import replace

from application.ports.ledger_history import StatementRange
from application.ports.verification import AccountTotal, Finding, VerifiedMark
from domain.ledger.account import tenant_owner
from domain.ledger.chart import AccountCode
from domain.ledger.commands import PlaceHold, Post
from domain.shared.ids import AccountId, TenantId
from domain.shared.money import AssetCode
from domain.shared.side import Side
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.contract.history_contract import fold_all
from tests.contract.holds_contract import capture, do, hold_on
from tests.contract.journal_contract import clearing_of
from tests.contract.ledger_clock_contract import booked, closed_after
from tests.contract.settle_contract import reject, rejected
from tests.contract.world import BTC, USDT, Party, World

FINDINGS_MAX = 10_000


class LedgerAuditContract:
    async def test_nothing_is_found_in_a_healthy_history(self, world: World) -> None:
        party = await history(world)
        assert await findings(world, party.tenant_id) == []
        assert await findings(world, HOUSE_TENANT_ID) == []

    async def test_every_asset_sums_to_zero_in_each_tenant(self, world: World) -> None:
        party = await history(world)
        for tenant_id in (party.tenant_id, HOUSE_TENANT_ID):
            sums: defaultdict[AssetCode, int] = defaultdict(int)
            for total in await totals(world, tenant_id):
                sums[total.account.asset] += total.credits - total.debits
            assert sums[USDT.code] == sums[BTC.code] == 0

    async def test_stored_balances_are_what_the_entries_add_up_to(self, world: World) -> None:
        party = await history(world)
        strict = [each for each in await totals(world, party.tenant_id) if each.account.strict]
        assert len(strict) == 4
        for total in strict:
            assert (total.stored_debits, total.stored_credits) == (total.debits, total.credits)
            assert (total.stored_version, total.stored_held) == (
                total.entries,
                total.active_holds,
            )
        assert sum(total.active_holds for total in strict) == 40

    async def test_deferred_accounts_have_no_stored_balance(self, world: World) -> None:
        party = await history(world)
        deferred = [
            each for each in await totals(world, party.tenant_id) if not each.account.strict
        ]
        assert deferred
        for total in deferred:
            assert total.entries > 0
            assert (total.stored_debits, total.stored_version) == (None, None)

    async def test_clearing_differs_by_what_is_on_its_way_and_then_by_nothing(
        self, world: World
    ) -> None:
        party = await world.party()
        settled = await world.trade(party)
        assert await on_its_way(world, party.tenant_id) == await difference(world, party.tenant_id)
        assert (await on_its_way(world, party.tenant_id))[USDT.code] != 0
        await world.mirror(party.tenant_id, settled.transaction.id)
        assert await on_its_way(world, party.tenant_id) == await difference(world, party.tenant_id)
        await mirror_all(world, party.tenant_id)
        assert await on_its_way(world, party.tenant_id) == {}
        assert await difference(world, party.tenant_id) == {}

    async def test_what_was_verified_is_not_read_again_and_counts_all_the_same(
        self, world: World
    ) -> None:
        party = await history(world)
        everything = await totals(world, party.tenant_id, full=True)
        assert [each.entries_read for each in everything] == [each.entries for each in everything]
        await fold_by_now(world, party.tenant_id)
        mark = await mark_of(world, party.tenant_id)
        assert await world.ports.ledger_audit.remember(mark)
        again = await totals(world, party.tenant_id, full=False)
        assert sum(each.entries_read for each in again) == 0
        assert sums_of(again) == sums_of(everything)
        await world.trade(party)
        newly = await totals(world, party.tenant_id, full=False)
        grown = {each.account.id: each.entries for each in again}
        assert sum(each.entries_read for each in newly) > 0
        assert all(
            each.entries_read == each.entries - grown.get(each.account.id, 0) for each in newly
        )
        assert await findings(world, party.tenant_id, full=False) == []
        assert sums_of(newly) == sums_of(await totals(world, party.tenant_id, full=True))

    async def test_mark_goes_no_further_than_what_is_closed_and_folded(self, world: World) -> None:
        party = await world.party()
        before = await posted_at(world, party)
        await fold_by_now(world, party.tenant_id)
        after = await posted_at(world, party)
        assert await closed_after(world, after)
        mark = await mark_of(world, party.tenant_id)
        assert before < mark.booked_before <= after
        await fold_by_now(world, party.tenant_id)
        assert (await mark_of(world, party.tenant_id)).booked_before > after

    async def test_open_transaction_holds_the_mark_back(self, world: World) -> None:
        party = await world.party()
        await fold_by_now(world, party.tenant_id)
        clearing = await clearing_of(world, party)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            moving = world.moving(party.usdt, clearing, 1)
            await world.accept(tx, (Post(moving, world.now),))
            await closed_after(world, world.now)
            mark = await mark_of(world, party.tenant_id)
            await tx.commit()
        assert mark.booked_before <= await booked(world, party.tenant_id, moving.id)

    async def test_of_two_who_went_on_from_one_mark_the_first_is_remembered(
        self, world: World
    ) -> None:
        party = await history(world)
        await fold_by_now(world, party.tenant_id)
        audit = world.ports.ledger_audit
        assert await audit.remember(await mark_of(world, party.tenant_id))
        await world.trade(party)
        await fold_by_now(world, party.tenant_id)
        first = await mark_of(world, party.tenant_id, full=False)
        await fold_by_now(world, party.tenant_id)
        second = await mark_of(world, party.tenant_id, full=False)
        assert first.after == second.after
        assert await audit.remember(first)
        assert not await audit.remember(second)
        assert await findings(world, party.tenant_id, full=False) == []
        counted = await totals(world, party.tenant_id, full=False)
        assert sums_of(counted) == sums_of(await totals(world, party.tenant_id, full=True))

    async def test_full_reading_replaces_what_was_remembered(self, world: World) -> None:
        party = await history(world)
        await fold_by_now(world, party.tenant_id)
        for _ in range(2):
            mark = await mark_of(world, party.tenant_id)
            assert mark.after is None
            assert await world.ports.ledger_audit.remember(mark)
        counted = await totals(world, party.tenant_id, full=False)
        assert sums_of(counted) == sums_of(await totals(world, party.tenant_id, full=True))

    async def test_what_one_tenant_is_remembered_for_says_nothing_of_another(
        self, world: World
    ) -> None:
        party, other = await history(world), await history(world)
        await fold_by_now(world, party.tenant_id)
        assert await world.ports.ledger_audit.remember(await mark_of(world, party.tenant_id))
        read = [each.entries_read for each in await totals(world, other.tenant_id, full=False)]
        assert sum(read) > 0

    async def test_movement_that_the_house_will_never_hear_of_is_found(self, world: World) -> None:
        party = await world.party()
        clearing = await clearing_of(world, party)
        moving = world.moving(clearing, party.usdt, 5)
        forgotten = replace(moving, template="deposit_confirmed")
        await do(world, party, Post(forgotten, world.now))
        (found,) = await findings(world, party.tenant_id)
        assert found.check == "clearing_is_mirrored_once"


async def history(world: World) -> Party:
    """Two customers; trades both ways, one rejected, holds in every state; some mirrored."""
    party = await world.party()
    other = await world.party(party.tenant_id)
    bought = await world.trade(party)
    await world.trade(party, side=Side.SELL)
    execution = await world.execution(other)
    assert await reject(world, other, execution, rejected(world, execution))
    hold = hold_on(world, party, 60)
    await do(world, party, PlaceHold(hold))
    await do(world, party, capture(world, party, other, hold, 20))
    await world.mirror(party.tenant_id, bought.transaction.id)
    return party


async def mirror_all(world: World, tenant_id: TenantId) -> None:
    strict = [total for total in await totals(world, tenant_id) if total.account.strict]
    async with world.ports.uow.begin(tenant_id) as tx:
        posted = {
            line.entry.transaction_id
            for total in strict
            for line in await tx.history.statement(total.account.id, StatementRange(), limit=100)
        }
    await world.mirror(tenant_id, *posted)


async def findings(world: World, tenant_id: TenantId, *, full: bool = True) -> list[Finding]:
    async with world.ports.ledger_audit.snapshot(full=full) as snapshot:
        found = await snapshot.findings(limit=FINDINGS_MAX)
    return [each for each in found if each.tenant_id == tenant_id]


async def totals(world: World, tenant_id: TenantId, *, full: bool = True) -> list[AccountTotal]:
    async with world.ports.ledger_audit.snapshot(full=full) as snapshot:
        found = snapshot.account_totals()
        return [each async for each in found if each.tenant_id == tenant_id]


async def fold_by_now(world: World, tenant_id: TenantId) -> None:
    """All that is booked, and nothing of what will be."""
    world.pass_time()
    await fold_all(world, tenant_id)
    world.pass_time()


async def mark_of(world: World, tenant_id: TenantId, *, full: bool = True) -> VerifiedMark:
    async with world.ports.ledger_audit.snapshot(full=full) as snapshot:
        marks = {mark.tenant_id: mark for mark in await snapshot.marks()}
    return marks[tenant_id]


async def posted_at(world: World, party: Party) -> datetime:
    moving = world.moving(party.usdt, await clearing_of(world, party), 1)
    await do(world, party, Post(moving, world.now))
    return await booked(world, party.tenant_id, moving.id)


def sums_of(counted: list[AccountTotal]) -> list[tuple[AccountId, int, int, int]]:
    return [(each.account.id, each.debits, each.credits, each.entries) for each in counted]


async def on_its_way(world: World, tenant_id: TenantId) -> dict[AssetCode, int]:
    async with world.ports.ledger_audit.snapshot(full=True) as snapshot:
        open_mirrors = await snapshot.open_mirrors()
    return {asset: units for owner, asset, units in open_mirrors if owner == tenant_id}


async def difference(world: World, tenant_id: TenantId) -> dict[AssetCode, int]:
    """Both ends of the clearing added up, as credits minus debits, where it is not zero."""
    ends = [
        total
        for total in await totals(world, tenant_id)
        if total.account.key.code is AccountCode.HOUSE_CLEARING
    ]
    ends += [
        total
        for total in await totals(world, HOUSE_TENANT_ID)
        if total.account.key.owner == tenant_owner(tenant_id)
    ]
    sums: defaultdict[AssetCode, int] = defaultdict(int)
    for total in ends:
        sums[total.account.asset] += total.credits - total.debits
    return {asset: units for asset, units in sums.items() if units != 0}
