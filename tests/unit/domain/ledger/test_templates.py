"""Deposits, transfers, fees, capital, reversals, and the instructions the house follows."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given

from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.ledger.entry import HoldCapture, JournalTransaction, TransactionInvalid
from domain.ledger.templates import (
    CapitalAccounts,
    DepositAccounts,
    DepositMirror,
    FactMirror,
    FeeAccounts,
    HouseDepositAccounts,
    HouseTradeAccounts,
    MirrorInstruction,
    ReconciliationAccounts,
    ReportedFill,
    TradeAmounts,
    TradeMirror,
    TransferAccounts,
    capital_paid_in,
    deposit_confirmed,
    deposit_instruction,
    deposit_mirror,
    fee_charged,
    mirror_keys,
    mirror_transaction,
    reconciliation_adjustment,
    resolve,
    reversal,
    trade_instruction,
    trade_mirror,
    transfer,
)
from domain.shared.money import UNITS_LIMIT, AmountInvalid
from domain.shared.side import Side
from tests.unit.domain.ledger.books import USDT, hold_id
from tests.unit.domain.ledger.trades import (
    HEADER,
    HOUSE_HEADER,
    HOUSE_KEYS,
    MIRROR_OF,
    a_trade,
    ids_of,
    reports,
    trades,
    units_by,
)

TENANT = "ten_00000000000000000000000007"
DEPOSIT_KEYS = DepositAccounts.keys(customer="cus_1", asset=USDT)
HOUSE_DEPOSIT_KEYS = HouseDepositAccounts.keys(tenant=TENANT, asset=USDT)
TRANSFER_KEYS = TransferAccounts.keys(payer="cus_1", payee="cus_2", asset=USDT)
FEE_KEYS = FeeAccounts.keys(customer="cus_1", asset=USDT)
CAPITAL_KEYS = CapitalAccounts.keys(lp="alpha", asset=USDT)


def deposited(units: int) -> JournalTransaction:
    accounts = resolve(DepositAccounts, DEPOSIT_KEYS, ids_of(DEPOSIT_KEYS.values()))
    return deposit_confirmed(HEADER, USDT, units, accounts)


def deposit_mirrored(units: int) -> JournalTransaction:
    accounts = resolve(
        HouseDepositAccounts, HOUSE_DEPOSIT_KEYS, ids_of(HOUSE_DEPOSIT_KEYS.values())
    )
    return deposit_mirror(HOUSE_HEADER, USDT, units, accounts, mirror_of=MIRROR_OF)


def transferred(units: int) -> JournalTransaction:
    accounts = resolve(TransferAccounts, TRANSFER_KEYS, ids_of(TRANSFER_KEYS.values()))
    return transfer(HEADER, USDT, units, accounts)


def charged(units: int) -> JournalTransaction:
    accounts = resolve(FeeAccounts, FEE_KEYS, ids_of(FEE_KEYS.values()))
    return fee_charged(HEADER, USDT, units, accounts)


def paid_in(units: int) -> JournalTransaction:
    accounts = resolve(CapitalAccounts, CAPITAL_KEYS, ids_of(CAPITAL_KEYS.values()))
    return capital_paid_in(HEADER, USDT, units, accounts)


def test_deposit_meets_its_mirror_in_the_clearing_accounts() -> None:
    tenant = units_by(deposited(500), ids_of(DEPOSIT_KEYS.values()))
    house = units_by(deposit_mirrored(500), ids_of(HOUSE_DEPOSIT_KEYS.values()))
    assert tenant == {"house_clearing:USDT": -500, "customer:USDT": 500}
    assert house == {"custody:USDT": -500, "tenant_clearing:USDT": 500}


def test_transfer_moves_from_payer_to_payee() -> None:
    payer, payee = transferred(500).entries
    assert (payer.units, payee.units) == (-500, 500)


def test_transfer_out_of_a_hold_ends_it() -> None:
    accounts = resolve(TransferAccounts, TRANSFER_KEYS, ids_of(TRANSFER_KEYS.values()))
    transaction = transfer(HEADER, USDT, 500, accounts, hold_id=hold_id(1))
    assert transaction.captures == (HoldCapture(hold_id(1), 500, final=True),)


def test_transfer_to_oneself_is_refused() -> None:
    keys = TransferAccounts.keys(payer="cus_1", payee="cus_1", asset=USDT)
    with pytest.raises(TransactionInvalid):
        transfer(HEADER, USDT, 5, resolve(TransferAccounts, keys, ids_of(set(keys.values()))))


def test_fee_and_capital_are_credited_to_their_accounts() -> None:
    assert units_by(charged(5), ids_of(FEE_KEYS.values())) == {
        "customer:USDT": -5,
        "fee_revenue:USDT": 5,
    }
    assert units_by(paid_in(5), ids_of(CAPITAL_KEYS.values())) == {
        "lp_inventory:USDT": -5,
        "capital:USDT": 5,
    }


@pytest.mark.parametrize("build", [deposited, deposit_mirrored, transferred, charged, paid_in])
@pytest.mark.parametrize("units", [0, -5])
def test_amount_that_would_turn_the_fact_around_is_refused(
    build: Callable[[int], JournalTransaction], units: int
) -> None:
    with pytest.raises(AmountInvalid):
        build(units)


def test_reversal_turns_every_sign_and_names_what_it_reverses() -> None:
    original = transferred(500)
    turned = reversal(HOUSE_HEADER, original)
    assert turned.reverses == original.id
    assert [entry.units for entry in turned.entries] == [500, -500]
    assert turned.captures == ()


@given(amounts=trades(), reported=reports)
def test_trade_instruction_survives_json_and_posts_the_same(
    amounts: TradeAmounts, reported: ReportedFill
) -> None:
    told = trade_instruction(HOUSE_HEADER, amounts, reported, mirror_of=MIRROR_OF)
    read: FactMirror = msgspec.json.decode(msgspec.json.encode(told), type=FactMirror)
    assert read == told
    ids = ids_of(mirror_keys(read))
    expected = trade_mirror(
        HOUSE_HEADER,
        amounts,
        reported,
        resolve(HouseTradeAccounts, HOUSE_KEYS, ids),
        mirror_of=MIRROR_OF,
    )
    assert mirror_transaction(read, ids) == expected


def test_deposit_instruction_survives_json_and_posts_the_same() -> None:
    units = UNITS_LIMIT - 1
    told = deposit_instruction(HOUSE_HEADER, USDT, units, mirror_of=MIRROR_OF)
    read: FactMirror = msgspec.json.decode(msgspec.json.encode(told), type=FactMirror)
    assert mirror_transaction(read, ids_of(mirror_keys(read))) == deposit_mirrored(units)


@pytest.mark.parametrize("text", ["1.5", "01", "-0x1", "", "5\\n", "1" * 31])
def test_instruction_with_another_notation_does_not_decode(text: str) -> None:
    told = deposit_instruction(HOUSE_HEADER, USDT, 5, mirror_of=MIRROR_OF)
    encoded = msgspec.json.encode(told).replace(b'"5"', f'"{text}"'.encode())
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(encoded, type=DepositMirror)


def test_instruction_is_told_by_its_tag() -> None:
    told = trade_instruction(
        HOUSE_HEADER,
        a_trade(Side.BUY),
        ReportedFill(lp="alpha", base_units=50, quote_units=2_500_000),
        mirror_of=MIRROR_OF,
    )
    encoded = msgspec.json.encode(told)
    assert b'"fact":"trade.v1"' in encoded
    assert b'"lp_units":"2500000"' in encoded
    assert isinstance(msgspec.json.decode(encoded, type=MirrorInstruction), TradeMirror)


def test_house_accounts_of_a_mirror_belong_to_the_tenant_it_answers() -> None:
    told = deposit_instruction(HOUSE_HEADER, USDT, 5, mirror_of=MIRROR_OF)
    owners = {key.owner for key in mirror_keys(told) if key.owner is not None}
    assert owners == {TENANT}
    assert isinstance(mirror_keys(told)[0], AccountKey)


@pytest.mark.parametrize("written_off", [False, True])
@pytest.mark.parametrize("units", [-3, 3])
def test_what_a_reconciliation_found_is_put_right_and_named_elsewhere(
    units: int, written_off: bool
) -> None:
    inventory = AccountKey(AccountCode.LP_INVENTORY, USDT, "alpha")
    keys = ReconciliationAccounts.keys(inventory, written_off=written_off)
    accounts = resolve(ReconciliationAccounts, keys, ids_of(keys.values()))
    posted = reconciliation_adjustment(HEADER, USDT, units, accounts, written_off=written_off)
    # Debits are negative, and an asset grows by them.
    assert [(entry.account_id, entry.units) for entry in posted.entries] == [
        (accounts.reconciled, -units),
        (accounts.counterpart, units),
    ]


def test_nothing_found_is_nothing_to_adjust() -> None:
    keys = ReconciliationAccounts.keys(AccountKey(AccountCode.CUSTODY, USDT), written_off=False)
    accounts = resolve(ReconciliationAccounts, keys, ids_of(keys.values()))
    with pytest.raises(AmountInvalid):
        reconciliation_adjustment(HEADER, USDT, 0, accounts, written_off=False)
