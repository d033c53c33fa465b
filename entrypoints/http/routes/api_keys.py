from datetime import timedelta
from typing import Final

from application.ports.parties import ApiKey
from application.tenants.api_keys import ManageApiKeys, NewKey
from application.tenants.key_text import Environment
from domain.shared.ids import ApiKeyId, IdPrefix
from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.reply import Reply, answer, created
from entrypoints.http.schemas.parties import (
    ApiKeyBody,
    CreateApiKeyBody,
    NewApiKeyBody,
    RotateApiKeyBody,
    api_key_body,
    new_api_key_body,
)
from entrypoints.http.schemas.values import Page, whole


@operation(
    "POST",
    "/v1/api-keys",
    summary="Make an API key",
    scope=Scope.KEYS,
    takes=CreateApiKeyBody,
    answers={201: NewApiKeyBody},
    idempotent=True,
    refusals=("too_many_keys", "scope_not_grantable"),
    policy=ManageApiKeys,
)
async def create_api_key(call: Call[CreateApiKeyBody]) -> Reply:
    made = await call.services.manage_api_keys.create_once(
        call.tenant_id,
        call.idempotency,
        grantor=call.caller.scopes,
        scopes=call.input.scopes,
        label=call.input.label,
    )
    return _made(call.services.environment, made)


@operation(
    "POST",
    "/v1/api-keys/{api_key_id}/rotate",
    summary="Replace an API key by a new one with the same scopes",
    scope=Scope.KEYS,
    takes=RotateApiKeyBody,
    answers={201: NewApiKeyBody},
    item=IdPrefix.API_KEY,
    idempotent=True,
    body_optional=True,
    refusals=("conflict",),
    policy=ManageApiKeys,
)
async def rotate_api_key(call: Call[RotateApiKeyBody]) -> Reply:
    made = await call.services.manage_api_keys.rotate_once(
        call.tenant_id,
        ApiKeyId(call.item_id),
        call.idempotency,
        grantor=call.caller.scopes,
        overlap=timedelta(seconds=call.input.overlap_seconds),
    )
    return _made(call.services.environment, made)


@operation(
    "GET",
    "/v1/api-keys",
    summary="List API keys, oldest first",
    scope=Scope.KEYS,
    takes=Nothing,
    answers={200: Page[ApiKeyBody]},
)
async def list_api_keys(call: Call[Nothing]) -> Reply:
    keys = await call.services.manage_api_keys.list(call.tenant_id)
    environment = call.services.environment
    return answer(whole([api_key_body(key, environment) for key in keys]))


@operation(
    "GET",
    "/v1/api-keys/{api_key_id}",
    summary="Get an API key, without its text",
    scope=Scope.KEYS,
    takes=Nothing,
    answers={200: ApiKeyBody},
    item=IdPrefix.API_KEY,
)
async def get_api_key(call: Call[Nothing]) -> Reply:
    async with call.services.uow.begin(call.tenant_id) as tx:
        key = await tx.api_keys.get(ApiKeyId(call.item_id))
    return answer(api_key_body(key, call.services.environment))


@operation(
    "DELETE",
    "/v1/api-keys/{api_key_id}",
    summary="Revoke an API key",
    scope=Scope.KEYS,
    takes=Nothing,
    answers={200: ApiKeyBody},
    item=IdPrefix.API_KEY,
    policy=ManageApiKeys,
)
async def revoke_api_key(call: Call[Nothing]) -> Reply:
    key = await call.services.manage_api_keys.revoke(call.tenant_id, ApiKeyId(call.item_id))
    return answer(api_key_body(key, call.services.environment))


def _made(environment: Environment, made: NewKey | ApiKey) -> Reply:
    key, text = (made.key, made.text) if isinstance(made, NewKey) else (made, None)
    shown = new_api_key_body(key, environment, text=text)
    return created(shown, location=f"/v1/api-keys/{shown.id}", replayed=text is None)


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    create_api_key,
    list_api_keys,
    get_api_key,
    revoke_api_key,
    rotate_api_key,
)
