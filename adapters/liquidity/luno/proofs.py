"""What this vendor's records prove, and what its silence does."""

from typing import Final

from domain.liquidity.proofs import Absence, Proofs

ORDER: Final = "order by our client_order_id"
ORDER_LISTS: Final = "listorders rows, open and closed"
WITNESSES: Final = (ORDER, ORDER_LISTS)

PROOFS: Final = Proofs(
    traded=(f"{ORDER}: COMPLETE, base above zero", f"{ORDER_LISTS} with our reference"),
    refused=(f"{ORDER}: COMPLETE, base of zero", "an error that refuses"),
    absence=Absence(witnesses=WITNESSES, after="the order's timestamp and ttl"),
)
