from collections.abc import Iterable, Mapping

from adapters.memory.store import Rows, StrictBalance
from application.ports.ledger import AccountView, TermsChange
from domain.ledger.account import Account, AccountKey, customer_owner, open_account
from domain.ledger.account_terms import closed, with_floor
from domain.ledger.balance import Balance
from domain.ledger.chart import AccountCode
from domain.shared.errors import InvariantViolation, NotFound
from domain.shared.ids import AccountId, CustomerId


class MemoryAccounts:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def resolve(self, keys: Iterable[AccountKey]) -> Mapping[AccountKey, AccountId]:
        wanted = sorted(set(keys), key=lambda key: (key.code, key.asset, key.owner or ""))
        return {key: await self._resolve(key) for key in wanted}

    async def get(self, account_id: AccountId) -> AccountView:
        return self._view(self._get(account_id))

    async def of_customer(self, customer_id: CustomerId) -> tuple[AccountView, ...]:
        owner = customer_owner(customer_id)
        accounts = [
            account
            for account in self._rows.accounts.values()
            if account.key.code is AccountCode.CUSTOMER and account.key.owner == owner
        ]
        return tuple(self._view(each) for each in sorted(accounts, key=lambda each: each.asset))

    async def shared(
        self, *, after: AccountId | None = None, limit: int
    ) -> tuple[AccountView, ...]:
        found = sorted(
            (each for each in self._rows.accounts.values() if not each.strict),
            key=lambda each: each.id,
        )
        later = [each for each in found if after is None or each.id > after]
        return tuple(self._view(each) for each in later[:limit])

    async def set_floor(self, account_id: AccountId, floor_units: int) -> TermsChange:
        before, balance = await self._locked(account_id)
        return await self._write(before, with_floor(before, balance, floor_units))

    async def close(self, account_id: AccountId) -> TermsChange:
        before, balance = await self._locked(account_id)
        return await self._write(before, closed(before, balance, awaited=self._awaited(account_id)))

    def _awaited(self, account_id: AccountId) -> bool:
        open_orders = (each for each in self._rows.orders.values() if not each.is_final)
        quotes = (self._rows.quotes.get(each.quote_id) for each in open_orders if each.quote_id)
        return any(each is not None and each.receive_account_id == account_id for each in quotes)

    async def _locked(self, account_id: AccountId) -> tuple[Account, Balance]:
        await self._rows.balances.lock(account_id)
        row = self._rows.balances.get(account_id)
        return self._get(account_id), Balance(account_id) if row is None else row.balance

    async def _write(self, before: Account, after: Account) -> TermsChange:
        await self._rows.accounts.lock(after.id)
        self._rows.accounts.put(after.id, after)
        return TermsChange(before, after)

    def _get(self, account_id: AccountId) -> Account:
        account = self._rows.accounts.get(account_id)
        if account is None:
            raise NotFound("no such account")
        return account

    async def _resolve(self, key: AccountKey) -> AccountId:
        found = self._rows.account_keys.get(key)
        if found is not None:
            return found
        await self._rows.account_keys.lock(key)
        found = self._rows.account_keys.get(key)
        if found is not None:
            self._rows.account_keys.unlock(key)
            return found
        account = open_account(AccountId(self._rows.ids.new()), key, at=self._rows.session.now())
        self._rows.account_keys.put(key, account.id)
        self._rows.accounts.add(account.id, account)
        if account.strict:
            self._rows.balances.add(account.id, StrictBalance(Balance(account.id)))
        return account.id

    def _view(self, account: Account) -> AccountView:
        if not account.strict:
            return self._summed(account)
        row = self._rows.balances.get(account.id)
        if row is None:
            raise InvariantViolation("a strict account has no balance row")
        updated_at = max(account.created_at, row.last_booked_at or account.created_at)
        return AccountView(account=account, balance=row.balance, updated_at=updated_at)

    def _summed(self, account: Account) -> AccountView:
        entries = [entry for entry in self._rows.entries.values() if entry.account_id == account.id]
        units = [entry.units for entry in entries]
        balance = Balance(
            account.id,
            debits=-sum(each for each in units if each < 0),
            credits=sum(each for each in units if each > 0),
            version=len(units),
        )
        updated_at = max((account.created_at, *(entry.booked_at for entry in entries)))
        return AccountView(account=account, balance=balance, updated_at=updated_at)
