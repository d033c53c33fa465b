"""`aksum bench NAME …`: one after the other; without a name, all there are."""

import importlib
from typing import Final

import click
from typing_extensions import override

PACKAGE: Final = "entrypoints.cli.bench"
# Name, where it is, and what `aksum bench --help` says of it.
BENCHES: Final = (
    ("ledger", f"{PACKAGE}.ledger.command:ledger", "Posts and reads, beside TPC-B"),
    ("routing", f"{PACKAGE}.routing.command:routing", "CPU per quote, beside a single provider"),
    ("trade", f"{PACKAGE}.trade.command:trade", "Quotes and orders over HTTP, beside TPC-B"),
)


class LazyBenches(click.Group):
    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, _, _ in BENCHES]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for name, place, _ in BENCHES:
            if name == cmd_name:
                module, _, attribute = place.partition(":")
                found = getattr(importlib.import_module(module), attribute)
                if not isinstance(found, click.Command):
                    raise TypeError(f"{place} is no command")
                return found
        return None

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Benchmarks"):
            formatter.write_dl([(name, text) for name, _, text in BENCHES])


@click.group(cls=LazyBenches, chain=True, invoke_without_command=True)
@click.pass_context
def bench(ctx: click.Context) -> None:
    """Measure, beside a yardstick on the same machine in the same run (docs/benchmarks.md).

    Each prints a table for people, and as its last line one JSON object. Exits 1 when what was
    done turns out to be wrong.
    """
    if ctx.invoked_subcommand is not None or not isinstance(ctx.command, click.Group):
        return
    for name, _, _ in BENCHES:
        found = ctx.command.get_command(ctx, name)
        if found is not None:
            ctx.invoke(found)
