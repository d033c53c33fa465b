"""Those who trade: made through the API, funded as the sandbox funds."""

import os
from collections.abc import Sequence

import msgspec

from entrypoints.cli.bench.http import Connection, finish, post
from entrypoints.cli.bench.trade.load import CREATED, Customer
from entrypoints.cli.sandbox.files import SampleTenant

FUNDS = (("BTC", "1000"), ("USDT", "100000000"))


class SetUpFailed(RuntimeError):
    """With what the API answered."""


class Setup:
    def __init__(self, connection: Connection, *, host: str) -> None:
        self._connection = connection
        self._host = host

    async def customers(self, tenants: Sequence[SampleTenant], *, count: int) -> list[Customer]:
        """In turn of one tenant and another."""
        made = []
        for number in range(count):
            api_key = tenants[number % len(tenants)].api_key
            body = {"external_id": f"bench-{os.urandom(8).hex()}"}
            id_ = msgspec.json.decode(await self._post("/v1/customers", api_key, body), type=Id).id
            for asset, amount in FUNDS:
                body = {"customer_id": id_, "asset": asset, "amount": amount}
                await self._post("/v1/sandbox/deposits", api_key, body)
            made.append(Customer(api_key=api_key, id=id_))
        return made

    async def _post(self, path: str, api_key: str, body: object) -> bytes:
        start = post(path, host=self._host, api_key=api_key)
        key = os.urandom(12).hex().encode()
        request = finish(start, key=key, body=msgspec.json.encode(body))
        status, answer = await self._connection.send(request)
        if status != CREATED:
            raise SetUpFailed(f"{path}: {status} {answer.decode(errors='replace')}")
        return answer


class Id(msgspec.Struct):
    id: str
