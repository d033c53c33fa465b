from collections.abc import Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.ports.catalog import CatalogEditor, ListedLp, LpState
from domain.liquidity.quote import LpName
from entrypoints.cli.commands.lp_capacity import exposure, place, terms
from entrypoints.cli.operator import run
from entrypoints.cli.output import json_option, print_object, print_rows
from entrypoints.wiring.registry import read_lps
from entrypoints.wiring.settings import read_settings

COLUMNS: Final = ("name", "dialect", "role", "rank", "state", "configured")


@click.group()
def lp() -> None:
    """Liquidity providers: which are used, in which order, and which are halted."""


for each in (exposure, terms, place):
    lp.add_command(each)


@lp.command(name="list")
@json_option
def list_lps(as_json: bool) -> None:
    """In the order in which they are asked. `configured`: this command's settings know it too."""

    listed = run(_lps)
    known = {entry.listed.name for entry in read_lps(read_settings().lp_config)}
    rows = [{**_shown(each), "configured": each.name in known} for each in listed]
    print_rows(rows, COLUMNS, as_json=as_json)


@lp.command()
@json_option
def register(as_json: bool) -> None:
    """List the providers of the configuration file that are not listed yet."""
    entries = read_lps(read_settings().lp_config)

    async def work(container: AsyncContainer) -> tuple[ListedLp, ...]:
        editor: CatalogEditor = await container.get(CatalogEditor)
        await editor.list_lps([entry.listed for entry in entries])
        return await editor.lps()

    print_rows([_shown(each) for each in run(work)], COLUMNS[:-1], as_json=as_json)


@lp.command()
@click.argument("name")
@click.option("--reason", required=True, help="For whoever finds it halted.")
@json_option
def halt(name: str, reason: str, as_json: bool) -> None:
    """Ask it for no more quotes, in every process, within a second.

    Quotes already given may still be accepted; open executions are finished.
    """
    print_object(_shown(_set(name, LpState.HALTED, reason)), as_json=as_json)


@lp.command()
@click.argument("name")
@click.option("--reason", default="resumed", show_default=True)
@json_option
def resume(name: str, reason: str, as_json: bool) -> None:
    """Ask it for quotes again."""
    print_object(_shown(_set(name, LpState.ACTIVE, reason)), as_json=as_json)


async def _lps(container: AsyncContainer) -> tuple[ListedLp, ...]:
    editor: CatalogEditor = await container.get(CatalogEditor)
    return await editor.lps()


def _set(name: str, state: LpState, reason: str) -> ListedLp:
    async def work(container: AsyncContainer) -> ListedLp:
        editor: CatalogEditor = await container.get(CatalogEditor)
        return await editor.set_lp_state(LpName(name), state, reason=reason)

    return run(work)


def _shown(listed: ListedLp) -> Mapping[str, object]:
    return {
        "name": listed.name,
        "dialect": listed.dialect,
        "role": listed.role.value,
        "rank": listed.rank,
        "state": listed.state.value,
    }
