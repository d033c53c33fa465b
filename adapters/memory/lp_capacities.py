from collections.abc import Collection
from datetime import datetime

from msgspec.structs import replace

from adapters.memory.store import Store
from application.ports.lp_capacity import CapacityKey, SampledExposure
from domain.liquidity.exposure import Exposure, LpTerms
from domain.shared.errors import NotFound


class MemoryLpCapacities:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def terms(self) -> tuple[LpTerms, ...]:
        return tuple(terms for _, terms in sorted(self._store.lp_terms.items()))

    async def agree(self, terms: LpTerms, *, reason: str) -> None:
        if terms.lp not in self._store.lps or terms.asset not in self._store.assets:
            raise NotFound("no such provider or asset is listed", lp=terms.lp)
        self._store.lp_terms[terms.lp, terms.asset] = terms

    async def forget(self, key: CapacityKey) -> None:
        if self._store.lp_terms.pop(key, None) is None:
            raise NotFound("nothing is agreed about it", lp=key[0])
        self._store.lp_exposures.pop(key, None)

    async def next_fence(self) -> int:
        self._store.lp_refills += 1
        return self._store.lp_refills

    async def keep_sample(self, sampled: Collection[Exposure], *, at: datetime) -> None:
        for each in sampled:
            key = (each.terms.lp, each.terms.asset)
            if key in self._store.lp_terms:
                kept = SampledExposure(exposure=each, sampled_at=at)
                self._store.lp_exposures[key] = kept

    async def exposures(self) -> tuple[SampledExposure, ...]:
        return tuple(
            replace(kept, exposure=replace(kept.exposure, terms=self._store.lp_terms[key]))
            for key, kept in sorted(self._store.lp_exposures.items())
        )
