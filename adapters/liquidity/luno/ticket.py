"""An order that has been thought of but not sent.

A book gives out no quote ids. So the id of our quote is the order itself, in one line of text that
is stored with the quote: whichever process accepts it sends exactly what was quoted.
"""

import re
from datetime import datetime
from typing import Final

import msgspec

from adapters.liquidity.times import from_ms

BID: Final = "BID"
ASK: Final = "ASK"
_TICKET: Final = re.compile(
    r"([A-Z0-9]{4,16}):(BID|ASK):([0-9]{1,20}(?:\.[0-9]{1,18})?)@([0-9]{1,20}(?:\.[0-9]{1,18})?)"
    r":([0-9]{1,15})"
)


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Decimal texts as the vendor wants them. `expires_ms`: the vendor refuses it after that."""

    pair: str
    order_type: str
    volume: str
    price: str
    expires_ms: int

    @property
    def expires_at(self) -> datetime:
        return from_ms(self.expires_ms)

    def text(self) -> str:
        return f"{self.pair}:{self.order_type}:{self.volume}@{self.price}:{self.expires_ms}"


def read_ticket(text: str) -> Ticket | None:
    """None for anything that `Ticket.text` did not write."""
    found = _TICKET.fullmatch(text)
    if found is None:
        return None
    pair, order_type, volume, price, expires_ms = found.groups()
    return Ticket(
        pair=pair,
        order_type=order_type,
        volume=volume,
        price=price,
        expires_ms=int(expires_ms),
    )
