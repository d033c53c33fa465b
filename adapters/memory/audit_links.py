"""Checks that what belongs together is there: an order and its hold, a tenant and its mirror."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from adapters.memory.audit_checks import Check, Reading
from adapters.memory.store import Store
from application.ports.intents import IntentKind
from application.ports.ledger import PostedEntry
from application.ports.verification import Finding
from domain.ledger.chart import AccountCode
from domain.ledger.entry import MirrorOf
from domain.ledger.hold import HoldState
from domain.orders.order import OrderStatus
from domain.shared.ids import HoldId, IdPrefix, OrderId, TenantId, encode_id
from domain.tenants.tenant import HOUSE_TENANT_ID


def clearing_entries(store: Store, tenant_id: TenantId) -> Iterator[PostedEntry]:
    """What a tenant and the house owe each other: every one of them needs its mirror."""
    accounts = store.accounts.of(tenant_id)
    for entry in store.entries.of(tenant_id).values():
        if accounts[entry.account_id].key.code is AccountCode.HOUSE_CLEARING:
            yield entry


def mirrors(store: Store) -> Counter[MirrorOf | None]:
    """How often each transaction of a tenant was mirrored."""
    booked = store.transactions.of(HOUSE_TENANT_ID).values()
    return Counter(each.transaction.mirror_of for each in booked)


def wrong_mirrors(reading: Reading) -> Iterator[Finding]:
    """Mirrored twice, or neither mirrored nor going to be."""
    store, tenant_id = reading.store, reading.tenant_id
    done = mirrors(store)
    intents = store.intents.of(tenant_id)
    entries = clearing_entries(store, tenant_id)
    moved = {entry.transaction_id for entry in entries if reading.is_new(entry.booked_at)}
    for transaction_id in moved:
        count = done[MirrorOf(tenant_id, transaction_id)]
        if count > 1 or (count == 0 and (IntentKind.MIRROR, transaction_id) not in intents):
            yield Finding(
                check="clearing_is_mirrored_once",
                tenant_id=tenant_id,
                subject=encode_id(IdPrefix.TRANSACTION, transaction_id),
                detail=f"{count} mirrors",
            )


def fills_without_postings(reading: Reading) -> Iterator[Finding]:
    store, tenant_id = reading.store, reading.tenant_id
    transactions = store.transactions.of(tenant_id)
    postings = store.fill_postings.of(tenant_id)
    for order in store.orders.of(tenant_id).values():
        if any(postings.get(fill.id) not in transactions for fill in order.fills):
            yield _about_order("fill_has_postings", tenant_id, order.id, "no transaction")


def pending_without_hold(reading: Reading) -> Iterator[Finding]:
    """Nobody would ever settle an order whose intent is gone."""
    store, tenant_id = reading.store, reading.tenant_id
    holds, intents = store.holds.of(tenant_id), store.intents.of(tenant_id)
    for order in store.orders.of(tenant_id).values():
        hold = holds.get(HoldId(order.id))
        is_held = hold is not None and hold.state is HoldState.ACTIVE
        has_intent = (IntentKind.SETTLE_EXECUTION, order.id) in intents
        if order.status is OrderStatus.PENDING and not (is_held and has_intent):
            check = "pending_order_has_hold_and_intent"
            yield _about_order(check, tenant_id, order.id, "no hold or no intent")
        if order.is_final and is_held:
            check = "hold_belongs_to_open_order"
            yield _about_order(check, tenant_id, order.id, "its order is final")


CHECKS: Final[tuple[Check, ...]] = (wrong_mirrors, fills_without_postings, pending_without_hold)


def _about_order(check: str, tenant_id: TenantId, order_id: OrderId, detail: str) -> Finding:
    subject = encode_id(IdPrefix.ORDER, order_id)
    return Finding(check=check, tenant_id=tenant_id, subject=subject, detail=detail)
