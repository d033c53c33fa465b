"""What Bybit's answers about an execution prove. Anything short of proof is `Unknown`."""

from typing import Final

import msgspec

from adapters.liquidity.alerts import undocumented
from adapters.liquidity.amounts import exact_units, whole_text, whole_units
from adapters.liquidity.bybit_convert.errors import NOT_FOUND
from adapters.liquidity.bybit_convert.replies import Code, Nothing, Reply, Result
from adapters.liquidity.bybit_convert.schemas import (
    Conversion,
    read_conversion,
    read_execute_result,
)
from adapters.liquidity.bybit_convert.transform import DIALECT
from adapters.liquidity.meanings import Reason, Verdict
from adapters.liquidity.pairs import legs
from adapters.liquidity.reading import Unreadable, detail, identifier
from adapters.liquidity.times import from_ms
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

# The vendor's words. One that is not here has not been documented and proves nothing.
KINDS: Final = {
    "init": OutcomeKind.PENDING,
    "processing": OutcomeKind.PENDING,
    "success": OutcomeKind.FILLED,
    "failure": OutcomeKind.REJECTED,
}


class LookUp(msgspec.Struct, frozen=True):
    """The record has to say. `why` is for the case that it does not."""

    why: str


def read_execute(reply: Reply, lp_quote_id: str) -> Rejected | Pending | Unknown | LookUp:
    """The reply to convert-execute, which never carries amounts."""
    match reply:
        case Nothing(cause=cause, sent=False):
            return Rejected(reason=Reason.NOT_SENT, detail=cause)
        case Nothing(cause=cause):
            return Unknown(cause=cause)
        case Code(code=code, told=told):
            return _refused(reply, code, told)
        case Result(body):
            return _executing(body, lp_quote_id)


def _refused(reply: Code, code: str, told: str) -> Rejected | Unknown | LookUp:
    if not reply.is_documented:
        undocumented(DIALECT, "retCode of an execution", code)
    match reply.meaning.verdict:
        case Verdict.REFUSED:
            return Rejected(reason=reply.meaning.reason, detail=told)
        case Verdict.LOOK_UP:
            return LookUp(told)
        case Verdict.UNKNOWN:
            return Unknown(cause=told)


def _executing(body: bytes, lp_quote_id: str) -> Rejected | Pending | Unknown | LookUp:
    try:
        result = read_execute_result(body)
    except Unreadable as error:
        return Unknown(cause=detail(f"unreadable answer: {error}"))
    if (told_id := identifier(result.quote_tx_id)) != lp_quote_id:
        return Unknown(cause=f"an answer about {told_id}")
    match KINDS.get(result.exchange_status):
        case OutcomeKind.PENDING:
            return Pending(lp_execution_id=lp_quote_id)
        case OutcomeKind.FILLED:
            return LookUp("a success, whose amounts stand in the record only")
        case OutcomeKind.REJECTED:
            return Rejected(reason=Reason.LP_FAILED, detail=f"{lp_quote_id} is a failure")
        case _:
            undocumented(DIALECT, "exchangeStatus", result.exchange_status)
            return Unknown(cause=f"undocumented status {result.exchange_status!r}")


def read_result(reply: Reply) -> Conversion | Unknown | None:
    """The reply to convert-result-query. None: the vendor says that it knows no such quote."""
    match reply:
        case Nothing(cause=cause):
            return Unknown(cause=detail(f"lookup failed: {cause}"))
        case Code(code=code, told=told):
            return None if code == NOT_FOUND else Unknown(cause=f"lookup failed: {told}")
        case Result(body):
            try:
                return read_conversion(body).result
            except Unreadable as error:
                return Unknown(cause=detail(f"lookup failed: {error}"))


def outcome_of(record: Conversion, pair: tuple[Instrument, Side] | None) -> Outcome:
    """`pair` None: we do not know which of the two coins is the base."""
    told_id = str(record.exchange_tx_id)
    match KINDS.get(record.exchange_status):
        case OutcomeKind.PENDING:
            return Pending(lp_execution_id=told_id)
        case OutcomeKind.REJECTED:
            return Rejected(reason=Reason.LP_FAILED, detail=f"{told_id} is a failure")
        case OutcomeKind.FILLED:
            return _filled(record, told_id, pair)
        case _:
            undocumented(DIALECT, "exchangeStatus", record.exchange_status)
            return Unknown(cause=f"undocumented status {record.exchange_status!r}")


def _filled(record: Conversion, told_id: str, pair: tuple[Instrument, Side] | None) -> Outcome:
    give, get = (None, None) if pair is None else legs(*pair)
    if (
        pair is None
        or give is None
        or get is None
        or (record.from_coin, record.to_coin) != (give.code, get.code)
    ):
        return Unknown(cause=f"{told_id}: {record.from_coin} to {record.to_coin}")
    try:
        given = exact_units(record.from_amount, scale=give.scale)
        gotten = whole_units(record.to_amount, scale=get.scale)
    except AmountInvalid as error:
        return Unknown(cause=detail(f"{told_id} is filled, but {error}"))
    buys = pair[1] is Side.BUY
    return Filled(
        lp_execution_id=told_id,
        base_units=gotten if buys else given,
        quote_units=given if buys else gotten,
        executed_at=from_ms(int(record.created_at)),
    )


def listed(row: Conversion, pair: tuple[Instrument, Side] | None) -> LpExecution:
    """With what we got in whole units, as it is booked. Raises `AmountInvalid`.

    `pair` None: no instrument of ours trades it, so what was given stands as base.
    """
    gotten_text = row.to_amount
    if pair is not None:
        gotten_text = whole_text(gotten_text, scale=legs(*pair)[1].scale)
    given, gotten = LpLeg(row.from_coin, row.from_amount), LpLeg(row.to_coin, gotten_text)
    buys = pair is not None and pair[1] is Side.BUY
    return LpExecution(
        lp_quote_id=str(row.exchange_tx_id),
        lp_execution_id=str(row.exchange_tx_id),
        status=KINDS.get(row.exchange_status, OutcomeKind.UNKNOWN),
        side=Side.BUY if buys else Side.SELL,
        base=gotten if buys else given,
        quote=given if buys else gotten,
        executed_at=from_ms(int(row.created_at)),
    )
