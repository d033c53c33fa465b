"""What an LP can do, declared once by its adapter; the contract suite runs exactly that."""

from enum import StrEnum

import msgspec

from ..shared.side import FixedSide, Side
from .proofs import Proofs


class LookupBy(StrEnum):
    """The handle that finds an execution whose reply was lost."""

    LP_QUOTE_ID = "lp_quote_id"
    CLIENT_REF = "client_ref"
    SCAN = "scan"


class Settlement(StrEnum):
    PREFUNDED = "prefunded"
    POST_TRADE = "post_trade"


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """`exact_in` and `exact_out`: the LP takes an exact amount of what we give, or receive.
    `exact_base`: it takes an exact amount of the base asset, whichever way that goes.

    `client_ref`: it stores our reference on execution. `proofs`: what its records prove; absence
    only where it refuses an expired quote and its record is complete. Some LPs execute an expired
    quote at the market: with them "not found" never becomes proof. `asynchronous`: execution may
    answer `Pending`. `last_look`: it may reject a valid quote. `reports_balances`: it tells what
    lies with it. `improves`: it may execute at better than it quoted, as an order book does.
    """

    exact_in: bool
    exact_out: bool
    client_ref: bool
    lookup_by: LookupBy
    proofs: Proofs
    settlement: Settlement
    asynchronous: bool = False
    last_look: bool = False
    reports_balances: bool = False
    client_ref_length_max: int | None = None
    exact_base: bool = False
    improves: bool = False

    @property
    def proves_absence(self) -> bool:
        return self.proofs.absence is not None

    def fixes(self, side: Side, fixed: FixedSide) -> bool:
        """Whether the LP quotes for an exact amount on that side of such a trade."""
        gives = (side is Side.BUY) == (fixed is FixedSide.QUOTE)
        directly = self.exact_in if gives else self.exact_out
        return directly or (self.exact_base and fixed is FixedSide.BASE)
