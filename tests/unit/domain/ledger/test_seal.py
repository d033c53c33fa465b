"""A block's hash binds every field of it; chains and anchors name what does not fit."""

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.ledger.merkle import EMPTY_ROOT
from domain.ledger.seal import (
    GENESIS,
    NO_HASH,
    NOTHING,
    QUIET_MAX,
    BlockHeader,
    Contents,
    Seal,
    SealInvalid,
    block_hash,
    end_of_quiet,
    header_fields,
    new_epoch,
    next_block,
)
from domain.ledger.seal_chain import (
    ANCHOR_ORDER,
    ANCHORED,
    CUT,
    HASH,
    KEY,
    LINK,
    RANGE,
    ROWS,
    Anchored,
    ChainWalk,
    Expected,
    rows_disagreement,
)
from domain.shared.ids import TenantId
from domain.tenants.operator import SecondOperatorRequired
from tests.unit.domain.ledger.seals import START, TENANT, TWO, chain, following, restarted, sealed

SECOND = timedelta(seconds=1)
OTHER_KEY = "fedcba9876543210"


def checks(seals: list[Seal]) -> list[tuple[str, int]]:
    walk = ChainWalk()
    return [(each.check, each.number) for seal in seals for each in walk.follow(seal)]


def written_down(seals: list[Seal]) -> list[Anchored]:
    return [
        Anchored(
            epoch=seal.header.epoch,
            number=seal.header.number,
            hash=seal.hash,
            begins_epoch=seal.header.reason is not None,
        )
        for seal in seals
    ]


def expected(lines: list[Anchored]) -> Expected:
    made = Expected()
    assert [made.follow(line) for line in lines] == [None] * len(lines)
    return made


CHANGES: dict[str, object] = {
    "tenant_id": TenantId(UUID("0192f3a1-0000-7000-8000-000000000002")),
    "epoch": 2,
    "number": 3,
    "format": 2,
    "booked_from": GENESIS + SECOND,
    "booked_to": START + timedelta(days=9),
    "transactions": 3,
    "entries": 5,
    "merkle_root": b"x" * 32,
    "previous_hash": b"x" * 32,
    "reason": "another",
    "declared_by": "another",
    "sealed_at": GENESIS,
}


@pytest.mark.parametrize("field", BlockHeader.__struct_fields__)
def test_every_field_of_a_header_is_in_its_hash(field: str) -> None:
    epoch = restarted(None).header
    block = chain(2)[1].header
    of = epoch if field in {"reason", "declared_by"} else block
    changed = replace(of, **{field: CHANGES[field]})
    assert header_fields(changed)[field] != header_fields(of)[field]
    assert block_hash(changed) != block_hash(of)
    assert set(header_fields(of)) == set(BlockHeader.__struct_fields__)


def test_first_block_begins_with_time_itself_and_names_nobody() -> None:
    (first,) = chain(1)
    assert (first.header.booked_from, first.header.reads_from) == (GENESIS, None)
    assert first.header.previous_hash == NO_HASH
    assert (first.header.epoch, first.header.number) == (1, 1)


def test_next_block_begins_where_the_one_before_ends() -> None:
    first, second = chain(2)
    assert second.header.booked_from == second.header.reads_from == first.header.booked_to
    assert second.header.previous_hash == first.hash


def test_new_epoch_is_above_all_that_anybody_knows_of() -> None:
    (first,) = chain(1)
    epoch = restarted(first, after=4)
    assert (epoch.header.epoch, epoch.header.number) == (5, 2)
    assert epoch.header.booked_from == epoch.header.booked_to == first.header.booked_to
    assert (epoch.header.transactions, epoch.header.merkle_root) == (0, EMPTY_ROOT)
    assert following(epoch).header.epoch == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"transactions": 0},
        {"transactions": 0, "entries": 0},
        {"declared_by": "nobody"},
        {"booked_to": GENESIS},
        {"number": 0},
        {"epoch": 0},
        {"merkle_root": b"short"},
        {"reason": "but it has rows"},
    ],
)
def test_block_without_a_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SealInvalid):
        replace(chain(1)[0].header, **changes)


@pytest.mark.parametrize("reason", ["", "x" * 501])
def test_epoch_needs_a_reason_of_some_length(reason: str) -> None:
    with pytest.raises(SealInvalid):
        replace(restarted(None).header, reason=reason)


@pytest.mark.parametrize("declared_by", [None, "", "x" * 501])
def test_epoch_needs_those_who_declared_it(declared_by: str | None) -> None:
    with pytest.raises(SealInvalid):
        replace(restarted(None).header, declared_by=declared_by)


def test_epoch_is_declared_by_two() -> None:
    assert restarted(None).header.declared_by == "Abena and Kofi"
    with pytest.raises(SecondOperatorRequired):
        new_epoch(TENANT, None, after=1, reason="x", by=(TWO[0], TWO[0]), at=START)


@pytest.mark.parametrize(
    ("quiet", "is_sealed"), [(QUIET_MAX - SECOND, False), (QUIET_MAX, True), (9 * QUIET_MAX, True)]
)
def test_quiet_is_sealed_when_it_is_long_enough(quiet: timedelta, is_sealed: bool) -> None:
    (head,) = chain(1)
    closed = head.header.booked_to + quiet
    assert end_of_quiet(head, closed) == (closed if is_sealed else None)
    assert end_of_quiet(None, closed) is None


def test_block_of_nothing_is_part_of_the_chain() -> None:
    (first,) = chain(1)
    end = first.header.booked_to + QUIET_MAX
    quiet = sealed(next_block(TENANT, first, NOTHING, booked_to=end, at=end))
    assert checks([first, quiet, following(quiet)]) == []
    found = rows_disagreement(quiet, Contents(1, 2, b"x" * 32))
    assert found is not None
    assert "sealed were 0 transactions" in found.detail


