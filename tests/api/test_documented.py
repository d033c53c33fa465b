"""What is served is what the document says."""

import httpx
import pytest
from openapi_schema_validator import OAS31Validator

from domain.tenants.permissions import Scope
from entrypoints.http.openapi import refusals
from tests.api.examples import OPERATIONS, requests_of
from tests.api.world import Caller, Partner, World


async def test_every_answer_has_the_documented_shape(
    world: World, caller: Caller, partner: Partner, operator: Caller, client: httpx.AsyncClient
) -> None:
    document = (await client.get("/openapi.json")).json()
    for example in await requests_of(world, caller, partner):
        operation = example.operation
        sender = operator if operation.scope is Scope.OPERATOR else caller
        response = await sender.send(operation.method, example.url, example.body)
        described = document["paths"][operation.path][operation.method.lower()]
        assert described["operationId"] == operation.name
        answer = described["responses"][str(response.status_code)]
        media_type = response.headers["content-type"].partition(";")[0]
        schema = answer["content"][media_type]["schema"]
        for header in answer["headers"]:
            optional = header == "Idempotent-Replayed"
            assert optional or header.lower() in response.headers, (operation.name, header)
        if media_type == "application/json":
            whole = {**schema, "components": document["components"]}
            OAS31Validator(whole).validate(response.json())


async def test_refusals_have_the_documented_shape(
    caller: Caller, client: httpx.AsyncClient
) -> None:
    document = (await client.get("/openapi.json")).json()
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    for method, path, body in (
        ("GET", "/nowhere", None),
        ("GET", "/v1/orders?limit=x", None),
        ("POST", "/v1/quotes", {"a": 1}),
    ):
        response = await caller.send(method, path, body)
        assert response.status_code >= 400
        OAS31Validator(schema).validate(response.json())


async def test_routes_and_document_are_the_same_set(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    documented = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert documented == {(each.method, each.path) for each in OPERATIONS.values()}


async def test_page_for_people_needs_nothing_else(client: httpx.AsyncClient) -> None:
    response = await client.get("/docs")

    page = response.text
    assert response.headers["content-type"].startswith("text/html")
    for forbidden in ("<script", "http://", "https://", "@import", "src="):
        assert forbidden not in page
    for operation in OPERATIONS.values():
        assert f"{operation.method} {operation.path}" in page
        for code in refusals(operation):
            assert f"<tr id={code}>" in page


@pytest.mark.parametrize("sandbox", [False])
async def test_outside_the_sandbox_there_are_no_deposits_out_of_nothing(
    world: World, client: httpx.AsyncClient
) -> None:
    _, key = await world.tenant("Kuda")
    caller = Caller(client, key)
    customer_id = await caller.customer("c-1")
    body = {"customer_id": customer_id, "asset": "USDT", "amount": "1"}

    assert (await caller.post("/v1/sandbox/deposits", body)).status_code == 404
    document = (await client.get("/openapi.json")).json()
    assert "/v1/sandbox/deposits" not in document["paths"]
    # And a scenario is not even read.
    quote = {
        "customer_id": customer_id,
        "instrument": "BTC-USDT",
        "side": "buy",
        "base_amount": "0.1",
    }
    response = await caller.post("/v1/quotes", quote, headers={"X-Aksum-Scenario": "quote_5xx"})
    assert response.status_code == 201
