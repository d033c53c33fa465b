from collections.abc import Collection, Mapping

from adapters.memory.store import Rows
from application.errors import CustomerExists, CustomerNotFound, VersionConflict
from application.ports.parties import Customer
from domain.shared.errors import invariant
from domain.shared.ids import CustomerId


class MemoryCustomers:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, customer: Customer) -> None:
        await self._rows.external_ids.lock(customer.external_id)
        owner = self._rows.external_ids.get(customer.external_id)
        if owner is not None:
            raise CustomerExists("another customer has this external id", customer_id=owner)
        self._rows.external_ids.put(customer.external_id, customer.id)
        self._rows.customers.add(customer.id, customer)

    async def get(self, customer_id: CustomerId) -> Customer:
        customer = self._rows.customers.get(customer_id)
        if customer is None:
            raise CustomerNotFound("no such customer")
        return customer

    async def find_all(self, ids: Collection[CustomerId]) -> Mapping[CustomerId, Customer]:
        found = ((each, self._rows.customers.get(each)) for each in ids)
        return {each: customer for each, customer in found if customer is not None}

    async def update(self, customer: Customer) -> None:
        await self._rows.customers.lock(customer.id)
        stored = await self.get(customer.id)
        if stored.version != customer.version - 1:
            raise VersionConflict("the customer has changed")
        invariant(stored.external_id == customer.external_id, "an external id stays as it is")
        self._rows.customers.put(customer.id, customer)

    async def page(
        self, *, external_id: str | None, before: CustomerId | None, limit: int
    ) -> tuple[Customer, ...]:
        found = [
            customer
            for customer in self._rows.customers.values()
            if (external_id is None or customer.external_id == external_id)
            and (before is None or customer.id < before)
        ]
        found.sort(key=lambda customer: customer.id, reverse=True)
        return tuple(found[:limit])
