"""One valid request for each operation, about one partner's objects, for the matrices."""

import os
from datetime import timedelta

import msgspec

from adapters.memory.unit_of_work import MemoryUnitOfWork
from application.ledger.change_terms import ChangeTerms, ProposeCommand
from application.ports.lp_settlements import SettlementStep
from application.ports.reconciliation import BreakFilter
from application.reconciliation.run_reconciliation import RunCommand, RunReconciliation
from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.liquidity.exposure import LpTerms
from domain.liquidity.netting import Action, opened
from domain.liquidity.outcome import Filled, LpExecute
from domain.liquidity.quote import LpQuote, LpQuoteRequest
from domain.reconciliation.findings import BreakType
from domain.shared.ids import (
    AccountId,
    IdPrefix,
    OperatorId,
    OrderId,
    SettlementId,
    decode_id,
    encode_id,
)
from domain.shared.money import AssetCode
from domain.shared.side import FixedSide, Side
from domain.tenants.operator import Operator
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.http.app import all_operations
from entrypoints.http.metrics import Metrics
from entrypoints.http.operation import AnyOperation
from tests.api.example_orders import requests_about, troubled
from tests.api.world import BTC_USDT, LP, Caller, Json, Partner, World

ENDPOINT: Json = {"url": "https://hooks.partner.com/in", "event_types": ["order.*"]}
OF_SERVICE: dict[str, tuple[str, None]] = {
    "get_livez": ("/livez", None),
    "get_readyz": ("/readyz", None),
    "get_metrics": ("/metrics", None),
    "get_openapi": ("/openapi.json", None),
    "get_docs": ("/docs", None),
}
OPERATIONS = {each.name: each for each in all_operations(Metrics(), sandbox=True)}
YEAR = "from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z"


_LP_ITEM = f"/admin/v1/liquidity-providers/{LP}"
_OF_LPS: dict[str, tuple[str, Json | None]] = {
    "list_liquidity_providers": ("/admin/v1/liquidity-providers", None),
    "get_liquidity_provider": (_LP_ITEM, None),
    "halt_liquidity_provider": (f"{_LP_ITEM}/halt", {"reason": "they asked us to"}),
    "reduce_liquidity_provider": (f"{_LP_ITEM}/reduce", {"reason": "it is late"}),
    "resume_liquidity_provider": (f"{_LP_ITEM}/resume", {"reason": "it works"}),
    "reset_liquidity_provider": (
        f"{_LP_ITEM}/reset",
        {"reason": "it works", "instrument": "BTC-USDT"},
    ),
}


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """`names` are the ids of the partner's objects in it: nobody else may reach them."""

    operation: AnyOperation
    url: str
    body: Json | None = None
    names: frozenset[str] = frozenset()


async def requests_of(world: World, caller: Caller, partner: Partner) -> list[Example]:
    """In an order in which each may be sent once. Fails when an operation has none."""
    mine, other = partner.customer_id, partner.other_customer_id
    these = await troubled(world, caller, partner)
    ids = await _objects(caller, partner)
    await world.relayed()
    ids["event"] = (await caller.read("/v1/events", limit=1))["data"][0]["id"]
    tenant = encode_id(IdPrefix.TENANT, partner.tenant_id)
    quote = {"customer_id": mine, "instrument": "BTC-USDT", "side": "buy", "base_amount": "0.1"}
    money = {"asset": "USDT", "amount": "1.5"}
    transfer = {"from_customer_id": mine, "to_customer_id": other, **money}
    found = {
        "create_customer": ("/v1/customers", {"external_id": "new", "metadata": {"k": "v"}}),
        "list_customers": ("/v1/customers?external_id=c-1", None),
        "get_customer": (f"/v1/customers/{mine}", None),
        "update_customer": (f"/v1/customers/{other}", {"metadata": {"k": "v"}}),
        "list_assets": ("/v1/assets", None),
        "list_instruments": ("/v1/instruments", None),
        "list_limits": ("/v1/limits", None),
        "list_fees": ("/v1/fees", None),
        "create_quote": ("/v1/quotes", quote),
        "get_quote": (f"/v1/quotes/{ids['quote']}", None),
        "create_order": ("/v1/orders", {"quote_id": ids["quote"], "client_order_id": "o-1"}),
        "list_orders": (f"/v1/orders?customer_id={mine}", None),
        "get_order": (f"/v1/orders/{ids['order']}", None),
        "list_accounts": (f"/v1/accounts?customer_id={mine}", None),
        "get_account": (f"/v1/accounts/{ids['account']}", None),
        "list_entries": (f"/v1/accounts/{ids['account']}/entries", None),
        "get_statement": (f"/v1/accounts/{ids['account']}/statement?{YEAR}", None),
        "list_transactions": (f"/v1/transactions?reference={ids['transfer']}", None),
        "get_transaction": (f"/v1/transactions/{ids['transaction']}", None),
        "create_transfer": ("/v1/transfers", {**transfer, "reference": "Rent, March"}),
        "get_transfer": (f"/v1/transfers/{ids['transfer']}", None),
        "create_transfer_batch": ("/v1/transfers/batch", _batch(transfer)),
        "get_transfer_batch": (f"/v1/transfers/batch/{ids['transfer_batch']}", None),
        "create_sandbox_deposit": ("/v1/sandbox/deposits", {"customer_id": mine, **money}),
        "get_deposit": (f"/v1/deposits/{ids['deposit']}", None),
        "create_api_key": ("/v1/api-keys", {"label": "batch", "scopes": ["keys"]}),
        "list_api_keys": ("/v1/api-keys", None),
        "get_api_key": (f"/v1/api-keys/{ids['api_key']}", None),
        "rotate_api_key": (f"/v1/api-keys/{ids['api_key']}/rotate", {"overlap_seconds": 60}),
        "revoke_api_key": (f"/v1/api-keys/{ids['api_key']}", None),
        **_of_events(ids, mine),
        **await _of_operators(world, partner, ids["account"]),
        **requests_about(these, tenant),
        **OF_SERVICE,
    }
    assert found.keys() == OPERATIONS.keys(), "every operation has an example here"
    own = frozenset({*ids.values(), mine, other, tenant})
    return [
        Example(
            operation=OPERATIONS[name],
            url=url,
            body=body,
            names=frozenset(each for each in own if each in url + str(body)),
        )
        for name, (url, body) in found.items()
    ]


