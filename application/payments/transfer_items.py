"""What becomes of each transfer of a batch before the ledger is asked. No I/O here.

In this order: the key, the asset, the amount, whether somebody pays himself, the customers. A key
that was answered before is answered as it was then; used for anything else, nothing is decided.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from application.errors import IdempotencyKeyReused
from application.payments.create_transfer import TransferToSelf, require_active_customer
from application.ports.idempotency import Refusal
from application.ports.parties import Customer
from application.ports.transfer_batches import ItemAnswer
from domain.assets.catalog import Catalog
from domain.shared.errors import DomainError, RuleViolation
from domain.shared.ids import CustomerId
from domain.shared.money import AmountInvalid, AssetCode, parse_units

Customers = Mapping[CustomerId, Customer]


class LinkedFailed(RuleViolation):
    """Another transfer of the same all-or-none batch was refused."""

    code = "linked_failed"


REUSED: Final = IdempotencyKeyReused("this key was used for another transfer")
REUSED_IN_PART: Final = IdempotencyKeyReused(
    "this key was answered in an earlier batch, and not all of this batch's were"
)
LINKED: Final = LinkedFailed("another transfer of the batch was refused, so none was made")


class TransferItem(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` is decimal text: whether the asset has that many decimals is for the item to learn.

    `fingerprint` is over all that was asked with the key.
    """

    key: str
    fingerprint: bytes
    from_customer_id: CustomerId
    to_customer_id: CustomerId
    asset: str
    amount: str
    reference: str | None = None


class FitItem(msgspec.Struct, frozen=True):
    """An item that nothing but the books can speak against any more."""

    item: TransferItem
    asset: AssetCode
    units: int


def answers_by_key(
    items: Iterable[TransferItem], answered: Mapping[str, ItemAnswer], *, atomic: bool
) -> dict[str, ItemAnswer]:
    """Of those items whose keys decide it. `answered` are the answers their keys have.

    All or none also holds for what is decided already: an atomic batch is answered as before if
    every one of its keys was, and refused as a whole if only some were or for anything else.
    """
    wanted = tuple(items)
    known = {
        item.key: _from_before(item, found) for item in wanted if (found := answered.get(item.key))
    }
    if not atomic or not known:
        return known
    if len(known) == len(wanted) and all(answer.replayed for answer in known.values()):
        return known
    return {item.key: _not_whole(item, known.get(item.key)) for item in wanted}


def _from_before(item: TransferItem, answer: ItemAnswer) -> ItemAnswer:
    if answer.fingerprint != item.fingerprint:
        return refused(item, REUSED, decides=False)
    return msgspec.structs.replace(answer, replayed=True, decides=False)


def _not_whole(item: TransferItem, known: ItemAnswer | None) -> ItemAnswer:
    if known is None:
        return refused(item, LINKED, decides=False)
    return refused(item, REUSED_IN_PART, decides=False) if known.replayed else known


def fit(item: TransferItem, catalog: Catalog, customers: Customers) -> FitItem:
    """Raises what speaks against the item by itself, the same as for a transfer that comes alone.

    `AssetUnknown`, `AmountInvalid`, `TransferToSelf`, `CustomerNotFound`, `CustomerSuspended`.
    """
    asset = catalog.asset(item.asset)
    units = parse_units(item.amount, scale=asset.scale)
    if units <= 0:
        raise AmountInvalid("a transfer is more than nothing")
    if item.from_customer_id == item.to_customer_id:
        raise TransferToSelf("payer and payee are one customer")
    for customer_id in (item.from_customer_id, item.to_customer_id):
        require_active_customer(customers.get(customer_id))
    return FitItem(item, asset.code, units)


def sorted_out(
    items: Iterable[TransferItem], catalog: Catalog, customers: Customers, *, atomic: bool
) -> tuple[list[FitItem], dict[str, ItemAnswer]]:
    """Items for the ledger, and the answers of those that never get there.

    Of an atomic batch all get there or none does. None of these answers decides its key: what is
    wrong today, an unknown customer or a suspended one, may be right when it is asked again.
    """
    wanted = tuple(items)
    ready: list[FitItem] = []
    answers: dict[str, ItemAnswer] = {}
    for item in wanted:
        try:
            ready.append(fit(item, catalog, customers))
        except DomainError as error:
            answers[item.key] = refused(item, error, decides=False)
    if atomic and answers:
        linked = {each.item.key: refused(each.item, LINKED, decides=False) for each in ready}
        return [], answers | linked
    return ready, answers


def refused(item: TransferItem, error: DomainError, *, decides: bool = True) -> ItemAnswer:
    return ItemAnswer(
        key=item.key,
        fingerprint=item.fingerprint,
        refusal=Refusal(error.code, error.detail),
        decides=decides,
    )
