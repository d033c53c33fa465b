"""What this vendor's records prove. Its silence proves nothing, ever."""

from typing import Final

from domain.liquidity.proofs import Proofs

TRANSFERS: Final = "transfers of the quote id"

PROOFS: Final = Proofs(
    traded=(f"{TRANSFERS}: completed",),
    refused=(f"{TRANSFERS}: cancelled",),
    absence=None,
    why_not="an expired quote stays executable: the lost request may still be executed",
)
