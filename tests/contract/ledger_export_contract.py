"""An export is whole, of one moment, and adds up to our balances in programs that are not ours."""

from collections import Counter
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal, localcontext
from itertools import groupby
from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from application.ledger.export_ledger import ExportFormat, ExportLedger, ExportLedgerCommand
from application.ports.export import ExportedTransaction, ExportScope
from application.ports.intents import IntentKind
from domain.ledger.account import customer_owner
from domain.ledger.account_name import full_name
from domain.ledger.commands import PlaceHold, Post
from domain.ledger.entry import JournalTransaction, MirrorOf
from domain.ledger.templates import (
    CapitalAccounts,
    DepositAccounts,
    FeeAccounts,
    NetworkFeeAccounts,
    WithdrawalAccounts,
    WithdrawalAmounts,
    capital_paid_in,
    fee_charged,
    network_fee_paid,
    resolve,
    reversal,
    withdrawal_instruction,
    withdrawal_return_instruction,
    withdrawal_returned,
    withdrawal_sent,
)
from domain.shared.ids import TenantId
from domain.shared.side import Side
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.contract.holds_contract import hold_on
from tests.contract.ledger_audit_contract import findings, mirror_all, totals
from tests.contract.world import BTC, USDT, Party, World
from tests.fixtures.book_readers import DIGITS, READERS, Balances

SEEDS = (1, 2)
STEPS = 25
DAY = timedelta(days=1)


