from application.ports.change_requests import ChangeState
from application.ports.clock import IdGenerator
from application.ports.price_terms import PriceTerms, PriceTermsBook, Terms
from domain.ledger.reversible import require_reason
from domain.shared.ids import ChangeRequestId
from domain.tenants.operator import Operator


class ChangePriceTerms:
    """- Rate sheets, and how far prices may stray, take two operators: one proposes, another
      approves, and both are on record with the reason. Anybody may reject.
    - What is approved holds in every process within a second; a sheet's age counts from then.
    - Nothing is changed or deleted: a correction is a new proposal.
    """

    def __init__(self, *, book: PriceTermsBook, ids: IdGenerator) -> None:
        self._book = book
        self._ids = ids

    async def propose(
        self, instrument: str, terms: Terms, *, reason: str, by: Operator
    ) -> PriceTerms:
        """Raises `NotFound` and `ReasonInvalid`."""
        return await self._book.propose(
            ChangeRequestId(self._ids.new()),
            instrument=instrument,
            terms=terms,
            reason=require_reason(reason),
            by=by,
        )

    async def approve(self, terms_id: ChangeRequestId, *, by: Operator) -> PriceTerms:
        """Raises `NotFound`, `ChangeDecided` and `SecondOperatorRequired`."""
        return await self._book.decide(terms_id, ChangeState.APPLIED, by=by)

    async def reject(self, terms_id: ChangeRequestId, *, by: Operator) -> PriceTerms:
        """Raises `NotFound` and `ChangeDecided`."""
        return await self._book.decide(terms_id, ChangeState.REJECTED, by=by)
