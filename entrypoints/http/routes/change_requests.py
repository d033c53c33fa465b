"""For operators: what takes two of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from application.decide_change import DecideChange
from application.idempotency import Answer
from application.ledger.change_terms import ChangeTerms, DecideCommand, ProposeCommand
from application.ports.change_requests import ChangeRequest, ResolveOrder
from application.ports.unit_of_work import Transaction
from application.tenants.authenticate import operator_of
from domain.assets.catalog import Catalog
from domain.assets.instrument import split_symbol
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, ChangeRequestId, IdPrefix, TenantId, decode_id, encode_id
from domain.shared.money import AmountInvalid, parse_units
from domain.tenants.permissions import Scope
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.http.operation import AnyOperation, Call, operation
from entrypoints.http.paging import Paging
from entrypoints.http.problems import invalid
from entrypoints.http.reply import Reply, answer, created
from entrypoints.http.schemas.change_requests import (
    AboutAccount,
    AboutOrder,
    ChangeRequestBody,
    ChangeRequestQuery,
    ChangeRequestsQuery,
    CreateChangeRequestBody,
    DecideChangeRequestBody,
    TermsKind,
    change_request_body,
)
from entrypoints.http.schemas.values import Page

I = TypeVar("I", bound=msgspec.Struct)  # noqa: E741 - the input of an operation

CHANGES: Final = "/admin/v1/change-requests"
ITEM: Final = f"{CHANGES}/{{change_request_id}}"


@operation(
    "POST",
    CHANGES,
    summary="Propose a credit line, or to close an account",
    scope=Scope.OPERATOR,
    takes=CreateChangeRequestBody,
    answers={201: ChangeRequestBody},
    idempotent=True,
    refusals=("not_found", "account_closed", "account_not_strict", "floor_above_available"),
    policy=ChangeTerms,
)
async def create_change_request(call: Call[CreateChangeRequestBody]) -> Reply:
    asked = call.input
    if (asked.kind is TermsKind.CREDIT_LINE) != (asked.credit_line is not None):
        raise invalid(
            "`credit_line` goes with `credit_line`, and only there", pointer="/credit_line"
        )
    tenant_id = await partner(call, asked.tenant_id)
    account_id = AccountId(decode_id(IdPrefix.ACCOUNT, asked.account_id))
    command = ProposeCommand(
        tenant_id=tenant_id,
        account_id=account_id,
        line_units=await _units(call, tenant_id, account_id, asked.credit_line),
        reason=asked.reason,
        by=operator_of(call.caller),
        request=call.idempotency,
    )
    done = await call.services.change_terms.propose(command)
    return await change_created(call, tenant_id, done)


@operation(
    "GET",
    CHANGES,
    summary="List a tenant's change requests, newest first",
    scope=Scope.OPERATOR,
    takes=ChangeRequestsQuery,
    answers={200: Page[ChangeRequestBody]},
    refusals=("not_found",),
)
async def list_change_requests(call: Call[ChangeRequestsQuery]) -> Reply:
    paging = Paging("change requests", call.tenant_id, call.input)
    tenant_id = await partner(call, call.input.tenant_id)
    before = None if paging.position is None else ChangeRequestId(UUID(int=paging.position))
    async with call.services.uow.begin(tenant_id) as tx:
        rows = await tx.change_requests.page(call.input.state, before=before, limit=paging.rows)
    shown = {each.id: each for each in await _bodies(call, tenant_id, rows)}
    return answer(
        paging.page(
            rows,
            position=lambda row: row.id.int,
            show=lambda row: shown[encode_id(IdPrefix.CHANGE_REQUEST, row.id)],
        )
    )


@operation(
    "GET",
    ITEM,
    summary="Get a change request",
    scope=Scope.OPERATOR,
    takes=ChangeRequestQuery,
    answers={200: ChangeRequestBody},
    item=IdPrefix.CHANGE_REQUEST,
)
async def get_change_request(call: Call[ChangeRequestQuery]) -> Reply:
    tenant_id = await partner(call, call.input.tenant_id)
    async with call.services.uow.begin(tenant_id) as tx:
        found = await tx.change_requests.get(ChangeRequestId(call.item_id))
    (shown,) = await _bodies(call, tenant_id, [found])
    return answer(shown)


@operation(
    "POST",
    f"{ITEM}/approve",
    summary="Do what another operator proposed",
    scope=Scope.OPERATOR,
    takes=DecideChangeRequestBody,
    answers={201: ChangeRequestBody},
    item=IdPrefix.CHANGE_REQUEST,
    idempotent=True,
    refusals=(
        "account_awaited",
        "account_closed",
        "account_not_empty",
        "change_decided",
        "change_outdated",
        "floor_above_available",
        "order_being_looked_up",
        "second_operator_required",
    ),
    policy=DecideChange,
)
async def approve_change_request(call: Call[DecideChangeRequestBody]) -> Reply:
    return await _decide(call, call.services.decide_change.approve)


@operation(
    "POST",
    f"{ITEM}/reject",
    summary="Say no to what was proposed",
    scope=Scope.OPERATOR,
    takes=DecideChangeRequestBody,
    answers={201: ChangeRequestBody},
    item=IdPrefix.CHANGE_REQUEST,
    idempotent=True,
    refusals=("change_decided",),
    policy=DecideChange,
)
async def reject_change_request(call: Call[DecideChangeRequestBody]) -> Reply:
    return await _decide(call, call.services.decide_change.reject)


async def _decide(
    call: Call[DecideChangeRequestBody],
    decide: Callable[[DecideCommand], Awaitable[Answer[ChangeRequest]]],
) -> Reply:
    tenant_id = await partner(call, call.input.tenant_id)
    command = DecideCommand(
        tenant_id=tenant_id,
        change_id=ChangeRequestId(call.item_id),
        by=operator_of(call.caller),
        request=call.idempotency,
    )
    return await change_created(call, tenant_id, await decide(command))


async def change_created(call: Call[I], tenant_id: TenantId, done: Answer[ChangeRequest]) -> Reply:
    (shown,) = await _bodies(call, tenant_id, [done.value])
    location = f"{CHANGES}/{shown.id}?tenant_id={shown.tenant_id}"
    return created(shown, location=location, replayed=done.replayed)


async def _bodies(
    call: Call[I], tenant_id: TenantId, requests: Sequence[ChangeRequest]
) -> list[ChangeRequestBody]:
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(tenant_id) as tx:
        abouts = [await _about(tx, catalog, each) for each in requests]
    return [
        change_request_body(each, about, tenant_id=tenant_id)
        for each, about in zip(requests, abouts, strict=True)
    ]


async def _about(
    tx: Transaction, catalog: Catalog, request: ChangeRequest
) -> AboutAccount | AboutOrder:
    change = request.change
    if isinstance(change, ResolveOrder):
        order = await tx.orders.get(change.order_id)
        return AboutOrder(*map(catalog.asset, split_symbol(order.instrument)))
    account = (await tx.accounts.get(change.account_id)).account
    return AboutAccount(catalog.asset(account.asset))


async def partner(call: Call[I], text: str) -> TenantId:
    """Raises `NotFound`, also for the house: it has no account with terms to change."""
    tenant_id = TenantId(decode_id(IdPrefix.TENANT, text))
    if tenant_id == HOUSE_TENANT_ID:
        raise NotFound("no such tenant")
    async with call.services.uow.begin(tenant_id) as tx:
        await tx.tenants.get()
    return tenant_id


async def _units(
    call: Call[I], tenant_id: TenantId, account_id: AccountId, line: str | None
) -> int | None:
    if line is None:
        return None
    async with call.services.uow.begin(tenant_id) as tx:
        asset = (await tx.accounts.get(account_id)).account.asset
    scale = (await call.services.platform.view()).catalog.asset(asset).scale
    try:
        return parse_units(line, scale=scale)
    except AmountInvalid as error:
        raise invalid(error.detail, pointer="/credit_line") from None


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    create_change_request,
    list_change_requests,
    get_change_request,
    approve_change_request,
    reject_change_request,
)
