"""Named places where a test may stop a process dead. In production nothing is armed.

A point is reached by

    if crash_points.armed:
        await crash_points.reach(crash_points.ACCEPT_RESERVED)

which costs two look-ups while nothing is armed: no call, no coroutine. The wiring installs a
handler once, at start, or none. Each name has its meaning, which docs/reliability.md lists.
"""

from collections.abc import Awaitable, Callable
from typing import Final

MEANINGS: Final[dict[str, str]] = {}
"""Every point there is, and what is done and what is not when a process ends there."""

Handler = Callable[[str], Awaitable[None]]
# For code in a thread of its own, which waits for the disk and not for the loop.
ThreadHandler = Callable[[str], None]


def _point(name: str, meaning: str) -> str:
    MEANINGS[name] = meaning
    return name


QUOTE_LP_ANSWERED: Final = _point(
    "request_quote.lp_answered", "An LP has quoted; nothing is stored"
)
QUOTE_BEFORE_COMMIT: Final = _point(
    "request_quote.before_commit", "The offer is written, not committed"
)
QUOTE_OFFERED: Final = _point(
    "request_quote.offered", "The offer is committed, and nobody was told"
)
QUOTES_BEFORE_COMMIT: Final = _point(
    "expire_quotes.before_commit", "Quotes are marked expired, not committed"
)
QUOTES_EXPIRED: Final = _point("expire_quotes.committed", "Expired quotes are committed")

ACCEPT_BEFORE_RESERVE: Final = _point(
    "accept_quote.before_reserve_commits", "Order, hold and attempt are written, not committed"
)
ACCEPT_RESERVED: Final = _point(
    "accept_quote.reserved", "Order, hold and attempt are committed; the LP knows nothing"
)
ACCEPT_BEFORE_LP: Final = _point(
    "accept_quote.before_lp_is_called", "The next instruction calls the LP"
)
ACCEPT_LP_ANSWERED: Final = _point(
    "accept_quote.lp_answered", "The LP has answered; nothing of it is recorded"
)
ACCEPT_KEPT_OPEN: Final = _point(
    "accept_quote.kept_open", "Recorded as pending or unknown; about to look again or to answer"
)
REPRICE_REFUSED: Final = _point(
    "reprice.refused", "The LP has refused; nothing of it is recorded, and no other was asked"
)
REPRICE_QUOTED: Final = _point(
    "reprice.quoted", "The LP has refused and a backup has quoted; nothing of it is recorded"
)
REPRICE_BEFORE_COMMIT: Final = _point(
    "reprice.before_commit", "The refusal and the second attempt are written, not committed"
)
REPRICE_COMMITTED: Final = _point(
    "reprice.committed", "The second attempt is committed; its LP knows nothing"
)
RECORD_BEFORE_COMMIT: Final = _point(
    "record_outcome.before_commit", "The outcome and its postings are written, not committed"
)
RECORD_COMMITTED: Final = _point(
    "record_outcome.committed", "The outcome is committed, and nobody was told"
)
RECORD_OPEN_BEFORE_COMMIT: Final = _point(
    "record_outcome.open_before_commit", "That the outcome is open is written, not committed"
)
RECORD_OPEN_COMMITTED: Final = _point(
    "record_outcome.open_committed", "That the outcome is open is committed"
)
RESOLVE_LEASED: Final = _point(
    "resolve_execution.leased", "An open execution is leased and read; the LP was not asked yet"
)
RESOLVE_LOOKED: Final = _point(
    "resolve_execution.lp_looked_up", "The LP was asked; nothing of it is recorded"
)

BY_HAND_BEFORE_PROPOSED: Final = _point(
    "resolve_by_hand.before_proposed", "A resolution and its evidence are written, not committed"
)
BY_HAND_PROPOSED: Final = _point(
    "resolve_by_hand.proposed", "A resolution is proposed; nobody was told, and nothing is changed"
)
BY_HAND_BEFORE_COMMIT: Final = _point(
    "resolve_by_hand.before_commit", "Approval, outcome and postings are written, not committed"
)
BY_HAND_COMMITTED: Final = _point(
    "resolve_by_hand.committed", "An order is resolved by two people, and nobody was told"
)
INCIDENT_BEFORE_COMMIT: Final = _point(
    "keep_incidents.before_commit", "An incident is closed, not committed"
)

