"""Mixed load: partners who trade, pay, repeat themselves, are refused and told, and an operator."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import aiohttp

from tests.integration.sandbox_process import Tenant
from tests.soak.crash.requests import Asked, Told, ask, ask_again
from tests.soak.crash.stage import Stage

TELLERS: Final = 4
TENANTS: Final = 2
FIRST_OPERATOR: Final = -1
SECOND_OPERATOR: Final = -2
PAUSE_SECONDS: Final = 0.15
OPERATOR_PAUSE_SECONDS: Final = 3
BATCH_MAX: Final = 8
HTTP_OK: Final = 300
# Of orders: the share that their LP makes difficult, and how.
FAULTY_SHARE: Final = 0.35
FAULTS: Final = (
    "execute_502_after_commit",
    "execute_200_truncated_json",
    "execute_async_pending:lookups=2",
    "execute_async_pending:lookups=4",
    "unknown_enum",
    "last_look_reject",
    "duplicate_execute",
)
ACCEPTED_SHARE: Final = 0.7
TOO_MUCH: Final = "999999999999"
REPEATED_OF_LAST: Final = 50

Act = Callable[["Teller"], Awaitable[None]]


class Load:
    """Runs until told to stop; between requests it may be held, for a look at the books."""

    def __init__(self, stage: Stage, *, seed: str) -> None:
        self.sandbox = stage.sandbox
        self.notebook = stage.notebook
        self.receiver = stage.receiver
        self._seed = seed
        self._going = asyncio.Event()
        self._going.set()
        self._busy = 0
        self._idle = asyncio.Event()

    async def run(self) -> None:
        for caller in range(TENANTS):
            body = {"url": self.receiver.url(f"/fine/{caller}"), "event_types": ["*"]}
            await self.turn(self._register(caller, body))
        async with asyncio.TaskGroup() as group:
            for number in range(TELLERS):
                teller = Teller(self, number, random.Random(f"{self._seed}-{number}"))
                group.create_task(teller.run())
            group.create_task(Operator(self, random.Random(f"{self._seed}-op")).run())

    async def _register(self, caller: int, body: Mapping[str, Any]) -> None:
        key = f"soak-{self._seed}-fine-{caller}"
        path = "/v1/webhook-endpoints"
        await ask(self.sandbox, self.notebook, Asked(key=key, caller=caller, path=path, body=body))

    async def turn(self, work: Awaitable[None]) -> None:
        self._busy += 1
        self._idle.clear()
        try:
            await work
        finally:
            self._busy -= 1
            if self._busy == 0:
                self._idle.set()

    async def may_go(self) -> None:
        await self._going.wait()

    async def hold(self) -> None:
        """Returns when every request that was begun is answered."""
        self._going.clear()
        await self._idle.wait()

    def resume(self) -> None:
        self._going.set()


class Teller:
    """One client of one partner: a request after the other."""

    def __init__(self, load: Load, number: int, chosen: random.Random) -> None:
        self._load = load
        self._chosen = chosen
        self._caller = number % TENANTS
        self._number = number
        self._count = 0

    async def run(self) -> None:
        acts = list(ACTS)
        weights = list(ACTS.values())
        while True:
            await self._load.may_go()
            (act,) = self._chosen.choices(acts, weights)
            await self._load.turn(act(self))
            await asyncio.sleep(PAUSE_SECONDS * 2 * self._chosen.random())

    async def trade(self) -> None:
        amount = f"{self._chosen.randint(1, 40) / 1000:.3f}"
        quote = {
            "customer_id": self._customer(),
            "instrument": self._chosen.choice(("BTC-USDT", "ETH-USDT")),
            "side": self._chosen.choice(("buy", "sell")),
            "base_amount": amount,
        }
        told, body = await self._ask("/v1/quotes", quote)
        if told.id is None or self._chosen.random() > ACCEPTED_SHARE:
            return
        faulty = self._chosen.random() < FAULTY_SHARE
        scenario = self._chosen.choice(FAULTS) if faulty else None
        await self._ask("/v1/orders", {"quote_id": body["id"]}, scenario=scenario)

    async def refused_quote(self) -> None:
        await self._ask(
            "/v1/quotes",
            {
                "customer_id": self._customer(),
                "instrument": "BTC-USDT",
                "side": "buy",
                "base_amount": "0.00000001",
            },
        )

    async def transfer(self) -> None:
        await self._ask("/v1/transfers", self._payment())

    async def refused_transfer(self) -> None:
        await self._ask("/v1/transfers", self._payment() | {"amount": TOO_MUCH, "asset": "USDT"})

    async def batch(self) -> None:
        items = [
            self._payment() | {"idempotency_key": self._key()}
            for _ in range(self._chosen.randint(2, BATCH_MAX))
        ]
        atomic = self._chosen.random() < 1 / 2
        await self._ask("/v1/transfers/batch", {"transfers": items, "atomic": atomic})

    async def deposit(self) -> None:
        body = {"customer_id": self._customer(), "asset": "USDT", "amount": "10"}
        await self._ask("/v1/sandbox/deposits", body)

    async def customer(self) -> None:
        await self._ask("/v1/customers", {"external_id": self._key()})

    async def repeat(self) -> None:
        known = self._load.notebook.answered[-REPEATED_OF_LAST:]
        if known:
            asked = self._chosen.choice(known)
            await ask_again(self._load.sandbox, self._load.notebook, asked)

    async def redeliver(self) -> None:
        arrived = self._load.receiver.of(f"/fine/{self._caller}")[-REPEATED_OF_LAST:]
        if arrived:
            event = self._chosen.choice(arrived)
            await self._ask(f"/v1/events/{event.id}/redeliver", {})

    async def _ask(
        self, path: str, body: Mapping[str, Any], *, scenario: str | None = None
    ) -> tuple[Told, Any]:
        asked = Asked(key=self._key(), caller=self._caller, path=path, body=body, scenario=scenario)
        return await ask(self._load.sandbox, self._load.notebook, asked)

    def _payment(self) -> dict[str, Any]:
        customers = self._load.sandbox.describe().tenants[self._caller].customers
        payer, payee = self._chosen.sample(customers, 2)
        return {
            "from_customer_id": payer,
            "to_customer_id": payee,
            "asset": self._chosen.choice(("USDT", "NGN", "BTC")),
            "amount": str(self._chosen.randint(1, 9)),
        }

    def _customer(self) -> str:
        return self._chosen.choice(self._load.sandbox.describe().tenants[self._caller].customers)

    def _key(self) -> str:
        self._count += 1
        return f"soak-{self._chosen.getrandbits(48):012x}-{self._number}-{self._count}"


ACTS: Final[Mapping[Act, float]] = {
    Teller.trade: 5,
    Teller.transfer: 4,
    Teller.batch: 1.5,
    Teller.deposit: 1,
    Teller.repeat: 2,
    Teller.refused_quote: 0.3,
    Teller.refused_transfer: 0.7,
    Teller.customer: 0.5,
    Teller.redeliver: 0.7,
}


class Operator:
    """Reconciles, proposes and withdraws a write-off of what is left over, and changes terms."""

    def __init__(self, load: Load, chosen: random.Random) -> None:
        self._load = load
        self._chosen = chosen
        self._count = 0
        self._source = ""

    async def run(self) -> None:
        await self._leave_a_difference()
        while True:
            await self._load.may_go()
            await self._load.turn(self._reconcile())
            await self._load.turn(self._change_terms())
            await asyncio.sleep(OPERATOR_PAUSE_SECONDS)

    async def _leave_a_difference(self) -> None:
        """One coin more than our books have, so that there is a break to talk about."""
        lp = self._load.sandbox.describe().liquidity_providers[0]
        self._source = lp.name
        url = f"{lp.control_url}/balances"
        async with self._load.sandbox.session.post(
            url, json={"asset": "USDC", "amount": "500000001"}
        ) as response:
            assert response.status < HTTP_OK, await response.text()

    async def _reconcile(self) -> None:
        await self._ask("/admin/v1/reconciliation/runs", {"source": self._source})
        for found in await self._open_breaks():
            path = f"/admin/v1/reconciliation/breaks/{found['id']}/resolutions"
            proposed = found["state"] == "proposed"
            body = (
                {"action": "withdraw_write_off"}
                if proposed
                else {"action": "propose_write_off", "reason": "a coin too many"}
            )
            await self._ask(path, body)

    async def _change_terms(self) -> None:
        """A credit line that one operator proposes and the other approves."""
        tenant = self._chosen.choice(self._load.sandbox.describe().tenants)
        account = await self._account(tenant)
        if account is None:
            return
        path, of_tenant = "/admin/v1/change-requests", {"tenant_id": tenant.id}
        line = str(self._chosen.randint(1, 10**6))
        body = {"account_id": account, "kind": "credit_line", "reason": "s", "credit_line": line}
        told = await self._ask(path, {**of_tenant, **body})
        if told.id is not None:
            await self._ask(f"{path}/{told.id}/approve", of_tenant, caller=SECOND_OPERATOR)

    async def _account(self, tenant: Tenant) -> str | None:
        customer = self._chosen.choice(tenant.customers)
        with suppress(aiohttp.ClientError, TimeoutError, KeyError):
            async with self._load.sandbox.session.get(
                self._load.sandbox.describe().api_url + "/v1/accounts",
                params={"customer_id": customer},
                headers={"Authorization": f"Bearer {tenant.api_key}"},
            ) as response:
                accounts = (await response.json())["data"]
            return str(self._chosen.choice(accounts)["id"]) if accounts else None
        return None

    async def _open_breaks(self) -> list[dict[str, Any]]:
        described = self._load.sandbox.describe()
        headers = {"Authorization": f"Bearer {described.operator_keys[0]}"}
        with suppress(aiohttp.ClientError, TimeoutError, KeyError):
            async with self._load.sandbox.session.get(
                described.api_url + "/admin/v1/reconciliation/breaks",
                params={"source": self._source},
                headers=headers,
            ) as response:
                page = await response.json()
            wanted = {"open", "proposed"}
            return [
                each for each in page["data"] if each["asset"] == "USDC" and each["state"] in wanted
            ]
        return []

    async def _ask(
        self, path: str, body: Mapping[str, Any], *, caller: int = FIRST_OPERATOR
    ) -> Told:
        self._count += 1
        key = f"soak-{self._chosen.getrandbits(48):012x}-op-{self._count}"
        asked = Asked(key=key, caller=caller, path=path, body=body)
        told, _ = await ask(self._load.sandbox, self._load.notebook, asked)
        return told
