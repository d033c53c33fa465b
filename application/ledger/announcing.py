"""What is told of a change of an account's terms."""

from application.ports.change_requests import AccountChange, CloseAccount
from domain.assets.catalog import Catalog
from domain.ledger.announcements import AccountClosed, AccountCreditLineChanged
from domain.ledger.chart import CHART, AccountOwner
from domain.shared.events import Announcement, announce
from domain.shared.ids import CustomerId, EventId, IdPrefix, decode_id, encode_id
from domain.shared.money import format_units


def terms_announcement(
    event_id: EventId, change: AccountChange, *, number: int, catalog: Catalog
) -> Announcement:
    """`number` is which change of this account's terms it is."""
    account, request = change.after, change.request
    customer = account.key.owner if _is_customers(change) else None
    account_id = encode_id(IdPrefix.ACCOUNT, account.id)
    if isinstance(request.change, CloseAccount):
        told: AccountClosed | AccountCreditLineChanged = AccountClosed(
            id=account_id, customer_id=customer, asset=account.asset
        )
    else:
        told = AccountCreditLineChanged(
            id=account_id,
            customer_id=customer,
            asset=account.asset,
            credit_line=format_units(
                -(account.floor_units or 0), scale=catalog.asset(account.asset).scale
            ),
        )
    return announce(
        told,
        event_id=event_id,
        resource_id=account.id,
        resource_version=number,
        customer_ids=()
        if customer is None
        else (CustomerId(decode_id(IdPrefix.CUSTOMER, customer)),),
        occurred_at=request.decided_at or request.proposed_at,
    )


def _is_customers(change: AccountChange) -> bool:
    return CHART[change.after.key.code].owner is AccountOwner.CUSTOMER