TRANSFER_BEFORE_COMMIT: Final = _point(
    "create_transfer.before_commit", "The transfer is posted, not committed"
)
TRANSFER_COMMITTED: Final = _point(
    "create_transfer.committed", "The transfer is committed, and nobody was told"
)
BATCH_BEFORE_COMMIT: Final = _point(
    "create_transfer_batch.before_commit", "Transfers and answers are written, not committed"
)
BATCH_COMMITTED: Final = _point(
    "create_transfer_batch.committed", "The batch is committed, and nobody was told"
)
DEPOSIT_BEFORE_COMMIT: Final = _point(
    "deposit_in_sandbox.before_commit", "The deposit and its mirror's intent are not committed"
)
DEPOSIT_COMMITTED: Final = _point(
    "deposit_in_sandbox.committed", "The deposit is committed, and nobody was told"
)
CUSTOMER_BEFORE_COMMIT: Final = _point(
    "create_customer.before_commit", "The customer is written, not committed"
)
CUSTOMER_COMMITTED: Final = _point(
    "create_customer.committed", "The customer is committed, and nobody was told"
)
KEY_REPLAYED: Final = _point(
    "idempotency.replayed", "A key was found taken: its first answer is about to be given again"
)
REFUSAL_BEFORE_COMMIT: Final = _point(
    "idempotency.refusal_before_commit", "A refusal is written under its key, not committed"
)
REFUSAL_STORED: Final = _point(
    "idempotency.refusal_stored", "A refusal is committed, and nobody was told"
)

UOW_BEGUN: Final = _point("unit_of_work.begun", "A transaction is open and has done nothing")
UOW_BEFORE_COMMIT: Final = _point("unit_of_work.before_commit", "Any transaction, before COMMIT")
UOW_COMMITTED: Final = _point(
    "unit_of_work.committed", "Any transaction, after COMMIT was answered"
)
UOW_RETURNED: Final = _point(
    "unit_of_work.connection_returned", "Any transaction, its connection back in the pool"
)
JOURNAL_LOCKED: Final = _point(
    "journal.locked", "Rows of a batch are locked and read; nothing is written"
)
JOURNAL_WRITTEN: Final = _point("journal.written", "A batch is written, not committed")
JOURNAL_AT_ONCE: Final = _point(
    "journal.posted_at_once", "One plain transaction is posted at once, not committed"
)

HOLDS_BEFORE_COMMIT: Final = _point(
    "expire_holds.before_commit", "Holds are given back, not committed"
)
HOLDS_EXPIRED: Final = _point("expire_holds.committed", "Expired holds are committed")
MIRROR_LEASED: Final = _point("mirror.leased", "Mirrors are leased; nothing is posted")
MIRROR_BEFORE_HOUSE: Final = _point(
    "mirror.before_house_commits", "Mirrors are posted in the house's books, not committed"
)
MIRROR_HOUSE_POSTED: Final = _point(
    "mirror.house_posted", "Mirrors are committed in the house's books; their intents still stand"
)
MIRROR_BEFORE_FINISH: Final = _point(
    "mirror.before_finish_commits", "Intents of one tenant are ended, not committed"
)
MIRROR_FINISHED: Final = _point("mirror.finished", "Intents of one tenant are committed as ended")
PUT_OFF_BEFORE_COMMIT: Final = _point(
    "put_off.before_commit", "Failed work is postponed or parked, not committed"
)
PUT_OFF_COMMITTED: Final = _point("put_off.committed", "Failed work is postponed or parked")

