from msgspec.structs import replace

from adapters.memory.store import Store
from application.errors import ChangeDecided
from application.ports.catalog import GuardTerms
from application.ports.change_requests import ChangeState
from application.ports.price_terms import PriceTerms, Terms
from domain.liquidity.guard_limits import GuardLimits
from domain.liquidity.reference import RateSheet, Reference
from domain.shared.errors import NotFound
from domain.shared.ids import ChangeRequestId
from domain.tenants.operator import Operator, require_second_person


class MemoryPriceTermsBook:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def propose(
        self,
        terms_id: ChangeRequestId,
        *,
        instrument: str,
        terms: Terms,
        reason: str,
        by: Operator,
    ) -> PriceTerms:
        if instrument not in self._store.instruments:
            raise NotFound("no such instrument", instrument=instrument)
        proposed = PriceTerms(
            id=terms_id,
            instrument=instrument,
            terms=terms,
            reason=reason,
            state=ChangeState.PROPOSED,
            proposed_by=by,
            proposed_at=self._store.clock.now(),
        )
        self._store.price_terms = {**self._store.price_terms, terms_id: proposed}
        return proposed

    async def decide(
        self, terms_id: ChangeRequestId, state: ChangeState, *, by: Operator
    ) -> PriceTerms:
        proposed = self._store.price_terms.get(terms_id)
        if proposed is None:
            raise NotFound("no such proposal")
        if proposed.state is not ChangeState.PROPOSED:
            raise ChangeDecided("it was decided before")
        if state is ChangeState.APPLIED:
            require_second_person(proposed.proposed_by, by)
        decided = replace(proposed, state=state, decided_by=by, decided_at=self._store.clock.now())
        self._store.price_terms = {**self._store.price_terms, terms_id: decided}
        return decided

    async def page(
        self, *, instrument: str | None = None, state: ChangeState | None = None, limit: int
    ) -> tuple[PriceTerms, ...]:
        newest_first = sorted(self._store.price_terms.values(), key=lambda each: each.id)[::-1]
        found = (
            each
            for each in newest_first
            if instrument in (None, each.instrument) and state in (None, each.state)
        )
        return tuple(found)[:limit]


def guard_terms(store: Store) -> GuardTerms:
    """What was applied last, by the time of the decision."""
    limits: dict[str, GuardLimits] = {}
    sheets: dict[str, Reference] = {}
    applied = [each for each in store.price_terms.values() if each.state is ChangeState.APPLIED]
    for each in sorted(applied, key=lambda each: (each.decided_at or each.proposed_at, each.id)):
        if isinstance(each.terms, RateSheet):
            sheets[each.instrument] = each.terms.reference(each.decided_at or each.proposed_at)
        else:
            limits[each.instrument] = each.terms
    return GuardTerms(limits, sheets)
