"""What reconciliation keeps, and what it reads. Played in a tenant's own books: every tenant may
have sources, and the tests of one then see nothing of another.
"""

import hashlib
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from application.errors import VersionConflict
from application.ports.reconciliation import (
    BreakFilter,
    MatchRecord,
    SourceExists,
    Statement,
    StatementExists,
)
from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Post
from domain.ledger.entry import Entry, JournalTransaction
from domain.liquidity.quote import LpName
from domain.reconciliation import breaks
from domain.reconciliation.breaks import Break, BreakState
from domain.reconciliation.findings import BreakType, Finding
from domain.reconciliation.gates import Position
from domain.reconciliation.matching import MatchRule
from domain.reconciliation.sides import Item, ItemKey, Line
from domain.reconciliation.source import Source, SourceKind
from domain.shared.errors import NotFound
from domain.shared.ids import (
    AccountId,
    BreakId,
    LineId,
    MatchId,
    StatementId,
    TenantId,
    TransactionId,
)
from tests.contract.history_contract import fold_all
from tests.contract.world import BTC, USDT, World

HUGE = 10**29
LP = LpName("sandbox_a")
SOURCE = Source(
    name=LP,
    kind=SourceKind.LP_EXECUTIONS,
    account_code=AccountCode.LP_INVENTORY,
    account_owner=LP,
)


def new_line(world: World, ref: str = "e1", units: int = -HUGE) -> Line:
    return Line(
        id=LineId(world.id()),
        ref=ref,
        asset=USDT.code,
        units=units,
        value_on=date(2026, 3, 2),
        batch_ref="b",
        other_ref="q",
    )


def new_item(world: World, units: int = 5) -> Item:
    return Item(
        key=ItemKey(AccountId(world.id()), TransactionId(world.id())),
        asset=USDT.code,
        units=units,
        refs=("e1", "ord_1"),
        booked_at=world.now,
        batch_ref="b",
    )


def new_statement(world: World, source: str = LP, *, hours: int = 0) -> Statement:
    now = world.now + timedelta(hours=hours)
    statement_id = StatementId(world.id())
    position = Position(
        asset=USDT.code,
        opening=-HUGE,
        lines=HUGE,
        other=1,
        closing=4,
        reported=False,
        pending=-2,
        opening_pending=-3,
        ledger=HUGE,
        breaks=-HUGE,
    )
    return Statement(
        id=statement_id,
        source=source,
        since=now - timedelta(hours=1),
        until=now,
        list_from=now - timedelta(hours=2),
        digest=hashlib.sha256(statement_id.bytes).digest(),
        positions=(replace(position, asset=BTC.code), position),
        created_at=now,
    )


def new_break(
    world: World, *, line: Line | None = None, item: Item | None = None, units: int = 3
) -> Break:
    finding = Finding(
        type=BreakType.AMOUNT, asset=USDT.code, units=units, line=line, item=item, detail="differs"
    )
    return breaks.opened(finding, break_id=BreakId(world.id()), source=LP, at=world.now)


def new_match(world: World, line: Line, item: Item) -> MatchRecord:
    return MatchRecord(
        id=MatchId(world.id()),
        rule=MatchRule.REFERENCE,
        source=LP,
        statement_id=None,
        asset=line.asset,
        lines=((line.id, line.units),),
        items=((item.key, item.units),),
        made_by="operator-one",
        created_at=world.now,
    )


async def sourced(world: World, tenant_id: TenantId | None = None) -> TenantId:
    tenant_id = tenant_id or await world.tenant()
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.reconciliation.add_source(SOURCE)
        await tx.commit()
    return tenant_id


async def stated(world: World, tenant_id: TenantId, *lines: Line, hours: int = 0) -> Statement:
    statement = new_statement(world, hours=hours)
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.reconciliation.lock(LP)
        await tx.reconciliation.add_statement(statement, lines)
        await tx.commit()
    return statement


