"""A database with two tenants, each with rows in every table that tenants have rows in."""

from datetime import timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from application.ports.change_requests import AccountChange, ChangeRequest, ChangeState, CreditLine
from application.ports.corrections import Correction
from application.ports.events import Event
from application.ports.intents import Intent, IntentKind
from application.ports.movements import Deposit, Transfer
from application.ports.parties import ApiKey
from application.ports.reconciliation import MatchRecord, Statement
from application.ports.trading import OpenExecution, Settlement, StoredQuote
from application.ports.transfer_batches import TransferBatch
from application.ports.webhook_deliveries import Claim, ToDeliver
from domain.ledger.commands import PlaceHold, Request
from domain.ledger.hold import Hold
from domain.ledger.templates import reversal
from domain.liquidity.netting import LpSettlement
from domain.orders.incident import ExecutionIncident
from domain.reconciliation.breaks import Break
from domain.reconciliation.sides import Line
from domain.shared.ids import ChangeRequestId, OperatorId, TransactionId
from domain.tenants.operator import Operator
from domain.webhooks.endpoint import Endpoint
from tests.contract.conftest import make_postgres_ports
from tests.contract.events_contract import announced, events, new, number
from tests.contract.history_contract import fold_all
from tests.contract.holds_contract import do, hold_on
from tests.contract.inbox_contract import take
from tests.contract.incidents_contract import evidence_of, incident_of
from tests.contract.isolation_contract import add_movements, new_deposit, new_key
from tests.contract.lp_quotas_contract import claim as claim_quota
from tests.contract.lp_settlements_contract import new_terms, opening
from tests.contract.posting_contract import alone
from tests.contract.reconciliation_contract import (
    LP,
    new_break,
    new_item,
    new_line,
    new_match,
    sourced,
    stated,
)
from tests.contract.seals_contract import add, sealing
from tests.contract.transfer_batches_contract import batch_of, done
from tests.contract.webhook_deliveries_contract import add as add_deliveries
from tests.contract.webhook_deliveries_contract import claim
from tests.contract.webhook_deliveries_contract import new as to_deliver
from tests.contract.webhook_endpoints_contract import added
from tests.contract.world import LONG_LEASE, NO_LEASE, Party, World
from tests.fixtures.postgres_servers import Database

CLIENT_ORDER_ID: Final = "the same in both"
CONSUMER: Final = "mails"
MESSAGE: Final = "the same in both"
KEY: Final = "the same key in both"
HOUR: Final = timedelta(hours=1)
OVER: Final = timedelta(seconds=-1)


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """A statement with one line that is matched and one that is in a break."""

    statement: Statement
    line: Line
    match: MatchRecord
    broken: Break


