"""What this vendor's records prove, and what its silence does."""

from typing import Final

from domain.liquidity.proofs import Absence, Proofs

RESULT: Final = "convert-result-query by quote id"
HISTORY: Final = "query-convert-history rows"
WITNESSES: Final = (RESULT, HISTORY)

PROOFS: Final = Proofs(
    traded=(f"{RESULT}: success", f"{HISTORY} with the quote's id: success"),
    refused=(f"{RESULT}: failure",),
    absence=Absence(witnesses=WITNESSES, after="the quote's expiredTime"),
)
