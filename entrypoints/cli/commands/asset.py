from collections.abc import Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.ports.catalog import CatalogEditor
from domain.assets.asset import Asset, AssetKind
from domain.shared.money import SCALE_MAX, AssetCode
from entrypoints.cli.operator import run
from entrypoints.cli.orders import catalog
from entrypoints.cli.output import json_option, print_object, print_rows

COLUMNS: Final = ("code", "name", "kind", "scale")


@click.group()
def asset() -> None:
    """Assets: see docs/adding/an-asset.md before adding one."""


@asset.command(name="list")
@json_option
def list_assets(as_json: bool) -> None:
    """All assets of this deployment."""
    found = run(catalog).assets
    print_rows([_shown(found[code]) for code in sorted(found)], COLUMNS, as_json=as_json)


@asset.command()
@click.argument("code")
@click.option("--name", required=True)
@click.option("--kind", type=click.Choice([kind.value for kind in AssetKind]), required=True)
@click.option(
    "--scale", type=click.IntRange(0, SCALE_MAX), required=True, help="Decimals, for ever."
)
@json_option
def add(code: str, name: str, kind: str, scale: int, as_json: bool) -> None:
    """Add an asset. Its scale can never change."""
    new = Asset(code=AssetCode(code), scale=scale, kind=AssetKind(kind), name=name)

    async def work(container: AsyncContainer) -> None:
        editor: CatalogEditor = await container.get(CatalogEditor)
        await editor.list_assets([new])

    run(work)
    print_object(_shown(new), as_json=as_json)


def _shown(found: Asset) -> Mapping[str, object]:
    return {
        "code": found.code,
        "name": found.name,
        "kind": found.kind.value,
        "scale": found.scale,
    }
