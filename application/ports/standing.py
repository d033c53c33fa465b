"""How the liquidity providers do: observed by every process, judged for all of them alike.

The rows are shared and a reading is cached for at most a second, so that an operator's halt and an
open breaker hold in every process. Operators' states are part of a standing: nothing else has to be
asked whether an LP may be used.
"""

from abc import abstractmethod
from typing import Protocol

from domain.liquidity.observation import Observation
from domain.liquidity.quote import LpName
from domain.liquidity.standing import StandingsView


class Standings(Protocol):
    @abstractmethod
    async def view(self) -> StandingsView:
        """At most a second old."""
        ...

    @abstractmethod
    def observe(self, observation: Observation) -> None:
        """Remembers it and returns at once; it reaches the shared rows within about a second.

        Never raises. When more arrive than can be written down, the newest are dropped and counted.
        """
        ...

    @abstractmethod
    async def claim_quote(self, lp: LpName, instrument: str) -> bool:
        """True for the one caller that may ask a quote as a probe, and has to report it.

        Only worth asking where the standing says `probe`: it writes.
        """
        ...

    @abstractmethod
    async def claim_execution(self, lp: LpName, instrument: str) -> bool:
        """True for the one caller that may execute, where the standing says `claim_execution`."""
        ...

    @abstractmethod
    async def close(self) -> None:
        """Writes down what waits, if that takes no long time. Not usable afterwards."""
        ...
