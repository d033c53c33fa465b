"""Postings, the chart and the refusals as tables that read well as text and as Markdown."""

from collections.abc import Iterable, Sequence

from domain.ledger.account import Account, AccountKey
from domain.ledger.chart import CHART, BookSide
from domain.ledger.commands import Command, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.entry import JournalTransaction, sums_by_asset
from domain.ledger.outcomes import ERROR_CODES
from domain.ledger.rules import LedgerState, apply, decide
from domain.shared.money import format_units
from tests.golden.ledger.facts import IDS, PEOPLE, SCALE

RIGHT = {"debit", "credit", "posted", "held", "available", "number"}
RIGHT |= {"house_clearing", "tenant_clearing", "sum"}


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    rule = [
        "-" * (width - 1) + ":" if name in RIGHT else "-" * width
        for name, width in zip(header, widths, strict=True)
    ]
    lines.insert(1, rule)
    return "\n".join(
        "| "
        + " | ".join(
            cell.rjust(width) if name in RIGHT else cell.ljust(width)
            for name, cell, width in zip(header, line, widths, strict=True)
        )
        + " |"
        for line in lines
    )


def posting(transaction: JournalTransaction) -> str:
    """The entries, what is captured, and the zero that every asset sums to."""
    rows = [
        (
            name_of(IDS.key_of(entry.account_id)),
            entry.asset,
            amount(entry.debit_units),
            amount(entry.credit_units),
        )
        for entry in transaction.entries
    ]
    for asset, units in sums_by_asset(transaction.entries).items():
        rows.append(("*difference*", asset, "", format_units(units, scale=SCALE)))
    lines = [table(("account", "asset", "debit", "credit"), rows)]
    for capture in transaction.captures:
        ends = "and ends the hold" if capture.final else "and leaves the rest held"
        lines.append(f"\nCaptures {amount(capture.units)} {ends}.")
    return "\n".join(lines)


def clearing(tenant: JournalTransaction, house: JournalTransaction) -> str:
    """The two ends of the pair, per asset."""
    rows = []
    for asset in sums_by_asset(tenant.entries):
        ours = units_on(tenant, "house_clearing", asset)
        theirs = units_on(house, "tenant_clearing", asset)
        rows.append((asset, signed(ours), signed(theirs), signed(ours + theirs)))
    return table(("asset", "house_clearing", "tenant_clearing", "sum"), rows)


def units_on(transaction: JournalTransaction, code: str, asset: str) -> int:
    return sum(
        entry.units
        for entry in transaction.entries
        if (key := IDS.key_of(entry.account_id)).code == code and key.asset == asset
    )


def story(state: LedgerState, account: Account, commands: Iterable[tuple[str, Command]]) -> str:
    """One account while commands are decided one after the other."""
    rows = []
    for told, command in commands:
        decision = decide((command,), state)
        state = apply(state, decision.deltas)
        balance = state.balances[account.id]
        rows.append(
            (
                told,
                decision.outcomes[0].error_code or "ok",
                amount(balance.posted(account.type)) or "0",
                amount(balance.held) or "0",
                amount(balance.available(account.type)) or "0",
            )
        )
    return table(("command", "outcome", "posted", "held", "available"), rows)


def chart(side: BookSide) -> str:
    rows = [
        (
            f"`{code}`",
            line.type,
            "one per asset" if line.owner == "none" else f"one per {line.owner} and asset",
            "none" if line.floor_units is None else str(line.floor_units),
            line.description,
        )
        for code, line in CHART.items()
        if line.side is side
    ]
    return table(("account", "type", "how many", "floor", "holds"), rows)


def refusals() -> str:
    rows = [
        (str(int(code)), f"`{text}`", ", ".join(sorted(asked_of(text))))
        for code, text in sorted(ERROR_CODES.items())
    ]
    return table(("number", "code", "answers"), rows)


def asked_of(text: str) -> set[str]:
    """Which commands can be refused with this code."""
    ends = {ReleaseHold.__name__, ExpireHold.__name__}
    post, place = Post.__name__, PlaceHold.__name__
    answers = {
        "hold_not_found": {post, *ends},
        "hold_not_active": {post, *ends},
        "hold_not_due": {ExpireHold.__name__},
        "hold_exists": {place},
        "account_not_strict": {place},
        "account_not_found": {post, place},
        "asset_mismatch": {post, place},
        "account_closed": {post, place},
        "insufficient_funds": {post, place},
        "linked_failed": {post, place, *ends},
        "idempotency_key_reused": {post, place, *ends},
    }
    return {f"`{name}`" for name in answers.get(text, {post})}


def name_of(key: AccountKey) -> str:
    return key.code if key.owner is None else f"{key.code} · {PEOPLE[key.owner]}"


def amount(units: int) -> str:
    return "" if units == 0 else format_units(units, scale=SCALE)


def signed(units: int) -> str:
    return f"{'+' if units > 0 else ''}{format_units(units, scale=SCALE)}"
