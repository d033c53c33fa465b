"""What operators do with `aksum`, each command a process of its own, over one migrated database."""

import msgspec
import pytest

from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from tests.fixtures.postgres_servers import Database
from tests.integration.operator_process import Operator


@pytest.fixture(scope="module")
def operator(module_database_18: Database) -> Operator:
    """As in a sandbox: the operators' login is all there is."""
    return Operator(with_user(module_database_18.admin_url, Role.OPS))


def test_migrating_again_changes_nothing(module_database_18: Database) -> None:
    assert Operator(module_database_18.admin_url).ask("migrate") == Operator(
        module_database_18.admin_url
    ).ask("migrate")


def test_tenant_is_made_suspended_and_resumed(operator: Operator) -> None:
    made = operator.ask("tenant", "create", "--name", "Adulis Pay", "--fee-ppm", "1000")
    assert (made["status"], made["fee_ppm"]) == ("active", 1000)
    assert operator.ask("tenant", "suspend", made["id"])["status"] == "suspended"
    assert operator.ask("tenant", "resume", made["id"])["status"] == "active"
    listed = operator.ask("tenant", "list")["data"]
    assert made["id"] in [each["id"] for each in listed]
    assert "pricing_invalid" in operator.refused(
        "tenant", "create", "--name", "x", "--fee-ppm", "999999"
    )


def test_key_is_shown_once_rotated_and_revoked(operator: Operator) -> None:
    tenant = operator.ask("tenant", "create", "--name", "Zanj Bank")["id"]
    key = operator.ask("api-key", "create", "--tenant", tenant, "--label", "backend")
    assert key["key"].startswith("ak_test_")
    assert key["scopes"] == ["keys", "money", "read", "trade"]
    second = operator.ask("api-key", "rotate", key["id"], "--tenant", tenant)
    assert second["key"] != key["key"]
    revoked = operator.ask("api-key", "revoke", key["id"], "--tenant", tenant)
    assert revoked["status"] == "revoked"
    listed = operator.run("api-key", "list", "--tenant", tenant)
    assert key["lookup"] in listed.stdout
    assert key["key"] not in listed.stdout
    operators = operator.ask("api-key", "create", "--operator", "--label", "a person")
    assert operators["scopes"] == ["operator"]
    assert "--tenant" in operator.refused("api-key", "list")


def test_assets_and_instruments_are_listed(operator: Operator) -> None:
    for code, scale in (("SOL", "9"), ("USDT", "8")):
        operator.ask("asset", "add", code, "--name", code, "--kind", "crypto", "--scale", scale)
    limits = ("--min-base", "0.01", "--max-base", "100", "--min-quote", "1", "--max-quote", "10000")
    operator.ask("instrument", "add", "SOL-USDT", "--tick", "0.01", "--lot", "0.001", *limits)
    (listed,) = operator.ask("instrument", "list")["data"]
    assert (listed["symbol"], listed["lot"]) == ("SOL-USDT", "0.001000000")
    assert "scale" in operator.refused(
        "asset", "add", "SOL", "--name", "SOL", "--kind", "crypto", "--scale", "8"
    )


def test_empty_books_verify(operator: Operator) -> None:
    verified = operator.ask("ledger", "verify")
    assert verified["passed"]
    assert operator.ask("ledger", "trial-balance")["data"] == []


def test_what_does_not_exist_is_refused(operator: Operator) -> None:
    order = "ord_01m82eacxcejdbrs1n8gbfm59d"
    assert "not_found" in operator.refused("order", "show", order)
    assert "not_found" in operator.refused("order", "resolve", order)
    assert "not_found" in operator.refused("lp", "halt", "nobody", "--reason", "a test")
    assert operator.ask("order", "list", "--status", "pending")["data"] == []


def test_doctor_finds_a_sound_database_sound_and_says_what_is_amiss(
    database_18: Database,
) -> None:
    """One that nobody has used yet: without a worker, what is used is soon amiss."""
    checks = Operator(with_user(database_18.admin_url, Role.OPS)).ask("doctor")
    assert checks["ok"], checks
    nowhere = Operator("postgresql://aksum_ops@127.0.0.1:1/aksum").run("doctor", "--json")
    assert nowhere.returncode == 1
    assert not msgspec.json.decode(nowhere.stdout)["ok"]
