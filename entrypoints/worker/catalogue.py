"""What each job is, in words, for docs/jobs.md. Figures come from where they are used."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from application.ports.bell import JobKind


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """`due` says what makes it due and how that is found, `parked` what ends trying, `twice` what
    running it twice changes.
    """

    does: str
    due: str
    parked: str
    twice: str


CATALOGUE: Final[Mapping[JobKind, Entry]] = MappingProxyType(
    {
        JobKind.SETTLE_EXECUTION: Entry(
            does="Looks an open execution up at its provider, and settles the order on proof.",
            due="A row of `intents`, written with the order. It is due when the lease of the "
            "request ends, and later as often as the resolution rule says.",
            parked="Never by failing: how often we failed proves nothing (ADR 0006). A person may "
            "set it aside; the order stays pending and its hold stays.",
            twice="Nothing: looking up changes nothing, and recording is fenced by the token of "
            "the lease and the version of the order.",
        ),
        JobKind.MIRROR: Entry(
            does="Posts in the house's books what a tenant's posting means for the house.",
            due="A row of `intents`, written with the tenant's posting; due at once.",
            parked="After the last retry, or when the ledger refuses the posting.",
            twice="Nothing: the instruction carries its transaction's id, which exists then.",
        ),
        JobKind.RELAY_EVENTS: Entry(
            does="Gives each tenant's committed events their numbers.",
            due="Rows of `outbox`, written with what they tell of, by tenant.",
            parked="Never; a tenant that fails is logged and tried at the next turn.",
            twice="Nothing: an event has its number, and two relays are never at one tenant.",
        ),
        JobKind.EXPIRE_QUOTES: Entry(
            does="Marks open quotes whose time is up as expired.",
            due="Rows of `quotes` that are open and past their end, by tenant.",
            parked="Never; a tenant that fails is logged and tried at the next run.",
            twice="Nothing: a quote expires once.",
        ),
        JobKind.EXPIRE_HOLDS: Entry(
            does="Gives holds back that have an end which has passed.",
            due="Rows of `ledger_holds` that are active and past their end, by tenant.",
            parked="Never; a tenant that fails is logged and tried at the next run.",
            twice="Nothing: a hold that is not active is refused.",
        ),
        JobKind.FOLD_LEDGER: Entry(
            does="Adds up booking time that is closed, so that balances are quick to read.",
            due="`ledger_folds` says up to when each tenant's books are folded.",
            parked="Never; a tenant that fails is logged and tried at the next run.",
            twice="Nothing: each fold begins where the last one ended, under a lock.",
        ),
        JobKind.SEAL_LEDGER: Entry(
            does="Seals what was booked in closed time, block after block, and writes it down "
            "outside the database.",
            due="The last row of `ledger_seals` says up to when each tenant's books are sealed.",
            parked="Never; a chain that disagrees is not continued, and logged each time.",
            twice="Nothing: a block has its number, and two cannot have the same.",
        ),
        JobKind.MAKE_PARTITIONS: Entry(
            does="Makes the months' partitions of tables ahead of time.",
            due="Compares `partitioned_tables` with the partitions there are.",
            parked="Never.",
            twice="Nothing: what exists is not made.",
        ),
        JobKind.FORGET_WEBHOOKS: Entry(
            does="Deletes what is kept of deliveries of webhooks that ended 30 days ago, or that "
            "were due so long to endpoints that were removed.",
            due="Rows of `webhook_deliveries` and `webhook_attempts` that are old enough.",
            parked="Never; a run that fails is tried again.",
            twice="Nothing: what is gone is gone.",
        ),
        JobKind.REFILL_QUOTAS: Entry(
            does="Shares out among tenants what each provider can take, and keeps how it stands.",
            due="Rows of `lp_terms` say what is watched, `lp_quotas` what is handed out, and the "
            "house's books what there is.",
            parked="Never; a run that fails is tried again, and quotas stay as they are.",
            twice="Nothing: the later run claims every quota, and the earlier one writes no more.",
        ),
        JobKind.OPEN_SETTLEMENTS: Entry(
            does="Opens the settlement that trades with a provider go into, where none is open.",
            due="Rows of `lp_terms` of providers that settle after the trade, and the last row of "
            "`lp_settlements` of each.",
            parked="Never; a run that fails is tried again.",
            twice="Nothing: the database has one open settlement of a provider and asset.",
        ),
        JobKind.RECONCILE: Entry(
            does="Reads what each provider executed and holds for us, and matches it with the "
            "house's books.",
            due="The last row of `recon_statements` of each source says where to go on.",
            parked="Never; a source that cannot be read fails the run, the others are done.",
            twice="A second statement that begins where the first one ended; no match, no break "
            "and no posting twice.",
        ),
    }
)
