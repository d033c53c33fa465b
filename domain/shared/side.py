from enum import StrEnum


class Side(StrEnum):
    """The customer's side: a buyer receives the base asset and pays the quote asset."""

    BUY = "buy"
    SELL = "sell"


class FixedSide(StrEnum):
    """Which amount the customer named exactly; the other one follows from the price."""

    BASE = "base"
    QUOTE = "quote"