class ReconciliationContract:
    async def test_source_is_added_once_under_its_name_and_for_its_account(
        self, world: World
    ) -> None:
        tenant_id = await sourced(world, await sourced(world))
        custody = Source(name="bank", kind=SourceKind.CSV, account_code=AccountCode.CUSTODY)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.reconciliation.add_source(custody)
            assert await tx.reconciliation.sources() == (custody, SOURCE)
            for other in (replace(SOURCE, name="other"), replace(custody, name=LP)):
                with pytest.raises(SourceExists):
                    await tx.reconciliation.add_source(other)

    async def test_source_that_nobody_added_cannot_be_locked(self, world: World) -> None:
        async with world.ports.uow.begin(await world.tenant()) as tx:
            with pytest.raises(NotFound):
                await tx.reconciliation.lock(LP)

    async def test_statement_is_kept_whole_and_the_last_one_is_found(self, world: World) -> None:
        tenant_id = await sourced(world)
        first = await stated(world, tenant_id)
        second = await stated(world, tenant_id, hours=5)
        async with world.ports.uow.begin(tenant_id) as tx:
            kept = tx.reconciliation
            assert await kept.statement(first.id) == first
            assert await kept.last_statement(LP) == second
            assert await kept.last_statement("other") is None
            assert await kept.page_statements(LP, before=None, limit=1) == (second,)
            assert await kept.page_statements(None, before=second.id, limit=9) == (first,)
            assert await kept.page_statements("other", before=None, limit=9) == ()
            with pytest.raises(NotFound):
                await kept.statement(StatementId(world.id()))

    async def test_same_statement_is_refused_a_second_time(self, world: World) -> None:
        tenant_id = await sourced(world)
        first = await stated(world, tenant_id)
        again = replace(new_statement(world, hours=7), digest=first.digest)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.reconciliation.lock(LP)
            assert await tx.reconciliation.has_digest(LP, first.digest)
            assert not await tx.reconciliation.has_digest("bank", first.digest)
            with pytest.raises(StatementExists):
                await tx.reconciliation.add_statement(again, ())

    async def test_lines_are_kept_and_their_names_known(self, world: World) -> None:
        tenant_id = await sourced(world)
        one, same, other = new_line(world), new_line(world), new_line(world, "e2", 7)
        await stated(world, tenant_id, one, same, other)
        item = new_item(world, units=7)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.reconciliation.lock(LP)
            await tx.reconciliation.add_matches((new_match(world, other, item),))
            assert await tx.reconciliation.lines((other.id, one.id)) == (one, other)
            assert await tx.reconciliation.names(LP, ("e1", "e2", "e3")) == {
                (USDT.code, "e1"): False,
                (USDT.code, "e2"): True,
            }
            assert await tx.reconciliation.names("bank", ("e1",)) == {}
            strange = new_item(world).key
            assert await tx.reconciliation.finished((item.key, strange)) == {item.key}

    async def test_match_of_many_with_many_is_kept(self, world: World) -> None:
        tenant_id = await sourced(world)
        lines = (new_line(world, "a", HUGE), new_line(world, "b", -1))
        await stated(world, tenant_id, *lines)
        items = (new_item(world, -1), new_item(world, HUGE))
        match = replace(
            new_match(world, lines[0], items[0]),
            lines=tuple((each.id, each.units) for each in lines),
            items=tuple((each.key, each.units) for each in items),
        )
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.reconciliation.add_matches((match,))
            keys = {each.key for each in items}
            assert await tx.reconciliation.finished(keys) == keys

    async def test_break_is_read_as_it_was_written_in_every_state(self, world: World) -> None:
        tenant_id = await sourced(world)
        line, item = new_line(world), new_item(world)
        await stated(world, tenant_id, line)
        found = new_break(world, line=line, item=item, units=-HUGE)
        now = world.now
        proposed = breaks.proposed(found, by="maker", reason="lost", at=now)
        approved = breaks.approved(
            breaks.assigned(proposed, "zola", at=now),
            by="checker",
            transaction_id=TransactionId(world.id()),
            match_id=MatchId(world.id()),
            at=now,
        )
        steps = (proposed, breaks.assigned(proposed, "zola", at=now), approved)
        async with world.ports.uow.begin(tenant_id) as tx:
            kept = tx.reconciliation
            await kept.add_breaks((found,))
            assert await kept.get_break(found.id) == found
            for step in steps:
                await kept.update_breaks((step,))
                assert await kept.get_break(found.id) == step
            assert await kept.open_breaks(LP) == ()
            with pytest.raises(NotFound):
                await kept.get_break(BreakId(world.id()))

    async def test_break_that_changed_meanwhile_is_not_overwritten(self, world: World) -> None:
        tenant_id = await sourced(world)
        found = new_break(world)
        assigned = breaks.assigned(found, "zola", at=world.now)
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.reconciliation.add_breaks((found,))
            await tx.reconciliation.update_breaks((assigned,))
            with pytest.raises(VersionConflict):
                await tx.reconciliation.update_breaks((assigned,))

    async def test_breaks_are_listed_oldest_first_and_by_what_was_asked_for(
        self, world: World
    ) -> None:
        tenant_id = await sourced(world)
        item, balance = new_break(world, item=new_item(world)), new_break(world)
        closed = breaks.matched(balance, match_id=None, by=None, at=world.now)
        async with world.ports.uow.begin(tenant_id) as tx:
            kept = tx.reconciliation
            await kept.add_breaks((item, balance))
            for wanted, expected in (
                (BreakFilter(), (item, balance)),
                (BreakFilter(source=LP, state=BreakState.OPEN), (item, balance)),
                (BreakFilter(source="bank"), ()),
                (BreakFilter(type=BreakType.FEE), ()),
                (BreakFilter(state=BreakState.CLOSED), ()),
                (BreakFilter(first_on=item.value_on, last_on=item.value_on), (item, balance)),
                (BreakFilter(first_on=item.value_on + timedelta(days=1)), ()),
                (BreakFilter(last_on=item.value_on - timedelta(days=1)), ()),
            ):
                assert await kept.page_breaks(wanted, after=None, limit=9) == expected
            assert await kept.page_breaks(BreakFilter(), after=None, limit=1) == (item,)
            assert await kept.page_breaks(BreakFilter(), after=item.id, limit=9) == (balance,)
            await kept.update_breaks((closed,))
            assert await kept.open_breaks(LP) == (item,)
            closed_ones = BreakFilter(state=BreakState.CLOSED)
            assert await kept.page_breaks(closed_ones, after=None, limit=9) == (closed,)

    async def test_ledger_side_has_balances_and_the_entries_since_some_time(
        self, world: World
    ) -> None:
        tenant_id = await sourced(world)
        key, transaction = await posted(world, tenant_id, 40)
        async with world.ports.uow.begin(tenant_id) as tx:
            whole = await tx.reconciliation.ledger_side(SOURCE, since=None)
            (entry,) = whole.entries
            assert (entry.key, entry.units, entry.asset) == (key, 40, USDT.code)
            assert (entry.template, entry.reference) == ("capital_paid_in", "paid in")
            assert entry.mirror_of is None
            assert whole.balances == {USDT.code: 40}
            assert whole.accounts == {USDT.code: key.account_id}
            later = entry.booked_at + timedelta(microseconds=1)
            rest = await tx.reconciliation.ledger_side(SOURCE, since=later)
            assert (rest.entries, rest.balances) == ((), {USDT.code: 40})
            other = replace(SOURCE, name="other", account_owner="other")
            assert (await tx.reconciliation.ledger_side(other, since=None)).balances == {}
        assert transaction.id == key.transaction_id

    async def test_ledger_side_counts_what_is_folded_and_what_is_not_once_each(
        self, world: World
    ) -> None:
        tenant_id = await sourced(world)
        await posted(world, tenant_id, 40)
        await fold_all(world, tenant_id)
        await posted(world, tenant_id, 2)
        async with world.ports.uow.begin(tenant_id) as tx:
            side = await tx.reconciliation.ledger_side(SOURCE, since=None)
        assert sorted(entry.units for entry in side.entries) == [2, 40]
        assert side.balances == {USDT.code: 42}


