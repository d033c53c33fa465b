"""Checks that what belongs together is there: fills with postings, tenants with the house."""

from collections.abc import Iterator
from typing import Final

from adapters.memory.audit_checks import Check
from adapters.memory.store import Store
from application.ports.intents import IntentKind
from application.ports.ledger import PostedEntry
from application.ports.verification import Finding
from domain.ledger.chart import AccountCode
from domain.shared.ids import IdPrefix, TenantId, TransactionId, encode_id
from domain.tenants.tenant import HOUSE_TENANT_ID


def clearing_entries(store: Store, tenant_id: TenantId) -> Iterator[PostedEntry]:
    """What a tenant and the house owe each other: every one of them needs its mirror."""
    accounts = store.accounts.of(tenant_id)
    for entry in store.entries.of(tenant_id).values():
        if accounts[entry.account_id].key.code is AccountCode.HOUSE_CLEARING:
            yield entry


def mirrored(store: Store) -> frozenset[tuple[TenantId, TransactionId]]:
    links = (
        booked.transaction.mirror_of for booked in store.transactions.of(HOUSE_TENANT_ID).values()
    )
    return frozenset((link.tenant_id, link.transaction_id) for link in links if link is not None)


def missing_mirrors(store: Store, tenant_id: TenantId) -> Iterator[Finding]:
    """Neither done nor going to be."""
    done = mirrored(store)
    intents = store.intents.of(tenant_id)
    for transaction_id in {entry.transaction_id for entry in clearing_entries(store, tenant_id)}:
        is_done = (tenant_id, transaction_id) in done
        if not is_done and (IntentKind.MIRROR, transaction_id) not in intents:
            yield Finding(
                check="missing_mirror",
                tenant_id=tenant_id,
                subject=encode_id(IdPrefix.TRANSACTION, transaction_id),
                detail="the house neither posted its side nor is about to",
            )


def fills_without_postings(store: Store, tenant_id: TenantId) -> Iterator[Finding]:
    transactions = store.transactions.of(tenant_id)
    postings = store.fill_postings.of(tenant_id)
    for order in store.orders.of(tenant_id).values():
        for fill in order.fills:
            if postings.get(fill.id) not in transactions:
                yield Finding(
                    check="fill_without_postings",
                    tenant_id=tenant_id,
                    subject=encode_id(IdPrefix.FILL, fill.id),
                    detail=f"of {encode_id(IdPrefix.ORDER, order.id)}",
                )


CHECKS: Final[tuple[Check, ...]] = (missing_mirrors, fills_without_postings)
