"""Who may be asked for a quote of an instrument, and in which steps.

It follows from the shared rows, which are read once a second, and hardly ever from the request; so
it is worked out once for each reading and instrument, and not for each quote.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import msgspec

from application.ports.catalog import PlatformView
from application.ports.liquidity import LiquidityProvider
from domain.liquidity.listing import Listing, Listings, beyond
from domain.liquidity.quote import LpName, LpQuoteRequest
from domain.liquidity.routing import Candidate, LeftOut, Step, plan, slow_ms
from domain.liquidity.standing import StandingsView

LeftOuts = tuple[tuple[LpName, LeftOut], ...]


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """`listing` as it is known beforehand. `slow_ms`: from then on it took too long.

    `probes`: it is on probation. `may_win`: its quote may be offered.
    """

    candidate: Candidate
    listing: Listing
    slow_ms: int
    probes: bool
    may_win: bool


class Shortlist(msgspec.Struct, frozen=True, kw_only=True):
    contenders: Mapping[LpName, Contender]
    steps: tuple[Step, ...]
    left_out: LeftOuts


NOBODY = Shortlist(contenders={}, steps=(), left_out=())


class Shortlists:
    """One for each instrument, as of the reading it was made from."""

    def __init__(self, providers: Mapping[LpName, LiquidityProvider], listings: Listings) -> None:
        self._providers = providers
        self._listings = listings
        self._made: dict[str, tuple[PlatformView, StandingsView, Shortlist]] = {}

    def of(
        self,
        asked: LpQuoteRequest,
        view: PlatformView,
        standings: StandingsView,
        *,
        tried: AbstractSet[LpName] = frozenset(),
    ) -> Shortlist:
        symbol = asked.instrument.symbol
        made = self._made.get(symbol)
        if made is None or made[0] is not view or made[1] is not standings:
            # As many as there are instruments.
            made = (view, standings, self._make(symbol, view, standings))
            self._made[symbol] = made
        shortlist = made[2]
        unfit = tuple(
            (lp, why)
            for lp, each in shortlist.contenders.items()
            if (why := beyond(each.listing, asked)) is not None and lp not in tried
        )
        if tried:
            unfit += tuple((lp, LeftOut.TRIED) for lp in shortlist.contenders if lp in tried)
        # A fault that a sandbox's caller names is to strike where it is meant.
        one_by_one = asked.scenario is not None
        if unfit or one_by_one:
            return self._narrowed(shortlist, unfit, view, asked, one_by_one=one_by_one)
        return shortlist

    def _make(self, symbol: str, view: PlatformView, standings: StandingsView) -> Shortlist:
        policy = view.routing_of(symbol)
        if policy is None:
            return NOBODY
        contenders: dict[LpName, Contender] = {}
        left_out: list[tuple[LpName, LeftOut]] = []
        for lp in policy.lps:
            standing = standings.of(lp, symbol)
            listing = self._listings.find(lp, symbol)
            if lp not in self._providers:
                left_out.append((lp, LeftOut.NOT_CONFIGURED))
            elif listing is None:
                left_out.append((lp, LeftOut.NOT_LISTED))
            elif not (standing.may_quote or standing.probe):
                left_out.append((lp, LeftOut.BAD_STANDING))
            else:
                candidate = Candidate(
                    lp=lp,
                    degraded=standing.degraded,
                    probe=not standing.may_quote,
                    proven=standing.claim_execution,
                    latency_ms=standing.latency_ms,
                )
                contenders[lp] = Contender(
                    candidate=candidate,
                    listing=listing,
                    slow_ms=slow_ms(policy, candidate),
                    probes=candidate.probe,
                    may_win=standing.may_execute or not candidate.probe,
                )
        return Shortlist(
            contenders=contenders,
            steps=plan(policy, tuple(each.candidate for each in contenders.values())),
            left_out=tuple(left_out),
        )

    def _narrowed(
        self,
        shortlist: Shortlist,
        unfit: LeftOuts,
        view: PlatformView,
        asked: LpQuoteRequest,
        *,
        one_by_one: bool,
    ) -> Shortlist:
        policy = view.routing_of(asked.instrument.symbol)
        out = {lp for lp, _ in unfit}
        left = {lp: each for lp, each in shortlist.contenders.items() if lp not in out}
        candidates = tuple(each.candidate for each in left.values())
        return Shortlist(
            contenders=left,
            steps=() if policy is None else plan(policy, candidates, one_by_one=one_by_one),
            left_out=(*shortlist.left_out, *unfit),
        )
