from application.idempotency import Answer
from application.ledger.change_terms import ChangeTerms, DecideCommand
from application.orders.resolve_by_hand import ResolveByHand
from application.ports.change_requests import ChangeRequest, ResolveOrder
from application.ports.unit_of_work import UnitOfWork


class DecideChange:
    """- What one operator proposed, another approves; then it is done, by the rules of its kind.
    - Anybody may reject it, also who proposed it.
    """

    def __init__(self, *, uow: UnitOfWork, terms: ChangeTerms, orders: ResolveByHand) -> None:
        self._uow = uow
        self._terms = terms
        self._orders = orders

    async def approve(self, command: DecideCommand) -> Answer[ChangeRequest]:
        """Raises `NotFound`, and as the use case of its kind."""
        async with self._uow.begin(command.tenant_id) as tx:
            change = (await tx.change_requests.get(command.change_id)).change
        if isinstance(change, ResolveOrder):
            return await self._orders.approve(command)
        return await self._terms.approve(command)

    async def reject(self, command: DecideCommand) -> Answer[ChangeRequest]:
        """Raises `NotFound` or `ChangeDecided`."""
        return await self._terms.reject(command)
