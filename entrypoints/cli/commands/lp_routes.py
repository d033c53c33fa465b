"""Which liquidity providers an instrument is asked of: what holds, and how it is changed."""

from collections.abc import Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.liquidity.set_lp_route import SetLpRoute, SetLpRouteCommand
from application.ports.catalog import Platform, PlatformView
from application.ports.lp_routes import LpRoute, LpRoutes
from domain.liquidity.quote import LpName
from domain.liquidity.routing import AT_ONCE_MAX, HEDGE_SET_MS, AskMode, RoutingPolicy
from entrypoints.cli.operator import TEXT, run
from entrypoints.cli.operator_key import operator_key_option, operator_with
from entrypoints.cli.output import json_option, print_object, print_rows

SHOWN: Final = ("instrument", "lps", "mode", "at_once", "hedge_after_ms", "by", "version")
CHANGES: Final = ("version", "lps", "mode", "at_once", "hedge_after_ms", "by", "at", "reason")
DEFAULT: Final = "order for all"


@click.group()
def routes() -> None:
    """Which providers an instrument is asked of, in which order, and how."""


@routes.command()
@click.argument("instrument", required=False)
@json_option
def show(instrument: str | None, as_json: bool) -> None:
    """All instruments; with one named, every change of its route, oldest first."""

    async def all_of_them(
        container: AsyncContainer,
    ) -> tuple[PlatformView, tuple[LpRoute, ...]]:
        view = await (await container.get(Platform)).view()
        kept: LpRoutes = await container.get(LpRoutes)
        return view, await kept.current()

    async def changes(container: AsyncContainer) -> tuple[LpRoute, ...]:
        view = await (await container.get(Platform)).view()
        view.catalog.instrument(symbol)
        kept: LpRoutes = await container.get(LpRoutes)
        return await kept.history(symbol)

    if instrument is not None:
        symbol = instrument
        print_rows([_change(each) for each in run(changes)], CHANGES, as_json=as_json)
        return
    view, current = run(all_of_them)
    changed = {each.change.instrument: each for each in current}
    rows = [_now(symbol, view, changed.get(symbol)) for symbol in sorted(view.catalog.instruments)]
    print_rows(rows, SHOWN, as_json=as_json)


@routes.command(name="set")
@click.argument("instrument")
@click.argument("lps", nargs=-1, metavar="[PRIMARY [BACKUP]...]")
@click.option("--default", is_flag=True, help="Back to the order for all instruments.")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in AskMode]),
    default=AskMode.ORDERED.value,
    show_default=True,
    help="The first that quotes, or the best price of several.",
)
@click.option(
    "--at-once",
    type=click.IntRange(2, AT_ONCE_MAX),
    default=2,
    show_default=True,
    help="How many are asked at first, for the best price.",
)
@click.option(
    "--hedge-after-ms",
    type=click.IntRange(*HEDGE_SET_MS),
    help="When the next is asked too.  [default: a multiple of the provider's usual latency]",
)
@click.option("--reason", required=True, type=TEXT, help="Kept with it.")
@operator_key_option
@json_option
def set_route(
    instrument: str,
    lps: tuple[str, ...],
    default: bool,
    mode: str,
    at_once: int,
    hedge_after_ms: int | None,
    reason: str,
    operator_key: str,
    as_json: bool,
) -> None:
    """Ask an instrument of these providers only, in this order.

    It holds in every process within a second. What was before stays on record.
    """
    if default == bool(lps):
        raise click.UsageError("name the providers, or --default to go back to the order for all")

    async def work(container: AsyncContainer) -> LpRoute:
        command = SetLpRouteCommand(
            instrument=instrument,
            lps=tuple(LpName(each) for each in lps),
            mode=AskMode(mode),
            at_once=at_once,
            hedge_after_ms=hedge_after_ms,
            reason=reason,
            by=await operator_with(container, operator_key),
        )
        set_lp_route: SetLpRoute = await container.get(SetLpRoute)
        return await set_lp_route.execute(command)

    print_object({"instrument": instrument, **_change(run(work))}, as_json=as_json)


def _now(symbol: str, view: PlatformView, route: LpRoute | None) -> Mapping[str, object]:
    own = route is not None and route.change.policy is not None
    return {
        "instrument": symbol,
        **_policy(view.routing_of(symbol)),
        "by": route.change.changed_by.name if own and route is not None else DEFAULT,
        "version": 0 if route is None else route.version,
    }


def _change(route: LpRoute) -> Mapping[str, object]:
    return {
        "version": route.version,
        **_policy(route.change.policy),
        "by": route.change.changed_by.name,
        "at": route.changed_at,
        "reason": route.change.reason,
    }


def _policy(policy: RoutingPolicy | None) -> Mapping[str, object]:
    if policy is None:
        return {"lps": DEFAULT, "mode": None, "at_once": None, "hedge_after_ms": None}
    compared = policy.mode is AskMode.BEST_OF
    return {
        "lps": " ".join(policy.lps),
        "mode": policy.mode.value,
        "at_once": policy.at_once if compared else None,
        "hedge_after_ms": policy.hedge_after_ms,
    }
