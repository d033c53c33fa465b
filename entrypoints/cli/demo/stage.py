"""Who and what the chapters share, and the few things several of them do."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

import aiohttp

from entrypoints.cli.demo.client import Partner, Reply, Unexpected, Vendor
from entrypoints.cli.demo.operator import Operator
from entrypoints.cli.demo.page import Page
from entrypoints.cli.demo.reports import PostedAbout
from entrypoints.cli.demo.shapes import Account, Accounts, Assets, Order, Quote
from entrypoints.cli.sandbox.files import SandboxFile

T = TypeVar("T")

PATIENCE: Final = timedelta(seconds=30)
ASK_EVERY: Final = timedelta(milliseconds=200)
BOOKS: Final = 2  # a trade is posted in the tenant's and in the house's


class Stage:
    def __init__(self, page: Page, sandbox: SandboxFile, session: aiohttp.ClientSession) -> None:
        self.page = page
        self.sandbox = sandbox
        self.partners = [Partner(session, sandbox.api_url, each) for each in sandbox.tenants]
        self.operator = Operator(sandbox.database_url)
        self.primary = self._vendor(session, "primary")
        self.backup = self._vendor(session, "backup")
        self.scales: dict[str, int] = {}

    async def learn_scales(self) -> None:
        listed = await self.partners[0].get("/v1/assets", Assets)
        self.scales = {each.code: each.scale for each in listed.data}

    def _vendor(self, session: aiohttp.ClientSession, role: str) -> Vendor:
        for listed in self.sandbox.liquidity_providers:
            if listed.role == role:
                return Vendor(session, listed)
        raise Unexpected(f"the sandbox has no {role} liquidity provider")

    def vendor(self, name: str) -> Vendor:
        (found,) = (each for each in (self.primary, self.backup) if each.name == name)
        return found

    def tenant_name(self, tenant_id: str) -> str:
        names = {partner.tenant.id: partner.name for partner in self.partners}
        return names.get(tenant_id, tenant_id)

    async def posted_about(self, order_id: str) -> PostedAbout:
        """In the tenant's books and, when the worker has followed, in the house's."""

        async def look() -> PostedAbout | None:
            found = await self.operator.ask("ledger", "show", order_id, shape=PostedAbout)
            return found if len(found.data) >= BOOKS else None

        return await until(look, "the house's mirror of the trade")


class Customer:
    def __init__(self, partner: Partner, customer_id: str, name: str) -> None:
        self.partner = partner
        self.id = customer_id
        self.name = name

    async def accounts(self) -> dict[str, Account]:
        """By asset."""
        path = f"/v1/accounts?customer_id={self.id}"
        return {each.asset: each for each in (await self.partner.get(path, Accounts)).data}

    async def quote(self, instrument: str, side: str, **amount: str) -> Quote:
        body = {"customer_id": self.id, "instrument": instrument, "side": side, **amount}
        return (await self.partner.post("/v1/quotes", body, Quote)).value

    async def accept(
        self, quote: Quote, *, key: str | None = None, expect: tuple[int, ...] = (201,)
    ) -> Reply[Order]:
        body = {"quote_id": quote.id}
        return await self.partner.post("/v1/orders", body, Order, key=key, expect=expect)


async def until(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """Asks until there is an answer. Raises `Unexpected` when patience ends."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            # What is waited for happens in other processes.
            while (found := await look()) is None:  # noqa: ASYNC110
                await asyncio.sleep(ASK_EVERY.total_seconds())
            return found
    except TimeoutError:
        raise Unexpected(f"{what} did not happen within {PATIENCE}") from None
