from adapters.memory.store import Store
from application.ports.lp_desk import LpEvent
from domain.liquidity.health import HealthRow, Key, Turn, fold, turned
from domain.liquidity.observation import Observation
from domain.liquidity.probing import claim_execution, claim_quote
from domain.liquidity.quote import LpName
from domain.liquidity.standing import StandingsView, stand


class MemoryStandings:
    """Always current: an observation is in the view at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def view(self) -> StandingsView:
        states = {lp.name: lp.state for lp in self._store.lps.values()}
        return stand(self._store.lp_health, states, now=self._store.clock.now())

    def observe(self, observation: Observation) -> None:
        folded = fold(self._store.lp_health, (observation,))
        self._store.lp_health.update(folded.rows)
        self._store.lp_events.extend(lp_event(turn) for turn in folded.turns)

    async def claim_quote(self, lp: LpName, instrument: str) -> bool:
        now = self._store.clock.now()
        return self._keep(claim_quote(self._store.lp_health, lp, instrument, now=now))

    async def claim_execution(self, lp: LpName, instrument: str) -> bool:
        now = self._store.clock.now()
        return self._keep(claim_execution(self._store.lp_health, lp, instrument, now=now))

    async def close(self) -> None: ...

    def _keep(self, claimed: dict[Key, HealthRow] | None) -> bool:
        if claimed is None:
            return False
        at = self._store.clock.now()
        for key, row in claimed.items():
            turns = turned(key, self._store.lp_health[key], row, at=at)
            self._store.lp_events.extend(lp_event(turn) for turn in turns)
        self._store.lp_health.update(claimed)
        return True


def lp_event(turn: Turn, *, by: str | None = None) -> LpEvent:
    lp, instrument, operation = turn.key
    return LpEvent(
        lp=lp,
        instrument=instrument,
        operation=operation.value,
        before=turn.before.value,
        after=turn.after.value,
        cause=turn.cause,
        by=by,
        at=turn.at,
    )
