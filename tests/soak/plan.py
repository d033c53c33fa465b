"""What writers are to post: drawn from a seed, so that who comes after a killed one goes on."""

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from adapters.system.ids import SystemIds
from domain.ledger.account import AccountCode, AccountKey
from domain.ledger.commands import Batch, Post, Request
from domain.ledger.entry import Entry, JournalTransaction
from domain.shared.ids import AccountId, TenantId, TransactionId
from domain.shared.money import AssetCode

ASSET: Final = AssetCode("USDT")
BATCH_MAX: Final = 50
UNITS_MAX: Final = 400
FEE_UNITS: Final = 1
# As interactive posts are one by one, most calls are.
ALONE_SHARE: Final = 0.5
FEE_SHARE: Final = 0.3
LINKED_SHARE: Final = 0.1
LINKED_MAX: Final = 3

ids = SystemIds()


class Payment(msgspec.Struct, frozen=True):
    """`payer` and `payee` count the accounts of the plan; `linked` counts groups of the batch."""

    key: str
    payer: int
    payee: int
    units: int
    fee: int
    linked: int | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`owners` are those of the accounts, customers of one tenant. Writers count from zero."""

    seed: int
    payments: int
    processes: int
    writers_each: int
    url: str
    tenant_id: TenantId
    owners: tuple[str, ...]
    accounts: tuple[AccountId, ...]
    fees: AccountId

    @property
    def writers(self) -> int:
        return self.processes * self.writers_each

    @property
    def keys(self) -> list[AccountKey]:
        """The natural keys of all accounts, that of the fees last."""
        customers = [AccountKey(AccountCode.CUSTOMER, ASSET, owner) for owner in self.owners]
        return [*customers, AccountKey(AccountCode.FEE_REVENUE, ASSET)]

    def slots(self, process: int) -> range:
        """The writers of a process."""
        return range(process * self.writers_each, (process + 1) * self.writers_each)

    def batches(self, writer: int) -> Iterator[tuple[Payment, ...]]:
        chosen = random.Random(f"{self.seed}-{writer}")
        left = self.payments // self.writers + (writer < self.payments % self.writers)
        number = 0
        while left > 0:
            alone = chosen.random() < ALONE_SHARE
            size = 1 if alone else min(left, chosen.randint(1, BATCH_MAX))
            linked = _groups(chosen, size)
            yield tuple(
                self._payment(chosen, f"{writer}-{number}-{place}", linked[place])
                for place in range(size)
            )
            left -= size
            number += 1

    def _payment(self, chosen: random.Random, key: str, linked: int | None) -> Payment:
        payer, payee = chosen.sample(range(len(self.accounts)), 2)
        units = chosen.randint(FEE_UNITS + 1, UNITS_MAX)
        fee = FEE_UNITS if chosen.random() < FEE_SHARE else 0
        return Payment(key, payer, payee, units, fee, linked)

    def commands(self, batch: tuple[Payment, ...], *, at: datetime) -> Batch:
        """The same requests each time, and transactions with new ids."""
        return tuple(
            Post(
                JournalTransaction(
                    id=TransactionId(ids.new()),
                    template="transfer",
                    reference=each.key,
                    effective_on=at.date(),
                    entries=self.entries(each),
                ),
                at,
                request=Request(each.key, hashlib.sha256(msgspec.json.encode(each)).digest()),
                linked=each.linked,
            )
            for each in batch
        )

    def entries(self, payment: Payment) -> tuple[Entry, ...]:
        payer, payee = self.accounts[payment.payer], self.accounts[payment.payee]
        paid = Entry(payer, ASSET, -payment.units)
        received = Entry(payee, ASSET, payment.units - payment.fee)
        if payment.fee == 0:
            return paid, received
        return paid, received, Entry(self.fees, ASSET, payment.fee)


def _groups(chosen: random.Random, size: int) -> list[int | None]:
    groups: list[int | None] = []
    while len(groups) < size:
        linked = len(groups) if chosen.random() < LINKED_SHARE else None
        groups += [linked] * (1 if linked is None else chosen.randint(2, LINKED_MAX))
    return groups[:size]


def save(plan: Plan, file: Path) -> None:
    file.write_bytes(msgspec.json.encode(plan))


def load(file: Path) -> Plan:
    return msgspec.json.decode(file.read_bytes(), type=Plan)
