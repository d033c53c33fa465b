from typing import Final

from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.reply import Reply, answer
from entrypoints.http.schemas.catalog import (
    AssetBody,
    FeesBody,
    InstrumentBody,
    LimitsBody,
    asset_body,
    fees_body,
    instrument_body,
    limits_body,
)
from entrypoints.http.schemas.values import Page, whole


@operation(
    "GET",
    "/v1/assets",
    summary="List assets",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: Page[AssetBody]},
)
async def list_assets(call: Call[Nothing]) -> Reply:
    view = await call.services.platform.view()
    assets = sorted(view.catalog.assets.values(), key=lambda asset: asset.code)
    return answer(whole([asset_body(asset) for asset in assets]))


@operation(
    "GET",
    "/v1/instruments",
    summary="List instruments",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: Page[InstrumentBody]},
)
async def list_instruments(call: Call[Nothing]) -> Reply:
    view = await call.services.platform.view()
    symbols = sorted(view.catalog.instruments)
    return answer(whole([instrument_body(view.catalog.instrument(symbol)) for symbol in symbols]))


@operation(
    "GET",
    "/v1/limits",
    summary="List the smallest and largest amounts that trade",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: Page[LimitsBody]},
)
async def list_limits(call: Call[Nothing]) -> Reply:
    view = await call.services.platform.view()
    symbols = sorted(view.catalog.instruments)
    return answer(whole([limits_body(view.catalog.instrument(symbol)) for symbol in symbols]))


@operation(
    "GET",
    "/v1/fees",
    summary="List the spreads and the fee your customers pay",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: Page[FeesBody]},
)
async def list_fees(call: Call[Nothing]) -> Reply:
    tenant = await call.services.platform.tenant(call.tenant_id)
    view = await call.services.platform.view()
    symbols = sorted(view.catalog.instruments)
    return answer(
        whole([fees_body(view.catalog.instrument(symbol), tenant.pricing) for symbol in symbols])
    )


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    list_assets,
    list_instruments,
    list_limits,
    list_fees,
)
