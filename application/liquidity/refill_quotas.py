import logging
from collections.abc import Mapping, Sequence
from typing import Final

from application import crash_points
from application.liquidity.lp_account import account_of
from application.ports.clock import Clock
from application.ports.liquidity import LiquidityProvider
from application.ports.lp_capacity import CapacityKey, LpCapacities
from application.ports.unit_of_work import UnitOfWork
from domain.liquidity.exposure import Exposure, Level, LpTerms, capacity
from domain.liquidity.quotas import LpQuota, lowered, raises, targets
from domain.liquidity.quote import LpName
from domain.reconciliation.source import Source, SourceKind
from domain.shared.ids import TenantId
from domain.shared.money import AssetCode
from domain.tenants.tenant import HOUSE_TENANT_ID

_log = logging.getLogger(__name__)

Quotas = dict[CapacityKey, dict[TenantId, LpQuota]]
# Worth a person's look; each is logged once, when it begins.
ALARMING: Final = frozenset({Level.LOW, Level.EMPTY, Level.OVER})


class Overtaken(RuntimeError):
    """A later refill is at it. What this one has not handed out, it does not hand out."""


class RefillQuotas:
    """- All quotas together are at no moment more than what the LP can take.
    - Whatever is under way keeps what it has reserved, known outcome or not.
    - Quotas are read first, and the house's books after: what is booked in between counts twice,
      never not at all. What is taken back is taken before anything is handed out.
    - Two at once cannot both hand out: the older one's writes find its number outdated.
    - How each LP stands is kept for quotes and for people.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        capacities: LpCapacities,
        providers: Mapping[LpName, LiquidityProvider],
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._capacities = capacities
        self._providers = providers
        self._clock = clock

    async def execute(self) -> tuple[Exposure, ...]:
        """How each watched asset of each configured LP stands. Raises `Overtaken`."""
        terms = {
            (each.lp, each.asset): each
            for each in await self._capacities.terms()
            if each.lp in self._providers
        }
        if not terms:
            return ()
        fence = await self._capacities.next_fence()
        quotas = await self._claimed(tuple(terms), fence)
        if crash_points.armed:
            await crash_points.reach(crash_points.REFILL_CLAIMED)
        exposures = []
        balances = await self._balances({lp for lp, _ in terms})
        for key, each in terms.items():
            balance = balances.get(key, 0)
            handed_out = await self._refilled(key, each, balance, quotas[key], fence)
            exposures.append(self._exposure(each, balance, quotas[key], handed_out))
        await self._keep(exposures)
        return tuple(exposures)

    async def _claimed(self, keys: Sequence[CapacityKey], fence: int) -> Quotas:
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            tenants = [each.tenant.id for each in await tx.tenants.partners()]
        found: Quotas = {key: {} for key in keys}
        for tenant_id in tenants:
            async with self._uow.begin(tenant_id) as tx:
                claimed = await tx.lp_quotas.claim(keys, fence=fence)
                if claimed is None:
                    raise Overtaken(f"refill {fence} came too late")
                await tx.commit()
            for key, quota in claimed.items():
                found[key][tenant_id] = quota
        return found

    async def _balances(self, lps: set[LpName]) -> Mapping[CapacityKey, int]:
        found: dict[CapacityKey, int] = {}
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            for lp in sorted(lps):
                side = await tx.reconciliation.ledger_side(
                    self._source(lp), since=self._clock.now()
                )
                found |= {(lp, asset): units for asset, units in side.balances.items()}
        return found

    def _source(self, lp: LpName) -> Source:
        return Source(
            name=lp,
            kind=SourceKind.LP_EXECUTIONS,
            account_code=account_of(self._providers, lp),
            account_owner=lp,
        )

    async def _refilled(
        self,
        key: CapacityKey,
        terms: LpTerms,
        balance: int,
        quotas: Mapping[TenantId, LpQuota],
        fence: int,
    ) -> int:
        """What is handed out in all then."""
        settlement = self._providers[terms.lp].capabilities.settlement
        whole = capacity(terms, settlement, balance)
        wanted = targets(whole, quotas)
        handed_out = {tenant: quota.quota_units for tenant, quota in quotas.items()}
        for tenant, quota in quotas.items():
            to = lowered(quota, wanted[tenant]).quota_units
            if to < quota.quota_units:
                handed_out[tenant] = await self._lower(tenant, key, to, fence)
        for tenant, units in raises(whole, handed_out, wanted).items():
            await self._raise(tenant, key, units, fence)
            handed_out[tenant] += units
        return sum(handed_out.values())

    async def _lower(self, tenant: TenantId, key: CapacityKey, to: int, fence: int) -> int:
        async with self._uow.begin(tenant) as tx:
            units = await tx.lp_quotas.lower(key, to=to, fence=fence)
            if units is None:
                raise Overtaken(f"refill {fence} came too late")
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.REFILL_LOWERED)
        return units

    async def _raise(self, tenant: TenantId, key: CapacityKey, units: int, fence: int) -> None:
        async with self._uow.begin(tenant) as tx:
            if not await tx.lp_quotas.add(key, units, fence=fence):
                raise Overtaken(f"refill {fence} came too late")
            await tx.commit()

    def _exposure(
        self, terms: LpTerms, balance: int, quotas: Mapping[TenantId, LpQuota], handed_out: int
    ) -> Exposure:
        return Exposure(
            terms=terms,
            settlement=self._providers[terms.lp].capabilities.settlement,
            balance_units=balance,
            handed_out_units=handed_out,
            reserved_units=sum(quota.reserved_units for quota in quotas.values()),
            used_units=sum(quota.used_units for quota in quotas.values()),
        )

    async def _keep(self, exposures: Sequence[Exposure]) -> None:
        before: dict[tuple[LpName, AssetCode], Level] = {}
        for kept in await self._capacities.exposures():
            before[kept.exposure.terms.lp, kept.exposure.terms.asset] = kept.exposure.level
        await self._capacities.keep_sample(exposures, at=self._clock.now())
        for each in exposures:
            key, level = (each.terms.lp, each.terms.asset), each.level
            if level in ALARMING and before.get(key) is not level:
                _log.error(
                    "provider %s: %s is %s, %d units available", *key, level, each.available_units
                )
