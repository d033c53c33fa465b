"""What every dialect stands on: one market, one account, one clock, one book of faults."""

import asyncio
from decimal import Decimal

import msgspec

from entrypoints.simulator.account import Account, Execution
from entrypoints.simulator.clock import Clock
from entrypoints.simulator.faults import FaultBook
from entrypoints.simulator.journal import Journal
from entrypoints.simulator.market import Market

EXECUTION_ROW, BALANCE_ROW = "execution", "balance"


class Credentials(msgspec.Struct, frozen=True):
    """What the vendor gave us. Not every dialect has a passphrase."""

    api_key: str
    api_secret: str
    passphrase: str = ""


class Balance(msgspec.Struct, frozen=True):
    asset: str
    amount: Decimal


class Vendor:
    """Every change of what the vendor knows goes through here, and into the journal if one is kept.

    `closing` is set when the server shuts down, so that deliberate silences end.
    """

    def __init__(
        self,
        *,
        market: Market,
        account: Account,
        faults: FaultBook,
        clock: Clock,
        credentials: Credentials,
        rate_limits: bool,
        journal: Journal | None,
    ) -> None:
        self.market = market
        self.account = account
        self.faults = faults
        self.clock = clock
        self.credentials = credentials
        self.rate_limits = rate_limits
        self.journal = journal
        self.executions: list[Execution] = []
        self.closing = asyncio.Event()

    def execute(self, execution: Execution, *with_it: tuple[str, msgspec.Struct]) -> None:
        """Moves the balances and keeps the rows that belong to it, all or nothing.

        Raises InsufficientBalance. Nothing here awaits, so no second request comes in between.
        """
        self.account.move(execution.legs)
        self.executions.append(execution)
        self.keep((EXECUTION_ROW, execution), *with_it)

    def set_balance(self, asset: str, amount: Decimal) -> None:
        self.account.set_balance(asset, amount)
        self.keep((BALANCE_ROW, Balance(asset, amount)))

    def keep(self, *rows: tuple[str, msgspec.Struct]) -> None:
        if self.journal is not None:
            self.journal.append(*rows)

    def restore(self, kind: str, row: msgspec.Raw) -> None:
        if kind == EXECUTION_ROW:
            execution = msgspec.json.decode(row, type=Execution)
            self.account.move(execution.legs)
            self.executions.append(execution)
        elif kind == BALANCE_ROW:
            balance = msgspec.json.decode(row, type=Balance)
            self.account.set_balance(balance.asset, balance.amount)
