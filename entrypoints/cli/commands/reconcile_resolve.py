from collections.abc import Mapping

import click
from dishka import AsyncContainer

from application.ports.clock import Clock
from application.reconciliation.resolve_break import ResolveBreak, ResolveCommand
from domain.reconciliation.breaks import Break
from domain.shared.ids import BreakId
from entrypoints.cli import orders
from entrypoints.cli.breaks import shown_break
from entrypoints.cli.operator import BREAK, TEXT, run
from entrypoints.cli.operator_key import operator_key_option, operator_with
from entrypoints.cli.output import json_option, print_object


@click.command()
@click.argument("break_id", metavar="BREAK", type=BREAK)
@click.argument("owner", required=False, type=TEXT)
@json_option
def assign(break_id: BreakId, owner: str | None, as_json: bool) -> None:
    """Say who looks after a break; without OWNER, nobody does."""

    async def work(container: AsyncContainer) -> Mapping[str, object]:
        changed = await (await container.get(ResolveBreak)).assign(break_id, owner)
        return await _shown(container, changed)

    print_object(run(work), as_json=as_json)


@click.command()
@click.argument("break_id", metavar="BREAK", type=BREAK)
@click.option(
    "--match", "others", multiple=True, type=BREAK, help="The break it cancels out with; again."
)
@click.option("--adjust", is_flag=True, help="Post the difference against suspense.")
@click.option("--write-off", is_flag=True, help="Propose to give it up; needs --reason.")
@click.option("--reason", type=TEXT, help="Why it is given up.")
@click.option("--approve", is_flag=True, help="Approve what another operator proposed.")
@click.option("--withdraw", is_flag=True, help="Say no to what was proposed.")
@operator_key_option
@json_option
def resolve(
    break_id: BreakId,
    others: tuple[BreakId, ...],
    adjust: bool,
    write_off: bool,
    reason: str | None,
    approve: bool,
    withdraw: bool,
    operator_key: str,
    as_json: bool,
) -> None:
    """Close a break, in your own name: AKSUM_OPERATOR_KEY holds your personal key.

    A write-off is proposed by one operator and approved by another one.
    """
    if sum((bool(others), adjust, write_off, approve, withdraw)) != 1:
        raise click.UsageError("one of --match, --adjust, --write-off, --approve and --withdraw")
    if write_off != (reason is not None):
        raise click.UsageError("--reason goes with --write-off, and --write-off with --reason")

    async def work(container: AsyncContainer) -> Mapping[str, object]:
        use_case = await container.get(ResolveBreak)
        by = await operator_with(container, operator_key)
        command = ResolveCommand(break_id=break_id, operator=by.name)
        if others:
            closed = (await use_case.match(command, others)).value
            changed = next(each for each in closed if each.id == break_id)
        elif adjust:
            changed = (await use_case.adjust(command)).value
        elif approve:
            changed = (await use_case.approve(command)).value
        elif withdraw:
            changed = (await use_case.withdraw(command)).value
        else:
            changed = (await use_case.propose(command, reason=reason or "")).value
        return await _shown(container, changed)

    print_object(run(work), as_json=as_json)


async def _shown(container: AsyncContainer, found: Break) -> Mapping[str, object]:
    today = (await container.get(Clock)).now().date()
    return shown_break(found, await orders.catalog(container), today=today)
