"""For operators: what providers and we owe each other."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from application.idempotency import Answer
from application.liquidity.settle_with_lp import SettleCommand, SettleWithLp
from application.ports.lp_settlements import SettlementFilter
from application.tenants.authenticate import operator_of
from domain.liquidity.netting import LpSettlement
from domain.liquidity.quote import LpName
from domain.shared.ids import IdPrefix, SettlementId
from domain.shared.money import AmountInvalid, parse_units
from domain.tenants.permissions import Scope
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.paging import Paging
from entrypoints.http.problems import invalid
from entrypoints.http.reply import Reply, answer, created
from entrypoints.http.schemas.settlements import (
    SettlementAction,
    SettlementBody,
    SettlementsQuery,
    SettlementStepBody,
    settlement_body,
)
from entrypoints.http.schemas.values import Page

I = TypeVar("I", bound=msgspec.Struct)  # noqa: E741 - the input of an operation

SETTLEMENTS: Final = "/admin/v1/settlements"
Doing = Callable[[SettleWithLp, SettleCommand], Awaitable[Answer[LpSettlement]]]
_A = SettlementAction
DOES: Final[Mapping[SettlementAction, Doing]] = MappingProxyType(
    {
        _A.FREEZE: SettleWithLp.freeze,
        _A.CONFIRM: SettleWithLp.confirm,
        _A.PROPOSE_PAYMENT: SettleWithLp.propose,
        _A.APPROVE_PAYMENT: SettleWithLp.pay,
        _A.RECEIVE: SettleWithLp.receive,
        _A.DISPUTE: SettleWithLp.dispute,
        _A.REOPEN: SettleWithLp.reopen,
    }
)
WITH_AMOUNT: Final = frozenset({_A.CONFIRM, _A.PROPOSE_PAYMENT, _A.APPROVE_PAYMENT, _A.RECEIVE})
WITH_REASON: Final = frozenset({_A.DISPUTE, _A.REOPEN})


@operation(
    "GET",
    SETTLEMENTS,
    summary="List settlements with providers, newest first",
    scope=Scope.OPERATOR,
    takes=SettlementsQuery,
    answers={200: Page[SettlementBody]},
)
async def list_settlements(call: Call[SettlementsQuery]) -> Reply:
    paging = Paging("settlements", call.tenant_id, call.input)
    catalog = (await call.services.platform.view()).catalog
    asked = call.input
    wanted = SettlementFilter(
        lp=None if asked.provider is None else LpName(asked.provider), state=asked.state
    )
    before = None if paging.position is None else SettlementId(UUID(int=paging.position))
    async with call.services.uow.begin(HOUSE_TENANT_ID) as tx:
        rows = await tx.lp_settlements.page(wanted, before=before, limit=paging.rows)
        steps = {row.id: await tx.lp_settlements.steps(row.id) for row in rows}
    return answer(
        paging.page(
            rows,
            position=lambda row: row.id.int,
            show=lambda row: settlement_body(row, steps[row.id], catalog),
        )
    )


@operation(
    "GET",
    f"{SETTLEMENTS}/{{settlement_id}}",
    summary="Get a settlement with every step taken",
    scope=Scope.OPERATOR,
    takes=Nothing,
    answers={200: SettlementBody},
    item=IdPrefix.SETTLEMENT,
)
async def get_settlement(call: Call[Nothing]) -> Reply:
    return answer(await _body(call, SettlementId(call.item_id)))


@operation(
    "POST",
    f"{SETTLEMENTS}/{{settlement_id}}/steps",
    summary="Freeze, confirm, pay or dispute a settlement",
    scope=Scope.OPERATOR,
    takes=SettlementStepBody,
    answers={201: SettlementBody},
    item=IdPrefix.SETTLEMENT,
    idempotent=True,
    refusals=(
        "second_operator_required",
        "settlement_amount_invalid",
        "settlement_not_ready",
        "settlement_not_reconciled",
        "settlement_pays_later",
        "too_much_to_reconcile",
    ),
    policy=SettleWithLp,
)
async def take_settlement_step(call: Call[SettlementStepBody]) -> Reply:
    asked = call.input
    for field, value, actions in (
        ("amount", asked.amount, WITH_AMOUNT),
        ("ref", asked.ref, WITH_AMOUNT),
        ("reason", asked.reason, WITH_REASON),
    ):
        if (asked.action in actions) != (value is not None):
            named = ", ".join(f"`{each.value}`" for each in actions)
            raise invalid(f"`{field}` goes with {named}, and only there", pointer=f"/{field}")
    settlement_id = SettlementId(call.item_id)
    command = SettleCommand(
        settlement_id=settlement_id,
        by=operator_of(call.caller),
        units=await _units(call, settlement_id),
        ref=asked.ref,
        reason=asked.reason,
        request=call.idempotency,
    )
    done = await DOES[asked.action](call.services.settle_with_lp, command)
    shown = await _body(call, done.value.id)
    return created(shown, location=f"{SETTLEMENTS}/{shown.id}", replayed=done.replayed)


async def _units(call: Call[SettlementStepBody], settlement_id: SettlementId) -> int | None:
    text = call.input.amount
    if text is None:
        return None
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(HOUSE_TENANT_ID) as tx:
        known = await tx.lp_settlements.get(settlement_id)
    try:
        units = parse_units(text.removeprefix("-"), scale=catalog.asset(known.asset).scale)
    except AmountInvalid as error:
        raise invalid(error.detail, pointer="/amount") from None
    return -units if text.startswith("-") else units


async def _body(call: Call[I], settlement_id: SettlementId) -> SettlementBody:
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(HOUSE_TENANT_ID) as tx:
        found = await tx.lp_settlements.get(settlement_id)
        steps = await tx.lp_settlements.steps(settlement_id)
    return settlement_body(found, steps, catalog)


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    list_settlements,
    get_settlement,
    take_settlement_step,
)
