"""Quotes as rows. The breakdown is one JSON document, its amounts decimal strings of units."""

import msgspec

from adapters.postgres.connection import Row
from application.ports.trading import StoredQuote
from domain.liquidity.price_guard import GuardEvidence, GuardStage
from domain.liquidity.quote import LpName
from domain.quotes.quote import Breakdown, Quote, QuoteStatus
from domain.shared.ids import AccountId, CustomerId, OrderId, QuoteId
from domain.shared.price import format_price, parse_price
from domain.shared.side import FixedSide, Side

COLUMNS = """id, customer_id, instrument, side, fixed, base_units, quote_units, price, fee_units,
  breakdown, lp, lp_quote_id, lp_base_units, lp_quote_units, lp_expires_at, pay_account_id,
  receive_account_id, expires_at, status, order_id, version, created_at, updated_at"""


class StoredEvidence(msgspec.Struct, frozen=True):
    stage: str
    reference: str
    sources: tuple[str, ...]
    deviation_ppm: int
    limit_ppm: int


class StoredBreakdown(msgspec.Struct, frozen=True):
    """JSON numbers are not exact everywhere, so units are kept as text."""

    lp_price: str
    lp_units: str
    platform_spread_units: str
    tenant_spread_units: str
    rounding_units: str
    platform_spread_ppm: int
    tenant_spread_ppm: int
    fee_ppm: int
    evidence: StoredEvidence | None = None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(StoredBreakdown)


def encode_breakdown(breakdown: Breakdown) -> bytes:
    return _ENCODER.encode(
        StoredBreakdown(
            format_price(breakdown.lp_price),
            str(breakdown.lp_units),
            str(breakdown.platform_spread_units),
            str(breakdown.tenant_spread_units),
            str(breakdown.rounding_units),
            breakdown.platform_spread_ppm,
            breakdown.tenant_spread_ppm,
            breakdown.fee_ppm,
            None if breakdown.evidence is None else _stored(breakdown.evidence),
        )
    )


def _stored(evidence: GuardEvidence) -> StoredEvidence:
    return StoredEvidence(
        evidence.stage.value,
        evidence.reference,
        evidence.sources,
        evidence.deviation_ppm,
        evidence.limit_ppm,
    )


def _evidence(stored: StoredEvidence | None) -> GuardEvidence | None:
    """Quotes from before there was a guard have none."""
    if stored is None:
        return None
    return GuardEvidence(
        stage=GuardStage(stored.stage),
        reference=stored.reference,
        sources=stored.sources,
        deviation_ppm=stored.deviation_ppm,
        limit_ppm=stored.limit_ppm,
    )


def _breakdown(document: bytes, fee_units: int) -> Breakdown:
    stored = _DECODER.decode(document)
    return Breakdown(
        lp_price=parse_price(stored.lp_price),
        lp_units=int(stored.lp_units),
        platform_spread_units=int(stored.platform_spread_units),
        tenant_spread_units=int(stored.tenant_spread_units),
        rounding_units=int(stored.rounding_units),
        fee_units=fee_units,
        platform_spread_ppm=stored.platform_spread_ppm,
        tenant_spread_ppm=stored.tenant_spread_ppm,
        fee_ppm=stored.fee_ppm,
        evidence=_evidence(stored.evidence),
    )


def quote_from(row: Row) -> StoredQuote:
    order_id = row["order_id"]
    quote = Quote(
        id=QuoteId(row["id"]),
        customer_id=CustomerId(row["customer_id"]),
        instrument=row["instrument"],
        side=Side(row["side"]),
        fixed=FixedSide(row["fixed"]),
        base_units=row["base_units"],
        quote_units=row["quote_units"],
        price=parse_price(row["price"]),
        fee_units=row["fee_units"],
        breakdown=_breakdown(row["breakdown"], row["fee_units"]),
        lp=LpName(row["lp"]),
        lp_quote_id=row["lp_quote_id"],
        lp_base_units=row["lp_base_units"],
        lp_quote_units=row["lp_quote_units"],
        lp_expires_at=row["lp_expires_at"],
        expires_at=row["expires_at"],
        status=QuoteStatus(row["status"]),
        order_id=None if order_id is None else OrderId(order_id),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )
    return StoredQuote(
        quote, AccountId(row["pay_account_id"]), AccountId(row["receive_account_id"])
    )
