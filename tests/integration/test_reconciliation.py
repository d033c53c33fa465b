"""The LP's own list against our books, over real HTTP and a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import asyncpg
import pytest

from adapters.memory.clock import ManualClock
from application.errors import Overloaded
from application.orders.accept_quote import AcceptQuoteCommand
from application.reconciliation.lp_statement import Period
from application.reconciliation.reading import StatementIncomplete
from application.reconciliation.report import Report
from application.reconciliation.resolve_break import BreaksDoNotCancel, ResolveCommand
from application.reconciliation.run_reconciliation import PeriodInvalid, RunCommand
from domain.orders.order import Order, OrderStatus
from domain.reconciliation.breaks import (
    Break,
    BreakNotOpen,
    BreakState,
    Resolution,
)
from domain.reconciliation.findings import BreakType
from domain.reconciliation.gates import StatementNotContinuous
from domain.reconciliation.matching import MatchRule
from domain.shared.errors import Conflict
from domain.shared.ids import CustomerId, TenantId
from domain.shared.money import parse_units
from domain.shared.side import Side
from domain.tenants.operator import SecondOperatorRequired
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, quoted
from tests.integration.lp_vendor import Reconciled, a_vendor, open_reconciled
from tests.integration.stack import PRIMARY, request

# More than are made while the customer waits for an answer.
LOOKUPS = 60


@pytest.fixture
async def lab(database_18: Database) -> AsyncIterator[Reconciled]:
    async with open_reconciled(database_18) as opened:
        yield opened


class Customer:
    def __init__(self, lab: Reconciled, tenant_id: TenantId, customer_id: CustomerId) -> None:
        self.lab, self.tenant_id, self.customer_id = lab, tenant_id, customer_id

    async def trade(self, side: Side = Side.BUY, *, scenario: str | None = None) -> Order:
        stack = self.lab.stack
        quote = await quoted(stack, self.tenant_id, self.customer_id, side)
        command = AcceptQuoteCommand(
            tenant_id=self.tenant_id,
            request=request(None, str(quote.id)),
            quote_id=quote.id,
            scenario=scenario,
        )
        answer = await stack.accept_quote.execute(command)
        return answer.value

    async def resolve(self, order: Order) -> None:
        await self.lab.stack.make_due(order.id, self.tenant_id)
        await self.lab.stack.resolve_all()


async def a_customer(lab: Reconciled) -> Customer:
    tenant_id = await lab.stack.tenant()
    customer_id = await lab.stack.customer(tenant_id, usdt=1_000_000, btc=10)
    return Customer(lab, tenant_id, customer_id)


def shape(found: tuple[Break, ...]) -> list[tuple[str, str, int]]:
    return sorted((each.asset, each.type.value, each.units) for each in found)


def command(found: Break, operator: str = "operator-one") -> ResolveCommand:
    return ResolveCommand(break_id=found.id, operator=operator)


def gates(report: Report) -> list[tuple[int, int]]:
    positions = report.statement.positions
    return [(each.unexplained_by_lines, each.unexplained_by_books) for each in positions]


async def test_after_trades_nothing_is_open_and_every_gate_is_passed(lab: Reconciled) -> None:
    one, other = await a_customer(lab), await a_customer(lab)
    for side in (Side.BUY, Side.SELL):
        for customer in (one, other):
            assert (await customer.trade(side)).status is OrderStatus.FILLED
    await lab.stack.mirror_all()
    report = await lab.run()
    assert report.clean
    assert report.matched == {MatchRule.OTHER_SOURCE: 2, MatchRule.REFERENCE: 8}
    assert report.new_lines == 8
    assert [(each.asset, each.reported) for each in report.statement.positions] == [
        ("BTC", True),
        ("USDT", True),
    ]
    assert gates(report) == [(0, 0), (0, 0)]
    held = {each.asset: each.amount for each in await lab.provider.balances() or ()}
    for position in report.statement.positions:
        assert position.closing == parse_units(held[position.asset], scale=8)


async def test_second_run_reads_nothing_twice_and_opens_with_the_last_closing(
    lab: Reconciled,
) -> None:
    customer = await a_customer(lab)
    await customer.trade()
    await lab.stack.mirror_all()
    first = await lab.run()
    await customer.trade(Side.SELL)
    await lab.stack.mirror_all()
    second = await lab.run()
    third = await lab.run()
    assert (first.clean, second.clean, third.clean) == (True, True, True)
    assert (first.new_lines, second.new_lines, third.new_lines) == (2, 2, 0)
    for before, after in ((first, second), (second, third)):
        assert after.statement.since == before.statement.until
        assert [each.opening for each in after.statement.positions] == [
            each.closing for each in before.statement.positions
        ]


async def test_execution_that_our_books_know_nothing_of_is_missing_until_it_is_adjusted(
    lab: Reconciled,
) -> None:
    customer = await a_customer(lab)
    await customer.trade()
    await lab.stack.mirror_all()
    by_hand = await lab.trade_by_hand()
    report = await lab.run()
    assert not report.clean
    assert gates(report) == [(0, 0), (0, 0)]
    found = await lab.open_breaks()
    assert shape(found) == [
        ("BTC", "missing_internal", by_hand.base_units),
        ("USDT", "missing_internal", -by_hand.quote_units),
    ]
    assert {each.refs for each in found} == {(by_hand.lp_execution_id,)}
    for each in found:
        closed = (await lab.resolve.adjust(command(each))).value
        assert (closed.state, closed.resolution) == (BreakState.CLOSED, Resolution.ADJUSTMENT)
    assert (await lab.run()).clean
    verified = await lab.stack.verified()
    assert verified.passed, verified.findings


async def test_unknown_outcome_is_timing_until_it_is_resolved_and_then_ends_by_a_match(
    lab: Reconciled,
) -> None:
    customer = await a_customer(lab)
    await lab.control("POST", "faults", {"fault": "execute_timeout_after_commit"})
    order = await customer.trade()
    assert order.status is OrderStatus.PENDING
    report = await lab.run()
    found = await lab.open_breaks()
    assert {each.type for each in found} == {BreakType.TIMING}
    assert len(found) == 2
    assert gates(report) == [(0, 0), (0, 0)]
    await customer.resolve(order)
    # Filled in the tenant's books, and not yet in the house's.
    await lab.run()
    assert {each.detail for each in await lab.open_breaks()} == {
        "the house has not posted its mirror yet"
    }
    await lab.stack.mirror_all()
    after = await lab.run()
    assert after.clean
    assert after.closed == 2


async def test_execution_that_the_lp_has_not_finished_is_no_line_yet(lab: Reconciled) -> None:
    customer = await a_customer(lab)
    await lab.control("POST", "faults", {"fault": "execute_async_pending", "lookups": LOOKUPS})
    order = await customer.trade()
    assert order.status is OrderStatus.PENDING
    report = await lab.run()
    assert (report.new_lines, report.breaks) == (0, ())
    assert gates(report) == [(0, 0), (0, 0)]
    assert any(each.pending for each in report.statement.positions)
    assert report.statement.list_from < report.statement.until
    for _ in range(LOOKUPS):
        await customer.resolve(order)
    await lab.stack.mirror_all()
    after = await lab.run()
    assert (after.clean, after.new_lines) == (True, 2)


async def test_fill_that_the_lp_does_not_show_is_missing_there(lab: Reconciled) -> None:
    customer = await a_customer(lab)
    await customer.trade()
    await lab.stack.mirror_all()
    long_after = datetime.now(UTC) + timedelta(minutes=10)
    async with a_vendor(lab.stack) as (_, forgetful):
        lab.run_reconciliation._providers = {PRIMARY: forgetful}
        lab.run_reconciliation._clock = ManualClock(long_after)
        await lab.run_reconciliation.execute(
            RunCommand(source=PRIMARY, period=Period(until=long_after))
        )
    found = await lab.open_breaks()
    assert {each.type for each in found} == {BreakType.MISSING_EXTERNAL}
    assert len(found) == 2


async def test_balance_that_no_line_explains_is_a_break_until_it_agrees_again(
    lab: Reconciled,
) -> None:
    await lab.run()
    await lab.move_balance("USDT", "-3.5")
    report = await lab.run()
    assert shape(await lab.open_breaks()) == [("USDT", "amount", -350_000_000)]
    assert gates(report) == [(0, 0), (-350_000_000, -350_000_000)]
    await lab.move_balance("USDT", "1.5")
    await lab.run()
    assert shape(await lab.open_breaks()) == [("USDT", "amount", -200_000_000)]
    await lab.move_balance("USDT", "2")
    after = await lab.run()
    assert (after.breaks, after.closed) == ((), 1)


async def test_capital_is_explained_by_another_list_and_not_a_break(lab: Reconciled) -> None:
    await lab.run()
    await lab.pay_in("USDT", "1000")
    await lab.move_balance("USDT", "1000")
    report = await lab.run()
    assert report.clean
    assert report.matched == {MatchRule.OTHER_SOURCE: 1}


async def test_write_off_takes_two_operators(lab: Reconciled) -> None:
    await lab.run()
    await lab.move_balance("USDT", "-1")
    await lab.run()
    (found,) = await lab.open_breaks()
    await lab.resolve.propose(command(found, "operator-one"), reason="withdrawn by hand")
    with pytest.raises(SecondOperatorRequired):
        await lab.resolve.approve(command(found, "operator-one"))
    assert (await lab.open_breaks())[0].state is BreakState.PROPOSED
    closed = (await lab.resolve.approve(command(found, "operator-two"))).value
    assert closed.resolution is Resolution.WRITE_OFF
    assert (await lab.run()).clean
    assert (await lab.stack.verified()).passed
    with pytest.raises(BreakNotOpen):
        await lab.resolve.assign(found.id, "zola")


async def test_database_itself_refuses_a_write_off_of_one(lab: Reconciled) -> None:
    await lab.run()
    await lab.move_balance("USDT", "-1")
    await lab.run()
    (found,) = await lab.open_breaks()
    await lab.resolve.propose(command(found), reason="lost")
    closing = (
        "UPDATE recon_breaks SET state = 'closed', resolution = 'write_off', approved_by = $2, "
        "approved_at = now(), match_id = id, resolution_transaction = id WHERE id = $1"
    )
    async with lab.stack.ops.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "SELECT set_config('app.tenant_id', $1, true)", str(HOUSE_TENANT_ID)
        )
        for approved_by in ("operator-one", None):
            with pytest.raises(asyncpg.CheckViolationError, match=r"two_operators|breaks_check"):
                async with connection.transaction():
                    await connection.execute(closing, found.id, approved_by)
        await connection.execute(closing, found.id, "operator-two")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="closed break"):
            await connection.execute("UPDATE recon_breaks SET owner = 'x' WHERE id = $1", found.id)
        await transaction.rollback()


async def test_breaks_that_cancel_out_are_matched_with_each_other(lab: Reconciled) -> None:
    """Bought by hand and sold by hand at one price: what is left is the difference in USDT."""
    await lab.control("POST", "prices", {"instrument": "BTC-USDT", "bid": "50000", "ask": "50000"})
    await lab.trade_by_hand()
    await lab.trade_by_hand(Side.SELL)
    await lab.run()
    found = {(str(each.asset), each.units > 0): each for each in await lab.open_breaks()}
    assert len(found) == 4
    with pytest.raises(BreaksDoNotCancel):
        await lab.resolve.match(command(found["BTC", True]), [found["USDT", True].id])
    for asset in ("BTC", "USDT"):
        await lab.resolve.match(command(found[asset, True]), [found[asset, False].id])
    assert (await lab.run()).clean


async def test_two_runs_at_once_keep_one_of_them_whole(lab: Reconciled) -> None:
    customer = await a_customer(lab)
    await customer.trade()
    await lab.stack.mirror_all()
    both = await asyncio.gather(lab.run(), lab.run(), return_exceptions=True)
    reports = [each for each in both if isinstance(each, Report)]
    assert all(isinstance(each, Report | Conflict | Overloaded) for each in both), both
    assert sum(each.new_lines for each in reports) == 2
    assert (await lab.run()).clean


async def test_list_that_cannot_be_read_keeps_nothing(lab: Reconciled) -> None:
    await lab.control("POST", "faults", {"fault": "lookup_5xx", "count": 20})
    with pytest.raises(StatementIncomplete):
        await lab.run()
    async with lab.stack.ops_uow.begin(HOUSE_TENANT_ID) as tx:
        assert await tx.reconciliation.sources() == ()


async def test_period_that_was_stated_already_is_refused(lab: Reconciled) -> None:
    report = await lab.run()
    earlier = Period(until=report.statement.until - timedelta(seconds=1))
    with pytest.raises(StatementNotContinuous):
        await lab.run_reconciliation.execute(RunCommand(source=PRIMARY, period=earlier))


async def test_trades_while_it_runs_are_left_to_the_next_run(lab: Reconciled) -> None:
    customer = await a_customer(lab)

    async def trades() -> None:
        for side in (Side.BUY, Side.SELL) * 4:
            quote = await quoted(lab.stack, customer.tenant_id, customer.customer_id, side)
            await accepted(lab.stack, customer.tenant_id, quote)
            await lab.stack.mirror_all()

    async def runs() -> list[Report]:
        return [await lab.run() for _ in range(4)]

    _, reports = await asyncio.gather(trades(), runs())
    kinds = {each.type for report in reports for each in report.breaks}
    assert kinds <= {BreakType.TIMING}
    assert all(gates_agree(report) for report in reports)
    await lab.stack.mirror_all()
    after = await lab.run()
    assert after.clean
    assert sum(each.new_lines for each in (*reports, after)) == 16


def gates_agree(report: Report) -> bool:
    return all(each.unexplained_by_books == 0 for each in report.statement.positions)


async def test_database_itself_refuses_a_match_whose_sides_differ_and_a_second_match(
    lab: Reconciled,
) -> None:
    await lab.trade_by_hand()
    await lab.run()
    line_id = (await lab.open_breaks())[0].line_id
    insert = (
        "INSERT INTO recon_matches (tenant_id, match_id, position, rule, source, asset, line_id, "
        "units, created_at) SELECT tenant_id, $2, 0, $3, source, asset, id, units, now() "
        "FROM recon_lines WHERE id = $1"
    )
    async with lab.stack.ops.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT set_config('app.tenant_id', $1, true)", str(HOUSE_TENANT_ID)
        )
        with pytest.raises(asyncpg.CheckViolationError, match="differ"):
            async with connection.transaction():
                await connection.execute(insert, line_id, lab.stack.ids.new(), "reference")
        await connection.execute(insert, line_id, lab.stack.ids.new(), "balance")
        with pytest.raises(asyncpg.UniqueViolationError, match="recon_matches_line_key"):
            async with connection.transaction():
                await connection.execute(insert, line_id, lab.stack.ids.new(), "balance")
        for change in ("UPDATE recon_lines SET units = 1", "DELETE FROM recon_matches"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute(change)


async def test_period_that_is_still_to_come_is_refused_and_keeps_nothing(lab: Reconciled) -> None:
    later = lab.stack.clock.now() + timedelta(minutes=1)
    for period in (Period(until=later), Period(since=later)):
        with pytest.raises(PeriodInvalid):
            await lab.run_reconciliation.execute(RunCommand(source=PRIMARY, period=period))
    assert (await lab.run()).clean


async def test_runs_of_one_source_at_once_are_made_one_after_the_other(lab: Reconciled) -> None:
    await lab.run()
    reports = await asyncio.gather(lab.run(), lab.run(), lab.run())
    periods = sorted((each.statement.since, each.statement.until) for each in reports)
    assert all(one[1] == other[0] for one, other in pairwise(periods))