class Hooked(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint with one delivery that is due, and one that is being sent."""

    endpoint: Endpoint
    due: ToDeliver
    claim: Claim


class Inhabitant(msgspec.Struct, frozen=True, kw_only=True):
    """What one tenant has: of everything one, and of what a sweeper looks for one that is due."""

    party: Party
    other: Party
    trade: Settlement
    open_execution: OpenExecution
    open_quote: StoredQuote
    due_quote: StoredQuote
    due_hold: Hold
    key: ApiKey
    deposit: Deposit
    transfer: Transfer
    reconciled: Reconciled
    transfer_batch: TransferBatch
    incident: ExecutionIncident
    changed: AccountChange
    correction: Correction
    leased: Intent
    parked: Intent
    later: Intent
    told: Event
    hooked: Hooked
    settlement: LpSettlement


class Inhabited(msgspec.Struct, frozen=True, kw_only=True):
    database: Database
    mine: Inhabitant
    theirs: Inhabitant


async def inhabit(database: Database) -> Inhabited:
    async with make_postgres_ports(database) as ports:
        world = World(ports)
        await world.prepare()
        mine, theirs = await inhabitant(world), await inhabitant(world)
        await remember(world)
        return Inhabited(database=database, mine=mine, theirs=theirs)


async def remember(world: World) -> None:
    """As verification does when it has found nothing."""
    async with world.ports.ledger_audit.snapshot(full=True) as snapshot:
        marks = await snapshot.marks()
    for mark in marks:
        assert await world.ports.ledger_audit.remember(mark)


async def derived(world: World, party: Party, other: Party) -> None:
    """An answered key, a reversal, a closed period, and what is folded from all that."""
    moving = world.moving(party.usdt, other.usdt, 1)
    assert (await alone(world, party, moving, Request(KEY, bytes(32)))).accepted
    assert (await alone(world, party, reversal(world.header(), moving))).accepted
    async with world.ports.ops_uow.begin(party.tenant_id) as tx:
        assert await tx.journal.close_period(world.now.date() - 9 * timedelta(days=1), by="ops")
        await tx.commit()
    await fold_all(world, party.tenant_id)


async def corrected(world: World, party: Party) -> tuple[AccountChange, Correction]:
    """A credit line that two people agreed on, and a posting that was taken back with a reason."""
    maker, checker = (Operator(OperatorId(world.id()), name) for name in ("Abena", "Kwame"))
    request = ChangeRequest(
        id=ChangeRequestId(world.id()),
        change=CreditLine(account_id=party.usdt, floor_units="-50", floor_before="0"),
        reason="agreed",
        proposed_by=maker,
        proposed_at=world.now,
    )
    correction = Correction(
        transaction_id=TransactionId(world.id()),
        reverses=TransactionId(world.id()),
        reason="twice",
        made_by="Abena",
        made_at=world.now,
    )
    async with world.ports.ops_uow.begin(party.tenant_id) as tx:
        await tx.corrections.add(correction)
        await tx.change_requests.add(request)
        done = replace(
            await tx.change_requests.get(request.id),
            state=ChangeState.APPLIED,
            decided_by=checker,
            decided_at=world.now,
        )
        await tx.change_requests.decide(done)
        terms = await tx.accounts.set_floor(party.usdt, -50)
        changed = AccountChange(request=done, before=terms.before, after=terms.after)
        await tx.account_changes.record(changed)
        await tx.commit()
    return changed, correction


async def inhabitant(world: World) -> Inhabitant:
    party = await world.party()
    trade = await world.trade(party)
    await world.mirror(party.tenant_id, trade.transaction.id)
    claimed = await world.quote(party)
    reservation = world.reservation(
        claimed.quote.id, request=world.request(KEY), client_order_id=CLIENT_ORDER_ID
    )
    execution = await world.reserve(party, reservation)
    assert execution is not None
    key, deposit = new_key(world), new_deposit(world, party, world.now)
    transfer = await add_movements(world, party, key, deposit)
    due_hold = hold_on(world, party, 1, placed=world.now - 2 * HOUR, expires_in=HOUR)
    await do(world, party, PlaceHold(due_hold))
    other = await world.party(party.tenant_id)
    await derived(world, party, other)
    changed, correction = await corrected(world, party)
    assert await add(world, *await sealing(world, party.tenant_id, None))
    return Inhabitant(
        party=party,
        other=other,
        trade=trade,
        open_execution=execution,
        open_quote=await world.quote(party),
        due_quote=await world.quote(party, expires_in=OVER),
        due_hold=due_hold,
        key=key,
        deposit=deposit,
        transfer=transfer,
        reconciled=await reconciled(world, party),
        transfer_batch=await batch_with(world, party, transfer),
        incident=await incident(world, party, execution),
        changed=changed,
        correction=correction,
        leased=await intent(world, party, leased=True),
        parked=await intent(world, party, parked=True),
        later=await intent(world, party),
        told=await told(world, party),
        hooked=await hooked(world, party),
        settlement=await settling(world, party),
    )


async def settling(world: World, party: Party) -> LpSettlement:
    """An open settlement, and a quota that nothing is taken of."""
    await claim_quota(world, party)
    made = await opening(world, new_terms(world), tenant_id=party.tenant_id)
    assert made is not None
    return made


async def incident(world: World, party: Party, execution: OpenExecution) -> ExecutionIncident:
    """Of an order that is open, with evidence somebody attached."""
    opened = incident_of(world, execution)
    async with world.ports.uow.begin(party.tenant_id) as tx:
        assert await tx.incidents.open(opened)
        await tx.order_evidence.add(evidence_of(world, execution))
        await tx.commit()
    return opened


async def hooked(world: World, party: Party) -> Hooked:
    _, endpoint = await added(world, party.tenant_id)
    sent, due = to_deliver(world, 1), to_deliver(world, 2)
    await add_deliveries(world, party.tenant_id, endpoint, sent, due)
    (claimed,) = await claim(world, party.tenant_id, endpoint, 1)
    return Hooked(endpoint=endpoint, due=due, claim=claimed)


async def told(world: World, party: Party) -> Event:
    """Of what has happened all but the last thing has its number; and one message was taken."""
    await number(world, party.tenant_id)
    await announced(world, party.tenant_id, new(world))
    assert await take(world, party.tenant_id, CONSUMER, MESSAGE)
    return (await events(world, party.tenant_id))[0]


async def reconciled(world: World, party: Party) -> Reconciled:
    line, other = new_line(world, units=7), new_line(world, "e2")
    await sourced(world, party.tenant_id)
    statement = await stated(world, party.tenant_id, line, other)
    match = new_match(world, line, new_item(world, 7))
    broken = new_break(world, line=other)
    async with world.ports.uow.begin(party.tenant_id) as tx:
        await tx.reconciliation.lock(LP)
        await tx.reconciliation.add_matches((match,))
        await tx.reconciliation.add_breaks((broken,))
        await tx.commit()
    return Reconciled(statement=statement, line=line, match=match, broken=broken)


async def batch_with(world: World, party: Party, transfer: Transfer) -> TransferBatch:
    batch = batch_of(world, done(str(world.id()), transfer))
    async with world.ports.uow.begin(party.tenant_id) as tx:
        await tx.transfer_batches.add(batch)
        await tx.commit()
    return batch


async def intent(
    world: World, party: Party, *, leased: bool = False, parked: bool = False
) -> Intent:
    """Under a lease, out of the machine's hands, or else due in an hour."""
    subject = world.id()
    duration = LONG_LEASE if leased else NO_LEASE
    async with world.ports.uow.begin(party.tenant_id) as tx:
        await tx.intents.add(IntentKind.MIRROR, subject, payload=None)
        (taken,) = await tx.intents.lease(IntentKind.MIRROR, (subject,), duration=duration)
        if parked:
            assert await tx.intents.park(taken, error="a contradiction")
        elif not leased:
            assert await tx.intents.postpone(taken, until=world.now + HOUR, error=None)
        await tx.commit()
    return taken
