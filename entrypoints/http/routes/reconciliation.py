"""For operators: what others say they hold for us, against our books."""

from typing import Final, TypeVar
from uuid import UUID

import msgspec

from application.idempotency import Answer
from application.ports.reconciliation import BreakFilter
from application.reconciliation.lp_statement import Period
from application.reconciliation.resolve_break import ResolveBreak, ResolveCommand
from application.reconciliation.run_reconciliation import RunCommand, RunReconciliation
from application.tenants.authenticate import operator_of
from domain.reconciliation.ageing import dates_of
from domain.reconciliation.breaks import Break
from domain.shared.ids import BreakId, IdPrefix, StatementId, decode_id
from domain.tenants.permissions import Scope
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.paging import Paging
from entrypoints.http.problems import invalid
from entrypoints.http.reply import Reply, answer, created
from entrypoints.http.schemas.reconciliation import (
    BreakBody,
    BreaksQuery,
    CreateRunBody,
    ResolutionAction,
    ResolveBreakBody,
    RunBody,
    RunsQuery,
    UpdateBreakBody,
    break_body,
    run_body,
)
from entrypoints.http.schemas.values import Page

I = TypeVar("I", bound=msgspec.Struct)  # noqa: E741 - the input of an operation

RUNS: Final = "/admin/v1/reconciliation/runs"
BREAKS: Final = "/admin/v1/reconciliation/breaks"


@operation(
    "POST",
    RUNS,
    summary="Read a source and match it with our books",
    scope=Scope.OPERATOR,
    takes=CreateRunBody,
    answers={201: RunBody},
    idempotent=True,
    refusals=(
        "conflict",
        "not_found",
        "statement_incomplete",
        "statement_not_continuous",
        "statement_unreadable",
        "too_much_to_reconcile",
    ),
    policy=RunReconciliation,
)
async def create_reconciliation_run(call: Call[CreateRunBody]) -> Reply:
    asked = call.input
    command = RunCommand(source=asked.source, period=Period(asked.since, asked.until))
    # A run that was begun is finished, also when whoever asked for it hangs up.
    work = call.services.run_reconciliation.execute_once(command, call.idempotency)
    done = await call.services.background.start(work)
    shown = await _run(call, done.value)
    return created(shown, location=f"{RUNS}/{shown.id}", replayed=done.replayed)


@operation(
    "GET",
    RUNS,
    summary="List runs, newest first",
    scope=Scope.OPERATOR,
    takes=RunsQuery,
    answers={200: Page[RunBody]},
)
async def list_reconciliation_runs(call: Call[RunsQuery]) -> Reply:
    paging = Paging("reconciliation runs", call.tenant_id, call.input)
    catalog = (await call.services.platform.view()).catalog
    before = None if paging.position is None else StatementId(UUID(int=paging.position))
    async with call.services.uow.begin(HOUSE_TENANT_ID) as tx:
        rows = await tx.reconciliation.page_statements(
            call.input.source, before=before, limit=paging.rows
        )
        names = sorted({each.source for each in rows})
        open_ = {name: await tx.reconciliation.open_breaks(name) for name in names}
    today = call.services.clock.now().date()
    return answer(
        paging.page(
            rows,
            position=lambda row: row.id.int,
            show=lambda row: run_body(row, open_[row.source], catalog, today=today),
        )
    )


@operation(
    "GET",
    f"{RUNS}/{{run_id}}",
    summary="Get a run with its gates, and what is open",
    scope=Scope.OPERATOR,
    takes=Nothing,
    answers={200: RunBody},
    item=IdPrefix.STATEMENT,
)
async def get_reconciliation_run(call: Call[Nothing]) -> Reply:
    return answer(await _run(call, StatementId(call.item_id)))


@operation(
    "GET",
    BREAKS,
    summary="List breaks, oldest first",
    scope=Scope.OPERATOR,
    takes=BreaksQuery,
    answers={200: Page[BreakBody]},
)
async def list_breaks(call: Call[BreaksQuery]) -> Reply:
    asked = call.input
    paging = Paging("reconciliation breaks", call.tenant_id, asked)
    catalog = (await call.services.platform.view()).catalog
    today = call.services.clock.now().date()
    first, last = (None, None) if asked.age is None else dates_of(asked.age, today)
    wanted = BreakFilter(
        source=asked.source, state=asked.state, type=asked.type, first_on=first, last_on=last
    )
    after = None if paging.position is None else BreakId(UUID(int=paging.position))
    async with call.services.uow.begin(HOUSE_TENANT_ID) as tx:
        rows = await tx.reconciliation.page_breaks(wanted, after=after, limit=paging.rows)
    return answer(
        paging.page(
            rows,
            position=lambda row: row.id.int,
            show=lambda row: break_body(row, catalog, today=today),
        )
    )


