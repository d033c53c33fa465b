"""Money that leaves, the fees for sending it, and what comes back."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.chart import AccountCode
from domain.ledger.entry import HoldCapture, JournalTransaction
from domain.ledger.templates import (
    DepositAccounts,
    FactMirror,
    HouseDepositAccounts,
    HouseWithdrawalAccounts,
    NetworkFeeAccounts,
    WithdrawalAccounts,
    WithdrawalAmounts,
    WithdrawalAmountsInvalid,
    mirror_keys,
    mirror_transaction,
    network_fee_paid,
    resolve,
    withdrawal_instruction,
    withdrawal_mirror,
    withdrawal_return_instruction,
    withdrawal_return_mirror,
    withdrawal_returned,
    withdrawal_sent,
)
from domain.shared.money import UNITS_LIMIT, AmountInvalid
from tests.unit.domain.ledger.books import USDT, hold_id
from tests.unit.domain.ledger.trades import HEADER, HOUSE_HEADER, MIRROR_OF, ids_of, units_by

TENANT = "ten_00000000000000000000000007"
KEYS = WithdrawalAccounts.keys(customer="cus_1", asset=USDT)
HOUSE_KEYS = HouseWithdrawalAccounts.keys(tenant=TENANT, asset=USDT)
FEE_KEYS = NetworkFeeAccounts.keys(asset=USDT)
RETURN_KEYS = DepositAccounts.keys(customer="cus_1", asset=USDT)
HOUSE_RETURN_KEYS = HouseDepositAccounts.keys(tenant=TENANT, asset=USDT)
LARGE = 10**29


def amounts_of(units: int, network_fee: int = 0, fee: int = 0) -> WithdrawalAmounts:
    return WithdrawalAmounts(asset=USDT, units=units, network_fee_units=network_fee, fee_units=fee)


@st.composite
def withdrawals(draw: st.DrawFn) -> WithdrawalAmounts:
    fees = st.integers(0, LARGE)
    return amounts_of(draw(st.integers(1, LARGE)), draw(fees), draw(fees))


def sent(amounts: WithdrawalAmounts) -> JournalTransaction:
    accounts = resolve(WithdrawalAccounts, KEYS, ids_of(KEYS.values()))
    return withdrawal_sent(HEADER, amounts, accounts, hold_id=hold_id(1))


def mirrored(amounts: WithdrawalAmounts) -> JournalTransaction:
    accounts = resolve(HouseWithdrawalAccounts, HOUSE_KEYS, ids_of(HOUSE_KEYS.values()))
    return withdrawal_mirror(HOUSE_HEADER, amounts, accounts, mirror_of=MIRROR_OF)


def fee_paid(units: int) -> JournalTransaction:
    accounts = resolve(NetworkFeeAccounts, FEE_KEYS, ids_of(FEE_KEYS.values()))
    return network_fee_paid(HOUSE_HEADER, USDT, units, accounts)


def returned(units: int) -> JournalTransaction:
    accounts = resolve(DepositAccounts, RETURN_KEYS, ids_of(RETURN_KEYS.values()))
    return withdrawal_returned(HEADER, USDT, units, accounts)


def return_mirrored(units: int) -> JournalTransaction:
    accounts = resolve(HouseDepositAccounts, HOUSE_RETURN_KEYS, ids_of(HOUSE_RETURN_KEYS.values()))
    return withdrawal_return_mirror(HOUSE_HEADER, USDT, units, accounts, mirror_of=MIRROR_OF)


def test_customer_pays_what_arrives_and_both_fees() -> None:
    assert units_by(sent(amounts_of(500, 3, 2)), ids_of(KEYS.values())) == {
        "customer:USDT": -505,
        "house_clearing:USDT": 503,
        "fee_revenue:USDT": 2,
    }
    assert units_by(mirrored(amounts_of(500, 3, 2)), ids_of(HOUSE_KEYS.values())) == {
        "tenant_clearing:USDT": -503,
        "custody:USDT": 500,
        "network_fees:USDT": 3,
    }


def test_withdrawal_without_fees_has_no_entries_for_them() -> None:
    assert len(sent(amounts_of(500)).entries) == len(mirrored(amounts_of(500)).entries) == 2


@given(amounts=withdrawals())
def test_hold_is_spent_for_all_that_the_customer_pays(amounts: WithdrawalAmounts) -> None:
    paid = units_by(sent(amounts), ids_of(KEYS.values()))["customer:USDT"]
    assert sent(amounts).captures == (HoldCapture(hold_id(1), -paid, final=True),)
    assert -paid == amounts.total_units


@given(amounts=withdrawals())
def test_withdrawal_meets_its_mirror_in_the_clearing_accounts(amounts: WithdrawalAmounts) -> None:
    ours = units_by(sent(amounts), ids_of(KEYS.values()))["house_clearing:USDT"]
    theirs = units_by(mirrored(amounts), ids_of(HOUSE_KEYS.values()))["tenant_clearing:USDT"]
    assert ours + theirs == 0


def test_fee_that_was_charged_and_then_paid_leaves_nothing() -> None:
    charged = units_by(mirrored(amounts_of(500, 3)), ids_of(HOUSE_KEYS.values()))
    paid = units_by(fee_paid(3), ids_of(FEE_KEYS.values()))
    assert paid == {"network_fees:USDT": -3, "custody:USDT": 3}
    assert charged["network_fees:USDT"] + paid["network_fees:USDT"] == 0


def test_what_comes_back_is_owed_to_the_customer_again() -> None:
    assert units_by(returned(497), ids_of(RETURN_KEYS.values())) == {
        "house_clearing:USDT": -497,
        "customer:USDT": 497,
    }
    assert units_by(return_mirrored(497), ids_of(HOUSE_RETURN_KEYS.values())) == {
        "custody:USDT": -497,
        "tenant_clearing:USDT": 497,
    }


@pytest.mark.parametrize(
    ("units", "network_fee", "fee"),
    [(0, 1, 1), (-1, 0, 0), (1, -1, 0), (1, 0, -1), (UNITS_LIMIT - 1, 1, 0), (1, 0, UNITS_LIMIT)],
)
def test_amounts_that_are_none_are_refused(units: int, network_fee: int, fee: int) -> None:
    with pytest.raises(WithdrawalAmountsInvalid):
        amounts_of(units, network_fee, fee)


@pytest.mark.parametrize("build", [fee_paid, returned, return_mirrored])
@pytest.mark.parametrize("units", [0, -5])
def test_amount_that_would_turn_the_fact_around_is_refused(
    build: Callable[[int], JournalTransaction], units: int
) -> None:
    with pytest.raises(AmountInvalid):
        build(units)


@given(amounts=withdrawals())
def test_instruction_survives_json_and_posts_the_same(amounts: WithdrawalAmounts) -> None:
    told = withdrawal_instruction(HOUSE_HEADER, amounts, mirror_of=MIRROR_OF)
    read: FactMirror = msgspec.json.decode(msgspec.json.encode(told), type=FactMirror)
    assert mirror_transaction(read, ids_of(mirror_keys(read))) == mirrored(amounts)
    assert {key.code for key in mirror_keys(read)} == {
        AccountCode.TENANT_CLEARING,
        AccountCode.CUSTODY,
        AccountCode.NETWORK_FEES,
    }


def test_instruction_of_a_return_survives_json_and_posts_the_same() -> None:
    units = UNITS_LIMIT - 1
    told = withdrawal_return_instruction(HOUSE_HEADER, USDT, units, mirror_of=MIRROR_OF)
    read: FactMirror = msgspec.json.decode(msgspec.json.encode(told), type=FactMirror)
    assert mirror_transaction(read, ids_of(mirror_keys(read))) == return_mirrored(units)
