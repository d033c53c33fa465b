"""What operators' commands answer with --json."""

import msgspec


class Posting(msgspec.Struct, frozen=True):
    account: str
    owner: str | None
    asset: str
    debit: str | None
    credit: str | None


class Posted(msgspec.Struct, frozen=True):
    id: str
    tenant: str
    type: str
    mirror_of: str | None
    entries: list[Posting]


class PostedAbout(msgspec.Struct, frozen=True):
    data: list[Posted]


class Attempt(msgspec.Struct, frozen=True):
    """`seen` is the evidence: what the LP's records said when the attempt was settled."""

    lp: str
    status: str
    lp_quote_id: str
    lp_execution_id: str | None
    looks: int
    resolved_by: str | None
    seen: dict[str, str]


class OrderReport(msgspec.Struct, frozen=True):
    id: str
    status: str
    attempt: Attempt


class TrialBalanceRow(msgspec.Struct, frozen=True):
    tenant: str
    asset: str
    type: str
    debits: str
    credits: str


class TrialBalance(msgspec.Struct, frozen=True):
    data: list[TrialBalanceRow]


class BalanceRow(msgspec.Struct, frozen=True):
    tenant: str
    account: str
    owner: str | None
    asset: str
    posted: str


class Balances(msgspec.Struct, frozen=True):
    data: list[BalanceRow]


class FindingRow(msgspec.Struct, frozen=True):
    check: str
    subject: str
    detail: str


class VerifyReport(msgspec.Struct, frozen=True):
    passed: bool
    accounts: int
    entries: int
    open_mirrors: int
    findings: list[FindingRow]
