"""Incidents of executions, and the evidence that people attach to orders."""

import hashlib
from uuid import UUID

import pytest
from msgspec.structs import replace

from application.ports.change_requests import ChangeRequest, ChangeState, ResolveOrder
from application.ports.incidents import OrderEvidence
from application.ports.trading import OpenExecution
from domain.orders.by_hand import ManualOutcome
from domain.orders.incident import ExecutionIncident, IncidentKind, Legs, closed
from domain.shared.errors import NotFound
from domain.shared.ids import ChangeRequestId, EvidenceId, IncidentId, OperatorId
from domain.tenants.operator import Operator, SecondOperatorRequired
from tests.contract.world import World

EVE = Operator(OperatorId(UUID(int=9)), "Eve")


def incident_of(world: World, execution: OpenExecution) -> ExecutionIncident:
    attempt = execution.attempt
    return ExecutionIncident(
        id=IncidentId(world.id()),
        order_id=attempt.order_id,
        attempt=attempt.number,
        lp=attempt.lp,
        kind=IncidentKind.AMOUNTS_DIFFER,
        quoted=Legs(attempt.lp_base_units, attempt.lp_quote_units),
        reported=Legs(attempt.lp_base_units, attempt.lp_quote_units + 1),
        detail="one unit more",
        opened_at=world.now,
    )


def closed_now(world: World, incident: ExecutionIncident) -> ExecutionIncident:
    return closed(incident, by=EVE, note="paid back", at=world.now)


def evidence_of(world: World, execution: OpenExecution) -> OrderEvidence:
    content = bytes(range(256))
    return OrderEvidence(
        id=EvidenceId(world.id()),
        order_id=execution.order.id,
        name="mail.eml",
        content=content,
        sha256=hashlib.sha256(content).digest(),
        added_by=EVE,
        added_at=world.now,
    )


class IncidentsContract:
    async def test_incident_is_opened_once_and_closed_once(self, world: World) -> None:
        party = await world.party()
        incident = incident_of(world, await world.execution(party))
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.incidents.open(incident)
            assert not await tx.incidents.open(replace(incident, id=IncidentId(world.id())))
            await tx.commit()
        done = closed_now(world, incident)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.incidents.get(incident.id) == incident
            assert await tx.incidents.page(is_open=True, limit=9) == (incident,)
            await tx.incidents.close(done)
            await tx.commit()
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.incidents.get(incident.id) == done
            assert await tx.incidents.page(is_open=True, limit=9) == ()
            assert await tx.incidents.page(is_open=False, limit=9) == (done,)
            assert await tx.incidents.page(before=incident.id, limit=9) == ()

    async def test_incident_of_another_tenant_is_not_there(self, world: World) -> None:
        party, other = await world.party(), await world.tenant()
        incident = incident_of(world, await world.execution(party))
        async with world.ports.uow.begin(party.tenant_id) as tx:
            await tx.incidents.open(incident)
            await tx.commit()
        async with world.ports.uow.begin(other) as tx:
            with pytest.raises(NotFound):
                await tx.incidents.get(incident.id)
            assert await tx.incidents.page(limit=9) == ()

    async def test_evidence_is_kept_byte_for_byte_with_its_hash(self, world: World) -> None:
        party, other = await world.party(), await world.tenant()
        execution = await world.execution(party)
        evidence = evidence_of(world, execution)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            await tx.order_evidence.add(evidence)
            await tx.commit()
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.order_evidence.of_order(execution.order.id, limit=9) == (evidence,)
        async with world.ports.uow.begin(other) as tx:
            assert await tx.order_evidence.of_order(execution.order.id, limit=9) == ()

    async def test_resolution_is_not_applied_by_who_proposed_it(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        proposed = ChangeRequest(
            id=ChangeRequestId(world.id()),
            change=ResolveOrder(
                order_id=execution.order.id,
                attempt=1,
                outcome=ManualOutcome.FILLED,
                lp_execution_id="e-1",
                base_units="9" * 30,
                quote_units="1",
                evidence_id=EvidenceId(world.id()),
                evidence_sha256="00",
            ),
            reason="OPS-1",
            proposed_by=EVE,
            proposed_at=world.now,
        )
        async with world.ports.uow.begin(party.tenant_id) as tx:
            await tx.change_requests.add(proposed)
            await tx.commit()
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.change_requests.get(proposed.id) == proposed
            applied = replace(
                proposed, state=ChangeState.APPLIED, decided_by=EVE, decided_at=world.now
            )
            with pytest.raises(SecondOperatorRequired):
                await tx.change_requests.decide(applied)
