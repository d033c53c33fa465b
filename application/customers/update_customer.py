import msgspec
from msgspec.structs import replace

from application.customers.announcing import customer_announcement
from application.errors import VersionConflict
from application.ports.clock import Clock, IdGenerator
from application.ports.parties import Customer, CustomerStatus
from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import CustomerId, EventId, TenantId


class UpdateCustomerCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is None stays as it is. `version` is the one the caller last read, if it cares."""

    tenant_id: TenantId
    customer_id: CustomerId
    status: CustomerStatus | None = None
    metadata: dict[str, str] | None = None
    version: int | None = None


class UpdateCustomer:
    """- Suspending a customer stops new quotes, orders and transfers; what is open is finished.
    - `external_id` never changes.
    """

    def __init__(self, *, uow: UnitOfWork, clock: Clock, ids: IdGenerator) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids

    async def execute(self, command: UpdateCustomerCommand) -> Customer:
        async with self._uow.begin(command.tenant_id) as tx:
            current = await tx.customers.get(command.customer_id)
            if command.version is not None and command.version != current.version:
                raise VersionConflict(
                    "the customer changed in the meantime", version=current.version
                )
            updated = replace(
                current,
                status=current.status if command.status is None else command.status,
                metadata=current.metadata if command.metadata is None else command.metadata,
                updated_at=self._clock.now(),
                version=current.version + 1,
            )
            await tx.customers.update(updated)
            await tx.outbox.add(customer_announcement(EventId(self._ids.new()), updated))
            await tx.commit()
            return updated
