from collections import defaultdict
from collections.abc import Mapping

from msgspec.structs import replace

from adapters.memory.standings import lp_event
from adapters.memory.store import Store
from application.ports.catalog import ListedLp, LpRole
from application.ports.lp_desk import Decision, ListedState, LpEvent, OpenAtLp
from application.ports.trading import LpAttempt
from domain.liquidity.health import HealthRow, Key, Turn, not_closed, reset
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import AttemptStatus
from domain.liquidity.standing import LpState
from domain.shared.errors import NotFound


class MemoryLpDesk:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def listed(self) -> tuple[ListedState, ...]:
        ordered = sorted(self._store.lps.values(), key=_asked_in_order)
        return tuple(self._state_of(lp) for lp in ordered)

    async def health(self) -> Mapping[Key, HealthRow]:
        return dict(self._store.lp_health)

    async def open_executions(self) -> tuple[OpenAtLp, ...]:
        found: defaultdict[tuple[LpName, str], list[LpAttempt]] = defaultdict(list)
        for tenant_id in self._store.attempts.tenants:
            orders = self._store.orders.of(tenant_id)
            for attempt in self._store.attempts.of(tenant_id).values():
                if attempt.status not in (AttemptStatus.FILLED, AttemptStatus.REJECTED):
                    found[attempt.lp, orders[attempt.order_id].instrument].append(attempt)
        return tuple(
            _open(lp, instrument, attempts) for (lp, instrument), attempts in sorted(found.items())
        )

    async def events(self, name: LpName, *, limit: int) -> tuple[LpEvent, ...]:
        return tuple(event for event in reversed(self._store.lp_events) if event.lp == name)[:limit]

    async def set_state(self, name: LpName, state: LpState, decision: Decision) -> ListedState:
        listed = self._store.lps.get(name)
        if listed is None:
            raise NotFound("no such liquidity provider", lp=name)
        self._store.lps = {**self._store.lps, name: replace(listed, state=state)}
        self._store.lp_events.append(
            LpEvent(
                lp=name,
                instrument=None,
                operation=None,
                before=listed.state.value,
                after=state.value,
                cause=decision.reason,
                by=decision.by,
                at=decision.at,
            )
        )
        return self._state_of(self._store.lps[name])

    async def reset(self, name: LpName, instrument: str | None, decision: Decision) -> int:
        if name not in self._store.lps:
            raise NotFound("no such liquidity provider", lp=name)
        shut = not_closed(self._store.lp_health, name, instrument)
        for key, row in shut.items():
            after = reset(row, at=decision.at)
            self._store.lp_health[key] = after
            turn = Turn(
                key=key,
                before=row.breaker.state,
                after=after.breaker.state,
                cause=decision.reason,
                at=decision.at,
            )
            self._store.lp_events.append(lp_event(turn, by=decision.by))
        return len(shut)

    def _state_of(self, lp: ListedLp) -> ListedState:
        changes = (
            event
            for event in reversed(self._store.lp_events)
            if event.lp == lp.name and event.operation is None
        )
        last = next(changes, None)
        if last is None:
            return ListedState(lp=lp, reason=None, since=None)
        return ListedState(lp=lp, reason=last.cause, since=last.at)


def _open(lp: LpName, instrument: str, attempts: list[LpAttempt]) -> OpenAtLp:
    unknown = [each for each in attempts if each.status is not AttemptStatus.PENDING]
    return OpenAtLp(
        lp=lp,
        instrument=instrument,
        pending=len(attempts) - len(unknown),
        unknown=len(unknown),
        oldest_at=min((each.created_at for each in unknown), default=None),
    )


def _asked_in_order(lp: ListedLp) -> tuple[bool, int, str]:
    return (lp.role is LpRole.BACKUP, lp.rank, lp.name)
