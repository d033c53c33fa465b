"""Faults that a header named for a later call.

Reading a book makes nothing that the vendor could keep them with, so what was named there waits
for the next order of that market, and from then on belongs to it.
"""

from collections import OrderedDict

from entrypoints.simulator.faults import FaultQueue
from entrypoints.simulator.guarding import Fields

KEPT_MAX = 10_000


class Leftovers:
    """`market` names the parameter that says which one an order is for."""

    def __init__(self, *, market: str) -> None:
        self._market = market
        self._next: dict[str, FaultQueue] = {}
        self._by_ref: OrderedDict[str, FaultQueue] = OrderedDict()

    def of_market(self, pair: str) -> FaultQueue:
        return self._next.setdefault(pair, FaultQueue())

    def of_order(self, ref: str) -> FaultQueue | None:
        return self._by_ref.get(ref)

    def keep(self, ref: str, queue: FaultQueue) -> None:
        self._by_ref[ref] = queue
        while len(self._by_ref) > KEPT_MAX:
            self._by_ref.popitem(last=False)

    def find(self, fields: Fields) -> FaultQueue | None:
        ref, pair = fields.get("client_order_id", ""), fields.get(self._market, "")
        if ref and pair and self._next.get(pair):
            self.keep(ref, self._next.pop(pair))
        return self._by_ref.get(ref) if ref else None
