"""Every operation against every scope, and against keys that are none."""

import httpx
import pytest
from litestar.routes import HTTPRoute

from domain.tenants.permissions import Scope
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.http.app import make_app
from entrypoints.http.operation import Operation
from tests.api.examples import OPERATIONS, requests_of
from tests.api.world import Caller, Partner, World, problem

DENIED = {401, 403}


async def test_an_operation_opens_to_its_own_scope_only(
    world: World, caller: Caller, partner: Partner, operator: Caller
) -> None:
    examples = await requests_of(world, caller, partner)
    partner_scopes = sorted(frozenset(Scope) - {Scope.OPERATOR})
    keys = {
        scope: await world.key(partner.tenant_id, frozenset({scope})) for scope in partner_scopes
    }
    callers = {scope: caller.with_key(key) for scope, key in keys.items()}
    callers[Scope.OPERATOR] = operator
    for example in examples:
        operation = example.operation
        for scope, sender in callers.items():
            response = await sender.send(operation.method, example.url, example.body)
            if operation.scope in {None, scope}:
                assert response.status_code not in DENIED, (operation.name, scope, response.text)
            else:
                problem(response, 403, "insufficient_scope")


async def test_every_operation_but_the_public_ones_wants_a_key(
    world: World, caller: Caller, partner: Partner
) -> None:
    examples = await requests_of(world, caller, partner)
    before = world.state()
    public = set()
    for example in examples:
        operation = example.operation
        response = await caller.send(
            operation.method, example.url, example.body, headers={"Authorization": None}
        )
        if operation.scope is None:
            public.add(operation.path)
            assert response.status_code == 200
        else:
            problem(response, 401, "unauthenticated")
            assert response.headers["www-authenticate"].startswith("Bearer")
    assert public == {"/livez", "/readyz", "/metrics", "/openapi.json", "/docs"}
    assert world.state() == before


def test_every_route_is_a_declared_operation(world: World) -> None:
    """Deny by default: there is no route without a declaration, and none without a scope."""
    app = make_app(world.container, sandbox=True)
    assert all(isinstance(route, HTTPRoute) for route in app.routes)
    handlers = [
        handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        # Says which methods a path has, and nothing else.
        if handler.http_methods != {"OPTIONS"}
    ]
    assert all(isinstance(handler.opt["operation"], Operation) for handler in handlers)
    assert len(handlers) == len(OPERATIONS)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Basic {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer {key} {key}",
        "Bearer {live}",
        "Bearer {forged}",
        "Bearer \xff",
    ],
)
async def test_what_is_no_key_of_ours_is_refused_alike(
    client: httpx.AsyncClient, partner: Partner, header: str
) -> None:
    key = partner.key
    text = header.format(
        key=key, live=key.replace("ak_test_", "ak_live_"), forged=key[:-7] + "A" + key[-6:]
    )
    response = await client.get("/v1/assets", headers=[(b"Authorization", text.encode("latin-1"))])
    refused = problem(response, 401, "unauthenticated")
    assert key[20:40] not in str(refused)


async def test_two_authorization_headers_are_refused(
    client: httpx.AsyncClient, partner: Partner
) -> None:
    header = (b"Authorization", f"Bearer {partner.key}".encode())
    problem(await client.get("/v1/assets", headers=[header, header]), 400, "validation_failed")


async def test_operators_and_partners_do_not_share_doors(
    world: World, client: httpx.AsyncClient, caller: Caller, operator: Caller
) -> None:
    """Not even for a key of the house that has a partner's scopes as well."""
    mighty = Caller(client, await world.key(HOUSE_TENANT_ID, frozenset(Scope), label="mighty"))

    problem(await mighty.get("/v1/assets"), 403, "insufficient_scope")
    problem(await caller.get("/admin/v1/tenants"), 403, "insufficient_scope")
    assert (await operator.get("/admin/v1/tenants")).status_code == 200


async def test_revoked_and_expired_keys_are_refused(
    world: World, client: httpx.AsyncClient, caller: Caller
) -> None:
    made = await caller.make("/v1/api-keys", {"label": "short", "scopes": ["keys", "read"]})
    other = Caller(client, made["key"])
    assert (await other.get("/v1/assets")).status_code == 200

    await caller.make(f"/v1/api-keys/{made['id']}/rotate", {"overlap_seconds": 0})
    world.pass_cache_age()

    problem(await other.get("/v1/assets"), 401, "unauthenticated")
