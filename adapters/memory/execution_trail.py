from collections.abc import Iterable

import msgspec

from adapters.memory.store import Rows
from application.ports.intents import IntentKind
from application.ports.reconciliation import Execution
from domain.ledger.templates import MirrorInstruction, TradeMirror
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import OPEN
from domain.shared.ids import IdPrefix, OrderId, decode_id


class MemoryExecutionTrail:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def of_orders(self, order_ids: Iterable[OrderId]) -> tuple[Execution, ...]:
        return tuple(
            found for each in sorted(set(order_ids)) if (found := self._filled(each)) is not None
        )

    async def unfinished(self, lp: LpName) -> tuple[Execution, ...]:
        attempts = sorted(self._rows.attempts.values(), key=lambda each: each.order_id)
        still_open = tuple(
            Execution(
                order_id=each.order_id,
                lp=lp,
                lp_quote_id=each.lp_quote_id,
                client_ref=each.client_ref,
                lp_execution_id=each.lp_execution_id,
                transaction_id=None,
                why=f"the attempt of an order is {each.status.value}",
            )
            for each in attempts
            if each.lp == lp and each.status in OPEN
        )
        return (*still_open, *await self.of_orders(self._unmirrored(lp)))

    def _filled(self, order_id: OrderId) -> Execution | None:
        order, attempt = self._rows.orders.get(order_id), self._rows.attempts.get(order_id)
        if order is None or attempt is None or not order.fills:
            return None
        (fill,) = order.fills
        return Execution(
            order_id=order_id,
            lp=attempt.lp,
            lp_quote_id=attempt.lp_quote_id,
            client_ref=attempt.client_ref,
            lp_execution_id=fill.source_ref,
            transaction_id=self._rows.fill_postings.get(fill.id),
            why="the house has not posted its mirror yet",
        )

    def _unmirrored(self, lp: LpName) -> Iterable[OrderId]:
        for (kind, _), row in self._rows.intents.items():
            if kind is IntentKind.MIRROR and row.payload is not None:
                told: MirrorInstruction = msgspec.json.decode(row.payload, type=MirrorInstruction)
                if isinstance(told, TradeMirror) and told.lp == lp:
                    yield OrderId(decode_id(IdPrefix.ORDER, told.reference))
