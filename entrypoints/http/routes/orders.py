from typing import Final
from uuid import UUID

from application.orders.accept_quote import AcceptQuote, AcceptQuoteCommand
from application.ports.trading import OrderFilter
from domain.shared.ids import CustomerId, IdPrefix, OrderId, QuoteId, decode_id
from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.paging import Paging
from entrypoints.http.reply import Reply, answer, created
from entrypoints.http.schemas.orders import (
    CreateOrderBody,
    OrderBody,
    OrdersQuery,
    order_body,
)
from entrypoints.http.schemas.values import Page

POLL_AFTER_SECONDS: Final = 1
_CREATED: Final = 201
_ACCEPTED: Final = 202


@operation(
    "POST",
    "/v1/orders",
    summary="Accept a quote",
    scope=Scope.TRADE,
    takes=CreateOrderBody,
    answers={_CREATED: OrderBody, _ACCEPTED: OrderBody},
    idempotent=True,
    simulates=True,
    refusals=(
        "not_found",
        "tenant_suspended",
        "quote_expired",
        "quote_already_accepted",
        "client_order_id_taken",
        "instrument_halted",
        "customer_suspended",
        "account_closed",
        "insufficient_funds",
        "no_liquidity",
    ),
    policy=AcceptQuote,
)
async def create_order(call: Call[CreateOrderBody]) -> Reply:
    # First, because nothing may fail any more once there is an order.
    catalog = (await call.services.platform.view()).catalog
    # A caller who hangs up cancels nothing: the use case has work of its own for what must end.
    done = await call.services.accept_quote.execute(
        AcceptQuoteCommand(
            tenant_id=call.tenant_id,
            request=call.idempotency,
            quote_id=QuoteId(decode_id(IdPrefix.QUOTE, call.input.quote_id)),
            client_order_id=call.input.client_order_id,
            scenario=call.scenario,
        )
    )
    shown = order_body(done.value, catalog)
    reply = created(
        shown,
        location=f"/v1/orders/{shown.id}",
        replayed=done.replayed,
        status=_CREATED if shown.final else _ACCEPTED,
    )
    if not shown.final:
        reply.headers.append((b"retry-after", b"%d" % POLL_AFTER_SECONDS))
    return reply


@operation(
    "GET",
    "/v1/orders/{order_id}",
    summary="Get an order",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: OrderBody},
    item=IdPrefix.ORDER,
)
async def get_order(call: Call[Nothing]) -> Reply:
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        order = await tx.orders.get(OrderId(call.item_id))
    return answer(order_body(order, catalog))


@operation(
    "GET",
    "/v1/orders",
    summary="List orders, newest first",
    scope=Scope.READ,
    takes=OrdersQuery,
    answers={200: Page[OrderBody]},
)
async def list_orders(call: Call[OrdersQuery]) -> Reply:
    query = call.input
    paging = Paging("orders", call.tenant_id, query)
    customer_id = query.customer_id and decode_id(IdPrefix.CUSTOMER, query.customer_id)
    wanted = OrderFilter(
        customer_id=CustomerId(customer_id) if customer_id else None,
        client_order_id=query.client_order_id,
        status=query.status,
        outcome=query.outcome,
    )
    before = None if paging.position is None else UUID(int=paging.position)
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        rows = await tx.orders.page(wanted, before=before, limit=paging.rows)
    return answer(
        paging.page(
            rows, position=lambda row: row.id.int, show=lambda row: order_body(row, catalog)
        )
    )


OPERATIONS: Final[tuple[AnyOperation, ...]] = (create_order, list_orders, get_order)
