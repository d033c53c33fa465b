"""Accounts step by step, while holds come and go and money is sent, spent and taken back."""

from msgspec.structs import replace

from domain.ledger.account import AccountKey, open_account
from domain.ledger.balance import Balance
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Command, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.entry import HoldCapture
from domain.ledger.hold import new_hold
from domain.ledger.rules import LedgerState
from domain.ledger.templates import TransferAccounts, reversal, transfer
from tests.golden.ledger import facts
from tests.golden.ledger.facts import AMINA, HOLD, IDS, KOFI, LATER, NOW, ONE, USDT, header
from tests.golden.ledger.render import story

PAYER, PAYEE = (AccountKey(AccountCode.CUSTOMER, USDT, owner) for owner in (AMINA, KOFI))
OTHERS = (
    AccountKey(AccountCode.HOUSE_CLEARING, USDT),
    AccountKey(AccountCode.FEE_REVENUE, USDT),
)
ACCOUNTS = TransferAccounts(payer=IDS[PAYER], payee=IDS[PAYEE])


def captured_in_parts() -> str:
    return told(
        ("hold 80", place(80)),
        ("pay 30 from what is available", pay(1, 30)),
        ("pay 50 out of the hold", pay(2, 50, out_of_hold=True)),
        ("pay 20 out of the hold and end it", pay(3, 20, out_of_hold=True, final=True)),
    )


def released() -> str:
    return told(
        ("hold 80", place(80)),
        ("pay 50 out of the hold", pay(1, 50, out_of_hold=True)),
        ("release the hold", ReleaseHold(HOLD, NOW)),
        ("release it again", ReleaseHold(HOLD, NOW)),
    )


def expired() -> str:
    return told(
        ("hold 80 until 09:35", place(80, expires=True)),
        ("expire it at 09:30", ExpireHold(HOLD, NOW)),
        ("pay 80 out of it at 09:35", pay(1, 80, out_of_hold=True, late=True)),
        ("expire it at 09:35", ExpireHold(HOLD, LATER)),
    )


def behind_an_order() -> str:
    return told(
        ("hold 80 for an order", place(80)),
        ("expire it at 09:35", ExpireHold(HOLD, LATER)),
    )


def withdrawal_sent() -> str:
    return told(
        ("hold 303 for the withdrawal", place(303)),
        ("it is sent", Post(facts.sent(), NOW)),
        ("release the hold", ReleaseHold(HOLD, NOW)),
        whole=500,
    )


def withdrawal_failed() -> str:
    return told(
        ("hold 303 for the withdrawal", place(303)),
        ("it fails: release the hold", ReleaseHold(HOLD, NOW)),
        ("it is sent after all", Post(facts.sent(), NOW)),
        whole=500,
    )


def reversed_too_late() -> str:
    """As the payee sees it."""
    paid = transfer(header(101, "trf_1"), USDT, 60 * ONE, ACCOUNTS)
    back = reversal(header(102, "trf_1"), paid)
    spent = transfer(
        header(103, "trf_2"),
        USDT,
        20 * ONE,
        TransferAccounts(payer=ACCOUNTS.payee, payee=ACCOUNTS.payer),
    )
    return told(
        ("receive 60", Post(paid, NOW)),
        ("spend 20 of it", Post(spent, NOW)),
        ("take the 60 back", Post(back, NOW)),
        of=PAYEE,
    )


def told(*commands: tuple[str, Command], whole: int = 100, of: AccountKey = PAYER) -> str:
    """The payer begins with `whole`, the payee with nothing."""
    accounts = {key: open_account(IDS[key], key, at=NOW) for key in (PAYER, PAYEE, *OTHERS)}
    payer, payee = accounts[PAYER].id, accounts[PAYEE].id
    state = LedgerState(
        accounts={account.id: account for account in accounts.values()},
        balances={
            payer: Balance(payer, credits=whole * ONE, version=1),
            payee: Balance(payee),
        },
        holds={},
    )
    return story(state, accounts[of], commands)


def place(whole: int, *, expires: bool = False) -> Command:
    hold = new_hold(
        HOLD,
        ACCOUNTS.payer,
        USDT,
        whole * ONE,
        reference="ord_1",
        created_at=NOW,
        expires_at=LATER if expires else None,
    )
    return PlaceHold(hold)


def pay(
    number: int,
    whole: int,
    *,
    out_of_hold: bool = False,
    final: bool = False,
    late: bool = False,
) -> Command:
    paid = transfer(header(100 + number, "trf_1"), USDT, whole * ONE, ACCOUNTS)
    captures = (HoldCapture(HOLD, whole * ONE, final),) if out_of_hold else ()
    return Post(replace(paid, captures=captures), LATER if late else NOW)