CLOCK_BEFORE_COMMIT: Final = _point(
    "ledger_clock.before_commit", "Booking time is closed a little further, not committed"
)
CLOCK_ADVANCED: Final = _point("ledger_clock.advanced", "Booking time is closed a little further")
FOLD_BEFORE_COMMIT: Final = _point(
    "fold_ledger.before_commit", "Closed time is added up, not committed"
)
FOLD_COMMITTED: Final = _point("fold_ledger.committed", "A checkpoint is committed")
SEAL_SIGNED: Final = _point("seal_ledger.signed", "A block is read and signed; nothing is stored")
SEAL_BEFORE_COMMIT: Final = _point("seal_ledger.before_commit", "A seal is written, not committed")
SEAL_COMMITTED: Final = _point(
    "seal_ledger.committed", "A seal is committed and not written down outside the database"
)
ANCHOR_BEFORE_WRITE: Final = _point(
    "seal_anchor.before_write", "The anchor's file is open and locked"
)
ANCHOR_TORN: Final = _point("seal_anchor.torn", "Half of what is to be written down is in the file")
ANCHOR_WRITTEN: Final = _point(
    "seal_anchor.written", "The lines are in the file, and not forced to the disk"
)
ANCHOR_SYNCED: Final = _point("seal_anchor.synced", "The lines are on the disk")

RECON_READ: Final = _point(
    "reconciliation.read", "An LP's list and balances are read; nothing is stored"
)
RECON_STATEMENT: Final = _point(
    "reconciliation.statement_stored", "The statement is written, not committed"
)
RECON_MATCHES: Final = _point(
    "reconciliation.matches_stored", "Its matches are written, not committed"
)
RECON_BEFORE_COMMIT: Final = _point(
    "reconciliation.before_commit", "All of a run is written, breaks too, and not committed"
)
RECON_COMMITTED: Final = _point(
    "reconciliation.committed", "A run is committed, and nobody was told"
)
BREAK_BEFORE_COMMIT: Final = _point(
    "resolve_break.before_commit", "What ends or changes a break is written, not committed"
)
BREAK_COMMITTED: Final = _point("resolve_break.committed", "A break is committed as changed")
REVERSE_BEFORE_COMMIT: Final = _point(
    "reverse_transaction.before_commit", "A reversal and its reason are written, not committed"
)
REVERSE_COMMITTED: Final = _point(
    "reverse_transaction.committed", "A reversal is committed, and nobody was told"
)

CHANGE_BEFORE_PROPOSED: Final = _point(
    "change_terms.before_proposed", "A change of an account's terms is proposed, not committed"
)
CHANGE_PROPOSED: Final = _point("change_terms.proposed", "A change is proposed, nobody was told")
CHANGE_BEFORE_APPLIED: Final = _point(
    "change_terms.before_applied", "A change is approved and made, not committed"
)
CHANGE_APPLIED: Final = _point("change_terms.applied", "A change is made, and nobody was told")
PERIOD_BEFORE_COMMIT: Final = _point(
    "close_period.before_commit", "A period is closed, not committed"
)
PERIOD_CLOSED: Final = _point("close_period.committed", "A period is closed for good")

