"""How large the vendor's amounts may be, by pair."""

import msgspec


class PairLimits(msgspec.Struct, frozen=True, kw_only=True):
    """In our units, inclusive; minima rounded up and maxima down."""

    give_min: int
    give_max: int
    get_min: int
    get_max: int


class NotListed(msgspec.Struct, frozen=True):
    """The vendor does not convert this pair in this direction."""
