"""Whatever a superuser does to what is sealed, with every trigger off, is named.

Each case has a tenant of its own, whose books are damaged for good.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from adapters.system.file_signer import FileSigner, make_key
from adapters.system.seal_anchor import FileSealAnchor
from application.ledger.seal_walk import LEAVES, SIGNATURE
from domain.ledger.canonical import FORMAT, FORMATS
from domain.ledger.entry import JournalTransaction, MirrorOf
from domain.ledger.seal_chain import ANCHORED, CUT, HASH, LINK, RANGE, ROWS
from domain.shared.ids import TransactionId
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.contract.transfers import Payer, move, paying
from tests.fixtures.postgres_servers import Database, Server
from tests.integration.direct import COLUMNS_OF, connected, names
from tests.integration.sealing import BLOCK, Sealing, name, open_sealing

# By the type of a column: another value, also where there is none.
OTHER = {
    "text": "{0} || '!'",
    "date": "{0} - 1",
    "timestamptz": "{0} + interval '1 microsecond'",
    "number": "{0} + 1",
    "xid8": "'3'::xid8",
}
TYPES = {
    "template": "text",
    "reference": "text",
    "asset": "text",
    "effective_on": "date",
    "booked_at": "timestamptz",
    "sealed_at": "timestamptz",
    "booked_from": "timestamptz",
    "booked_to": "timestamptz",
    "created_xid": "xid8",
    "leg": "number",
    "units": "number",
    "account_seq": "number",
    "balance_after": "number",
}
COLUMNS = FORMATS[FORMAT]
# The checks that at least name it.
BLOCK_CHANGES = {
    "tenant_id": ("the other tenant", {LINK}),
    "block_no": ("block_no + 100", {HASH, LINK}),
    "epoch": ("epoch + 1", {HASH, LINK}),
    "format": ("format + 1", {HASH, "seal_format_is_known"}),
    "booked_from": ("booked_from - interval '1 microsecond'", {HASH, RANGE}),
    "booked_to": ("booked_to + interval '1 microsecond'", {HASH}),
    "transactions": ("transactions + 1, leaves = leaves || substr(leaves, 1, 48)", {HASH, ROWS}),
    "entries": ("entries + 1", {HASH, ROWS}),
    "merkle_root": ("sha256(merkle_root)", {HASH, ROWS}),
    "previous_hash": ("sha256(previous_hash)", {HASH, LINK}),
    "sealed_at": ("sealed_at - interval '1 microsecond'", {HASH}),
    "hash": ("sha256(hash)", {HASH, SIGNATURE, ANCHORED}),
    "signature": ("sha512(signature)", {SIGNATURE}),
    "key_id": ("reverse(key_id)", {SIGNATURE}),
    "leaves": ("substr(leaves, 49) || substr(leaves, 1, 48)", {LEAVES}),
}


# One loop, so that the connections are opened once.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def seals_database(postgres_server: Server) -> Iterator[Database]:
    made = postgres_server.create_database()
    yield made
    postgres_server.drop_database(made.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sealing(
    seals_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Sealing]:
    async with open_sealing(seals_database, tmp_path_factory.mktemp("seals")) as opened:
        yield opened


async def three_moved(sealing: Sealing) -> tuple[Payer, list[JournalTransaction]]:
    """The second says that it mirrors something, so that none of its columns is NULL but one."""
    world = sealing.world
    payer = await paying(world)
    moved = [world.moving(payer.usdt, payer.other, 5) for _ in range(3)]
    mirror = MirrorOf(HOUSE_TENANT_ID, TransactionId(world.id()))
    moved[1] = replace(moved[1], mirror_of=mirror)
    for each in moved:
        await move(world, payer, each)
    await sealing.seal(payer.tenant_id)
    assert (await sealing.verified(payer.tenant_id)).findings == ()
    return payer, moved


def other(column: str) -> str:
    if column in TYPES:
        return OTHER[TYPES[column]].format(column)
    return (
        f"(left(coalesce({column}, tenant_id)::text, 35) || "
        f"CASE right({column}::text, 1) WHEN '0' THEN '1' ELSE '0' END)::uuid"
    )


@pytest.mark.parametrize("column", COLUMNS.header)
async def test_changed_column_of_a_header_is_named(sealing: Sealing, column: str) -> None:
    payer, moved = await three_moved(sealing)
    await sealing.tamper(
        f"UPDATE ledger_transactions SET {column} = {other(column)} "
        "WHERE tenant_id = $1 AND id = $2",
        payer.tenant_id,
        moved[1].id,
    )
    (found,) = (await sealing.verified(payer.tenant_id)).findings
    assert found.check == ROWS
    assert found.tenant_id == payer.tenant_id
    gone = column in {"id", "tenant_id"}
    assert found.subject.endswith(f"{name(moved[1])} {'is gone' if gone else 'was changed'}")


@pytest.mark.parametrize("column", COLUMNS.entry)
async def test_changed_column_of_an_entry_is_named(sealing: Sealing, column: str) -> None:
    payer, moved = await three_moved(sealing)
    await sealing.tamper(
        f"UPDATE ledger_entries SET {column} = {other(column)} "
        "WHERE tenant_id = $1 AND transaction_id = $2 AND leg = 1",
        payer.tenant_id,
        moved[1].id,
    )
    (found,) = (await sealing.verified(payer.tenant_id)).findings
    assert (found.check, found.tenant_id) == (ROWS, payer.tenant_id)
    assert found.subject.endswith(f"{name(moved[1])} was changed")


async def test_deleted_transaction_is_named(sealing: Sealing) -> None:
    payer, moved = await three_moved(sealing)
    async with sealing.tampering() as connection:
        for table, column in (("ledger_entries", "transaction_id"), ("ledger_transactions", "id")):
            await connection.execute(
                f"DELETE FROM {table} WHERE tenant_id = $1 AND {column} = $2",
                payer.tenant_id,
                moved[0].id,
            )
    (found,) = (await sealing.verified(payer.tenant_id)).findings
    assert found.subject.endswith(f"{name(moved[0])} is gone")


async def test_deleted_entry_is_named(sealing: Sealing) -> None:
    payer, moved = await three_moved(sealing)
    await sealing.tamper(
        "DELETE FROM ledger_entries WHERE tenant_id = $1 AND transaction_id = $2 AND leg = 0",
        payer.tenant_id,
        moved[0].id,
    )
    (found,) = (await sealing.verified(payer.tenant_id)).findings
    assert found.subject.endswith(f"{name(moved[0])} was changed")


async def test_entries_added_to_a_sealed_transaction_are_named(sealing: Sealing) -> None:
    payer, moved = await three_moved(sealing)
    async with sealing.tampering() as connection:
        await connection.execute(
            "INSERT INTO ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units, "
            "account_seq, balance_after, booked_at) SELECT tenant_id, transaction_id, leg + 2, "
            "account_id, asset, -units, account_seq, balance_after, booked_at "
            "FROM ledger_entries WHERE tenant_id = $1 AND transaction_id = $2",
            payer.tenant_id,
            moved[0].id,
        )
    (found,) = (await sealing.verified(payer.tenant_id)).findings
    assert found.subject.endswith(f"{name(moved[0])} was changed")


@pytest.mark.parametrize("shift", ["1 microsecond", "-1 microsecond", "-60 years", "-3000 years"])
async def test_transaction_inserted_in_the_past_is_named(sealing: Sealing, shift: str) -> None:
    payer, moved = await three_moved(sealing)
    added = TransactionId(sealing.world.id())
    async with sealing.tampering() as connection:
        await connection.execute(
            "INSERT INTO ledger_transactions (tenant_id, id, template, reference, effective_on, "
            "booked_at) SELECT tenant_id, $3, template, reference, effective_on, "
            f"booked_at + interval '{shift}' FROM ledger_transactions "
            "WHERE tenant_id = $1 AND id = $2",
            payer.tenant_id,
            moved[0].id,
            added,
        )
        await connection.execute(
            "INSERT INTO ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units, "
            "booked_at) SELECT tenant_id, $3, leg, account_id, asset, units, booked_at "
            "FROM ledger_entries WHERE tenant_id = $1 AND transaction_id = $2",
            payer.tenant_id,
            moved[0].id,
            added,
        )
    (found,) = (await sealing.verified(payer.tenant_id)).findings
    assert found.check == ROWS
    assert found.subject.endswith(f"{name(replace(moved[0], id=added))} was added")


async def test_old_damage_is_named_by_the_full_verification_alone(sealing: Sealing) -> None:
    payer, moved = await sealing.sealed(3 * BLOCK)
    await sealing.tamper(
        "UPDATE ledger_transactions SET reference = 'x' WHERE tenant_id = $1 AND id = $2",
        payer.tenant_id,
        moved[0].id,
    )
    newest = await sealing.verify_seals.execute(tenants=(payer.tenant_id,), newest=1)
    assert newest.findings == ()
    assert 0 < newest.transactions_read < newest.transactions
    assert await sealing.checks(payer.tenant_id) == {ROWS}


@pytest.mark.parametrize("blocks", [1, 2])
async def test_cut_end_of_the_chain_and_its_rows_is_named(sealing: Sealing, blocks: int) -> None:
    payer, _ = await sealing.sealed(3 * BLOCK)
    before = (await sealing.verified(payer.tenant_id)).blocks
    await sealing.cut_after(payer.tenant_id, before - blocks)
    (found,) = (await sealing.verified(payer.tenant_id, full=False)).findings
    assert (found.check, found.subject) == (CUT, f"block {before - blocks + 1}")


async def test_whole_chain_gone_is_named(sealing: Sealing) -> None:
    payer, _ = await sealing.sealed(1)
    await sealing.tamper("DELETE FROM ledger_seals WHERE tenant_id = $1", payer.tenant_id)
    assert await sealing.checks(payer.tenant_id) == {CUT}


@pytest.mark.parametrize("column", BLOCK_CHANGES)
async def test_changed_column_of_a_seal_is_named(sealing: Sealing, column: str) -> None:
    payer, _ = await sealing.sealed(2 * BLOCK)
    value, expected = BLOCK_CHANGES[column]
    if column == "tenant_id":
        value = f"'{await sealing.world.tenant()}'"
    await sealing.tamper(
        f"UPDATE ledger_seals SET {column} = {value} WHERE tenant_id = $1 AND block_no = 2",
        payer.tenant_id,
    )
    assert expected <= await sealing.checks(payer.tenant_id)


async def test_changed_reason_of_an_epoch_is_named(sealing: Sealing) -> None:
    payer, _ = await sealing.sealed(1)
    epoch = await sealing.begin_epoch.execute(payer.tenant_id, reason="restored to noon")
    assert await sealing.checks(payer.tenant_id) == set()
    await sealing.tamper(
        "UPDATE ledger_seals SET reason = 'none' WHERE tenant_id = $1 AND block_no = $2",
        payer.tenant_id,
        epoch.header.number,
    )
    assert HASH in await sealing.checks(payer.tenant_id)


async def test_every_column_of_a_seal_was_changed(seals_database: Database) -> None:
    async with connected(seals_database.admin_url) as admin:
        columns = set(await names(admin, COLUMNS_OF, "aksum.ledger_seals"))
    assert columns == BLOCK_CHANGES.keys() | {"reason"}


async def rewritten(sealing: Sealing, payer: Payer, signer: FileSigner, elsewhere: Path) -> None:
    """A row changed, and the whole chain made anew over it, with an anchor of its own."""
    await sealing.tamper("DELETE FROM ledger_seals WHERE tenant_id = $1", payer.tenant_id)
    await sealing.tamper(
        "UPDATE ledger_entries SET units = units * 2 WHERE tenant_id = $1", payer.tenant_id
    )
    forger = sealing.sealer(FileSealAnchor(elsewhere), signer=signer)
    await sealing.close()
    assert (await forger.execute((payer.tenant_id,))).blocks > 0


async def test_chain_made_anew_with_another_key_is_named(sealing: Sealing, tmp_path: Path) -> None:
    payer, _ = await sealing.sealed(1)
    theirs = tmp_path / "theirs"
    make_key(theirs / "key.pem", theirs / "trusted")
    signer = FileSigner(theirs / "key.pem", theirs / "trusted")
    await rewritten(sealing, payer, signer, theirs / "anchor")
    assert {SIGNATURE, ANCHORED} <= await sealing.checks(payer.tenant_id)


async def test_chain_made_anew_with_our_own_key_is_named_by_the_anchor(
    sealing: Sealing, tmp_path: Path
) -> None:
    payer, _ = await sealing.sealed(1)
    await rewritten(sealing, payer, sealing.signer, tmp_path / "theirs")
    assert await sealing.checks(payer.tenant_id) == {ANCHORED}


async def test_leaves_changed_with_the_rows_hide_only_which_row_it_was(sealing: Sealing) -> None:
    payer, _ = await three_moved(sealing)
    await sealing.tamper(
        "UPDATE ledger_entries SET units = units * 2 WHERE tenant_id = $1", payer.tenant_id
    )
    await sealing.tamper(
        "UPDATE ledger_seals SET leaves = substr(leaves, 49) || substr(leaves, 1, 48) "
        "WHERE tenant_id = $1",
        payer.tenant_id,
    )
    findings = (await sealing.verified(payer.tenant_id)).findings
    assert {finding.check for finding in findings} == {ROWS}
    assert "not known any more" in findings[0].subject
