from typing import Final
from uuid import UUID

from application.customers.create_customer import CreateCustomer, CreateCustomerCommand
from application.customers.update_customer import UpdateCustomer, UpdateCustomerCommand
from application.ports.parties import Customer
from domain.shared.ids import CustomerId, IdPrefix
from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.paging import Paging
from entrypoints.http.reply import HeaderLines, Reply, answer, created
from entrypoints.http.schemas.customers import (
    CreateCustomerBody,
    CustomerBody,
    CustomersQuery,
    UpdateCustomerBody,
    customer_body,
)
from entrypoints.http.schemas.values import Page


@operation(
    "POST",
    "/v1/customers",
    summary="Create a customer",
    scope=Scope.TRADE,
    takes=CreateCustomerBody,
    answers={201: CustomerBody},
    idempotent=True,
    refusals=("external_id_taken", "tenant_suspended"),
    policy=CreateCustomer,
)
async def create_customer(call: Call[CreateCustomerBody]) -> Reply:
    done = await call.services.create_customer.execute(
        CreateCustomerCommand(
            tenant_id=call.tenant_id,
            request=call.idempotency,
            external_id=call.input.external_id,
            metadata=call.input.metadata,
        )
    )
    body = customer_body(done.value)
    return created(body, location=f"/v1/customers/{body.id}", replayed=done.replayed)


@operation(
    "GET",
    "/v1/customers",
    summary="List customers, newest first",
    scope=Scope.READ,
    takes=CustomersQuery,
    answers={200: Page[CustomerBody]},
)
async def list_customers(call: Call[CustomersQuery]) -> Reply:
    paging = Paging("customers", call.tenant_id, call.input)
    before = None if paging.position is None else CustomerId(UUID(int=paging.position))
    async with call.services.uow.begin(call.tenant_id) as tx:
        rows = await tx.customers.page(
            external_id=call.input.external_id, before=before, limit=paging.rows
        )
    return answer(paging.page(rows, position=lambda row: row.id.int, show=customer_body))


@operation(
    "GET",
    "/v1/customers/{customer_id}",
    summary="Get a customer",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: CustomerBody},
    item=IdPrefix.CUSTOMER,
)
async def get_customer(call: Call[Nothing]) -> Reply:
    async with call.services.uow.begin(call.tenant_id) as tx:
        customer = await tx.customers.get(CustomerId(call.item_id))
    return answer(customer_body(customer), headers=_etag(customer))


@operation(
    "PATCH",
    "/v1/customers/{customer_id}",
    summary="Change a customer",
    scope=Scope.TRADE,
    takes=UpdateCustomerBody,
    answers={200: CustomerBody},
    item=IdPrefix.CUSTOMER,
    conditional=True,
    policy=UpdateCustomer,
)
async def update_customer(call: Call[UpdateCustomerBody]) -> Reply:
    customer = await call.services.update_customer.execute(
        UpdateCustomerCommand(
            tenant_id=call.tenant_id,
            customer_id=CustomerId(call.item_id),
            status=call.input.status,
            metadata=call.input.metadata,
            version=call.if_match,
        )
    )
    return answer(customer_body(customer), headers=_etag(customer))


def _etag(customer: Customer) -> HeaderLines:
    return ((b"etag", b'"%d"' % customer.version),)


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    create_customer,
    list_customers,
    get_customer,
    update_customer,
)
