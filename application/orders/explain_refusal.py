"""Why a quote could not be accepted: the path of the few, in the words of the domain."""

from application.errors import (
    ClientOrderIdTaken,
    CustomerSuspended,
    IdempotencyInProgress,
    InsufficientFunds,
    NoLiquidity,
)
from application.idempotency import Answer, earlier, store_refusal
from application.liquidity.lp_account import lp_needs
from application.ports.idempotency import IdempotentRequest
from application.ports.parties import CustomerStatus
from application.ports.trading import Reservation
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.ledger.account import AccountStatus
from domain.ledger.account_terms import AccountClosed
from domain.orders.order import Order
from domain.quotes.lifecycle import QuoteExpired, accept
from domain.shared.errors import DomainError
from domain.shared.ids import OrderId, TenantId

RESOURCE = "order"


class ExplainRefusal:
    """- The first answer to a key stands: its order, or its stored refusal.
    - Then the quote's own state decides, then the customer's, then the client's order id, then
      whether both accounts are open, then the funds, then what the LP can still take.
    - Refusals that another try might not meet are stored under the key.
    """

    def __init__(self, *, uow: UnitOfWork) -> None:
        self._uow = uow

    async def execute(self, tenant_id: TenantId, reservation: Reservation) -> Answer[Order]:
        """The earlier order of this key. Otherwise raises the reason."""
        request = reservation.request
        try:
            async with self._uow.begin(tenant_id) as tx:
                order_id = await earlier(tx, request)
                if order_id is not None:
                    return Answer(await tx.orders.get(OrderId(order_id)), replayed=True)
                await self._check(tx, reservation)
        except (InsufficientFunds, QuoteExpired) as refusal:
            return await self._stored(tenant_id, request, refusal)
        # Nothing forbids it any more: it lost a race for a lock. The same request may come again.
        raise IdempotencyInProgress("busy: send the same request again", key=request.key)

    async def _check(self, tx: Transaction, reservation: Reservation) -> None:
        stored = await tx.quotes.get(reservation.quote_id)
        accept(stored.quote, order_id=reservation.order_id, at=reservation.at)
        customer = await tx.customers.get(stored.quote.customer_id)
        if customer.status is not CustomerStatus.ACTIVE:
            raise CustomerSuspended("the customer is suspended")
        if reservation.client_order_id is not None:
            taken = await tx.orders.by_client_order_id(reservation.client_order_id)
            if taken is not None:
                raise ClientOrderIdTaken("another order has this client_order_id", order_id=taken)
        account = await tx.accounts.get(stored.pay_account_id)
        receiving = await tx.accounts.get(stored.receive_account_id)
        for each in (account.account, receiving.account):
            if each.status is AccountStatus.CLOSED:
                raise AccountClosed(f"the customer's {each.asset} account is closed")
        # Below zero the floor is a credit line.
        if account.available - stored.quote.pay.units < (account.account.floor_units or 0):
            raise InsufficientFunds("the customer's available balance does not cover the order")
        key, units = lp_needs(stored.quote)
        if not await tx.lp_quotas.covers(key, units):
            raise NoLiquidity("the quote's liquidity provider cannot take so much just now")

    async def _stored(
        self, tenant_id: TenantId, request: IdempotentRequest, refusal: DomainError
    ) -> Answer[Order]:
        if refusal.context.get("replayed"):
            raise refusal
        order_id = await store_refusal(
            self._uow, tenant_id, request, resource=RESOURCE, error=refusal
        )
        if order_id is None:
            raise refusal
        async with self._uow.begin(tenant_id) as tx:
            return Answer(await tx.orders.get(OrderId(order_id)), replayed=True)
