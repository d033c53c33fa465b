"""A sandbox as a user has it: real processes, started by the command and spoken to over HTTP."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import aiohttp
import msgspec

ROOT: Final = Path(__file__).resolve().parents[2]
# A JSON object as it came; tests read single fields of it.
Document: TypeAlias = dict[str, Any]
START_SECONDS: Final = 60
STOP_SECONDS: Final = 20
POLL_SECONDS: Final = 0.1


class Tenant(msgspec.Struct):
    id: str
    name: str
    api_key: str
    customers: list[str]


class Lp(msgspec.Struct):
    name: str
    role: str
    url: str
    control_url: str


class Description(msgspec.Struct):
    """The parts of sandbox.json that tests use."""

    api_url: str
    database_url: str
    operator_keys: list[str]
    tenants: list[Tenant]
    liquidity_providers: list[Lp]
    pids: dict[str, Any]


class Answer(msgspec.Struct):
    status: int
    body: Any
    headers: Mapping[str, str]


class Sandbox:
    def __init__(self, data_dir: Path, session: aiohttp.ClientSession) -> None:
        self.data_dir = data_dir
        self.session = session

    def describe(self) -> Description:
        return msgspec.json.decode((self.data_dir / "sandbox.json").read_bytes(), type=Description)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        tenant: int = 0,
        patience: int = 30,
    ) -> Answer:
        described = self.describe()
        headers = {"Authorization": f"Bearer {described.tenants[tenant].api_key}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        async with self.session.request(
            method,
            described.api_url + path,
            json=body,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=patience),
        ) as response:
            return Answer(response.status, await response.json(), dict(response.headers))

    async def until_ready(self) -> None:
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    async with self.session.get(self.describe().api_url + "/readyz") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(POLL_SECONDS)

    async def quote(
        self,
        *,
        tenant: int = 0,
        side: str = "buy",
        amount: str = "0.01",
        instrument: str = "BTC-USDT",
    ) -> Document:
        customer = self.describe().tenants[tenant].customers[0]
        body = {
            "customer_id": customer,
            "instrument": instrument,
            "side": side,
            "base_amount": amount,
        }
        answer = await self.call(
            "POST", "/v1/quotes", body, key=os.urandom(12).hex(), tenant=tenant
        )
        assert answer.status == 201, answer
        made: Document = answer.body
        return made

    async def arm(self, role: str, fault: str, **parameters: int) -> None:
        lp = next(lp for lp in self.describe().liquidity_providers if lp.role == role)
        async with self.session.post(
            lp.control_url + "/faults", json={"fault": fault, **parameters}
        ) as response:
            assert response.status < 300, await response.text()

    async def executions(self, role: str | None = None) -> list[Document]:
        found: list[Document] = []
        for lp in self.describe().liquidity_providers:
            if role in (None, lp.role):
                async with self.session.get(lp.control_url + "/executions") as response:
                    found += (await response.json())["data"]
        return found

    async def aksum(self, *arguments: str) -> tuple[int, str]:
        """An operator's command against the sandbox's database."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "entrypoints.cli",
            *arguments,
            cwd=ROOT,
            env=os.environ | {"AKSUM_DATABASE_URL": self.describe().database_url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running_sandbox(
    data_dir: Path,
    *,
    environment: Mapping[str, str] | None = None,
    start_seconds: int = START_SECONDS,
) -> AsyncIterator[Sandbox]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "entrypoints.cli",
        "sandbox",
        "up",
        "--port",
        str(free_port()),
        "--data-dir",
        str(data_dir),
        "--no-rate-limits",
        cwd=ROOT,
        env=os.environ | dict(environment or {}),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with aiohttp.ClientSession() as session:
        try:
            async with asyncio.timeout(start_seconds):
                line = await process.stdout.readline()
            assert line.startswith(b"ready http://"), line
            yield Sandbox(data_dir, session)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
