"""Requests as a partner would send them, each with a key of its own."""

from application.idempotency import fingerprint
from application.orders.accept_quote import AcceptQuoteCommand
from application.payments.create_transfer import TransferCommand
from application.payments.create_transfer_batch import BatchCommand
from application.payments.transfer_items import TransferItem
from application.quotes.request_quote import RequestQuoteCommand
from domain.orders.order import Order
from domain.quotes.quote import Quote
from domain.shared.ids import CustomerId, TenantId
from domain.shared.side import FixedSide, Side
from tests.integration.stack import Stack, request

BASE_UNITS = 10**6


def quoting(
    tenant_id: TenantId, customer_id: CustomerId, side: Side = Side.BUY
) -> RequestQuoteCommand:
    """For 0.01 BTC, about 500 USDT."""
    return RequestQuoteCommand(
        tenant_id=tenant_id,
        request=request(),
        customer_id=customer_id,
        instrument="BTC-USDT",
        side=side,
        fixed=FixedSide.BASE,
        units=BASE_UNITS,
    )


def accepting(tenant_id: TenantId, quote: Quote, *, key: str | None = None) -> AcceptQuoteCommand:
    return AcceptQuoteCommand(
        tenant_id=tenant_id, request=request(key, str(quote.id)), quote_id=quote.id
    )


def paying(
    tenant_id: TenantId,
    payer: CustomerId,
    payee: CustomerId,
    units: int = 10**8,
    *,
    key: str | None = None,
) -> TransferCommand:
    return TransferCommand(
        tenant_id=tenant_id,
        request=request(key, (payer.hex, payee.hex, units)),
        from_customer_id=payer,
        to_customer_id=payee,
        asset="USDT",
        units=units,
    )


def item(payer: CustomerId, payee: CustomerId, key: str, amount: str = "1") -> TransferItem:
    return TransferItem(
        key=key,
        fingerprint=fingerprint("item", (payer.hex, payee.hex, amount)),
        from_customer_id=payer,
        to_customer_id=payee,
        asset="USDT",
        amount=amount,
    )


def paying_many(
    tenant_id: TenantId, *items: TransferItem, key: str | None = None, atomic: bool = False
) -> BatchCommand:
    body = (atomic, [each.key for each in items])
    return BatchCommand(tenant_id=tenant_id, request=request(key, body), atomic=atomic, items=items)


async def quoted(
    stack: Stack, tenant_id: TenantId, customer_id: CustomerId, side: Side = Side.BUY
) -> Quote:
    return (await stack.request_quote.execute(quoting(tenant_id, customer_id, side))).value


async def accepted(stack: Stack, tenant_id: TenantId, quote: Quote) -> Order:
    return (await stack.accept_quote.execute(accepting(tenant_id, quote))).value
