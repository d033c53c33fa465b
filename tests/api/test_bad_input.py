"""Whatever is wrong with a body gets a clear answer and changes nothing."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from domain.tenants.permissions import Scope
from entrypoints.http.openapi import build_document
from tests.api.examples import OPERATIONS, Example, requests_of
from tests.api.world import NOBODY, Caller, Json, Partner, World, problem

WRITES = sorted(name for name, each in OPERATIONS.items() if each.takes_body)
SCHEMAS = build_document(list(OPERATIONS.values()))["components"]["schemas"]

# Of JSON, of objects, and of text encodings.
MALFORMED: Final = (
    b"{",
    b"nonsense",
    b"null",
    b"[]",
    b'"text"',
    b"1",
    b"\xef\xbb\xbf{}",
    b'{"a": NaN}',
    b"[" * 50_000,
    b'{"a":' * 10_000,
    b'{"\xff": 1}',
    b'{"a": "\xed\xa0\x80"}',
    b"{} {}",
    b"{'a': 1}",
    b'{"a": 1,}',
)
NO_AMOUNT: Final[tuple[Any, ...]] = (
    0.5,
    1,
    "0",
    "0.00",
    "-1",
    "+1",
    "1e2",
    "1E-2",
    "NaN",
    "Infinity",
    "",
    " 1",
    "1 ",
    "1\n",
    "01",
    "1.",
    ".5",
    "1,5",
    "0x10",
    "1_000",
    "١",
    "0.123456789",
    "1.0000000000",
    "1" + "0" * 40,
    "9" * 63,
    "9" * 100,
    [],
    {},
    True,
)
NO_TEXT: Final[tuple[Any, ...]] = (1, True, [], {}, "", "\0", "a\nb", "a\n", "x" * 400)


@pytest.mark.parametrize("name", WRITES)
async def test_bad_body_is_refused_and_nothing_changes(
    world: World, caller: Caller, partner: Partner, operator: Caller, name: str
) -> None:
    example = await _example(world, caller, partner, name)
    sender = operator if example.operation.scope is Scope.OPERATOR else caller
    before = world.state()
    for raw in (*MALFORMED, *(msgspec.json.encode(body) for body in _wrong(example))):
        response = await sender.send(example.operation.method, example.url, raw=raw)
        refused = problem(response, 400, "validation_failed")
        assert refused["errors"][0]["detail"], raw[:80]
    for raw in (_twice(example), b""):
        if raw or not example.operation.body_optional:
            response = await sender.send(example.operation.method, example.url, raw=raw)
            problem(response, 400, "validation_failed")
    assert world.state() == before


@pytest.mark.parametrize("name", WRITES)
async def test_body_that_is_too_large_or_not_json_is_refused(
    world: World, caller: Caller, partner: Partner, operator: Caller, name: str
) -> None:
    example = await _example(world, caller, partner, name)
    sender = operator if example.operation.scope is Scope.OPERATOR else caller
    before = world.state()
    raw = msgspec.json.encode(example.body)
    method, url = example.operation.method, example.url

    large = await sender.send(method, url, raw=raw + b" " * example.operation.body_bytes_max)
    problem(large, 413, "body_too_large")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", None):
        response = await sender.send(method, url, raw=raw, headers={"Content-Type": kind})
        problem(response, 415, "unsupported_media_type")
    packed = await sender.send(method, url, raw=raw, headers={"Content-Encoding": "gzip"})
    problem(packed, 415, "unsupported_media_type")
    problem(await sender.send(method, f"{url}?a=1", raw=raw), 400, "validation_failed")
    assert world.state() == before


@pytest.mark.parametrize(
    ("amounts", "pointer"),
    [
        ({}, ""),
        ({"base_amount": "1", "quote_amount": "1"}, ""),
        ({"base_amount": "0.123456789"}, "/base_amount"),
        ({"quote_amount": 250}, "/quote_amount"),
        ({"base_amount": "1", "qoute_amount": "1"}, "/qoute_amount"),
    ],
)
async def test_error_points_to_where_it_is(
    caller: Caller, partner: Partner, amounts: Json, pointer: str
) -> None:
    body = {"customer_id": partner.customer_id, "instrument": "BTC-USDT", "side": "buy", **amounts}
    refused = problem(await caller.post("/v1/quotes", body), 400, "validation_failed")
    assert refused["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("quote_amount", "1e2", "plain notation, such as 0.5"),
        ("quote_amount", 1.5, "write it as text, in double quotes"),
        ("quote_amount", 1, "write it as text, in double quotes"),
        ("instrument", "btc-usdt", "named in capitals, as in BTC-USDT"),
        ("customer_id", "qte_00000000000000000000000000", "expected an id: cus_"),
    ],
)
async def test_error_says_in_words_what_was_expected(
    caller: Caller, partner: Partner, field: str, value: object, says: str
) -> None:
    body = {"customer_id": partner.customer_id, "instrument": "BTC-USDT", "side": "buy"}
    response = await caller.post("/v1/quotes", body | {field: value})
    refused = problem(response, 400, "validation_failed")
    assert says in refused["errors"][0]["detail"]
    assert "regex" not in refused["errors"][0]["detail"]


async def test_answer_does_not_grow_with_what_was_wrong(caller: Caller) -> None:
    response = await caller.post("/v1/quotes", {"k" * 60_000: 1})
    problem(response, 400, "validation_failed")
    assert len(response.content) < 2_000


async def test_member_that_is_there_twice_is_named(caller: Caller, partner: Partner) -> None:
    raw = b'{"quote_amount": "5", "quote_amount": "6", "instrument": "BTC-USDT", "side": "buy",'
    raw += b'"customer_id": "' + partner.customer_id.encode() + b'"}'
    refused = problem(await caller.send("POST", "/v1/quotes", raw=raw), 400, "validation_failed")
    assert refused["detail"] == "the body has a member twice: quote_amount"


async def test_unknown_instrument_asset_and_customer_are_not_found(
    caller: Caller, partner: Partner, world: World
) -> None:
    mine = partner.customer_id
    quote = {"customer_id": mine, "instrument": "BTC-USDT", "side": "buy", "base_amount": "1"}
    deposit = {"customer_id": mine, "asset": "USDT", "amount": "1"}
    before = world.state()
    for path, body in (
        ("/v1/quotes", quote | {"instrument": "BTC-XYZ"}),
        ("/v1/quotes", quote | {"customer_id": NOBODY}),
        ("/v1/sandbox/deposits", deposit | {"asset": "XYZ"}),
        ("/v1/sandbox/deposits", deposit | {"customer_id": NOBODY}),
        ("/v1/orders", {"quote_id": "qte_" + "0" * 26}),
    ):
        problem(await caller.post(path, body), 404, "not_found")
    assert world.state() == before


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/v1/orders?custommer_id=x", "custommer_id"),
        ("/v1/orders?status=done", "status"),
        ("/v1/orders?customer_id=ord_00000000000000000000000000", "customer_id"),
        ("/v1/orders?limit=many", "limit"),
        ("/v1/orders?limit=1.5", "limit"),
        ("/v1/orders?cursor=nonsense", "cursor"),
        ("/v1/accounts?customer_id=c-1", "customer_id"),
        ("/v1/assets?a=1", "a"),
        ("/v1/orders/nonsense", "order_id"),
        ("/v1/orders/qte_00000000000000000000000000", "order_id"),
        ("/v1/orders/ord_8zzzzzzzzzzzzzzzzzzzzzzzzz", "order_id"),
    ],
)
async def test_bad_parameter_is_named(caller: Caller, url: str, name: str) -> None:
    refused = problem(await caller.send("GET", url), 400, "validation_failed")
    assert refused["errors"][0]["parameter"] == name


@pytest.mark.parametrize(
    "query", ["limit=1&limit=2", "limit", "%ff=1", "a=%ff", "&".join(f"a{n}=1" for n in range(50))]
)
async def test_malformed_query_is_refused(caller: Caller, query: str) -> None:
    problem(await caller.send("GET", f"/v1/orders?{query}"), 400, "validation_failed")


async def _example(world: World, caller: Caller, partner: Partner, name: str) -> Example:
    examples = await requests_of(world, caller, partner)
    return next(each for each in examples if each.operation.name == name)


def _wrong(example: Example) -> Iterator[Json]:
    """The valid body with one thing wrong, for each field and each thing."""
    body = example.body or {}
    schema = SCHEMAS[example.operation.takes.__name__.removesuffix("Body")]
    yield body | {"unknown_field": 1}
    for field in schema.get("required", ()):
        yield {name: value for name, value in body.items() if name != field}
        yield body | {field: None}
    for field, value in body.items():
        for wrong in _wrong_values(field, value):
            yield body | {field: wrong}


def _wrong_values(field: str, value: object) -> tuple[Any, ...]:
    if "amount" in field:
        return NO_AMOUNT
    if field.endswith("_id") and isinstance(value, str) and "_0" in value:
        prefix, _, suffix = value.partition("_")
        wrong_kind = f"{'cus' if prefix == 'acc' else 'acc'}_{suffix}"
        return (
            *NO_TEXT,
            wrong_kind,
            suffix,
            value.upper(),
            value + "\n",
            f"{prefix}_8{suffix[1:]}",
        )
    if field == "evidence":
        return (1, True, [], {}, "")  # as somebody wrote it, over many lines
    if field == "url":
        return (1, True, [], {})  # what is wrong with a text is told by its own code
    if isinstance(value, dict):
        return (1, "x", [], {"k": 1}, {"k": "\0"}, {"k": "v" * 300}, {"": "v"}, {"k\0": "v"})
    if isinstance(value, list):
        return (1, "x", {}, [], ["root"], [1])
    if isinstance(value, int):
        return (-1, 10**30, "1", 1.5, [], {})
    return NO_TEXT


def _twice(example: Example) -> bytes:
    """The valid body, with its first member written twice."""
    raw = msgspec.json.encode(example.body)
    first = msgspec.json.encode(dict([next(iter((example.body or {}).items()))]))
    return first[:-1] + b"," + raw[1:]
