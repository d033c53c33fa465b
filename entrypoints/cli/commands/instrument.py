from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import click
from dishka import AsyncContainer

from application.ports.catalog import CatalogEditor
from domain.assets.instrument import Instrument, TradingStatus, split_symbol
from domain.shared.money import format_units, parse_units
from entrypoints.cli.operator import run
from entrypoints.cli.orders import catalog
from entrypoints.cli.output import json_option, print_object, print_rows

COLUMNS: Final = (
    "symbol",
    "tick",
    "lot",
    "min_base",
    "max_base",
    "min_quote",
    "max_quote",
    "status",
)


@click.group()
def instrument() -> None:
    """Pairs that can be traded."""


@instrument.command(name="list")
@json_option
def list_instruments(as_json: bool) -> None:
    """All instruments of this deployment."""
    found = run(catalog).instruments
    print_rows([_shown(found[symbol]) for symbol in sorted(found)], COLUMNS, as_json=as_json)


@instrument.command()
@click.argument("symbol")
@click.option("--tick", required=True, help="Price step, in the quote asset.")
@click.option("--lot", required=True, help="Step of amounts, in the base asset.")
@click.option("--min-base", required=True)
@click.option("--max-base", required=True)
@click.option("--min-quote", required=True)
@click.option("--max-quote", required=True)
@json_option
def add(
    symbol: str,
    tick: str,
    lot: str,
    min_base: str,
    max_base: str,
    min_quote: str,
    max_quote: str,
    as_json: bool,
) -> None:
    """Open BASE-QUOTE for trading. Both assets must exist; amounts are decimals."""
    base_code, quote_code = split_symbol(symbol)

    async def work(container: AsyncContainer) -> Instrument:
        assets = await catalog(container)
        base, quote = assets.asset(base_code), assets.asset(quote_code)
        new = Instrument(
            symbol=symbol,
            base=base,
            quote=quote,
            tick=_tick(tick),
            lot_units=parse_units(lot, scale=base.scale),
            min_base_units=parse_units(min_base, scale=base.scale),
            max_base_units=parse_units(max_base, scale=base.scale),
            min_quote_units=parse_units(min_quote, scale=quote.scale),
            max_quote_units=parse_units(max_quote, scale=quote.scale),
            status=TradingStatus.OPEN,
        )
        editor: CatalogEditor = await container.get(CatalogEditor)
        await editor.list_instruments([new])
        return new

    print_object(_shown(run(work)), as_json=as_json)


def _tick(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise click.BadParameter("not a decimal number", param_hint="--tick") from None


def _shown(found: Instrument) -> Mapping[str, object]:
    base, quote = found.base.scale, found.quote.scale
    return {
        "symbol": found.symbol,
        "tick": format(found.tick, "f"),
        "lot": format_units(found.lot_units, scale=base),
        "min_base": format_units(found.min_base_units, scale=base),
        "max_base": format_units(found.max_base_units, scale=base),
        "min_quote": format_units(found.min_quote_units, scale=quote),
        "max_quote": format_units(found.max_quote_units, scale=quote),
        "status": found.status.value,
    }
