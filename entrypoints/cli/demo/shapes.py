"""What the demo reads of the answers, as any client would declare it."""

import msgspec


class Money(msgspec.Struct, frozen=True):
    amount: str
    asset: str


class Asset(msgspec.Struct, frozen=True):
    code: str
    scale: int


class Assets(msgspec.Struct, frozen=True):
    data: list[Asset]


class Identified(msgspec.Struct, frozen=True):
    id: str


class Breakdown(msgspec.Struct, frozen=True):
    asset: str
    lp_price: str
    lp_amount: str
    platform_spread: str
    tenant_spread: str
    rounding: str
    fee: str
    platform_spread_ppm: int
    tenant_spread_ppm: int
    fee_ppm: int


class Quote(msgspec.Struct, frozen=True):
    id: str
    status: str
    instrument: str
    side: str
    base_amount: str
    quote_amount: str
    price: str
    fee: Money
    expires_at: str
    breakdown: Breakdown

    @property
    def base(self) -> str:
        return self.instrument.partition("-")[0]

    @property
    def priced_in(self) -> str:
        return self.instrument.partition("-")[2]

    @property
    def pays(self) -> Money:
        if self.side == "buy":
            return Money(self.quote_amount, self.priced_in)
        return Money(self.base_amount, self.base)

    @property
    def receives(self) -> Money:
        if self.side == "buy":
            return Money(self.base_amount, self.base)
        return Money(self.quote_amount, self.priced_in)


class Fill(msgspec.Struct, frozen=True):
    id: str
    price: str
    base_amount: str
    quote_amount: str
    fee: Money
    source: str


class Order(msgspec.Struct, frozen=True):
    id: str
    status: str
    final: bool
    outcome: str | None
    quote_id: str
    base_amount: str
    quote_amount: str
    fills: list[Fill]


class Account(msgspec.Struct, frozen=True):
    id: str
    code: str
    customer_id: str | None
    asset: str
    posted: str
    held: str
    available: str


class Entry(msgspec.Struct, frozen=True):
    transaction_id: str
    account_id: str
    asset: str
    amount: str
    balance_after: str | None
    reference: str


class Transaction(msgspec.Struct, frozen=True):
    id: str
    type: str
    reference: str
    entries: list[Entry]


class Accounts(msgspec.Struct, frozen=True):
    data: list[Account]


class Entries(msgspec.Struct, frozen=True):
    data: list[Entry]


class Event(msgspec.Struct, frozen=True):
    id: str
    type: str
    seq: int
    resource_version: int
    occurred_at: str
    data: dict[str, object]


class Feed(msgspec.Struct, frozen=True):
    data: list[Event]
    next: int


class Problem(msgspec.Struct, frozen=True):
    status: int
    code: str
    detail: str


class Leg(msgspec.Struct, frozen=True):
    """Of an execution, as the vendor remembers it: negative is what left our account."""

    asset: str
    amount: str


class Execution(msgspec.Struct, frozen=True):
    id: str
    quote_id: str
    legs: list[Leg]


class Executions(msgspec.Struct, frozen=True):
    data: list[Execution]


class Fault(msgspec.Struct, frozen=True):
    fault: str


class Faults(msgspec.Struct, frozen=True):
    """What is armed at a simulator."""

    data: list[Fault]
