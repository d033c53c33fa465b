"""`aksum`: commands are imported when they are called, so that each starts as fast as it can."""

import importlib
import sys
from importlib.util import find_spec
from typing import Final

import click
from typing_extensions import override

from domain.shared.errors import DomainError
from entrypoints.wiring.errors import StartRefused
from entrypoints.wiring.lifeline import follow_supervisor

COMMANDS: Final = "entrypoints.cli.commands"
# Name, where it is, and what `aksum --help` says of it. What is not there is not listed.
REGISTERED: Final = (
    ("sandbox", "entrypoints.cli.sandbox.command:sandbox", "Everything at once, to try things out"),
    ("demo", "entrypoints.cli.demo.command:demo", "The whole story of one trade, from nothing"),
    ("bench", "entrypoints.cli.bench.command:bench", "Benchmarks"),
    ("serve", f"{COMMANDS}.serve:serve", "The HTTP API"),
    ("worker", f"{COMMANDS}.worker:worker", "Finishes what requests began"),
    ("simulate", f"{COMMANDS}.simulate:simulate", "A liquidity provider that fails on demand"),
    ("migrate", f"{COMMANDS}.migrate:migrate", "Prepare or upgrade the database"),
    ("doctor", f"{COMMANDS}.doctor:doctor", "Is everything as it should be?"),
    ("tenant", f"{COMMANDS}.tenant:tenant", "Partners"),
    ("api-key", f"{COMMANDS}.api_key:api_key", "Keys of partners and operators"),
    ("rates", f"{COMMANDS}.rates:rates", "Rate sheets and limits that prices are judged by"),
    ("order", f"{COMMANDS}.order:order", "Orders, across tenants"),
    ("jobs", f"{COMMANDS}.jobs:jobs", "Work that follows: waiting, failing, parked"),
    ("ledger", f"{COMMANDS}.ledger:ledger", "Verify and read the books"),
    ("change", f"{COMMANDS}.change:change", "What takes two operators: credit lines, closing"),
    ("reconcile", f"{COMMANDS}.reconcile:reconcile", "What others hold for us, and our books"),
    ("webhook", f"{COMMANDS}.webhook:webhook", "What is sent to partners, and what is not"),
    ("lp", f"{COMMANDS}.lp:lp", "Liquidity providers"),
    ("asset", f"{COMMANDS}.asset:asset", "Assets that can be held"),
    ("instrument", f"{COMMANDS}.instrument:instrument", "Pairs that can be traded"),
)


def _exists(place: str) -> bool:
    try:
        return find_spec(place.partition(":")[0]) is not None
    except ModuleNotFoundError:
        return False


class LazyGroup(click.Group):
    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, place, _ in REGISTERED if _exists(place)]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for name, place, _ in REGISTERED:
            if name == cmd_name and _exists(place):
                module, _, attribute = place.partition(":")
                found = getattr(importlib.import_module(module), attribute)
                if not isinstance(found, click.Command):
                    raise TypeError(f"{place} is no command")
                return found
        return None

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, text) for name, place, text in REGISTERED if _exists(place)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def aksum() -> None:
    """Aksum, the backend of a multi-tenant crypto and fiat exchange.

    Settings come from the environment: AKSUM_DATABASE_URL, AKSUM_DATA_DIR and others, which
    entrypoints/wiring/settings.py lists. Commands of operators take --json.
    """


def main() -> None:
    """Exit codes: 1 refused or found something amiss, 2 wrong usage, 130 interrupted."""
    follow_supervisor()
    try:
        # click returns the code of an Exit here, and does not raise it.
        code = aksum.main(prog_name="aksum", standalone_mode=False)
        if isinstance(code, int):
            sys.exit(code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except StartRefused as error:
        _fail(str(error))
    except DomainError as error:
        context = "".join(f", {name}={value}" for name, value in error.context.items())
        _fail(f"{error.detail} ({error.code}{context})")


def _fail(text: str) -> None:
    click.echo(f"aksum: {text}", err=True)
    sys.exit(1)
