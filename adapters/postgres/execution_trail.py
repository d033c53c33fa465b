"""Which of a tenant's orders is which execution of an LP."""

from collections.abc import Iterable

from adapters.postgres.connection import Connection
from adapters.postgres.reconciliation_sql import OF_ORDERS, OPEN_ATTEMPTS, OPEN_MIRRORS
from application.ports.reconciliation import UNFINISHED_MAX, Execution, TooMuchToReconcile
from domain.liquidity.quote import LpName
from domain.shared.ids import IdPrefix, OrderId, TenantId, TransactionId, decode_id


class PostgresExecutionTrail:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def of_orders(self, order_ids: Iterable[OrderId]) -> tuple[Execution, ...]:
        rows = await self._connection.fetch(OF_ORDERS, self._tenant_id, list(order_ids))
        return tuple(
            Execution(
                order_id=OrderId(row["order_id"]),
                lp=LpName(row["lp"]),
                lp_quote_id=row["lp_quote_id"],
                client_ref=row["client_ref"],
                lp_execution_id=row["source_ref"],
                transaction_id=TransactionId(row["transaction_id"]),
                why="the house has not posted its mirror yet",
            )
            for row in rows
        )

    async def unfinished(self, lp: LpName) -> tuple[Execution, ...]:
        attempts = await self._connection.fetch(OPEN_ATTEMPTS, self._tenant_id, lp)
        mirrors = await self._connection.fetch(OPEN_MIRRORS, self._tenant_id, lp)
        if max(len(attempts), len(mirrors)) > UNFINISHED_MAX:
            raise TooMuchToReconcile(f"more than {UNFINISHED_MAX} executions are open", lp=lp)
        open_attempts = tuple(
            Execution(
                order_id=OrderId(row["order_id"]),
                lp=lp,
                lp_quote_id=row["lp_quote_id"],
                client_ref=row["client_ref"],
                lp_execution_id=row["lp_execution_id"],
                transaction_id=None,
                why=f"the attempt of an order is {row['state']}",
            )
            for row in attempts
        )
        orders = [OrderId(decode_id(IdPrefix.ORDER, row["reference"])) for row in mirrors]
        return (*open_attempts, *await self.of_orders(orders))
