"""What is told of customers: the first version is news of another kind than the rest."""

from application.ports.parties import Customer
from domain.shared.events import Announcement, announce
from domain.shared.ids import EventId, IdPrefix, encode_id
from domain.tenants.announcements import CustomerCreated, CustomerUpdated


def customer_announcement(event_id: EventId, customer: Customer) -> Announcement:
    kind = CustomerCreated if customer.version == 1 else CustomerUpdated
    payload = kind(
        id=encode_id(IdPrefix.CUSTOMER, customer.id),
        external_id=customer.external_id,
        status=customer.status,
    )
    return announce(
        payload,
        event_id=event_id,
        resource_id=customer.id,
        resource_version=customer.version,
        customer_ids=(customer.id,),
        occurred_at=customer.updated_at,
    )
