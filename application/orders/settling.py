"""From an LP's report to the postings of a filled order. Pure: ids and time come in."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from application.ports.trading import Evidence, OpenExecution, Settlement
from domain.assets.catalog import Catalog
from domain.ledger.account import AccountKey, customer_owner
from domain.ledger.chart import AccountCode
from domain.ledger.entry import MirrorOf
from domain.ledger.templates import (
    Header,
    ReportedFill,
    TradeAccounts,
    TradeAmounts,
    resolve,
    trade_filled,
    trade_instruction,
)
from domain.liquidity.outcome import Filled
from domain.orders.announcements import order_changed
from domain.orders.events import FillRecorded
from domain.orders.lifecycle import apply, rfq_fill
from domain.quotes.quote import Quote
from domain.shared.errors import InvariantViolation
from domain.shared.ids import (
    AccountId,
    EventId,
    FillId,
    HoldId,
    IdPrefix,
    TenantId,
    TransactionId,
    encode_id,
)


class SettlementIds(msgspec.Struct, frozen=True, kw_only=True):
    fill: FillId
    transaction: TransactionId
    house_transaction: TransactionId
    event: EventId


def account_keys(quote: Quote) -> Mapping[str, AccountKey]:
    return TradeAccounts.keys(
        customer=customer_owner(quote.customer_id), base=quote.base_asset, quote=quote.quote_asset
    )


def settlement(
    execution: OpenExecution,
    filled: Filled,
    *,
    tenant_id: TenantId,
    accounts: Mapping[AccountKey, AccountId],
    ids: SettlementIds,
    catalog: Catalog,
    evidence: Evidence,
    at: datetime,
    lp_account: AccountCode = AccountCode.LP_INVENTORY,
) -> Settlement:
    """The customer's leg as quoted, the LP's as reported; the difference is the house's.

    It is measured from the quote that the customer accepted, so what a second attempt cost more or
    less than the first LP had quoted is trading profit or loss, and not rounding.
    """
    order, quote = execution.order, execution.stored.quote
    fill = rfq_fill(
        order,
        fill_id=ids.fill,
        source_ref=filled.lp_execution_id,
        executed_at=filled.executed_at,
        recorded_at=at,
    )
    reference = encode_id(IdPrefix.ORDER, order.id)
    amounts = _amounts(quote)
    mirror = trade_instruction(
        Header(ids.house_transaction, reference, at.date()),
        amounts,
        ReportedFill(
            lp=execution.attempt.lp,
            base_units=filled.base_units,
            quote_units=filled.quote_units,
            lp_account=lp_account,
        ),
        mirror_of=MirrorOf(tenant_id, ids.transaction),
    )
    after = apply(order, FillRecorded(order_id=order.id, at=at, fill=fill))
    announcement = order_changed(ids.event, order, after, catalog)
    if announcement is None:
        raise InvariantViolation("a final order is news")
    return Settlement(
        execution=execution,
        order=after,
        fill=fill,
        lp_execution_id=filled.lp_execution_id,
        reported_base_units=filled.base_units,
        reported_quote_units=filled.quote_units,
        transaction=trade_filled(
            Header(ids.transaction, reference, at.date()),
            amounts,
            resolve(TradeAccounts, account_keys(quote), accounts),
            hold_id=HoldId(order.id),
        ),
        mirror=msgspec.json.encode(mirror),
        evidence=evidence,
        at=at,
        announcement=announcement,
    )


def _amounts(quote: Quote) -> TradeAmounts:
    parts = quote.breakdown
    return TradeAmounts(
        side=quote.side,
        base=quote.base_asset,
        quote=quote.quote_asset,
        base_units=quote.base_units,
        quote_units=quote.quote_units,
        lp_units=parts.lp_units,
        platform_spread_units=parts.platform_spread_units,
        rounding_units=parts.rounding_units,
        tenant_spread_units=parts.tenant_spread_units,
        fee_units=parts.fee_units,
        lp_base_units=quote.lp_base_units,
        lp_quote_units=quote.lp_quote_units,
    )
