from datetime import datetime
from enum import StrEnum

import msgspec

from ..shared.errors import invariant
from ..shared.ids import FillId, OrderId
from ..shared.money import AssetCode
from ..shared.price import Price


class FillSource(StrEnum):
    LP = "lp"
    BOOK = "book"


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution as the customer sees it. Ledger, statements and webhooks consume nothing else.

    `quote_units` means what it means on quotes and orders: all a buyer pays or a seller receives,
    so `fee_units` is contained in it on a buy and already taken off on a sell. `executed_at` is the
    venue's time, `recorded_at` ours; `source_ref` is the venue's own id of the execution.
    """

    id: FillId
    order_id: OrderId
    price: Price
    base_units: int
    quote_units: int
    fee_units: int
    fee_asset: AssetCode
    source: FillSource
    source_ref: str
    executed_at: datetime
    recorded_at: datetime

    def __post_init__(self) -> None:
        invariant(self.base_units > 0 and self.quote_units > 0, "a fill needs positive amounts")
        invariant(self.fee_units >= 0, "a fee is never negative")
