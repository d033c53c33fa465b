"""Damage to times and dates, folds, answers and reversals, and what is said of it.

`:names` stand for rows of `audited_history.Rows`. `above` is what a default run names when the rows
are newer than what it remembers, `full` what a full one names when they are older, where that
differs, and `below` what a default run still sees of it then.
"""

from typing import Final

from tests.integration.ledger_damage import Damage

DERIVED_DAMAGE: Final = {
    "an entry booked at another time than its header": Damage(
        (
            "UPDATE ledger_entries SET booked_at = booked_at - interval '1 us' WHERE "
            "transaction_id = :mirrored AND account_seq IS NULL"
        ),
        above={"entry_booked_with_header"},
    ),
    "an entry written by another transaction than its header": Damage(
        "UPDATE ledger_entries SET created_xid = '3' WHERE transaction_id = :mirrored AND leg = 0",
        above={"entry_booked_with_header"},
    ),
    "a header booked at another time than its entries": Damage(
        (
            "UPDATE ledger_transactions SET booked_at = booked_at - interval '1 us' WHERE id = "
            ":mirrored"
        ),
        above={"entry_booked_with_header"},
    ),
    "a transaction booked into the past": Damage(
        (
            "WITH header AS (UPDATE ledger_transactions SET booked_at = booked_at - interval "
            "'1 year' WHERE id = :mirrored) UPDATE ledger_entries SET booked_at = booked_at - "
            "interval '1 year' WHERE transaction_id = :mirrored"
        ),
        above={
            "balance_equals_entries",
            "checkpoint_equals_entries",
            "clearing_pair_nets_to_zero",
            "day_equals_entries",
            "entries_numbered_without_gap",
            "last_checkpoint_reaches_the_fold",
            "running_balance_continues",
        },
        full={"entries_booked_in_order"},
    ),
    "a balance that forgot its last booking": Damage(
        (
            "UPDATE ledger_balances SET last_booked_at = last_booked_at - interval '1 day' "
            "WHERE account_id = :payer"
        ),
        above={"balance_is_as_late_as_its_entries"},
    ),
    "a transaction dated into a closed period": Damage(
        (
            "WITH closed AS (INSERT INTO ledger_periods VALUES (:tenant, '2001-02-01', 'ops', "
            "now() - interval '1 day')) UPDATE ledger_transactions SET effective_on = "
            "'2001-01-01' WHERE id = :mirrored"
        ),
        above={"day_equals_entries", "nothing_is_dated_into_a_closed_period"},
    ),
    "a transaction with another effective date": Damage(
        "UPDATE ledger_transactions SET effective_on = effective_on - 1 WHERE id = :mirrored",
        above={"day_equals_entries"},
    ),
    "a fold that ends in time that is open": Damage(
        (
            "UPDATE ledger_folds SET folded_until = now() + interval '1 hour' WHERE tenant_id "
            "= :tenant"
        ),
        above={
            "day_equals_entries",
            "fold_ends_in_closed_time",
            "last_checkpoint_reaches_the_fold",
        },
        below={
            "day_equals_entries",
            "fold_ends_in_closed_time",
            "last_checkpoint_reaches_the_fold",
        },
    ),
    "a fold that was set back": Damage(
        (
            "UPDATE ledger_folds SET folded_until = folded_until - interval '1 day' WHERE "
            "tenant_id = :tenant"
        ),
        above={
            "day_equals_entries",
            "fold_ends_in_closed_time",
            "last_checkpoint_reaches_the_fold",
        },
        below={
            "day_equals_entries",
            "fold_ends_in_closed_time",
            "last_checkpoint_reaches_the_fold",
        },
    ),
    "a fold that is gone": Damage(
        "DELETE FROM ledger_folds WHERE tenant_id = :tenant",
        above={
            "day_equals_entries",
            "fold_ends_in_closed_time",
            "last_checkpoint_reaches_the_fold",
        },
        below={
            "day_equals_entries",
            "fold_ends_in_closed_time",
            "last_checkpoint_reaches_the_fold",
        },
    ),
    "a checkpoint that is wrong": Damage(
        (
            "UPDATE ledger_checkpoints SET credits = credits + 1 WHERE account_id = :deferred "
            "AND through = :through"
        ),
        above={"checkpoint_equals_entries", "last_checkpoint_reaches_the_fold"},
        full={"checkpoint_equals_entries"},
    ),
    "a checkpoint with another count": Damage(
        (
            "UPDATE ledger_checkpoints SET entries = entries + 1 WHERE account_id = :deferred "
            "AND through = :through"
        ),
        above={"checkpoint_equals_entries", "last_checkpoint_reaches_the_fold"},
        full={"checkpoint_equals_entries"},
    ),
    "a checkpoint that is gone": Damage(
        "DELETE FROM ledger_checkpoints WHERE account_id = :deferred AND through = :through",
        above={"last_checkpoint_reaches_the_fold"},
        full=set(),
    ),
    "a checkpoint beyond the fold": Damage(
        (
            "UPDATE ledger_checkpoints SET through = now() + interval '1 hour' WHERE "
            "account_id = :deferred AND through = :through"
        ),
        above={"checkpoint_equals_entries", "fold_ends_in_closed_time"},
        full={
            "checkpoint_equals_entries",
            "fold_ends_in_closed_time",
            "last_checkpoint_reaches_the_fold",
        },
        below={
            "checkpoint_equals_entries",
            "fold_ends_in_closed_time",
            "last_checkpoint_reaches_the_fold",
        },
    ),
    "a checkpoint that knows another last booking": Damage(
        (
            "UPDATE ledger_checkpoints SET last_booked_at = last_booked_at - interval '1 us' "
            "WHERE account_id = :deferred AND through = :through"
        ),
        above={"checkpoint_equals_entries"},
    ),
    "a day that is wrong": Damage(
        "UPDATE ledger_days SET debits = debits + 1 WHERE account_id = :payer",
        above={"day_equals_entries"},
        below={"day_equals_entries"},
    ),
    "a day that is gone": Damage(
        "DELETE FROM ledger_days WHERE account_id = :payer",
        above={"day_equals_entries"},
        below={"day_equals_entries"},
    ),
    "a day on which nothing happened": Damage(
        (
            "INSERT INTO ledger_days SELECT tenant_id, account_id, effective_on + 1, debits, "
            "credits FROM ledger_days WHERE account_id = :payer"
        ),
        above={"day_equals_entries"},
        below={"day_equals_entries"},
    ),
    "a day before everything that happened": Damage(
        "INSERT INTO ledger_days VALUES (:tenant, :payer, '2001-01-01', 1, 0)",
        above={"day_equals_entries"},
    ),
    "an accepted answer whose transaction is gone": Damage(
        "UPDATE ledger_requests SET transaction_id = gen_random_uuid() WHERE key = :answered",
        above={"answered_transaction_exists"},
    ),
    "an accepted answer that names an account": Damage(
        "UPDATE ledger_requests SET account_id = :payer WHERE key = :answered",
        above={"answer_is_one_that_is_kept"},
    ),
    "a refusal that posted something": Damage(
        "UPDATE ledger_requests SET transaction_id = :reversed WHERE key = :refused",
        above={"answer_is_one_that_is_kept"},
    ),
    "a refusal that is accepted now": Damage(
        "UPDATE ledger_requests SET outcome = 0 WHERE key = :refused",
        above={"answer_is_one_that_is_kept"},
    ),
    "an answer that is never given": Damage(
        "UPDATE ledger_requests SET outcome = 7 WHERE key = :refused",
        above={"answer_is_one_that_is_kept"},
    ),
    "one transaction that answers two keys": Damage(
        (
            "INSERT INTO ledger_requests SELECT tenant_id, key || '!', fingerprint, outcome, "
            "account_id, hold_id, transaction_id, created_at FROM ledger_requests WHERE key = "
            ":answered"
        ),
        above={"transaction_answers_one_key"},
    ),
    "a reversal of another amount": Damage(
        "UPDATE ledger_entries SET units = units * 2 WHERE transaction_id = :reversing",
        above={
            "balance_equals_entries",
            "day_equals_entries",
            "reversal_negates_its_original",
            "running_balance_continues",
        },
    ),
    "a reversal of another transaction": Damage(
        "UPDATE ledger_transactions SET reverses = :mirrored WHERE id = :reversing",
        above={"reversal_is_registered_once", "reversal_negates_its_original"},
        below={"reversal_is_registered_once"},
    ),
    "a reversal that is not registered": Damage(
        "DELETE FROM ledger_reversals WHERE transaction_id = :reversing",
        above={"reversal_is_registered_once"},
    ),
    "a registered reversal that is none": Damage(
        "UPDATE ledger_transactions SET reverses = NULL WHERE id = :reversing",
        above={"reversal_is_registered_once"},
        below={"reversal_is_registered_once"},
    ),
    "a transfer without postings": Damage(
        "UPDATE transfers SET transaction_id = gen_random_uuid() WHERE transaction_id = :reversed",
        above={"movement_has_postings"},
        below={"movement_has_postings"},
    ),
    "a mirror whose error another one makes up for": Damage(
        (
            "UPDATE ledger_entries e SET units = units + CASE WHEN m.mirror_of = :mirrored "
            "THEN 1 ELSE -1 END FROM ledger_transactions m, ledger_accounts a WHERE "
            "m.mirror_of IN (:mirrored, :deposited) AND e.transaction_id = m.id AND a.id = "
            "e.account_id AND a.code = 'tenant_clearing' AND e.asset = 'USDT'"
        ),
        above={
            "checkpoint_equals_entries",
            "day_equals_entries",
            "last_checkpoint_reaches_the_fold",
            "mirror_nets_its_original",
            "transaction_balances",
        },
    ),
}
