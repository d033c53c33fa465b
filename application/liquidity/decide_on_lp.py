from typing import Final

import msgspec

from application.ports.clock import Clock
from application.ports.lp_desk import Decision, LpDesk
from domain.liquidity.quote import LpName
from domain.liquidity.standing import LpState

# Whoever acts by the command line without a key of their own.
UNNAMED: Final = "aksum"


class LpDecision(msgspec.Struct, frozen=True, kw_only=True):
    name: LpName
    by: str
    reason: str


class DecideOnLp:
    """- `halt`: no quotes are asked, and none already given is accepted. Open executions are looked
      up until their outcome is known.
    - `reduce`: no quotes are asked; those already given are accepted and carried out.
    - `resume`: all of it again, as far as its breakers allow.
    - `reset`: breakers are closed at once, as if the LP had recovered. They open again like any.
    - Each holds for every process within a second, and is kept with who did it and why.
    """

    def __init__(self, *, desk: LpDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    async def set_state(self, decision: LpDecision, state: LpState) -> None:
        """Repeating it changes nothing but the reason. Raises `NotFound`."""
        await self._desk.set_state(decision.name, state, self._decided(decision))

    async def reset(self, decision: LpDecision, instrument: str | None = None) -> int:
        """How many breakers were not closed. Raises `NotFound`."""
        return await self._desk.reset(decision.name, instrument, self._decided(decision))

    def _decided(self, decision: LpDecision) -> Decision:
        return Decision(by=decision.by, reason=decision.reason, at=self._clock.now())
