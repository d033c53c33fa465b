"""What this vendor's records prove, and what its silence does."""

from typing import Final

from domain.liquidity.proofs import Absence, Proofs

ORDER_STATUS: Final = "orderStatus by quote id"
TRADE_FLOW: Final = "tradeFlow rows"
WITNESSES: Final = (ORDER_STATUS, TRADE_FLOW)

PROOFS: Final = Proofs(
    traded=(f"{ORDER_STATUS}: SUCCESS", f"{TRADE_FLOW} with the quote's id: SUCCESS"),
    refused=(f"{ORDER_STATUS}: FAIL",),
    absence=Absence(witnesses=WITNESSES, after="the quote's validTimestamp"),
)
