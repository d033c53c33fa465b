"""Whether an LP may be used for an instrument just now, and why not: all reasons in one place."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from .quote import LpName


class LpState(StrEnum):
    """An operator's word, which no health overrules.

    active    all of it
    reducing  quotes already given may be accepted; no new ones
    halted    no quotes, and none already given may be accepted; what is open is still looked up
    """

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """- `may_quote`: ask it and offer what it quotes.
    - `probe`: it may not be asked freely, but one quote may be: whoever wins
      `Standings.claim_quote` asks it and reports, and offers the quote only if `may_execute`.
    - `may_execute`: its quotes may be accepted; with `claim_execution` only by whoever wins
      `Standings.claim_execution`.
    - `degraded`: it works, but badly: ask another beside it.
    - `latency_ms`: of its quotes lately, None when unknown.
    - `reasons`: for operators, one for each thing that is not as it should be.
    """

    may_quote: bool = True
    may_execute: bool = True
    degraded: bool = False
    latency_ms: int | None = None
    probe: bool = False
    claim_execution: bool = False
    reasons: tuple[str, ...] = ()


GOOD: Final = Standing()


class StandingsView(msgspec.Struct, frozen=True):
    """One reading of the shared rows.

    `of_lps` has the LPs that stand in some way for every instrument, such as halted; `listed` goes
    before it.
    """

    listed: Mapping[tuple[LpName, str], Standing]
    of_lps: Mapping[LpName, Standing]

    def of(self, lp: LpName, instrument: str) -> Standing:
        """An LP that nothing is known of is as good as any."""
        return self.listed.get((lp, instrument)) or self.of_lps.get(lp, GOOD)
