"""What an LP can do, declared once by its adapter; the contract suite runs exactly that."""

from enum import StrEnum

import msgspec


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

    `client_ref`: it stores our reference on execution. `proves_absence`: it refuses an expired
    quote on its side and its record is complete, so that "not found" can become proof. Some LPs
    execute an expired quote at the market; theirs never can. `asynchronous`: execution may answer
    `Pending`. `last_look`: it may reject a valid quote. `reports_balances`: it tells what lies
    with it.
    """

    exact_in: bool
    exact_out: bool
    client_ref: bool
    lookup_by: LookupBy
    proves_absence: bool
    settlement: Settlement
    asynchronous: bool = False
    last_look: bool = False
    reports_balances: bool = False
    client_ref_length_max: int | None = None