def _of_events(ids: dict[str, str], customer_id: str) -> dict[str, tuple[str, Json | None]]:
    hooks = "/v1/webhook-endpoints"
    one = f"{hooks}/{ids['webhook_endpoint']}"
    return {
        "list_events": (f"/v1/events?customer_id={customer_id}&after=1&types=order.*", None),
        "get_event": (f"/v1/events/{ids['event']}", None),
        "create_webhook_endpoint": (hooks, {**ENDPOINT, "customer_id": customer_id}),
        "list_webhook_endpoints": (hooks, None),
        "get_webhook_endpoint": (one, None),
        "update_webhook_endpoint": (one, {"status": "disabled"}),
        "rotate_webhook_secret": (f"{one}/rotate", {"overlap_seconds": 60}),
        "list_webhook_attempts": (f"{one}/attempts", None),
        "redeliver_events": (f"{one}/redeliver", {"after": 0}),
        "redeliver_event": (
            f"/v1/events/{ids['event']}/redeliver",
            {"webhook_endpoint_id": ids["webhook_endpoint"]},
        ),
        "remove_webhook_endpoint": (one, None),
    }


async def _of_operators(
    world: World, partner: Partner, account: str
) -> dict[str, tuple[str, Json | None]]:
    tenant = encode_id(IdPrefix.TENANT, partner.tenant_id)
    house_account = f"/admin/v1/accounts/{await opened_in_the_house(world)}"
    asked, refused = [await proposed(world, partner, account) for _ in range(2)]
    run, found_break = await reconciled(world)
    settlements, settlement = "/admin/v1/settlements", await settling(world)
    changes = "/admin/v1/change-requests"
    runs, breaks = "/admin/v1/reconciliation/runs", "/admin/v1/reconciliation/breaks"
    of_tenant: Json = {"tenant_id": tenant}
    line = {"account_id": account, "kind": "credit_line", "reason": "r", "credit_line": "1"}
    pricing = {"platform_spread_ppm": 1, "tenant_spread_ppm": 2, "fee_ppm": 3}
    return {
        "list_house_accounts": ("/admin/v1/accounts", None),
        "get_house_account": (house_account, None),
        "list_house_entries": (f"{house_account}/entries", None),
        "get_house_statement": (f"{house_account}/statement?{YEAR}", None),
        "create_tenant": ("/admin/v1/tenants", {"name": "Chipper", "pricing": pricing}),
        "list_tenants": ("/admin/v1/tenants", None),
        "get_tenant": (f"/admin/v1/tenants/{tenant}", None),
        "update_tenant": (f"/admin/v1/tenants/{tenant}", {"status": "active"}),
        "create_reconciliation_run": (runs, {"source": LP}),
        "list_reconciliation_runs": (f"{runs}?source={LP}", None),
        "get_reconciliation_run": (f"{runs}/{run}", None),
        "list_breaks": (f"{breaks}?state=open&age=0-1", None),
        "get_break": (f"{breaks}/{found_break}", None),
        "update_break": (f"{breaks}/{found_break}", {"owner": "Zola"}),
        "resolve_break": (f"{breaks}/{found_break}/resolutions", {"action": "adjust"}),
        "list_settlements": (f"{settlements}?provider={LP}&state=open", None),
        "get_settlement": (f"{settlements}/{settlement}", None),
        "take_settlement_step": (f"{settlements}/{settlement}/steps", {"action": "freeze"}),
        "create_change_request": (changes, {**of_tenant, **line}),
        "list_change_requests": (f"{changes}?tenant_id={tenant}&state=proposed", None),
        "get_change_request": (f"{changes}/{asked}?tenant_id={tenant}", None),
        "approve_change_request": (f"{changes}/{asked}/approve", of_tenant),
        "reject_change_request": (f"{changes}/{refused}/reject", of_tenant),
        **_OF_LPS,
    }


