"""Damage to what stands beside the journal: terms, periods, movements, batches and holds.

Its form: `derived_damage`.
"""

from typing import Final

from tests.integration.ledger_damage import Damage

_REQUEST: Final = (
    "INSERT INTO change_requests (tenant_id, id, kind, change, reason, state, proposed_by, "
    "proposed_by_name, proposed_at, decided_by, decided_by_name, decided_at) VALUES (:tenant, "
    "gen_random_uuid(), 'credit_line', jsonb_build_object('kind', 'credit_line', 'account_id', "
    ":payer, 'floor_units', '{floor}', 'floor_before', '0'), 'x', '{state}', "
    "gen_random_uuid(), 'Abena', now(), {by}, {name}, {at}) RETURNING tenant_id, id"
)
_APPLIED: Final = {
    "state": "applied",
    "by": "gen_random_uuid()",
    "name": "'Kwame'",
    "at": "now()",
}
_PROPOSED: Final = {"state": "proposed", "by": "NULL", "name": "NULL", "at": "NULL"}
_RECORD: Final = (
    "WITH r AS ({request}) INSERT INTO ledger_account_changes SELECT tenant_id, :payer, id, "
    "{before}, 0, 'open', 'open', 'x', 'Abena', 'Kwame', now() FROM r"
)

TERMS_DAMAGE: Final = {
    "a floor that nobody agreed to": Damage(
        (
            "WITH a AS (UPDATE ledger_accounts SET floor_units = -10 WHERE id = :payer) UPDATE "
            "ledger_balances SET floor_units = -10 WHERE account_id = :payer"
        ),
        above={"terms_have_a_recorded_change"},
        below={"terms_have_a_recorded_change"},
    ),
    "an account that is closed, and whose balance is not": Damage(
        "UPDATE ledger_accounts SET status = 'closed' WHERE id = :payer",
        above={"balance_has_its_accounts_terms", "terms_have_a_recorded_change"},
        below={"balance_has_its_accounts_terms", "terms_have_a_recorded_change"},
    ),
    "a change of terms that nobody approved": Damage(
        _RECORD.format(request=_REQUEST.format(floor=0, **_PROPOSED), before=0),
        above={"recorded_change_was_approved"},
        below={"recorded_change_was_approved"},
    ),
    "a change of terms to others than were approved": Damage(
        _RECORD.format(request=_REQUEST.format(floor=-5, **_APPLIED), before=0),
        above={"recorded_change_was_approved"},
        below={"recorded_change_was_approved"},
    ),
    "a change of terms from others than there were": Damage(
        _RECORD.format(request=_REQUEST.format(floor=0, **_APPLIED), before=-5),
        above={"recorded_change_was_approved"},
        below={"recorded_change_was_approved"},
    ),
    "an approved change that was never made": Damage(
        _REQUEST.format(floor=-5, **_APPLIED),
        above={"recorded_change_was_approved"},
        below={"recorded_change_was_approved"},
    ),
    "a period that was closed before it was over": Damage(
        "INSERT INTO ledger_periods VALUES (:tenant, '2999-01-01', 'ops', now())",
        above={"period_was_over_when_closed"},
        below={"period_was_over_when_closed"},
    ),
    "a period that is closed in time to come": Damage(
        (
            "INSERT INTO ledger_periods VALUES (:tenant, '2001-01-01', 'ops', now() + interval "
            "'1 hour')"
        ),
        above={"period_was_over_when_closed"},
        below={"period_was_over_when_closed"},
    ),
    "a deposit of another amount": Damage(
        "UPDATE deposits SET units = units + 1 WHERE transaction_id = :deposited",
        above={"movement_is_what_was_posted"},
        below={"movement_is_what_was_posted"},
    ),
    "a transfer of another amount": Damage(
        "UPDATE transfers SET units = units + 1 WHERE transaction_id = :reversed",
        above={"movement_is_what_was_posted"},
        below={"movement_is_what_was_posted"},
    ),
    "a transfer of a batch that is said to be refused": Damage(
        (
            "UPDATE transfer_batch_items SET transfer_id = NULL, code = 'x', detail = 'x' WHERE "
            "tenant_id = :tenant AND decides AND transfer_id IS NOT NULL"
        ),
        above={"batch_item_is_what_its_key_was_answered"},
        below={"batch_item_is_what_its_key_was_answered"},
    ),
    "a refusal of a batch that is said to be a transfer": Damage(
        (
            "UPDATE transfer_batch_items i SET transfer_id = t.id, code = NULL, detail = NULL "
            "FROM transfers t WHERE i.tenant_id = :tenant AND i.transfer_id IS NULL AND "
            "t.tenant_id = :tenant AND t.transaction_id = :reversed"
        ),
        above={"batch_item_is_what_its_key_was_answered"},
        below={"batch_item_is_what_its_key_was_answered"},
    ),
    "an answer of a batch that repeats another": Damage(
        (
            "INSERT INTO transfer_batch_items SELECT tenant_id, batch_id, position + 500, key, "
            "fingerprint, NULL, 'x', 'x', true, false FROM transfer_batch_items WHERE tenant_id "
            "= :tenant AND decides"
        ),
        above={"batch_item_is_what_its_key_was_answered"},
        below={"batch_item_is_what_its_key_was_answered"},
    ),
    "a hold that says it was captured in part": Damage(
        "UPDATE ledger_holds SET captured = captured - 1, released = 1 WHERE id = :filled",
        above={"order_hold_is_what_was_captured"},
    ),
}
