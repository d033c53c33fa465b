"""Posted transactions to write down, with owners, references and assets as odd as may be."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from hypothesis import strategies as st

from application.ledger.formats.book_text import BookFormat
from application.ports.export import BookAccount, ExportedTransaction
from application.ports.ledger import PostedEntry, PostedTransaction
from domain.ledger.account import Account, AccountKey, open_account
from domain.ledger.chart import CHART, AccountCode, AccountOwner
from domain.ledger.entry import TEXT_LENGTH_MAX, Entry, JournalTransaction
from domain.shared.ids import AccountId, TenantId, TransactionId
from domain.shared.money import UNITS_LIMIT, AssetCode

BOOKED: Final = datetime(2026, 3, 2, 9, 30, 0, 5, tzinfo=UTC)
EFFECTIVE: Final = date(2026, 3, 1)
TENANT: Final = TenantId(UUID(int=7))
SCALES: Final = {AssetCode("BTC"): 8, AssetCode("JPY"): 0, AssetCode("C98"): 18}

texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=TEXT_LENGTH_MAX
)
amounts = st.integers(1, UNITS_LIMIT - 1)


def account(number: int, code: AccountCode, asset: str, owner: str | None = None) -> Account:
    key = AccountKey(code, AssetCode(asset), owner)
    return open_account(AccountId(UUID(int=number)), key, at=BOOKED)


def exported(
    number: int,
    moves: Sequence[tuple[Account, int]],
    *,
    reference: str = "ord_1",
    template: str = "trade_filled",
    reverses: int | None = None,
) -> ExportedTransaction:
    """`moves` are accounts with the units that are credited to them."""
    transaction = JournalTransaction(
        id=TransactionId(UUID(int=number)),
        template=template,
        reference=reference,
        effective_on=EFFECTIVE,
        entries=tuple(Entry(to.id, to.asset, units) for to, units in moves),
        reverses=None if reverses is None else TransactionId(UUID(int=reverses)),
    )
    entries = tuple(
        PostedEntry(
            transaction_id=transaction.id,
            leg=leg,
            account_id=entry.account_id,
            asset=entry.asset,
            units=entry.units,
            account_seq=None,
            balance_after=None,
            booked_at=BOOKED,
            template=template,
            reference=reference,
        )
        for leg, entry in enumerate(transaction.entries)
    )
    return ExportedTransaction(
        tenant_id=TENANT,
        posted=PostedTransaction(transaction=transaction, booked_at=BOOKED, entries=entries),
        accounts=tuple(to for to, _ in moves),
    )


@st.composite
def odd_transactions(draw: st.DrawFn) -> list[ExportedTransaction]:
    """Between two accounts of one asset each, of any kind and any owner."""
    found = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        asset = draw(st.sampled_from(sorted(SCALES)))
        owners = draw(st.lists(texts, min_size=2, max_size=2, unique=True))
        payer, payee = (
            _owned(10 * number + side, draw(st.sampled_from(AccountCode)), asset, owner)
            for side, owner in enumerate(owners)
        )
        units = draw(amounts)
        found.append(
            exported(
                number,
                [(payer, -units), (payee, units)],
                reference=draw(texts),
                template=draw(texts),
            )
        )
    return found


def _owned(number: int, code: AccountCode, asset: str, owner: str) -> Account:
    owned = CHART[code].owner is not AccountOwner.NONE
    return account(number, code, asset, owner if owned else None)


def written(format_: BookFormat, found: Sequence[ExportedTransaction]) -> str:
    """The whole file, as the use case puts it together."""
    accounts = {
        format_.account(BookAccount(each.tenant_id, account)): None
        for each in found
        for account in each.accounts
    }
    transactions = [format_.transaction(each, SCALES) for each in found]
    return "".join((format_.header(SCALES), *accounts, *transactions))
