"""What becomes of the items of a batch before the ledger is asked: a row for each case."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from application.payments.transfer_items import TransferItem, answers_by_key, sorted_out
from application.ports.idempotency import Refusal
from application.ports.parties import Customer, CustomerStatus
from application.ports.transfer_batches import ItemAnswer
from domain.assets.catalog import Catalog
from domain.shared.ids import CustomerId, TransferId
from tests.unit.domain.builders import BTC, USDT

NOW = datetime(2026, 1, 5, tzinfo=UTC)
CATALOG = Catalog(assets={asset.code: asset for asset in (BTC, USDT)}, instruments={})
ALICE, BOB, CAROL, NOBODY = (CustomerId(uuid7()) for _ in range(4))
CUSTOMERS = {
    each: Customer(id=each, external_id=str(each), status=status, created_at=NOW, updated_at=NOW)
    for each, status in (
        (ALICE, CustomerStatus.ACTIVE),
        (BOB, CustomerStatus.ACTIVE),
        (CAROL, CustomerStatus.SUSPENDED),
    )
}
GOOD = TransferItem(
    key="good",
    fingerprint=bytes(32),
    from_customer_id=ALICE,
    to_customer_id=BOB,
    asset="USDT",
    amount="1.5",
)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        # Each breaks all rules below its own as well: the first one is answered.
        (
            replace(GOOD, asset="XYZ", amount="0", to_customer_id=ALICE, from_customer_id=ALICE),
            "asset_unknown",
        ),
        (replace(GOOD, amount="0.123456789", to_customer_id=ALICE), "amount_invalid"),
        (replace(GOOD, amount="0.00", to_customer_id=ALICE), "amount_invalid"),
        (replace(GOOD, from_customer_id=NOBODY, to_customer_id=NOBODY), "transfer_to_self"),
        (replace(GOOD, from_customer_id=NOBODY, to_customer_id=CAROL), "not_found"),
        (replace(GOOD, to_customer_id=NOBODY), "not_found"),
        (replace(GOOD, from_customer_id=CAROL, to_customer_id=NOBODY), "customer_suspended"),
        (replace(GOOD, to_customer_id=CAROL), "customer_suspended"),
    ],
)
def test_first_rule_that_is_broken_refuses_the_item(item: TransferItem, code: str) -> None:
    ready, answers = sorted_out([item], CATALOG, CUSTOMERS, atomic=False)
    assert ready == []
    assert code_of(answers[item.key]) == code
    assert not answers[item.key].decides


def test_fit_item_goes_on_in_units() -> None:
    (ready,), answers = sorted_out([GOOD], CATALOG, CUSTOMERS, atomic=True)
    assert (ready.item, ready.asset, ready.units) == (GOOD, "USDT", 150_000_000)
    assert answers == {}


def test_one_unfit_item_refuses_all_of_an_atomic_batch() -> None:
    wrong = replace(GOOD, key="wrong", asset="XYZ")
    ready, answers = sorted_out([GOOD, wrong], CATALOG, CUSTOMERS, atomic=True)
    assert ready == []
    assert {key: code_of(each) for key, each in answers.items()} == {
        "good": "linked_failed",
        "wrong": "asset_unknown",
    }


NEW, SAME, OTHER = "new", "same", "other"


@pytest.mark.parametrize(
    ("atomic", "kinds", "expected"),
    [
        (False, [NEW, SAME, OTHER], [None, "replayed", "idempotency_key_reused"]),
        (False, [NEW], [None]),
        (True, [NEW, NEW], [None, None]),
        (True, [SAME, SAME], ["replayed", "replayed"]),
        (True, [SAME, NEW], ["idempotency_key_reused", "linked_failed"]),
        (True, [OTHER, NEW], ["idempotency_key_reused", "linked_failed"]),
        (True, [OTHER, SAME], ["idempotency_key_reused", "idempotency_key_reused"]),
    ],
)
def test_what_keys_alone_decide(atomic: bool, kinds: list[str], expected: list[str | None]) -> None:
    assert outcome(kinds, atomic=atomic) == expected


@given(kinds=st.lists(st.sampled_from([NEW, SAME, OTHER]), min_size=1, max_size=8))
def test_atomic_batch_is_answered_by_its_keys_as_a_whole_or_not_at_all(kinds: list[str]) -> None:
    found = outcome(kinds, atomic=True)
    assert len({each is None for each in found}) == 1
    assert ("replayed" in found) == (set(kinds) == {SAME})


def outcome(kinds: list[str], *, atomic: bool) -> list[str | None]:
    """Items of which some keys have answers already, refusals and transfers by turns."""
    items = [replace(GOOD, key=str(number)) for number in range(len(kinds))]
    answered = {
        item.key: ItemAnswer(
            key=item.key,
            fingerprint=item.fingerprint if kind == SAME else b"\1" * 32,
            transfer_id=None if number % 2 else TransferId(uuid7()),
            refusal=Refusal("insufficient_funds", "not enough") if number % 2 else None,
        )
        for number, (item, kind) in enumerate(zip(items, kinds, strict=True))
        if kind != NEW
    }
    answers = answers_by_key(items, answered, atomic=atomic)
    assert not any(each.decides for each in answers.values()), "nothing is decided anew"
    for key, each in answers.items():
        if each.replayed:
            assert each == replace(answered[key], replayed=True, decides=False)
    return [None if item.key not in answers else shown(answers[item.key]) for item in items]


def shown(answer: ItemAnswer) -> str:
    return "replayed" if answer.replayed else code_of(answer)


def code_of(answer: ItemAnswer) -> str:
    assert answer.refusal is not None
    return answer.refusal.code
