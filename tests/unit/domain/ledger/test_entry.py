from typing import cast

import msgspec
import pytest

from domain.ledger.entry import (
    CAPTURES_MAX,
    ENTRIES_MAX,
    Entry,
    EntryInvalid,
    HoldCapture,
    JournalTransaction,
    TransactionInvalid,
    TransactionUnbalanced,
    sums_by_asset,
)
from domain.shared.money import UNITS_LIMIT
from tests.unit.domain.ledger.books import (
    BTC,
    TODAY,
    USDT,
    a_transaction,
    account_id,
    hold_id,
    transaction_id,
)


@pytest.mark.parametrize("units", [0, UNITS_LIMIT, -UNITS_LIMIT, True, "5"])
def test_entry_of_anything_but_a_sensible_whole_number_is_refused(units: object) -> None:
    with pytest.raises(EntryInvalid):
        Entry(account_id(1), USDT, cast("int", units))  # the constructor does not check types


def test_entry_is_either_a_debit_or_a_credit() -> None:
    debit, credit = Entry(account_id(1), USDT, -7), Entry(account_id(1), USDT, 7)
    assert (debit.debit_units, debit.credit_units) == (7, 0)
    assert (credit.debit_units, credit.credit_units) == (0, 7)


@pytest.mark.parametrize("units", [0, -1, UNITS_LIMIT])
def test_capture_of_nothing_or_too_much_is_refused(units: int) -> None:
    with pytest.raises(EntryInvalid):
        HoldCapture(hold_id(1), units, final=True)


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param((), id="none"),
        pytest.param(((1, 5),), id="one"),
        pytest.param(((1, 5), (1, -5)), id="an account twice"),
        pytest.param(
            tuple((number, 1 if number % 2 else -1) for number in range(1, ENTRIES_MAX + 3)),
            id="too many",
        ),
    ],
)
def test_transaction_of_the_wrong_shape_is_refused(entries: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(TransactionInvalid):
        a_transaction(1, *entries)


def test_transaction_that_does_not_sum_to_zero_is_refused() -> None:
    with pytest.raises(TransactionUnbalanced) as caught:
        a_transaction(1, (1, 5), (2, -4))
    assert caught.value.context == {"asset": USDT, "units": 1}


def test_assets_do_not_balance_each_other() -> None:
    with pytest.raises(TransactionUnbalanced):
        JournalTransaction(
            id=transaction_id(1),
            template="test",
            reference="ref_1",
            effective_on=TODAY,
            entries=(Entry(account_id(1), USDT, 5), Entry(account_id(2), BTC, -5)),
        )


@pytest.mark.parametrize("numbers", [(1, 1), range(CAPTURES_MAX + 1)], ids=["twice", "too many"])
def test_captures_are_few_and_of_different_holds(numbers: tuple[int, ...]) -> None:
    captures = [HoldCapture(hold_id(number), 1, final=False) for number in numbers]
    with pytest.raises(TransactionInvalid):
        a_transaction(1, (1, -5), (2, 5), captures=captures)


@pytest.mark.parametrize("reference", ["", "x" * 129])
def test_reference_is_a_short_text(reference: str) -> None:
    with pytest.raises(TransactionInvalid):
        msgspec.structs.replace(a_transaction(1, (1, -5), (2, 5)), reference=reference)


def test_unbalanced_transaction_does_not_decode() -> None:
    encoded = msgspec.json.encode(a_transaction(1, (1, -5), (2, 5)))
    assert msgspec.json.decode(encoded, type=JournalTransaction).entries[0].units == -5
    with pytest.raises(msgspec.ValidationError, match="sum to zero"):
        msgspec.json.decode(encoded.replace(b'"units":-5', b'"units":-6'), type=JournalTransaction)


def test_sums_are_kept_by_asset() -> None:
    entries = (Entry(account_id(1), USDT, 5), Entry(account_id(2), BTC, -5))
    assert sums_by_asset(entries) == {USDT: 5, BTC: -5}
