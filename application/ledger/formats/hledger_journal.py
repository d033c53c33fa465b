"""A journal that hledger reads: https://hledger.org/hledger.html#journal

Debits are positive, as plain-text accounting has it. The date is the effective one. What might mean
something to hledger, in a reference say, is percent-encoded like in a URL (RFC 3986).
"""

from typing import Final
from urllib.parse import quote

from application.ledger.formats.book_text import (
    BookFormat,
    Scales,
    amount_text,
    mirror_text,
    reverses_text,
    time_text,
    transaction_text,
)
from application.ports.export import BookAccount, ExportedTransaction
from domain.ledger.account_name import full_name
from domain.shared.money import AssetCode, format_units

# Shows the style of a commodity; the number itself means nothing.
_SAMPLE: Final = 1_000


def _header(scales: Scales) -> str:
    commodities = "".join(
        f"commodity {_sample(scale)} {_symbol(asset)}\n" for asset, scale in sorted(scales.items())
    )
    return f"decimal-mark .\n{commodities}"


def _account(found: BookAccount) -> str:
    return f"account {full_name(found.tenant_id, found.account)}\n"


def _transaction(exported: ExportedTransaction, scales: Scales) -> str:
    posted = exported.posted
    transaction = posted.transaction
    tags = {
        "booked_at": time_text(posted.booked_at),
        "reverses": reverses_text(exported),
        "mirror_of": mirror_text(exported),
    }
    code = transaction_text(transaction.id)
    description = f"{_plain(transaction.template)} | {_plain(transaction.reference)}"
    lines = [
        "",
        f"{transaction.effective_on.isoformat()} * ({code}) {description}",
        "    ; " + ", ".join(f"{name}:{value}" for name, value in tags.items() if value),
    ]
    lines += [
        # An account's name ends at two spaces.
        f"    {full_name(exported.tenant_id, account)}  "
        f"{amount_text(-entry.units, entry.asset, scales)} {_symbol(entry.asset)}"
        for entry, account in zip(posted.entries, exported.accounts, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _sample(scale: int) -> str:
    """hledger wants a decimal mark here even where nothing follows it."""
    text = format_units(_SAMPLE * 10**scale, scale=scale)
    return text if scale > 0 else f"{text}."


def _symbol(asset: AssetCode) -> str:
    """Only letters stand by themselves."""
    return asset if asset.isalpha() else f'"{asset}"'


def _plain(text: str) -> str:
    return quote(text, safe="")


HLEDGER: Final = BookFormat(header=_header, account=_account, transaction=_transaction)
