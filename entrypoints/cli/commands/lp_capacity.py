"""What each provider can still take of which asset, and what is agreed about it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import click
from dishka import AsyncContainer

from application.liquidity.place_with_lp import PlaceCommand, PlaceWithLp
from application.ports.clock import Clock
from application.ports.lp_capacity import LpCapacities, SampledExposure
from domain.assets.asset import Asset
from domain.assets.catalog import Catalog
from domain.liquidity.exposure import ONE_PPM, Level, LpTerms, PaysFirst
from domain.liquidity.quote import LpName
from domain.shared.ids import IdPrefix, encode_id
from domain.shared.money import AssetCode, format_units, parse_units
from entrypoints.cli import orders
from entrypoints.cli.lp_metrics import exposition
from entrypoints.cli.operator import TEXT, run
from entrypoints.cli.output import json_option, print_object, print_rows

COLUMNS: Final = (
    *("lp", "asset", "settlement", "level", "available", "balance", "limit", "under_way"),
    *("handed_out", "low_water", "age_s"),
)
TERMS: Final = (
    *("lp", "asset", "limit", "keep", "refuse_at_percent", "low_water", "pays_first", "slice"),
    "value_days",
)
# Of a sample: the worker takes one every five seconds.
STALE_SECONDS: Final = 60
PERCENT: Final = ONE_PPM // 100


@click.command()
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write gauges for Prometheus to this file instead.",
)
@json_option
def exposure(metrics: Path | None, as_json: bool) -> None:
    """What each provider can still take: docs/runbooks/lp-low-water.md.

    Everything under way counts as filled. Ends with 1 when something is low, empty or over, or
    when no worker has looked for a minute.
    """

    async def work(
        container: AsyncContainer,
    ) -> tuple[tuple[SampledExposure, ...], Catalog, datetime]:
        capacities: LpCapacities = await container.get(LpCapacities)
        now = (await container.get(Clock)).now()
        return await capacities.exposures(), await orders.catalog(container), now

    found, catalog, now = run(work)
    if metrics is not None:
        metrics.write_bytes(exposition(found, catalog, now=now))
        return
    rows = [_shown(each, catalog, now) for each in found]
    print_rows(rows, COLUMNS, as_json=as_json, nothing="nothing is watched: aksum lp terms")
    stale = [each for each in found if _age(each, now) > STALE_SECONDS]
    if stale or any(each.exposure.level is not Level.OK for each in found):
        raise SystemExit(1)


@click.command()
@click.argument("lp", required=False)
@click.argument("asset", required=False)
@click.option("--limit", help="Credit, as in 500000.00, of one that settles after the trade.")
@click.option("--keep", default="0", show_default=True, help="What is not handed out.")
@click.option(
    "--refuse-at",
    "refuse_at",
    type=click.IntRange(1, 100),
    default=100,
    show_default=True,
    help="Percent of it that is used at most.",
)
@click.option("--low-water", default="0", show_default=True, help="Less is worth an alert.")
@click.option(
    "--pays-first",
    type=click.Choice([each.value for each in PaysFirst]),
    default=PaysFirst.THEM.value,
    show_default=True,
)
@click.option("--slice", "slice_", help="The most that is paid at once.")
@click.option("--value-days", type=int, default=1, show_default=True)
@click.option("--forget", is_flag=True, help="Do not watch it any more.")
@click.option("--reason", type=TEXT, help="Kept with it.")
@json_option
def terms(
    lp: str | None,
    asset: str | None,
    limit: str | None,
    keep: str,
    refuse_at: int,
    low_water: str,
    pays_first: str,
    slice_: str | None,
    value_days: int,
    forget: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """What is agreed with providers; with LP and ASSET, agree on it anew and watch it.

    Nobody takes of what is watched without a quota, which a worker hands out within seconds.
    """
    if (lp is None) != (asset is None) or (lp is None and (forget or reason)):
        raise click.UsageError("name a provider and an asset, or neither to see what is agreed")
    if lp is not None and not forget and reason is None:
        raise click.UsageError("say why with --reason")

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        capacities: LpCapacities = await container.get(LpCapacities)
        catalog = await orders.catalog(container)
        if lp is not None and asset is not None:
            known = catalog.asset(asset)
            if forget:
                await capacities.forget((LpName(lp), known.code))
            else:
                agreed = LpTerms(
                    lp=LpName(lp),
                    asset=known.code,
                    limit_units=None if limit is None else _units(limit, known),
                    keep_units=_units(keep, known),
                    refuse_at_ppm=refuse_at * PERCENT,
                    low_water_units=_units(low_water, known),
                    pays_first=PaysFirst(pays_first),
                    slice_units=None if slice_ is None else _units(slice_, known),
                    value_days=value_days,
                )
                await capacities.agree(agreed, reason=reason or "")
        return [_shown_terms(each, catalog) for each in await capacities.terms()]

    print_rows(run(work), TERMS, as_json=as_json)


@click.command()
@click.argument("lp")
@click.argument("asset")
@click.argument("amount")
@click.option("--back", is_flag=True, help="It came back from the provider.")
@click.option("--ref", required=True, type=TEXT, help="What custody calls the movement.")
@json_option
def place(lp: str, asset: str, amount: str, back: bool, ref: str, as_json: bool) -> None:
    """Book what was moved from custody to a prefunded provider, or back."""

    async def work(container: AsyncContainer) -> Mapping[str, object]:
        known = (await orders.catalog(container)).asset(asset)
        units = _units(amount, known)
        use_case: PlaceWithLp = await container.get(PlaceWithLp)
        posted = await use_case.execute(
            PlaceCommand(
                lp=LpName(lp),
                asset=known.code,
                units=-units if back else units,
                reference=ref,
            )
        )
        return {"transaction_id": encode_id(IdPrefix.TRANSACTION, posted)}

    print_object(run(work), as_json=as_json)


def _units(text: str, asset: Asset) -> int:
    return parse_units(text, scale=asset.scale)


def _age(sampled: SampledExposure, now: datetime) -> int:
    return int((now - sampled.sampled_at).total_seconds())


def _amount(units: int | None, catalog: Catalog, code: AssetCode) -> str | None:
    return None if units is None else format_units(units, scale=catalog.asset(code).scale)


def _shown(sampled: SampledExposure, catalog: Catalog, now: datetime) -> Mapping[str, object]:
    seen = sampled.exposure
    code = seen.terms.asset
    return {
        "lp": seen.terms.lp,
        "asset": code,
        "settlement": seen.settlement.value,
        "level": seen.level.value,
        "available": _amount(seen.available_units, catalog, code),
        "balance": _amount(seen.balance_units, catalog, code),
        "limit": _amount(seen.terms.limit_units, catalog, code),
        "under_way": _amount(seen.reserved_units + seen.used_units, catalog, code),
        "handed_out": _amount(seen.handed_out_units, catalog, code),
        "low_water": _amount(seen.terms.low_water_units, catalog, code),
        "age_s": _age(sampled, now),
    }


def _shown_terms(agreed: LpTerms, catalog: Catalog) -> Mapping[str, object]:
    code = agreed.asset
    return {
        "lp": agreed.lp,
        "asset": code,
        "limit": _amount(agreed.limit_units, catalog, code),
        "keep": _amount(agreed.keep_units, catalog, code),
        "refuse_at_percent": agreed.refuse_at_ppm // PERCENT,
        "low_water": _amount(agreed.low_water_units, catalog, code),
        "pays_first": agreed.pays_first.value,
        "slice": _amount(agreed.slice_units, catalog, code),
        "value_days": agreed.value_days,
    }
