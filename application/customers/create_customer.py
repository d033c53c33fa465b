import msgspec

from application import crash_points
from application.customers.announcing import customer_announcement
from application.idempotency import Answer, claim
from application.in_flight import InFlight
from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.parties import Customer
from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import CustomerId, EventId, TenantId
from domain.tenants.tenant import require_active


class CreateCustomerCommand(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    request: IdempotentRequest
    external_id: str
    metadata: dict[str, str] = {}


class CreateCustomer:
    """- `external_id` is the tenant's own name for the customer, unique among its customers.
    - Accounts are opened when money first moves.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        platform: Platform,
        in_flight: InFlight,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._in_flight = in_flight
        self._clock = clock
        self._ids = ids

    async def execute(self, command: CreateCustomerCommand) -> Answer[Customer]:
        require_active(await self._platform.tenant(command.tenant_id))
        async with self._in_flight.entry(command.tenant_id, command.request.key):
            customer_id = CustomerId(self._ids.new())
            now = self._clock.now()
            async with self._uow.begin(command.tenant_id) as tx:
                earlier = await claim(
                    tx, command.request, resource="customer", resource_id=customer_id
                )
                if earlier is not None:
                    return Answer(await tx.customers.get(CustomerId(earlier)), replayed=True)
                customer = Customer(
                    id=customer_id,
                    external_id=command.external_id,
                    metadata=command.metadata,
                    created_at=now,
                    updated_at=now,
                )
                await tx.customers.add(customer)
                await tx.outbox.add(customer_announcement(EventId(self._ids.new()), customer))
                if crash_points.armed:
                    await crash_points.reach(crash_points.CUSTOMER_BEFORE_COMMIT)
                await tx.commit()
                if crash_points.armed:
                    await crash_points.reach(crash_points.CUSTOMER_COMMITTED)
                return Answer(customer)
