"""Sample data, made through use cases. Every step finds what an earlier start has made."""

from collections.abc import Iterable

from dishka import AsyncContainer

from application.customers.create_customer import CreateCustomer, CreateCustomerCommand
from application.errors import CustomerExists
from application.idempotency import fingerprint
from application.ledger.pay_in_capital import PayInCapital, PayInCapitalCommand
from application.payments.deposit_in_sandbox import DepositCommand, DepositInSandbox
from application.ports.catalog import CatalogEditor
from application.ports.idempotency import IdempotentRequest
from application.ports.parties import KeyStatus
from application.ports.unit_of_work import UnitOfWork
from application.tenants.api_keys import ManageApiKeys
from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from application.tenants.key_text import parse_key
from domain.liquidity.quote import LpName
from domain.shared.ids import CustomerId, IdPrefix, TenantId, encode_id
from domain.tenants.permissions import Scope
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli.operator import partners
from entrypoints.cli.sandbox.files import SampleTenant, SandboxFile
from entrypoints.cli.sandbox.price_terms import set_price_terms
from entrypoints.cli.sandbox.samples import (
    ASSETS,
    INSTRUMENTS,
    LPS,
    OPENING_DEPOSITS,
    OPERATORS,
    TENANTS,
    Sample,
    SampleLp,
    units,
)
from entrypoints.simulator.dialects import DIALECTS
from entrypoints.simulator.market import Market
from entrypoints.wiring.registry import read_lps
from entrypoints.wiring.settings import Settings

PARTNERS_SCOPES = frozenset(Scope) - {Scope.OPERATOR}


async def list_catalog(container: AsyncContainer, settings: Settings) -> None:
    editor: CatalogEditor = await container.get(CatalogEditor)
    await editor.list_assets(ASSETS.values())
    await editor.list_instruments(INSTRUMENTS)
    await editor.list_lps([entry.listed for entry in read_lps(settings.lp_config)])


class Seed:
    """`earlier` is the sandbox.json of an earlier start: its keys go on working."""

    def __init__(
        self, container: AsyncContainer, earlier: SandboxFile | None, *, market: Market
    ) -> None:
        self._market = market
        self._container = container
        known = [] if earlier is None else earlier.operator_keys
        self._keys = [*known, *(t.api_key for t in (earlier.tenants if earlier else ()))]

    async def run(self) -> tuple[list[SampleTenant], list[str]]:
        """The sample tenants, and the operators' keys."""
        tenants = [await self._tenant(sample) for sample in TENANTS]
        operators = [
            await self._key(HOUSE_TENANT_ID, label, frozenset({Scope.OPERATOR}))
            for label in OPERATORS
        ]
        await set_price_terms(self._container, operators, market=self._market)
        for lp in LPS:
            await self._capital(lp)
        return tenants, operators

    async def _tenant(self, sample: Sample) -> SampleTenant:
        tenant_id = await self._tenant_id(sample)
        customers = [await self._customer(tenant_id, each) for each in sample.external_ids]
        return SampleTenant(
            id=encode_id(IdPrefix.TENANT, tenant_id),
            name=sample.name,
            api_key=await self._key(tenant_id, "sandbox", PARTNERS_SCOPES),
            customers=[encode_id(IdPrefix.CUSTOMER, each) for each in customers],
        )

    async def _tenant_id(self, sample: Sample) -> TenantId:
        for stored in await partners(self._container):
            if stored.tenant.name == sample.name:
                return stored.tenant.id
        create = await self._container.get(CreateTenant)
        return (await create.execute(CreateTenantCommand(sample.name, sample.pricing))).tenant.id

    async def _key(self, tenant_id: TenantId, label: str, scopes: frozenset[Scope]) -> str:
        """The text of the key an earlier start has made, if it still has it, or of a new one."""
        manage = await self._container.get(ManageApiKeys)
        usable = {
            key.lookup: key
            for key in await manage.list(tenant_id)
            if key.label == label and key.status is KeyStatus.ACTIVE and key.expires_at is None
        }
        for text in self._keys:
            parsed = parse_key(text)
            if parsed is not None and parsed.lookup in usable:
                return text
        # Nobody knows their texts any more, and a person has one key.
        for key in usable.values():
            await manage.revoke(tenant_id, key.id)
        return (await manage.create(tenant_id, scopes=scopes, label=label)).text

    async def _customer(self, tenant_id: TenantId, external_id: str) -> CustomerId:
        create = await self._container.get(CreateCustomer)
        command = CreateCustomerCommand(
            tenant_id=tenant_id,
            request=_request("customer", external_id),
            external_id=external_id,
        )
        try:
            customer_id = (await create.execute(command)).value.id
        except CustomerExists:
            uow: UnitOfWork = await self._container.get(UnitOfWork)
            async with uow.begin(tenant_id) as tx:
                (found,) = await tx.customers.page(external_id=external_id, before=None, limit=1)
            customer_id = found.id
        await self._deposit(tenant_id, customer_id, OPENING_DEPOSITS)
        return customer_id

    async def _deposit(
        self, tenant_id: TenantId, customer_id: CustomerId, amounts: Iterable[tuple[str, str]]
    ) -> None:
        deposit = await self._container.get(DepositInSandbox)
        for asset, amount in amounts:
            await deposit.execute(
                DepositCommand(
                    tenant_id=tenant_id,
                    request=_request("deposit", str(customer_id), asset),
                    customer_id=customer_id,
                    asset=asset,
                    units=units(asset, amount),
                )
            )

    async def _capital(self, lp: SampleLp) -> None:
        """What a simulated provider opens our account with is what the house paid in there."""
        pay_in = await self._container.get(PayInCapital)
        for asset, amount in DIALECTS[lp.dialect].opening_balances.items():
            await pay_in.execute(
                PayInCapitalCommand(
                    request=_request("capital", lp.name, asset),
                    lp=LpName(lp.name),
                    asset=asset,
                    units=units(asset, f"{amount:f}"),
                    reference=f"opening balance at {lp.name}",
                )
            )


def _request(*parts: str) -> IdempotentRequest:
    """One key per sample, so that a second start makes nothing twice."""
    key = "-".join(("sandbox", *parts))
    return IdempotentRequest(key, fingerprint("sandbox", list(parts)))
