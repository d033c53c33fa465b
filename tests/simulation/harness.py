"""A client for the simulator that shares no code with it: its own signature, its own time."""

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal
from typing import Self
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from entrypoints.simulator.clock import ManualClock
from entrypoints.simulator.server import RunningSimulator
from entrypoints.simulator.vendor import Credentials

CREDENTIALS = Credentials("partner-key-1", "partner-secret-1")
START_MS = 1_760_000_000_000
CONVERT = "/sapi/v1/convert"
PATIENCE = aiohttp.ClientTimeout(total=10)


class Reply(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> dict[str, object]:
        return msgspec.json.decode(self.body, type=dict[str, object])

    @property
    def rows(self) -> list[dict[str, object]]:
        return msgspec.json.decode(self.body, type=list[dict[str, object]])

    @property
    def data(self) -> list[dict[str, object]]:
        return msgspec.convert(self.json["data"], type=list[dict[str, object]])

    @property
    def code(self) -> object:
        return self.json["code"]

    def text(self, field: str) -> str:
        return msgspec.convert(self.json[field], type=str)


class VendorClient:
    def __init__(self, running: RunningSimulator, clock: ManualClock) -> None:
        self.running = running
        self.clock = clock
        self.session = aiohttp.ClientSession(timeout=PATIENCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    def sign(self, payload: str) -> str:
        secret = CREDENTIALS.api_secret.encode()
        return hmac.new(secret, payload.encode(), hashlib.sha256).hexdigest()

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        patience_ms: int = 10_000,
    ) -> Reply:
        """Exactly these bytes; the key header and the form content type unless overridden."""
        sent = {"X-MBX-APIKEY": CREDENTIALS.api_key} | dict(headers or {})
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        url = URL(f"{self.running.url}{path}{'?' if query else ''}{query}", encoded=True)
        timeout = aiohttp.ClientTimeout(total=patience_ms / 1_000)
        async with self.session.request(
            method, url, data=body, headers=sent, timeout=timeout
        ) as response:
            return Reply(response.status, await response.read(), response.headers)

    async def call(
        self,
        method: str,
        name: str,
        params: Mapping[str, str],
        *,
        scenario: str = "",
        patience_ms: int = 10_000,
    ) -> Reply:
        """A well signed Convert call: the form body for POST, the query string for GET."""
        fields = {**params, "timestamp": str(self.clock.now_ms())}
        payload = urlencode(fields)
        signed = f"{payload}&signature={self.sign(payload)}"
        posts = method == "POST"
        return await self.raw(
            method,
            f"{CONVERT}/{name}",
            query="" if posts else signed,
            body=signed if posts else None,
            headers={"X-Aksum-Scenario": scenario} if scenario else None,
            patience_ms=patience_ms,
        )

    async def quote(self, scenario: str = "", **changes: str) -> Reply:
        """Sells 0.1 BTC for USDT unless told otherwise; an empty value leaves a field out."""
        params = {"fromAsset": "BTC", "toAsset": "USDT", "fromAmount": "0.1"} | changes
        sent = {name: value for name, value in params.items() if value}
        return await self.call("POST", "getQuote", sent, scenario=scenario)

    async def quote_id(self, scenario: str = "", **changes: str) -> str:
        return (await self.quote(scenario, **changes)).text("quoteId")

    async def accept(self, quote_id: str, scenario: str = "", patience_ms: int = 10_000) -> Reply:
        return await self.call(
            "POST",
            "acceptQuote",
            {"quoteId": quote_id},
            scenario=scenario,
            patience_ms=patience_ms,
        )

    async def status(self, quote_id: str) -> Reply:
        return await self.call("GET", "orderStatus", {"quoteId": quote_id})

    async def flow(self, **changes: str) -> Reply:
        now_ms = self.clock.now_ms()
        window = {"startTime": str(now_ms - 60_000), "endTime": str(now_ms + 60_000)}
        return await self.call("GET", "tradeFlow", window | changes)

    async def control(self, method: str, path: str, body: object = None) -> Reply:
        data = None if body is None else msgspec.json.encode(body)
        url = f"{self.running.control_url}/{path}"
        async with self.session.request(method, url, data=data) as response:
            return Reply(response.status, await response.read(), response.headers)

    async def arm(self, fault: str, **params: int) -> None:
        reply = await self.control("POST", "faults", {"fault": fault, **params})
        assert reply.status == 201, reply.body

    async def executions(self) -> list[dict[str, object]]:
        return (await self.control("GET", "executions")).data

    async def balance(self, asset: str) -> Decimal:
        rows = (await self.control("GET", "balances")).data
        held = {str(row["asset"]): Decimal(str(row["available"])) for row in rows}
        return held[asset]