RELAY_TENANT_FOUND: Final = _point(
    "relay_events.tenant_found", "A tenant has events to number; nothing is read"
)
RELAY_BEFORE_COMMIT: Final = _point(
    "relay_events.before_numbers_commit", "Events have their numbers, not committed"
)
RELAY_COMMITTED: Final = _point("relay_events.numbers_committed", "Events have their numbers")
FAN_OUT_BEFORE_COMMIT: Final = _point(
    "fan_out.before_commit", "Deliveries are made of events, and a place moved on, not committed"
)
FAN_OUT_COMMITTED: Final = _point("fan_out.committed", "Deliveries are due, and none is claimed")
WEBHOOK_BEFORE_CLAIM: Final = _point(
    "webhook.before_claim_commits", "Attempts are recorded as begun, not committed"
)
WEBHOOK_CLAIMED: Final = _point("webhook.claimed", "Attempts are leased and signed; none is made")
WEBHOOK_BEFORE_SEND: Final = _point("webhook.before_send", "The next instruction connects")
WEBHOOK_SENT: Final = _point("webhook.sent", "The receiver has answered; nothing of it is recorded")
WEBHOOK_DISABLING: Final = _point(
    "webhook.disabling", "An endpoint is disabled by its own answer, not committed"
)
WEBHOOK_BEFORE_RECORD: Final = _point(
    "webhook.before_record_commits", "What became of an attempt is written, not committed"
)
WEBHOOK_RECORDED: Final = _point("webhook.recorded", "What became of an attempt is committed")
ENDPOINT_KEYS_MADE: Final = _point(
    "webhook_endpoint.keys_made", "A new endpoint's secret is made and stored nowhere"
)
ENDPOINT_BEFORE_COMMIT: Final = _point(
    "webhook_endpoint.before_commit", "A new endpoint and its ping are written, not committed"
)
ENDPOINT_COMMITTED: Final = _point(
    "webhook_endpoint.committed", "A new endpoint is committed, and its secret shown to nobody"
)
REDELIVER_BEFORE_COMMIT: Final = _point(
    "redeliver.before_commit", "A delivery is due once more, not committed"
)
REDELIVER_COMMITTED: Final = _point(
    "redeliver.committed", "A delivery is due once more, and nobody was told"
)

REFILL_CLAIMED: Final = _point(
    "refill_quotas.claimed", "Quotas are claimed by a refill; none is changed"
)
REFILL_LOWERED: Final = _point(
    "refill_quotas.lowered", "Part of a quota was taken back; nothing of it is handed out"
)

SETTLEMENT_BEFORE_COMMIT: Final = _point(
    "settle_with_lp.before_commit", "A step of a settlement and its posting are not committed"
)
SETTLEMENT_COMMITTED: Final = _point(
    "settle_with_lp.committed", "A step of a settlement is committed, and nobody was told"
)

PARTITIONS_BEFORE: Final = _point(
    "make_partitions.before", "Partitions of the months ahead are about to be made"
)
PARTITIONS_MADE: Final = _point("make_partitions.made", "Partitions are committed")
SCHEDULE_BEGUN: Final = _point(
    "schedule.begun", "Work that time made due is leased; nothing of it is done"
)
SCHEDULE_RAN: Final = _point("schedule.ran", "The work is done, and its lease still stands")
SCHEDULE_ENDED: Final = _point("schedule.ended", "When the work is due again is committed")
RING_BEFORE: Final = _point("bell.before_ring", "Something may be due; the bell was not rung")
RING_RUNG: Final = _point("bell.rung", "A job is in the queue")
JOB_TAKEN: Final = _point("queue.job_taken", "A job was taken from the queue; nothing is done")
JOB_DONE: Final = _point("queue.job_done", "A job is done and not acknowledged")
JOB_ACKNOWLEDGED: Final = _point("queue.job_acknowledged", "The queue has forgotten a job")
SWEEP_DONE: Final = _point("sweeper.swept", "A sweep is done, without the queue")

MIGRATE_LOCKED: Final = _point(
    "migrate.locked", "The lock of all migrations is held; nothing is changed"
)
MIGRATE_REVISION: Final = _point("migrate.revision_made", "A revision is made, not committed")
MIGRATE_UPGRADED: Final = _point(
    "migrate.upgraded", "The schema is at its head; the queue's tables are not made yet"
)

ALL: Final = tuple(MEANINGS)

armed = False
_handler: Handler | None = None
_thread_handler: ThreadHandler | None = None


def install(handler: Handler | None, *, in_thread: ThreadHandler | None = None) -> None:
    global _handler, _thread_handler, armed  # noqa: PLW0603 - one switch, set before anything runs
    _handler = handler
    _thread_handler = in_thread
    armed = handler is not None


async def reach(point: str) -> None:
    if _handler is not None:
        await _handler(point)


def reach_in_thread(point: str) -> None:
    if _thread_handler is not None:
        _thread_handler(point)
