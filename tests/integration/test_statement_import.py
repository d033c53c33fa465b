"""A bank's file against what the house has in custody, on a real PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from application.ports.reconciliation import SourceExists, StatementExists
from application.reconciliation.report import Report
from application.reconciliation.resolve_break import ResolveCommand
from domain.ledger.chart import AccountCode
from domain.reconciliation.breaks import Resolution
from domain.reconciliation.findings import BreakType
from domain.reconciliation.gates import StatementUnbalanced
from domain.reconciliation.matching import MatchRule
from domain.reconciliation.source import Source, SourceKind
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.fixtures.postgres_servers import Database
from tests.integration.lp_vendor import Reconciled, open_reconciled
from tests.integration.stack import PRIMARY

HEAD = "record,asset,amount,date,reference,batch"
BANK = Source(name="bank", kind=SourceKind.CSV, account_code=AccountCode.CUSTODY)
TODAY = datetime.now(UTC).date()


@pytest.fixture
async def lab(database_18: Database) -> AsyncIterator[Reconciled]:
    async with open_reconciled(database_18) as opened:
        yield opened


def a_file(*lines: str, opening: str = "0", closing: str) -> bytes:
    rows = (HEAD, f"opening,USDT,{opening},{TODAY},,", *lines, f"closing,USDT,{closing},{TODAY},,")
    return "\n".join(rows).encode()


def a_line(amount: str, ref: str, batch: str = "") -> str:
    return f"line,USDT,{amount},{TODAY},{ref},{batch}"


async def deposit(lab: Reconciled, *amounts: int) -> None:
    """What the bank has and the house has booked, a customer for each."""
    tenant_id = await lab.stack.tenant("Bank's")
    for amount in amounts:
        await lab.stack.customer(tenant_id, usdt=amount)
    while await lab.stack.mirror_all():
        pass


async def load(lab: Reconciled, content: bytes) -> Report:
    return await lab.import_statement.execute(BANK, content)


async def test_amounts_without_our_reference_match_where_they_are_alone(lab: Reconciled) -> None:
    await deposit(lab, 100, 70, 70)
    lines = (a_line("100", "TX1"), a_line("70", "TX2"), a_line("70", "TX3"))
    report = await load(lab, a_file(*lines, closing="240"))
    assert report.matched == {MatchRule.AMOUNT_IN_WINDOW: 1}
    kinds = sorted(each.type for each in await lab.open_breaks("bank"))
    assert kinds == [BreakType.MISSING_EXTERNAL] * 2 + [BreakType.MISSING_INTERNAL] * 2
    assert [each.unexplained_by_books for each in report.statement.positions] == [0]


async def test_batch_that_adds_up_to_one_entry_is_matched(lab: Reconciled) -> None:
    await deposit(lab, 100)
    async with lab.stack.ops_uow.begin(HOUSE_TENANT_ID) as tx:
        (entry,) = (await tx.reconciliation.ledger_side(BANK, since=None)).entries
    batch = entry.reference
    lines = (a_line("60", "TX1", batch), a_line("40", "TX2", batch))
    report = await load(lab, a_file(*lines, closing="100"))
    assert report.clean
    assert report.matched == {MatchRule.BATCH: 1}


async def test_same_file_is_refused_and_changes_nothing(lab: Reconciled) -> None:
    await deposit(lab, 100)
    content = a_file(a_line("100", "TX1"), closing="100")
    assert (await load(lab, content)).clean
    with pytest.raises(StatementExists):
        await load(lab, content)
    async with lab.stack.ops_uow.begin(HOUSE_TENANT_ID) as tx:
        assert len(await tx.reconciliation.page_statements("bank", before=None, limit=9)) == 1


async def test_refused_file_leaves_not_even_its_source(lab: Reconciled) -> None:
    with pytest.raises(StatementUnbalanced):
        await load(lab, a_file(a_line("100", "TX1"), closing="99"))
    async with lab.stack.ops_uow.begin(HOUSE_TENANT_ID) as tx:
        assert await tx.reconciliation.sources() == ()


async def test_second_source_of_one_account_is_refused(lab: Reconciled) -> None:
    await load(lab, a_file(closing="0"))
    other = Source(name="other", kind=SourceKind.CSV, account_code=AccountCode.CUSTODY)
    with pytest.raises(SourceExists):
        await lab.import_statement.execute(other, a_file(closing="0"))


@pytest.mark.parametrize("name", ["a_file", PRIMARY])
async def test_file_does_not_take_the_place_of_an_lp_that_is_read_by_itself(
    lab: Reconciled, name: str
) -> None:
    source = Source(
        name=name,
        kind=SourceKind.CSV,
        account_code=AccountCode.LP_INVENTORY,
        account_owner=PRIMARY,
    )
    with pytest.raises(SourceExists):
        await lab.import_statement.execute(source, a_file(closing="0"))
    assert (await lab.run()).clean


async def test_operator_says_which_of_two_equal_amounts_it_was(lab: Reconciled) -> None:
    await deposit(lab, 70, 70)
    lines = (a_line("70", "TX2"), a_line("70", "TX3"))
    await load(lab, a_file(*lines, closing="140"))
    found = await lab.open_breaks("bank")
    theirs = [each for each in found if each.type is BreakType.MISSING_INTERNAL]
    ours = [each for each in found if each.type is BreakType.MISSING_EXTERNAL]
    for one, other in zip(theirs, ours, strict=True):
        command = ResolveCommand(break_id=one.id, operator="operator-one")
        closed = (await lab.resolve.match(command, [other.id])).value
        assert {each.resolution for each in closed} == {Resolution.MATCH}
        assert len({each.match_id for each in closed}) == 1
    assert await lab.open_breaks("bank") == ()


async def test_line_that_comes_a_second_time_is_a_duplicate(lab: Reconciled) -> None:
    await deposit(lab, 100)
    async with lab.stack.ops_uow.begin(HOUSE_TENANT_ID) as tx:
        (entry,) = (await tx.reconciliation.ledger_side(BANK, since=None)).entries
    lines = (a_line("100", entry.reference), a_line("100", entry.reference))
    report = await load(lab, a_file(*lines, closing="200"))
    assert report.matched == {MatchRule.REFERENCE_AND_AMOUNT: 1}
    (found,) = await lab.open_breaks("bank")
    assert (found.type, found.units) == (BreakType.DUPLICATE, 100 * 10**8)