@operation(
    "GET",
    f"{BREAKS}/{{break_id}}",
    summary="Get a break",
    scope=Scope.OPERATOR,
    takes=Nothing,
    answers={200: BreakBody},
    item=IdPrefix.BREAK,
)
async def get_break(call: Call[Nothing]) -> Reply:
    async with call.services.uow.begin(HOUSE_TENANT_ID) as tx:
        found = await tx.reconciliation.get_break(BreakId(call.item_id))
    return answer(await _break(call, found))


@operation(
    "PATCH",
    f"{BREAKS}/{{break_id}}",
    summary="Say who looks after a break",
    scope=Scope.OPERATOR,
    takes=UpdateBreakBody,
    answers={200: BreakBody},
    item=IdPrefix.BREAK,
    refusals=("break_not_open",),
)
async def update_break(call: Call[UpdateBreakBody]) -> Reply:
    changed = await call.services.resolve_break.assign(BreakId(call.item_id), call.input.owner)
    return answer(await _break(call, changed))


@operation(
    "POST",
    f"{BREAKS}/{{break_id}}/resolutions",
    summary="Close a break, or propose, approve or withdraw a write-off",
    scope=Scope.OPERATOR,
    takes=ResolveBreakBody,
    answers={201: BreakBody},
    item=IdPrefix.BREAK,
    idempotent=True,
    refusals=(
        "break_not_open",
        "breaks_do_not_cancel",
        "second_operator_required",
        "write_off_not_proposed",
    ),
    policy=ResolveBreak,
)
async def resolve_break(call: Call[ResolveBreakBody]) -> Reply:
    asked = call.input
    if (asked.action is ResolutionAction.MATCH) != (asked.breaks is not None):
        raise invalid("`breaks` goes with `match`, and only there", pointer="/breaks")
    if (asked.action is ResolutionAction.PROPOSE_WRITE_OFF) != (asked.reason is not None):
        raise invalid("`reason` goes with `propose_write_off`, and only there", pointer="/reason")
    done = await _act(call)
    shown = await _break(call, done.value)
    return created(shown, location=f"{BREAKS}/{shown.id}", replayed=done.replayed)


async def _act(call: Call[ResolveBreakBody]) -> Answer[Break]:
    asked, use_case = call.input, call.services.resolve_break
    command = ResolveCommand(
        break_id=BreakId(call.item_id),
        operator=operator_of(call.caller).name,
        request=call.idempotency,
    )
    match asked.action:
        case ResolutionAction.MATCH:
            others = [BreakId(decode_id(IdPrefix.BREAK, each)) for each in asked.breaks or ()]
            matched = await use_case.match(command, others)
            own = next(each for each in matched.value if each.id == command.break_id)
            return Answer(own, replayed=matched.replayed)
        case ResolutionAction.ADJUST:
            return await use_case.adjust(command)
        case ResolutionAction.PROPOSE_WRITE_OFF:
            return await use_case.propose(command, reason=asked.reason or "")
        case ResolutionAction.APPROVE_WRITE_OFF:
            return await use_case.approve(command)
        case ResolutionAction.WITHDRAW_WRITE_OFF:
            return await use_case.withdraw(command)


async def _run(call: Call[I], statement_id: StatementId) -> RunBody:
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(HOUSE_TENANT_ID) as tx:
        statement = await tx.reconciliation.statement(statement_id)
        open_breaks = await tx.reconciliation.open_breaks(statement.source)
    today = call.services.clock.now().date()
    return run_body(statement, open_breaks, catalog, today=today)


async def _break(call: Call[I], found: Break) -> BreakBody:
    catalog = (await call.services.platform.view()).catalog
    return break_body(found, catalog, today=call.services.clock.now().date())


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    create_reconciliation_run,
    list_reconciliation_runs,
    get_reconciliation_run,
    list_breaks,
    get_break,
    update_break,
    resolve_break,
)
