"""Deposits and transfers as business objects; their money is in the ledger."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from domain.shared.ids import CustomerId, DepositId, TransactionId, TransferId
from domain.shared.money import AssetCode


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    id: DepositId
    customer_id: CustomerId
    asset: AssetCode
    units: int
    method: str
    status: str
    transaction_id: TransactionId
    created_at: datetime
    updated_at: datetime
    version: int = 1


class Deposits(Protocol):
    @abstractmethod
    async def add(self, deposit: Deposit) -> None: ...

    @abstractmethod
    async def get(self, deposit_id: DepositId) -> Deposit:
        """Raises `NotFound`."""
        ...


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    id: TransferId
    from_customer_id: CustomerId
    to_customer_id: CustomerId
    asset: AssetCode
    units: int
    reference: str | None
    status: str
    transaction_id: TransactionId
    created_at: datetime
    updated_at: datetime
    version: int = 1


class Transfers(Protocol):
    @abstractmethod
    async def add(self, transfer: Transfer) -> None: ...

    @abstractmethod
    async def add_all(self, transfers: Sequence[Transfer]) -> None:
        """As one write, however many they are."""
        ...

    @abstractmethod
    async def get(self, transfer_id: TransferId) -> Transfer:
        """Raises `NotFound`."""
        ...

    @abstractmethod
    async def find_all(self, ids: Collection[TransferId]) -> Mapping[TransferId, Transfer]:
        """Those of `ids` that exist."""
        ...
