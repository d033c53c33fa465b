"""Our account as the vendor keeps it: balances that run out, and what really was executed on it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from entrypoints.simulator.decimals import ZERO, plus


class Leg(msgspec.Struct, frozen=True):
    """One side of an execution, signed from our view: negative leaves our account."""

    asset: str
    amount: Decimal


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is the vendor's. `client_ref` is ours, where the vendor's execute call takes one."""

    id: str
    quote_id: str
    legs: tuple[Leg, ...]
    executed_ms: int
    client_ref: str | None = None


class InsufficientBalance(Exception):
    """A leg would take more than the account holds; nothing was moved."""


class Account:
    """`on_credit`: balances may go below zero, and are settled after the trade."""

    def __init__(self, balances: Mapping[str, Decimal], *, on_credit: bool = False) -> None:
        self._balances = dict(balances)
        self._on_credit = on_credit

    def available(self, asset: str) -> Decimal:
        return self._balances.get(asset, ZERO)

    def balances(self) -> dict[str, Decimal]:
        return dict(self._balances)

    def set_balance(self, asset: str, amount: Decimal) -> None:
        self._balances[asset] = amount

    def move(self, legs: Iterable[Leg]) -> None:
        """All legs or none. Raises InsufficientBalance."""
        after: dict[str, Decimal] = {}
        for leg in legs:
            held = after.get(leg.asset, self.available(leg.asset))
            after[leg.asset] = plus(held, leg.amount)
        if not self._on_credit and any(amount < 0 for amount in after.values()):
            raise InsufficientBalance
        self._balances.update(after)
