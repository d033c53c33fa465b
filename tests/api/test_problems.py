"""What is not an answer is a problem, and says no more than it should."""

import importlib
import logging
import pkgutil

import httpx
import pytest

import application
import domain
from application.errors import LostRace
from domain.shared.errors import DomainError
from entrypoints.http.problems import KINDS, PUBLIC_CODES, public_code
from tests.api.world import Caller, Json, Partner, World, problem

# Errors that no caller may ever see: reaching one is a bug of ours, answered as `internal_error`.
INTERNAL = {
    "account_key_invalid",
    "asset_invalid",
    "asset_mismatch",
    "batch_invalid",
    "breaker_transition_invalid",
    "commit_unknown",
    "domain_error",
    "entry_invalid",
    "export_days_invalid",
    "fill_mismatch",
    "forbidden",
    "hold_invalid",
    "instrument_invalid",
    "intent_invalid",
    "guard_limits_invalid",
    "listing_invalid",
    "lost_race",
    "lp_not_prefunded",
    "lp_quota_short",
    "lp_quote_invalid",
    "lp_quote_mismatch",
    "lp_quote_too_short",
    "lp_terms_invalid",
    "not_reversible",
    "operator_has_key",
    "order_transition_invalid",
    "period_not_final",
    "period_not_over",
    "price_guard_refused",
    "quote_not_due",
    "rate_sheet_invalid",
    "reconciliation_source_exists",
    "reconciliation_source_invalid",
    "request_invalid",
    "original_reversed",
    "period_closed",
    "reversal_day_invalid",
    "routing_invalid",
    "rule_violation",
    "seal_anchor_unreadable",
    "seal_chain_disagrees",
    "seal_invalid",
    "signer_unavailable",
    "statement_exists",
    "statement_line_invalid",
    "statement_unbalanced",
    "trade_amounts_invalid",
    "transaction_invalid",
    "transaction_not_sealed",
    "transaction_unbalanced",
    "withdrawal_amounts_invalid",
}


def test_every_code_is_public_or_internal_by_decision() -> None:
    for package in (domain, application):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    errors = [each for each in _subclasses(DomainError) if _is_ours(each)]
    public = {each.code for each in errors if public_code(each.__new__(each)) is not None}
    internal = {each.code for each in errors} - public
    assert internal == INTERNAL
    assert set(PUBLIC_CODES.values()) <= KINDS.keys()


def _subclasses(kind: type[DomainError]) -> set[type[DomainError]]:
    return {kind}.union(*(_subclasses(each) for each in kind.__subclasses__()))


def _is_ours(kind: type[DomainError]) -> bool:
    return kind.__module__.partition(".")[0] in {"domain", "application"}


async def test_unknown_path_is_not_found(caller: Caller) -> None:
    for path in ("/", "/v1", "/v1/nothing", "/v2/orders", "/V1/orders", "/v1/orders/a/b"):
        refused = problem(await caller.send("GET", path), 404, "not_found")
        assert refused["instance"] == path


async def test_other_method_is_named(caller: Caller) -> None:
    response = await caller.send("PUT", "/v1/orders", {})
    problem(response, 405, "method_not_allowed")
    assert set(response.headers["allow"].split(", ")) == {"GET", "OPTIONS", "POST"}
    options = await caller.send("OPTIONS", "/v1/orders")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, OPTIONS, POST")


async def test_callers_request_id_is_kept_if_it_is_fit(caller: Caller) -> None:
    mine = await caller.send("GET", "/v1/nothing", headers={"X-Request-Id": "a-1.b_2"})
    assert problem(mine, 404, "not_found")["request_id"] == "a-1.b_2"
    for unfit in ("a b", "<script>", "x" * 200, ""):
        response = await caller.send("GET", "/v1/assets", headers={"X-Request-Id": unfit})
        assert response.headers["x-request-id"].startswith("req_")


async def test_request_ids_differ(caller: Caller) -> None:
    ids = {(await caller.send("GET", "/livez")).headers["x-request-id"] for _ in range(10)}
    assert len(ids) == 10


async def test_answers_are_not_cached(caller: Caller) -> None:
    for path in ("/v1/assets", "/v1/nothing"):
        headers = (await caller.send("GET", path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


async def test_failure_is_logged_once_and_says_nothing(
    world: World, caller: Caller, partner: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    """A use case that fails after writing: what it wrote is gone, and so is its reason."""
    before = world.state()
    world.ids.failure, world.ids.good = RuntimeError("password=hunter2"), 1

    with caplog.at_level(logging.ERROR):
        response = await caller.post("/v1/transfers", _transfer(partner), key="k")

    refused = problem(response, 500, "internal_error")
    assert "hunter2" not in response.text
    (record,) = caplog.records
    assert refused["request_id"] in record.getMessage()
    assert world.state() == before
    world.ids.failure = None
    await caller.make("/v1/transfers", _transfer(partner), key="k")


async def test_internal_refusal_is_a_failure_too(
    world: World, caller: Caller, partner: Partner
) -> None:
    world.ids.failure = LostRace("somebody was faster")
    response = await caller.post("/v1/transfers", _transfer(partner))
    assert "somebody" not in response.text
    problem(response, 500, "internal_error")


def _transfer(partner: Partner) -> Json:
    return {
        "from_customer_id": partner.customer_id,
        "to_customer_id": partner.other_customer_id,
        "asset": "USDT",
        "amount": "1",
    }


async def test_public_routes_survive_without_a_database(
    world: World, client: httpx.AsyncClient
) -> None:
    world.health.ready = False
    assert (await client.get("/livez")).json() == {"status": "alive"}
    not_ready = await client.get("/readyz")
    assert (not_ready.status_code, not_ready.json()) == (503, {"status": "not_ready"})
    world.health.ready = True
    assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_metrics_count_by_route_and_never_by_tenant(
    client: httpx.AsyncClient, caller: Caller, partner: Partner
) -> None:
    await caller.read(f"/v1/customers/{partner.customer_id}")
    await caller.send("GET", "/v1/nothing")

    text = (await client.get("/metrics")).text

    labels = 'method="GET",route="/v1/customers/{customer_id}",status="200"'
    assert f"aksum_http_requests_total{{{labels}}} 1.0" in text
    assert 'route="unrouted",status="404"' in text
    assert "aksum_http_request_duration_seconds_bucket" in text
    assert "cus_" not in text
    assert "ten_" not in text
