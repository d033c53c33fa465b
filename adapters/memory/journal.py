"""The journal: the domain decides on locked rows, and what it decided is written as it says."""

from datetime import date, datetime
from typing import Final

from msgspec.structs import replace

from adapters.memory.ledger_names import Names, names_in
from adapters.memory.store import BookedTransaction, Rows, StrictBalance
from application.ports.ledger import (
    PERIODS_MAX,
    REFERENCED_MAX,
    ClosedPeriod,
    PostedEntry,
    PostedTransaction,
)
from domain.ledger.commands import Batch, Post
from domain.ledger.decision import Deltas, NumberedEntry, add
from domain.ledger.entry import JournalTransaction, MirrorOf
from domain.ledger.hold import Hold, HoldState
from domain.ledger.outcomes import Outcome
from domain.ledger.rules import decide
from domain.ledger.state import LedgerState, Original
from domain.shared.errors import InvariantViolation, NotFound
from domain.shared.ids import AccountId, HoldId, TransactionId

# Who closes a period and who posts into what may be one take turns, by this row that is not there.
CALENDAR: Final = date.min


class MemoryJournal:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def post(self, batch: Batch) -> tuple[Outcome, ...]:
        state = await self._locked_state(batch)
        decision = decide(batch, state)
        self._write(decision.deltas)
        return decision.outcomes

    async def post_at_once(self, post: Post) -> bool:
        transaction = post.transaction
        plain = not (transaction.captures or transaction.reverses or transaction.mirror_of)
        if plain:
            (outcome,) = await self.post((post,))
            if outcome.accepted and not outcome.replayed:
                return True
        self._rows.session.lose()
        return False

    async def close_period(self, through: date, *, by: str) -> bool:
        for each in (CALENDAR, through):
            await self._rows.periods.lock(each)
        closed = self._closed_through()
        if closed is not None and closed >= through:
            return False
        period = ClosedPeriod(
            closed_through=through, closed_by=by, closed_at=self._rows.session.now()
        )
        self._rows.periods.put(through, period)
        return True

    async def periods(self) -> tuple[ClosedPeriod, ...]:
        found = sorted(self._rows.periods.values(), key=lambda each: each.closed_through)
        return tuple(found[::-1][:PERIODS_MAX])

    async def transaction(self, transaction_id: TransactionId) -> PostedTransaction:
        booked = self._rows.transactions.get(transaction_id)
        if booked is None:
            raise NotFound("no such transaction")
        legs = range(len(booked.transaction.entries))
        entries = (self._rows.entries.get((transaction_id, leg)) for leg in legs)
        return PostedTransaction(
            transaction=booked.transaction,
            booked_at=booked.booked_at,
            entries=tuple(entry for entry in entries if entry is not None),
        )

    async def of_reference(
        self, reference: str, *, after: TransactionId | None = None, limit: int = REFERENCED_MAX
    ) -> tuple[PostedTransaction, ...]:
        found = sorted(
            booked.transaction.id
            for booked in self._rows.transactions.values()
            if booked.transaction.reference == reference
            and (after is None or booked.transaction.id > after)
        )
        return tuple([await self.transaction(each) for each in found[:limit]])

    async def mirror(self, of: MirrorOf, *, reference: str) -> PostedTransaction | None:
        for booked in self._rows.transactions.values():
            posted = booked.transaction
            if posted.mirror_of == of and posted.reference == reference:
                return await self.transaction(posted.id)
        return None

    async def hold(self, hold_id: HoldId) -> Hold | None:
        return self._rows.holds.get(hold_id)

    async def expired_holds(self, *, now: datetime, limit: int) -> tuple[Hold, ...]:
        due = [
            (hold.expires_at, hold.id, hold)
            for hold in self._rows.holds.values()
            if hold.state is HoldState.ACTIVE
            and hold.expires_at is not None
            and hold.expired_by(now)
        ]
        return tuple(hold for _, _, hold in sorted(due, key=lambda each: each[:2])[:limit])

    async def _locked_state(self, batch: Batch) -> LedgerState:
        """Locks transactions, holds, strict accounts and keys, each in their order."""
        names = names_in(batch)
        for transaction_id in sorted(names.transactions | names.reversed):
            await self._rows.transactions.lock(transaction_id)
        for hold_id in sorted(names.holds):
            await self._rows.holds.lock(hold_id)
        holds = {each: self._rows.holds.get(each) for each in names.holds}
        stored_holds = {key: hold for key, hold in holds.items() if hold is not None}
        account_ids = names.accounts | {hold.account_id for hold in stored_holds.values()}
        found = {each: self._rows.accounts.get(each) for each in account_ids}
        accounts = {key: account for key, account in found.items() if account is not None}
        strict = sorted(account.id for account in accounts.values() if account.strict)
        for account_id in strict:
            await self._rows.balances.lock(account_id)
        for key in sorted(names.keys):
            await self._rows.answers.lock(key)
        answers = {key: self._rows.answers.get(key) for key in names.keys}
        if self._is_dated_back(batch):
            await self._rows.periods.lock(CALENDAR)
        posted = (each for each in names.transactions if self._rows.transactions.get(each))
        return LedgerState(
            accounts=accounts,
            balances={account_id: self._balance(account_id).balance for account_id in strict},
            holds=stored_holds,
            transactions=frozenset(posted),
            originals=self._originals(names),
            answers={key: answer for key, answer in answers.items() if answer is not None},
            closed_through=self._closed_through(),
        )

    def _originals(self, names: Names) -> dict[TransactionId, Original]:
        return {
            each: Original(booked.transaction.entries, self._rows.reversals.get(each))
            for each in names.reversed
            if (booked := self._rows.transactions.get(each)) is not None
        }

    def _is_dated_back(self, batch: Batch) -> bool:
        today = self._rows.session.now().date()
        return any(
            isinstance(each, Post) and each.transaction.effective_on < today for each in batch
        )

    def _closed_through(self) -> date | None:
        return max(self._rows.periods.keys(), default=None)

    def _balance(self, account_id: AccountId) -> StrictBalance:
        row = self._rows.balances.get(account_id)
        if row is None:
            raise InvariantViolation("a strict account has no balance row")
        return row

    def _write(self, deltas: Deltas) -> None:
        booked_at = self._booked_at(deltas)
        for delta in deltas.accounts:
            row = self._balance(delta.account_id)
            last = booked_at if delta.entries > 0 else row.last_booked_at
            balance = add(row.balance, delta)
            self._rows.balances.put(delta.account_id, StrictBalance(balance, last))
        for change in deltas.holds:
            self._rows.holds.put(change.after.id, change.after)
        transactions = {each.id: each for each in deltas.transactions}
        for transaction in deltas.transactions:
            # Captures are the business of the holds; the journal keeps what was posted.
            stored = replace(transaction, captures=())
            self._rows.transactions.put(transaction.id, BookedTransaction(stored, booked_at))
            if transaction.reverses is not None:
                self._rows.reversals.add(transaction.reverses, transaction.id)
        for key, answer in deltas.answers.items():
            self._rows.answers.put(key, answer)
        for entry in deltas.entries:
            self._append(entry, transactions[entry.transaction_id], booked_at)

    def _booked_at(self, deltas: Deltas) -> datetime:
        """Now, but never before the last booking on these accounts, nor in time that is closed."""
        last = (self._balance(delta.account_id).last_booked_at for delta in deltas.accounts)
        floors = (self._rows.closed_until, *last)
        return max((self._rows.session.now(), *(each for each in floors if each is not None)))

    def _append(
        self, numbered: NumberedEntry, transaction: JournalTransaction, booked_at: datetime
    ) -> None:
        place = (transaction.id, numbered.leg)
        entry = numbered.entry
        if numbered.account_seq is not None:
            self._rows.entry_numbers.add((entry.account_id, numbered.account_seq), place)
        self._rows.entries.add(
            place,
            PostedEntry(
                transaction_id=transaction.id,
                leg=numbered.leg,
                account_id=entry.account_id,
                asset=entry.asset,
                units=entry.units,
                account_seq=numbered.account_seq,
                balance_after=numbered.balance_after,
                booked_at=booked_at,
                template=transaction.template,
                reference=transaction.reference,
            ),
        )
