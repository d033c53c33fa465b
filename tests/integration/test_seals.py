"""Sealing on a real server: nothing committed is missed, and chains continue whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from adapters.memory.clock import ManualClock
from adapters.system.file_signer import make_key
from adapters.system.seal_anchor import FileSealAnchor
from application.ledger.anchoring import SealChainDisagrees
from application.ledger.seal_walk import NOT_ANCHORED
from application.ledger.sealing_lag import LAG_MAX, SealingLag
from domain.ledger.canonical import FORMAT, FORMATS
from domain.ledger.commands import Post
from domain.ledger.seal import Seal
from domain.ledger.seal_chain import CUT
from tests.contract.transfers import move, moving
from tests.fixtures.postgres_servers import Database, Server
from tests.integration.direct import COLUMNS_OF, connected, names
from tests.integration.sealing import BLOCK, Sealing, open_sealing

REASON = "restored to the state of this noon"


@pytest.fixture(scope="module")
def seals_database(postgres_server: Server) -> Iterator[Database]:
    made = postgres_server.create_database()
    yield made
    postgres_server.drop_database(made.name)


@pytest.fixture
async def sealing(seals_database: Database, tmp_path: Path) -> AsyncIterator[Sealing]:
    async with open_sealing(seals_database, tmp_path) as opened:
        yield opened


async def test_every_column_of_the_journal_is_sealed(seals_database: Database) -> None:
    """A column that comes later needs a format that has it."""
    columns = FORMATS[FORMAT]
    async with connected(seals_database.admin_url) as admin:
        for table, sealed in (
            ("ledger_transactions", columns.header),
            ("ledger_entries", columns.entry),
        ):
            assert set(await names(admin, COLUMNS_OF, f"aksum.{table}")) == set(sealed)


async def test_everything_booked_is_sealed_once_and_verifies(sealing: Sealing) -> None:
    payer, moved = await sealing.sealed(2 * BLOCK)
    result = await sealing.verified(payer.tenant_id)
    assert result.findings == ()
    assert result.transactions == result.transactions_read == len(moved) + 4  # and the deposits
    assert (result.signatures, result.anchor) == (True, True)
    assert result.blocks >= 3
    assert await sealing.seal(payer.tenant_id) == ()


async def test_blocks_are_not_larger_than_they_may_be(sealing: Sealing) -> None:
    payer, _ = await moving(sealing.world, 3 * BLOCK)
    seals = await sealing.seal(payer.tenant_id)
    assert {seal.header.transactions for seal in seals} <= set(range(1, BLOCK + 1))
    assert [seal.header.number for seal in seals] == list(range(1, len(seals) + 1))


async def test_nothing_booked_makes_no_block_and_leaves_no_gap(sealing: Sealing) -> None:
    payer, _ = await sealing.sealed(1)
    await sealing.close()
    assert await sealing.seal(payer.tenant_id) == ()
    await move(sealing.world, payer, sealing.world.moving(payer.usdt, payer.other, 1))
    (later,) = await sealing.seal(payer.tenant_id)
    assert later.header.transactions == 1
    assert await sealing.checks(payer.tenant_id) == set()


async def test_transaction_that_was_open_while_others_were_sealed_is_not_missed(
    sealing: Sealing,
) -> None:
    """It books first and commits last: by number it would be below what was sealed already."""
    world = sealing.world
    payer, _ = await sealing.sealed(1)
    slow = world.moving(payer.usdt, payer.other, 1)
    quick, _ = await moving(world, 1)
    async with world.ports.uow.begin(payer.tenant_id) as tx:
        await world.accept(tx, (Post(slow, world.now),))
        for _ in range(5):
            await move(world, quick, world.moving(quick.usdt, quick.other, 1))
            report = await sealing.seal_ledger.execute((payer.tenant_id, quick.tenant_id))
            assert report.refused == ()
        await tx.commit()
    await sealing.seal(payer.tenant_id)
    await sealing.seal(quick.tenant_id)
    proof = await sealing.prove.execute(payer.tenant_id, slow.id)
    assert proof.transaction.header["id"] == str(slow.id)
    for tenant_id in (payer.tenant_id, quick.tenant_id):
        result = await sealing.verified(tenant_id)
        assert (result.findings, result.transactions) == ((), result.transactions_read)
    assert (await sealing.verified(quick.tenant_id)).transactions == 10


async def test_books_that_nobody_seals_are_behind_after_some_minutes(sealing: Sealing) -> None:
    world = sealing.world
    payer, _ = await moving(world, 1)
    clock = ManualClock(world.now)
    lag = SealingLag(uow=world.ports.uow, clock=clock)
    assert payer.tenant_id not in await lag.execute()
    clock.advance(LAG_MAX + timedelta(seconds=1))
    assert payer.tenant_id in await lag.execute()
    await sealing.seal(payer.tenant_id)
    assert payer.tenant_id not in await lag.execute()


async def test_sealers_at_once_make_one_chain(sealing: Sealing) -> None:
    payer, _ = await moving(sealing.world, 4 * BLOCK)
    await sealing.close()
    closed_until = await sealing.world.ports.ledger_clock.closed_until()
    assert closed_until is not None
    for _ in range(3):
        await asyncio.gather(
            *(
                sealing.sealer(sealing.anchor).seal(payer.tenant_id, closed_until=closed_until)
                for _ in range(3)
            )
        )
    result = await sealing.verified(payer.tenant_id)
    assert (result.findings, result.transactions) == ((), 4 * BLOCK + 4)


async def test_seals_are_the_workers_alone_to_make(sealing: Sealing) -> None:
    payer, _ = await sealing.sealed(1)
    for url in (sealing.database.api_url, sealing.database.ops_url):
        async with connected(url) as connection:
            assert not await connection.fetchval(
                "SELECT has_table_privilege('aksum.ledger_seals', 'INSERT')"
            )
            assert not await connection.fetchval(
                "SELECT has_table_privilege('aksum.ledger_seals', 'UPDATE, DELETE, TRUNCATE')"
            )
    assert await sealing.checks(payer.tenant_id) == set()


class Crashing(FileSealAnchor):
    """Dies before it writes."""

    @override
    async def append(self, seals: Sequence[Seal]) -> None:
        if seals:
            raise RuntimeError("the power is off")


async def test_block_sealed_before_a_crash_is_written_down_after_it(
    sealing: Sealing, tmp_path: Path
) -> None:
    payer, _ = await sealing.sealed(1)
    await move(sealing.world, payer, sealing.world.moving(payer.usdt, payer.other, 1))
    await sealing.close()
    report = await sealing.sealer(Crashing(tmp_path / "anchor")).execute((payer.tenant_id,))
    assert [each.code for each in report.refused] == ["failed"]
    before = await sealing.verified(payer.tenant_id)
    assert before.findings == (), "a moment's delay is nobody's fault"
    assert before.blocks == len(await sealing.anchor.lines(payer.tenant_id)) + 1
    assert await sealing.seal(payer.tenant_id) == ()
    lines = await sealing.anchor.lines(payer.tenant_id)
    result = await sealing.verified(payer.tenant_id)
    assert (len(lines), result.findings) == (result.blocks, ())


async def test_block_that_is_never_written_down_is_named(sealing: Sealing, tmp_path: Path) -> None:
    payer, _ = await sealing.sealed(1)
    (tmp_path / "anchor").rename(tmp_path / "away")
    (tmp_path / "anchor").mkdir()
    async with sealing.tampering() as connection:
        await connection.execute(
            "UPDATE ledger_seals SET sealed_at = sealed_at - interval '1 hour' "
            "WHERE tenant_id = $1",
            payer.tenant_id,
        )
    assert NOT_ANCHORED in await sealing.checks(payer.tenant_id)


async def test_key_that_replaces_another_continues_the_chain(sealing: Sealing) -> None:
    payer, _ = await sealing.sealed(1)
    second = make_key(sealing.key, sealing.trusted)
    await move(sealing.world, payer, sealing.world.moving(payer.usdt, payer.other, 1))
    (later,) = await sealing.seal(payer.tenant_id)
    assert later.key_id == second
    assert await sealing.checks(payer.tenant_id) == set()


async def test_restore_to_an_earlier_moment_needs_a_new_epoch(sealing: Sealing) -> None:
    payer, _ = await sealing.sealed(2 * BLOCK)
    await sealing.cut_after(payer.tenant_id, 2)
    (cut,) = (await sealing.verified(payer.tenant_id)).findings
    assert (cut.check, cut.subject) == (CUT, "block 3")
    report = await sealing.seal_ledger.execute((payer.tenant_id,))
    assert [each.code for each in report.refused] == [SealChainDisagrees.code]

    epoch = await sealing.begin_epoch.execute(payer.tenant_id, reason=REASON)

    assert (epoch.header.epoch, epoch.header.number, epoch.header.reason) == (2, 3, REASON)
    stranger, _ = await moving(sealing.world, 1)
    await sealing.seal(stranger.tenant_id)
    assert (await sealing.seal_ledger.execute((payer.tenant_id,))).refused == ()
    result = await sealing.verified(payer.tenant_id)
    assert (result.findings, result.blocks) == ((), 3)


async def test_lost_anchor_is_not_made_anew_silently(sealing: Sealing, tmp_path: Path) -> None:
    sealing.block = 1
    sealing.seal_ledger = sealing.sealer(sealing.anchor)
    payer, _ = await sealing.sealed(101)
    (tmp_path / "anchor").rename(tmp_path / "away")
    report = await sealing.seal_ledger.execute((payer.tenant_id,))
    assert [each.code for each in report.refused] == [SealChainDisagrees.code]
    await sealing.begin_epoch.execute(payer.tenant_id, reason="the anchor's disk was lost")
    assert await sealing.checks(payer.tenant_id) == set()


async def test_changed_chain_is_not_continued_by_a_new_epoch(sealing: Sealing) -> None:
    payer, _ = await sealing.sealed(BLOCK)
    await sealing.tamper(
        "UPDATE ledger_seals SET hash = sha256(hash) WHERE tenant_id = $1", payer.tenant_id
    )
    with pytest.raises(SealChainDisagrees):
        await sealing.begin_epoch.execute(payer.tenant_id, reason=REASON)
