"""`aksum reconcile` in a sandbox: trades reconcile, and a trade past us is found and closed."""

import os
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.integration.sandbox_process import Sandbox, running_sandbox
from tests.integration.test_sandbox import BACK_SECONDS_MAX, trade, until, verified

AMOUNT: Final = "1000"


async def reconcile(sandbox: Sandbox, *words: str, key: str = "") -> tuple[int, Any]:
    os.environ["AKSUM_DATA_DIR"] = str(sandbox.data_dir)
    os.environ["AKSUM_OPERATOR_KEY"] = key
    code, output = await sandbox.aksum("reconcile", *words, "--json")
    try:
        return code, msgspec.json.decode(output)
    except msgspec.DecodeError:
        return code, output


@pytest.fixture
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKSUM_DATA_DIR", "")
    monkeypatch.setenv("AKSUM_OPERATOR_KEY", "")


@pytest.mark.slow
@pytest.mark.usefixtures("_own_environment")
async def test_trades_reconcile_and_a_balance_that_moved_takes_two_people(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path) as sandbox:
        for tenant in (0, 1):
            await trade(sandbox, tenant=tenant)
        await trade(sandbox, instrument="BTC-ZAR", side="sell", amount="0.05")
        await trade(sandbox, instrument="USDT-NGN", amount="100")
        await until(lambda: verified(sandbox), seconds=BACK_SECONDS_MAX)
        code, runs = await reconcile(sandbox, "run")
        assert code == 0, runs
        assert [each for each in runs["data"] if not each["clean"]] == []
        assert sum(each["new_lines"] for each in runs["data"]) == 8

        primary = next(lp for lp in sandbox.describe().liquidity_providers if lp.role == "primary")
        body = {"asset": "USDC", "amount": AMOUNT}
        async with sandbox.session.post(primary.control_url + "/balances", json=body) as response:
            assert response.status == 201
        code, runs = await reconcile(sandbox, "run", "--source", primary.name)
        assert code == 1
        assert [each["type"] for each in runs["data"][0]["breaks"]] == ["amount"]
        _, found = await reconcile(sandbox, "breaks")
        (broken,) = (each["id"] for each in found["data"])

        one, other = msgspec.json.decode((tmp_path / "sandbox.json").read_bytes())["operator_keys"]
        code, told = await reconcile(sandbox, "resolve", broken, "--adjust")
        assert (code, "AKSUM_OPERATOR_KEY" in told) == (2, True)
        reason = ("--write-off", "--reason", "withdrawn by hand")
        assert (await reconcile(sandbox, "resolve", broken, *reason, key=one))[0] == 0
        code, told = await reconcile(sandbox, "resolve", broken, "--approve", key=one)
        assert (code, "second_operator_required" in told) == (1, True)
        code, closed = await reconcile(sandbox, "resolve", broken, "--approve", key=other)
        assert (code, closed["resolution"]) == (0, "write_off")
        code, runs = await reconcile(sandbox, "run", "--source", primary.name)
        assert (code, runs["data"][0]["breaks"]) == (0, [])
        await until(lambda: verified(sandbox), seconds=BACK_SECONDS_MAX)