def test_whole_chain_agrees_with_itself() -> None:
    before = chain(3)
    epoch = restarted(before[-1])
    after = following(epoch, key=OTHER_KEY)
    assert checks([*before, epoch, after, following(after, key=OTHER_KEY)]) == []
    assert checks([restarted(None), following(restarted(None))]) == []


def test_changed_header_no_longer_has_its_hash() -> None:
    first, second, third = chain(3)
    changed = replace(second, header=replace(second.header, entries=9))
    assert checks([first, changed, third]) == [(HASH, 2)]


def test_changed_header_with_a_new_hash_breaks_the_next_link() -> None:
    first, second, third = chain(3)
    changed = sealed(replace(second.header, entries=9))
    assert checks([first, changed, third]) == [(LINK, 3)]


def test_missing_block_is_named() -> None:
    first, _, third = chain(3)
    assert (LINK, 2) in checks([first, third])
    assert checks([third]) == [(LINK, 1)]


def test_gap_and_overlap_of_booking_time_are_named() -> None:
    first, second = chain(2)
    for moved in (-SECOND, SECOND):
        start = second.header.booked_from + moved
        assert checks([first, sealed(replace(second.header, booked_from=start))]) == [(RANGE, 2)]


def test_first_block_leaves_nothing_before_it() -> None:
    (first,) = chain(1)
    assert checks([sealed(replace(first.header, booked_from=GENESIS + SECOND))]) == [(RANGE, 1)]


def test_epoch_changes_only_with_a_reason_and_upwards() -> None:
    first, second = chain(2)
    assert checks([first, sealed(replace(second.header, epoch=2))]) == [(LINK, 2)]
    epoch = restarted(first, after=3)
    assert checks([first, epoch, sealed(replace(restarted(epoch).header, epoch=4))]) == [(LINK, 3)]


def test_key_that_was_replaced_does_not_come_back() -> None:
    (first,) = chain(1)
    second = following(first, key=OTHER_KEY)
    assert checks([first, second, following(second)]) == [(KEY, 3)]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Contents(2, 4, b"x" * 32), "a column"),
        (Contents(1, 2, b"x" * 32), "sealed were 2 transactions with 4 entries"),
        (Contents(2, 5, b"x" * 32), "there are 2 with 5"),
    ],
)
def test_rows_that_are_not_the_sealed_ones_are_named(found: Contents, words: str) -> None:
    (first,) = chain(1)
    disagreement = rows_disagreement(first, found)
    assert disagreement is not None
    assert (disagreement.check, disagreement.number) == (ROWS, 1)
    assert words in disagreement.detail
    assert rows_disagreement(first, Contents(2, 4, first.header.merkle_root)) is None


def test_anchored_chain_is_expected_block_for_block() -> None:
    seals = chain(3)
    anchored = expected(written_down(seals))
    assert [anchored.disagreement(seal) for seal in seals] == [None] * 3
    assert anchored.missing_after(3) is None


def test_cut_end_is_named() -> None:
    cut = expected(written_down(chain(3))).missing_after(1)
    assert cut is not None
    assert (cut.check, cut.number) == (CUT, 2)


def test_rewritten_block_is_named_though_its_chain_is_whole() -> None:
    anchored = expected(written_down(chain(3)))
    rewritten = chain(3, root=b"q" * 32)
    assert checks(rewritten) == []
    found = anchored.disagreement(rewritten[1])
    assert found is not None
    assert (found.check, found.number) == (ANCHORED, 2)


def test_block_not_written_down_yet_is_no_disagreement() -> None:
    seals = chain(3)
    anchored = expected(written_down(seals[:2]))
    assert [anchored.disagreement(seal) for seal in seals] == [None] * 3


def test_new_epoch_takes_the_place_of_what_a_restore_undid() -> None:
    seals = chain(4)
    epoch = restarted(seals[1])
    anchored = expected(written_down([*seals, epoch, following(epoch)]))
    assert len(anchored) == 4
    begun = anchored.begun(epoch)
    assert begun is not None
    assert (begun.epoch, begun.declared_by, begun.undone) == (2, "Abena and Kofi", 2)
    assert anchored.begun(seals[0]) is None
    assert [anchored.disagreement(each) for each in (*seals[:2], epoch)] == [None] * 3
    assert anchored.disagreement(seals[2]) is not None


def test_second_restore_may_undo_the_first_epoch_too() -> None:
    seals = chain(3)
    first = restarted(seals[1])
    second = restarted(seals[0], after=2)
    anchored = expected(written_down([*seals, first, following(first), second]))
    assert (len(anchored), anchored.epoch) == (2, 3)


def test_lines_written_twice_change_nothing() -> None:
    seals = chain(3)
    assert len(expected(written_down([seals[0], *seals[:2], *seals[1:]]))) == 3


def test_lines_out_of_order_are_named() -> None:
    first, second, third = written_down(chain(3))
    anchored = expected([first])
    for wrong in (third, Anchored(epoch=2, number=2, hash=second.hash, begins_epoch=False)):
        found = anchored.follow(wrong)
        assert found is not None
        assert found.check == ANCHOR_ORDER
    late = Anchored(epoch=2, number=4, hash=third.hash, begins_epoch=True)
    assert anchored.follow(late) is not None
    assert anchored.follow(second) is None


def test_other_line_under_a_number_is_named_and_does_not_count() -> None:
    first, second, _ = written_down(chain(3))
    other = written_down(chain(3, root=b"q" * 32))[1]
    anchored = expected([first, second])
    found = anchored.follow(other)
    assert found is not None
    assert (found.check, anchored.hash_of(2)) == (ANCHOR_ORDER, second.hash)
