"""Sealing, proving and verifying as an operator does it, and a proof as its reader checks it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from adapters.system.file_signer import make_key
from domain.shared.ids import IdPrefix, encode_id
from tests.architecture.sources import ROOT
from tests.contract.conftest import make_postgres_ports
from tests.contract.transfers import moving
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database, Server, in_thread
from tests.integration.direct import connected

SECONDS_MAX: Final = 60
READER: Final = ROOT / "docs" / "examples" / "verify_proof.py"
READER_LINES_MAX: Final = 40


class Operator:
    """With keys and anchor in a folder of its own."""

    def __init__(self, database: Database, root: Path) -> None:
        self.root = root
        self.tenant, self.transactions = in_thread(lambda: three_transfers(database))
        self._environment = {
            **os.environ,
            "AKSUM_DATABASE_URL": with_user(database.admin_url, Role.OPS),
            "AKSUM_DATA_DIR": str(root),
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return call(sys.executable, "-m", "entrypoints.cli", *arguments, env=self._environment)

    def ask(self, *arguments: str) -> dict[str, Any]:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr + done.stdout
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def public_key(self) -> Path:
        (found,) = (self.root / "seal-keys").iterdir()
        return found


def call(*command: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )


async def three_transfers(database: Database) -> tuple[str, list[str]]:
    async with make_postgres_ports(database) as ports:
        world = World(ports)
        await world.prepare()
        payer, moved = await moving(world, 3)
        tenant = encode_id(IdPrefix.TENANT, payer.tenant_id)
        return tenant, [encode_id(IdPrefix.TRANSACTION, each.id) for each in moved]


@pytest.fixture(scope="module")
def seals_database(postgres_18: Server) -> Iterator[Database]:
    made = postgres_18.create_database()
    yield made
    postgres_18.drop_database(made.name)


@pytest.fixture(scope="module")
def operator(seals_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """Has sealed what there is, with a key made for it."""
    made = Operator(seals_database, tmp_path_factory.mktemp("operator"))
    without = made.run("ledger", "seal")
    assert without.returncode == 1
    assert "--new-key" in without.stderr
    assert "Traceback" not in without.stderr
    answer = made.ask("ledger", "seal", "--new-key")
    assert (answer["blocks"], answer["transactions"], answer["refused"]) == (1, 7, [])
    assert len(answer["new_key"]) == 16
    return made


@pytest.fixture(scope="module")
def proof(operator: Operator) -> dict[str, Any]:
    path = operator.root / "proof.json"
    done = operator.run("ledger", "prove", operator.transactions[1], "--output", str(path))
    assert done.returncode == 0, done.stderr
    written: dict[str, Any] = json.loads(path.read_text())
    assert written == operator.ask("ledger", "prove", operator.transactions[1])
    return written


def read(operator: Operator, proof: dict[str, Any], tmp_path: Path) -> int:
    """What the reader says of it, as its exit code; it sees no database and none of our code."""
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof))
    done = call(sys.executable, "-I", str(READER), str(path), str(operator.public_key()), env={})
    assert (done.returncode == 0) == ("is sealed in block" in done.stdout), done.stderr
    return done.returncode


def test_reader_is_short_and_needs_only_hashes_and_a_key() -> None:
    text = READER.read_text()
    assert text.count("\n") <= READER_LINES_MAX
    imports = {line.split()[1] for line in text.splitlines() if line.startswith(("import", "from"))}
    assert {each.split(".")[0] for each in imports} == {
        "json",
        "sys",
        "hashlib",
        "pathlib",
        "cryptography",
    }


def test_true_proof_is_accepted_offline(
    operator: Operator, proof: dict[str, Any], tmp_path: Path
) -> None:
    assert read(operator, proof, tmp_path) == 0


@pytest.mark.parametrize("number", [0, 2])
def test_proof_of_every_transaction_is_accepted(
    operator: Operator, tmp_path: Path, number: int
) -> None:
    found = operator.ask("ledger", "prove", operator.transactions[number])
    assert read(operator, found, tmp_path) == 0


def bent(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, int):
        return value + 1
    text = str(value)
    return ("1" if text[0] == "0" else "0") + text[1:]


def places(document: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every single value in it."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield from places(value, (*path, name))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from places(value, (*path, index))
    else:
        yield path


def test_proof_with_any_value_changed_is_refused(
    operator: Operator, proof: dict[str, Any], tmp_path: Path
) -> None:
    tried = 0
    for path in places(proof):
        changed = json.loads(json.dumps(proof))
        inside = changed
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = bent(inside[path[-1]])
        assert read(operator, changed, tmp_path) != 0, path
        tried += 1
    assert tried > 40


def test_proof_that_says_more_is_refused(
    operator: Operator, proof: dict[str, Any], tmp_path: Path
) -> None:
    transaction = proof["transaction"]
    for more in (
        {**proof, "leaf": "00"},
        {**proof, "transaction": {**transaction, "note": "x"}},
        {**proof, "block": {**proof["block"], "note": "x"}},
        {**proof, "transaction": {**transaction, "header": {**transaction["header"], "note": "x"}}},
    ):
        assert read(operator, more, tmp_path) != 0


@pytest.mark.parametrize("name", ["template", "number", "signature", "account_owner"])
def test_proof_that_says_something_twice_is_refused(
    operator: Operator, proof: dict[str, Any], tmp_path: Path, name: str
) -> None:
    """Whoever shows the file might show the first, and the reader take the last."""
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof).replace(f'"{name}":', f'"{name}": "x", "{name}":', 1))
    done = call(sys.executable, "-I", str(READER), str(path), str(operator.public_key()), env={})
    assert done.returncode != 0
    assert "a name twice" in done.stderr


def test_proof_under_another_key_is_refused(
    operator: Operator, proof: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof))
    identity = make_key(tmp_path / "key.pem", tmp_path / "keys")
    other = tmp_path / "keys" / f"{identity}.pub.pem"
    done = call(sys.executable, "-I", str(READER), str(path), str(other), env={})
    assert done.returncode != 0
    assert "InvalidSignature" in done.stderr


def test_transaction_of_nobody_has_no_proof(operator: Operator) -> None:
    nobody = encode_id(IdPrefix.TRANSACTION, UUID(int=7))
    done = operator.run("ledger", "prove", nobody)
    assert done.returncode == 1
    assert "not_found" in done.stderr


def test_verification_says_what_was_compared(operator: Operator) -> None:
    result = operator.ask("ledger", "verify", "--full")
    assert result["passed"]
    assert result["seals"] == {
        "blocks": 1,
        "transactions": 7,
        "transactions_read": 7,
        "signatures": "checked",
        "anchor": "checked",
        "epochs": [],
    }


def test_verification_without_keys_and_anchor_says_so(
    operator: Operator, seals_database: Database, tmp_path: Path
) -> None:
    elsewhere = {
        **os.environ,
        "AKSUM_DATABASE_URL": with_user(seals_database.admin_url, Role.OPS),
        "AKSUM_DATA_DIR": str(tmp_path),
    }
    command = (sys.executable, "-m", "entrypoints.cli", "ledger", "verify")
    plain = call(*command, env=elsewhere)
    assert plain.returncode == 0, plain.stdout
    assert plain.stdout.count("UNCHECKED") == 2
    full = call(*command, "--full", env=elsewhere)
    assert full.returncode == 1
    assert "trusted_keys_are_given" in full.stdout
    assert "seal_anchor_is_given" in full.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--new-epoch",), "--reason"),
        (("--reason", "x"), "--new-epoch"),
        (("--new-epoch", "--reason", "x"), "--tenant"),
        (("--new-epoch", "--house", "--reason", "x"), "two operators"),
        (("--house", "--tenant", "ten_00000000000000000000000000"), "different books"),
        (("--new-epoch", "--house", "--reason", ""), "1 to 500"),
    ],
)
def test_half_an_order_for_a_new_epoch_is_wrong_usage(
    operator: Operator, words: tuple[str, ...], said: str
) -> None:
    done = operator.run("ledger", "seal", *words)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("command", [("ledger", "balances"), ("ledger", "seal")])
def test_tenant_and_house_at_once_is_wrong_usage(
    operator: Operator, command: tuple[str, ...]
) -> None:
    done = operator.run(*command, "--tenant", operator.tenant, "--house")
    assert done.returncode == 2
    assert "different books" in done.stderr


def test_books_of_nobody_are_not_sealed(operator: Operator) -> None:
    nobody = encode_id(IdPrefix.TENANT, UUID(int=7))
    done = operator.run("ledger", "seal", "--tenant", nobody)
    assert done.returncode == 1
    assert "not_found" in done.stderr


def test_cut_chain_is_named_refused_and_continued_in_a_new_epoch(
    operator: Operator, seals_database: Database
) -> None:
    async def cut() -> None:
        async with connected(seals_database.admin_url) as admin, admin.transaction():
            await admin.execute("ALTER TABLE aksum.ledger_seals DISABLE TRIGGER append_only")
            await admin.execute("DELETE FROM aksum.ledger_seals")
            await admin.execute("ALTER TABLE aksum.ledger_seals ENABLE ALWAYS TRIGGER append_only")

    asyncio.run(cut())
    verified = operator.run("ledger", "verify", "--json")
    assert verified.returncode == 1
    findings = json.loads(verified.stdout)["findings"]
    assert [(each["check"], each["tenant"]) for each in findings] == [
        ("sealed_blocks_are_there", operator.tenant)
    ]
    refused = operator.run("ledger", "seal", "--tenant", operator.tenant)
    assert refused.returncode == 1
    assert "seal_chain_disagrees" in refused.stdout
    epoch = ("ledger", "seal", "--new-epoch", "--tenant", operator.tenant, "--reason", "a restore")
    keys = [
        operator.ask("api-key", "create", "--operator", "--label", name)["key"]
        for name in ("Abena", "Kofi")
    ]
    for alone, said in (
        ((), "two operators"),
        (("--operator-key", keys[0]), "two operators"),
        (("--operator-key", keys[0], "--second-operator-key", keys[0]), "second_operator_required"),
    ):
        refused = operator.run(*epoch, *alone)
        assert refused.returncode != 0
        assert said in refused.stderr
    begun = operator.ask(*epoch, "--operator-key", keys[0], "--second-operator-key", keys[1])
    assert (begun["new_epoch"], begun["blocks"]) == (2, 1)
    after = operator.ask("ledger", "verify", "--full")
    assert after["passed"]
    (shown,) = after["seals"]["epochs"]
    assert (shown["reason"], shown["declared_by"], shown["blocks_undone"]) == (
        "a restore",
        "Abena and Kofi",
        1,
    )
    assert (
        "anchored blocks that are not in the database: 1" in operator.run("ledger", "verify").stdout
    )
