from typing import Annotated

import msgspec
from msgspec import Meta

from application.ports.parties import Customer, CustomerStatus
from domain.shared.ids import IdPrefix, encode_id
from entrypoints.http.paging import PageQuery
from entrypoints.http.schemas.values import (
    END,
    Body,
    ClientText,
    CustomerRef,
    Timestamp,
    timestamp,
)

MetadataKey = Annotated[str, Meta(pattern=f"^[A-Za-z0-9_.-]{{1,40}}{END}")]
MetadataValue = Annotated[str, Meta(pattern=rf"^[^\x00-\x1f\x7f]{{0,256}}{END}")]
Metadata = Annotated[
    dict[MetadataKey, MetadataValue],
    Meta(max_length=20, description="Yours to use. No personal data belongs here."),
]


class CreateCustomerBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """`external_id` is your own name for the customer, unique among yours, for good."""

    external_id: ClientText
    metadata: Metadata = msgspec.field(default_factory=dict)


class UpdateCustomerBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """What is absent stays as it is. `metadata` is replaced as a whole."""

    status: CustomerStatus | None = None
    metadata: Metadata | None = None


class CustomersQuery(PageQuery, frozen=True, kw_only=True):
    external_id: ClientText | None = None


class CustomerBody(msgspec.Struct, frozen=True, kw_only=True):
    id: CustomerRef
    external_id: str
    status: CustomerStatus
    metadata: dict[str, str]
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def customer_body(customer: Customer) -> CustomerBody:
    return CustomerBody(
        id=encode_id(IdPrefix.CUSTOMER, customer.id),
        external_id=customer.external_id,
        status=customer.status,
        metadata=customer.metadata,
        created_at=timestamp(customer.created_at),
        updated_at=timestamp(customer.updated_at),
        version=customer.version,
    )