class ExecutionTrailContract:
    async def test_fill_leads_from_its_order_to_the_execution(self, world: World) -> None:
        party = await world.party()
        settled = await world.trade(party)
        open_one = await world.execution(party)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            (found,) = await tx.execution_trail.of_orders((settled.order.id, open_one.order.id))
        assert (found.order_id, found.lp_execution_id) == (settled.order.id, "exec-1")
        assert found.transaction_id == settled.transaction.id
        assert (found.lp, found.lp_quote_id) == (LP, settled.execution.attempt.lp_quote_id)

    async def test_unfinished_is_what_waits_for_the_lp_or_for_the_house(self, world: World) -> None:
        party = await world.party()
        settled = await world.trade(party)
        open_one = await world.execution(party)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            before = await tx.execution_trail.unfinished(LP)
            assert await tx.execution_trail.unfinished(LpName("other")) == ()
        await world.mirror(party.tenant_id, settled.transaction.id)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            after = await tx.execution_trail.unfinished(LP)
        assert {each.order_id for each in before} == {settled.order.id, open_one.order.id}
        assert [each.order_id for each in after] == [open_one.order.id]
        assert after[0].lp_quote_id == open_one.attempt.lp_quote_id


async def posted(
    world: World, tenant_id: TenantId, units: int
) -> tuple[ItemKey, JournalTransaction]:
    """Capital on the LP's account, in whichever tenant's books."""
    keys = (
        AccountKey(AccountCode.LP_INVENTORY, USDT.code, LP),
        AccountKey(AccountCode.CAPITAL, USDT.code),
    )
    header = world.header(reference="paid in")
    async with world.ports.uow.begin(tenant_id) as tx:
        accounts = await tx.accounts.resolve(keys)
        inventory, capital = (accounts[key] for key in keys)
        transaction = JournalTransaction(
            id=header.transaction_id,
            template="capital_paid_in",
            reference=header.reference,
            effective_on=header.effective_on,
            entries=(Entry(inventory, USDT.code, -units), Entry(capital, USDT.code, units)),
        )
        await world.accept(tx, (Post(transaction, world.now),))
        await tx.commit()
    return ItemKey(inventory, transaction.id), transaction