class LedgerExportContract:
    async def test_every_transaction_comes_once_in_order_with_its_accounts(
        self, world: World
    ) -> None:
        party = await world.party()
        settled = await world.trade(party)
        found = await exported(world, ExportScope(tenant_id=party.tenant_id))
        ids = [each.posted.transaction.id for each in found]
        assert ids == sorted(ids)
        assert len(ids) == len(set(ids)) == 3
        async with world.ports.uow.begin(party.tenant_id) as tx:
            for each in found:
                assert each.posted == await tx.journal.transaction(each.posted.transaction.id)
                for entry, account in zip(each.posted.entries, each.accounts, strict=True):
                    view = await tx.accounts.get(entry.account_id)
                    assert account == view.account
        assert settled.transaction.id == ids[-1]

    async def test_scope_is_one_tenant_and_nobody_else(self, world: World) -> None:
        party, other = await world.party(), await world.party()
        scope = ExportScope(tenant_id=party.tenant_id)
        found = await exported(world, scope)
        assert {each.tenant_id for each in found} == {party.tenant_id}
        async with world.ports.ledger_export.snapshot() as snapshot:
            accounts = [each async for each in snapshot.accounts(scope)]
        assert {each.tenant_id for each in accounts} == {party.tenant_id}
        everything = {each.tenant_id for each in await exported(world, ExportScope())}
        assert {party.tenant_id, other.tenant_id} <= everything

    async def test_days_are_effective_ones_and_both_are_included(self, world: World) -> None:
        party = await world.party(usdt_units=1_000)
        other = await world.party(party.tenant_id)
        today = world.now.date()
        days = [today + DAY * ahead for ahead in (10, 11, 12, 13)]
        for day in days:
            moving = replace(world.moving(party.usdt, other.usdt, 1), effective_on=day)
            await post(world, party.tenant_id, moving)
        scope = ExportScope(tenant_id=party.tenant_id, effective_from=days[1], effective_to=days[2])
        found = await exported(world, scope)
        assert [each.posted.transaction.effective_on for each in found] == days[1:3]

    async def test_accounts_of_one_owner_and_code_follow_one_another(self, world: World) -> None:
        party = await world.party()
        await world.party(party.tenant_id)
        await world.trade(party)
        async with world.ports.ledger_export.snapshot() as snapshot:
            scope = ExportScope(tenant_id=party.tenant_id)
            keys = [each.account.key async for each in snapshot.accounts(scope)]
        runs = [place for place, _ in groupby((key.owner, key.code) for key in keys)]
        assert len(keys) == len(set(keys)) == 8
        assert len(runs) == len(set(runs)) == 5

    async def test_what_is_posted_meanwhile_is_not_in_it(self, world: World) -> None:
        party = await world.party()
        await world.trade(party)
        scope = ExportScope(tenant_id=party.tenant_id)
        async with world.ports.ledger_export.snapshot() as snapshot:
            first = [each async for each in snapshot.transactions(scope)]
            accounts = [each async for each in snapshot.accounts(scope)]
            newcomer = await world.party(party.tenant_id)
            await world.trade(newcomer)
            assert [each async for each in snapshot.transactions(scope)] == first
            assert [each async for each in snapshot.accounts(scope)] == accounts
        assert len(await exported(world, scope)) > len(first)

    async def test_books_without_a_posting_are_empty(self, world: World) -> None:
        assert await exported(world, ExportScope(tenant_id=await world.tenant())) == []

    @pytest.mark.parametrize("reader", READERS)
    @pytest.mark.parametrize("seed", SEEDS)
    async def test_every_balance_is_what_another_program_makes_of_it(
        self, world: World, seed: int, reader: str
    ) -> None:
        party = await history(world, Random(seed))
        assert await findings(world, party.tenant_id) == []
        for tenant_id in (party.tenant_id, HOUSE_TENANT_ID):
            journal = await text_of(world, ExportFormat.HLEDGER, tenant_id)
            ours = await our_balances(world, tenant_id)
            assert READERS[reader](journal) == ours
            assert len(ours) > 4

    async def test_rows_and_lines_tell_the_same_as_the_journal(self, world: World) -> None:
        party = await history(world, Random(SEEDS[0]))
        lines = (await text_of(world, ExportFormat.JSONL, party.tenant_id)).splitlines()
        found = await exported(world, ExportScope(tenant_id=party.tenant_id))
        assert len(lines) == len(found)
        from_lines: Counter[tuple[str, str]] = Counter()
        for line in lines:
            for entry in msgspec.json.decode(line)["entries"]:
                from_lines[entry["account"], entry["asset"]] -= units(entry["amount"])
        rows = (await text_of(world, ExportFormat.CSV, party.tenant_id)).splitlines()[1:]
        from_rows: Counter[tuple[str, str]] = Counter()
        for row in rows:
            account, asset, amount = row.split(",")[-3:]
            from_rows[account, asset] -= units(amount)
        ours = await our_balances(world, party.tenant_id)
        expected = {place: int(amount.scaleb(USDT.scale)) for place, amount in ours.items()}
        assert {k: v for k, v in from_lines.items() if v} == expected
        assert {k: v for k, v in from_rows.items() if v} == expected


async def history(world: World, random: Random) -> Party:
    """Deposits, withdrawals, trades, transfers, fees, capital and reversals, in any order."""
    one = await world.party()
    other = await world.party(one.tenant_id)
    assert USDT.scale == BTC.scale
    posted: list[JournalTransaction] = []
    for _ in range(STEPS):
        payer, payee = random.sample((one, other), 2)
        amount = random.randint(1, 10**9)
        match random.randrange(8):
            case 0:
                await world.deposit(payer, random.choice((USDT, BTC)), amount)
            case 1:
                await world.trade(payer, side=random.choice((Side.BUY, Side.SELL)))
            case 2 | 3:
                posted.append(world.moving(payer.usdt, payee.usdt, amount))
                await post(world, one.tenant_id, posted[-1])
            case 4:
                await withdraw(world, payer, amount)
            case 5:
                posted.append(await charge(world, payer, amount))
            case 6 if posted:
                original = posted.pop(random.randrange(len(posted)))
                await post(world, one.tenant_id, reversal(world.header(), original))
            case _:
                await pay_in(world, amount)
    await mirror_all(world, one.tenant_id)
    await post(world, one.tenant_id, reversal(world.header(), await charge(world, one, 1)))
    return one


