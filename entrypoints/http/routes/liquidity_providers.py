"""For operators: which liquidity providers are used, why one is not, and deciding on it."""

from typing import Final

from application.liquidity.decide_on_lp import DecideOnLp, LpDecision
from application.liquidity.report_health import ReportHealth
from application.tenants.authenticate import operator_of
from domain.liquidity.quote import LpName
from domain.liquidity.standing import LpState
from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.reply import Reply, answer
from entrypoints.http.schemas.liquidity_providers import (
    LP_NAME,
    DecideOnLpBody,
    LpBody,
    ResetLpBody,
    lp_body,
)
from entrypoints.http.schemas.values import Page, whole

LPS: Final = "/admin/v1/liquidity-providers"
ITEM: Final = f"{LPS}/{{name}}"


@operation(
    "GET",
    LPS,
    summary="List liquidity providers in the order in which they are asked, and how they do",
    scope=Scope.OPERATOR,
    takes=Nothing,
    answers={200: Page[LpBody]},
    policy=ReportHealth,
)
async def list_liquidity_providers(call: Call[Nothing]) -> Reply:
    reports = await call.services.report_health.execute()
    return answer(whole([lp_body(each) for each in reports]))


@operation(
    "GET",
    ITEM,
    summary="Get a liquidity provider, how it does, and what became of it lately",
    scope=Scope.OPERATOR,
    takes=Nothing,
    answers={200: LpBody},
    named=LP_NAME,
    policy=ReportHealth,
)
async def get_liquidity_provider(call: Call[Nothing]) -> Reply:
    return answer(lp_body(await call.services.report_health.one(LpName(call.item_text))))


@operation(
    "POST",
    f"{ITEM}/halt",
    summary="Stop a liquidity provider: no quotes, and none given is accepted any more",
    scope=Scope.OPERATOR,
    takes=DecideOnLpBody,
    answers={200: LpBody},
    named=LP_NAME,
    policy=DecideOnLp,
)
async def halt_liquidity_provider(call: Call[DecideOnLpBody]) -> Reply:
    return await _set(call, LpState.HALTED)


@operation(
    "POST",
    f"{ITEM}/reduce",
    summary="Let a liquidity provider run out: no new quotes, those given may be accepted",
    scope=Scope.OPERATOR,
    takes=DecideOnLpBody,
    answers={200: LpBody},
    named=LP_NAME,
    policy=DecideOnLp,
)
async def reduce_liquidity_provider(call: Call[DecideOnLpBody]) -> Reply:
    return await _set(call, LpState.REDUCING)


@operation(
    "POST",
    f"{ITEM}/resume",
    summary="Use a liquidity provider again",
    scope=Scope.OPERATOR,
    takes=DecideOnLpBody,
    answers={200: LpBody},
    named=LP_NAME,
    policy=DecideOnLp,
)
async def resume_liquidity_provider(call: Call[DecideOnLpBody]) -> Reply:
    return await _set(call, LpState.ACTIVE)


@operation(
    "POST",
    f"{ITEM}/reset",
    summary="Close a liquidity provider's breakers",
    scope=Scope.OPERATOR,
    takes=ResetLpBody,
    answers={200: LpBody},
    named=LP_NAME,
    policy=DecideOnLp,
)
async def reset_liquidity_provider(call: Call[ResetLpBody]) -> Reply:
    await call.services.decide_on_lp.reset(_decision(call), call.input.instrument)
    return answer(lp_body(await call.services.report_health.one(LpName(call.item_text))))


async def _set(call: Call[DecideOnLpBody], state: LpState) -> Reply:
    await call.services.decide_on_lp.set_state(_decision(call), state)
    return answer(lp_body(await call.services.report_health.one(LpName(call.item_text))))


def _decision(call: Call[DecideOnLpBody] | Call[ResetLpBody]) -> LpDecision:
    return LpDecision(
        name=LpName(call.item_text),
        by=operator_of(call.caller).name,
        reason=call.input.reason,
    )


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    list_liquidity_providers,
    get_liquidity_provider,
    halt_liquidity_provider,
    reduce_liquidity_provider,
    resume_liquidity_provider,
    reset_liquidity_provider,
)
