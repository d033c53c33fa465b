"""Rate sheets and limits: two people, kept for ever, the newest approved one in force."""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.errors import ChangeDecided
from application.ports.change_requests import ChangeState
from application.ports.price_terms import PriceTerms, Terms
from domain.assets.asset import Asset, AssetKind
from domain.liquidity.guard_limits import GuardBand, GuardLimits
from domain.liquidity.reference import RateSheet
from domain.shared.errors import NotFound
from domain.shared.ids import ChangeRequestId, OperatorId
from domain.shared.money import AssetCode
from domain.tenants.operator import Operator, SecondOperatorRequired
from tests.contract.world import BTC, BTC_USDT, World

EXACT = Decimal("60000.123456789012345678901234567891")
SHEET = RateSheet(bid=EXACT, ask=Decimal(60_001), age_max=timedelta(hours=36))
LIMITS = GuardLimits(
    bands=(
        GuardBand(quote_units_max=10**29, at_quote_ppm=100, at_execute_ppm=200),
        GuardBand(at_quote_ppm=300, at_execute_ppm=400),
    ),
    age_max=timedelta(milliseconds=2_500),
    sheet_suffices=True,
)


class PriceTermsContract:
    async def test_terms_are_in_force_once_another_operator_has_approved(
        self, world: World
    ) -> None:
        symbol = await listed(world)
        maker, checker = people(world)
        for terms in (SHEET, LIMITS):
            proposed = await propose(world, symbol, terms, maker)
            assert proposed.state is ChangeState.PROPOSED
            assert (proposed.terms, proposed.proposed_by) == (terms, maker)
            applied = await world.ports.price_terms.decide(
                proposed.id, ChangeState.APPLIED, by=checker
            )
            assert (applied.state, applied.decided_by) == (ChangeState.APPLIED, checker)
            assert applied.terms == terms
        guard = (await world.ports.platform.view()).guard
        assert guard.limits[symbol] == LIMITS
        sheet = guard.sheets[symbol]
        assert (sheet.bid, sheet.ask, sheet.age_max) == (
            EXACT,
            Decimal(60_001),
            timedelta(hours=36),
        )
        assert sheet.is_sheet

    async def test_what_is_only_proposed_is_not_in_force(self, world: World) -> None:
        symbol = await listed(world)
        maker, _ = people(world)
        for terms in (SHEET, LIMITS):
            await propose(world, symbol, terms, maker)
        guard = (await world.ports.platform.view()).guard
        assert symbol not in guard.sheets
        assert symbol not in guard.limits

    async def test_sheets_age_counts_from_its_approval(self, world: World) -> None:
        symbol = await listed(world)
        maker, checker = people(world)
        proposed = await propose(world, symbol, SHEET, maker)
        world.pass_time()
        applied = await world.ports.price_terms.decide(proposed.id, ChangeState.APPLIED, by=checker)
        sheet = (await world.ports.platform.view()).guard.sheets[symbol]
        assert sheet.observed_at == applied.decided_at
        assert sheet.observed_at > proposed.proposed_at

    async def test_who_proposed_approves_nothing(self, world: World) -> None:
        symbol = await listed(world)
        maker, _ = people(world)
        proposed = await propose(world, symbol, SHEET, maker)
        for person in (maker, Operator(maker.id, "Another Name")):
            with pytest.raises(SecondOperatorRequired):
                await world.ports.price_terms.decide(proposed.id, ChangeState.APPLIED, by=person)
        (found,) = await world.ports.price_terms.page(instrument=symbol, limit=5)
        assert found == proposed

    async def test_who_proposed_may_reject(self, world: World) -> None:
        symbol = await listed(world)
        maker, _ = people(world)
        proposed = await propose(world, symbol, SHEET, maker)
        rejected = await world.ports.price_terms.decide(proposed.id, ChangeState.REJECTED, by=maker)
        assert rejected.state is ChangeState.REJECTED
        assert symbol not in (await world.ports.platform.view()).guard.sheets

    async def test_what_was_decided_stays_decided(self, world: World) -> None:
        symbol = await listed(world)
        maker, checker = people(world)
        proposed = await propose(world, symbol, SHEET, maker)
        done = await world.ports.price_terms.decide(proposed.id, ChangeState.APPLIED, by=checker)
        for state in (ChangeState.APPLIED, ChangeState.REJECTED):
            with pytest.raises(ChangeDecided):
                await world.ports.price_terms.decide(proposed.id, state, by=checker)
        assert await world.ports.price_terms.page(instrument=symbol, limit=5) == (done,)

    async def test_newest_approval_is_in_force_and_history_is_kept(self, world: World) -> None:
        symbol = await listed(world)
        maker, checker = people(world)
        first = await propose(world, symbol, SHEET, maker)
        second = await propose(world, symbol, replace(SHEET, bid=Decimal(59_000)), maker)
        # Approved in the other order: what counts is when somebody said yes.
        for proposed in (second, first):
            world.pass_time()
            await world.ports.price_terms.decide(proposed.id, ChangeState.APPLIED, by=checker)
        assert (await world.ports.platform.view()).guard.sheets[symbol].bid == EXACT
        kept = await world.ports.price_terms.page(instrument=symbol, limit=5)
        assert [each.id for each in kept] == [second.id, first.id]
        assert await world.ports.price_terms.page(instrument=symbol, limit=1) == kept[:1]
        assert (
            await world.ports.price_terms.page(
                instrument=symbol, state=ChangeState.PROPOSED, limit=5
            )
            == ()
        )

    async def test_unknown_instrument_or_proposal_is_not_found(self, world: World) -> None:
        maker, checker = people(world)
        with pytest.raises(NotFound):
            await propose(world, "BTC-XYZ", SHEET, maker)
        with pytest.raises(NotFound):
            await world.ports.price_terms.decide(
                ChangeRequestId(world.id()), ChangeState.APPLIED, by=checker
            )


def people(world: World) -> tuple[Operator, Operator]:
    maker, checker = (Operator(OperatorId(world.id()), name) for name in ("Abena", "Kwame"))
    return maker, checker


async def propose(world: World, symbol: str, terms: Terms, by: Operator) -> PriceTerms:
    return await world.ports.price_terms.propose(
        ChangeRequestId(world.id()), instrument=symbol, terms=terms, reason="desk", by=by
    )


async def listed(world: World) -> str:
    """An instrument of this test alone: terms of others are nothing to it."""
    code = AssetCode("Q" + world.id().hex[-10:].upper())
    quote = Asset(code=code, scale=8, kind=AssetKind.CRYPTO, name=code)
    await world.ports.catalog_editor.list_assets((quote,))
    symbol = f"BTC-{code}"
    await world.ports.catalog_editor.list_instruments(
        (replace(BTC_USDT, symbol=symbol, base=BTC, quote=quote),)
    )
    return symbol
