"""What this vendor's records prove, and what its silence does."""

from typing import Final

from domain.liquidity.proofs import Absence, Proofs

ORDER: Final = "order/ by our client_order_id"
TRADES: Final = "trade/ rows"
WITNESSES: Final = (ORDER, TRADES)

PROOFS: Final = Proofs(
    traded=(ORDER, f"{TRADES} with our unit or order id"),
    refused=("executed_price null", "a code that refuses, as 1021 (expired)"),
    absence=Absence(witnesses=WITNESSES, after="the order's valid_until"),
)
