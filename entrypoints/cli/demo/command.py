import asyncio
import signal
from typing import Final

import aiohttp
import click

from entrypoints.cli.demo import onwards, story
from entrypoints.cli.demo.client import Unexpected
from entrypoints.cli.demo.page import ClaimFailed, Page
from entrypoints.cli.demo.process import DemoFolder, own_sandbox
from entrypoints.cli.demo.stage import Stage
from entrypoints.wiring.errors import StartRefused

INTERRUPTED: Final = 130
NOBODY_READS: Final = 1
FOUND_MAX: Final = 2_000


@click.command()
@click.option("--keep", is_flag=True, help="Leave it running until Ctrl-C.")
def demo(keep: bool) -> None:
    """Tell the whole story of a trade for each of two tenants, from nothing, in under a minute.

    Starts a sandbox of its own in a temporary folder, on free ports, and removes it at the end.
    Every line with a mark was checked; exits 1 when one of them is not so.
    """
    code = asyncio.run(_run(keep=keep))
    if code != 0:
        raise click.exceptions.Exit(code)


async def _run(*, keep: bool) -> int:
    _cancel_on_signals()
    page, folder = Page(), DemoFolder()
    try:
        code = await _tell(page, folder, keep=keep)
    except ClaimFailed as error:
        found = repr(error.found)[:FOUND_MAX]
        return _failed(folder, f"not so: {error.claim}\nfound: {found}")
    except (Unexpected, StartRefused, aiohttp.ClientError, TimeoutError) as error:
        return _failed(folder, str(error) or type(error).__name__)
    except (BrokenPipeError, SystemExit):  # the latter is how rich says it
        code = NOBODY_READS
    except Exception:
        _failed(folder, "the demo itself has failed")
        raise
    except asyncio.CancelledError:
        click.echo("\ninterrupted: everything is taken down", err=True)
        code = INTERRUPTED
    folder.remove()
    return code


async def _tell(page: Page, folder: DemoFolder, *, keep: bool) -> int:
    clock = asyncio.get_running_loop().time
    began = clock()
    onwards.before(page)
    async with own_sandbox(folder) as sandbox, aiohttp.ClientSession() as session:
        page.say(f"Ready after {clock() - began:.0f} s at [cyan]{sandbox.described.api_url}[/].")
        await story.tell(Stage(page, sandbox.described, session))
        page.space()
        page.say(f"[bold]{page.claims} claims checked in {clock() - began:.0f} s.[/]")
        if not keep:
            onwards.when_gone(page)
            return 0
        onwards.when_kept(page, sandbox.described, folder.description)
        try:
            await sandbox.ended()
        except asyncio.CancelledError:
            page.say("Taking everything down.")
            return 0
        raise Unexpected("the sandbox has ended by itself")


def _cancel_on_signals() -> None:
    """The first one cancels, so that everything is taken down; further ones change nothing."""
    task = asyncio.current_task()
    told = False

    def cancel() -> None:
        nonlocal told
        if not told and task is not None:
            told = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, cancel)


def _failed(folder: DemoFolder, text: str) -> int:
    """The folder stays: somebody will want to read the logs."""
    click.echo(f"\naksum demo: {text}", err=True)
    click.echo(f"logs: {folder.log} and {folder.data / 'logs'}", err=True)
    return 1
