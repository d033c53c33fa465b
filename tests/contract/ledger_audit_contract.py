"""In a healthy history the audit finds nothing, and all sums come out at zero."""

from collections import defaultdict

from msgspec.structs import replace

from application.ports.ledger_history import StatementRange
from application.ports.verification import AccountTotal, Finding
from domain.ledger.account import tenant_owner
from domain.ledger.chart import AccountCode
from domain.ledger.commands import PlaceHold, Post
from domain.shared.ids import TenantId
from domain.shared.money import AssetCode
from domain.shared.side import Side
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.contract.holds_contract import capture, do, hold_on
from tests.contract.journal_contract import clearing_of
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