async def opened_in_the_house(world: World) -> str:
    key = AccountKey(AccountCode.CUSTODY, AssetCode("USDT"))
    async with MemoryUnitOfWork(world.store).begin(HOUSE_TENANT_ID) as tx:
        found = await tx.accounts.resolve((key,))
        await tx.commit()
    return encode_id(IdPrefix.ACCOUNT, found[key])


async def proposed(world: World, partner: Partner, account: str) -> str:
    """By an operator who sends none of the requests."""
    terms = await world.container.get(ChangeTerms)
    command = ProposeCommand(
        tenant_id=partner.tenant_id,
        account_id=AccountId(decode_id(IdPrefix.ACCOUNT, account)),
        line_units=5,
        reason="a reason",
        by=Operator(OperatorId(world.ids.new()), "somebody else"),
    )
    return encode_id(IdPrefix.CHANGE_REQUEST, (await terms.propose(command)).value.id)


async def settling(world: World) -> str:
    """An open settlement, whose period can end: booking before this moment is closed."""
    terms = LpTerms(lp=LP, asset=AssetCode("USDT"))
    made = opened(SettlementId(world.ids.new()), terms, None, at=world.clock.now())
    step = SettlementStep(version=1, action=Action.OPEN, state=made.state, at=made.created_at)
    async with MemoryUnitOfWork(world.store).begin(HOUSE_TENANT_ID) as tx:
        assert await tx.lp_settlements.add(made, step)
        await tx.commit()
    world.store.closed_until = world.clock.now()
    return encode_id(IdPrefix.SETTLEMENT, made.id)


async def reconciled(world: World) -> tuple[str, str]:
    """A run, and a break that it found: an execution of somebody who traded past us."""
    run = await world.container.get(RunReconciliation)
    await trade_by_hand(world)
    report = await run.execute(RunCommand(source=LP))
    async with MemoryUnitOfWork(world.store).begin(HOUSE_TENANT_ID) as tx:
        found = await tx.reconciliation.page_breaks(
            BreakFilter(type=BreakType.MISSING_INTERNAL), after=None, limit=1
        )
    return (
        encode_id(IdPrefix.STATEMENT, report.statement.id),
        encode_id(IdPrefix.BREAK, found[0].id),
    )


async def trade_by_hand(world: World) -> Filled:
    quote = await world.lp.request_quote(
        LpQuoteRequest(
            instrument=BTC_USDT, side=Side.BUY, fixed=FixedSide.BASE, units=BTC_USDT.min_base_units
        )
    )
    assert isinstance(quote, LpQuote)
    now = world.clock.now()
    executed = await world.lp.execute_quote(
        LpExecute(
            order_id=OrderId(world.ids.new()),
            lp_quote_id=quote.lp_quote_id,
            client_ref="by hand",
            instrument=BTC_USDT,
            side=quote.side,
            base_units=quote.base_units,
            quote_units=quote.quote_units,
            lp_expires_at=quote.expires_at,
            deadline=now + timedelta(seconds=5),
        )
    )
    assert isinstance(executed, Filled)
    world.later(timedelta(seconds=1))
    return executed


async def _objects(caller: Caller, partner: Partner) -> dict[str, str]:
    mine = partner.customer_id
    traded = await caller.quote(mine)
    order = await caller.make("/v1/orders", {"quote_id": traded["id"]})
    deposit = await caller.deposit(mine, "USDT", "1")
    body = {"from_customer_id": mine, "to_customer_id": partner.other_customer_id}
    transfer = await caller.make("/v1/transfers", {**body, "asset": "BTC", "amount": "0.1"})
    accounts = await caller.read("/v1/accounts", customer_id=mine)
    batch = _batch({**body, "asset": "BTC", "amount": "0.1"})
    transfers = await caller.make("/v1/transfers/batch", batch)
    key = await caller.make("/v1/api-keys", {"label": "spare", "scopes": ["keys"]})
    endpoint = await caller.make("/v1/webhook-endpoints", ENDPOINT)
    return {
        "webhook_endpoint": endpoint["id"],
        "quote": (await caller.quote(mine))["id"],
        "order": order["id"],
        "deposit": deposit["id"],
        "transfer": transfer["id"],
        "transfer_batch": transfers["id"],
        "transaction": transfer["transaction_id"],
        "account": accounts["data"][0]["id"],
        "api_key": key["id"],
    }


def _batch(transfer: Json) -> Json:
    keys = (os.urandom(8).hex() for _ in range(2))
    return {"transfers": [{**transfer, "idempotency_key": key} for key in keys], "atomic": True}
