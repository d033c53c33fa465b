"""Orders, fills and attempts as rows."""

from collections.abc import Iterable

from adapters.postgres.connection import Row
from application.ports.trading import LpAttempt
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import AttemptStatus
from domain.orders.fill import Fill, FillSource
from domain.orders.order import Order, OrderStatus, OrderType, OutcomeFlag
from domain.shared.ids import CustomerId, FillId, OrderId, QuoteId
from domain.shared.money import AssetCode
from domain.shared.price import parse_price
from domain.shared.side import Side

ORDER = """id, type, status, outcome, quote_id, client_order_id, customer_id, instrument, side,
  base_units, quote_units, price, fee_units, reject_reason, version, created_at, updated_at"""
FILL_COLUMNS = (
    "id",
    "price",
    "base_units",
    "quote_units",
    "fee_units",
    "fee_asset",
    "source",
    "source_ref",
    "transaction_id",
    "executed_at",
    "recorded_at",
)
ATTEMPT = """order_id, attempt, lp, lp_quote_id, lp_base_units, lp_quote_units, client_ref,
  state, lp_expires_at, deadline, lp_execution_id, reported_base_units, reported_quote_units,
  lookups, evidence, resolved_by, created_at"""


def order_from(row: Row, fills: Iterable[Row]) -> Order:
    outcome, quote_id = row["outcome"], row["quote_id"]
    return Order(
        id=OrderId(row["id"]),
        type=OrderType(row["type"]),
        status=OrderStatus(row["status"]),
        outcome=None if outcome is None else OutcomeFlag(outcome),
        quote_id=None if quote_id is None else QuoteId(quote_id),
        client_order_id=row["client_order_id"],
        customer_id=CustomerId(row["customer_id"]),
        instrument=row["instrument"],
        side=Side(row["side"]),
        base_units=row["base_units"],
        quote_units=row["quote_units"],
        price=parse_price(row["price"]),
        fee_units=row["fee_units"],
        reject_reason=row["reject_reason"],
        fills=tuple(fill_from(fill) for fill in fills),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )


def fill_from(row: Row) -> Fill:
    """From a row of an order joined with one of its fills."""
    return Fill(
        id=FillId(row["fill_id"]),
        order_id=OrderId(row["id"]),
        price=parse_price(row["fill_price"]),
        base_units=row["fill_base_units"],
        quote_units=row["fill_quote_units"],
        fee_units=row["fill_fee_units"],
        fee_asset=AssetCode(row["fill_fee_asset"]),
        source=FillSource(row["fill_source"]),
        source_ref=row["fill_source_ref"],
        executed_at=row["fill_executed_at"],
        recorded_at=row["fill_recorded_at"],
    )


def attempt_from(row: Row) -> LpAttempt:
    return LpAttempt(
        order_id=OrderId(row["order_id"]),
        number=row["attempt"],
        lp=LpName(row["lp"]),
        lp_quote_id=row["lp_quote_id"],
        lp_base_units=row["lp_base_units"],
        lp_quote_units=row["lp_quote_units"],
        client_ref=row["client_ref"],
        status=AttemptStatus(row["state"]),
        lp_expires_at=row["lp_expires_at"],
        deadline=row["deadline"],
        lp_execution_id=row["lp_execution_id"],
        reported_base_units=row["reported_base_units"],
        reported_quote_units=row["reported_quote_units"],
        looks=row["lookups"],
        evidence=row["evidence"],
        resolved_by=row["resolved_by"],
        created_at=row["created_at"],
    )
