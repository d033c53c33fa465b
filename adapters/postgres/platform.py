"""The shared rows, read at most once a second per process, and their editing by operators."""

import time
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import asyncpg

from adapters.postgres.connection import Connection, Row, acquired
from adapters.postgres.lp_routes import LAST, routes_from
from adapters.postgres.price_terms import read_guard_terms
from application.ports.catalog import ListedLp, PlatformView
from application.ports.unit_of_work import UnitOfWork
from application.single_flight import SingleFlight
from domain.assets.asset import Asset, AssetKind
from domain.assets.catalog import Catalog
from domain.assets.instrument import Instrument, TradingStatus
from domain.liquidity.quote import LpName
from domain.liquidity.routing import RoutingPolicy
from domain.shared.errors import Conflict
from domain.shared.ids import TenantId
from domain.shared.money import AssetCode
from domain.tenants.tenant import Tenant

AGE_MAX_NS: Final = 1_000_000_000
TENANTS_MAX: Final = 10_000


class PostgresPlatform:
    """A process-wide cache: every entry is at most a second old when it is used."""

    def __init__(self, *, pool: asyncpg.Pool, uow: UnitOfWork) -> None:
        self._pool = pool
        self._uow = uow
        self._view: tuple[int, PlatformView] | None = None
        self._tenants: dict[TenantId, tuple[int, Tenant]] = {}
        self._tenant_reads: SingleFlight[TenantId, Tenant] = SingleFlight()
        self._view_reads: SingleFlight[None, PlatformView] = SingleFlight()

    async def view(self) -> PlatformView:
        cached = self._view
        if cached is not None and _is_fresh(cached[0]):
            return cached[1]
        # One for all who found it stale at the same moment, also when it fails: in a queue they
        # would wait for a connection one after the other.
        return await self._view_reads.get(None, self._refreshed)

    async def _refreshed(self) -> PlatformView:
        read_at = time.monotonic_ns()
        async with acquired(self._pool) as connection:
            view = await _read_view(connection)
        self._view = (read_at, view)
        return view

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        cached = self._tenants.get(tenant_id)
        if cached is not None and _is_fresh(cached[0]):
            return cached[1]
        return await self._tenant_reads.get(tenant_id, lambda: self._read_tenant(tenant_id))

    async def _read_tenant(self, tenant_id: TenantId) -> Tenant:
        read_at = time.monotonic_ns()
        async with self._uow.begin(tenant_id) as tx:
            tenant = (await tx.tenants.get()).tenant
        if len(self._tenants) >= TENANTS_MAX:
            self._tenants.clear()
        self._tenants[tenant_id] = (read_at, tenant)
        return tenant


async def _read_view(connection: Connection) -> PlatformView:
    assets = {
        AssetCode(row["code"]): asset_from(row)
        for row in await connection.fetch("SELECT code, name, kind, scale FROM assets")
    }
    instruments = {
        row["symbol"]: _instrument(row, assets)
        for row in await connection.fetch("SELECT * FROM instruments ORDER BY symbol")
    }
    lps = await connection.fetch(
        "SELECT name FROM liquidity_providers ORDER BY role = 'backup', rank, name"
    )
    names = tuple(LpName(row["name"]) for row in lps)
    routing = RoutingPolicy(names[0], names[1:]) if names else None
    routes = routes_from(await connection.fetch(LAST))
    guard = await read_guard_terms(connection)
    return PlatformView(Catalog(assets, instruments), routing, routes, guard)


class PostgresCatalogEditor:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def list_assets(self, assets: Iterable[Asset]) -> None:
        for asset in assets:
            scale = await self._pool.fetchval(
                "INSERT INTO assets (code, name, kind, scale) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING scale",
                asset.code,
                asset.name,
                asset.kind.value,
                asset.scale,
            )
            if scale != asset.scale:
                raise Conflict("an asset's scale never changes", asset=asset.code, scale=scale)

    async def list_instruments(self, instruments: Iterable[Instrument]) -> None:
        for each in instruments:
            await self._pool.execute(
                "INSERT INTO instruments (symbol, base, quote, tick, lot_units, min_base_units, "
                "max_base_units, min_quote_units, max_quote_units, status) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (symbol) DO NOTHING",
                each.symbol,
                each.base.code,
                each.quote.code,
                format(each.tick, "f"),
                each.lot_units,
                each.min_base_units,
                each.max_base_units,
                each.min_quote_units,
                each.max_quote_units,
                each.status.value,
            )

    async def list_lps(self, lps: Iterable[ListedLp]) -> None:
        for lp in lps:
            await self._pool.execute(
                "INSERT INTO liquidity_providers (name, dialect, role, rank, state) "
                "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING",
                lp.name,
                lp.dialect,
                lp.role.value,
                lp.rank,
                lp.state.value,
            )


def _is_fresh(read_at_ns: int) -> bool:
    return time.monotonic_ns() - read_at_ns < AGE_MAX_NS


def asset_from(row: Row) -> Asset:
    return Asset(
        code=AssetCode(row["code"]),
        scale=row["scale"],
        kind=AssetKind(row["kind"]),
        name=row["name"],
    )


def _instrument(row: Row, assets: dict[AssetCode, Asset]) -> Instrument:
    return Instrument(
        symbol=row["symbol"],
        base=assets[AssetCode(row["base"])],
        quote=assets[AssetCode(row["quote"])],
        tick=Decimal(row["tick"]),
        lot_units=row["lot_units"],
        min_base_units=row["min_base_units"],
        max_base_units=row["max_base_units"],
        min_quote_units=row["min_quote_units"],
        max_quote_units=row["max_quote_units"],
        status=TradingStatus(row["status"]),
    )