async def charge(world: World, party: Party, amount: int) -> JournalTransaction:
    keys = FeeAccounts.keys(customer=customer_owner(party.customer.id), asset=USDT.code)
    async with world.ports.uow.begin(party.tenant_id) as tx:
        accounts = resolve(FeeAccounts, keys, await tx.accounts.resolve(keys.values()))
        charged = fee_charged(world.header(), USDT.code, amount, accounts)
        await world.accept(tx, (Post(charged, world.now),))
        await tx.commit()
    return charged


async def withdraw(world: World, party: Party, amount: int) -> None:
    """Held, sent and sent back, both mirrored; the network takes its fee in another asset."""
    amounts = WithdrawalAmounts(
        asset=USDT.code, units=amount, network_fee_units=amount % 7, fee_units=amount % 3
    )
    owner = customer_owner(party.customer.id)
    hold = hold_on(world, party, amounts.total_units)
    sent_keys = WithdrawalAccounts.keys(customer=owner, asset=USDT.code)
    back_keys = DepositAccounts.keys(customer=owner, asset=USDT.code)
    async with world.ports.uow.begin(party.tenant_id) as tx:
        ids = await tx.accounts.resolve((*sent_keys.values(), *back_keys.values()))
        sent = withdrawal_sent(
            world.header(), amounts, resolve(WithdrawalAccounts, sent_keys, ids), hold_id=hold.id
        )
        back = withdrawal_returned(
            world.header(), USDT.code, amount, resolve(DepositAccounts, back_keys, ids)
        )
        await world.accept(tx, (PlaceHold(hold), Post(sent, world.now), Post(back, world.now)))
        for told in (
            withdrawal_instruction(
                world.header(), amounts, mirror_of=MirrorOf(party.tenant_id, sent.id)
            ),
            withdrawal_return_instruction(
                world.header(), USDT.code, amount, mirror_of=MirrorOf(party.tenant_id, back.id)
            ),
        ):
            subject = told.mirror_of.transaction_id
            await tx.intents.add(IntentKind.MIRROR, subject, payload=msgspec.json.encode(told))
        await tx.commit()
    keys = NetworkFeeAccounts.keys(asset=BTC.code)
    async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
        accounts = resolve(NetworkFeeAccounts, keys, await tx.accounts.resolve(keys.values()))
        paid = network_fee_paid(world.header(), BTC.code, amount, accounts)
        await world.accept(tx, (Post(paid, world.now),))
        await tx.commit()


async def pay_in(world: World, amount: int) -> None:
    keys = CapitalAccounts.keys(lp="sandbox_a", asset=USDT.code)
    async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
        accounts = resolve(CapitalAccounts, keys, await tx.accounts.resolve(keys.values()))
        paid = capital_paid_in(world.header(), USDT.code, amount, accounts)
        await world.accept(tx, (Post(paid, world.now),))
        await tx.commit()


async def post(world: World, tenant_id: TenantId, transaction: JournalTransaction) -> None:
    async with world.ports.uow.begin(tenant_id) as tx:
        await world.accept(tx, (Post(transaction, world.now),))
        await tx.commit()


async def exported(world: World, scope: ExportScope) -> list[ExportedTransaction]:
    async with world.ports.ledger_export.snapshot() as snapshot:
        return [each async for each in snapshot.transactions(scope)]


async def text_of(world: World, format_: ExportFormat, tenant_id: TenantId) -> str:
    export = ExportLedger(export=world.ports.ledger_export, uow=world.ports.uow)
    command = ExportLedgerCommand(format=format_, tenant_id=tenant_id)
    async with aclosing(export.execute(command)) as text:
        return "".join([part async for part in text])


async def our_balances(world: World, tenant_id: TenantId) -> Balances:
    """As the audit adds them up, debits positive."""
    with localcontext(prec=DIGITS):
        return {
            (full_name(tenant_id, total.account), total.account.asset): Decimal(
                total.debits - total.credits
            ).scaleb(-USDT.scale)
            for total in await totals(world, tenant_id)
            if total.debits != total.credits
        }


def units(amount: str) -> int:
    return int(Decimal(amount).scaleb(USDT.scale))
