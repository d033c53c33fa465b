"""Before the story and after it: what is started, and how to go on."""

from pathlib import Path
from typing import Final

from entrypoints.cli.demo.page import Page
from entrypoints.cli.sandbox.files import SandboxFile

SANDBOX_PORT: Final = 8080
SANDBOX_DIR: Final = ".aksum"


def before(page: Page) -> None:
    page.chapter("Aksum: the story of a trade")
    page.say(
        "Two partners, a trade for a customer of each, and where every unit of it went. Then what "
        "happens when a provider's reply is lost, when a provider fails, and when a request is "
        "sent again. At the end all books are added up."
    )
    page.say(
        "Every line with a mark was checked before it was printed. What partners see comes from "
        "the HTTP API, what operators see from the [cyan]aksum[/] command."
    )
    page.say(
        "Starting PostgreSQL, the API, a worker and two simulated liquidity providers, each a "
        "process of its own."
    )


def when_gone(page: Page) -> None:
    page.chapter("How to go on")
    page.say("All of it is taken down now. To keep it running, with what to try:")
    page.copyable("./dev demo --keep")
    page.space()
    page.say(
        f"Or a sandbox that remembers. Its URLs, API keys and customers are in "
        f"{SANDBOX_DIR}/sandbox.json:"
    )
    page.copyable(f"./dev aksum sandbox up --port {SANDBOX_PORT} --data-dir {SANDBOX_DIR}")
    page.space()
    page.say("README.md has first calls by curl, docs/architecture.md how it works.")


def when_kept(page: Page, sandbox: SandboxFile, description: Path) -> None:
    page.chapter("How to go on")
    page.table(
        ("<", "<"),
        [
            ("API", sandbox.api_url),
            ("its reference", f"{sandbox.api_url}/docs"),
            *((f"faults, {each.name}", each.control_url) for each in sandbox.liquidity_providers),
            ("keys and all else", str(description)),
        ],
    )
    page.say("In another terminal:")
    first = sandbox.tenants[0]
    accounts = f"{sandbox.api_url}/v1/accounts?customer_id={first.customers[0]}"
    lp = sandbox.liquidity_providers[0]
    for line in (
        f"export KEY={first.api_key}",
        f'curl -s -H "Authorization: Bearer $KEY" {sandbox.api_url}/v1/orders',
        f"curl -s -H \"Authorization: Bearer $KEY\" '{accounts}'",
        f"curl -s {lp.control_url}/executions",
        f"export AKSUM_DATABASE_URL='{sandbox.database_url}'",
        "./dev aksum order list",
        "./dev aksum ledger verify",
    ):
        page.copyable(line)
    page.space()
    page.say("Ctrl-C ends it and removes everything.")
