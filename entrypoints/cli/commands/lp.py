from collections.abc import Mapping
from typing import Final

import click
import msgspec
from dishka import AsyncContainer

from application.liquidity.decide_on_lp import UNNAMED, DecideOnLp, LpDecision
from application.liquidity.report_health import LpReport, ReportHealth
from application.ports.catalog import CatalogEditor
from application.ports.lp_desk import ListedState, LpDesk
from domain.liquidity.quote import LpName
from domain.liquidity.standing import LpState
from entrypoints.cli.commands.lp_routes import routes
from entrypoints.cli.lp_screen import print_health
from entrypoints.cli.operator import TEXT, run
from entrypoints.cli.operator_key import operator_with, optional_operator_key_option
from entrypoints.cli.output import json_option, print_json, print_object, print_rows
from entrypoints.wiring.registry import read_lps
from entrypoints.wiring.settings import read_settings

COLUMNS: Final = ("name", "dialect", "role", "rank", "state", "reason", "configured")

reason_option = click.option(
    "--reason", required=True, type=TEXT, help="For whoever wonders why. It is kept."
)


@click.group()
def lp() -> None:
    """Liquidity providers: which are used, in which order, and why one is not."""


lp.add_command(routes)


@lp.command(name="list")
@json_option
def list_lps(as_json: bool) -> None:
    """In the order in which they are asked. `configured`: this command's settings know it too."""

    async def work(container: AsyncContainer) -> tuple[ListedState, ...]:
        desk: LpDesk = await container.get(LpDesk)
        return await desk.listed()

    listed = run(work)
    known = {entry.listed.name for entry in read_lps(read_settings().lp_config)}
    rows = [{**_shown(each), "configured": each.lp.name in known} for each in listed]
    print_rows(rows, COLUMNS, as_json=as_json)


@lp.command()
@json_option
def register(as_json: bool) -> None:
    """List the providers of the configuration file that are not listed yet."""
    entries = read_lps(read_settings().lp_config)

    async def work(container: AsyncContainer) -> tuple[ListedState, ...]:
        editor: CatalogEditor = await container.get(CatalogEditor)
        await editor.list_lps([entry.listed for entry in entries])
        desk: LpDesk = await container.get(LpDesk)
        return await desk.listed()

    print_rows([_shown(each) for each in run(work)], COLUMNS[:-1], as_json=as_json)


@lp.command()
@click.argument("name", required=False)
@json_option
def health(name: str | None, as_json: bool) -> None:
    """Why each provider is used or not: states, breakers, shares of success, what is open.

    With NAME, only that one and what became of it lately.
    """

    async def work(container: AsyncContainer) -> tuple[LpReport, ...]:
        report: ReportHealth = await container.get(ReportHealth)
        if name is None:
            return await report.execute()
        return (await report.one(LpName(name)),)

    reports = run(work)
    if as_json:
        print_json({"data": [msgspec.to_builtins(each) for each in reports]})
    else:
        print_health(reports)


@lp.command()
@click.argument("name")
@reason_option
@optional_operator_key_option
@json_option
def halt(name: str, reason: str, operator_key: str | None, as_json: bool) -> None:
    """Stop it: no more quotes, and those already given are not accepted any more.

    In every process, within a second. Open executions are looked up until they are known.
    """
    _set(name, LpState.HALTED, reason, operator_key, as_json=as_json)


@lp.command()
@click.argument("name")
@reason_option
@optional_operator_key_option
@json_option
def reduce(name: str, reason: str, operator_key: str | None, as_json: bool) -> None:
    """Let it run out: no more quotes; those already given are still accepted and carried out."""
    _set(name, LpState.REDUCING, reason, operator_key, as_json=as_json)


@lp.command()
@click.argument("name")
@click.option("--reason", default="resumed", show_default=True, type=TEXT)
@optional_operator_key_option
@json_option
def resume(name: str, reason: str, operator_key: str | None, as_json: bool) -> None:
    """Use it again, as far as its breakers allow."""
    _set(name, LpState.ACTIVE, reason, operator_key, as_json=as_json)


@lp.command()
@click.argument("name")
@click.option("--instrument", help="Only those of one, and that of lookups.")
@reason_option
@optional_operator_key_option
@json_option
def reset(
    name: str, instrument: str | None, reason: str, operator_key: str | None, as_json: bool
) -> None:
    """Close its breakers, as if it had recovered. They open again when it fails again."""

    async def work(container: AsyncContainer) -> int:
        decide: DecideOnLp = await container.get(DecideOnLp)
        decision = await _decision(container, name, reason, operator_key)
        return await decide.reset(decision, instrument)

    print_object({"name": name, "breakers_closed": run(work)}, as_json=as_json)


def _set(
    name: str, state: LpState, reason: str, operator_key: str | None, *, as_json: bool
) -> None:
    async def work(container: AsyncContainer) -> LpReport:
        decide: DecideOnLp = await container.get(DecideOnLp)
        await decide.set_state(await _decision(container, name, reason, operator_key), state)
        report: ReportHealth = await container.get(ReportHealth)
        return await report.one(LpName(name))

    done = run(work)
    shown = {"name": done.name, "state": done.state.value, "reason": done.state_reason}
    print_object(shown, as_json=as_json)


async def _decision(
    container: AsyncContainer, name: str, reason: str, operator_key: str | None
) -> LpDecision:
    """In an emergency nobody should have to look for their key; with it, their name is kept."""
    by = UNNAMED
    if operator_key is not None:
        by = (await operator_with(container, operator_key)).name
    return LpDecision(name=LpName(name), by=by, reason=reason)


def _shown(listed: ListedState) -> Mapping[str, object]:
    return {
        "name": listed.lp.name,
        "dialect": listed.lp.dialect,
        "role": listed.lp.role.value,
        "rank": listed.lp.rank,
        "state": listed.lp.state.value,
        "reason": listed.reason,
    }
