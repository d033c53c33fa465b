"""What Busha's answers about a transfer prove. Pure but for alerts; short of proof is `Unknown`."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.alerts import undocumented
from adapters.liquidity.amounts import exact_units
from adapters.liquidity.busha.errors import MEANINGS
from adapters.liquidity.busha.schemas import Transfer, read_transfer_reply
from adapters.liquidity.busha.transform import CREATED, DIALECT, error_in, error_text
from adapters.liquidity.meanings import OK, SERVER_ERROR_FROM, UNMAPPED, Reason, Verdict
from adapters.liquidity.pairs import legs
from adapters.liquidity.reading import Unreadable, amount_text, detail
from domain.assets.instrument import Instrument
from domain.liquidity.outcome import (
    Filled,
    LpExecution,
    LpLeg,
    Outcome,
    OutcomeKind,
    Pending,
    Rejected,
    Unknown,
)
from domain.shared.money import AmountInvalid
from domain.shared.side import Side

# The vendor's words. One that is not here has not been documented and proves nothing. Nor does
# `funds_refunded`: it does not say whether they were converted before they came back.
KINDS: Final = {
    "pending": OutcomeKind.PENDING,
    "processing": OutcomeKind.PENDING,
    "funds_received": OutcomeKind.PENDING,
    "funds_converted": OutcomeKind.FILLED,
    "outgoing_payment_sent": OutcomeKind.FILLED,
    "funds_delivered": OutcomeKind.FILLED,
    "completed": OutcomeKind.FILLED,
    "cancelled": OutcomeKind.REJECTED,
    "funds_refunded": OutcomeKind.UNKNOWN,
}


class LookUp(msgspec.Struct, frozen=True):
    """The quote has a transfer already, says the vendor, and its record has to tell which."""


def read_transfer(exchange: Exchange) -> Transfer | Rejected | Unknown | LookUp:
    """The reply to the request that executes a quote."""
    match exchange:
        case NotSent(cause):
            return Rejected(reason=Reason.NOT_SENT, detail=cause)
        case Lost(cause=cause):
            return Unknown(cause=cause)
        case Answered(status, _, body) if status not in (OK, CREATED):
            return _refused(status, body)
        case Answered(_, _, body):
            try:
                return read_transfer_reply(body).data
            except Unreadable as error:
                return Unknown(cause=detail(f"unreadable answer: {error}"))


def outcome_of(
    transfer: Transfer, instrument: Instrument, side: Side, *, seen_at: datetime
) -> Outcome:
    """`seen_at` stands in for a time that the vendor does not tell."""
    transfer_id = str(transfer.id)
    kind = KINDS.get(transfer.status)
    if kind is None:
        undocumented(DIALECT, "transfer status", transfer.status)
    if kind is None or kind is OutcomeKind.UNKNOWN:
        return Unknown(cause=detail(f"transfer {transfer_id} is {transfer.status!r}"))
    if kind is OutcomeKind.PENDING:
        return Pending(lp_execution_id=transfer_id)
    if kind is OutcomeKind.REJECTED:
        return Rejected(reason=Reason.LP_FAILED, detail=f"transfer {transfer_id} is cancelled")
    give, get = legs(instrument, side)
    if (transfer.source_currency, transfer.target_currency) != (give.code, get.code):
        told = f"{transfer.source_currency} to {transfer.target_currency}"
        return Unknown(cause=f"transfer {transfer_id}: {told}")
    try:
        given = exact_units(amount_text(transfer.source_amount), scale=give.scale)
        gotten = exact_units(amount_text(transfer.target_amount), scale=get.scale)
    except (AmountInvalid, Unreadable) as error:
        return Unknown(cause=detail(f"transfer {transfer_id} is filled, but {error}"))
    buys = side is Side.BUY
    return Filled(
        lp_execution_id=transfer_id,
        base_units=gotten if buys else given,
        quote_units=given if buys else gotten,
        executed_at=created_at(transfer) or seen_at,
    )


def created_at(transfer: Transfer) -> datetime | None:
    return None if transfer.created_at is None else transfer.created_at.astimezone(UTC)


def listed(transfer: Transfer, side: Side | None, *, executed_at: datetime) -> LpExecution:
    """`side` None: no instrument of ours trades this pair, so what was given stands as base.

    Raises `Unreadable`.
    """
    given = LpLeg(transfer.source_currency, amount_text(transfer.source_amount))
    gotten = LpLeg(transfer.target_currency, amount_text(transfer.target_amount))
    buys = side is Side.BUY
    return LpExecution(
        lp_quote_id=str(transfer.quote_id),
        lp_execution_id=str(transfer.id),
        status=KINDS.get(transfer.status, OutcomeKind.UNKNOWN),
        side=Side.BUY if buys else Side.SELL,
        base=gotten if buys else given,
        quote=given if buys else gotten,
        executed_at=executed_at,
    )


def _refused(status: int, body: bytes) -> Rejected | Unknown | LookUp:
    reply = error_in(body)
    told = error_text(status, reply)
    # A server error says nothing about what happened behind it, whatever it is called.
    if reply is None or status >= SERVER_ERROR_FROM:
        return Unknown(cause=told)
    meaning = MEANINGS.get(reply.error.name, UNMAPPED)
    if meaning is UNMAPPED:
        undocumented(DIALECT, "error of a transfer", reply.error.name)
    if meaning.verdict is Verdict.REFUSED:
        return Rejected(reason=meaning.reason, detail=told)
    return LookUp() if meaning.verdict is Verdict.LOOK_UP else Unknown(cause=told)
