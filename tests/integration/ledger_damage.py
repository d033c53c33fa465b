"""Damage to the journal, to balances, holds, orders and mirrors, and what is said of it.

`:names` stand for rows of `audited_history.Rows`. `above` is what a default run names when the rows
are newer than what it remembers, `full` what a full one names when they are older, where that
differs, and `below` what a default run still sees of it then.
"""

from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple


class Damage(NamedTuple):
    statement: str
    above: AbstractSet[str]
    full: AbstractSet[str] | None = None
    below: AbstractSet[str] = frozenset()


DAMAGE: Final = {
    "a balance that is wrong": Damage(
        "UPDATE ledger_balances SET credits = credits + 1 WHERE account_id = :payer",
        above={"balance_equals_entries"},
        below={"balance_equals_entries"},
    ),
    "a count of entries that is wrong": Damage(
        "UPDATE ledger_balances SET version = version + 1 WHERE account_id = :payer",
        above={"balance_equals_entries"},
        below={"balance_equals_entries"},
    ),
    "a balance that is gone": Damage(
        "DELETE FROM ledger_balances WHERE account_id = :payer",
        above={"balance_equals_entries", "held_equals_holds", "running_balance_continues"},
        below={"balance_equals_entries", "held_equals_holds"},
    ),
    "a balance with another floor": Damage(
        "UPDATE ledger_balances SET floor_units = -10 WHERE account_id = :payer",
        above={"balance_has_its_accounts_terms"},
        below={"balance_has_its_accounts_terms"},
    ),
    "an entry that is gone": Damage(
        "DELETE FROM ledger_entries WHERE account_id = :payer AND account_seq = 2",
        above={
            "order_hold_is_what_was_captured",
            "asset_sums_to_zero",
            "balance_equals_entries",
            "day_equals_entries",
            "entries_numbered_without_gap",
            "running_balance_continues",
            "transaction_balances",
        },
    ),
    "the last entry that is gone": Damage(
        (
            "DELETE FROM ledger_entries WHERE account_id = :payer AND account_seq = (SELECT "
            "max(account_seq) FROM ledger_entries WHERE account_id = :payer)"
        ),
        above={
            "balance_is_as_late_as_its_entries",
            "asset_sums_to_zero",
            "balance_equals_entries",
            "day_equals_entries",
            "transaction_balances",
        },
    ),
    "all entries of a transaction gone": Damage(
        "DELETE FROM ledger_entries WHERE transaction_id = :mirrored",
        above={
            "balance_equals_entries",
            "checkpoint_equals_entries",
            "clearing_pair_nets_to_zero",
            "day_equals_entries",
            "entries_numbered_without_gap",
            "header_has_entries",
            "last_checkpoint_reaches_the_fold",
            "mirror_nets_its_original",
            "order_hold_is_what_was_captured",
            "running_balance_continues",
        },
    ),
    "a header that is gone": Damage(
        "DELETE FROM ledger_transactions WHERE id = :mirrored",
        above={
            "day_equals_entries",
            "entry_has_header",
            "fill_has_postings",
            "mirror_has_its_original",
        },
    ),
    "a gap in the numbers": Damage(
        (
            "UPDATE ledger_entries SET account_seq = account_seq + 1 WHERE account_id = :payer "
            "AND account_seq = (SELECT max(account_seq) FROM ledger_entries WHERE account_id = "
            ":payer)"
        ),
        above={"entries_numbered_without_gap"},
    ),
    "a last entry without a number": Damage(
        (
            "UPDATE ledger_entries SET account_seq = NULL, balance_after = NULL WHERE "
            "account_id = :payer AND account_seq = (SELECT max(account_seq) FROM "
            "ledger_entries WHERE account_id = :payer)"
        ),
        above={"entries_numbered_without_gap"},
    ),
    "a number on an account without a floor": Damage(
        (
            "UPDATE ledger_entries SET account_seq = 1, balance_after = units WHERE "
            "transaction_id = :mirrored AND account_seq IS NULL"
        ),
        above={"running_balance_continues"},
    ),
    "a running balance that is wrong": Damage(
        (
            "UPDATE ledger_entries SET balance_after = balance_after + 1 WHERE account_id = "
            ":payer AND account_seq = 2"
        ),
        above={"running_balance_continues"},
    ),
    "an entry booked before the one it follows": Damage(
        (
            "UPDATE ledger_entries SET booked_at = booked_at - interval '1 day' WHERE "
            "account_id = :payer AND account_seq = (SELECT max(account_seq) FROM "
            "ledger_entries WHERE account_id = :payer)"
        ),
        above={
            "balance_is_as_late_as_its_entries",
            "asset_sums_to_zero",
            "balance_equals_entries",
            "entry_booked_with_header",
        },
        full={
            "balance_is_as_late_as_its_entries",
            "entries_booked_in_order",
            "entry_booked_with_header",
        },
    ),
    "a transaction that does not balance": Damage(
        "UPDATE ledger_entries SET units = units + 1 WHERE account_id = :payer AND account_seq = 2",
        above={
            "order_hold_is_what_was_captured",
            "asset_sums_to_zero",
            "balance_equals_entries",
            "day_equals_entries",
            "running_balance_continues",
            "transaction_balances",
        },
    ),
    "entries in another asset than their accounts": Damage(
        (
            "UPDATE ledger_entries SET asset = 'BTC' WHERE transaction_id = :mirrored AND "
            "asset = 'USDT'"
        ),
        above={"entry_fits_its_account", "mirror_nets_its_original"},
    ),
    "entries of no account at all": Damage(
        (
            "WITH headed AS (INSERT INTO ledger_transactions (tenant_id, id, template, "
            "reference, effective_on, booked_at) SELECT tenant_id, uuid7_floor(now()), "
            "'transfer', 'x', effective_on, booked_at FROM ledger_transactions WHERE id = "
            ":mirrored RETURNING *) INSERT INTO ledger_entries (tenant_id, transaction_id, "
            "leg, account_id, asset, units, booked_at) SELECT tenant_id, id, leg, "
            "gen_random_uuid(), 'USDT', leg * 2 - 1, booked_at FROM headed, generate_series(0, "
            "1) leg"
        ),
        above={"entry_fits_its_account"},
    ),
    "a hold that the balance does not know of": Damage(
        (
            "INSERT INTO ledger_holds (tenant_id, id, account_id, units, remaining, state, "
            "reference, created_at, updated_at) SELECT :tenant, gen_random_uuid(), :payer, 5, "
            "5, 'active', 'x', now(), now()"
        ),
        above={"held_equals_holds"},
        below={"held_equals_holds"},
    ),
    "units held for nothing": Damage(
        "UPDATE ledger_balances SET held = held + 1 WHERE account_id = :payer",
        above={"held_equals_holds"},
        below={"held_equals_holds"},
    ),
    "the hold of a final order": Damage(
        (
            "UPDATE ledger_holds SET state = 'active', remaining = captured, captured = 0 "
            "WHERE id = :filled"
        ),
        above={
            "held_equals_holds",
            "hold_belongs_to_open_order",
            "order_hold_is_what_was_captured",
        },
        below={"held_equals_holds", "hold_belongs_to_open_order"},
    ),
    "a pending order without its hold": Damage(
        (
            "UPDATE ledger_holds SET state = 'released', released = remaining, remaining = 0 "
            "WHERE id = :pending"
        ),
        above={"held_equals_holds", "pending_order_has_hold_and_intent"},
        below={"held_equals_holds", "pending_order_has_hold_and_intent"},
    ),
    "a pending order that nobody will settle": Damage(
        "DELETE FROM intents WHERE subject = :pending",
        above={"pending_order_has_hold_and_intent"},
        below={"pending_order_has_hold_and_intent"},
    ),
    "an account below its floor": Damage(
        "UPDATE ledger_accounts SET floor_units = 1000000000000000000 WHERE id = :payer",
        above={
            "balance_has_its_accounts_terms",
            "not_below_floor",
            "terms_have_a_recorded_change",
        },
        below={
            "balance_has_its_accounts_terms",
            "not_below_floor",
            "terms_have_a_recorded_change",
        },
    ),
    "a mirror that will never be made": Damage(
        "DELETE FROM intents WHERE subject = :moving",
        above={"clearing_is_mirrored_once", "clearing_pair_nets_to_zero"},
        below={"clearing_pair_nets_to_zero"},
    ),
    "a mirror that is gone": Damage(
        (
            "WITH gone AS (DELETE FROM ledger_transactions WHERE mirror_of = :mirrored "
            "RETURNING id) DELETE FROM ledger_entries e USING gone WHERE e.transaction_id = "
            "gone.id"
        ),
        above={
            "checkpoint_equals_entries",
            "clearing_is_mirrored_once",
            "clearing_pair_nets_to_zero",
            "day_equals_entries",
            "last_checkpoint_reaches_the_fold",
        },
    ),
    "a mirror made twice": Damage(
        (
            "WITH copied AS (INSERT INTO ledger_transactions (tenant_id, id, template, "
            "reference, effective_on, mirror_tenant_id, mirror_of, booked_at) SELECT "
            "tenant_id, uuid7_floor(now()), template, reference, effective_on, "
            "mirror_tenant_id, mirror_of, booked_at FROM ledger_transactions WHERE mirror_of = "
            ":mirrored RETURNING id) INSERT INTO ledger_entries (tenant_id, transaction_id, "
            "leg, account_id, asset, units, booked_at) SELECT e.tenant_id, copied.id, leg, "
            "account_id, asset, units, e.booked_at FROM copied, ledger_transactions m JOIN "
            "ledger_entries e ON e.transaction_id = m.id WHERE m.mirror_of = :mirrored"
        ),
        above={
            "checkpoint_equals_entries",
            "clearing_is_mirrored_once",
            "clearing_pair_nets_to_zero",
            "day_equals_entries",
            "last_checkpoint_reaches_the_fold",
        },
    ),
    "a mirror of another amount": Damage(
        (
            "UPDATE ledger_entries e SET units = units * 2 FROM ledger_transactions m WHERE "
            "m.mirror_of = :mirrored AND e.transaction_id = m.id"
        ),
        above={
            "checkpoint_equals_entries",
            "clearing_pair_nets_to_zero",
            "day_equals_entries",
            "last_checkpoint_reaches_the_fold",
            "mirror_nets_its_original",
        },
    ),
    "a mirror of nothing": Damage(
        "UPDATE ledger_transactions SET mirror_of = gen_random_uuid() WHERE mirror_of = :mirrored",
        above={"clearing_is_mirrored_once", "mirror_has_its_original", "mirror_nets_its_original"},
    ),
    "a fill without postings": Damage(
        "UPDATE fills SET transaction_id = gen_random_uuid() WHERE order_id = :filled",
        above={"fill_has_postings", "order_hold_is_what_was_captured"},
    ),
    "a filled order without its fill": Damage(
        "DELETE FROM fills WHERE order_id = :filled",
        above={"filled_order_has_one_fill", "order_hold_is_what_was_captured"},
    ),
    "a fill of an order that is still open": Damage(
        (
            "INSERT INTO fills SELECT tenant_id, :pending, gen_random_uuid(), price, "
            "base_units, quote_units, fee_units, fee_asset, source, source_ref, "
            "transaction_id, executed_at, recorded_at FROM fills WHERE order_id = :filled"
        ),
        above={"filled_order_has_one_fill", "order_hold_is_what_was_captured"},
    ),
}
